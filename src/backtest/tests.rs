use serde_json::json;

use super::*;
use crate::evaluate::Layer;
use crate::evidence::{Interest, Ledger};
use crate::policy::Document;
use crate::trail::{Event, Scratch};

const WHO: &str = "arn:aws:iam::111122223333:user/ana";

fn evidence(calls: &[(&str, &str, &str, bool)]) -> Evidence {
    let mut ledger = Ledger::default();
    for (number, (time, name, role, refused)) in calls.iter().enumerate() {
        let mut record = json!({
            "eventVersion": "1.11", "eventTime": time, "eventSource": "iam.amazonaws.com", "eventName": name,
            "awsRegion": "us-east-1", "eventType": "AwsApiCall", "managementEvent": true, "readOnly": true,
            "eventID": format!("id-{number}"), "requestParameters": {"roleName": role},
            "userIdentity": {"type": "IAMUser", "arn": WHO, "accountId": "111122223333", "userName": "ana"},
        });
        if *refused {
            record["errorCode"] = json!("AccessDenied");
        }
        let text = record.to_string();
        let mut scratch = Scratch::default();
        let event = Event::parse(text.as_bytes(), &mut scratch).unwrap();
        ledger.observe(&event);
        ledger.add(&event, &Interest::default());
    }
    ledger.evidence(WHO).unwrap().clone()
}

fn document(actions: &[&str], resource: &str) -> Document {
    let text = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": actions, "Resource": resource}]});
    crate::policy::parse(&text.to_string(), "p").0.unwrap()
}

fn judged(before: &Document, after: &Document, later: &Evidence) -> Outcome {
    let one = |document| {
        [PolicyIn {
            layer: Layer::Identity,
            document,
        }]
    };
    judge(&one(before), &one(after), later)
}

#[test]
fn refusals_are_counted_as_calls_pairs_and_tickets() {
    let later = evidence(&[
        ("2026-10-01T08:00:00Z", "GetRole", "kept", false),
        ("2026-10-02T08:00:00Z", "GetRole", "gone", false),
        ("2026-10-02T09:00:00Z", "GetRole", "gone", false),
        ("2026-10-02T10:00:00Z", "ListRolePolicies", "gone", false),
        ("2026-10-05T10:00:00Z", "GetRole", "later", false),
        // A refused call is no use, and one that was never allowed says nothing.
        ("2026-10-06T10:00:00Z", "DeleteRole", "kept", true),
        ("2026-10-06T10:00:00Z", "DeleteRole", "kept", false),
    ]);
    let before = document(&["iam:Get*", "iam:List*"], "*");
    let after = document(&["iam:GetRole"], "arn:aws:iam::111122223333:role/kept");
    let outcome = judged(&before, &after, &later);
    assert_eq!((outcome.calls, outcome.refused_calls), (5, 4));
    assert_eq!((outcome.pairs, outcome.refused_pairs), (4, 3));
    // On 2 October two actions of one service come up, on the 5th another.
    assert_eq!(outcome.tickets, 2);
    assert_eq!(outcome.refused[0].calls, 2);
    assert_eq!(outcome.refused[0].event_ids, ["id-1", "id-2"]);
    assert!((outcome.percent() - 80.0).abs() < 1e-9);
}

#[test]
fn nothing_is_refused_by_no_change() {
    let later = evidence(&[("2026-10-01T08:00:00Z", "GetRole", "kept", false)]);
    let before = document(&["iam:*"], "*");
    let outcome = judged(&before, &before, &later);
    assert_eq!((outcome.calls, outcome.refused_calls, outcome.tickets), (1, 0, 0));
}
