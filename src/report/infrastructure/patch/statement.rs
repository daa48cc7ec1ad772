//! Statements as they stand in files, held against those of the grants.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use hcl_edit::Span;
use hcl_edit::expr::{Expression, ObjectKey};
use serde_json::{Map, Value, json};

use crate::policy::{Document, Statement, print};
use crate::recommend::PolicyChange;

/// A statement in a file.
pub(super) struct Own {
    /// All of it.
    pub(super) span: Range<usize>,
    /// Its members by IAM's names.
    pub(super) members: BTreeMap<String, Member>,
}

/// A member of a statement.
pub(super) struct Member {
    /// The key.
    pub(super) key: Range<usize>,
    /// The value.
    pub(super) value: Range<usize>,
    /// What it says; `None` where that hangs on something else.
    pub(super) says: Option<Value>,
}

/// What becomes of a statement of the policy before.
pub(super) enum Fate<'p> {
    Stays,
    Goes,
    /// It becomes these.
    Becomes(Vec<&'p Statement>),
}

/// What becomes of each statement before, and what comes new.
pub(super) fn fates<'p>(
    policy: &'p PolicyChange,
    before: &Document,
    after: &'p Document,
) -> (Vec<Fate<'p>>, Vec<&'p Statement>) {
    let of = |at: Option<usize>| -> Vec<&Statement> {
        let beside = policy.after_statements.iter().zip(&after.statements);
        beside
            .filter(|(own, _)| own.from == at)
            .map(|(_, statement)| statement)
            .collect()
    };
    let fate = |(at, old): (usize, &Statement)| match of(Some(at)).as_slice() {
        [] => Fate::Goes,
        [one] if value(one) == value(old) => Fate::Stays,
        some => Fate::Becomes(some.to_vec()),
    };
    (before.statements.iter().enumerate().map(fate).collect(), of(None))
}

pub(super) fn value(statement: &Statement) -> Value {
    print::statement_value(statement)
}

/// Members in order.
pub(super) fn members(statement: &Statement) -> Map<String, Value> {
    match value(statement) {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// Whether the file says what the grants say, as far as it says it by itself.
pub(super) fn agree(own: &Own, before: &Statement) -> bool {
    let theirs = members(before);
    let says = |(key, member): (&String, &Member)| match (&member.says, theirs.get(key)) {
        (None, Some(_)) => true,
        (Some(says), Some(other)) => canonical(says) == canonical(other),
        // A Sid of no characters is none.
        (Some(says), None) => says == &json!("") || says == &json!({}),
        (None, None) => false,
    };
    own.members.iter().all(says) && theirs.keys().all(|key| own.members.contains_key(key))
}

/// Lists in any order, one value as a list, numbers and truths as text.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let sorted: BTreeMap<&String, Value> =
                members.iter().map(|(key, own)| (key, canonical(own))).collect();
            json!(sorted)
        }
        Value::Array(list) => {
            let texts: BTreeSet<String> = list.iter().map(text).collect();
            json!(texts)
        }
        one => json!([text(one)]),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What an expression says by itself; `None` where it hangs on anything else.
pub(super) fn literal(expression: &Expression) -> Option<Value> {
    Some(match expression {
        Expression::String(text) => json!(plain(text)),
        Expression::Bool(own) => json!(*own.value()),
        Expression::Number(number) => serde_json::from_str(&number.value().to_string()).ok()?,
        Expression::Array(list) => Value::Array(list.iter().map(literal).collect::<Option<_>>()?),
        Expression::Object(object) => {
            let mut members = Map::new();
            for (key, own) in object {
                members.insert(key_text(key)?, literal(own.expr())?);
            }
            Value::Object(members)
        }
        Expression::Parenthesis(inner) => literal(inner.inner())?,
        _ => return None,
    })
}

/// Doubled signs stand for themselves.
pub(super) fn plain(text: &str) -> String {
    text.replace("$${", "${").replace("%%{", "%{")
}

pub(super) fn key_text(key: &ObjectKey) -> Option<String> {
    match key {
        ObjectKey::Ident(ident) => Some(ident.as_str().to_owned()),
        ObjectKey::Expression(Expression::String(text)) => Some(plain(text)),
        ObjectKey::Expression(_) => None,
    }
}

pub(super) fn span_of(node: &impl Span) -> Range<usize> {
    node.span().unwrap_or(0..0)
}
