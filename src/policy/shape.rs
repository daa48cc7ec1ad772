//! One statement, from JSON.

use jsonc_parser::ast::{Object, ObjectProp, Value};
use jsonc_parser::common::Ranged;

use super::parse::{Reading, span_of};
use super::{Condition, Effect, Element, Span, Statement};

/// The elements of a statement
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html>).
const ELEMENTS: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

/// A list with the place of each entry.
type Listed = (Element, Vec<Span>);

/// The statement; `None` (and an error) where an element is missing or has no sense.
pub(super) fn statement(reading: &mut Reading<'_>, object: &Object<'_>) -> Option<Statement> {
    let before = reading.diagnostics.len();
    reading.known_keys(object, &ELEMENTS, "a statement");
    let misspelt = reading.diagnostics.len() > before;
    let sid = reading.optional_text(object, "Sid");
    let effect = effect(reading, object, misspelt);
    let (principal, not_principal) = principal(reading, object);
    let action = element(reading, object, "Action", "NotAction");
    let resource = element(reading, object, "Resource", "NotResource");
    let conditions = conditions(reading, object);
    if action.is_none() && !misspelt && !has_either(object, "Action", "NotAction") {
        missing(reading, object, "Action");
    }
    // Trust policies have no Resource: they are about the role that they stand on.
    if resource.is_none()
        && principal.is_none()
        && !misspelt
        && !has_either(object, "Resource", "NotResource")
    {
        missing(reading, object, "Resource");
    }
    let (action, action_spans) = action?;
    let (resource, resource_spans) = resource.map_or((None, Vec::new()), |(list, spans)| (Some(list), spans));
    Some(Statement {
        sid,
        effect: effect?,
        principal,
        not_principal,
        action,
        resource,
        conditions,
        span: span_of(object),
        action_spans,
        resource_spans,
    })
}

fn has_either(object: &Object<'_>, one: &str, other: &str) -> bool {
    object.get(one).is_some() || object.get(other).is_some()
}

fn missing(reading: &mut Reading<'_>, object: &Object<'_>, name: &str) {
    let help = match name {
        "Effect" => "add \"Effect\": \"Allow\" or \"Deny\"".to_owned(),
        _ => format!("add \"{name}\" or \"Not{name}\""),
    };
    let start = span_of(object).from;
    reading.shape(
        Span {
            from: start,
            to: start + 1,
        },
        format!("this statement has no {name}"),
        help,
    );
}

fn effect(reading: &mut Reading<'_>, object: &Object<'_>, misspelt: bool) -> Option<Effect> {
    let Some(property) = object.get("Effect") else {
        if !misspelt {
            missing(reading, object, "Effect");
        }
        return None;
    };
    let text = property.value.as_string_lit().map_or("", |lit| &*lit.value);
    match text {
        "Allow" => return Some(Effect::Allow),
        "Deny" => return Some(Effect::Deny),
        _ => {}
    }
    let help = match super::nearest(text, ["Allow", "Deny"]) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => "it is \"Allow\" or \"Deny\"".to_owned(),
    };
    reading.shape(span_of(&property.value), "this Effect does not exist", help);
    None
}

fn principal(reading: &mut Reading<'_>, object: &Object<'_>) -> (Option<serde_json::Value>, bool) {
    let Some(property) = either(reading, object, "Principal", "NotPrincipal") else {
        return (None, false);
    };
    // The text is JSON: it was parsed strictly a moment ago.
    let value = serde_json::from_str(property.value.text(reading.source.text)).ok();
    if !matches!(
        value,
        Some(serde_json::Value::String(_) | serde_json::Value::Object(_))
    ) {
        let help = "it is \"*\" or an object such as { \"AWS\": \"arn:…\" }";
        reading.shape(span_of(&property.value), "this is no principal", help);
    }
    (value, property.name.as_str() == "NotPrincipal")
}

/// The one of two elements that is there; an error where both are.
fn either<'o, 'a>(
    reading: &mut Reading<'_>,
    object: &'o Object<'a>,
    plain: &str,
    negated: &str,
) -> Option<&'o ObjectProp<'a>> {
    match (object.get(plain), object.get(negated)) {
        (Some(_), Some(second)) => {
            let message = format!("a statement has {plain} or {negated}, not both");
            reading.shape(span_of(&second.name), message, "split it into two statements");
            None
        }
        (one, other) => one.or(other),
    }
}

fn element(reading: &mut Reading<'_>, object: &Object<'_>, plain: &str, negated: &str) -> Option<Listed> {
    let property = either(reading, object, plain, negated)?;
    let name = property.name.as_str();
    let (texts, spans) = texts(reading, &property.value, name, false)?;
    if texts.is_empty() {
        let help = format!("name at least one, or remove the statement; all is \"{name}\": \"*\"");
        reading.shape(span_of(&property.value), format!("{name} is empty"), help);
        return None;
    }
    let element = if name == negated {
        Element::Except(texts)
    } else {
        Element::Only(texts)
    };
    Some((element, spans))
}

/// One text or a list of them. `scalars`: numbers and booleans count as text.
fn texts(
    reading: &mut Reading<'_>,
    value: &Value<'_>,
    name: &str,
    scalars: bool,
) -> Option<(Vec<String>, Vec<Span>)> {
    let values = match value {
        Value::Array(array) => &*array.elements,
        one => std::slice::from_ref(one),
    };
    let mut list = (Vec::with_capacity(values.len()), Vec::with_capacity(values.len()));
    for value in values {
        let text = match value {
            Value::StringLit(lit) => lit.value.clone().into_owned(),
            Value::NumberLit(lit) if scalars => lit.value.to_owned(),
            Value::BooleanLit(lit) if scalars => lit.value.to_string(),
            other => {
                let help = "put it in double quotes";
                reading.shape(
                    span_of(other),
                    format!("{name} is a text or a list of texts"),
                    help,
                );
                return None;
            }
        };
        list.0.push(text);
        list.1.push(span_of(value));
    }
    Some(list)
}

fn conditions(reading: &mut Reading<'_>, object: &Object<'_>) -> Vec<Condition> {
    let Some(property) = object.get("Condition") else {
        return Vec::new();
    };
    let Value::Object(block) = &property.value else {
        let help = "it is { \"Operator\": { \"key\": \"value\" } }";
        reading.shape(span_of(&property.value), "Condition is an object", help);
        return Vec::new();
    };
    let mut conditions = Vec::new();
    for operator in &block.properties {
        let name = operator.name.as_str();
        let Value::Object(keys) = &operator.value else {
            let help = format!("it is \"{name}\": {{ \"key\": \"value\" }}");
            reading.shape(
                span_of(&operator.value),
                format!("{name} holds an object of keys"),
                help,
            );
            continue;
        };
        for key in &keys.properties {
            let key_name = key.name.as_str();
            if let Some((values, _)) = texts(reading, &key.value, key_name, true) {
                conditions.push(Condition {
                    operator: name.to_owned(),
                    key: key_name.to_owned(),
                    values,
                });
            }
        }
    }
    conditions
}
