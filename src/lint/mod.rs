//! What a policy says against what the catalog knows: names that do not exist, and parts that cannot
//! work together.
//!
//! Nothing here is an error: a catalog can be older than a service. Each finding says what AWS lists.

mod keys;
mod support;

use action_catalog::{Action, Service};

use crate::diagnostic::Diagnostic;
use crate::policy::{ActionKnown, Document, Element, Statement};

/// Warnings on names alone: actions and services that the catalog does not know (with near ones),
/// resources that are no ARN, condition operators that do not exist.
pub fn names(document: &Document, file: &str) -> Vec<Diagnostic> {
    crate::policy::lint(document, file, &known)
}

/// All warnings: [`names`]; resources that no action of their statement works on; actions that work
/// on no resource of theirs; condition keys that do not exist, or that no action of their statement is
/// asked with. In the order of the file.
pub fn document(document: &Document, file: &str) -> Vec<Diagnostic> {
    let mut found = names(document, file);
    for statement in &document.statements {
        let actions = matched(statement);
        found.extend(support::of_resources(
            document,
            statement,
            actions.as_deref(),
            file,
        ));
        found.extend(keys::of_conditions(document, statement, actions.as_deref(), file));
    }
    found.sort_by_key(|d| d.place.as_ref().map(|p| (p.line, p.column)));
    found
}

/// An entry of `Action`, and the actions that it matches.
struct Matched<'s> {
    entry: &'s str,
    actions: Vec<(&'static Service, &'static Action)>,
}

/// The actions of a statement; `None` where it has `NotAction`, or an entry that matches everything.
fn matched(statement: &Statement) -> Option<Vec<Matched<'_>>> {
    let Element::Only(entries) = &statement.action else {
        return None;
    };
    if entries.iter().any(|entry| entry == "*" || entry == "*:*") {
        return None;
    }
    let matched = entries.iter().map(|entry| Matched {
        entry,
        actions: action_catalog::matching(entry),
    });
    Some(matched.collect())
}

/// What the catalog says of an entry of `Action`.
pub fn known(entry: &str) -> ActionKnown {
    if !action_catalog::matching(entry).is_empty() {
        return ActionKnown::Known;
    }
    let (prefix, name) = entry.split_once(':').unwrap_or((entry, ""));
    match action_catalog::service(prefix) {
        Some(service) => {
            let names = service.actions.iter().map(|action| action.name.as_str());
            let near = crate::near::several(name, names, 3);
            ActionKnown::UnknownAction {
                near: near
                    .into_iter()
                    .map(|name| format!("{}:{name}", service.prefix))
                    .collect(),
            }
        }
        None => {
            let near = crate::near::several(prefix, action_catalog::prefixes(), 3);
            ActionKnown::UnknownService {
                near: near.into_iter().map(str::to_owned).collect(),
            }
        }
    }
}

#[cfg(test)]
mod tests;
