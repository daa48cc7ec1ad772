//! Statements on their way from the judged to the written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::actions::{Granted, entries, exact_wildcards};
use super::finding::Reason;
use super::narrow::{Kept, On, Outcome};
use crate::policy::{Effect, Element, Span, Statement};

/// How hard a list of actions is pressed to fit a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Press {
    /// Every action by name, or by an entry that stood before.
    No,
    /// Wildcards that name exactly the same actions of the catalog.
    ExactWildcards,
}

/// A statement of the policy after the change.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    /// Which statement of the policy before it comes from.
    pub(super) from: Option<usize>,
    /// The statement as it was (for what does not change: Sid, effect, conditions).
    pub(super) template: Statement,
    /// Written as it was, to the byte.
    pub(super) untouched: bool,
    /// What it allows, with reasons. Empty for what is not judged (Deny).
    pub(super) kept: Vec<Kept>,
    /// Which action elements granted this before: wildcards may not reach beyond them.
    pub(super) granted: Vec<Arc<Granted>>,
    /// Service wildcards that a quota forced, and what they admit beyond `kept`.
    pub(super) forced: BTreeMap<String, Vec<String>>,
}

impl Draft {
    /// A statement that stays as it is.
    pub(super) fn untouched(from: usize, statement: &Statement, kept: Vec<Kept>) -> Self {
        Self {
            from: Some(from),
            template: statement.clone(),
            untouched: true,
            kept,
            granted: vec![Granted::new(statement.action.clone())],
            forced: BTreeMap::new(),
        }
    }

    /// The drafts of a judged Allow statement: one a distinct set of resources. The one that keeps
    /// the statement's own resources stands first and keeps its Sid.
    pub(super) fn of(from: usize, statement: &Statement, outcome: &Outcome) -> Vec<Self> {
        let mut by_resources: Vec<(Vec<String>, Vec<Kept>)> = Vec::new();
        for kept in &outcome.kept {
            let key = sorted(kept.on.patterns());
            match by_resources.iter_mut().find(|(known, _)| *known == key) {
                Some((_, list)) => list.push(kept.clone()),
                None => by_resources.push((key, vec![kept.clone()])),
            }
        }
        let own = sorted(
            statement
                .resource
                .as_ref()
                .map(|resource| resource.patterns().to_vec())
                .unwrap_or_default(),
        );
        let nothing_gone =
            outcome.dropped.is_empty() && outcome.ineffective.is_empty() && outcome.left_out.is_empty();
        if let [(only, kept)] = by_resources.as_slice()
            && nothing_gone
            && (*only == own || statement.resource.is_none())
        {
            return vec![Self::untouched(from, statement, kept.clone())];
        }
        by_resources.sort_by_key(|(key, _)| *key != own);
        let granted = Granted::new(statement.action.clone());
        by_resources
            .into_iter()
            .map(|(_, kept)| Self {
                from: Some(from),
                template: statement.clone(),
                untouched: false,
                kept,
                granted: vec![granted.clone()],
                forced: BTreeMap::new(),
            })
            .collect()
    }

    fn on(&self) -> Option<&On> {
        self.kept.first().map(|kept| &kept.on)
    }

    /// Whether it adds what was asked for: that stays apart, so that each line can say why it is there.
    fn is_requested(&self) -> bool {
        self.kept.iter().any(|kept| kept.reason == Reason::Requested)
    }

    /// Whether it is on all but its resource patterns.
    fn is_all_but(&self) -> bool {
        matches!(self.on(), Some(On::AllBut(_)))
    }

    /// The resource patterns, sorted, for comparing.
    fn resources(&self) -> Option<Vec<String>> {
        self.on().map(|on| sorted(on.patterns()))
    }

    fn actions(&self) -> BTreeSet<String> {
        self.kept.iter().map(|kept| kept.action.clone()).collect()
    }

    /// The statement as it will be written.
    pub(super) fn statement(&self, press: Press) -> Statement {
        if self.untouched {
            return self.template.clone();
        }
        let mut list = entries(&self.granted, &self.actions());
        if press == Press::ExactWildcards {
            list = pressed(list, &self.granted);
        }
        if !self.forced.is_empty() {
            list.retain(|entry| {
                !self
                    .forced
                    .keys()
                    .any(|wildcard| crate::pattern::is_subset_ignore_case(entry, wildcard))
            });
            list.extend(self.forced.keys().cloned());
            list.sort();
        }
        Statement {
            action: Element::Only(list),
            resource: self.on().map(On::element),
            span: Span::default(),
            action_spans: Vec::new(),
            resource_spans: Vec::new(),
            ..self.template.clone()
        }
    }
}

/// With wildcards that stay within one of the elements that granted before.
fn pressed(list: Vec<String>, granted: &[Arc<Granted>]) -> Vec<String> {
    let mut best = list.clone();
    for element in granted {
        let tried = exact_wildcards(&list, element);
        if length(&tried) < length(&best) {
            best = tried;
        }
    }
    best
}

fn length(list: &[String]) -> usize {
    list.iter().map(|entry| entry.len() + 3).sum()
}

fn sorted(mut list: Vec<String>) -> Vec<String> {
    list.sort();
    list.dedup();
    list
}

/// Joins changed Allow statements: first those with equal resources, then those with equal actions.
/// A statement with a Sid was named by a person for what it does, and takes in nothing from others.
pub(super) fn merged(drafts: Vec<Draft>) -> Vec<Draft> {
    let by_resources = join(
        drafts,
        // `Resource` and `NotResource` with the same patterns are the opposite of each other.
        |a, b| a.is_all_but() == b.is_all_but() && a.resources() == b.resources(),
        |into, from| {
            let known = into.actions();
            into.kept
                .extend(from.kept.into_iter().filter(|kept| !known.contains(&kept.action)));
            into.granted.extend(from.granted);
        },
    );
    join(by_resources, equal_actions, |into, from| {
        let mut patterns: BTreeMap<String, super::resources::Narrowed> = BTreeMap::new();
        for kept in into.kept.iter().chain(&from.kept) {
            if let On::These(list) = &kept.on {
                patterns.extend(
                    list.iter()
                        .map(|narrowed| (narrowed.pattern.clone(), narrowed.clone())),
                );
            }
        }
        let on = On::These(patterns.into_values().collect());
        into.kept.iter_mut().for_each(|kept| kept.on = on.clone());
        // A wildcard of one statement was never granted on the other's resources.
        into.granted.clear();
    })
}

fn equal_actions(a: &Draft, b: &Draft) -> bool {
    let these = |draft: &Draft| matches!(draft.on(), Some(On::These(_)));
    these(a) && these(b) && a.actions() == b.actions() && a.is_requested() == b.is_requested()
}

fn join(
    drafts: Vec<Draft>,
    alike: impl Fn(&Draft, &Draft) -> bool,
    mut add: impl FnMut(&mut Draft, Draft),
) -> Vec<Draft> {
    let mut done: Vec<Draft> = Vec::new();
    for draft in drafts {
        let may_join = |other: &Draft| {
            !other.untouched
                && !draft.untouched
                && other.template.effect == Effect::Allow
                && draft.template.effect == Effect::Allow
                && (other.from == draft.from
                    || (other.template.sid.is_none() && draft.template.sid.is_none()))
                && same_conditions(&other.template, &draft.template)
                && alike(other, &draft)
        };
        match done.iter_mut().find(|other| may_join(other)) {
            Some(other) => add(other, draft),
            None => done.push(draft),
        }
    }
    done
}

fn same_conditions(a: &Statement, b: &Statement) -> bool {
    let (mut a, mut b) = (a.conditions.clone(), b.conditions.clone());
    a.sort();
    b.sort();
    a == b
}

/// Gives each statement a Sid of its own: the first one from a statement keeps its Sid, the others
/// get a number behind it, one that no other statement has. Statements without Sid stay without.
pub(super) fn name_statements(statements: &mut [Statement]) {
    let own: BTreeSet<String> = statements
        .iter()
        .filter_map(|statement| statement.sid.clone())
        .collect();
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for statement in statements.iter_mut() {
        let Some(sid) = statement.sid.clone() else {
            continue;
        };
        if taken.insert(sid.clone()) {
            continue;
        }
        let free = (2..)
            .map(|number| format!("{sid}{number}"))
            .find(|name| !taken.contains(name) && !own.contains(name))
            .unwrap_or(sid);
        taken.insert(free.clone());
        statement.sid = Some(free);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_statement_takes_no_name_that_another_has() {
        let named = |sid: &str| {
            let element = || Element::Only(vec!["*".to_owned()]);
            let statement = Statement::new(Effect::Allow, element(), Some(element()));
            Statement {
                sid: Some(sid.to_owned()),
                ..statement
            }
        };
        let mut statements = ["A", "A", "A2", "A"].map(named);
        name_statements(&mut statements);
        assert_eq!(
            statements.map(|statement| statement.sid.unwrap()),
            ["A", "A3", "A2", "A4"]
        );
    }
}
