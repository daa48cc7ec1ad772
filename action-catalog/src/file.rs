//! The form of `services/*.json`: what `refresh` writes, people review, and the build script packs.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::types::{
    Action, ActionResource, By, Certainty, Companion, ConditionKey, Level, Need, On, Operation, Origin,
    ResourceType, Risk, Rw, Seen, Service, When,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileService {
    prefix: String,
    name: String,
    event_sources: Vec<String>,
    #[serde(default)]
    global: bool,
    #[serde(default)]
    network_activity: bool,
    keys: BTreeMap<String, String>,
    resource_types: BTreeMap<String, FileType>,
    actions: BTreeMap<String, FileAction>,
    operations: BTreeMap<String, FileOperation>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileType {
    arns: Vec<String>,
    #[serde(default)]
    keys: Vec<String>,
    #[serde(default)]
    ephemeral: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileAction {
    level: FileLevel,
    /// Resource type, `*` after its name where required -> keys on that type.
    #[serde(default)]
    on: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    keys: Vec<String>,
    #[serde(default)]
    dependents: Vec<String>,
    #[serde(default)]
    permission_only: bool,
    #[serde(default)]
    risks: Vec<FileRisk>,
    seen: FileSeen,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(remote = "Level")]
enum LevelForm {
    List,
    Read,
    Write,
    Tagging,
    #[serde(rename = "Permissions management")]
    PermissionsManagement,
}

#[derive(Deserialize)]
struct FileLevel(#[serde(with = "LevelForm")] Level);

#[derive(Deserialize)]
#[serde(remote = "Risk")]
enum RiskForm {
    PrivilegeEscalation,
    CredentialExposure,
    DataAccess,
    ResourceExposure,
}

#[derive(Deserialize)]
struct FileRisk(#[serde(with = "RiskForm")] Risk);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileSeen {
    #[serde(default)]
    management: Option<FileRw>,
    #[serde(default)]
    data: Vec<String>,
    #[serde(default)]
    never: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum FileRw {
    Read,
    Write,
    Both,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileOperation {
    origin: FileOrigin,
    #[serde(default)]
    read_only: Option<bool>,
    #[serde(default)]
    cite: Option<String>,
    #[serde(default)]
    needs: Vec<FileNeed>,
    #[serde(default)]
    why: Option<String>,
    #[serde(default)]
    companions: Vec<FileCompanion>,
}

/// A companion as `services/` and `overrides/companions/` write it.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub struct FileCompanion {
    action: String,
    by: FileBy,
    #[serde(default)]
    on: Vec<FileOn>,
    #[serde(default)]
    when: Option<FileWhen>,
    #[serde(default)]
    conditions: BTreeMap<String, String>,
    because: String,
    cite: String,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum FileBy {
    Service,
    ServiceLinkedRole,
    Console,
    Sdk,
    Cloudformation,
    Terraform,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum FileOrigin {
    Override,
    ServiceReference,
    Map,
    HttpVerb,
    SameName,
    ApiModel,
    ApiDocumentation,
    Unmapped,
}

/// A need as `services/` and `overrides/operations/` write it.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub struct FileNeed {
    action: String,
    #[serde(default)]
    on: Vec<FileOn>,
    /// ARN variable -> request parameter paths, best first.
    #[serde(default)]
    params: BTreeMap<String, OneOrMany>,
    #[serde(default)]
    when: Option<FileWhen>,
    #[serde(default)]
    certainty: FileCertainty,
    /// Overrides may cite a single need or note why it is there; that is for their reader.
    #[serde(default, rename = "cite")]
    _cite: Option<String>,
    #[serde(default, rename = "note")]
    _note: Option<String>,
}

#[derive(Deserialize, Clone)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize, Clone)]
#[serde(untagged)]
enum FileOn {
    Plain(String),
    Explained { arn: String, because: String },
}

#[derive(Deserialize, Clone)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum FileWhen {
    Present(String),
    Absent(String),
    Equals { path: String, value: String },
    Matches { path: String, pattern: String },
    All(Vec<FileWhen>),
    Any(Vec<FileWhen>),
    Not(Box<FileWhen>),
}

#[derive(Deserialize, Clone, Copy, Default)]
#[serde(rename_all = "kebab-case")]
enum FileCertainty {
    #[default]
    Certain,
    Likely,
}

/// The service that a file of `services/` describes.
///
/// # Errors
/// The JSON is malformed or does not have the form.
pub fn read_service(text: &str) -> Result<Service, serde_json::Error> {
    let file: FileService = serde_json::from_str(text)?;
    Ok(Service {
        prefix: file.prefix,
        name: file.name,
        event_sources: file.event_sources,
        global: file.global,
        network_activity: file.network_activity,
        actions: folded(file.actions.into_iter().map(action).collect(), |a| &a.name),
        resource_types: folded(
            file.resource_types.into_iter().map(resource_type).collect(),
            |r| &r.name,
        ),
        operations: folded(file.operations.into_iter().map(operation).collect(), |o| &o.name),
        keys: folded(
            file.keys
                .into_iter()
                .map(|(name, kind)| ConditionKey { name, kind })
                .collect(),
            |k| &k.name,
        ),
    })
}

/// Sorts by ASCII-folded name, the order that lookups rely on.
fn folded<T>(mut list: Vec<T>, name: impl Fn(&T) -> &String) -> Vec<T> {
    list.sort_by_cached_key(|item| name(item).to_ascii_lowercase());
    list
}

fn action((name, file): (String, FileAction)) -> Action {
    let resource = |(name, condition_keys): (String, Vec<String>)| match name.strip_suffix('*') {
        Some(plain) => ActionResource {
            name: plain.to_owned(),
            required: true,
            condition_keys,
        },
        None => ActionResource {
            name,
            required: false,
            condition_keys,
        },
    };
    Action {
        name,
        level: file.level.0,
        resources: folded(file.on.into_iter().map(resource).collect(), |r| &r.name),
        condition_keys: file.keys,
        dependents: file.dependents,
        permission_only: file.permission_only,
        risks: file.risks.into_iter().map(|r| r.0).collect(),
        seen: Seen {
            management: file.seen.management.map(|rw| match rw {
                FileRw::Read => Rw::Read,
                FileRw::Write => Rw::Write,
                FileRw::Both => Rw::Both,
            }),
            data: file.seen.data,
            never: file.seen.never,
        },
    }
}

fn resource_type((name, file): (String, FileType)) -> ResourceType {
    ResourceType {
        name,
        arns: file.arns,
        condition_keys: file.keys,
        ephemeral: file.ephemeral,
    }
}

fn operation((name, file): (String, FileOperation)) -> Operation {
    Operation {
        name,
        needs: file.needs.into_iter().map(FileNeed::into_need).collect(),
        origin: match file.origin {
            FileOrigin::Override => Origin::Override,
            FileOrigin::ServiceReference => Origin::ServiceReference,
            FileOrigin::Map => Origin::Map,
            FileOrigin::HttpVerb => Origin::HttpVerb,
            FileOrigin::SameName => Origin::SameName,
            FileOrigin::ApiModel => Origin::ApiModel,
            FileOrigin::ApiDocumentation => Origin::ApiDocumentation,
            FileOrigin::Unmapped => Origin::Unmapped,
        },
        read_only: file.read_only,
        cite: file.cite,
        why: file.why,
        companions: file
            .companions
            .into_iter()
            .map(FileCompanion::into_companion)
            .collect(),
    }
}

impl FileCompanion {
    /// The companion in the catalog's own form.
    pub fn into_companion(self) -> Companion {
        Companion {
            action: self.action,
            by: match self.by {
                FileBy::Service => By::Service,
                FileBy::ServiceLinkedRole => By::ServiceLinkedRole,
                FileBy::Console => By::Console,
                FileBy::Sdk => By::Sdk,
                FileBy::Cloudformation => By::CloudFormation,
                FileBy::Terraform => By::Terraform,
            },
            on: self.on.into_iter().map(FileOn::into_on).collect(),
            when: self.when.map(FileWhen::into_when),
            conditions: self.conditions.into_iter().collect(),
            because: self.because,
            cite: self.cite,
        }
    }
}

impl FileNeed {
    /// The need in the catalog's own form.
    pub fn into_need(self) -> Need {
        let params = self.params.into_iter().flat_map(|(variable, paths)| {
            let paths = match paths {
                OneOrMany::One(path) => vec![path],
                OneOrMany::Many(paths) => paths,
            };
            paths.into_iter().map(move |path| (variable.clone(), path))
        });
        Need {
            action: self.action,
            params: params.collect(),
            on: self.on.into_iter().map(FileOn::into_on).collect(),
            when: self.when.map(FileWhen::into_when),
            certainty: match self.certainty {
                FileCertainty::Certain => Certainty::Certain,
                FileCertainty::Likely => Certainty::Likely,
            },
        }
    }
}

impl FileOn {
    fn into_on(self) -> On {
        match self {
            Self::Plain(template) => On {
                template,
                because: None,
            },
            Self::Explained { arn, because } => On {
                template: arn,
                because: Some(because),
            },
        }
    }
}

impl FileWhen {
    fn into_when(self) -> When {
        match self {
            Self::Present(path) => When::Present(path),
            Self::Absent(path) => When::Absent(path),
            Self::Equals { path, value } => When::Equals { path, value },
            Self::Matches { path, pattern } => When::Matches { path, pattern },
            Self::All(all) => When::All(all.into_iter().map(Self::into_when).collect()),
            Self::Any(any) => When::Any(any.into_iter().map(Self::into_when).collect()),
            Self::Not(not) => When::Not(Box::new(not.into_when())),
        }
    }
}
