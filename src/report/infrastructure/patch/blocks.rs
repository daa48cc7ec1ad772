//! `data "aws_iam_policy_document"`: statements as blocks
//! (<https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/iam_policy_document>).

use std::collections::BTreeMap;

use hcl_edit::structure::{Block, Structure};
use serde_json::{Map, Value, json};

use super::Why;
use super::edit::{Replace, margin, without};
use super::find::{At, Finding, Module, has_other};
use super::object::{OTHER, Wanted};
use super::statement::{Fate, Member, Own, agree, fates, literal, members, span_of};
use super::write;
use crate::policy::Statement;

/// IAM's names of members, and the names of arguments.
const NAMES: [(&str, &str); 6] = [
    ("sid", "Sid"),
    ("effect", "Effect"),
    ("actions", "Action"),
    ("not_actions", "NotAction"),
    ("resources", "Resource"),
    ("not_resources", "NotResource"),
];

/// The replacements in the data source.
pub(super) fn edited(module: &Module<'_>, at: At<'_>, (policy, before, after): Wanted<'_>) -> Finding {
    let not = |place: usize, text: &str| {
        Finding::Not(Why {
            file: at.file,
            at: place,
            text: text.to_owned(),
        })
    };
    let block = at.block;
    let label = block.labels.get(1).map_or("", |label| label.as_str());
    if module.mentions(&format!("data.aws_iam_policy_document.{label}")) > 1 {
        return not(
            span_of(block).start,
            "others use the same data source: a change would reach them as well",
        );
    }
    if let Some((place, name)) = has_other(&block.body, &["policy_id", "version"], &["statement"]) {
        return not(
            place,
            &format!("`{name}` makes statements that do not stand here"),
        );
    }
    let text = module.text(at.file);
    let statements: Vec<&Block> = block.body.get_blocks("statement").collect();
    let mut owns = Vec::new();
    for statement in &statements {
        match own(statement) {
            Ok(own) => owns.push(own),
            Err((place, name)) => return not(place, &format!("`{name}` is not read")),
        }
    }
    let same = owns.len() == before.statements.len();
    if !same
        || !owns
            .iter()
            .zip(&before.statements)
            .all(|(own, old)| agree(own, old))
    {
        return not(span_of(block).start, OTHER);
    }
    let (fates, new) = fates(policy, before, after);
    let mut replaces = Vec::new();
    let mut end = text
        .get(span_of(block))
        .and_then(|own| own.find('{'))
        .map_or(0, |brace| span_of(block).start + brace + 1);
    let count = owns.len();
    for (at, ((own, old), fate)) in owns.iter().zip(&before.statements).zip(&fates).enumerate() {
        let side = margin(text, own.span.start);
        let mut more: Vec<&Statement> = Vec::new();
        match fate {
            Fate::Stays => {}
            Fate::Goes => replaces.push(without(text, own.span.clone(), end)),
            Fate::Becomes(some) => {
                if let Some((first, rest)) = some.split_first() {
                    replaces.extend(in_place(text, own, old, first));
                    more.extend(rest);
                }
            }
        }
        if at + 1 == count {
            more.extend(&new);
        }
        if !more.is_empty() {
            let lines = more.iter().map(|one| format!("\n\n{side}{}", written(one, side)));
            replaces.push(Replace::new(
                own.span.end..own.span.end,
                lines.collect::<String>(),
            ));
        }
        end = own.span.end;
    }
    Finding::Placed(at.file, replaces)
}

fn own(block: &Block) -> Result<Own, (usize, String)> {
    let known: Vec<&str> = NAMES.iter().map(|(argument, _)| *argument).collect();
    if let Some(other) = has_other(&block.body, &known, &["condition"]) {
        return Err(other);
    }
    let mut own = Own {
        span: span_of(block),
        members: BTreeMap::new(),
    };
    let mut conditions = Map::new();
    let mut open = false;
    for structure in block.body.iter() {
        match structure {
            Structure::Attribute(attribute) => {
                let name = NAMES
                    .iter()
                    .find(|(argument, _)| *argument == attribute.key.as_str());
                let Some((_, name)) = name else { continue };
                let member = Member {
                    key: span_of(&attribute.key),
                    value: span_of(&attribute.value),
                    says: literal(&attribute.value).map(variables),
                };
                own.members.insert((*name).to_owned(), member);
            }
            Structure::Block(block) => {
                let says = |key: &str| block.body.get_attribute(key).and_then(|own| literal(&own.value));
                match (says("test"), says("variable"), says("values")) {
                    (Some(Value::String(test)), Some(Value::String(variable)), Some(values)) => {
                        let keys = conditions.entry(test).or_insert_with(|| json!({}));
                        if let Some(keys) = keys.as_object_mut() {
                            keys.insert(variable, variables(values));
                        }
                    }
                    _ => open = true,
                }
            }
        }
    }
    // Without an effect a statement allows.
    own.members.entry("Effect".to_owned()).or_insert(Member {
        key: 0..0,
        value: 0..0,
        says: Some(json!("Allow")),
    });
    if open || !conditions.is_empty() {
        let says = (!open).then_some(Value::Object(conditions));
        let member = Member {
            key: 0..0,
            value: 0..0,
            says,
        };
        own.members.insert("Condition".to_owned(), member);
    }
    Ok(own)
}

/// `&{…}` is a policy variable, as Terraform's own `${…}` is none.
fn variables(value: Value) -> Value {
    let text = value.to_string().replace("&{", "${");
    serde_json::from_str(&text).unwrap_or(value)
}

fn back(value: &Value) -> Value {
    let text = value.to_string().replace("${", "&{");
    serde_json::from_str(&text).unwrap_or_else(|_| value.clone())
}

fn argument(name: &str) -> Option<&'static str> {
    let found = NAMES.iter().find(|(_, own)| *own == name);
    found.map(|(argument, _)| *argument)
}

fn list(value: &Value) -> Value {
    match value {
        Value::String(_) => json!([value]),
        other => other.clone(),
    }
}

fn in_place(text: &str, own: &Own, old: &Statement, new: &Statement) -> Vec<Replace> {
    let (before, after) = (members(old), members(new));
    let plain = |key: &str| key.strip_prefix("Not").unwrap_or(key).to_owned();
    let keys = |of: &Map<String, Value>| of.keys().map(|key| plain(key)).collect::<Vec<_>>();
    let conditions = before.get("Condition") == after.get("Condition");
    if keys(&before) != keys(&after) || !conditions {
        let side = margin(text, own.span.start);
        return vec![Replace::new(own.span.clone(), written(new, side))];
    }
    let mut replaces = Vec::new();
    for ((old_key, old_value), (key, new_value)) in before.iter().zip(&after) {
        let (Some(member), Some(name)) = (own.members.get(old_key), argument(key)) else {
            continue;
        };
        if member.key.is_empty() {
            continue;
        }
        if old_key != key {
            replaces.push(Replace::new(member.key.clone(), name));
        }
        if old_value != new_value {
            let value = match name {
                "sid" | "effect" => new_value.clone(),
                _ => back(&list(new_value)),
            };
            let side = margin(text, member.key.start);
            replaces.push(Replace::new(member.value.clone(), write::value(&value, side)));
        }
    }
    replaces
}

/// A statement as a block.
fn written(statement: &Statement, side: &str) -> String {
    let mut arguments = Map::new();
    let inner = format!("{side}  ");
    let mut nested = String::new();
    for (name, own) in members(statement) {
        match (argument(&name), &own) {
            (Some(argument @ ("sid" | "effect")), _) => {
                arguments.insert(argument.to_owned(), own);
            }
            (Some(argument), _) => {
                arguments.insert(argument.to_owned(), back(&list(&own)));
            }
            (None, Value::Object(operators)) => {
                for (test, keys) in operators {
                    for (variable, values) in keys.as_object().into_iter().flatten() {
                        let mut one = Map::new();
                        one.insert("test".to_owned(), json!(test));
                        one.insert("variable".to_owned(), json!(variable));
                        one.insert("values".to_owned(), back(&list(values)));
                        let lines = write::attributes(&one, &format!("{inner}  "));
                        nested.push_str(&format!("\n{inner}condition {{\n{lines}{inner}}}\n"));
                    }
                }
            }
            _ => {}
        }
    }
    format!(
        "statement {{\n{}{nested}{side}}}",
        write::attributes(&arguments, &inner)
    )
}
