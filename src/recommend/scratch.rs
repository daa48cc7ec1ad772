//! A policy from nothing: what was observed, for a principal that holds nothing yet.

use std::collections::BTreeMap;

use super::draft::Draft;
use super::finding::Reason;
use super::narrow::{Kept, On};
use super::policies::Sheet;
use super::resources::{Narrowed, generalise};
use crate::evaluate::Layer;
use crate::evidence::Evidence;
use crate::grants::{Held, Origin};
use crate::policy::{Document, Effect, Element, Span, Statement, Version};
use crate::require::Resource;

/// A new policy that allows all that was used.
pub(super) fn sheet(evidence: &Evidence) -> Sheet {
    let kept = evidence
        .actions
        .keys()
        .filter_map(|action| kept(action, evidence))
        .collect();
    let held = Held {
        origin: Origin::New {
            name: "observed".to_owned(),
        },
        layer: Layer::Identity,
        document: Document {
            version: Version::V2012,
            id: None,
            statements: Vec::new(),
            source: "".into(),
        },
        holders: Vec::new(),
    };
    Sheet {
        held,
        before: Vec::new(),
        drafts: drafts(kept),
        existed: false,
    }
}

fn kept(action: &str, evidence: &Evidence) -> Option<Kept> {
    let used: Vec<&Resource> = evidence.used(action).map(|(resource, _, _)| resource).collect();
    if used.is_empty() {
        return None;
    }
    let (on, reason) = on_resources(action, &used);
    Some(Kept {
        action: action.to_owned(),
        on,
        reason,
    })
}

/// The observed resources, generalised; `*` where the action has none, or a call does not say which.
pub(super) fn on_resources(action: &str, used: &[&Resource]) -> (On, Reason) {
    let everything = |reason| {
        (
            On::These(vec![Narrowed {
                pattern: "*".to_owned(),
                rule: None,
                members: 0,
                examples: Vec::new(),
            }]),
            reason,
        )
    };
    if used.iter().any(|resource| matches!(resource, Resource::Unknown)) {
        return everything(Reason::UsedOnUnknown);
    }
    match action_catalog::action(action) {
        Some((service, _)) if used.iter().all(|resource| !matches!(resource, Resource::Any)) => {
            (On::These(generalise(service, used, "*")), Reason::Used)
        }
        _ => everything(Reason::Used),
    }
}

/// One statement a distinct set of resources, in the order of those sets.
pub(super) fn drafts(kept: Vec<Kept>) -> Vec<Draft> {
    let mut by_resources: BTreeMap<Vec<String>, Vec<Kept>> = BTreeMap::new();
    for kept in kept {
        by_resources.entry(kept.on.patterns()).or_default().push(kept);
    }
    by_resources
        .into_values()
        .map(|kept| Draft {
            from: None,
            template: template(),
            untouched: false,
            kept,
            granted: Vec::new(),
            forced: BTreeMap::new(),
        })
        .collect()
}

fn template() -> Statement {
    Statement {
        sid: None,
        effect: Effect::Allow,
        principal: None,
        not_principal: false,
        action: Element::Only(Vec::new()),
        resource: None,
        conditions: Vec::new(),
        span: Span::default(),
        action_spans: Vec::new(),
        resource_spans: Vec::new(),
    }
}
