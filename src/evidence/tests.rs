//! From whole records to a ledger.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::trail::{PrincipalKind, RefusedBy, Scratch};

const ROLE: &str = "arn:aws:iam::111122223333:role/ci/deploy";

/// A session of the role; without its issuer the role's path is not in the record.
fn session(name: &str, issuer: bool) -> Value {
    let mut identity = json!({"type": "AssumedRole", "principalId": format!("AROAEXAMPLE:{name}"), "accountId": "111122223333",
        "arn": format!("arn:aws:sts::111122223333:assumed-role/deploy/{name}")});
    if issuer {
        identity["sessionContext"] = json!({"sessionIssuer": {"type": "Role", "arn": ROLE, "accountId": "111122223333", "userName": "deploy"}});
    }
    identity
}

fn record(id: u32, identity: Value, source: &str, name: &str, request: Value) -> Value {
    json!({
        "eventVersion": "1.11", "userIdentity": identity, "eventTime": format!("2026-08-{:02}T09:00:00Z", id % 28 + 1),
        "eventSource": source, "eventName": name, "awsRegion": "eu-west-1", "sourceIPAddress": "203.0.113.9",
        "requestParameters": request, "responseElements": null, "eventID": format!("00000000-0000-4000-8000-{id:012}"),
        "readOnly": true, "eventType": "AwsApiCall", "managementEvent": true, "recipientAccountId": "111122223333"
    })
}

fn get(id: u32, identity: Value, key: &str) -> Value {
    record(
        id,
        identity,
        "s3.amazonaws.com",
        "GetObject",
        json!({"bucketName": "acme", "key": key}),
    )
}

fn with_error(mut record: Value, code: &str, message: &str) -> Value {
    record["errorCode"] = json!(code);
    record["errorMessage"] = json!(message);
    record
}

fn add(ledger: &mut Ledger, record: &Value, interest: &Interest) {
    let text = record.to_string();
    let mut scratch = Scratch::default();
    let event = Event::parse(text.as_bytes(), &mut scratch).unwrap();
    ledger.observe(&event);
    if interest.wants(&event.caller.principal) {
        ledger.add(&event, interest);
    }
}

fn interest(keys: &[&str]) -> Interest {
    Interest {
        whose: Whose::Everybody,
        condition_keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        ..Interest::default()
    }
}

fn ledger(records: &[Value]) -> Ledger {
    let mut ledger = Ledger::default();
    for record in records {
        add(&mut ledger, record, &interest(&[]));
    }
    ledger
}

fn tallies<'l>(ledger: &'l Ledger, action: &str) -> Vec<(&'l str, &'l Tally)> {
    ledger.evidence(ROLE).unwrap().actions[action]
        .iter()
        .map(|(resource, _, tally)| (resource.shown(), tally))
        .collect()
}

mod callers {
    use super::*;

    #[test]
    fn sessions_are_their_role_whether_or_not_the_record_names_it() {
        let ledger = ledger(&[
            get(1, session("a", false), "k"),
            get(2, session("b", true), "k"),
            get(3, session("c", false), "k"),
        ]);
        assert_eq!(ledger.entries.len(), 1);
        let entry = ledger.entries.values().next().unwrap();
        assert_eq!(
            (entry.principal.name.as_str(), entry.principal.exact),
            (ROLE, true)
        );
        assert_eq!(entry.evidence.events, 3);
        assert_eq!(tallies(&ledger, "s3:GetObject")[0].1.succeeded, 3);
        // Asked for by the ARN with the path and without it.
        assert!(ledger.evidence("arn:aws:iam::111122223333:role/deploy").is_some());
        assert!(
            ledger
                .evidence("arn:aws:iam::444455556666:role/ci/deploy")
                .is_none()
        );
        assert!(ledger.evidence("arn:aws:iam::111122223333:user/deploy").is_none());
    }

    #[test]
    fn a_forwarded_session_counts_for_the_caller() {
        let mut identity = session("a", true);
        identity["invokedBy"] = json!("secretsmanager.amazonaws.com");
        let key = "arn:aws:kms:eu-west-1:111122223333:key/0a1b";
        let decrypt = record(1, identity, "kms.amazonaws.com", "Decrypt", json!({"keyId": key}));
        let ledger = ledger(&[decrypt]);
        let [(resource, tally)] = tallies(&ledger, "kms:Decrypt")[..] else {
            panic!("one resource");
        };
        assert_eq!((resource, tally.succeeded), (key, 1));
        assert_eq!(
            tally.via,
            Rare::from_iter([("secretsmanager.amazonaws.com".to_owned(), 1)])
        );
        assert_eq!(ledger.service_calls, 0);
    }

    #[test]
    fn calls_inside_aws_are_ordinary_calls() {
        let mut identity = session("a", true);
        identity["invokedBy"] = json!("AWS Internal");
        let ledger = ledger(&[get(1, identity, "k")]);
        let tally = tallies(&ledger, "s3:GetObject")[0].1;
        assert_eq!((tally.succeeded, tally.via.len()), (1, 0));
    }

    #[test]
    fn a_service_acting_for_itself_is_nobody() {
        let service = json!({"type": "AWSService", "invokedBy": "config.amazonaws.com"});
        let ledger = ledger(&[get(1, service, "k")]);
        assert!(ledger.entries.is_empty());
        assert_eq!((ledger.service_calls, ledger.mapped), (1, 1));
        let (principal, count) = ledger.principals.iter().next().unwrap();
        assert_eq!((principal.kind, *count), (PrincipalKind::Service, 1));
    }

    #[test]
    fn only_those_of_interest_are_kept_and_all_are_observed() {
        let ana = json!({"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ana", "accountId": "111122223333", "userName": "ana"});
        let records = [get(1, session("a", false), "k"), get(2, ana, "k")];
        let wanted = [
            Whose::Named("role/deploy".to_owned()),
            Whose::These(BTreeSet::from([PrincipalKey::of_name(ROLE)])),
        ];
        for whose in wanted {
            let interest = Interest {
                whose,
                ..Interest::default()
            };
            let mut ledger = Ledger::default();
            records
                .iter()
                .for_each(|record| add(&mut ledger, record, &interest));
            assert_eq!(
                ledger.entries.keys().collect::<Vec<_>>(),
                [&PrincipalKey::of_name(ROLE)]
            );
            assert_eq!(ledger.principals.len(), 2);
            assert_eq!((ledger.visibility.events, ledger.mapped), (2, 1));
        }
    }

    #[test]
    fn a_principal_goes_by_several_names() {
        for name in [
            ROLE,
            "role/deploy",
            "role/ci/deploy",
            "deploy",
            "arn:aws:iam::111122223333:role/deploy",
        ] {
            assert!(is_named(ROLE, name), "{name}");
        }
        for name in [
            "user/deploy",
            "role/other",
            "ploy",
            "ci",
            "role/",
            "",
            "role",
            "arn:aws:iam::444455556666:role/ci/deploy",
            "arn:aws-cn:iam::111122223333:role/ci/deploy",
            "arn:aws:iam::111122223333:user/deploy",
        ] {
            assert!(!is_named(ROLE, name), "{name}");
        }
        assert!(is_named("arn:aws:iam::111122223333:root", "root"));
        assert!(is_named("arn:aws:iam::111122223333:user/ops/ana", "user/ana"));
        assert!(is_named("AIDAEXAMPLE", "AIDAEXAMPLE") && !is_named("AIDAEXAMPLE", "user/AIDAEXAMPLE"));
        // Copied from a log or from get-caller-identity.
        assert!(is_named(
            ROLE,
            "arn:aws:sts::111122223333:assumed-role/deploy/build-7"
        ));
        assert!(!is_named(
            ROLE,
            "arn:aws:sts::111122223333:assumed-role/other/build-7"
        ));
    }
}

mod outcomes {
    use super::*;

    const LEAD: &str = "User: arn:aws:sts::111122223333:assumed-role/deploy/a is not authorized to perform: ";

    #[test]
    fn each_outcome_is_counted_apart() {
        let plain = || get(1, session("a", true), "k");
        let refusal = format!(
            "{LEAD}s3:GetObject on resource: \"arn:aws:s3:::acme/k\" with an explicit deny in a service control policy"
        );
        let ledger = ledger(&[
            plain(),
            plain(),
            with_error(plain(), "NoSuchKey", "The specified key does not exist."),
            with_error(plain(), "SlowDown", "Please reduce your request rate."),
            with_error(plain(), "AccessDenied", "Access Denied"),
            with_error(plain(), "AccessDenied", &refusal),
            with_error(plain(), "AccessDenied", &refusal),
        ]);
        let tally = tallies(&ledger, "s3:GetObject")[0].1;
        assert_eq!((tally.succeeded, tally.failed, tally.inconclusive), (2, 1, 1));
        let by = |by, explicit| tally.refused.get(&Refusal { by, explicit });
        assert_eq!(by(RefusedBy::Unnamed, false), Some(1));
        assert_eq!(by(RefusedBy::Scp, true), Some(2));
        assert_eq!((tally.used(), tally.refusals()), (4, 3));
    }

    #[test]
    fn what_was_only_refused_is_not_used() {
        let refused = with_error(
            get(1, session("a", true), "secret"),
            "AccessDenied",
            "Access Denied",
        );
        let ledger = ledger(&[refused, get(2, session("a", true), "open")]);
        let evidence = ledger.evidence(ROLE).unwrap();
        let used: Vec<&str> = evidence
            .used("s3:GetObject")
            .map(|(resource, ..)| resource.shown())
            .collect();
        assert_eq!(used, ["arn:aws:s3:::acme/open"]);
        assert_eq!(tallies(&ledger, "s3:GetObject").len(), 2);
        let message = format!(
            "{LEAD}s3:ListBucket on resource: \"arn:aws:s3:::acme\" because no identity-based policy allows the s3:ListBucket action"
        );
        let ledger = super::ledger(&[with_error(
            get(1, session("a", true), "k"),
            "AccessDenied",
            &message,
        )]);
        let evidence = ledger.evidence(ROLE).unwrap();
        assert!(!evidence.is_used("s3:ListBucket") && !evidence.is_used("s3:GetObject"));
        assert_eq!(evidence.actions.keys().collect::<Vec<_>>(), ["s3:ListBucket"]);
    }

    #[test]
    fn a_call_of_many_resources_is_one_call() {
        let request = json!({"instancesSet": {"items": [{"instanceId": "i-0aaaaaaaaaaaaaaa1"}, {"instanceId": "i-0aaaaaaaaaaaaaaa2"}]}});
        let ledger = ledger(&[record(
            1,
            session("a", true),
            "ec2.amazonaws.com",
            "StopInstances",
            request,
        )]);
        let action = &ledger.evidence(ROLE).unwrap().actions["ec2:StopInstances"];
        assert_eq!(action.calls().succeeded, 1);
        assert_eq!(
            action
                .iter()
                .map(|(_, _, tally)| tally.succeeded)
                .collect::<Vec<_>>(),
            [1, 1]
        );
        assert!(action.calls().certain);
    }

    #[test]
    fn what_needs_nothing_and_what_is_not_known_is_counted_by_reason() {
        let mut login = record(
            1,
            session("a", true),
            "signin.amazonaws.com",
            "ConsoleLogin",
            Value::Null,
        );
        login["eventType"] = json!("AwsConsoleSignIn");
        let unknown = record(
            2,
            session("a", true),
            "s3.amazonaws.com",
            "FrobnicateBucket",
            Value::Null,
        );
        let ledger = ledger(&[login, unknown.clone(), unknown]);
        let evidence = ledger.evidence(ROLE).unwrap();
        assert!(evidence.actions.is_empty());
        assert_eq!((evidence.events, evidence.not_authorized["sign-in"]), (3, 1));
        let key = ["s3.amazonaws.com", "FrobnicateBucket", "unknown-event"].map(str::to_owned);
        let [source, name, reason] = key;
        assert_eq!(evidence.unmapped[&(source, name, reason)], 2);
        assert_eq!(
            (
                ledger.mapped,
                ledger.unmapped["unknown-event"],
                ledger.not_authorized["sign-in"]
            ),
            (0, 2, 1)
        );
    }

    #[test]
    fn contexts_keep_what_policies_ask_about_and_nothing_else() {
        let mut ledger = Ledger::default();
        let interest = interest(&["aws:sourceip"]);
        for (id, ip) in [(1, "203.0.113.9"), (2, "203.0.113.10"), (3, "203.0.113.9")] {
            let mut record = get(id, session("a", true), "k");
            record["sourceIPAddress"] = json!(ip);
            record["userAgent"] = json!(format!("agent/{id}"));
            add(&mut ledger, &record, &interest);
        }
        let evidence = ledger.evidence(ROLE).unwrap();
        let counts: Vec<u64> = evidence
            .used("s3:GetObject")
            .map(|(_, _, tally)| tally.succeeded)
            .collect();
        assert_eq!(counts, [1, 2]);
    }

    #[test]
    fn the_first_and_the_last_event_bound_what_was_seen() {
        let ledger = ledger(&[
            get(9, session("a", true), "k"),
            get(2, session("a", true), "k"),
            get(5, session("a", true), "k"),
        ]);
        let (first, last) = ledger.evidence(ROLE).unwrap().seen.unwrap();
        assert_eq!(
            (first.to_string(), last.to_string()),
            ("2026-08-03T09:00:00Z".into(), "2026-08-10T09:00:00Z".into())
        );
        let tally = tallies(&ledger, "s3:GetObject")[0].1;
        let ids: Vec<String> = tally
            .samples
            .iter()
            .map(|sample| sample.id.to_string()[24..].to_owned())
            .collect();
        assert_eq!(ids, ["000000000002", "000000000005", "000000000009"]);
    }
}

mod any_order {
    use super::*;

    /// Records of several callers, services, outcomes, regions and shapes.
    fn events() -> impl Strategy<Value = Vec<Value>> {
        let ana = json!({"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ana", "accountId": "111122223333", "userName": "ana"});
        let service = json!({"type": "AWSService", "invokedBy": "config.amazonaws.com"});
        let who = prop_oneof![
            Just(session("a", true)),
            Just(session("b", false)),
            Just(ana),
            Just(service)
        ];
        let what = prop_oneof![
            (0..30u32).prop_map(|n| ("s3.amazonaws.com", "GetObject", json!({"bucketName": format!("b{}", n % 3), "key": format!("dt=2026-08-{:02}/part-{n:05}", n % 28 + 1)}))),
            Just(("s3.amazonaws.com", "PutObject", Value::Null)),
            Just(("ec2.amazonaws.com", "DescribeInstances", json!({}))),
            Just(("kms.amazonaws.com", "Decrypt", json!({"keyId": "alias/app"}))),
            Just(("s3.amazonaws.com", "FrobnicateBucket", Value::Null)),
            Just(("signin.amazonaws.com", "ConsoleLogin", Value::Null)),
        ];
        let end = prop_oneof![
            3 => Just(None),
            1 => Just(Some("AccessDenied")),
            1 => Just(Some("SlowDown")),
            1 => Just(Some("NoSuchKey"))
        ];
        let event = (0..40u32, who, what, end, 0..3usize, any::<bool>());
        let event = event.prop_map(|(id, who, (source, name, request), end, region, management)| {
            let mut record = record(id, who, source, name, request);
            if let Some(code) = end {
                record["errorCode"] = json!(code);
            }
            record["awsRegion"] = json!(["eu-west-1", "us-east-1", "ap-south-1"][region]);
            record["managementEvent"] = json!(management);
            record["sourceIPAddress"] = json!(format!("203.0.113.{id}"));
            record["resources"] =
                json!([{"type": "AWS::S3::Object", "ARN": format!("arn:aws:s3:::b{}/k", id % 3)}]);
            record
        });
        proptest::collection::vec(event, 0..24)
    }

    fn of(records: &[Value]) -> Ledger {
        let mut ledger = Ledger::default();
        for record in records {
            add(&mut ledger, record, &interest(&["aws:sourceip", "aws:username"]));
        }
        ledger
    }

    proptest! {
        #[test]
        fn order_and_grouping_do_not_show(records in events(), cut in 0..24usize, other in 0..24usize) {
            let whole = of(&records);
            let mut backwards = records.clone();
            backwards.reverse();
            prop_assert_eq!(&of(&backwards), &whole);

            let (low, high) = (cut.min(other).min(records.len()), cut.max(other).min(records.len()));
            let part = |from: usize, to: usize| of(&records[from..to]);
            let parts = || (part(0, low), part(low, high), part(high, records.len()));
            let (mut left, b, c) = parts();
            left.merge(b);
            left.merge(c);
            let (a, mut right, c) = parts();
            right.merge(c);
            right.merge(a);
            prop_assert_eq!(&left, &whole);
            prop_assert_eq!(&right, &whole);
            let mut none = Ledger::default();
            none.merge(left);
            prop_assert_eq!(&none, &whole);
        }

        #[test]
        fn every_call_is_counted_once(records in events()) {
            let ledger = of(&records);
            let kept: u64 = ledger.entries.values().map(|entry| entry.evidence.events).sum();
            prop_assert_eq!(kept + ledger.service_calls, records.len() as u64);
            let sorts = ledger.mapped + ledger.not_authorized.values().sum::<u64>() + ledger.unmapped.values().sum::<u64>();
            prop_assert_eq!(sorts, records.len() as u64);
            prop_assert_eq!(ledger.principals.values().sum::<u64>(), records.len() as u64);
        }
    }
}
