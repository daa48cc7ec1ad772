//! The reviewed services, call by call: parameters as CloudTrail writes them, and the actions and
//! resources that the call needs by the document that each case cites.
//!
//! One file a service in `reviewed/`. A case is a call of `role/app` in account 111122223333, region
//! eu-west-1 unless it says otherwise; `needs` and `likely` list everything that comes of it: action ->
//! resources (`*` and `unknown` are values, a pattern is written as it stands).
#![expect(clippy::disallowed_methods, reason = "tests read files")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "what fails here fails its test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use leastgrant::require::{Mapped, requirements};
use leastgrant::trail::{Event, Scratch};
use serde::Deserialize;
use serde_json::{Value, json};

/// Action -> resources.
type Needs = BTreeMap<String, BTreeSet<String>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// `s3.amazonaws.com/CopyObject`.
    event: String,
    #[serde(default)]
    request: Value,
    #[serde(default)]
    response: Value,
    /// `resources[]` of the record.
    #[serde(default)]
    resources: Vec<Value>,
    region: Option<String>,
    /// Another caller than the role: a whole `userIdentity`.
    identity: Option<Value>,
    #[serde(default)]
    needs: Needs,
    #[serde(default)]
    likely: Needs,
    /// The class, where IAM does not authorize the call.
    not_authorized: Option<String>,
    cite: String,
}

impl Case {
    fn record(&self) -> String {
        let (source, name) = self.event.split_once('/').unwrap();
        let role = json!({
            "type": "AssumedRole",
            "principalId": "AROAEXAMPLEEXAMPLE:s",
            "arn": "arn:aws:sts::111122223333:assumed-role/app/s",
            "accountId": "111122223333",
            "sessionContext": {"sessionIssuer": {
                "type": "Role",
                "principalId": "AROAEXAMPLEEXAMPLE",
                "arn": "arn:aws:iam::111122223333:role/app",
                "accountId": "111122223333",
                "userName": "app",
            }},
        });
        json!({
            "eventVersion": "1.11",
            "userIdentity": self.identity.as_ref().unwrap_or(&role),
            "eventTime": "2026-10-01T00:00:00Z",
            "eventSource": source,
            "eventName": name,
            "awsRegion": self.region.as_deref().unwrap_or("eu-west-1"),
            "recipientAccountId": "111122223333",
            "eventType": "AwsApiCall",
            "requestParameters": self.request,
            "responseElements": self.response,
            "resources": self.resources,
        })
        .to_string()
    }

    /// What is wrong with what the program makes of the case.
    fn mistake(&self) -> Option<String> {
        if !self.cite.starts_with("https://") {
            return Some("no citation".to_owned());
        }
        let record = self.record();
        let mut scratch = Scratch::default();
        let event = Event::parse(record.as_bytes(), &mut scratch).unwrap();
        let (mut needs, mut likely) = (Needs::new(), Needs::new());
        match (requirements(&event), &self.not_authorized) {
            (Mapped::Requires(found), None) => {
                for requirement in found {
                    let side = if requirement.certain {
                        &mut needs
                    } else {
                        &mut likely
                    };
                    side.entry(requirement.action.to_string())
                        .or_default()
                        .insert(requirement.resource.shown().to_owned());
                }
            }
            (Mapped::NotAuthorized { class, .. }, Some(wanted)) if class == *wanted => return None,
            (other, wanted) => return Some(format!("is {other:?}, expected {wanted:?}")),
        }
        if self.needs.is_empty() && self.likely.is_empty() {
            return Some("expects nothing".to_owned());
        }
        let differ = needs != self.needs || likely != self.likely;
        differ.then(|| {
            let line = |needs: &Needs| serde_json::to_string(needs).unwrap();
            format!(
                "\n    expected {} likely {}\n    is       {} likely {}",
                line(&self.needs),
                line(&self.likely),
                line(&needs),
                line(&likely)
            )
        })
    }
}

/// File stem -> cases. `REVIEWED=s3,iam` reads those only.
fn cases() -> BTreeMap<String, Vec<Case>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/reviewed");
    let only = std::env::var("REVIEWED").unwrap_or_default();
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if only.is_empty() || only.split(',').any(|o| o == name) {
            let text = fs::read_to_string(&path).unwrap();
            let list = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            all.insert(name, list);
        }
    }
    all
}

#[test]
fn every_reviewed_call_needs_what_its_document_says() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for (service, cases) in cases() {
        for (number, case) in cases.iter().enumerate() {
            count += 1;
            if let Some(mistake) = case.mistake() {
                wrong.push(format!("{service} #{number} {}: {mistake}", case.event));
            }
        }
    }
    if std::env::var_os("REVIEWED").is_none() {
        assert!(count >= 870, "{count} cases");
    }
    assert!(
        wrong.is_empty(),
        "{} of {count}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
