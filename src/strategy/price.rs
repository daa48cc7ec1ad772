//! What a strategy costs.

use std::collections::BTreeSet;

use action_catalog::Level;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Candidate, Choice, Observed, Share, Strategy};
use crate::backtest::{Outcome, judge};
use crate::danger::held_by;
use crate::evaluate::{Layer, PolicyIn};
use crate::evidence::Evidence;
use crate::grants::Held;
use crate::measure::measure;
use crate::policy::{Statement, quota};
use crate::recommend::{Generalise, Subject, granted, level};

/// What a strategy permits, takes and would have refused.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Price {
    /// Which.
    pub strategy: Strategy,
    /// How far it widens resources, where that is a choice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generalise: Option<Generalise>,
    /// Actions of the catalog that it permits.
    pub actions: usize,
    /// Of those, not used.
    pub excess: usize,
    /// Of those, beyond what the present grants permit.
    pub beyond_grants: usize,
    /// Actions that manage permissions, by AWS's access level.
    pub permissions_management: usize,
    /// What it permits of a sample of all that anybody in the account was seen to use and this principal was
    /// not; absent where the evidence of others is not at hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Share>,
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

impl Price {
    /// The strategy with its level, for a reader.
    pub fn name(&self) -> String {
        let (strategy, generalise) = (self.strategy, self.generalise);
        Choice { strategy, generalise }.to_string()
    }
}

/// The price of a candidate for a principal: against its grants and evidence, and what it did `later`, which
/// counts as used as well. `observed` is what everybody was seen to use.
pub fn price(
    choice: Choice,
    candidate: &Candidate,
    subject: Subject<'_>,
    later: Option<&Evidence>,
    observed: Option<&Observed>,
) -> Price {
    let after = candidate.in_force(subject.grants);
    let before: Vec<PolicyIn<'_>> = subject.grants.held.iter().map(Held::policy).collect();
    let measured = measure(&after);
    let permitted = named(&after);
    let held = named(&before);
    let evidence: Vec<&Evidence> = std::iter::once(subject.evidence).chain(later).collect();
    let used: BTreeSet<(&str, &str)> = evidence
        .iter()
        .copied()
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
        strategy: choice.strategy,
        generalise: choice.generalise,
        permissions_management: permitted
            .iter()
            .filter(|(service, action)| {
                level(&format!("{service}:{action}")) == Some(Level::PermissionsManagement)
            })
            .count(),
        resources: observed.map(|observed| observed.permitted(&after, &evidence)),
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
pub(super) fn named(policies: &[PolicyIn<'_>]) -> BTreeSet<(&'static str, &'static str)> {
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
