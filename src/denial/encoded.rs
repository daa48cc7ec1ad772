//! EC2's encoded authorization messages: recognised in a paste, and read once they are decoded.
//!
//! Source: <https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html>

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::clean::Clean;
use super::{Denial, Kind, token};

/// An encoded message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Encoded {
    /// The message, in one piece.
    pub blob: String,
    /// Whether it can be decoded.
    pub state: EncodedState,
}

/// Whether an encoded message can be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EncodedState {
    /// It looks whole.
    Whole,
    /// It ends in `...`: `CloudTrail` keeps the first kilobyte of an error message only.
    CutOff,
    /// It is too short to be one, or was made unreadable.
    Damaged,
}

/// The shortest message that can hold a decision: shorter ones were shortened by somebody.
const SHORTEST: usize = 60;

/// The encoded message behind `at`, and where it ends.
pub(super) fn read(clean: &Clean, at: usize) -> Option<(Encoded, usize)> {
    let rest = clean.text.get(at..)?;
    let lead = rest.len()
        - rest
            .trim_start_matches([':', ' ', '\n', '"', '\'', '`', '*'])
            .len();
    let body = rest.get(lead..)?;
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '=' | '+' | '/');
    let mut blob = String::new();
    let mut end = 0;
    // A wrapped message goes on in the next line; a line of other text has blanks in it.
    for line in body.split('\n') {
        let word = line.len() - line.trim_start_matches(letter).len();
        let piece = line.get(..word).unwrap_or_default();
        let alone = line.get(word..).is_some_and(|tail| {
            let tail = tail.trim_end_matches(['.', '"', '\'', '`', ',', '}', ')', ']', '|', ' ']);
            tail.is_empty()
        });
        if piece.is_empty() || (!blob.is_empty() && (!alone || piece.len() < 2)) {
            break;
        }
        blob.push_str(piece);
        end += line.len() + 1;
        if piece.len() < line.len() {
            end -= line.len() - piece.len() + 1;
            break;
        }
    }
    if blob.is_empty() {
        return None;
    }
    let tail = body.get(end.min(body.len())..).unwrap_or_default();
    let state = if tail.starts_with("...") {
        EncodedState::CutOff
    } else if blob.len() < SHORTEST || tail.starts_with(['<', '[', '*']) {
        EncodedState::Damaged
    } else {
        EncodedState::Whole
    };
    Some((Encoded { blob, state }, at + lead + end))
}

/// A decoded message as a refusal. `None` where the value is none, or says that the call was allowed.
pub(super) fn decoded(value: &Value) -> Option<Denial> {
    let explicit = value.get("explicitDeny").and_then(Value::as_bool);
    let context = value.get("context")?;
    let action = context.get("action").and_then(Value::as_str)?;
    if value.get("allowed").and_then(Value::as_bool) == Some(true) {
        return None;
    }
    let mut denial = Denial::new();
    denial.action = Some(token::spelt(action));
    denial.resource = text(context.get("resource"));
    denial.principal = text(
        context
            .get("principal")
            .and_then(|principal| principal.get("arn")),
    );
    denial.kind = match explicit {
        Some(true) => Kind::Explicit,
        Some(false) => Kind::Implicit,
        None => Kind::Unknown,
    };
    denial.context = conditions(context.get("conditions"));
    Some(denial)
}

fn text(value: Option<&Value>) -> Option<String> {
    value
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

/// `{items: [{key, values: {items: [{value}]}}]}`.
fn conditions(value: Option<&Value>) -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    for item in items(value) {
        let Some(key) = item.get("key").and_then(Value::as_str) else {
            continue;
        };
        let values = items(item.get("values"))
            .filter_map(|value| text(value.get("value").or(Some(value))))
            .collect();
        // AWS leaves the prefix `aws:` off some keys.
        let key = if key.contains(':') {
            key.to_owned()
        } else {
            format!("aws:{key}")
        };
        found.insert(key, values);
    }
    found
}

fn items(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    let list = value.and_then(|value| value.get("items").unwrap_or(value).as_array());
    list.into_iter().flatten()
}
