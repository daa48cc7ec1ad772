//! Prints policy documents: what was not touched stays as it was, to the byte.

use super::{Document, Statement};

/// A statement as canonical JSON (Sid, Effect, Principal, Action, Resource, Condition; one value as
/// a string, several as a list).
pub fn statement_value(statement: &Statement) -> serde_json::Value {
    let _ = statement;
    todo!()
}

/// The whole document as canonical JSON value.
pub fn document_value(document: &Document) -> serde_json::Value {
    let _ = document;
    todo!()
}

/// The document as text, ending in a newline. Statements whose `span` points into
/// `document.source` *and* whose meaning is unchanged there are copied to the byte; others are printed in
/// the indentation that the source uses (two spaces where there is none).
pub fn document_text(document: &Document) -> String {
    let _ = document;
    todo!()
}
