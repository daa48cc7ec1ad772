//! Recorded and published trails: every record is mapped or counted by reason, and for every
//! principal the proposal keeps what it did and grants nothing new.
#![expect(clippy::disallowed_macros, reason = "the counts are there to be read")]
#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use leastgrant::evaluate::{Layer, Target};
use leastgrant::evidence::{Entry, Interest, Ledger, PrincipalKey};
use leastgrant::grants::{Grants, managed_from_catalog};
use leastgrant::recommend::{Allowed, Change, Options, Proposal, Subject, Unseen, recommend};
use leastgrant::require::{Mapped, requirements};
use leastgrant::source::read_trail;
use leastgrant::trail::{Event, NotAnEvent, Scratch};

use crate::checks::{self, Sides};

/// What became of the records: totals by reason, and the names behind those that are not mapped.
#[derive(Default, Debug, PartialEq)]
struct Mapping {
    by_reason: BTreeMap<String, u64>,
    names: BTreeMap<(String, String), u64>,
    lines: BTreeMap<String, u64>,
}

impl Mapping {
    fn take(&mut self, record: &[u8]) -> Result<(), NotAnEvent> {
        let mut scratch = Scratch::default();
        let event = Event::parse(record, &mut scratch)?;
        let call = format!("{}/{}", event.source, event.name);
        let (reason, named) = match requirements(&event) {
            Mapped::Requires(list) => {
                assert!(!list.is_empty(), "{call}");
                for requirement in list {
                    let mark = if requirement.certain { "" } else { " (likely)" };
                    let line = format!(
                        "{call} {}{mark} on {}",
                        requirement.action,
                        requirement.resource.shown()
                    );
                    *self.lines.entry(line).or_default() += 1;
                }
                ("mapped".to_owned(), false)
            }
            Mapped::NotAuthorized { class, .. } => {
                (format!("not a call that IAM authorizes: {class}"), false)
            }
            Mapped::Unmapped { reason } => (format!("not mapped: {reason}"), true),
        };
        if named {
            let name = (event.source.to_string(), event.name.to_string());
            *self.names.entry(name).or_default() += 1;
        }
        *self.by_reason.entry(reason).or_default() += 1;
        Ok(())
    }

    fn merge(&mut self, other: Self) {
        let Self {
            by_reason,
            names,
            lines,
        } = other;
        by_reason
            .into_iter()
            .for_each(|(key, count)| *self.by_reason.entry(key).or_default() += count);
        names
            .into_iter()
            .for_each(|(key, count)| *self.names.entry(key).or_default() += count);
        lines
            .into_iter()
            .for_each(|(key, count)| *self.lines.entry(key).or_default() += count);
    }

    fn count(&self, reason: &str) -> u64 {
        self.by_reason.get(reason).copied().unwrap_or_default()
    }

    fn of(path: &Path) -> (Self, u64) {
        let paths = [path.to_path_buf()];
        let (found, report) = read_trail(
            &paths,
            1,
            Self::default,
            |seen, record| seen.take(record.text),
            Self::merge,
        );
        (found, report.total.broken)
    }
}

/// Names in the published rule tests that no AWS service writes: made up, or under a source of
/// another service.
const MADE_UP: [&str; 17] = [
    "cloudtrail.amazonaws.com/DeleteRule",
    "cloudtrail.amazonaws.com/DescribeTrail",
    "cloudtrail.amazonaws.com/EnableRegion",
    "ec2.amazonaws.com/DeleteBucketEncryption",
    "ec2.amazonaws.com/DeleteBucketPublicAccessBlock",
    "ec2.amazonaws.com/DeleteBucketReplication",
    "ec2.amazonaws.com/PutBucketLogging",
    "ec2.amazonaws.com/PutBucketVersioning",
    "ec2.amazonaws.com/RegisterManagedInstance",
    "ec2messages.amazonaws.com/SendHeartbeat",
    "iam.amazonaws.com/DescribePolicy",
    "iam.amazonaws.com/DetachUserGroup",
    "iam.amazonaws.com/NotCreateUser",
    "iam.amazonaws.com/PutPolicy",
    "macie.amazonaws.com/UpdateMacieSession",
    "s3.amazonaws.com/CreateServiceLinkedRole",
    "s3.amazonaws.com/SetQueueAttributes",
];

#[test]
fn every_record_is_mapped_or_counted_by_reason() {
    let Some(folder) = crate::shared::folder("trails") else {
        return;
    };
    let (all, broken) = Mapping::of(&folder);
    println!("all trails: {:#?}, broken: {broken}", all.by_reason);
    for ((source, name), count) in &all.names {
        println!("  not mapped: {count} × {source}/{name}");
        let call = format!("{source}/{name}");
        assert!(MADE_UP.contains(&call.as_str()), "{call} was mapped before");
    }
    assert_eq!((all.by_reason.values().sum::<u64>(), broken), (1425, 13));
    assert!(all.count("mapped") >= 1336);
    let (recorded, broken) = Mapping::of(&folder.join("invictus"));
    println!("invictus: {:#?}, broken: {broken}", recorded.by_reason);
    assert!(recorded.count("mapped") >= 922 && recorded.names.is_empty() && broken == 0);
    let unknown = recorded
        .lines
        .iter()
        .filter(|(line, _)| line.ends_with(" on unknown"));
    let unknown: u64 = unknown
        .inspect(|(line, count)| println!("  {count} × {line}"))
        .map(|(_, count)| count)
        .sum();
    // Not said by the event: parameters that were cut, the role behind an instance profile.
    assert!(unknown <= 30, "{unknown}");
}

/// Everything that a trail holds, kept as text: each event is evaluated again by itself.
#[derive(Default)]
struct Kept {
    ledger: Ledger,
    records: BTreeMap<PrincipalKey, Vec<Vec<u8>>>,
}

impl Kept {
    fn read(path: &Path, interest: &Interest) -> Self {
        let paths = [path.to_path_buf()];
        let take = |kept: &mut Self, record: &[u8]| -> Result<(), NotAnEvent> {
            let mut scratch = Scratch::default();
            let event = Event::parse(record, &mut scratch)?;
            kept.ledger.observe(&event);
            kept.ledger.add(&event, interest);
            kept.records
                .entry(PrincipalKey::of(&event.caller.principal))
                .or_default()
                .push(record.to_vec());
            Ok(())
        };
        read_trail(
            &paths,
            1,
            Self::default,
            |kept, record| take(kept, record.text),
            Self::merge,
        )
        .0
    }

    fn merge(&mut self, other: Self) {
        self.ledger.merge(other.ledger);
        for (key, records) in other.records {
            self.records.entry(key).or_default().extend(records);
        }
    }
}

/// The grants of one run: AWS managed policies by name.
const GRANTS: [&[&str]; 4] = [
    &["AdministratorAccess"],
    &["PowerUserAccess"],
    &["PowerUserAccess", "IAMFullAccess"],
    &[
        "ReadOnlyAccess",
        "AmazonS3FullAccess",
        "AmazonEC2FullAccess",
        "IAMFullAccess",
        "SecretsManagerReadWrite",
    ],
];

fn holding(principal: &str, names: &[&str]) -> Grants {
    let policies = names
        .iter()
        .map(|name| {
            let (found, said) = managed_from_catalog(name);
            assert!(said.is_empty(), "{said:?}");
            let (origin, document) = found.unwrap();
            (origin, Layer::Identity, document)
        })
        .collect();
    Grants::from_policies(principal, policies)
}

/// Condition keys that the grants ask about.
fn keys_of(grants: &Grants) -> BTreeSet<String> {
    let statements = grants.held.iter().flat_map(|held| &held.document.statements);
    statements
        .flat_map(|statement| &statement.conditions)
        .map(|condition| condition.key.to_ascii_lowercase())
        .collect()
}

/// A fixed walk over numbers that look random.
struct Walk(u64);

impl Walk {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % below
    }
}

/// Actions from all over the catalog.
fn sampled_actions(count: usize) -> Vec<String> {
    let all = action_catalog::matching("*");
    let mut walk = Walk(20_261_123);
    (0..count)
        .map(|_| {
            let (service, action) = all[walk.next(all.len())];
            format!("{}:{}", service.prefix, action.name)
        })
        .collect()
}

fn options() -> [Options; 3] {
    let include_denied = Options {
        include_denied: true,
        allow_dangerous: Allowed::Everything,
        ..Options::default()
    };
    let used_services = Options {
        unseen: Unseen::UsedServices,
        ..Options::default()
    };
    [Options::default(), include_denied, used_services]
}

/// All that must hold of one principal with some grants.
fn check(
    kept: &Kept,
    entry: &Entry,
    records: &[Vec<u8>],
    grants: &Grants,
    options: &Options,
    keys: &BTreeSet<String>,
) -> usize {
    let subject = Subject {
        grants,
        evidence: &entry.evidence,
    };
    let proposal = recommend(subject, &[], &kept.ledger.visibility, options);
    checks::holds(&proposal, grants);
    let sides = Sides::of(grants, &proposal);
    let (old, new) = sides.compiled();
    let mut allowed = 0;
    for record in records {
        let mut scratch = Scratch::default();
        let event = Event::parse(record, &mut scratch).unwrap();
        allowed += checks::still_allowed((&old, &new), &event, keys);
    }
    let mut actions = sampled_actions(200);
    actions.extend(entry.evidence.actions.keys().cloned());
    let mut targets = vec![
        Target::Any,
        Target::Unknown,
        Target::Arn("arn:aws:s3:::acme/a"),
        Target::Arn("arn:aws:ec2:eu-west-1:111122223333:instance/i-0a"),
        Target::Pattern("arn:aws:iam::*:role/*"),
    ];
    let used = entry
        .evidence
        .actions
        .values()
        .flat_map(|action| action.iter().map(|(resource, _, _)| resource.target()));
    targets.extend(used.take(30));
    let asked_for = |action: &str, _: &Target<'_>| checks::is_asked_for(&proposal, action);
    checks::nothing_allowed_anew((&old, &new), &actions, &targets, &asked_for);
    let next = checks::applied(grants, &proposal);
    let again = recommend(
        Subject {
            grants: &next,
            evidence: &entry.evidence,
        },
        &[],
        &kept.ledger.visibility,
        options,
    );
    checks::holds(&again, &next);
    let changed: Vec<_> = again
        .policies
        .iter()
        .filter(|policy| policy.change != Change::Unchanged)
        .collect();
    // What a quota forced behind a wildcard is judged anew, now as granted; else nothing is left to do.
    let forced = |proposal: &Proposal| {
        let statements = proposal
            .policies
            .iter()
            .flat_map(|policy| &policy.after_statements);
        statements.map(|after| after.forced.len()).sum::<usize>() > 0
    };
    let summary: Vec<_> = changed
        .iter()
        .map(|policy| (&policy.origin, policy.change))
        .collect();
    assert!(
        changed.is_empty() || forced(&proposal) || options.include_denied,
        "{summary:?}"
    );
    allowed
}

/// Each option with grants that are broad in a way of their own; every option for the busiest.
fn cases(busiest: bool) -> Vec<(&'static [&'static str], Options)> {
    let [plain, include_denied, used_services] = options();
    let [admin, power, power_and_iam, jobs] = GRANTS;
    let mut cases = vec![
        (power, plain.clone()),
        (admin, used_services.clone()),
        (power_and_iam, used_services.clone()),
        (jobs, used_services.clone()),
    ];
    if busiest {
        cases.extend([
            (admin, plain.clone()),
            (power, include_denied.clone()),
            (power_and_iam, include_denied.clone()),
            (jobs, include_denied),
            (jobs, plain),
            (power, used_services),
        ]);
    }
    cases
}

#[test]
fn no_principal_loses_a_call_or_gains_a_grant() {
    let Some(folder) = crate::shared::folder("trails") else {
        return;
    };
    let keys: BTreeSet<String> = GRANTS
        .iter()
        .flat_map(|names| keys_of(&holding("x", names)))
        .collect();
    let interest = Interest {
        condition_keys: keys.clone(),
        ..Interest::default()
    };
    let kept = Kept::read(&folder, &interest);
    let busy: Vec<(&PrincipalKey, &Entry)> = kept
        .ledger
        .entries
        .iter()
        .filter(|(_, entry)| entry.evidence.events >= 5)
        .collect();
    let most = busy.iter().map(|(_, entry)| entry.evidence.events).max().unwrap();
    let mut allowed = 0;
    for (key, entry) in &busy {
        for (names, options) in cases(entry.evidence.events == most) {
            let grants = holding(&entry.principal.name, names);
            allowed += check(&kept, entry, &kept.records[*key], &grants, &options, &keys);
        }
    }
    println!(
        "{} principals with five calls or more, {allowed} requirements allowed before and after",
        busy.len()
    );
}
