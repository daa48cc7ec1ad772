//! What people paste: every message of `messages/` gives exactly the fields that stand beside it.
#![expect(clippy::disallowed_methods, reason = "tests read files")]

use std::fs;
use std::path::Path;

use leastgrant::denial::{Denial, read};
use serde_json::{Value, json};

fn fields(denial: &Denial) -> Value {
    json!({
        "principal": denial.principal,
        "action": denial.action,
        "resource": denial.resource,
        "operation": denial.operation,
        "layer": denial.layer,
        "kind": denial.kind,
        "policy_arn": denial.policy_arn,
        "identity_change_helps": match denial.identity_change_helps() {
            Some(true) => "yes",
            Some(false) => "no",
            None => "unknown",
        },
    })
}

pub(crate) fn topics() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/messages");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let topic = |path: &Path| {
        let text = fs::read_to_string(path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, serde_json::from_str(&text).unwrap())
    };
    files.iter().map(|path| topic(path)).collect()
}

#[test]
fn every_message_is_read_as_it_is_meant() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for (file, topic) in topics() {
        for message in topic["messages"].as_array().unwrap() {
            count += 1;
            let text = message["text"].as_str().unwrap();
            let found: Vec<Value> = read(text).denials.iter().map(fields).collect();
            if Value::Array(found.clone()) != message["expect"] {
                wrong.push(format!(
                    "{file} {}\n{text}\n  expected {}\n  found    {}\n",
                    message["name"],
                    message["expect"],
                    Value::Array(found)
                ));
            }
        }
    }
    assert!(count >= 150, "only {count} messages");
    assert!(
        wrong.is_empty(),
        "{} of {count} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
