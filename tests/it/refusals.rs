//! Where AWS names the refused action and resource, the catalog must have said so beforehand: the record is
//! read as if it had succeeded, and what it then needs is held against what AWS refused.
#![expect(clippy::disallowed_macros, reason = "the counts are there to be read")]

use std::collections::BTreeMap;

use leastgrant::require::{Mapped, Requirement, Resource, requirements};
use leastgrant::source::read_trail;
use leastgrant::trail::{Event, NotAnEvent, Outcome, Scratch};
use serde_json::Value;

/// What AWS named and what the catalog expected, for each refused record.
#[derive(Default, Debug)]
struct Held {
    /// Refusals that name an action.
    named: u64,
    /// Of these: the catalog expected the action.
    expected: u64,
    /// Of these: calls that the catalog expected to need one action, which it is.
    single: u64,
    /// Refusals that name an action that no service has: records written by hand.
    made_up: u64,
    /// Refusals that name a resource as well, and what ours was.
    resources: BTreeMap<&'static str, u64>,
    /// Line -> count of what is not as AWS says.
    wrong: BTreeMap<String, u64>,
    /// Line -> count of resources that are unknown.
    unknown: BTreeMap<String, u64>,
}

impl Held {
    fn take(&mut self, record: &[u8]) -> Result<(), NotAnEvent> {
        let mut scratch = Scratch::default();
        let event = Event::parse(record, &mut scratch)?;
        let Outcome::Refused {
            action: Some(action),
            resource,
            ..
        } = &event.outcome
        else {
            return Ok(());
        };
        if action_catalog::action(action).is_none() {
            self.made_up += 1;
            return Ok(());
        }
        let call = format!("{}/{}", event.source, event.name);
        let expected = expected(record);
        self.named += 1;
        let of_action: Vec<&Requirement> = expected
            .iter()
            .filter(|requirement| requirement.action.eq_ignore_ascii_case(action))
            .collect();
        let line = |what: &str| format!("{call} refused {action} on {resource:?}: {what}");
        if of_action.is_empty() {
            let ours: Vec<&str> = expected.iter().map(|r| &*r.action).collect();
            *self.wrong.entry(line(&format!("{ours:?}"))).or_default() += 1;
            return Ok(());
        }
        self.expected += 1;
        if of_action.len() == expected.len() {
            self.single += 1;
        }
        if let Some(named) = resource.as_deref() {
            let ours: Vec<&Resource> = of_action.iter().map(|r| &r.resource).collect();
            let kind = compared(&ours, named);
            *self.resources.entry(kind).or_default() += 1;
            let shown: Vec<&str> = ours.iter().map(|r| r.shown()).collect();
            match kind {
                "another" => *self.wrong.entry(line(&format!("{shown:?}"))).or_default() += 1,
                "unknown" => {
                    let why = if event.request.is_present() {
                        "the parameters do not tell"
                    } else {
                        "the record has no parameters"
                    };
                    *self.unknown.entry(line(why)).or_default() += 1;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn merge(&mut self, other: Self) {
        self.named += other.named;
        self.expected += other.expected;
        self.single += other.single;
        self.made_up += other.made_up;
        for (kind, count) in other.resources {
            *self.resources.entry(kind).or_default() += count;
        }
        for (line, count) in other.wrong {
            *self.wrong.entry(line).or_default() += count;
        }
        for (line, count) in other.unknown {
            *self.unknown.entry(line).or_default() += count;
        }
    }
}

/// What the call needs, read as if it had not been refused.
fn expected(record: &[u8]) -> Vec<Requirement> {
    let mut value: Value = serde_json::from_slice(record).unwrap();
    let object = value.as_object_mut().unwrap();
    object.remove("errorCode");
    object.remove("errorMessage");
    let text = value.to_string();
    let mut scratch = Scratch::default();
    let event = Event::parse(text.as_bytes(), &mut scratch).unwrap();
    match requirements(&event) {
        Mapped::Requires(list) => list,
        Mapped::NotAuthorized { .. } | Mapped::Unmapped { .. } => Vec::new(),
    }
}

/// Published records are anonymized field by field: a message may name another account than its record.
fn without_account(arn: &str) -> Vec<&str> {
    let parts = arn.splitn(6, ':').enumerate();
    parts.filter(|(at, _)| *at != 4).map(|(_, part)| part).collect()
}

/// How ours relate to the resource that AWS names. AWS itself names a pattern at times: EC2 asks on
/// `instance/*` where there is no instance of the id that the call gives.
fn compared(ours: &[&Resource], named: &str) -> &'static str {
    let equal = |resource: &&&Resource| match resource {
        Resource::Any => named == "*",
        Resource::Arn(arn) => arn == named,
        Resource::Pattern { pattern, .. } => pattern == named,
        Resource::Unknown => false,
    };
    let within = |resource: &&&Resource| match resource {
        Resource::Pattern { pattern, .. } => leastgrant::pattern::matches(pattern, named),
        _ => false,
    };
    let around = |resource: &&&Resource| match resource {
        Resource::Arn(arn) => named.contains('*') && leastgrant::pattern::matches(named, arn),
        _ => false,
    };
    let but_for_account = |resource: &&&Resource| match resource {
        Resource::Arn(text) | Resource::Pattern { pattern: text, .. } => {
            without_account(text) == without_account(named)
        }
        _ => false,
    };
    if ours.iter().any(|r| equal(&r)) {
        "equal"
    } else if ours.iter().any(|r| but_for_account(&r)) {
        "equal but for the account"
    } else if ours.iter().any(|r| around(&r)) {
        "within the pattern that AWS names"
    } else if ours.iter().any(|r| within(&r)) {
        "within ours"
    } else if ours.iter().any(|r| **r == Resource::Unknown) {
        "unknown"
    } else {
        "another"
    }
}

#[test]
fn what_aws_refused_is_what_the_catalog_expected() {
    let Some(folder) = crate::shared::folder("trails") else {
        return;
    };
    let (held, _) = read_trail(
        &[folder],
        1,
        Held::default,
        |held, record| held.take(record.text),
        Held::merge,
    );
    println!("{held:#?}");
    assert!(held.wrong.is_empty(), "{:#?}", held.wrong);
    assert_eq!((held.named, held.expected), (31, 31));
    let unknown = held.resources.get("unknown").copied().unwrap_or_default();
    assert!(unknown <= 12, "{:#?}", held.unknown);
}
