//! The policies that sessions were started with: a session can do no more than they allow, whatever its role
//! holds, and no grants tell of them. AssumeRole's events do.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session>

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::arn::Arn;
use crate::trail::Event;

/// What a session was started with.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SessionPolicy {
    /// The policy's text.
    pub text: Option<String>,
    /// ARNs of managed policies.
    pub managed: BTreeSet<String>,
}

/// Sessions by ARN, each with all that sessions of this name were started with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sessions {
    policies: BTreeMap<String, BTreeSet<SessionPolicy>>,
}

/// Sessions with policies are few; a trail that shows more keeps the first by name.
const MOST: usize = 10_000;

impl Sessions {
    /// Takes note of an event that starts a session with a policy.
    pub(super) fn add(&mut self, event: &Event<'_>) {
        if event.source != "sts.amazonaws.com" || !event.name.starts_with("AssumeRole") {
            return;
        }
        let is_policy = |(name, _): &(&str, &str)| matches!(*name, "policy" | "policyArns");
        if event
            .request
            .members()
            .is_some_and(|members| !members.iter().any(is_policy))
        {
            return;
        }
        let request = event.request.value();
        let text = |name: &str| {
            request
                .get(name)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
        };
        let policy = SessionPolicy {
            text: text("policy").map(str::to_owned),
            managed: managed(request.get("policyArns")),
        };
        if policy == SessionPolicy::default() {
            return;
        }
        if let (Some(role), Some(session)) = (text("roleArn").and_then(Arn::parse), text("roleSessionName")) {
            let name = role.resource.rsplit('/').next().unwrap_or(role.resource);
            let arn = format!(
                "arn:{}:sts::{}:assumed-role/{name}/{session}",
                role.partition, role.account
            );
            self.policies.entry(arn).or_default().insert(policy);
            self.bound();
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (arn, policies) in other.policies {
            self.policies.entry(arn).or_default().extend(policies);
        }
        self.bound();
    }

    fn bound(&mut self) {
        while self.policies.len() > MOST {
            self.policies.pop_last();
        }
    }

    /// What sessions of this ARN were started with: several, where sessions of one name were started
    /// differently.
    pub fn of(&self, session: &str) -> impl Iterator<Item = &SessionPolicy> {
        self.policies.get(session).into_iter().flatten()
    }
}

/// `policyArns` is a list of `{"arn": …}`.
fn managed(value: Option<&Value>) -> BTreeSet<String> {
    let list = value
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let arns = list
        .iter()
        .filter_map(|entry| entry.get("arn").unwrap_or(entry).as_str());
    arns.map(str::to_owned).collect()
}
