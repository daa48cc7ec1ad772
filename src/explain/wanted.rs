//! An action that is wanted, and the statements that grant a list of them.

use std::collections::BTreeMap;

use super::view::Want;
use crate::policy::{Condition, Effect, Element, Statement, print};

/// Operator, key, value.
pub(super) type Conditions = BTreeMap<String, BTreeMap<String, String>>;

/// An action on a resource, and why it is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) action: String,
    pub(super) resource: String,
    pub(super) conditions: Conditions,
    pub(super) why: String,
    pub(super) source: Option<String>,
}

impl Wanted {
    /// The statement that grants it alone.
    pub(super) fn statement(&self) -> Statement {
        let mut statement = Statement::new(
            Effect::Allow,
            Element::Only(vec![self.action.clone()]),
            Some(Element::Only(vec![self.resource.clone()])),
        );
        for (operator, keys) in &self.conditions {
            statement
                .conditions
                .extend(keys.iter().map(|(key, value)| Condition {
                    operator: operator.clone(),
                    key: key.clone(),
                    values: vec![value.clone()],
                }));
        }
        statement
    }

    pub(super) fn view(&self) -> Want {
        Want {
            action: self.action.clone(),
            resource: self.resource.clone(),
            conditions: self.conditions.clone(),
            why: self.why.clone(),
            source: self.source.clone(),
            statement: print::statement_value(&self.statement()),
        }
    }

    /// Whether another grants all that this one does.
    pub(super) fn is_within(&self, other: &Self) -> bool {
        self.action.eq_ignore_ascii_case(&other.action)
            && (self.conditions == other.conditions || other.conditions.is_empty())
            && crate::pattern::resource_is_subset(&self.resource, &other.resource) == Some(true)
    }
}

/// Statements that grant the list: one for each distinct resource and condition, those with equal
/// actions in one.
pub(super) fn statements(wanted: &[Wanted]) -> Vec<Statement> {
    let mut by_resource: BTreeMap<(&str, &Conditions), Vec<String>> = BTreeMap::new();
    for own in wanted {
        by_resource
            .entry((&own.resource, &own.conditions))
            .or_default()
            .push(own.action.clone());
    }
    let mut by_actions: BTreeMap<(&Conditions, Vec<String>), Vec<String>> = BTreeMap::new();
    for ((resource, conditions), mut actions) in by_resource {
        actions.sort();
        actions.dedup();
        by_actions
            .entry((conditions, actions))
            .or_default()
            .push(resource.to_owned());
    }
    let statement = |((conditions, actions), resources): ((&Conditions, Vec<String>), Vec<String>)| {
        let one = Wanted {
            action: String::new(),
            resource: String::new(),
            conditions: conditions.clone(),
            why: String::new(),
            source: None,
        };
        Statement {
            action: Element::Only(actions),
            resource: Some(Element::Only(resources)),
            ..one.statement()
        }
    };
    by_actions.into_iter().map(statement).collect()
}
