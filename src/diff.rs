//! Grants before and after: as meaning (which statements were narrowed, removed, added, and why)
//! and as lines of text.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::grants::Origin;
use crate::policy::{Document, print};
use crate::recommend::{After, Change, Fate, Kept, Narrowed, On, PolicyChange, Reason};

/// What happens to one policy.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Edit {
    /// Which policy.
    pub policy: Origin,
    /// What happens to it.
    pub change: Change,
    /// The policy in whose place it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaces: Option<Origin>,
    /// Everybody it reaches, where that is more than this principal.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shared_with: Vec<String>,
    /// Statement by statement.
    pub statements: Vec<StatementEdit>,
    /// The text before and after as a unified diff, for policies whose text changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// What happens to one statement.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct StatementEdit {
    /// What happens.
    pub change: StatementChange,
    /// The statement before; absent for one that is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What is made of it; empty where it goes.
    pub after: Vec<Value>,
    /// Why each part of what is left is left.
    pub why: Vec<Why>,
    /// Actions that go because they could have been seen and never were.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unused: Vec<String>,
    /// Actions that go because the permissions boundary never allows them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ineffective: Vec<String>,
    /// Actions that go because the caller decided to leave out what cannot be seen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
}

/// What happens to a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StatementChange {
    /// It stays to the letter.
    Unchanged,
    /// It stays in part.
    Narrowed,
    /// More is added to it on request.
    Widened,
    /// It goes.
    Removed,
    /// It is made.
    Added,
}

/// Actions that stay for one reason on the same resources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Why {
    /// The actions.
    pub actions: Vec<String>,
    /// The reason.
    #[serde(flatten)]
    pub reason: Reason,
    /// The resources, each with the rule behind it; empty where the statement's `NotResource` stays.
    pub resources: Vec<Narrowed>,
    /// Wildcards that a quota forced, with the unused actions that they admit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forced: Vec<Forced>,
}

/// A wildcard that a quota forced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Forced {
    /// The entry.
    pub wildcard: String,
    /// Unused actions that it admits; they were granted before.
    pub admits: Vec<String>,
}

/// Every policy's change, in order; unchanged policies included.
pub fn edits(policies: &[PolicyChange], principal: Option<&str>) -> Vec<Edit> {
    policies.iter().map(|policy| edit(policy, principal)).collect()
}

fn edit(policy: &PolicyChange, principal: Option<&str>) -> Edit {
    let mut statements = Vec::new();
    if let Some(before) = &policy.before {
        for (at, statement) in before.statements.iter().enumerate() {
            statements.push(of_before(policy, at, print::statement_value(statement)));
        }
    }
    for (at, after) in policy
        .after_statements
        .iter()
        .enumerate()
        .filter(|(_, after)| policy.before.is_none() || after.from.is_none())
    {
        statements.push(StatementEdit {
            change: StatementChange::Added,
            before: None,
            after: text_of(policy.after.as_ref(), at).into_iter().collect(),
            why: whys(after),
            unused: Vec::new(),
            ineffective: Vec::new(),
            left_out: Vec::new(),
        });
    }
    let others = policy
        .holders
        .iter()
        .filter(|holder| Some(holder.as_str()) != principal)
        .cloned();
    Edit {
        policy: policy.origin.clone(),
        change: policy.change,
        replaces: policy.replaces.clone(),
        shared_with: others.collect(),
        statements,
        text: text_diff(policy),
    }
}

fn of_before(policy: &PolicyChange, at: usize, before: Value) -> StatementEdit {
    let gone = policy.before_statements.get(at).cloned().unwrap_or_default();
    // The parts of a statement of a replaced policy stand in the new policies.
    let moved = matches!(policy.change, Change::Detach);
    let mine = || {
        policy
            .after_statements
            .iter()
            .enumerate()
            .filter(|(_, after)| after.from == Some(at) && !moved)
    };
    StatementEdit {
        change: match policy.fate(at) {
            Fate::Unchanged => StatementChange::Unchanged,
            Fate::Narrowed => StatementChange::Narrowed,
            Fate::Widened => StatementChange::Widened,
            Fate::Removed => StatementChange::Removed,
        },
        before: Some(before),
        after: mine()
            .filter_map(|(number, _)| text_of(policy.after.as_ref(), number))
            .collect(),
        why: mine().flat_map(|(_, after)| whys(after)).collect(),
        unused: gone.dropped,
        ineffective: gone.ineffective,
        left_out: gone.left_out,
    }
}

fn text_of(document: Option<&Document>, at: usize) -> Option<Value> {
    document
        .and_then(|document| document.statements.get(at))
        .map(print::statement_value)
}

/// The kept actions of a statement, grouped by reason and resources, what was used first.
pub fn whys(after: &After) -> Vec<Why> {
    let mut groups: Vec<Why> = Vec::new();
    for kept in &after.kept {
        let resources = resources(kept);
        match groups
            .iter_mut()
            .find(|why| why.reason == kept.reason && why.resources == resources)
        {
            Some(why) => why.actions.push(kept.action.clone()),
            None => groups.push(Why {
                actions: vec![kept.action.clone()],
                reason: kept.reason.clone(),
                resources,
                forced: Vec::new(),
            }),
        }
    }
    // Use first: it is what a reader looks for.
    groups.sort_by_key(|why| !why.reason.is_use());
    if let Some(first) = groups.first_mut() {
        let forced = after.forced.iter();
        first.forced = forced
            .map(|(wildcard, admits)| Forced {
                wildcard: wildcard.clone(),
                admits: admits.clone(),
            })
            .collect();
    }
    groups
}

fn resources(kept: &Kept) -> Vec<Narrowed> {
    match &kept.on {
        On::These(list) => list.clone(),
        On::AllBut(_) => Vec::new(),
    }
}

fn text_diff(policy: &PolicyChange) -> Option<String> {
    if policy.change != Change::Edit {
        return None;
    }
    let before = print::document_text(policy.before.as_ref()?);
    let after = print::document_text(policy.after.as_ref()?);
    let name = policy.origin.name();
    let diff = similar::TextDiff::from_lines(&before, &after);
    Some(
        diff.unified_diff()
            .context_radius(3)
            .header(&format!("a/{name}"), &format!("b/{name}"))
            .to_string(),
    )
}
