//! What is kept of a day, and that nothing of it is forgotten.

use std::collections::{BTreeMap, BTreeSet};

use smallvec::SmallVec;

use super::*;
use crate::evaluate::{Context, Lookup};
use crate::evidence::{
    ActionEvidence, Circumstances, Counts, Entry, EventId, Evidence, LastAccessed, PrincipalKey, Rare,
    Refusal, Sample, Scope, Selectors, Sessions, Tally, Visibility, Whose,
};
use crate::require::{Resource, Widened};
use crate::trail::{Event, PrincipalKind, RefusedBy, Scratch};

fn event_text() -> String {
    serde_json::json!({
        "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/app/s", "accountId": "111122223333",
            "sessionContext": {"sessionIssuer": {"type": "Role", "arn": "arn:aws:iam::111122223333:role/app"}}},
        "eventTime": "2026-01-02T03:04:05Z", "eventSource": "s3.amazonaws.com", "eventName": "GetObject",
        "awsRegion": "eu-west-1", "sourceIPAddress": "203.0.113.9", "eventID": "6ce47c89-5908-452d-87cc-a7c251ac4ac0",
        "requestParameters": {"bucketName": "b", "key": "a"}, "readOnly": true, "managementEvent": false,
        "resources": [{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::b/a"}]
    })
    .to_string()
}

fn full(keys: &[&str]) -> Interest {
    Interest {
        whose: Whose::Everybody,
        condition_keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        by_day: true,
        circumstances: true,
        callers: true,
    }
}

fn time() -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_767_323_045).unwrap()
}

/// One of everything that can be kept. It names every field: one that is added must be added here, which is
/// the moment to raise [`FOLD_VERSION`].
fn one_of_everything() -> DayEvidence {
    let mut context = Context::default();
    context.set("a", Lookup::Values(vec!["x".to_owned()]));
    context.set("b", Lookup::Absent);
    context.set("c", Lookup::Unknown);
    let refusal = Refusal {
        by: RefusedBy::Scp,
        explicit: true,
    };
    let mut operations = Counts::default();
    operations.add("o".into(), 5);
    let tally = Tally {
        succeeded: 1,
        failed: 2,
        inconclusive: 3,
        refused: Rare::from_iter([(refusal, 4)]),
        certain: true,
        operations,
        via: Rare::from_iter([("v".to_owned(), 6)]),
        seen: Some((time(), time())),
        samples: SmallVec::from_buf([Sample {
            time: time(),
            id: EventId::new("i"),
        }]),
    };
    let mut action = ActionEvidence::default();
    action.count(tally.clone());
    for resource in [
        Resource::Any,
        Resource::Unknown,
        Resource::Arn("arn:aws:s3:::b".to_owned()),
        Resource::Pattern {
            pattern: "arn:aws:s3:::*".to_owned(),
            because: Widened::Template("t".to_owned()),
        },
    ] {
        action.add(resource, context.clone(), tally.clone());
    }
    let mut activity = Activity::default();
    activity.add("s3", 20_000, 7);
    let text = event_text();
    let mut scratch = Scratch::default();
    let event = Event::parse(text.as_bytes(), &mut scratch).unwrap();
    let mut circumstances = Circumstances::default();
    circumstances.add(&event, ["s3:GetObject"]);
    let mut callers = Callers::default();
    callers.add(&event);
    let stopped = event_text()
        .replace("GetObject", "StopLogging")
        .replace("s3.amazonaws.com", "cloudtrail.amazonaws.com");
    let mut scratch = Scratch::default();
    let mut happenings = Happenings::default();
    happenings.add(&Event::parse(stopped.as_bytes(), &mut scratch).unwrap());
    assert_ne!(happenings, Happenings::default());
    let evidence = Evidence {
        actions: BTreeMap::from([("s3:GetObject".to_owned(), action)]),
        unmapped: BTreeMap::from([(("a".to_owned(), "b".to_owned(), "c".to_owned()), 8)]),
        not_authorized: BTreeMap::from([("n".to_owned(), 9)]),
        events: 10,
        seen: Some((time(), time())),
        last_accessed: LastAccessed::default(),
        activity,
        circumstances,
        callers,
    };
    let principal = Principal {
        kind: PrincipalKind::Role,
        name: "arn:aws:iam::111122223333:role/app".to_owned(),
        exact: true,
    };
    let names = || BTreeSet::from(["x".to_owned()]);
    let scope = Scope {
        all: true,
        patterns: names(),
    };
    let visibility = Visibility {
        window: Some((time(), time())),
        events: 11,
        regions: names(),
        accounts: names(),
        management_read: true,
        management_write: true,
        sources: names(),
        data: BTreeMap::from([("d".to_owned(), names())]),
        data_read: names(),
        data_write: names(),
        selectors: Some(Selectors {
            management_read: true,
            management_write: true,
            excluded_sources: names(),
            data_read: BTreeMap::from([("r".to_owned(), scope.clone())]),
            data_write: BTreeMap::from([("w".to_owned(), scope)]),
        }),
    };
    let entry = Entry {
        principal: principal.clone(),
        evidence,
    };
    let ledger = Ledger {
        entries: BTreeMap::from([(PrincipalKey::of(&principal), entry)]),
        principals: BTreeMap::from([(principal.clone(), 12)]),
        visibility,
        service_calls: 13,
        duplicates: 14,
        mapped: 15,
        not_authorized: BTreeMap::from([("n".to_owned(), 16)]),
        unmapped: BTreeMap::from([("u".to_owned(), 17)]),
        sessions: Sessions::default(),
        happenings,
    };
    DayEvidence {
        seen: ledger.clone(),
        kept: BTreeMap::from([(principal, ledger)]),
    }
}

#[test]
fn everything_comes_back_as_it_was() {
    let day = one_of_everything();
    let bytes = postcard::to_allocvec(&day).unwrap();
    assert_eq!(postcard::from_bytes::<DayEvidence>(&bytes).unwrap(), day);
}

#[test]
fn a_day_answers_as_the_events_themselves_would() {
    let text = event_text();
    let mut scratch = Scratch::default();
    let event = Event::parse(text.as_bytes(), &mut scratch).unwrap();
    let kept_with = full(&["aws:requestedregion", "aws:sourceip"]);
    let mut day = DayEvidence::default();
    day.observe(&event);
    day.add(&event, &crate::require::requirements(&event), &kept_with);
    day.observe(&event);
    day.add_duplicate(&event);
    for (keys, by_day, circumstances) in [
        (&["aws:sourceip"][..], true, false),
        (&[], false, true),
        (&["aws:requestedregion", "aws:sourceip"], false, false),
    ] {
        let interest = Interest {
            by_day,
            circumstances,
            callers: by_day,
            ..full(keys)
        };
        let mut expected = Ledger::default();
        expected.observe(&event);
        expected.add(&event, &interest);
        expected.observe(&event);
        expected.duplicates += 1;
        assert_eq!(
            day.clone().into_ledger(&interest, &kept_with.condition_keys),
            expected
        );
    }
    let nobody = Interest {
        whose: Whose::Named("nobody".to_owned()),
        ..full(&[])
    };
    let none = day.into_ledger(&nobody, &kept_with.condition_keys);
    assert!(none.entries.is_empty() && none.mapped == 0 && none.duplicates == 0);
    assert_eq!(none.visibility.events, 2);
}
