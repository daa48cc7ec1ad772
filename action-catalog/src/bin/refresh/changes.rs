//! What a run changed, in a form fit for a changelog.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::Outcome;
use crate::actions::Services;
use crate::file::read_service;
use crate::overrides::files;
use crate::types::{Level, Operation, Service};

/// More names than this of one kind are counted.
const MOST: usize = 12;

/// The services as the last run left them.
pub(crate) fn before(folder: &Path) -> Outcome<Services> {
    let mut services = Services::new();
    for path in files(&folder.join("services"))? {
        let service =
            read_service(&fs::read_to_string(&path)?).map_err(|e| format!("{}: {e}", path.display()))?;
        services.insert(service.prefix.clone(), service);
    }
    Ok(services)
}

/// Name and version of the policies of `managed-policies.jsonl`.
pub(crate) fn policies<'l>(lines: impl IntoIterator<Item = &'l str>) -> Outcome<BTreeMap<String, String>> {
    #[derive(serde::Deserialize)]
    struct Line {
        name: String,
        version: String,
        deprecated: bool,
    }
    let mut found = BTreeMap::new();
    for line in lines {
        let line: Line = serde_json::from_str(line)?;
        let mark = if line.deprecated { ", deprecated" } else { "" };
        found.insert(line.name, format!("{}{mark}", line.version));
    }
    Ok(found)
}

/// The changes as a list in Markdown; empty where nothing changed.
pub(crate) fn between(old: &Services, new: &Services) -> String {
    let mut text = String::new();
    let prefixes: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for prefix in prefixes {
        let line = match (old.get(prefix), new.get(prefix)) {
            (None, Some(new)) => format!(
                "new service, {} actions, {} operations",
                new.actions.len(),
                new.operations.len()
            ),
            (Some(_), None) => "service gone".to_owned(),
            (Some(old), Some(new)) => of_service(old, new),
            (None, None) => continue,
        };
        if !line.is_empty() {
            let _ = writeln!(text, "- `{prefix}`: {line}");
        }
    }
    text
}

/// The changes of the managed policies, one line each kind.
pub(crate) fn between_policies(old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> String {
    let mut parts = Vec::new();
    sets(
        &mut parts,
        "policy",
        "policies",
        &old.keys().cloned().collect(),
        &new.keys().cloned().collect(),
    );
    let changed = new
        .iter()
        .filter(|(name, version)| old.get(*name).is_some_and(|before| before != *version))
        .map(|(name, version)| format!("`{name}` ({version})"))
        .collect::<Vec<_>>();
    if !changed.is_empty() {
        parts.push(format!("changed: {}", listed(&changed)));
    }
    match parts.is_empty() {
        true => String::new(),
        false => format!("- AWS managed policies: {}\n", parts.join("; ")),
    }
}

fn of_service(old: &Service, new: &Service) -> String {
    let mut parts = Vec::new();
    let actions = |s: &'_ Service| s.actions.iter().map(|a| a.name.clone()).collect();
    let types = |s: &'_ Service| s.resource_types.iter().map(|r| r.name.clone()).collect();
    let operations = |s: &'_ Service| s.operations.iter().map(|o| o.name.clone()).collect();
    sets(&mut parts, "action", "actions", &actions(old), &actions(new));
    levels(&mut parts, old, new);
    sets(
        &mut parts,
        "resource type",
        "resource types",
        &types(old),
        &types(new),
    );
    sets(
        &mut parts,
        "operation",
        "operations",
        &operations(old),
        &operations(new),
    );
    let differs = |o: &&Operation| {
        old.operation(&o.name)
            .is_some_and(|before| before.needs != o.needs)
    };
    let remapped: Vec<String> = new
        .operations
        .iter()
        .filter(differs)
        .map(|o| format!("`{}`", o.name))
        .collect();
    if !remapped.is_empty() {
        parts.push(format!(
            "{} mapped otherwise: {}",
            remapped.len(),
            listed(&remapped)
        ));
    }
    parts.join("; ")
}

fn levels(parts: &mut Vec<String>, old: &Service, new: &Service) {
    let changed = new.actions.iter().filter_map(|action| {
        let before = old.action(&action.name)?.level;
        (before != action.level)
            .then(|| format!("`{}` {} -> {}", action.name, level(before), level(action.level)))
    });
    let changed: Vec<String> = changed.collect();
    if !changed.is_empty() {
        parts.push(format!("access level: {}", listed(&changed)));
    }
}

fn level(level: Level) -> &'static str {
    match level {
        Level::List => "List",
        Level::Read => "Read",
        Level::Write => "Write",
        Level::Tagging => "Tagging",
        Level::PermissionsManagement => "Permissions management",
    }
}

fn sets(parts: &mut Vec<String>, one: &str, many: &str, old: &BTreeSet<String>, new: &BTreeSet<String>) {
    for (set, other, word) in [(new, old, "added"), (old, new, "gone")] {
        let names: Vec<String> = set.difference(other).map(|name| format!("`{name}`")).collect();
        if !names.is_empty() {
            let noun = if names.len() == 1 { one } else { many };
            parts.push(format!("{} {noun} {word}: {}", names.len(), listed(&names)));
        }
    }
}

fn listed(names: &[String]) -> String {
    let shown = names.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MOST) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Action, Certainty, Need, Origin, Seen};

    fn service(actions: &[(&str, Level)], operations: &[(&str, &str)]) -> Services {
        let action = |(name, level): &(&str, Level)| Action {
            name: (*name).to_owned(),
            level: *level,
            resources: Vec::new(),
            condition_keys: Vec::new(),
            dependents: Vec::new(),
            permission_only: false,
            risks: Vec::new(),
            seen: Seen::default(),
        };
        let operation = |(name, needs): &(&str, &str)| Operation {
            needs: vec![Need {
                action: (*needs).to_owned(),
                on: Vec::new(),
                params: Vec::new(),
                when: None,
                certainty: Certainty::Certain,
            }],
            origin: Origin::SameName,
            ..Operation::unmapped(name)
        };
        let service = Service {
            prefix: "x".to_owned(),
            actions: actions.iter().map(action).collect(),
            operations: operations.iter().map(operation).collect(),
            ..Service::default()
        };
        Services::from([("x".to_owned(), service)])
    }

    #[test]
    fn what_came_went_and_changed_is_named() {
        let old = service(
            &[("Get", Level::Read), ("Old", Level::List)],
            &[("Get", "x:Get"), ("Put", "x:Put")],
        );
        let new = service(
            &[("Get", Level::Write), ("New", Level::List)],
            &[("Get", "x:Get"), ("Put", "x:New")],
        );
        assert_eq!(
            between(&old, &new),
            "- `x`: 1 action added: `New`; 1 action gone: `Old`; access level: `Get` Read -> Write; \
             1 mapped otherwise: `Put`\n"
        );
        assert_eq!(between(&new, &new), "");
        assert_eq!(
            between(&Services::new(), &new),
            "- `x`: new service, 2 actions, 2 operations\n"
        );
        assert_eq!(between(&new, &Services::new()), "- `x`: service gone\n");
    }

    #[test]
    fn managed_policies_are_compared_by_version() {
        let old = policies([
            r#"{"name":"A","version":"v1","deprecated":false}"#,
            r#"{"name":"B","version":"v1","deprecated":false}"#,
        ])
        .unwrap();
        let new = policies([
            r#"{"name":"B","version":"v1","deprecated":true}"#,
            r#"{"name":"C","version":"v1","deprecated":false}"#,
        ])
        .unwrap();
        assert_eq!(
            between_policies(&old, &new),
            "- AWS managed policies: 1 policy added: `C`; 1 policy gone: `A`; changed: `B` (v1, deprecated)\n"
        );
    }

    #[test]
    fn a_long_list_is_counted() {
        let names: Vec<String> = (0..14).map(|n| n.to_string()).collect();
        assert!(listed(&names).ends_with("11 and 2 more"));
    }
}
