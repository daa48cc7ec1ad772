//! What is written by hand, with citations, in `overrides/`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::Outcome;
use crate::actions::Services;
use crate::file::{FileCompanion, FileNeed};
use crate::types::{Companion, NamedEvent, Need, NotAuthorizedRule};

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
    /// Event sources of which CloudTrail records network activity.
    pub(crate) network_activity: BTreeSet<String>,
    /// API (botocore's name) -> IAM prefix.
    pub(crate) api_prefixes: BTreeMap<String, String>,
    /// `prefix:Operation` -> what comes with it.
    pub(crate) companions: BTreeMap<String, Vec<Companion>>,
}

/// An operation that is mapped by hand.
pub(crate) struct Operation {
    pub(crate) needs: Vec<Need>,
    /// Why there are none.
    pub(crate) why: Option<String>,
    pub(crate) cite: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OperationForm {
    /// An entry without a source is no entry.
    cite: String,
    #[serde(default)]
    needs: Vec<FileNeed>,
    /// IAM asks for no permission, and why.
    #[serde(default)]
    why: Option<String>,
    /// For the reader of the file.
    #[serde(default, rename = "note")]
    _note: Option<String>,
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

/// `network-activity.json`.
#[derive(Deserialize, Default)]
struct NetworkActivity {
    cite: String,
    sources: BTreeSet<String>,
}

/// `api-prefixes.json`: API -> rule.
#[derive(Deserialize)]
struct PrefixRule {
    prefix: String,
    cite: String,
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
        let prefixes: BTreeMap<String, PrefixRule> = json(&folder.join("api-prefixes.json"))?;
        let mut api_prefixes = BTreeMap::new();
        for (api, rule) in prefixes {
            check_citation(&rule.cite).map_err(|e| format!("api-prefixes.json: {api}: {e}"))?;
            api_prefixes.insert(api, rule.prefix);
        }
        let network: NetworkActivity = json(&folder.join("network-activity.json"))?;
        if !network.sources.is_empty() {
            check_citation(&network.cite).map_err(|e| format!("network-activity.json: {e}"))?;
        }
        let mut overrides = Self {
            network_activity: network.sources,
            api_prefixes,
            events: json(&folder.join("events.json"))?,
            data_events: json(&folder.join("data-events.json"))?,
            global: global.prefixes.into_iter().map(|rule| rule.prefix).collect(),
            ..Self::default()
        };
        for rule in ids.ephemeral {
            let types = rule.types.iter().map(|t| t.to_ascii_lowercase());
            overrides.ephemeral.entry(rule.prefix).or_default().extend(types);
        }
        for path in files(&folder.join("operations"))? {
            let Some(prefix) = path.file_stem() else { continue };
            let form: BTreeMap<String, OperationForm> = json(&path)?;
            let mut file = BTreeMap::new();
            for (name, form) in form {
                let place = || format!("{}: {name}", path.display());
                check_citation(&form.cite).map_err(|e| format!("{}: {e}", place()))?;
                if form.needs.is_empty() != form.why.is_some() {
                    let e = "an entry has either needs, or a why that says why there are none";
                    return Err(format!("{}: {e}", place()).into());
                }
                let operation = Operation {
                    needs: form.needs.into_iter().map(FileNeed::into_need).collect(),
                    why: form.why,
                    cite: form.cite,
                };
                file.insert(name, operation);
            }
            overrides
                .operations
                .insert(prefix.to_string_lossy().into_owned(), file);
        }
        for path in files(&folder.join("companions"))? {
            let form: BTreeMap<String, Vec<FileCompanion>> = json(&path)?;
            for (name, list) in form {
                let mut list: Vec<Companion> = list.into_iter().map(FileCompanion::into_companion).collect();
                for companion in &list {
                    check_citation(&companion.cite)
                        .map_err(|e| format!("{}: {name}: {e}", path.display()))?;
                }
                overrides.companions.entry(name).or_default().append(&mut list);
            }
        }
        Ok(overrides)
    }
}

/// The files of a folder, sorted; none where there is no folder.
pub(crate) fn files(folder: &Path) -> Outcome<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        found.push(entry?.path());
    }
    found.sort();
    Ok(found)
}

/// A citation is the address of a document.
fn check_citation(cite: &str) -> Result<(), String> {
    match cite.starts_with("https://") && cite.len() > "https://".len() {
        true => Ok(()),
        false => Err(format!("`{cite}` is no citation: the address of a document is")),
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
