//! What is written by hand, with citations, in `overrides/`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::Outcome;
use crate::actions::Services;
use crate::file::FileNeed;
use crate::types::{NamedEvent, Need, NotAuthorizedRule};

/// All of `overrides/`.
#[derive(Default)]
pub(crate) struct Overrides {
    /// IAM prefix -> operation -> override.
    pub(crate) operations: BTreeMap<String, BTreeMap<String, Operation>>,
    pub(crate) events: EventsFile,
    pub(crate) data_events: DataEvents,
    /// IAM prefix -> lower-cased resource types.
    pub(crate) ephemeral: BTreeMap<String, BTreeSet<String>>,
    pub(crate) global: BTreeSet<String>,
}

/// An operation that is mapped by hand.
pub(crate) struct Operation {
    pub(crate) needs: Vec<Need>,
    pub(crate) cite: Option<String>,
}

#[derive(Deserialize)]
struct OperationForm {
    cite: Option<String>,
    needs: Vec<FileNeed>,
}

/// `events.json`.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct EventsFile {
    pub(crate) sources: BTreeMap<String, SourceRule>,
    names: BTreeMap<String, NameRule>,
    pub(crate) not_authorized: Vec<NotAuthorizedRule>,
}

#[derive(Deserialize)]
pub(crate) struct SourceRule {
    pub(crate) prefix: String,
}

#[derive(Deserialize)]
struct NameRule {
    operation: String,
    cite: Option<String>,
}

/// `data-events.json`.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct DataEvents {
    pub(crate) data: Vec<DataRule>,
    pub(crate) never: Vec<NeverRule>,
    /// Calls of APIs that only carry data that are management events all the same.
    pub(crate) management: Vec<ManagementRule>,
}

#[derive(Deserialize)]
pub(crate) struct DataRule {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) prefix: String,
    pub(crate) operations: Vec<String>,
}

#[derive(Deserialize)]
pub(crate) struct ManagementRule {
    pub(crate) prefix: String,
    pub(crate) operations: Vec<String>,
}

#[derive(Deserialize)]
pub(crate) struct NeverRule {
    pub(crate) prefix: String,
    pub(crate) operations: Vec<String>,
    pub(crate) reason: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ResourceIds {
    ephemeral: Vec<EphemeralRule>,
}

#[derive(Deserialize)]
struct EphemeralRule {
    prefix: String,
    types: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct GlobalServices {
    prefixes: Vec<GlobalRule>,
}

#[derive(Deserialize)]
struct GlobalRule {
    prefix: String,
}

impl EventsFile {
    /// Event names that stand for another operation, sorted.
    pub(crate) fn named(&self) -> Vec<NamedEvent> {
        let named = |(key, rule): (&String, &NameRule)| {
            let (source, name) = key.split_once('/')?;
            Some(NamedEvent {
                source: source.to_owned(),
                name: name.to_owned(),
                operation: rule.operation.clone(),
                cite: rule.cite.clone(),
            })
        };
        self.names.iter().filter_map(named).collect()
    }
}

impl Overrides {
    /// Reads the folder; a file that is not there is empty.
    pub(crate) fn read(folder: &Path) -> Outcome<Self> {
        let ids: ResourceIds = json(&folder.join("resource-ids.json"))?;
        let global: GlobalServices = json(&folder.join("global-services.json"))?;
        let mut overrides = Self {
            events: json(&folder.join("events.json"))?,
            data_events: json(&folder.join("data-events.json"))?,
            global: global.prefixes.into_iter().map(|rule| rule.prefix).collect(),
            ..Self::default()
        };
        for rule in ids.ephemeral {
            let types = rule.types.iter().map(|t| t.to_ascii_lowercase());
            overrides.ephemeral.entry(rule.prefix).or_default().extend(types);
        }
        let operations = folder.join("operations");
        if operations.is_dir() {
            for entry in fs::read_dir(operations)? {
                let path = entry?.path();
                let Some(prefix) = path.file_stem() else { continue };
                let file: BTreeMap<String, OperationForm> = json(&path)?;
                let of = |form: OperationForm| Operation {
                    needs: form.needs.into_iter().map(FileNeed::into_need).collect(),
                    cite: form.cite,
                };
                let file = file.into_iter().map(|(name, form)| (name, of(form))).collect();
                overrides
                    .operations
                    .insert(prefix.to_string_lossy().into_owned(), file);
            }
        }
        Ok(overrides)
    }
}

impl Overrides {
    /// Operations that rules for data events name and no service has, as operation or as action.
    pub(crate) fn unknown_operations(&self, services: &Services) -> Vec<String> {
        let data = self.data_events.data.iter().map(|r| (&r.prefix, &r.operations));
        let never = self.data_events.never.iter().map(|r| (&r.prefix, &r.operations));
        let management = self
            .data_events
            .management
            .iter()
            .map(|r| (&r.prefix, &r.operations));
        let named = data
            .chain(never)
            .chain(management)
            .flat_map(|(prefix, names)| names.iter().map(move |name| (prefix, name)));
        let known = |(prefix, name): &(&String, &String)| {
            let has = |s: &crate::types::Service| s.operation(name).is_some() || s.action(name).is_some();
            *name == "*" || services.get(*prefix).is_some_and(has)
        };
        named
            .filter(|pair| !known(pair))
            .map(|(prefix, name)| format!("{prefix}:{name}"))
            .collect()
    }
}

fn json<T: for<'de> Deserialize<'de> + Default>(path: &Path) -> Outcome<T> {
    if !path.exists() {
        return Ok(T::default());
    }
    serde_json::from_str(&fs::read_to_string(path)?).map_err(|e| format!("{}: {e}", path.display()).into())
}
