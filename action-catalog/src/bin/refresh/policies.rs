//! AWS managed policies, of two sources: the one updated last wins.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::Outcome;
use crate::sources::{HANDOVER, MOTO, Sources, entries, text};

/// One policy a line, sorted by name.
pub(crate) fn lines(sources: &Sources) -> Outcome<Vec<String>> {
    let mut policies: BTreeMap<String, (String, Value)> = BTreeMap::new();
    for (name, value) in entries(&sources.json(&format!(
        "{HANDOVER}/iam-dataset/managed_policies_2026-08-22.json"
    ))?) {
        let line = line(
            name,
            value.get("arn"),
            text(value, "version"),
            deprecated(value),
            value.get("document"),
        );
        policies.insert(name.clone(), (text(value, "update").to_owned(), line));
    }
    for (name, value) in entries(&moto(sources)?) {
        let updated = text(value, "UpdateDate").to_owned();
        // Dates are RFC 3339 in UTC in both sources, so they compare as text.
        if policies.get(name).is_some_and(|(other, _)| *other > updated) {
            continue;
        }
        let arn = Value::from(format!("arn:aws:iam::aws:policy{}{name}", text(value, "Path")));
        let line = line(
            name,
            Some(&arn),
            text(value, "DefaultVersionId"),
            false,
            value.get("Document"),
        );
        policies.insert(name.clone(), (updated, line));
    }
    policies
        .into_values()
        .map(|(_, line)| Ok(serde_json::to_string(&line)?))
        .collect()
}

fn deprecated(value: &Value) -> bool {
    value.get("deprecated").and_then(Value::as_bool).unwrap_or(false)
}

fn line(name: &str, arn: Option<&Value>, version: &str, deprecated: bool, document: Option<&Value>) -> Value {
    json!({"name": name, "arn": arn, "version": version, "deprecated": deprecated, "document": document})
}

/// A Python module that assigns one JSON text.
fn moto(sources: &Sources) -> Outcome<Value> {
    let module = sources.text(MOTO)?;
    let json = module
        .split("\"\"\"")
        .nth(1)
        .ok_or("moto: no text between triple quotes")?;
    Ok(serde_json::from_str(json)?)
}
