//! Findings as SARIF 2.1.0, as code scanning and other dashboards take them.
//!
//! The format: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::diagnostic::Severity;
use crate::hygiene::{Finding, Proof, RULES, Rule};

/// The findings as a log of one run, with the rules that they break.
pub fn findings(findings: &[Finding]) -> Value {
    let broken: BTreeSet<&str> = findings.iter().map(|own| own.code).collect();
    let rules: Vec<&Rule> = RULES
        .iter()
        .copied()
        .filter(|rule| broken.contains(rule.code))
        .collect();
    let results: Vec<Value> = findings.iter().map(|own| result(own, &rules)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "leastgrant",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|rule| self::rule(rule)).collect::<Vec<_>>(),
            }},
            "results": results,
        }],
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn rule(rule: &Rule) -> Value {
    json!({
        "id": rule.code,
        "shortDescription": {"text": format!("{}.", rule.title)},
        "help": {
            "text": format!("{} See {}", rule.help, rule.reference),
            "markdown": format!("{} [AWS's page]({})", rule.help, rule.reference),
        },
        "helpUri": rule.reference,
        "defaultConfiguration": {"level": level(rule.severity)},
        "properties": {"tags": ["security", "aws", "iam"]},
    })
}

fn result(finding: &Finding, rules: &[&Rule]) -> Value {
    let name = crate::grants::short_name(&finding.subject).unwrap_or_else(|| finding.subject.clone());
    let ids: Vec<&String> = finding
        .evidence
        .iter()
        .flat_map(|proof| &proof.event_ids)
        .collect();
    json!({
        "ruleId": finding.code,
        "ruleIndex": rules.iter().position(|rule| rule.code == finding.code),
        "level": level(finding.severity),
        "message": {"text": message(finding)},
        // No finding is at a line of a file; where a location has to be, it is the account's own report.
        "locations": [{"logicalLocations": [{"name": name, "fullyQualifiedName": finding.subject, "kind": "resource"}]}],
        "partialFingerprints": {"leastgrantFinding/v1": finding.fingerprint},
        "properties": {
            "subject": finding.subject,
            "evidence": finding.evidence,
            "eventIds": ids,
            "fix": finding.fix,
            "commands": finding.commands,
        },
    })
}

fn message(finding: &Finding) -> String {
    let proof: Vec<String> = finding.evidence.iter().map(shown).collect();
    format!("{}. {}. {}", finding.message, proof.join("; "), finding.fix)
}

fn shown(proof: &Proof) -> String {
    format!("{}: {}", proof.source, proof.detail)
}
