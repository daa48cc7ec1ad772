//! What a proposal would have cost: learn on the earlier part of a trail, judge on the later.
//!
//! A later call that was allowed, and that the policies after the change refuse, is a refusal that the
//! change would have made. Calls that the given grants do not allow either say nothing of the change and are
//! left out; calls that were refused are no use.

mod table;

pub use table::{Adding, Priced, Row, SCHEMA_VERSION, Table, table_schema};

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::evaluate::{Compiled, Decision, Layer, PolicyIn, Request};
use crate::evidence::{Evidence, Visibility, day_of};
use crate::grants::Grants;
use crate::policy::{Document, Effect, Element, Statement};
use crate::recommend::{Options, Subject, recommend};

#[cfg(test)]
mod tests;

/// What the later part of a trail says of a change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Outcome {
    /// Later calls that the grants allow. A call that needs several permissions counts for each.
    pub calls: u64,
    /// Of those, refused after the change.
    pub refused_calls: u64,
    /// Distinct pairs of action and resource among the later calls.
    pub pairs: u64,
    /// Of those, refused after the change.
    pub refused_pairs: u64,
    /// Tickets that the refusals would have made: those of one service that first come up on one day (UTC)
    /// are one, since its answer holds what the same work needs besides.
    pub tickets: u64,
    /// Later calls that cannot be decided after the change: they hang on what is not recorded.
    pub undecided_calls: u64,
    /// The refused pairs, most calls first; the first of them where there are many.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<RefusedLater>,
}

/// A proposal judged by the last part of the trail that it was made from.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Backtest {
    /// Where the later part begins.
    pub from: String,
    /// Days that were learnt from.
    pub learnt_days: i64,
    /// Days that were judged by.
    pub judged_days: i64,
    /// What the later part says.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// A trail in two parts: learn from the first, judge by the second.
#[derive(Debug, Clone, Copy)]
pub struct Earlier<'a> {
    /// What the principal did in the first part.
    pub learnt: &'a Evidence,
    /// What the first part could have shown.
    pub visibility: &'a Visibility,
    /// What the principal did in the second.
    pub later: &'a Evidence,
}

/// What the proposal of the earlier part would have refused in the later. `others` share policies with the
/// principal; their evidence is that of the earlier part as well. A principal of which no policy is given is
/// judged by all that it did.
pub fn of_proposal(
    grants: &Grants,
    others: &[Subject<'_>],
    earlier: Earlier<'_>,
    options: &Options,
) -> Outcome {
    let subject = Subject {
        grants,
        evidence: earlier.learnt,
    };
    let proposal = recommend(subject, others, earlier.visibility, options);
    let (before, after) = proposal.in_force(grants);
    if !grants.held.is_empty() {
        return judge(&before, &after, earlier.later);
    }
    let all = || Element::Only(vec!["*".to_owned()]);
    let anything = Document::new(vec![Statement::new(Effect::Allow, all(), Some(all()))]);
    let before = [PolicyIn {
        layer: Layer::Identity,
        document: &anything,
    }];
    judge(&before, &after, earlier.later)
}

/// A pair that a change would have refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RefusedLater {
    /// The action.
    pub action: String,
    /// On what.
    pub resource: String,
    /// How often.
    pub calls: u64,
    /// The first of these calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// `eventID`s of the earliest few.
    pub event_ids: Vec<String>,
}

/// Refused pairs that are kept to show.
const SHOWN: usize = 20;

impl Outcome {
    /// Adds another principal's, or another cut's.
    pub fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.refused_calls += other.refused_calls;
        self.pairs += other.pairs;
        self.refused_pairs += other.refused_pairs;
        self.tickets += other.tickets;
        self.undecided_calls += other.undecided_calls;
        self.refused.extend(other.refused.iter().cloned());
        order(&mut self.refused);
    }

    /// The share of later calls that would have been refused, in percent.
    pub fn percent(&self) -> f64 {
        if self.calls == 0 {
            0.0
        } else {
            self.refused_calls as f64 * 100.0 / self.calls as f64
        }
    }
}

fn order(refused: &mut Vec<RefusedLater>) {
    refused.sort_by(|a, b| (b.calls, &a.action, &a.resource).cmp(&(a.calls, &b.action, &b.resource)));
    refused.truncate(SHOWN);
}

/// Judges the policies `after` a change by what was done `later` under those `before` it.
pub fn judge(before: &[PolicyIn<'_>], after: &[PolicyIn<'_>], later: &Evidence) -> Outcome {
    let (old, new) = (Compiled::new(before), Compiled::new(after));
    let mut outcome = Outcome::default();
    let mut tickets = BTreeSet::new();
    for (action, evidence) in &later.actions {
        // In several contexts a pair is still one.
        let mut refused: BTreeMap<&str, RefusedLater> = BTreeMap::new();
        let mut pairs = BTreeSet::new();
        for (resource, context, tally) in evidence.used() {
            let request = Request::new(action, resource.target(), context);
            let denied = |decision| {
                matches!(
                    decision,
                    Decision::ImplicitDeny { .. } | Decision::ExplicitDeny { .. }
                )
            };
            if denied(old.decide(&request)) {
                continue;
            }
            outcome.calls += tally.used();
            pairs.insert(resource.shown());
            match new.decide(&request) {
                Decision::Allowed { .. } => {}
                Decision::Unknown { .. } => outcome.undecided_calls += tally.used(),
                Decision::ImplicitDeny { .. } | Decision::ExplicitDeny { .. } => {
                    outcome.refused_calls += tally.used();
                    let first = tally.seen.map(|(first, _)| first);
                    let service = action.split(':').next().unwrap_or_default();
                    tickets.insert((service, first.map(day_of)));
                    let entry = refused.entry(resource.shown()).or_insert_with(|| RefusedLater {
                        action: action.clone(),
                        resource: resource.shown().to_owned(),
                        calls: 0,
                        first: first.map(|first| first.to_string()),
                        event_ids: tally.event_ids(),
                    });
                    entry.calls += tally.used();
                }
            }
        }
        outcome.pairs += pairs.len() as u64;
        outcome.refused_pairs += refused.len() as u64;
        outcome.refused.extend(refused.into_values());
    }
    outcome.tickets = tickets.len() as u64;
    order(&mut outcome.refused);
    outcome
}
