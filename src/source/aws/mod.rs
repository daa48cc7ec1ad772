//! EDGE: a live account. Grants from IAM and Organizations, activity from CloudTrail (LookupEvents, its
//! bucket, Athena), changes to policies on command.
//!
//! [`Client`] is the one way out; [`operation`] lists all that it can call. tokio lives here alone.
#![expect(
    clippy::disallowed_methods,
    reason = "an edge: this module reads the environment and files"
)]

mod client;
mod document;
mod failure;
mod operation;
mod service;
mod wire;

pub use client::{Client, Settings};
pub use failure::Failure;

/// A variable of the environment, where it is set and not empty.
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A file's bytes, or why there are none.
fn bytes_of(path: &str) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| super::text::why_unreadable(&error))
}
