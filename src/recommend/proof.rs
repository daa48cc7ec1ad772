//! The proof over a proposal: no observed call lost, nothing granted that was not granted before.

use std::collections::BTreeSet;

use super::finding::Reason;
use super::policies::PolicyChange;
use super::{Subject, conditions, is_new};
use crate::evaluate::prove::{Comparison, compare};
use crate::evaluate::{Compiled, Context, Decision, Layer, PolicyIn, Request, StatementRef, Truth};
use crate::evidence::Key;
use crate::grants::{Grants, Origin, is_aws_managed};
use crate::policy::{Document, Effect, Element, Statement};
use crate::require::Resource;

/// An observed call that the policies after the change would refuse.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Loss {
    /// Who made it.
    pub principal: String,
    /// The action.
    pub action: String,
    /// On what.
    pub resource: String,
}

/// An observed call whose decision after the change hangs on something not recorded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Undecided {
    /// Who made it.
    pub principal: String,
    /// The action.
    pub action: String,
    /// On what.
    pub resource: String,
    /// Condition keys (or `resource`) that would decide it.
    pub missing: Vec<String>,
}

/// What was checked, and what did not hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proof {
    /// Observed uses (principal, action, resource, context) that were evaluated before and after.
    pub checked: usize,
    /// Of those, the ones that are certainly allowed after the change.
    pub allowed: usize,
    /// Of those, the ones that hang on something not recorded, by statements that stay as they
    /// were: allowed exactly when they were before.
    pub carried: Vec<Undecided>,
    /// Observed calls that would be refused. Not empty only through a bug.
    pub lost: Vec<Loss>,
    /// Observed calls that cannot be decided after the change.
    pub unknown: Vec<Undecided>,
    /// Grants that were not granted before and not asked for. Not empty only through a bug.
    pub new: Comparison,
    /// Grants that were asked for with `--include-denied`.
    pub requested: Comparison,
    /// Observed calls that the grants before do not explain: something not given allowed them.
    pub unexplained: Vec<Loss>,
}

/// Proves the change for the principal and everybody who shares a changed policy. `asked`: keys of conditions
/// that were added, of which the circumstances of the calls tell the values.
pub(super) fn prove(
    principal: &Subject<'_>,
    others: &[Subject<'_>],
    policies: &[PolicyChange],
    asked: &BTreeSet<Key>,
) -> Proof {
    let mut proof = Proof::default();
    let scratch = policies.iter().all(|policy| policy.before.is_none());
    check_uses(&mut proof, principal, policies, (scratch, asked));
    for other in others {
        if policies
            .iter()
            .any(|policy| policy.change != super::Change::Unchanged && reaches(policy, other.grants))
        {
            check_uses(&mut proof, other, policies, (scratch, asked));
        }
    }
    if !scratch {
        check_nothing_new(&mut proof, principal.grants, policies);
    }
    let lists = [&mut proof.lost, &mut proof.unexplained];
    lists.into_iter().for_each(|list| {
        list.sort();
        list.dedup();
    });
    let lists = [&mut proof.carried, &mut proof.unknown];
    lists.into_iter().for_each(|list| {
        list.sort();
        list.dedup();
    });
    proof
}

fn reaches(policy: &PolicyChange, grants: &Grants) -> bool {
    grants
        .principal
        .as_ref()
        .is_some_and(|arn| policy.holders.contains(arn))
}

/// The policies of a holder before and after the change.
pub(super) fn both<'p>(
    grants: &'p Grants,
    policies: &'p [PolicyChange],
) -> (Vec<PolicyIn<'p>>, Vec<PolicyIn<'p>>) {
    let mut before = Vec::new();
    let mut after = Vec::new();
    for held in &grants.held {
        before.push(held.policy());
        match policies
            .iter()
            .find(|policy| same_policy(&policy.origin, &held.origin))
        {
            Some(policy) => after.extend(policy.after.as_ref().map(|document| PolicyIn {
                layer: held.layer,
                document,
            })),
            None => after.push(held.policy()),
        }
    }
    let mine = |policy: &&PolicyChange| {
        let joins = is_new(&policy.origin) || policy.change == super::Change::Attach;
        joins && (policy.holders.is_empty() || reaches(policy, grants))
    };
    let new = policies
        .iter()
        .filter(mine)
        .filter_map(|policy| policy.after.as_ref());
    after.extend(new.map(|document| PolicyIn {
        layer: Layer::Identity,
        document,
    }));
    (before, after)
}

/// Whether two origins are the same policy, whichever way it is held.
fn same_policy(a: &Origin, b: &Origin) -> bool {
    match (a.arn(), b.arn()) {
        (Some(one), Some(other)) if is_aws_managed(one) => {
            one == other && std::mem::discriminant(a) == std::mem::discriminant(b) && a.group() == b.group()
        }
        (Some(one), Some(other)) => one == other && std::mem::discriminant(a) == std::mem::discriminant(b),
        (None, None) => a == b,
        _ => false,
    }
}

/// What is decided in any of the contexts, the worst first: refused, then not known.
fn worst(compiled: &Compiled, request: &Request<'_>, contexts: &[Context]) -> Decision {
    let rank = |decision: &Decision| match decision {
        Decision::ExplicitDeny { .. } | Decision::ImplicitDeny { .. } => 0,
        Decision::Unknown { .. } => 1,
        Decision::Allowed { .. } => 2,
    };
    let decided = contexts.iter().map(|context| {
        let mut own = *request;
        own.context = context;
        compiled.decide(&own)
    });
    decided
        .min_by_key(rank)
        .unwrap_or_else(|| compiled.decide(request))
}

fn check_uses(
    proof: &mut Proof,
    subject: &Subject<'_>,
    policies: &[PolicyChange],
    (scratch, asked): (bool, &BTreeSet<Key>),
) {
    let (before, after) = both(subject.grants, policies);
    let (old, new) = (Compiled::new(&before), Compiled::new(&after));
    let principal = subject.grants.principal.clone().unwrap_or_default();
    for (action, evidence) in &subject.evidence.actions {
        for (resource, context, _) in evidence.used() {
            proof.checked += 1;
            let request = Request::new(action, resource.target(), context);
            let named = |list: &mut Vec<Loss>| {
                list.push(Loss {
                    principal: principal.clone(),
                    action: action.clone(),
                    resource: resource.shown().to_owned(),
                });
            };
            let was = old.decide(&request);
            if !scratch && matches!(was, Decision::ImplicitDeny { .. } | Decision::ExplicitDeny { .. }) {
                named(&mut proof.unexplained);
                continue;
            }
            let filled = if asked.is_empty() {
                Vec::new()
            } else {
                conditions::contexts(context, &subject.evidence.circumstances, action, asked)
            };
            match worst(&new, &request, &filled) {
                Decision::Allowed { .. } => proof.allowed += 1,
                Decision::ExplicitDeny { .. } | Decision::ImplicitDeny { .. } => named(&mut proof.lost),
                Decision::Unknown { missing } => {
                    let undecided = Undecided {
                        principal: principal.clone(),
                        action: action.clone(),
                        resource: resource.shown().to_owned(),
                        missing,
                    };
                    let carried = carried((&old, &before), (&new, &after), (action, resource, context));
                    if carried {
                        &mut proof.carried
                    } else {
                        &mut proof.unknown
                    }
                    .push(undecided);
                }
            }
        }
    }
}

/// Whether what was allowed before is allowed after, whatever the value of what is not known: every
/// statement that may decide the request has a counterpart in its layer, of the same effect, that
/// matches it to the same degree and asks for the same conditions (an Allow: for no others).
pub(crate) fn carried(
    old: (&Compiled, &[PolicyIn<'_>]),
    new: (&Compiled, &[PolicyIn<'_>]),
    request: (&str, &Resource, &Context),
) -> bool {
    let (action, resource, context) = request;
    let request = Request::new(action, resource.target(), context);
    let after = deciding(new, &request);
    deciding(old, &request).iter().all(|(layer, truth, statement)| {
        after.iter().any(|(other_layer, other, counterpart)| {
            let (asks, asked) = (conditions(counterpart), conditions(statement));
            let as_easy = match statement.effect {
                Effect::Allow => asks.is_subset(&asked),
                Effect::Deny => asks == asked,
            };
            other_layer == layer && other >= truth && counterpart.effect == statement.effect && as_easy
        })
    })
}

fn conditions(statement: &Statement) -> BTreeSet<&crate::policy::Condition> {
    statement.conditions.iter().collect()
}

fn deciding<'p>(
    (compiled, policies): (&Compiled, &[PolicyIn<'p>]),
    request: &Request<'_>,
) -> Vec<(Layer, Truth, &'p Statement)> {
    let mut found = Vec::new();
    for (policy, placed) in policies.iter().enumerate() {
        for (statement, text) in placed.document.statements.iter().enumerate() {
            let truth = compiled.matches(StatementRef { policy, statement }, request);
            if truth != Truth::False {
                found.push((placed.layer, truth, text));
            }
        }
    }
    found
}

fn check_nothing_new(proof: &mut Proof, grants: &Grants, policies: &[PolicyChange]) {
    let (mut before, after) = both(grants, policies);
    let asked = requested(policies);
    if !asked.is_empty() {
        proof.requested = compare(&before, &after);
    }
    let only = |text: String| Element::Only(vec![text]);
    let statements = asked
        .into_iter()
        .map(|(action, on)| Statement::new(Effect::Allow, only(action), Some(only(on))));
    let asked = Document::new(statements.collect());
    before.push(PolicyIn {
        layer: Layer::Identity,
        document: &asked,
    });
    proof.new = compare(&before, &after);
}

/// Actions and resources that the proposal adds on request.
fn requested(policies: &[PolicyChange]) -> BTreeSet<(String, String)> {
    policies
        .iter()
        .flat_map(|policy| &policy.after_statements)
        .flat_map(|after| &after.kept)
        .filter(|kept| kept.reason == Reason::Requested)
        .flat_map(|kept| {
            kept.on
                .patterns()
                .into_iter()
                .map(move |pattern| (kept.action.clone(), pattern))
        })
        .collect()
}
