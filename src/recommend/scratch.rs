//! A policy from nothing: what was observed, for a principal that holds nothing yet.

use std::collections::BTreeMap;

use super::draft::Draft;
use super::finding::Reason;
use super::narrow::{Kept, On};
use super::policies::Sheet;
use super::resources::{Generalise, Narrowed, Rule, generalise};
use crate::evaluate::Layer;
use crate::evidence::Evidence;
use crate::grants::{Held, Origin};
use crate::policy::{Document, Effect, Element, Span, Statement, Version};
use crate::require::Resource;

/// A new policy that allows all that was used.
pub(super) fn sheet(evidence: &Evidence, how: Generalise) -> Sheet {
    let kept = evidence
        .actions
        .keys()
        .filter_map(|action| kept(action, evidence, how))
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
        boundary_of: Vec::new(),
    };
    Sheet {
        held,
        before: Vec::new(),
        drafts: drafts(kept),
        existed: false,
    }
}

fn kept(action: &str, evidence: &Evidence, how: Generalise) -> Option<Kept> {
    let used: Vec<&Resource> = evidence.used(action).map(|(resource, _, _)| resource).collect();
    if used.is_empty() {
        return None;
    }
    let (on, reason) = on_resources(action, &used, how);
    Some(Kept {
        action: action.to_owned(),
        on,
        reason,
    })
}

/// The observed resources, generalised; `*` where the action has none. Where a call does not say on
/// which resource it was made, every resource of the types that the action takes.
pub(crate) fn on_resources(action: &str, used: &[&Resource], how: Generalise) -> (On, Reason) {
    let Some((service, known)) = action_catalog::action(action) else {
        return (On::These(vec![pattern("*".to_owned(), None)]), Reason::Used);
    };
    if known.resources.is_empty() || used.iter().any(|resource| matches!(resource, Resource::Any)) {
        return (On::These(vec![pattern("*".to_owned(), None)]), Reason::Used);
    }
    if used.iter().any(|resource| matches!(resource, Resource::Unknown)) {
        let types = known
            .resources
            .iter()
            .filter_map(|resource| service.resource_type(&resource.name));
        let mut patterns: Vec<String> = types
            .flat_map(|kind| &kind.arns)
            .map(|template| crate::require::starred(template))
            .collect();
        patterns.sort();
        patterns.dedup();
        let patterns = patterns
            .into_iter()
            .map(|text| pattern(text, Some(Rule::Template)))
            .collect();
        return (On::These(patterns), Reason::UsedOnUnknown);
    }
    (On::These(generalise(service, used, "*", how)), Reason::Used)
}

fn pattern(pattern: String, rule: Option<Rule>) -> Narrowed {
    Narrowed {
        rule,
        ..Narrowed::as_named(&pattern)
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
