//! AWS's machine-readable service reference, laid over the catalog.
//!
//! AWS publishes one JSON file a service: its actions, resource types and condition keys, and for many
//! services which actions an API operation can ask for
//! (<https://docs.aws.amazon.com/service-authorization/latest/reference/service-reference.html>). Where
//! such a file speaks it is right and the catalog is not. What it leaves open stays: on which
//! resources and with which parameters a call asks, and how its use shows in a trail.
//!
//! AWS's list of an operation's actions is without conditions. So a mapping written by hand that names
//! only listed actions stays, since it knows when each is asked for. Any other is replaced: a lone
//! action is certain; of several, the one of the operation's own name is, the others are likely.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::types::{
    Action, ActionResource, Certainty, ConditionKey, Level, Need, Operation, Origin, ResourceType, Seen,
    Service,
};

/// One file of the service reference.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ServiceReference {
    /// The IAM prefix: `s3`.
    pub name: String,
    #[serde(default)]
    version: String,
    actions: Vec<FileAction>,
    #[serde(default)]
    condition_keys: Vec<FileKey>,
    #[serde(default)]
    operations: Vec<FileOperation>,
    #[serde(default)]
    resources: Vec<FileResource>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FileAction {
    name: String,
    #[serde(default)]
    action_condition_keys: Vec<String>,
    #[serde(default)]
    annotations: Option<Annotations>,
    #[serde(default)]
    resources: Vec<Named>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Annotations {
    properties: Properties,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(clippy::struct_excessive_bools, reason = "AWS's own form")]
struct Properties {
    #[serde(default)]
    is_list: bool,
    #[serde(default)]
    is_permission_management: bool,
    #[serde(default)]
    is_tagging_only: bool,
    #[serde(default)]
    is_write: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    name: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FileKey {
    name: String,
    #[serde(default)]
    types: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FileOperation {
    name: String,
    /// Absent: AWS does not say for this service.
    #[serde(default)]
    authorized_actions: Vec<Authorized>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Authorized {
    name: String,
    service: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FileResource {
    name: String,
    #[serde(rename = "ARNFormats", default)]
    arn_formats: Vec<String>,
    #[serde(default)]
    condition_keys: Vec<String>,
}

/// What a file changed in the catalog.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Overlaid {
    /// The IAM prefix.
    pub prefix: String,
    /// AWS's version of the file's form.
    pub version: String,
    /// Actions (with prefix) that the catalog did not have, sorted.
    pub added: Vec<String>,
    /// Actions (with prefix) whose level, resource types or condition keys changed, sorted.
    pub changed: Vec<String>,
    /// Actions (with prefix) that the file does not have; they stay, sorted.
    pub missing: Vec<String>,
    /// Operations (with prefix) whose needs changed, sorted.
    pub operations: Vec<String>,
}

impl ServiceReference {
    /// Reads a file. `Ok(None)`: it is JSON, but not of a service (`mapping.json`, the list of services).
    ///
    /// # Errors
    /// The text is no JSON, or of a service but not of the form that AWS documents.
    pub fn read(text: &str) -> Result<Option<Self>, serde_json::Error> {
        let value: serde_json::Value = serde_json::from_str(text)?;
        if value.get("Name").is_none() || value.get("Actions").is_none() {
            return Ok(None);
        }
        let mut file: Self = serde_json::from_value(value)?;
        file.name = file.name.to_ascii_lowercase();
        Ok(Some(file))
    }

    /// Lays the file over its service.
    pub fn apply(&self, service: &mut Service) -> Overlaid {
        let mut overlaid = self.apply_actions(service);
        for file in &self.operations {
            let position = service
                .operations
                .iter()
                .position(|o| o.name.eq_ignore_ascii_case(&file.name));
            let operation = match position.and_then(|at| service.operations.get_mut(at)) {
                Some(known) => known,
                None => {
                    service.operations.push(Operation::unmapped(&file.name));
                    match service.operations.last_mut() {
                        Some(new) => new,
                        None => continue,
                    }
                }
            };
            if self.apply_operation(file, operation) {
                overlaid
                    .operations
                    .push(format!("{}:{}", service.prefix, operation.name));
            }
        }
        service
            .operations
            .retain(|o| !(o.needs.is_empty() && o.why.is_none()));
        service
            .operations
            .sort_by_cached_key(|o| o.name.to_ascii_lowercase());
        overlaid.operations.sort();
        overlaid
    }

    /// Lays the file's actions, resource types and condition keys over its service.
    fn apply_actions(&self, service: &mut Service) -> Overlaid {
        let mut overlaid = Overlaid {
            prefix: self.name.clone(),
            version: self.version.clone(),
            ..Overlaid::default()
        };
        for key in &self.condition_keys {
            let kind = key.types.first().cloned().unwrap_or_else(|| "String".to_owned());
            match service
                .keys
                .iter_mut()
                .find(|k| k.name.eq_ignore_ascii_case(&key.name))
            {
                Some(known) if !key.types.is_empty() => known.kind = kind,
                Some(_) => {}
                None => service.keys.push(ConditionKey {
                    name: key.name.clone(),
                    kind,
                }),
            }
        }
        for resource in &self.resources {
            self.apply_resource(service, resource);
        }
        for file in &self.actions {
            let full = format!("{}:{}", service.prefix, file.name);
            match service
                .actions
                .iter_mut()
                .find(|a| a.name.eq_ignore_ascii_case(&file.name))
            {
                Some(known) => {
                    let before = known.clone();
                    file.lay_over(known);
                    if *known != before {
                        overlaid.changed.push(full);
                    }
                }
                None => {
                    service.actions.push(file.new_action());
                    overlaid.added.push(full);
                }
            }
        }
        let listed: BTreeSet<String> = self.actions.iter().map(|a| a.name.to_ascii_lowercase()).collect();
        let missing = service
            .actions
            .iter()
            .filter(|a| !listed.contains(&a.name.to_ascii_lowercase()));
        overlaid.missing = missing
            .map(|a| format!("{}:{}", service.prefix, a.name))
            .collect();
        service
            .actions
            .sort_by_cached_key(|a| a.name.to_ascii_lowercase());
        service
            .resource_types
            .sort_by_cached_key(|r| r.name.to_ascii_lowercase());
        service.keys.sort_by_cached_key(|k| k.name.to_ascii_lowercase());
        overlaid.added.sort();
        overlaid.changed.sort();
        overlaid
    }

    fn apply_resource(&self, service: &mut Service, file: &FileResource) {
        if file.arn_formats.is_empty() {
            return;
        }
        match service
            .resource_types
            .iter_mut()
            .find(|r| r.name.eq_ignore_ascii_case(&file.name))
        {
            Some(known) => known.arns.clone_from(&file.arn_formats),
            None => service.resource_types.push(ResourceType {
                name: file.name.clone(),
                arns: file.arn_formats.clone(),
                condition_keys: sorted(&file.condition_keys),
                ephemeral: false,
            }),
        }
    }

    /// Lays what the file says of an operation over it; whether anything changed.
    fn apply_operation(&self, file: &FileOperation, operation: &mut Operation) -> bool {
        if file.authorized_actions.is_empty() {
            return false;
        }
        let listed: Vec<String> = file
            .authorized_actions
            .iter()
            .map(|a| format!("{}:{}", a.service, a.name))
            .collect();
        let is_listed = |need: &Need| listed.iter().any(|l| l.eq_ignore_ascii_case(&need.action));
        let by_hand = operation.origin == Origin::Override && !operation.needs.is_empty();
        if by_hand && operation.needs.iter().all(is_listed) {
            return false;
        }
        let before = std::mem::take(&mut operation.needs);
        let kept: Vec<Need> = before.iter().filter(|need| is_listed(need)).cloned().collect();
        operation.needs.clone_from(&kept);
        // What is left of a mapping by hand still knows when each action is asked for.
        if !by_hand || kept.is_empty() {
            let own = format!("{}:{}", self.name, operation.name);
            for action in &listed {
                if kept.iter().any(|need| need.action.eq_ignore_ascii_case(action)) {
                    continue;
                }
                let certain = listed.len() == 1 || action.eq_ignore_ascii_case(&own);
                operation.needs.push(Need {
                    action: action.clone(),
                    on: Vec::new(),
                    params: Vec::new(),
                    when: None,
                    certainty: if certain {
                        Certainty::Certain
                    } else {
                        Certainty::Likely
                    },
                });
            }
        }
        let changed = operation.needs != before;
        if changed {
            operation.origin = Origin::ServiceReference;
            operation.cite = Some(format!(
                "https://servicereference.us-east-1.amazonaws.com/v1/{0}/{0}.json",
                self.name
            ));
            operation.why = None;
        }
        changed
    }
}

impl FileAction {
    fn level(&self) -> Option<Level> {
        let properties = self.annotations.as_ref()?.properties;
        Some(if properties.is_permission_management {
            Level::PermissionsManagement
        } else if properties.is_tagging_only {
            Level::Tagging
        } else if properties.is_write {
            Level::Write
        } else if properties.is_list {
            Level::List
        } else {
            Level::Read
        })
    }

    fn lay_over(&self, action: &mut Action) {
        if let Some(level) = self.level() {
            action.level = level;
        }
        let has = |name: &str| self.resources.iter().any(|r| r.name.eq_ignore_ascii_case(name));
        action.resources.retain(|r| has(&r.name));
        for named in &self.resources {
            if !action
                .resources
                .iter()
                .any(|r| r.name.eq_ignore_ascii_case(&named.name))
            {
                action.resources.push(ActionResource {
                    name: named.name.clone(),
                    required: false,
                    condition_keys: Vec::new(),
                });
            }
        }
        action
            .resources
            .sort_by_cached_key(|r| r.name.to_ascii_lowercase());
        let listed = |key: &String| {
            self.action_condition_keys
                .iter()
                .any(|k| k.eq_ignore_ascii_case(key))
        };
        action.condition_keys.retain(listed);
        let of_types: BTreeSet<String> = action
            .resources
            .iter()
            .flat_map(|r| &r.condition_keys)
            .map(|k| k.to_ascii_lowercase())
            .collect();
        for key in &self.action_condition_keys {
            let known = action.condition_keys.iter().any(|k| k.eq_ignore_ascii_case(key));
            if !known && !of_types.contains(&key.to_ascii_lowercase()) {
                action.condition_keys.push(key.clone());
            }
        }
        action.condition_keys.sort();
    }

    fn new_action(&self) -> Action {
        let never = "newer than this catalog: it is not known which events record its use";
        let mut action = Action {
            name: self.name.clone(),
            // AWS's own flags replace it; the level that needs most care where it gives none.
            level: Level::PermissionsManagement,
            resources: Vec::new(),
            condition_keys: Vec::new(),
            dependents: Vec::new(),
            permission_only: false,
            risks: Vec::new(),
            seen: Seen {
                never: Some(never.to_owned()),
                ..Seen::default()
            },
        };
        // What is new has nothing to keep.
        self.lay_over(&mut action);
        action
    }
}

fn sorted(list: &[String]) -> Vec<String> {
    let mut list = list.to_vec();
    list.sort();
    list
}

#[cfg(test)]
#[path = "service_reference_tests.rs"]
mod tests;
