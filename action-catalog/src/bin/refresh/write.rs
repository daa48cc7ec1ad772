//! Writes a service the way `file.rs` reads it: one condition key, resource type, action or operation
//! a line, sorted, what is empty left out.

use serde_json::{Map, Value, json};

use crate::types::{
    Action, By, Certainty, Companion, Level, Need, On, Operation, Origin, ResourceType, Risk, Rw, Seen,
    Service, When,
};

/// The text of `services/<prefix>.json`.
pub(crate) fn service(service: &Service) -> String {
    let mut out = String::from("{\n");
    out.push_str(&format!("\"prefix\": {},\n", json!(service.prefix)));
    out.push_str(&format!("\"name\": {},\n", json!(service.name)));
    out.push_str(&format!("\"event_sources\": {},\n", json!(service.event_sources)));
    out.push_str(&format!("\"global\": {},\n", service.global));
    out.push_str(&format!("\"network_activity\": {},\n", service.network_activity));
    block(
        &mut out,
        "keys",
        service.keys.iter().map(|k| (&k.name, json!(k.kind))),
    );
    out.push_str(",\n");
    block(
        &mut out,
        "resource_types",
        service.resource_types.iter().map(|r| (&r.name, resource_type(r))),
    );
    out.push_str(",\n");
    block(
        &mut out,
        "actions",
        service.actions.iter().map(|a| (&a.name, action(a))),
    );
    out.push_str(",\n");
    block(
        &mut out,
        "operations",
        service.operations.iter().map(|o| (&o.name, operation(o))),
    );
    out.push_str("\n}\n");
    out
}

fn block<'n>(out: &mut String, name: &str, lines: impl Iterator<Item = (&'n String, Value)>) {
    let lines: Vec<String> = lines
        .map(|(name, value)| format!("{}: {value}", json!(name)))
        .collect();
    out.push_str(&format!("\"{name}\": {{"));
    if !lines.is_empty() {
        out.push('\n');
        out.push_str(&lines.join(",\n"));
        out.push('\n');
    }
    out.push('}');
}

/// Sets a member unless the value is empty.
fn set(object: &mut Map<String, Value>, key: &str, value: Value) {
    let empty = match &value {
        Value::Null => true,
        Value::Bool(b) => !b,
        Value::Array(a) => a.is_empty(),
        Value::Object(o) => o.is_empty(),
        _ => false,
    };
    if !empty {
        object.insert(key.to_owned(), value);
    }
}

fn resource_type(kind: &ResourceType) -> Value {
    let mut object = Map::new();
    set(&mut object, "arns", json!(kind.arns));
    set(&mut object, "keys", json!(kind.condition_keys));
    set(&mut object, "ephemeral", json!(kind.ephemeral));
    Value::Object(object)
}

fn action(action: &Action) -> Value {
    let level = match action.level {
        Level::List => "List",
        Level::Read => "Read",
        Level::Write => "Write",
        Level::Tagging => "Tagging",
        Level::PermissionsManagement => "Permissions management",
    };
    let star = |required: bool| if required { "*" } else { "" };
    let on = action
        .resources
        .iter()
        .map(|r| (format!("{}{}", r.name, star(r.required)), json!(r.condition_keys)));
    let mut object = Map::new();
    set(&mut object, "level", json!(level));
    set(&mut object, "on", Value::Object(on.collect()));
    set(&mut object, "keys", json!(action.condition_keys));
    set(&mut object, "dependents", json!(action.dependents));
    set(&mut object, "permission_only", json!(action.permission_only));
    set(
        &mut object,
        "risks",
        action.risks.iter().map(|r| json!(risk(*r))).collect(),
    );
    object.insert("seen".to_owned(), seen(&action.seen));
    Value::Object(object)
}

fn risk(risk: Risk) -> &'static str {
    match risk {
        Risk::PrivilegeEscalation => "PrivilegeEscalation",
        Risk::CredentialExposure => "CredentialExposure",
        Risk::DataAccess => "DataAccess",
        Risk::ResourceExposure => "ResourceExposure",
    }
}

fn seen(seen: &Seen) -> Value {
    let rw = seen.management.map(|rw| match rw {
        Rw::Read => "read",
        Rw::Write => "write",
        Rw::Both => "both",
    });
    let mut object = Map::new();
    set(&mut object, "management", json!(rw));
    set(&mut object, "data", json!(seen.data));
    set(&mut object, "never", json!(seen.never));
    Value::Object(object)
}

fn operation(operation: &Operation) -> Value {
    let origin = match operation.origin {
        Origin::Override => "override",
        Origin::ServiceReference => "service-reference",
        Origin::Map => "map",
        Origin::HttpVerb => "http-verb",
        Origin::SameName => "same-name",
        Origin::ApiModel => "api-model",
        Origin::ApiDocumentation => "api-documentation",
        // The last two are answers about events; no operation has them.
        Origin::Unmapped | Origin::NameWithoutDate | Origin::ActionName => "unmapped",
    };
    let mut object = Map::new();
    set(&mut object, "origin", json!(origin));
    if let Some(read_only) = operation.read_only {
        object.insert("read_only".to_owned(), json!(read_only));
    }
    set(&mut object, "needs", operation.needs.iter().map(need).collect());
    set(&mut object, "why", json!(operation.why));
    set(&mut object, "cite", json!(operation.cite));
    set(
        &mut object,
        "companions",
        operation.companions.iter().map(companion).collect(),
    );
    Value::Object(object)
}

fn companion(companion: &Companion) -> Value {
    let by = match companion.by {
        By::Service => "service",
        By::ServiceLinkedRole => "service-linked-role",
        By::Console => "console",
        By::Sdk => "sdk",
        By::CloudFormation => "cloudformation",
        By::Terraform => "terraform",
    };
    let conditions: Map<String, Value> = companion
        .conditions
        .iter()
        .map(|(key, value)| (key.clone(), json!(value)))
        .collect();
    let mut object = Map::new();
    set(&mut object, "action", json!(companion.action));
    set(&mut object, "by", json!(by));
    set(&mut object, "on", companion.on.iter().map(on).collect());
    set(
        &mut object,
        "when",
        companion.when.as_ref().map_or(Value::Null, when),
    );
    set(&mut object, "conditions", Value::Object(conditions));
    set(&mut object, "because", json!(companion.because));
    set(&mut object, "cite", json!(companion.cite));
    Value::Object(object)
}

fn need(need: &Need) -> Value {
    let mut params = Map::new();
    for (variable, path) in &need.params {
        match params.get_mut(variable) {
            None => {
                params.insert(variable.clone(), json!(path));
            }
            Some(Value::Array(paths)) => paths.push(json!(path)),
            Some(one) => *one = json!([one.clone(), path]),
        }
    }
    let mut object = Map::new();
    set(&mut object, "action", json!(need.action));
    set(&mut object, "on", need.on.iter().map(on).collect());
    set(&mut object, "params", Value::Object(params));
    set(&mut object, "when", need.when.as_ref().map_or(Value::Null, when));
    if need.certainty == Certainty::Likely {
        object.insert("certainty".to_owned(), json!("likely"));
    }
    Value::Object(object)
}

fn on(on: &On) -> Value {
    match &on.because {
        Some(because) => json!({"arn": on.template, "because": because}),
        None => json!(on.template),
    }
}

fn when(condition: &When) -> Value {
    match condition {
        When::Present(path) => json!({"present": path}),
        When::Absent(path) => json!({"absent": path}),
        When::Equals { path, value } => json!({"equals": {"path": path, "value": value}}),
        When::Matches { path, pattern } => json!({"matches": {"path": path, "pattern": pattern}}),
        When::All(all) => json!({"all": all.iter().map(when).collect::<Vec<_>>()}),
        When::Any(any) => json!({"any": any.iter().map(when).collect::<Vec<_>>()}),
        When::Not(not) => json!({"not": when(not)}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{ActionResource, ConditionKey};

    /// One of everything, so that what is written is what is read.
    fn sample() -> Service {
        let need = Need {
            action: "x:Make".to_owned(),
            on: vec![
                On {
                    template: "arn:${Partition}:x:::{a}".to_owned(),
                    because: None,
                },
                On {
                    template: "arn:${Partition}:x:::*".to_owned(),
                    because: Some("generated-id".to_owned()),
                },
            ],
            params: vec![
                ("A".to_owned(), "a".to_owned()),
                ("A".to_owned(), "b".to_owned()),
                ("B".to_owned(), "c".to_owned()),
            ],
            when: Some(When::All(vec![
                When::Present("p".to_owned()),
                When::Absent("q".to_owned()),
                When::Equals {
                    path: "r".to_owned(),
                    value: "v".to_owned(),
                },
                When::Any(vec![When::Matches {
                    path: "s".to_owned(),
                    pattern: "w*".to_owned(),
                }]),
                When::Not(Box::new(When::Present("t".to_owned()))),
            ])),
            certainty: Certainty::Likely,
        };
        let action = Action {
            name: "Make".to_owned(),
            level: Level::PermissionsManagement,
            resources: vec![
                ActionResource {
                    name: "a b".to_owned(),
                    required: true,
                    condition_keys: vec!["x:k".to_owned()],
                },
                ActionResource {
                    name: "thing".to_owned(),
                    required: false,
                    condition_keys: Vec::new(),
                },
            ],
            condition_keys: vec!["x:k".to_owned()],
            dependents: vec!["iam:PassRole".to_owned()],
            permission_only: true,
            risks: vec![Risk::PrivilegeEscalation, Risk::DataAccess],
            seen: Seen {
                management: Some(Rw::Both),
                data: vec!["T".to_owned()],
                never: Some("why".to_owned()),
            },
        };
        Service {
            prefix: "x".to_owned(),
            name: "The \"X\"".to_owned(),
            event_sources: vec!["x.amazonaws.com".to_owned()],
            global: true,
            network_activity: true,
            actions: vec![action],
            resource_types: vec![ResourceType {
                name: "thing".to_owned(),
                arns: vec!["arn:${Partition}:x:::${A}".to_owned()],
                condition_keys: vec!["x:k".to_owned()],
                ephemeral: true,
            }],
            operations: vec![Operation {
                name: "Make".to_owned(),
                needs: vec![need],
                origin: Origin::Override,
                read_only: Some(false),
                cite: Some("https://docs.aws.amazon.com/".to_owned()),
                why: Some("because".to_owned()),
                companions: vec![Companion {
                    action: "kms:Decrypt".to_owned(),
                    by: By::Service,
                    on: vec![On {
                        template: "{key}".to_owned(),
                        because: None,
                    }],
                    when: Some(When::Present("key".to_owned())),
                    conditions: vec![(
                        "kms:ViaService".to_owned(),
                        "x.${Region}.amazonaws.com".to_owned(),
                    )],
                    because: "the thing is encrypted".to_owned(),
                    cite: "https://docs.aws.amazon.com/".to_owned(),
                }],
            }],
            keys: vec![ConditionKey {
                name: "x:k".to_owned(),
                kind: "String".to_owned(),
            }],
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let text = service(&sample());
        assert_eq!(crate::file::read_service(&text).unwrap(), sample());
    }

    #[test]
    fn an_empty_service_is_read_back() {
        let empty = Service {
            prefix: "x".to_owned(),
            ..Service::default()
        };
        assert_eq!(crate::file::read_service(&service(&empty)).unwrap(), empty);
    }

    #[test]
    fn every_action_has_a_line() {
        let text = service(&sample());
        assert_eq!(text.lines().filter(|l| l.starts_with("\"Make\": ")).count(), 2);
    }
}
