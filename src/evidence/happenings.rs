//! What happened to the account as a whole: root at work, trails and recorders switched off, and which accounts
//! assumed which roles. Kept only where it is asked for ([`super::Interest::callers`]).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::callers::Named;
use super::day_of;
use crate::evidence::PrincipalKey;
use crate::trail::{Event, Outcome, PrincipalKind};

/// A kind of happening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Matter {
    /// The root user did something.
    Root,
    /// `StopLogging`, `StartLogging`.
    TrailSwitched,
    /// `DeleteTrail`.
    TrailDeleted,
    /// `PutEventSelectors`, `UpdateTrail`.
    TrailChanged,
    /// `StopConfigurationRecorder`, `StartConfigurationRecorder`.
    RecorderSwitched,
    /// `DeleteConfigurationRecorder`.
    RecorderDeleted,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Happening {
    /// `eventTime`.
    pub time: Timestamp,
    /// `eventID`; empty where the record has none.
    pub id: String,
    /// `eventName`.
    pub name: String,
    /// Who.
    pub by: String,
    /// On what: a trail, a recorder; empty where the record does not say.
    pub on: String,
}

/// All of a kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happened {
    /// How often.
    pub times: u64,
    /// The latest few, in order of time.
    pub latest: Vec<Happening>,
}

/// Events of a kind that are kept.
const LATEST: usize = 12;
/// Roles of which it is kept who assumed them; of more the first by name.
const MOST_ROLES: usize = 10_000;

/// What happened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happenings {
    matters: BTreeMap<Matter, Happened>,
    assumed: BTreeMap<String, Named>,
}

impl Happenings {
    /// Takes note of an event. What was refused did not happen.
    pub(super) fn add(&mut self, event: &Event<'_>) {
        if matches!(event.outcome, Outcome::Refused { .. }) {
            return;
        }
        self.add_assumed(event);
        if event.caller.principal.kind == PrincipalKind::Root
            && event.caller.invoked_by.is_none()
            // What a service says of the account is not done by root: the filter of CIS 4.3
            // (<https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html#cloudwatch-1>).
            && event.kind != "AwsServiceEvent"
        {
            self.note(Matter::Root, event);
        }
        if matches!(event.outcome, Outcome::Succeeded)
            && let Some(matter) = matter_of(&event.source, &event.name)
        {
            self.note(matter, event);
        }
    }

    fn note(&mut self, matter: Matter, event: &Event<'_>) {
        let own = self.matters.entry(matter).or_default();
        own.times += event.times;
        own.latest.push(Happening {
            time: event.time,
            id: event.id.as_deref().unwrap_or_default().to_owned(),
            name: event.name.to_string(),
            by: event.caller.principal.name.clone(),
            on: named(event).unwrap_or_default(),
        });
        own.bound();
    }

    fn add_assumed(&mut self, event: &Event<'_>) {
        if event.source != "sts.amazonaws.com" || !event.name.starts_with("AssumeRole") {
            return;
        }
        let role = event
            .request
            .value()
            .get("roleArn")
            .and_then(serde_json::Value::as_str);
        if let (Some(role), Some(account)) = (role, event.caller.account.as_deref()) {
            let key = role_key(role);
            let own = self.assumed.entry(key).or_default();
            own.add(account, day_of(event.time), event.times);
            self.bound();
        }
    }

    fn bound(&mut self) {
        while self.assumed.len() > MOST_ROLES {
            self.assumed.pop_last();
        }
    }

    /// Takes in another part.
    pub(super) fn merge(&mut self, other: Self) {
        for (matter, happened) in other.matters {
            let own = self.matters.entry(matter).or_default();
            own.times += happened.times;
            own.latest.extend(happened.latest);
            own.bound();
        }
        for (role, accounts) in other.assumed {
            self.assumed.entry(role).or_default().merge(accounts);
        }
        self.bound();
    }

    /// What happened of a kind.
    pub fn of(&self, matter: Matter) -> Option<&Happened> {
        self.matters.get(&matter)
    }

    /// The accounts that assumed a role; `None` where the trail shows nobody.
    pub fn assumed(&self, role: &str) -> Option<&Named> {
        self.assumed.get(&role_key(role))
    }

    /// Whether the trail shows any role assumed: a trail that records none shows nobody unused.
    pub fn shows_assuming(&self) -> bool {
        !self.assumed.is_empty()
    }

    /// Whether every role is kept.
    pub fn all_roles(&self) -> bool {
        self.assumed.len() < MOST_ROLES
    }
}

impl Happened {
    fn bound(&mut self) {
        self.latest.sort();
        self.latest.dedup();
        let beyond = self.latest.len().saturating_sub(LATEST);
        self.latest.drain(..beyond);
    }
}

fn role_key(role: &str) -> String {
    PrincipalKey::of_name(role).as_str().to_owned()
}

fn matter_of(source: &str, name: &str) -> Option<Matter> {
    Some(match (source, name) {
        ("cloudtrail.amazonaws.com", "StopLogging" | "StartLogging") => Matter::TrailSwitched,
        ("cloudtrail.amazonaws.com", "DeleteTrail") => Matter::TrailDeleted,
        ("cloudtrail.amazonaws.com", "PutEventSelectors" | "UpdateTrail") => Matter::TrailChanged,
        ("config.amazonaws.com", "StopConfigurationRecorder" | "StartConfigurationRecorder") => {
            Matter::RecorderSwitched
        }
        ("config.amazonaws.com", "DeleteConfigurationRecorder") => Matter::RecorderDeleted,
        _ => return None,
    })
}

fn named(event: &Event<'_>) -> Option<String> {
    let request = event.request.value();
    let names = ["name", "trailName", "configurationRecorderName"];
    let found = names.iter().find_map(|name| request.get(name)?.as_str());
    found.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::trail::Scratch;

    fn event(second: u32, kind: &str, source: &str, name: &str) -> Happenings {
        let record = json!({
            "userIdentity": {"type": kind, "arn": "arn:aws:iam::111122223333:root", "accountId": "111122223333"},
            "eventTime": format!("2026-03-01T10:00:{second:02}Z"), "eventSource": source, "eventName": name,
            "awsRegion": "us-east-1", "eventID": format!("id-{second}"),
            "requestParameters": {"name": "org", "roleArn": "arn:aws:iam::111122223333:role/ci/deploy"},
        });
        let text = record.to_string();
        let mut scratch = Scratch::default();
        let event = Event::parse(text.as_bytes(), &mut scratch).unwrap();
        let mut own = Happenings::default();
        own.add(&event);
        own
    }

    #[test]
    fn parts_come_together_in_any_order_and_stay_few() {
        let parts: Vec<Happenings> = (0..30)
            .map(|second| event(second, "Root", "cloudtrail.amazonaws.com", "StopLogging"))
            .collect();
        let merged = |order: &mut dyn Iterator<Item = &Happenings>| {
            let mut all = Happenings::default();
            order.for_each(|own| all.merge(own.clone()));
            all
        };
        let all = merged(&mut parts.iter());
        assert_eq!(all, merged(&mut parts.iter().rev()));
        let root = all.of(Matter::Root).unwrap();
        assert_eq!((root.times, root.latest.len()), (30, LATEST));
        assert_eq!(root.latest.last().unwrap().id, "id-29");
        assert_eq!(all.of(Matter::TrailSwitched).unwrap().times, 30);
    }

    #[test]
    fn who_assumed_a_role_is_known_by_account() {
        let own = event(1, "AWSAccount", "sts.amazonaws.com", "AssumeRole");
        let accounts = own.assumed("arn:aws:iam::111122223333:role/deploy").unwrap();
        assert_eq!(accounts.iter().next().unwrap().0, "111122223333");
        assert!(own.assumed("arn:aws:iam::111122223333:role/other").is_none());
    }
}
