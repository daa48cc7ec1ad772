//! IAM Access Analyzer as a second opinion: on the grammar of a policy, on whether it grants anything new, and
//! on what is unused.
//!
//! Source: <https://docs.aws.amazon.com/access-analyzer/latest/APIReference/Welcome.html>

use serde_json::{Value, json};

use super::client::{Call, Client};
use super::document::{list, text};
use super::failure::Failure;
use super::operation;
use super::wire::{encoded, query};

/// What ValidatePolicy finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validation {
    /// `ERROR`, `SECURITY_WARNING`, `WARNING`, `SUGGESTION`.
    pub kind: String,
    /// Its code: `PASS_ROLE_WITH_STAR_IN_RESOURCE`.
    pub code: String,
    /// What it says.
    pub message: String,
    /// Where to read on.
    pub link: Option<String>,
}

/// What a custom check says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Whether it passed.
    pub passed: bool,
    /// Its words.
    pub message: String,
}

/// The most actions that one check takes
/// (<https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_Access.html>).
const MOST_ACTIONS: usize = 100;

impl Client {
    /// What Access Analyzer finds in an identity policy.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn validate_policy(&self, document: &str) -> Result<Vec<Validation>, Failure> {
        let mut found = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let mut pairs = vec![("maxResults", "100")];
            if let Some(token) = &token {
                pairs.push(("nextToken", token));
            }
            let asked = json!({ "policyDocument": document, "policyType": "IDENTITY_POLICY" });
            let call = Call::new(&operation::VALIDATE_POLICY, asked)
                .path(format!("/policy/validation{}", query(&pairs)));
            let page = self.call(&call)?;
            for finding in list(&page, &["findings"]) {
                let of = |name: &str| text(finding, &[name]).unwrap_or_default().to_owned();
                found.push(Validation {
                    kind: of("findingType"),
                    code: of("issueCode"),
                    message: of("findingDetails"),
                    link: text(finding, &["learnMoreLink"]).map(str::to_owned),
                });
            }
            token = text(&page, &["nextToken"]).map(str::to_owned);
            if token.is_none() {
                return Ok(found);
            }
        }
    }

    /// Whether `new` grants nothing that `existing` does not. It costs money, as each custom check does.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn check_no_new_access(&self, existing: &str, new: &str) -> Result<Checked, Failure> {
        let asked = json!({
            "existingPolicyDocument": existing,
            "newPolicyDocument": new,
            "policyType": "IDENTITY_POLICY",
        });
        let call = Call::new(&operation::CHECK_NO_NEW_ACCESS, asked).path("/policy/check-no-new-access");
        self.call(&call).map(|answer| checked(&answer))
    }

    /// Whether a policy grants none of the actions; of more than a hundred only the first are asked about.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn check_access_not_granted(&self, document: &str, actions: &[String]) -> Result<Checked, Failure> {
        let asked = json!({
            "policyDocument": document,
            "access": [{ "actions": actions.iter().take(MOST_ACTIONS).collect::<Vec<_>>() }],
            "policyType": "IDENTITY_POLICY",
        });
        let call =
            Call::new(&operation::CHECK_ACCESS_NOT_GRANTED, asked).path("/policy/check-access-not-granted");
        self.call(&call).map(|answer| checked(&answer))
    }

    /// What the account's analyzers of unused access say of a principal: `service` or `service:Action` each.
    /// `None` where there is no such analyzer.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn unused_access(&self, arn: &str) -> Result<Option<Vec<String>>, Failure> {
        let mut analyzers = Vec::new();
        for kind in ["ACCOUNT_UNUSED_ACCESS", "ORGANIZATION_UNUSED_ACCESS"] {
            let path = format!("/analyzer{}", query(&[("type", kind)]));
            let answer = self.call(&Call::new(&operation::LIST_ANALYZERS, Value::Null).path(path))?;
            let found = list(&answer, &["analyzers"]);
            analyzers.extend(
                found
                    .iter()
                    .filter_map(|one| text(one, &["arn"]))
                    .map(str::to_owned),
            );
        }
        let Some(analyzer) = analyzers.first() else {
            return Ok(None);
        };
        let filter = json!({
            "resource": { "eq": [arn] },
            "findingType": { "eq": ["UnusedPermission"] },
            "status": { "eq": ["ACTIVE"] },
        });
        let asked = json!({ "analyzerArn": analyzer, "filter": filter });
        let answer = self.call(&Call::new(&operation::LIST_FINDINGS, asked).path("/findingv2"))?;
        let mut unused = Vec::new();
        for finding in list(&answer, &["findings"]) {
            let Some(id) = text(finding, &["id"]) else {
                continue;
            };
            let path = format!(
                "/findingv2/{}{}",
                encoded(id),
                query(&[("analyzerArn", analyzer)])
            );
            let answer = self.call(&Call::new(&operation::GET_FINDING, Value::Null).path(path))?;
            for detail in list(&answer, &["findingDetails"]) {
                let Some(details) = detail.get("unusedPermissionDetails") else {
                    continue;
                };
                let Some(service) = text(details, &["serviceNamespace"]) else {
                    continue;
                };
                let actions = list(details, &["actions"]);
                if actions.is_empty() {
                    unused.push(service.to_owned());
                }
                let names = actions.iter().filter_map(|action| text(action, &["action"]));
                unused.extend(names.map(|name| format!("{service}:{name}")));
            }
        }
        unused.sort();
        unused.dedup();
        Ok(Some(unused))
    }
}

fn checked(answer: &Value) -> Checked {
    let reasons = list(answer, &["reasons"]);
    let reasons: Vec<&str> = reasons
        .iter()
        .filter_map(|reason| text(reason, &["description"]))
        .collect();
    let message = text(answer, &["message"]).unwrap_or_default();
    Checked {
        passed: text(answer, &["result"]) == Some("PASS"),
        message: [&[message][..], &reasons].concat().join(" ").trim().to_owned(),
    }
}
