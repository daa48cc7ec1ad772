//! IAM's quotas, as data.

use super::Document;

/// One quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// What it limits.
    pub name: &'static str,
    /// In characters without white space (or in pieces).
    pub limit: usize,
    /// Where AWS says so.
    pub source: &'static str,
    /// When that was read (ISO date).
    pub read_on: &'static str,
}

/// The size of a document as IAM counts it: characters without white space.
pub fn size(document: &Document) -> usize {
    let _ = document;
    todo!()
}
