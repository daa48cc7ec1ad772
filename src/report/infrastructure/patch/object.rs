//! Policies that are written in one expression: `jsonencode({…})`, JSON in a heredoc or in a string.

use std::collections::BTreeMap;

use hcl_edit::expr::{Expression, Object};
use serde_json::Value;

use super::edit::{Replace, margin, without};
use super::statement::{Fate, Member, Own, agree, fates, key_text, literal, members, plain, span_of, value};
use super::write;
use crate::policy::{Document, Span as Place, Statement, print};
use crate::recommend::PolicyChange;

/// The change, and the policy before and after it.
pub(super) type Wanted<'p> = (&'p PolicyChange, &'p Document, &'p Document);

pub(super) const OTHER: &str =
    "what stands here is not what is granted today: the files and the account differ";

/// `jsonencode({…})`.
pub(super) fn edited(
    text: &str,
    object: &Object,
    (policy, before, after): Wanted<'_>,
) -> Result<Vec<Replace>, String> {
    let (_, list) = object
        .iter()
        .find(|(key, _)| key_text(key).as_deref() == Some("Statement"))
        .ok_or("it has no Statement")?;
    let list = list.expr();
    let items: Vec<&Expression> = match list {
        Expression::Array(array) => array.iter().collect(),
        one => vec![one],
    };
    let owns: Option<Vec<Own>> = items.iter().map(|item| own(item.as_object()?)).collect();
    let owns = owns.ok_or("a statement of it is not written here")?;
    let same = owns.len() == before.statements.len();
    if !same
        || !owns
            .iter()
            .zip(&before.statements)
            .all(|(own, old)| agree(own, old))
    {
        return Err(OTHER.to_owned());
    }
    let (fates, new) = fates(policy, before, after);
    if !matches!(list, Expression::Array(_)) {
        let all: Vec<Value> = after.statements.iter().map(value).collect();
        let whole = write::value(&Value::Array(all), margin(text, span_of(list).start));
        return Ok(vec![Replace::new(span_of(list), whole)]);
    }
    let mut replaces = Vec::new();
    let mut end = span_of(list).start + 1;
    let count = owns.len();
    for (at, ((own, old), fate)) in owns.iter().zip(&before.statements).zip(&fates).enumerate() {
        let side = margin(text, own.span.start);
        let mut more: Vec<&Statement> = Vec::new();
        match fate {
            Fate::Stays => {}
            Fate::Goes => replaces.push(without(text, own.span.clone(), end)),
            Fate::Becomes(some) => {
                if let Some((first, rest)) = some.split_first() {
                    replaces.extend(in_place(text, own, old, first, side));
                    more.extend(rest);
                }
            }
        }
        if at + 1 == count {
            more.extend(&new);
        }
        if !more.is_empty() {
            let lines = more
                .iter()
                .map(|one| format!(",\n{side}{}", write::value(&value(one), side)));
            replaces.push(Replace::new(
                own.span.end..own.span.end,
                lines.collect::<String>(),
            ));
        }
        end = own.span.end;
    }
    Ok(replaces)
}

fn own(object: &Object) -> Option<Own> {
    let mut members = BTreeMap::new();
    for (key, own) in object {
        let member = Member {
            key: span_of(key),
            value: span_of(own.expr()),
            says: literal(own.expr()),
        };
        members.insert(key_text(key)?, member);
    }
    Some(Own {
        span: span_of(object),
        members,
    })
}

/// The members that differ, each in its place; the whole statement where members come or go.
fn in_place(text: &str, own: &Own, old: &Statement, new: &Statement, side: &str) -> Vec<Replace> {
    let (before, after) = (members(old), members(new));
    let plain = |key: &str| key.strip_prefix("Not").unwrap_or(key).to_owned();
    let keys = |of: &serde_json::Map<String, Value>| of.keys().map(|key| plain(key)).collect::<Vec<_>>();
    if keys(&before) != keys(&after) {
        return vec![Replace::new(own.span.clone(), write::value(&value(new), side))];
    }
    let mut replaces = Vec::new();
    for ((old_key, old_value), (key, new_value)) in before.iter().zip(&after) {
        let Some(member) = own.members.get(old_key) else {
            continue;
        };
        if old_key != key {
            let quoted = text
                .get(member.key.clone())
                .is_some_and(|own| own.starts_with('"'));
            let key = if quoted { format!("\"{key}\"") } else { key.clone() };
            replaces.push(Replace::new(member.key.clone(), key));
        }
        if old_value != new_value {
            let side = margin(text, member.key.start);
            // A list stays a list.
            let list = text
                .get(member.value.clone())
                .is_some_and(|own| own.starts_with('['));
            let kept = match new_value {
                Value::String(_) if list => Value::Array(vec![new_value.clone()]),
                other => other.clone(),
            };
            replaces.push(Replace::new(member.value.clone(), write::value(&kept, side)));
        }
    }
    replaces
}

/// Signs that no policy holds stand for `$${` and `${` while the JSON is worked on.
const DOUBLED: char = '\u{e000}';
const TEMPLATE: char = '\u{e001}';

/// JSON in a heredoc: its lines stay where they do not change.
pub(super) fn heredoc(
    text: &str,
    expression: &Expression,
    wanted: Wanted<'_>,
) -> Result<Vec<Replace>, String> {
    let span = span_of(expression);
    let whole = text.get(span.clone()).ok_or("it cannot be read")?;
    let start = whole.find('\n').ok_or("it cannot be read")? + 1;
    let mark = whole
        .get(..start)
        .unwrap_or_default()
        .trim_start_matches(['<', '-'])
        .trim();
    let end = whole
        .rfind(mark)
        .filter(|end| *end >= start)
        .ok_or("it cannot be read")?;
    let end = whole
        .get(..end)
        .map_or(end, |lead| lead.rfind('\n').map_or(start, |newline| newline + 1));
    let json = whole.get(start..end).unwrap_or_default();
    let json = json
        .replace("$${", &DOUBLED.to_string())
        .replace("${", &TEMPLATE.to_string());
    if json.contains("%{") && !json.contains("%%{") {
        return Err("it holds a template directive".to_owned());
    }
    let (own, _) = crate::policy::parse(&json, "");
    let own = own.ok_or("it is not JSON by itself")?;
    let made = rewritten(&own, wanted)?;
    // What comes new may hold policy variables.
    let made = made.replace("${", "$${").replace("%{", "%%{");
    let made = made.replace(DOUBLED, "$${").replace(TEMPLATE, "${");
    let made = made.trim_end_matches('\n');
    let tail = json.trim_end_matches([' ', '\t']).ends_with('\n');
    let made = if tail {
        format!("{made}\n")
    } else {
        made.to_owned()
    };
    Ok(vec![Replace::new(span.start + start..span.start + end, made)])
}

/// The JSON with the statements after the change; what does not change keeps its bytes.
fn rewritten(own: &Document, (policy, before, after): Wanted<'_>) -> Result<String, String> {
    let same = own.statements.len() == before.statements.len();
    let agrees = |(own, old): (&Statement, &Statement)| {
        let (own, old) = (members(own), members(old));
        own.keys().eq(old.keys())
            && own.iter().zip(&old).all(|((_, own), (_, old))| {
                let text = own.to_string();
                text.contains(TEMPLATE)
                    || serde_json::from_str::<Value>(&text.replace(DOUBLED, "${"))
                        .is_ok_and(|own| alike(&own, old))
            })
    };
    if !same || !own.statements.iter().zip(&before.statements).all(agrees) {
        return Err(OTHER.to_owned());
    }
    let beside = policy.after_statements.iter().zip(&after.statements);
    let mut taken = std::collections::BTreeSet::new();
    let statements = beside.map(|(from, statement)| {
        let theirs = from
            .from
            .and_then(|at| Some((at, own.statements.get(at)?, before.statements.get(at)?)));
        let Some((_, theirs, old)) = theirs.filter(|(at, _, _)| taken.insert(*at)) else {
            return Statement {
                span: Place::default(),
                ..statement.clone()
            };
        };
        let mut made = Statement {
            span: theirs.span,
            ..statement.clone()
        };
        // A member that does not change keeps its words: they may hang on other resources.
        if statement.action == old.action {
            made.action = theirs.action.clone();
        }
        if statement.resource == old.resource {
            made.resource = theirs.resource.clone();
        }
        if statement.conditions == old.conditions {
            made.conditions = theirs.conditions.clone();
        }
        made
    });
    let document = Document {
        statements: statements.collect(),
        ..own.clone()
    };
    Ok(print::document_text(&document))
}

/// Lists in any order; one value is a list of one.
fn alike(a: &Value, b: &Value) -> bool {
    let list = |value: &Value| -> Option<Vec<String>> {
        let mut texts = match value {
            Value::Array(list) => list.iter().map(ToString::to_string).collect(),
            Value::Object(_) => return None,
            one => vec![one.to_string()],
        };
        texts.sort();
        Some(texts)
    };
    match (list(a), list(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

/// JSON in a string: all of it is written anew, as `jsonencode` takes it.
pub(super) fn string(
    text: &str,
    expression: &Expression,
    (before, after): (&Document, &Document),
) -> Result<Vec<Replace>, String> {
    let said = literal(expression)
        .and_then(|own| own.as_str().map(str::to_owned))
        .unwrap_or_default();
    let (own, _) = crate::policy::parse(&plain(&said), "");
    let own = own.ok_or("it is not JSON")?;
    let values = |document: &Document| document.statements.iter().map(value).collect::<Vec<_>>();
    if values(&own) != values(before) {
        return Err(OTHER.to_owned());
    }
    let span = span_of(expression);
    let whole = write::value(&print::document_value(after), margin(text, span.start));
    Ok(vec![Replace::new(span, format!("jsonencode({whole})"))])
}
