//! Prints policy documents: what was not touched stays as it was, to the byte.
//!
//! A source of several lines is edited in place: untouched statements and all around them keep
//! their bytes, and within a changed statement so do the elements that did not change. A source
//! of one line has no lines to keep: it is printed anew in canonical form.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::edit;
use super::{Condition, Document, Effect, Statement, Version};

/// A statement as canonical JSON (Sid, Effect, Principal, Action, Resource, Condition; one value as
/// a string, several as a list).
pub fn statement_value(statement: &Statement) -> Value {
    let mut object = Map::new();
    for (key, value) in statement_members(statement) {
        object.insert(key.to_owned(), value);
    }
    Value::Object(object)
}

/// The members of a statement that it has, in canonical order.
pub(super) fn statement_members(statement: &Statement) -> Vec<(&'static str, Value)> {
    let mut members = Vec::new();
    if let Some(sid) = &statement.sid {
        members.push(("Sid", json!(sid)));
    }
    let effect = match statement.effect {
        Effect::Allow => "Allow",
        Effect::Deny => "Deny",
    };
    members.push(("Effect", json!(effect)));
    if let Some(principal) = &statement.principal {
        members.push((
            if statement.not_principal {
                "NotPrincipal"
            } else {
                "Principal"
            },
            principal.clone(),
        ));
    }
    members.push((
        if statement.action.is_except() {
            "NotAction"
        } else {
            "Action"
        },
        texts(statement.action.patterns()),
    ));
    if let Some(resource) = &statement.resource {
        let key = if resource.is_except() {
            "NotResource"
        } else {
            "Resource"
        };
        members.push((key, texts(resource.patterns())));
    }
    if !statement.conditions.is_empty() {
        members.push(("Condition", conditions_value(&statement.conditions)));
    }
    members
}

fn texts(list: &[String]) -> Value {
    match list {
        [one] => json!(one),
        several => json!(several),
    }
}

/// Operators and keys in the order in which they first come.
pub(crate) fn conditions_value(conditions: &[Condition]) -> Value {
    let mut block: Map<String, Value> = Map::new();
    for condition in conditions {
        let keys = block
            .entry(condition.operator.clone())
            .or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(keys) = keys {
            keys.insert(condition.key.clone(), texts(&condition.values));
        }
    }
    Value::Object(block)
}

/// The whole document as canonical JSON value. A document without `Version` gets the one that it
/// is read as: `2008-10-17`.
pub fn document_value(document: &Document) -> Value {
    let mut object = Map::new();
    object.insert("Version".to_owned(), json!(version_text(document.version)));
    if let Some(id) = &document.id {
        object.insert("Id".to_owned(), json!(id));
    }
    let statements: Vec<Value> = document.statements.iter().map(statement_value).collect();
    object.insert("Statement".to_owned(), Value::Array(statements));
    Value::Object(object)
}

fn version_text(version: Version) -> &'static str {
    match version {
        Version::V2012 => "2012-10-17",
        Version::V2008 => "2008-10-17",
    }
}

/// The document as text, ending in a newline. Statements whose `span` points into
/// `document.source` *and* whose meaning is unchanged there are copied to the byte; others are printed in
/// the indentation that the source uses (two spaces where there is none).
///
/// A source without a line break is printed anew as a whole, in canonical form with two spaces,
/// whether or not anything changed: so that two versions of it can be compared line by line.
pub fn document_text(document: &Document) -> String {
    let style = edit::Style::of(&document.source);
    let mut text =
        edit::edited(document, &style).unwrap_or_else(|| pretty(&document_value(document), &style, ""));
    if !text.ends_with('\n') {
        text.push_str(style.newline);
    }
    text
}

/// JSON over several lines; all but the first begin with `margin`.
pub(super) fn pretty(value: &Value, style: &edit::Style, margin: &str) -> String {
    let mut bytes = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(style.unit.as_bytes());
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    // Values always serialise, and to UTF-8; a failure would leave an empty text, never a wrong one.
    let text = match value.serialize(&mut serializer) {
        Ok(()) => String::from_utf8(bytes).unwrap_or_default(),
        Err(_) => String::new(),
    };
    text.replace('\n', &format!("{}{margin}", style.newline))
}

#[cfg(test)]
#[path = "print_tests.rs"]
mod tests;
