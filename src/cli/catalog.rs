//! `leastgrant catalog`: look an action, operation, event or wildcard up.

use std::fmt::Write;

use action_catalog::{Action, Certainty, EventMapping, Need, Operation, Service, Unmapped, When};
use serde_json::{Value, json};

use super::{Exit, output::Output};
use crate::near;

/// Arguments of `catalog`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// An action (s3:PutObject), an operation (CopyObject), or a wildcard (s3:*Acl).
    #[arg(required_unless_present = "event", conflicts_with = "event")]
    what: Option<String>,
    /// A CloudTrail event: SOURCE/NAME, as in lambda.amazonaws.com/UpdateFunctionCode20150331v2.
    #[arg(long, value_name = "SOURCE/NAME")]
    event: Option<String>,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For a person.
    Terminal,
    /// For a program.
    Json,
}

/// Runs the command.
pub(super) fn run(args: &Args, output: &Output) -> Exit {
    let answer = match (&args.event, &args.what) {
        (Some(event), _) => of_event(event),
        (None, Some(what)) => of_name(what),
        (None, None) => Err("nothing to look up".to_owned()),
    };
    match answer {
        Ok(value) if args.format == Format::Json => output.json(&value),
        Ok(value) => output.report(&text(&value)),
        Err(why) => {
            output.say(&format!("error: {why}"));
            Exit::Failed
        }
    }
}

fn of_event(event: &str) -> Result<Value, String> {
    let Some((source, name)) = event.split_once('/') else {
        return Err(format!(
            "`{event}` is not SOURCE/NAME, as in s3.amazonaws.com/CopyObject"
        ));
    };
    Ok(match action_catalog::event(source, name) {
        EventMapping::Needs {
            service,
            operation,
            origin,
            ..
        } => {
            let mut value = operation_value(service, operation);
            if let Some(object) = value.as_object_mut() {
                object.insert("event".to_owned(), json!(event));
                object.insert("origin".to_owned(), json!(origin));
            }
            value
        }
        EventMapping::NotAuthorized { class, reason } => {
            json!({"event": event, "actions": [], "class": class, "reason": reason})
        }
        EventMapping::Unmapped(why) => {
            let reason = match why {
                Unmapped::UnknownSource => "the catalog knows no service with this event source",
                Unmapped::UnknownEvent => "the service is known, an operation of this name is not",
            };
            json!({"event": event, "actions": [], "class": "unmapped", "reason": reason})
        }
    })
}

fn of_name(what: &str) -> Result<Value, String> {
    if let Some((service, action)) = action_catalog::action(what) {
        return Ok(action_value(service, action));
    }
    let operations = action_catalog::operations(what);
    match operations.as_slice() {
        [] => {}
        [(service, operation)] => return Ok(operation_value(service, operation)),
        many => {
            return Ok(
                json!({"operations": many.iter().map(|(service, operation)| operation_value(service, operation)).collect::<Vec<_>>()}),
            );
        }
    }
    let matching = action_catalog::matching(what);
    if !matching.is_empty() {
        let actions: Vec<Value> = matching
            .iter()
            .map(|(service, action)| action_value(service, action))
            .collect();
        return Ok(json!({"pattern": what, "matching": actions}));
    }
    Err(unknown(what))
}

fn unknown(what: &str) -> String {
    let mut message = format!("the catalog knows no action, operation or match for `{what}`");
    let near: Vec<String> = match what.split_once(':') {
        Some((prefix, name)) => match action_catalog::service(prefix) {
            Some(service) => {
                near::several(name, service.actions.iter().map(|action| action.name.as_str()), 3)
                    .into_iter()
                    .map(|name| format!("{}:{name}", service.prefix))
                    .collect()
            }
            None => near::several(prefix, action_catalog::prefixes(), 3)
                .into_iter()
                .map(|prefix| format!("{prefix}:…"))
                .collect(),
        },
        None => near::several(what, action_catalog::prefixes(), 3)
            .into_iter()
            .map(|prefix| format!("{prefix}:*"))
            .collect(),
    };
    if !near.is_empty() {
        let _ = write!(message, "; near: {}", near.join(", "));
    }
    message
}

fn action_value(service: &Service, action: &Action) -> Value {
    let resources: Vec<Value> = action
        .resources
        .iter()
        .map(|resource| {
            let arns = service.resource_type(&resource.name).map(|kind| kind.arns.clone()).unwrap_or_default();
            json!({"type": resource.name, "required": resource.required, "arns": arns, "condition_keys": resource.condition_keys})
        })
        .collect();
    json!({
        "action": format!("{}:{}", service.prefix, action.name),
        "service": service.name,
        "access_level": action.level,
        "permission_only": action.permission_only,
        "resources": resources,
        "condition_keys": action.condition_keys,
        "dependent_actions": action.dependents,
        "risks": action.risks,
        "seen": action.seen,
    })
}

fn operation_value(service: &Service, operation: &Operation) -> Value {
    json!({
        "operation": format!("{}:{}", service.prefix, operation.name),
        "service": service.name,
        "event_sources": service.event_sources,
        "origin": operation.origin,
        "read_only": operation.read_only,
        "cite": operation.cite,
        "actions": operation.needs.iter().map(|need| need_value(need, operation)).collect::<Vec<_>>(),
    })
}

fn need_value(need: &Need, operation: &Operation) -> Value {
    let known = action_catalog::action(&need.action);
    let resources: Vec<Value> = if need.on.is_empty() {
        known
            .map(|(service, action)| derived(service, action))
            .unwrap_or_default()
    } else {
        need.on
            .iter()
            .map(|on| json!({"arn": on.template, "because": on.because}))
            .collect()
    };
    json!({
        "action": need.action,
        "resources": resources,
        "certainty": match need.certainty { Certainty::Certain => "certain", Certainty::Likely => "likely" },
        "when": need.when.as_ref().map(when),
        "origin": operation.origin,
    })
}

fn derived(service: &Service, action: &Action) -> Vec<Value> {
    if action.resources.is_empty() {
        return vec![json!({"arn": "*"})];
    }
    let kinds = action
        .resources
        .iter()
        .filter_map(|resource| service.resource_type(&resource.name));
    kinds
        .flat_map(|kind| kind.arns.iter().map(|arn| json!({"arn": arn, "type": kind.name})))
        .collect()
}

fn when(when: &When) -> String {
    match when {
        When::Present(path) => format!("{path} is given"),
        When::Absent(path) => format!("{path} is not given"),
        When::Equals { path, value } => format!("{path} is {value}"),
        When::Matches { path, pattern } => format!("{path} is like {pattern}"),
        When::All(all) => all.iter().map(self::when).collect::<Vec<_>>().join(" and "),
        When::Any(any) => any.iter().map(self::when).collect::<Vec<_>>().join(" or "),
    }
}

/// The same facts for a person.
fn text(value: &Value) -> String {
    let mut out = String::new();
    let lists = ["operations", "matching"];
    match lists
        .iter()
        .find_map(|list| value.get(*list))
        .and_then(Value::as_array)
    {
        Some(list) => {
            for (number, entry) in list.iter().enumerate() {
                if number > 0 && value.get("operations").is_some() {
                    out.push('\n');
                }
                if value.get("matching").is_some() {
                    one_line(&mut out, entry)
                } else {
                    whole(&mut out, entry)
                }
            }
        }
        None => whole(&mut out, value),
    }
    out
}

fn one_line(out: &mut String, value: &Value) {
    let name = value.get("action").and_then(Value::as_str).unwrap_or_default();
    let level = value
        .get("access_level")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let _ = writeln!(out, "{name:<48} {level}");
}

fn whole(out: &mut String, value: &Value) {
    let Some(object) = value.as_object() else { return };
    for (key, value) in object {
        let label = key.replace('_', " ");
        match value {
            Value::Null => {}
            Value::Array(list) if list.is_empty() => {}
            Value::Array(list) => {
                let _ = writeln!(out, "{label}:");
                for entry in list {
                    let _ = writeln!(out, "  {}", entry_line(entry));
                }
            }
            Value::Object(_) => {
                let _ = writeln!(out, "{label}: {}", entry_line(value));
            }
            Value::String(text) => {
                let _ = writeln!(out, "{label}: {text}");
            }
            other => {
                let _ = writeln!(out, "{label}: {other}");
            }
        }
    }
}

/// `action: s3:GetObject, certainty: certain, …` on one line; a lone text as it is.
fn entry_line(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(object) => {
            let shown = |value: &Value| match value {
                Value::Array(list) => list.iter().map(entry_line).collect::<Vec<_>>().join("; "),
                other => entry_line(other),
            };
            let given =
                |value: &&Value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty());
            let parts = object
                .iter()
                .filter(|(_, value)| given(value))
                .map(|(key, value)| format!("{} {}", key.replace('_', " "), shown(value)));
            parts.collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}
