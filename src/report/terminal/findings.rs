//! What is wrong with the account's hygiene, after its principals.

use std::fmt::Write;

use super::line;
use super::style::{CHANGE, FAINT, REMOVE, STRONG, styled};
use super::words::{count, few, grouped};
use crate::diagnostic::Severity;
use crate::hygiene::{BySeverity, Finding};

/// Lines of evidence that are shown of a finding.
const EVIDENCE: usize = 4;

/// The first of the findings.
pub(super) fn section(out: &mut String, findings: &[Finding], most: usize) {
    if findings.is_empty() {
        return;
    }
    let all = BySeverity::of(findings);
    let shown: Vec<&Finding> = findings.iter().filter(|own| own.is_shown()).collect();
    let known = match findings.len() - shown.len() {
        0 => String::new(),
        known => format!(", {} of them known from the baseline (not shown)", grouped(known)),
    };
    line!(out);
    line!(
        out,
        "{}: {} · {} · {}{known}",
        styled(STRONG, &count(findings.len() as u64, "finding")),
        count(all.error as u64, "error"),
        count(all.warning as u64, "warning"),
        count(all.note as u64, "note")
    );
    for own in shown.iter().take(most) {
        one(out, own);
    }
    let rest = shown.len().saturating_sub(most);
    if rest > 0 {
        line!(
            out,
            "… and {} more; --top N shows more, --format json and sarif all",
            grouped(rest)
        );
    }
}

fn one(out: &mut String, own: &Finding) {
    let severity = match own.severity {
        Severity::Error => styled(REMOVE, "error"),
        Severity::Warning => styled(CHANGE, "warning"),
        Severity::Note => "note".to_owned(),
    };
    let subject = crate::grants::short_name(&own.subject).unwrap_or_else(|| own.subject.clone());
    line!(out, "{severity}[{}] {subject}: {}", own.code, own.message);
    for proof in own.evidence.iter().take(EVIDENCE) {
        let mut ids = String::new();
        if !proof.event_ids.is_empty() {
            ids = format!(" [{}]", few(&proof.event_ids, 2));
        }
        let page = proof
            .reference
            .map(|page| format!(" ({page})"))
            .unwrap_or_default();
        line!(
            out,
            "      {}: {}{}",
            proof.source,
            proof.detail,
            styled(FAINT, &format!("{ids}{page}"))
        );
    }
    if own.evidence.len() > EVIDENCE {
        line!(
            out,
            "      … and {} lines more",
            grouped(own.evidence.len() - EVIDENCE)
        );
    }
    line!(out, "      do: {}", own.fix);
    for command in own.commands.iter().take(2) {
        line!(out, "          {command}");
    }
    line!(out, "      {}", styled(FAINT, own.reference));
}
