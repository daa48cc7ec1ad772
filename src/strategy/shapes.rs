//! The strategies that stand on what is granted and used alone.

use std::collections::{BTreeMap, BTreeSet};

use action_catalog::{Level, Service};

use super::Candidate;
use crate::evaluate::Layer;
use crate::evidence::Evidence;
use crate::policy::{Document, Effect, Element, Statement, quota};
use crate::recommend::{Generalise, Subject, cover, granted, on_resources};
use crate::require::Resource;

/// Of each service and access level of which anything was used, all that is granted; conditions, resources
/// and every Deny stay.
pub(super) fn by_level(subject: Subject<'_>) -> Candidate {
    let used = used_levels(subject.evidence);
    let mut policies = Vec::new();
    for held in subject.grants.in_layer(Layer::Identity) {
        let mut statements = Vec::new();
        for statement in &held.document.statements {
            if statement.effect == Effect::Deny {
                statements.push(statement.clone());
                continue;
            }
            let mut kept: BTreeMap<&str, (&'static Service, BTreeSet<&str>)> = BTreeMap::new();
            let mut named = BTreeSet::new();
            for (service, action) in granted(&statement.action).iter().copied() {
                if used.contains(&(service.prefix.as_str(), action.level)) {
                    let entry = kept.entry(&service.prefix).or_insert((service, BTreeSet::new()));
                    entry.1.insert(action.name.as_str());
                    named.insert((service.prefix.as_str(), action.name.to_ascii_lowercase()));
                }
            }
            if kept.is_empty() {
                continue;
            }
            let entries = kept.values().flat_map(|(service, names)| {
                // A wildcard may name what is kept, and nothing else of the catalog.
                let may = |entry: &str| {
                    action_catalog::matching(entry).iter().all(|(own, action)| {
                        named.contains(&(own.prefix.as_str(), action.name.to_ascii_lowercase()))
                    })
                };
                cover(service, names, &may)
            });
            let mut own = statement.clone();
            own.action = Element::Only(entries.collect());
            statements.push(own);
        }
        policies.extend(pages(held.origin.name(), statements));
    }
    fitted(policies)
}

/// Services and access levels of which anything was used.
fn used_levels(evidence: &Evidence) -> BTreeSet<(&'static str, Level)> {
    used(evidence)
        .filter_map(action_catalog::action)
        .map(|(service, action)| (service.prefix.as_str(), action.level))
        .collect()
}

/// Actions that were used.
pub(super) fn used(evidence: &Evidence) -> impl Iterator<Item = &str> {
    evidence
        .actions
        .keys()
        .map(String::as_str)
        .filter(|action| evidence.is_used(action))
}

/// The very actions on the very resources; `*` where a call does not say.
pub(super) fn exact(subject: Subject<'_>) -> Candidate {
    let mut by_resources: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::new();
    for action in used(subject.evidence) {
        let mut resources = BTreeSet::new();
        for (resource, _, _) in subject.evidence.used(action) {
            resources.insert(match resource {
                Resource::Arn(arn) => arn.replace(['*', '$'], "?"),
                Resource::Pattern { pattern, .. } => pattern.clone(),
                Resource::Any | Resource::Unknown => "*".to_owned(),
            });
        }
        let resources = if resources.contains("*") {
            vec!["*".to_owned()]
        } else {
            resources.into_iter().collect()
        };
        by_resources.entry(resources).or_default().push(action.to_owned());
    }
    let statements = by_resources
        .into_iter()
        .map(|(resources, actions)| allow(actions, resources));
    fitted(pages("exact", statements.collect()))
}

/// `service:*` on `*` for each service used.
pub(super) fn whole_services(subject: Subject<'_>) -> Candidate {
    let services: BTreeSet<String> = used(subject.evidence)
        .filter_map(|action| action.split_once(':'))
        .map(|(prefix, _)| format!("{prefix}:*"))
        .collect();
    if services.is_empty() {
        return Candidate::default();
    }
    let statement = allow(services.into_iter().collect(), vec!["*".to_owned()]);
    fitted(pages("services", vec![statement]))
}

/// What a set of policies lacks of the use: one statement a set of resources, generalised by the rules of
/// `recommend`.
pub(super) fn additions(lacking: &BTreeMap<&str, Vec<&Resource>>) -> Vec<Statement> {
    let mut by_resources: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::new();
    for (action, resources) in lacking {
        let (on, _) = on_resources(action, resources, Generalise::Rules);
        by_resources
            .entry(on.patterns())
            .or_default()
            .push((*action).to_owned());
    }
    by_resources
        .into_iter()
        .map(|(resources, actions)| allow(actions, resources))
        .collect()
}

pub(super) fn allow(actions: Vec<String>, resources: Vec<String>) -> Statement {
    Statement::new(
        Effect::Allow,
        Element::Only(actions),
        Some(Element::Only(resources)),
    )
}

/// Statements over as many documents as they take, in order; one that is too long by itself is cut by its
/// longer list.
pub(super) fn pages(name: &str, statements: Vec<Statement>) -> Vec<(String, Document)> {
    let limit = quota::MANAGED_POLICY.limit;
    let mut queue: Vec<Statement> = statements.into_iter().rev().collect();
    let mut pages: Vec<Vec<Statement>> = Vec::new();
    let size = |statements: &[Statement]| quota::size(&Document::new(statements.to_vec()));
    while let Some(statement) = queue.pop() {
        if size(std::slice::from_ref(&statement)) > limit
            && let Some((first, second)) = halves(&statement)
        {
            queue.push(second);
            queue.push(first);
            continue;
        }
        let fits = pages.last().is_some_and(|page| {
            let mut with = page.clone();
            with.push(statement.clone());
            size(&with) <= limit
        });
        match pages.last_mut().filter(|_| fits) {
            Some(page) => page.push(statement),
            None => pages.push(vec![statement]),
        }
    }
    let many = pages.len() > 1;
    let named = |(at, page): (usize, Vec<Statement>)| {
        let name = if many {
            format!("{name}-{}", at + 1)
        } else {
            name.to_owned()
        };
        (name, Document::new(page))
    };
    pages.into_iter().enumerate().map(named).collect()
}

/// Two statements that say the same together. An Allow or Deny of a list is the union of its parts; one of
/// `NotAction` or `NotResource` is not.
fn halves(statement: &Statement) -> Option<(Statement, Statement)> {
    let (mut first, mut second) = (statement.clone(), statement.clone());
    let (Element::Only(actions), Some(Element::Only(resources))) = (&statement.action, &statement.resource)
    else {
        return None;
    };
    let length = |list: &[String]| list.iter().map(|text| text.len() + 3).sum::<usize>();
    let (list, is_actions) = if length(actions) >= length(resources) {
        (actions, true)
    } else {
        (resources, false)
    };
    let (left, right) = list.split_at_checked(list.len() / 2)?;
    if left.is_empty() {
        return None;
    }
    for (own, part) in [(&mut first, left), (&mut second, right)] {
        let part = Element::Only(part.to_vec());
        if is_actions {
            own.action = part;
        } else {
            own.resource = Some(part);
        }
    }
    second.sid = None;
    Some((first, second))
}

/// With a word on whether IAM takes it.
pub(super) fn fitted(policies: Vec<(String, Document)>) -> Candidate {
    let too_long = |(_, document): &(String, Document)| quota::size(document) > quota::MANAGED_POLICY.limit;
    Candidate {
        overflow: policies.len() > quota::ATTACHED.limit || policies.iter().any(too_long),
        policies,
    }
}
