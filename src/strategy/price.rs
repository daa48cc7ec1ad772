//! What a strategy costs.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Candidate, Strategy};
use crate::backtest::{Outcome, judge};
use crate::danger::held_by;
use crate::evaluate::{Layer, PolicyIn};
use crate::evidence::Evidence;
use crate::measure::measure;
use crate::policy::{Statement, quota};
use crate::recommend::{Subject, granted};

/// What a strategy permits, takes and would have refused.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Price {
    /// Which.
    pub strategy: Strategy,
    /// Actions of the catalog that it permits.
    pub actions: usize,
    /// Of those, not used.
    pub excess: usize,
    /// Of those, beyond what the present grants permit.
    pub beyond_grants: usize,
    /// Known dangerous paths that it is enough for, by name.
    pub dangers: Vec<&'static str>,
    /// The binary logarithm of the requests that it permits; absent where it permits none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bits: Option<f64>,
    /// Names of its policies.
    pub policies: Vec<String>,
    /// Characters of all of them, as IAM counts.
    pub size: usize,
    /// Whether it does not fit into IAM's quotas.
    pub overflow: bool,
    /// What it would have refused later; absent where there is no later part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backtest: Option<Outcome>,
}

/// The price of a candidate for a principal: against its grants and evidence, and what it did `later`, which
/// counts as used as well.
pub fn price(
    strategy: Strategy,
    candidate: &Candidate,
    subject: Subject<'_>,
    later: Option<&Evidence>,
) -> Price {
    let after = candidate.in_force(subject.grants);
    let before: Vec<PolicyIn<'_>> = subject
        .grants
        .held
        .iter()
        .map(|held| PolicyIn {
            layer: held.layer,
            document: &held.document,
        })
        .collect();
    let measured = measure(&after);
    let permitted = named(&after);
    let held = named(&before);
    let evidence = std::iter::once(subject.evidence).chain(later);
    let used: BTreeSet<(&str, &str)> = evidence
        .flat_map(super::shapes::used)
        .filter_map(action_catalog::action)
        .map(|(service, action)| (service.prefix.as_str(), action.name.as_str()))
        .collect();
    let of_layer = |wanted: bool| -> Vec<&Statement> {
        let layers = after
            .iter()
            .filter(|policy| (policy.layer == Layer::Identity) == wanted);
        layers.flat_map(|policy| &policy.document.statements).collect()
    };
    Price {
        strategy,
        actions: measured.total.actions,
        excess: permitted.difference(&used).count(),
        beyond_grants: permitted.difference(&held).count(),
        dangers: held_by(&of_layer(true), &of_layer(false))
            .iter()
            .map(|path| path.name.as_str())
            .collect(),
        bits: measured.bits,
        policies: candidate.policies.iter().map(|(name, _)| name.clone()).collect(),
        size: candidate
            .policies
            .iter()
            .map(|(_, document)| quota::size(document))
            .sum(),
        overflow: candidate.overflow,
        backtest: later.map(|later| judge(&before, &after, later)),
    }
}

/// Actions of the catalog that identity policies allow somewhere and that no statement without condition
/// denies everywhere.
fn named(policies: &[PolicyIn<'_>]) -> BTreeSet<(&'static str, &'static str)> {
    use crate::policy::{Effect, Element};
    let identity = policies.iter().filter(|policy| policy.layer == Layer::Identity);
    let statements: Vec<&Statement> = identity.flat_map(|policy| &policy.document.statements).collect();
    let names = |statement: &Statement| {
        granted(&statement.action)
            .iter()
            .map(|(service, action)| (service.prefix.as_str(), action.name.as_str()))
            .collect::<Vec<_>>()
    };
    let mut found: BTreeSet<_> = statements
        .iter()
        .filter(|statement| statement.effect == Effect::Allow)
        .flat_map(|statement| names(statement))
        .collect();
    let everywhere = |statement: &&&Statement| {
        statement.effect == Effect::Deny
            && statement.conditions.is_empty()
            && matches!(&statement.resource, Some(Element::Only(list)) if list.iter().any(|own| own == "*"))
    };
    for statement in statements.iter().filter(everywhere) {
        for name in names(statement) {
            found.remove(&name);
        }
    }
    found
}
