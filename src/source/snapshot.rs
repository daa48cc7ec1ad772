//! A snapshot: grants, the organization's policies, what trails record, and the trail itself, in a folder, so
//! that everything else runs without credentials.
//!
//! ```text
//! snapshot.json          version, account, when, until when the trail was read
//! grants.json            pages of `aws iam get-account-authorization-details`
//! organization.json      service and resource control policies by level, and what could not be read
//! credential-report.json, account-summary.json, password-policy.json, trail-settings.json,
//! config-settings.json   for findings of hygiene, as far as they could be read
//! event-selectors.json   what the trail is set to record, where that is known
//! trail/REGION/DAY-N.jsonl.gz    records of a day, one a line, secrets masked; N is the run that wrote it
//! ```

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::text::read_text;
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::evaluate::Layer;
use crate::grants::Organization;

/// The version of the folder's format.
pub const SNAPSHOT_VERSION: u32 = 1;

/// `snapshot.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of the format.
    pub snapshot_version: u32,
    /// The account.
    pub account: String,
    /// When it was last taken.
    pub taken: Timestamp,
    /// From when on the trail was read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub since: Option<Timestamp>,
    /// Until when the trail was read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub until: Option<Timestamp>,
    /// How many runs it was taken in.
    pub runs: u32,
    /// The trails, as they were named.
    pub trails: Vec<String>,
}

/// A policy of the organization, as the file has it.
#[derive(Debug, Serialize, Deserialize)]
struct PolicyEntry {
    layer: String,
    name: String,
    document: Value,
}

/// `organization.json`.
#[derive(Debug, Serialize, Deserialize)]
struct OrganizationFile {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    management_account: Option<String>,
    policies: Vec<PolicyEntry>,
    unknown: Vec<String>,
}

/// A file for findings of hygiene.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountFile {
    /// The output of get-credential-report.
    CredentialReport,
    /// The output of get-account-summary.
    Summary,
    /// The output of get-account-password-policy; an empty object where there is none.
    PasswordPolicy,
    /// A list of outputs of describe-trails, get-trail-status and get-event-selectors.
    Trails,
    /// A list of outputs of describe-configuration-recorders and their status.
    Config,
}

impl AccountFile {
    /// Its name in the folder.
    pub fn name(self) -> &'static str {
        match self {
            Self::CredentialReport => "credential-report.json",
            Self::Summary => "account-summary.json",
            Self::PasswordPolicy => "password-policy.json",
            Self::Trails => "trail-settings.json",
            Self::Config => "config-settings.json",
        }
    }
}

/// A folder that is a snapshot.
#[derive(Debug, Clone)]
pub struct Snapshot {
    folder: PathBuf,
}

impl Snapshot {
    /// The snapshot in a folder, where there is one.
    pub fn at(folder: &Path) -> Option<Self> {
        folder.join("snapshot.json").is_file().then(|| Self {
            folder: folder.to_owned(),
        })
    }

    /// Its `grants.json`.
    pub fn grants(&self) -> PathBuf {
        self.folder.join("grants.json")
    }

    /// The folder of its records.
    pub fn trail(&self) -> PathBuf {
        self.folder.join("trail")
    }

    /// One of its files for findings of hygiene, where it has it.
    pub fn account_file(&self, file: AccountFile) -> Option<PathBuf> {
        Some(self.folder.join(file.name())).filter(|path| path.is_file())
    }

    /// Its `event-selectors.json`, where it has one.
    pub fn selectors(&self) -> Option<PathBuf> {
        Some(self.folder.join("event-selectors.json")).filter(|path| path.is_file())
    }

    /// Its `snapshot.json`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn manifest(&self) -> Result<Manifest, Box<Diagnostic>> {
        let path = self.folder.join("snapshot.json");
        let manifest: Manifest = read(&path)?;
        if manifest.snapshot_version == SNAPSHOT_VERSION {
            return Ok(manifest);
        }
        let why = format!(
            "the snapshot is of version {}; this program reads version {SNAPSHOT_VERSION}",
            manifest.snapshot_version
        );
        Err(wrong(&path, why, "take it anew"))
    }

    /// The organization's policies; all layers unknown where the snapshot holds none.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn organization(&self) -> Result<Organization, Box<Diagnostic>> {
        let path = self.folder.join("organization.json");
        let mut found = Organization::default();
        if !path.is_file() {
            found.unknown = vec![Layer::Scp(0), Layer::Rcp(0)];
            return Ok(found);
        }
        let file: OrganizationFile = read(&path)?;
        found.management_account = file.management_account;
        found.unknown = file
            .unknown
            .iter()
            .filter_map(|layer| Layer::parse(layer))
            .collect();
        for entry in file.policies {
            let (document, said) = crate::policy::parse(&entry.document.to_string(), &entry.name);
            found.said.extend(said);
            if let (Some(layer), Some(document)) = (Layer::parse(&entry.layer), document) {
                found.policies.push((layer, entry.name, document));
            }
        }
        Ok(found)
    }
}

/// The organization's policies as `organization.json` has them.
pub fn organization_value(organization: &Organization) -> Value {
    let file = OrganizationFile {
        management_account: organization.management_account.clone(),
        policies: organization
            .policies
            .iter()
            .map(|(layer, name, document)| PolicyEntry {
                layer: layer_name(*layer),
                name: name.clone(),
                document: crate::policy::print::document_value(document),
            })
            .collect(),
        unknown: organization
            .unknown
            .iter()
            .map(|layer| layer_name(*layer))
            .collect(),
    };
    serde_json::to_value(file).unwrap_or_default()
}

/// A layer as [`Layer::parse`] reads it.
fn layer_name(layer: Layer) -> String {
    match layer {
        Layer::Scp(level) => format!("scp:{level}"),
        Layer::Rcp(level) => format!("rcp:{level}"),
        other => format!("{other:?}").to_lowercase(),
    }
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Box<Diagnostic>> {
    let text = read_text(path)?;
    serde_json::from_str(&text).map_err(|error| wrong(path, error.to_string(), "take the snapshot anew"))
}

fn wrong(path: &Path, why: String, help: &str) -> Box<Diagnostic> {
    let said = Diagnostic::error(Code::GrantsShape, why).at(Place::file(path.to_string_lossy()));
    Box::new(said.help(help))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests write the folder that they read")]
mod tests {
    use super::*;

    #[test]
    fn layers_are_written_as_they_are_read() {
        for layer in [Layer::Scp(0), Layer::Scp(3), Layer::Rcp(1), Layer::Identity] {
            assert_eq!(Layer::parse(&layer_name(layer)), Some(layer));
        }
    }

    #[test]
    fn an_organization_comes_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let text =
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#;
        let organization = Organization {
            management_account: Some("999988887777".to_owned()),
            policies: vec![(
                Layer::Scp(1),
                "no-s3".to_owned(),
                crate::policy::parse(text, "x").0.unwrap(),
            )],
            unknown: vec![Layer::Rcp(0)],
            said: Vec::new(),
        };
        std::fs::write(folder.path().join("snapshot.json"), "{}").unwrap();
        let file = organization_value(&organization).to_string();
        std::fs::write(folder.path().join("organization.json"), file).unwrap();
        let snapshot = Snapshot::at(folder.path()).unwrap();
        let found = snapshot.organization().unwrap();
        assert_eq!(organization_value(&found), organization_value(&organization));
        assert_eq!(found.unknown, [Layer::Rcp(0)]);
        assert!(snapshot.manifest().is_err());
    }
}
