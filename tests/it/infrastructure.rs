//! Terraform as `recommend` prints it: HCL that a parser takes, `terraform fmt` leaves alone where it is at
//! hand, and the very policies of the proposal.
#![expect(clippy::disallowed_macros, reason = "a test says what it could not run")]

use std::io::Write;
use std::process::{Command, Stdio};

use hcl::{Body, Expression};
use serde_json::Value;

use crate::scenario::all;

/// The documents that change or are made.
fn documents(report: &Value) -> Vec<Value> {
    let policies = report["policies"].as_array().unwrap();
    let changed = policies
        .iter()
        .filter(|policy| policy["change"] == "edit" || policy["change"] == "create");
    changed.map(|policy| policy["document"].clone()).collect()
}

#[test]
fn terraform_says_what_the_proposal_says() {
    for scenario in all() {
        let text = scenario.run(&["--format", "terraform"]).exits(0).out;
        let body: Body =
            hcl::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}\n{text}", scenario.name));
        let mut found = Vec::new();
        for block in body.blocks().filter(|block| block.identifier() == "resource") {
            for attribute in block.body().attributes().filter(|own| own.key() == "policy") {
                let text = match attribute.expr() {
                    Expression::TemplateExpr(template) => template.to_string(),
                    Expression::String(text) => text.clone(),
                    other => panic!("{}: {other:?}", scenario.name),
                };
                // The parser keeps the doubled signs of a template.
                let document: Value =
                    serde_json::from_str(&text.replace("$${", "${").replace("%%{", "%{")).unwrap();
                found.push(document);
            }
        }
        let wanted = documents(scenario.report());
        assert!(
            !wanted.is_empty() && found.len() == wanted.len(),
            "{}",
            scenario.name
        );
        for document in wanted {
            assert!(found.contains(&document), "{}: {document:#}", scenario.name);
        }
        formatted(&text, scenario.name);
    }
}

/// `terraform fmt` changes nothing.
fn formatted(text: &str, name: &str) {
    let started = Command::new("terraform")
        .args(["fmt", "-check", "-diff", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = started else {
        println!("{name}: terraform is not at hand: its formatting was not held against `terraform fmt`");
        return;
    };
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{name}: {}",
        String::from_utf8_lossy(&output.stdout)
    );
}
