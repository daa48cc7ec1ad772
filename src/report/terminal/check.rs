//! The answer of `check` in a few lines; its findings stand before it.

use std::fmt::Write;

use super::style::{ADD, CHANGE, REMOVE, styled};
use super::words::{count, grouped};
use super::{line, requests};
use crate::check::view::{Check, Uses, Verdict};
use crate::diagnostic::Code;

/// What was asked, in words.
#[derive(Debug, Clone)]
pub struct Asked<'a> {
    /// `everything that new.json allows, old.json allows`.
    pub new_access: &'a str,
    /// `new.json allows nothing of s3:*Acl on *`.
    pub denied_access: &'a str,
}

/// The last lines of the answer, with ANSI styles in them.
pub fn summary(check: &Check, asked: &Asked<'_>) -> String {
    let mut out = String::new();
    if check.checks.new_access == Some(Verdict::Proved) {
        proved(&mut out, "no new access", asked.new_access);
    }
    if check.checks.denied_access == Some(Verdict::Proved) {
        proved(&mut out, "no denied access", asked.denied_access);
    }
    if let Some(uses) = &check.checks.lost_use {
        observed(&mut out, uses);
    }
    if !check.findings.is_empty() {
        found(&mut out, check);
    }
    let permits = &check.permits;
    let new = permits.new_requests_log2;
    let old = if check.checks.new_access.is_some() {
        permits.old_requests_log2
    } else {
        new
    };
    requests(&mut out, old, new, permits.meaning);
    out
}

fn proved(out: &mut String, what: &str, why: &str) {
    line!(
        out,
        "{}: {why} (proved over all actions, resources and conditions)",
        styled(ADD.bold(), what)
    );
}

fn observed(out: &mut String, uses: &Uses) {
    let all = count(uses.observed as u64, "observed use");
    let mut parts = vec![format!("{} allowed", grouped(uses.allowed))];
    let mut part = |number: usize, what: &str| {
        if number > 0 {
            parts.push(format!("{} {what}", grouped(number)));
        }
    };
    part(uses.lost, "lost");
    part(uses.undecided, "undecided");
    part(
        uses.carried,
        "allowed exactly when they were, by the same statements",
    );
    part(uses.unexplained, "not allowed by the old policies either");
    let counts = format!("{all} of {}: {}", uses.principal, parts.join(", "));
    match (uses.lost, uses.undecided) {
        (0, 0) => line!(out, "{}: {counts}", styled(ADD.bold(), "no use lost")),
        _ => line!(out, "{counts}"),
    }
}

fn found(out: &mut String, check: &Check) {
    let undecided = |code: Code| code == Code::UndecidedAccess;
    let all = check.findings.len();
    let open = check
        .findings
        .iter()
        .filter(|finding| undecided(finding.diagnostic.code))
        .count();
    let findings = count(all as u64, "finding");
    let (style, rest) = match open {
        0 => (REMOVE, String::new()),
        some if some == all => (CHANGE, ": it could not be decided".to_owned()),
        some => (REMOVE, format!(", {} of them undecided", grouped(some))),
    };
    line!(out, "{}{rest}", styled(style.bold(), &findings));
}
