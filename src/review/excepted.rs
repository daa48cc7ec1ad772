//! What exceptions leave alone of a principal's review.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::view::{Levels, PrincipalReview};
use crate::exception::{ExceptedView, Exception, Judged};
use crate::hygiene::Finding;
use crate::recommend::{Proposal, Reason, State};

/// A finding that an exception leaves alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ExceptedFinding {
    /// Its code.
    pub code: &'static str,
    /// Who or what it is about.
    pub subject: String,
    /// What is wrong.
    pub message: String,
    /// Why it is left alone, as the file says.
    pub reason: String,
    /// The last day (UTC) on which the exception holds.
    pub until: String,
    /// The line of the file where the exception begins.
    pub line: u64,
}

/// The findings that stand, and those that exceptions leave alone.
pub fn apart(findings: Vec<Finding>, exceptions: &Judged) -> (Vec<Finding>, Vec<ExceptedFinding>) {
    let mut stand = Vec::new();
    let mut left = Vec::new();
    for own in findings {
        match exceptions.is_excepted(own.code, &own.subject) {
            Some(exception) => left.push(ExceptedFinding {
                code: own.code,
                subject: own.subject,
                message: own.message,
                reason: exception.reason.clone(),
                until: exception.until.to_string(),
                line: exception.line,
            }),
            None => stand.push(own),
        }
    }
    (stand, left)
}

/// More actions than these are told by service.
const NAMED: usize = 50;

/// The actions that stay only because exceptions say so, an entry for each exception.
pub(super) fn kept(proposal: &Proposal) -> Vec<ExceptedView> {
    let mut found: BTreeMap<u64, ExceptedView> = BTreeMap::new();
    for (action, state) in &proposal.actions {
        let State::Kept(Reason::Excepted { why, until, line, .. }) = state else {
            continue;
        };
        let entry = found.entry(*line).or_insert_with(|| ExceptedView {
            what: "actions".to_owned(),
            instead_of: Vec::new(),
            reason: why.clone(),
            until: until.clone(),
            line: *line,
        });
        entry.instead_of.push(action.clone());
    }
    let mut found: Vec<ExceptedView> = found.into_values().collect();
    for own in &mut found {
        if own.instead_of.len() > NAMED {
            own.instead_of = by_service(&own.instead_of);
        }
    }
    found
}

fn by_service(actions: &[String]) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for action in actions {
        let service = action.split(':').next().unwrap_or(action);
        *counts.entry(service).or_default() += 1;
    }
    counts
        .into_iter()
        .map(|(service, count)| format!("{service}: {count} actions"))
        .collect()
}

/// Withdraws the whole proposal of a principal, and lists what it would have done.
pub fn leave_alone(review: &mut PrincipalReview, exception: &Exception) {
    if !review.changes {
        return;
    }
    let mut instead_of = std::mem::take(&mut review.edits);
    let goes = std::mem::take(&mut review.goes).total();
    instead_of.push(format!("{goes} actions would go"));
    review.changes = false;
    review.dangers_closed.clear();
    review.bits_after = review.bits_before;
    for service in &mut review.services {
        service.goes = Levels::default();
        service.unused.clear();
    }
    if let Some(others) = &mut review.other_services {
        others.goes = Levels::default();
    }
    review.diff.clear();
    review.excepted.push(exception.excepted(instead_of));
}
