//! What a trail shows around a refusal: what else the caller was refused, and what others use that do
//! the same.

use std::collections::{BTreeMap, BTreeSet};

use super::asked::Asked;
use super::wanted::{Conditions, Wanted};
use crate::evaluate::Layer;
use crate::evidence::{Ledger, PrincipalKey};
use crate::grants::{Editable, Grants};
use crate::policy::Effect;
use crate::require::Resource;
use crate::trail::outcome::RefusedBy;

/// What a trail shows.
#[derive(Debug, Default)]
pub(super) struct Company {
    /// What the caller was refused besides and never used.
    pub(super) refused: Vec<Wanted>,
    /// Actions that principals use which use the refused one, with one of them.
    pub(super) peers: BTreeMap<String, String>,
}

pub(super) fn of(asked: &Asked, grants: Option<&Grants>, trail: Option<&Ledger>) -> Company {
    let mut company = Company::default();
    let (Some(ledger), Some(action)) = (trail, &asked.action) else {
        return company;
    };
    let holder = grants.and_then(|own| own.principal.clone());
    let holder = holder.or_else(|| {
        let own = asked.principal.as_ref()?;
        Some(own.role.clone().unwrap_or_else(|| own.name.clone()))
    });
    let own_key = holder.as_deref().map(PrincipalKey::of_name);
    for (key, entry) in &ledger.entries {
        if Some(key) == own_key.as_ref() {
            for (refused, evidence) in &entry.evidence.actions {
                if !refused.eq_ignore_ascii_case(action) && !entry.evidence.is_used(refused) {
                    company
                        .refused
                        .extend(evidence.iter().filter_map(|(resource, _, tally)| {
                            let times: u64 = tally
                                .refused
                                .iter()
                                .filter(|(refusal, _)| {
                                    !refusal.explicit
                                        && matches!(refusal.by, RefusedBy::Identity | RefusedBy::Unnamed)
                                })
                                .map(|(_, count)| count)
                                .sum();
                            (times > 0).then(|| refusal(refused, resource, times, asked))
                        }));
                }
            }
        } else if entry.evidence.is_used(action) {
            for used in entry
                .evidence
                .actions
                .keys()
                .filter(|own| entry.evidence.is_used(own))
            {
                company
                    .peers
                    .entry(used.clone())
                    .or_insert_with(|| entry.principal.name.clone());
            }
        }
    }
    company
}

/// The actions that the caller's own policies grant by name: what tickets before this one brought.
pub(super) fn granted(grants: Option<&Grants>) -> BTreeSet<String> {
    let own = grants
        .into_iter()
        .flat_map(|grants| grants.in_layer(Layer::Identity));
    let own = own.filter(|held| held.origin.editable() == Editable::InPlace);
    let statements = own.flat_map(|held| &held.document.statements);
    let allows = statements.filter(|own| own.effect == Effect::Allow && !own.action.is_except());
    let entries = allows
        .flat_map(|own| own.action.patterns())
        .filter(|entry| !entry.contains(['*', '?']));
    entries
        .filter_map(|entry| action_catalog::action(entry))
        .map(|(service, action)| format!("{}:{}", service.prefix, action.name))
        .collect()
}

fn refusal(action: &str, resource: &Resource, times: u64, asked: &Asked) -> Wanted {
    let resource = match resource {
        Resource::Any => "*".to_owned(),
        Resource::Arn(text) | Resource::Pattern { pattern: text, .. } => text.clone(),
        Resource::Unknown => super::operation::of_type(action, asked),
    };
    Wanted {
        action: action.to_owned(),
        resource,
        conditions: Conditions::new(),
        why: format!(
            "the trail shows {times} refused {}",
            if times == 1 { "call" } else { "calls" }
        ),
        source: None,
    }
}
