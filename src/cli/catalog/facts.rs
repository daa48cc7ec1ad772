//! What the catalog says, as JSON values.

use action_catalog::{
    Action, By, Certainty, Companion, EventMapping, Need, On, Operation, Origin, Rw, Seen, Service, Unmapped,
    When,
};
use serde_json::{Map, Value, json};

/// An event: SOURCE/NAME.
pub(super) fn event(event: &str) -> Result<Value, String> {
    let Some((source, name)) = event.split_once('/') else {
        return Err(format!(
            "`{event}` is not SOURCE/NAME, as in s3.amazonaws.com/CopyObject"
        ));
    };
    Ok(match action_catalog::event(source, name) {
        EventMapping::Needs {
            service,
            operation: found,
            origin,
            cite,
        } => {
            let mut value = operation(service, found);
            if let Some(object) = value.as_object_mut() {
                object.insert("event".to_owned(), json!(event));
                object.insert("origin".to_owned(), json!(origin_word(origin)));
                object.insert("cite".to_owned(), json!(cite));
            }
            value
        }
        EventMapping::NotAuthorized { class, reason } => {
            json!({"event": event, "actions": [], "class": class, "reason": reason})
        }
        EventMapping::Unmapped(why) => {
            let known = why == Unmapped::UnknownEvent;
            let reason = if known {
                unmapped(source, name)
            } else {
                "the catalog knows no service with this event source".to_owned()
            };
            json!({"event": event, "actions": [], "class": "unmapped", "reason": reason})
        }
    })
}

fn unmapped(source: &str, name: &str) -> String {
    let operation = action_catalog::prefix_of_source(source)
        .and_then(action_catalog::service)
        .and_then(|service| service.operation(name));
    operation
        .and_then(|known| known.why.clone())
        .unwrap_or_else(|| "the service is known, an operation of this name is not".to_owned())
}

/// An action, with the operation of its name and the others of its service that need it.
pub(super) fn action(service: &Service, action: &Action) -> Value {
    let resources: Vec<Value> = action
        .resources
        .iter()
        .map(|resource| {
            let kind = service.resource_type(&resource.name);
            json!({
                "type": resource.name,
                "required": resource.required,
                "arns": kind.map(|kind| kind.arns.clone()).unwrap_or_default(),
                "condition_keys": resource.condition_keys,
            })
        })
        .collect();
    let full = format!("{}:{}", service.prefix, action.name);
    let needed_by: Vec<&str> = service
        .operations
        .iter()
        .filter(|operation| operation.needs.iter().any(|need| need.action == full))
        .map(|operation| operation.name.as_str())
        .collect();
    let mut value = json!({
        "action": full,
        "service": service.name,
        "access_level": action.level,
        "permission_only": action.permission_only,
        "resources": resources,
        "condition_keys": action.condition_keys,
        "dependent_actions": action.dependents,
        "risks": action.risks,
        "seen": seen(service, action),
        "needed_by": needed_by,
    });
    if let (Some(object), Some(own)) = (value.as_object_mut(), service.operation(&action.name)) {
        object.insert("operation".to_owned(), operation(service, own));
    }
    value
}

/// By what events its use shows.
fn seen(service: &Service, action: &Action) -> Value {
    let Seen {
        management,
        data,
        never,
    } = &action.seen;
    let management = management.map(|rw| match rw {
        Rw::Read => "read",
        Rw::Write => "write",
        Rw::Both => "read and write",
    });
    let mut value = Map::new();
    if let Some(management) = management {
        value.insert("management_events".to_owned(), json!(management));
    }
    if !data.is_empty() {
        value.insert("data_events".to_owned(), json!(data));
    }
    if service.network_activity {
        value.insert("network_activity_events".to_owned(), json!(true));
    }
    if let Some(never) = never {
        value.insert("not_recorded".to_owned(), json!(never));
    }
    if action.permission_only {
        value.insert("permission_only".to_owned(), json!(true));
    }
    Value::Object(value)
}

/// An operation, what it needs and what comes with it.
pub(super) fn operation(service: &Service, operation: &Operation) -> Value {
    let needs: Vec<Value> = operation
        .needs
        .iter()
        .map(|need| self::need(need, operation))
        .collect();
    let companions: Vec<Value> = operation.companions.iter().map(companion).collect();
    json!({
        "operation": format!("{}:{}", service.prefix, operation.name),
        "service": service.name,
        "event_sources": service.event_sources,
        "origin": origin_word(operation.origin),
        "read_only": operation.read_only,
        "cite": operation.cite,
        "why": operation.why,
        "actions": needs,
        "companions": companions,
    })
}

fn need(need: &Need, operation: &Operation) -> Value {
    let known = action_catalog::action(&need.action);
    let resources: Vec<Value> = match need.on.as_slice() {
        [] => known
            .map(|(service, action)| derived(service, action))
            .unwrap_or_default(),
        on => on.iter().map(template).collect(),
    };
    let parameters: Map<String, Value> = need
        .params
        .iter()
        .map(|(variable, path)| (variable.clone(), json!(path)))
        .collect();
    json!({
        "action": need.action,
        "resources": resources,
        "parameters": parameters,
        "certainty": match need.certainty { Certainty::Certain => "certain", Certainty::Likely => "likely" },
        "when": need.when.as_ref().map(when),
        "origin": origin_word(operation.origin),
    })
}

fn template(on: &On) -> Value {
    json!({"arn": on.template, "because": on.because})
}

fn companion(companion: &Companion) -> Value {
    let conditions: Map<String, Value> = companion
        .conditions
        .iter()
        .map(|(key, value)| (key.clone(), json!(value)))
        .collect();
    json!({
        "action": companion.action,
        "by": match companion.by {
            By::Service => "service",
            By::ServiceLinkedRole => "service-linked role",
            By::Console => "console",
            By::Sdk => "CLI or SDK",
            By::CloudFormation => "CloudFormation",
            By::Terraform => "Terraform",
        },
        "because": companion.because,
        "resources": companion.on.iter().map(template).collect::<Vec<_>>(),
        "when": companion.when.as_ref().map(when),
        "conditions": conditions,
        "cite": companion.cite,
    })
}

/// The resource types of an action that a need leaves open.
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
    let joined = |list: &[When], word: &str| {
        let parts: Vec<String> = list.iter().map(self::when).collect();
        match parts.as_slice() {
            [one] => one.clone(),
            _ => parts
                .iter()
                .map(|part| {
                    if part.contains(" or ") {
                        format!("({part})")
                    } else {
                        part.clone()
                    }
                })
                .collect::<Vec<_>>()
                .join(word),
        }
    };
    match when {
        When::Present(path) => format!("{} is given", path.replace('|', " or ")),
        When::Absent(path) => format!("{} is not given", path.replace('|', " nor ")),
        When::Equals { path, value } => format!("{path} is {value}"),
        When::Matches { path, pattern } => format!("{path} is like {pattern}"),
        When::All(all) => joined(all, " and "),
        When::Any(any) => joined(any, " or "),
        When::Not(not) => format!("not ({})", self::when(not)),
    }
}

/// Where a mapping comes from.
fn origin_word(origin: Origin) -> &'static str {
    match origin {
        Origin::Override => "by hand",
        Origin::ServiceReference => "AWS's service reference",
        Origin::Map => "iam-dataset's map",
        Origin::HttpVerb => "API Gateway's HTTP verb and path",
        Origin::SameName => "the action of the same name",
        Origin::ApiModel => "AWS's API model",
        Origin::ApiDocumentation => "the API's documentation",
        Origin::NameWithoutDate => "the name without its API date",
        Origin::ActionName => "the action of the event's name",
        Origin::Unmapped => "not mapped",
    }
}

/// A whole service.
pub(super) fn service(service: &Service) -> Value {
    let level = |level| service.actions.iter().filter(|a| a.level == level).count();
    let unmapped: Vec<&str> = service
        .operations
        .iter()
        .filter(|o| o.origin == Origin::Unmapped)
        .map(|o| o.name.as_str())
        .collect();
    let by_hand = service.operations.iter().filter(|o| o.origin == Origin::Override);
    let types: Vec<Value> = service
        .resource_types
        .iter()
        .map(|kind| json!({"type": kind.name, "arns": kind.arns}))
        .collect();
    json!({
        "prefix": service.prefix,
        "service": service.name,
        "event_sources": service.event_sources,
        "network_activity_events": service.network_activity,
        "recorded_in": if service.global { "us-east-1" } else { "the region of the call" },
        "actions": service.actions.len(),
        "list": level(action_catalog::Level::List),
        "read": level(action_catalog::Level::Read),
        "write": level(action_catalog::Level::Write),
        "tagging": level(action_catalog::Level::Tagging),
        "permissions_management": level(action_catalog::Level::PermissionsManagement),
        "operations": service.operations.len(),
        "operations_by_hand": by_hand.count(),
        "operations_unmapped": unmapped,
        "resource_types": types,
    })
}

/// A resource by its ARN: its type, and the actions of its service that can be limited to it.
pub(super) fn resource(arn: &str) -> Result<Value, String> {
    let prefix = arn.split(':').nth(2).unwrap_or_default();
    let owner = |service: &'static Service| Some((service, crate::require::type_of(service, arn)?));
    // The service of an ARN is mostly the IAM prefix; where it is not, some service knows the form.
    let found = action_catalog::service(prefix).and_then(owner).or_else(|| {
        action_catalog::prefixes()
            .filter_map(action_catalog::service)
            .find_map(owner)
    });
    let Some((service, (kind, template))) = found else {
        return Err(format!(
            "the catalog knows no resource type with ARNs like `{arn}`"
        ));
    };
    let actions: Vec<String> = service
        .actions
        .iter()
        .filter(|a| {
            a.resources
                .iter()
                .any(|r| r.name.eq_ignore_ascii_case(&kind.name))
        })
        .map(|a| format!("{}:{}", service.prefix, a.name))
        .collect();
    Ok(json!({
        "resource": arn,
        "service": service.name,
        "type": kind.name,
        "template": template,
        "condition_keys": kind.condition_keys,
        "actions": actions,
    }))
}

/// A service's condition key: its type, and the actions that are asked with it.
pub(super) fn key(name: &str) -> Option<Value> {
    let (prefix, _) = name.split_once(':')?;
    let service = action_catalog::service(prefix)?;
    let key = service.key(name)?;
    let has = |list: &[String]| list.iter().any(|k| k.eq_ignore_ascii_case(name));
    let asked = |action: &&Action| {
        has(&action.condition_keys)
            || action.resources.iter().any(|r| {
                let kind = service.resource_type(&r.name);
                has(&r.condition_keys) || kind.is_some_and(|kind| has(&kind.condition_keys))
            })
    };
    let actions: Vec<String> = service
        .actions
        .iter()
        .filter(asked)
        .map(|a| format!("{}:{}", service.prefix, a.name))
        .collect();
    Some(json!({"condition_key": key.name, "type": key.kind, "service": service.name, "actions": actions}))
}

/// An AWS managed policy by name or ARN.
pub(super) fn policy(name: &str) -> Option<Value> {
    let policy = action_catalog::managed_policy(name)?;
    let document: Value = serde_json::from_str(policy.document).ok()?;
    Some(json!({
        "managed_policy": policy.name,
        "arn": policy.arn,
        "version": policy.version,
        "deprecated": policy.deprecated,
        "document": document,
    }))
}
