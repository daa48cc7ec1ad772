//! Builds the view model from a proposal.

use std::collections::{BTreeMap, BTreeSet};

use super::view::{
    CallsView, GapView, GrantedView, PolicyView, PrincipalView, ProofView, Recommendation, RefusedView,
    ResourceView, Summary, UnmappedView, UnseenView, UseView, UsedView, VisibilityView,
};
use super::{PermitsView, SCHEMA_VERSION};
use crate::diagnostic::Diagnostic;
use crate::diff::{self, Edit};
use crate::evaluate::Comparison;
use crate::evidence::{ActionEvidence, Evidence, Tally, Visibility};
use crate::grants::Grants;
use crate::plan::Plan;
use crate::policy::{print, quota};
use crate::recommend::{Change, Proof, Proposal, Reason, Refused, State};

/// Builds the view.
pub fn recommendation(
    arn: &str,
    grants: &Grants,
    evidence: &Evidence,
    visibility: &Visibility,
    proposal: &Proposal,
    diagnostics: Vec<Diagnostic>,
) -> Recommendation {
    let edits = diff::edits(&proposal.policies, grants.principal.as_deref());
    let mut diagnostics = diagnostics;
    diagnostics.extend(proposal.diagnostics.iter().cloned());
    Recommendation {
        schema_version: SCHEMA_VERSION,
        principal: PrincipalView {
            arn: arn.to_owned(),
            created: grants.created.map(|time| time.to_string()),
        },
        summary: summary(grants, evidence, proposal, &edits),
        visibility: visibility_view(visibility, proposal),
        policies: policies(proposal),
        plan: Plan::of(proposal, grants),
        used: used(evidence, proposal),
        refused: proposal.refused.iter().map(refused).collect(),
        unused: granted(proposal, &State::Unused),
        unseen: kept_unused(proposal, |reason| matches!(reason, Reason::Unseen { .. })),
        ineffective: granted(proposal, &State::Ineffective),
        left_out: granted(proposal, &State::LeftOut),
        kept_otherwise: kept_unused(proposal, |reason| {
            matches!(
                reason,
                Reason::Companion { .. }
                    | Reason::LastAccessed { .. }
                    | Reason::Excepted { .. }
                    | Reason::NotInCatalog
                    | Reason::Forced { .. }
                    | Reason::Strategy { .. }
                    | Reason::Beyond { .. }
            )
        }),
        unmapped: unmapped(evidence),
        not_authorized: evidence.not_authorized.clone(),
        dangers: proposal.dangers.clone(),
        conditions: proposal.conditions.clone(),
        conditions_tried: proposal.conditions_tried.clone(),
        proof: proof(&proposal.proof),
        backtest: None,
        strategy: None,
        diagnostics,
        edits,
    }
}

fn summary(grants: &Grants, evidence: &Evidence, proposal: &Proposal, edits: &[Edit]) -> Summary {
    use crate::diff::StatementChange::{Narrowed, Removed};
    let count =
        |wanted: &dyn Fn(&State) -> bool| proposal.actions.values().filter(|state| wanted(state)).count();
    let changed = |wanted| {
        edits
            .iter()
            .flat_map(|edit| &edit.statements)
            .filter(|statement| statement.change == wanted)
            .count()
    };
    let refused: BTreeSet<&str> = proposal
        .refused
        .iter()
        .map(|refused| refused.action.as_str())
        .collect();
    let requested = count(&|state| matches!(state, State::Kept(Reason::Requested | Reason::Beyond { .. })));
    let scratch = proposal.policies.iter().all(|policy| policy.before.is_none());
    let (before, after) = proposal.in_force(grants);
    Summary {
        events: evidence.events,
        first: evidence.seen.map(|(first, _)| first.to_string()),
        last: evidence.seen.map(|(_, last)| last.to_string()),
        actions_before: if scratch {
            0
        } else {
            proposal.actions.len() - requested
        },
        actions_after: count(&|state| matches!(state, State::Kept(_))),
        permits: PermitsView::new(&before, &after),
        used: count(&|state| matches!(state, State::Kept(reason) if reason.is_use())),
        unused: count(&|state| *state == State::Unused),
        unseen: count(&|state| matches!(state, State::Kept(Reason::Unseen { .. }))),
        refused: refused.len(),
        policies_changed: proposal
            .policies
            .iter()
            .filter(|policy| policy.change != Change::Unchanged)
            .count(),
        statements_narrowed: changed(Narrowed),
        statements_removed: changed(Removed),
        observed_calls_lost: proposal.proof.lost.len(),
        changes: proposal.changes_anything(),
    }
}

fn visibility_view(visibility: &Visibility, proposal: &Proposal) -> VisibilityView {
    let mut switch_on: BTreeMap<String, usize> = BTreeMap::new();
    for state in proposal.actions.values() {
        if let State::Kept(Reason::Unseen {
            switch_on: Some(what),
            ..
        }) = state
        {
            *switch_on.entry(what.clone()).or_default() += 1;
        }
    }
    let selectors = visibility.selectors.as_ref();
    let data = match selectors {
        Some(selectors) => selectors
            .data_read
            .iter()
            .chain(&selectors.data_write)
            .map(|(kind, scope)| {
                let scope = if scope.all {
                    vec!["all".to_owned()]
                } else {
                    scope.patterns.iter().cloned().collect()
                };
                (kind.clone(), scope)
            })
            .collect(),
        None => visibility
            .data
            .iter()
            .map(|(kind, containers)| (kind.clone(), containers.iter().cloned().collect()))
            .collect(),
    };
    VisibilityView {
        events: visibility.events,
        first: visibility.window.map(|(first, _)| first.to_string()),
        last: visibility.window.map(|(_, last)| last.to_string()),
        days: visibility.days().map(|days| days.round() as u64),
        regions: visibility.regions.clone(),
        management_read: selectors.map_or(visibility.management_read, |selectors| selectors.management_read),
        management_write: selectors.map_or(visibility.management_write, |selectors| {
            selectors.management_write
        }),
        data,
        known_from: if selectors.is_some() {
            "event-selectors"
        } else {
            "trail"
        },
        switch_on,
    }
}

fn policies(proposal: &Proposal) -> Vec<PolicyView> {
    proposal
        .policies
        .iter()
        .filter_map(|policy| {
            let document = policy.after.as_ref()?;
            Some(PolicyView {
                origin: policy.origin.clone(),
                change: policy.change,
                size: quota::size(document),
                document: print::document_value(document),
            })
        })
        .collect()
}

fn used(evidence: &Evidence, proposal: &Proposal) -> Vec<UsedView> {
    evidence
        .actions
        .iter()
        .filter(|(_, found)| found.used().next().is_some())
        .map(|(action, found)| {
            let total = found.calls();
            UsedView {
                action: action.clone(),
                certain: total.certain,
                granted: proposal.actions.contains_key(action),
                calls: calls(total),
                resources: resources(found),
            }
        })
        .collect()
}

fn resources(found: &ActionEvidence) -> Vec<ResourceView> {
    let mut by_resource: BTreeMap<&str, Tally> = BTreeMap::new();
    for (resource, _, tally) in found.used() {
        by_resource
            .entry(resource.shown())
            .or_default()
            .merge(tally.clone());
    }
    by_resource
        .into_iter()
        .map(|(resource, tally)| ResourceView {
            resource: resource.to_owned(),
            calls: calls(&tally),
        })
        .collect()
}

fn calls(tally: &Tally) -> CallsView {
    CallsView {
        succeeded: tally.succeeded,
        failed: tally.failed,
        inconclusive: tally.inconclusive,
        first: tally.seen.map(|(first, _)| first.to_string()),
        last: tally.seen.map(|(_, last)| last.to_string()),
        operations: tally
            .operations
            .iter()
            .map(|(name, times)| (name.to_string(), times))
            .collect(),
        via: tally.via.to_map(),
        event_ids: tally.event_ids(),
    }
}

fn refused(refused: &Refused) -> RefusedView {
    RefusedView {
        action: refused.action.clone(),
        resource: refused.resource.shown().to_owned(),
        count: refused.tally.refusals(),
        first: refused.tally.seen.map(|(first, _)| first.to_string()),
        last: refused.tally.seen.map(|(_, last)| last.to_string()),
        settled: refused.settled,
        layer: refused.layer.map(str::to_owned),
        opens: refused.opens.clone(),
        event_ids: refused.tally.event_ids(),
    }
}

fn granted(proposal: &Proposal, wanted: &State) -> Vec<GrantedView> {
    proposal
        .actions
        .iter()
        .filter(|(_, state)| *state == wanted)
        .map(|(action, _)| GrantedView {
            action: action.clone(),
            access_level: crate::recommend::level(action).map(|level| format!("{level:?}")),
        })
        .collect()
}

fn kept_unused(proposal: &Proposal, wanted: impl Fn(&Reason) -> bool) -> Vec<UnseenView> {
    proposal
        .actions
        .iter()
        .filter_map(|(action, state)| match state {
            State::Kept(reason) if wanted(reason) => Some(UnseenView {
                action: action.clone(),
                reason: reason.clone(),
            }),
            _ => None,
        })
        .collect()
}

fn unmapped(evidence: &Evidence) -> Vec<UnmappedView> {
    evidence
        .unmapped
        .iter()
        .map(|((source, name, reason), count)| UnmappedView {
            event_source: source.clone(),
            event_name: name.clone(),
            reason: reason.clone(),
            count: *count,
        })
        .collect()
}

fn proof(proof: &Proof) -> ProofView {
    let losses = |list: &[crate::recommend::Loss]| {
        list.iter()
            .map(|loss| UseView {
                principal: loss.principal.clone(),
                action: loss.action.clone(),
                resource: loss.resource.clone(),
                missing: Vec::new(),
            })
            .collect()
    };
    let undecided = |list: &[crate::recommend::Undecided]| {
        list.iter()
            .map(|open| UseView {
                principal: open.principal.clone(),
                action: open.action.clone(),
                resource: open.resource.clone(),
                missing: open.missing.clone(),
            })
            .collect()
    };
    ProofView {
        checked: proof.checked,
        allowed: proof.allowed,
        lost: losses(&proof.lost),
        new: gaps(&proof.new),
        unknown: undecided(&proof.unknown),
        carried: undecided(&proof.carried),
        requested: gaps(&proof.requested),
        unexplained: losses(&proof.unexplained),
    }
}

fn gaps(comparison: &Comparison) -> Vec<GapView> {
    let wider = comparison.differences.iter().flat_map(|difference| {
        let resources = match difference.resources.as_slice() {
            [] => vec!["*".to_owned()],
            some => some.to_vec(),
        };
        let actions = difference.actions.known.iter().chain(&difference.actions.unknown);
        let pairs = actions.flat_map(move |action| {
            let named = |resource: &String| ("wider", action.clone(), resource.clone());
            resources.iter().map(named).collect::<Vec<_>>()
        });
        pairs.collect::<Vec<_>>()
    });
    let open = comparison.undecided.iter().map(|open| {
        let resource = open.resource.clone().unwrap_or_else(|| "*".to_owned());
        ("undecided", open.action.clone(), resource)
    });
    let view = |(kind, action, resource)| GapView {
        kind,
        action,
        resource,
    };
    wider.chain(open).map(view).collect()
}
