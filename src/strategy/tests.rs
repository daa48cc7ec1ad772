use serde_json::json;

use super::*;
use crate::evaluate::{Compiled, Decision, Request};
use crate::evidence::{Evidence, Interest, Ledger};
use crate::grants::{Origin, managed_from_catalog};
use crate::trail::{Event, Scratch};

const WHO: &str = "arn:aws:iam::111122223333:role/worker";

pub(super) fn evidence(calls: &[(&str, &str, serde_json::Value)]) -> (Evidence, Visibility) {
    let mut ledger = Ledger::default();
    for (number, (source, name, parameters)) in calls.iter().enumerate() {
        let record = json!({
            "eventVersion": "1.11", "eventTime": format!("2026-10-{:02}T08:00:00Z", number % 28 + 1),
            "eventSource": format!("{source}.amazonaws.com"), "eventName": name, "awsRegion": "us-east-1",
            "eventType": "AwsApiCall", "managementEvent": true, "readOnly": number % 2 == 0,
            "eventID": format!("id-{number}"), "requestParameters": parameters,
            "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/worker/run",
                "accountId": "111122223333", "sessionContext": {"sessionIssuer": {"type": "Role", "arn": WHO,
                "accountId": "111122223333", "userName": "worker"}}},
        });
        let text = record.to_string();
        let mut scratch = Scratch::default();
        let event = Event::parse(text.as_bytes(), &mut scratch).unwrap();
        ledger.observe(&event);
        ledger.add(&event, &Interest::default());
    }
    (ledger.evidence(WHO).unwrap().clone(), ledger.visibility)
}

fn holding(policy: &str) -> Grants {
    let (origin, document) = managed_from_catalog(policy).0.unwrap();
    assert!(matches!(origin, Origin::AwsManaged { .. }));
    Grants::from_policies(WHO, vec![(origin, Layer::Identity, document)])
}

fn calls() -> Vec<(&'static str, &'static str, serde_json::Value)> {
    vec![
        ("ec2", "DescribeInstances", json!({})),
        (
            "ec2",
            "StopInstances",
            json!({"instancesSet": {"items": [{"instanceId": "i-0123456789abcdef0"}]}}),
        ),
        ("rds", "DescribeDBInstances", json!({})),
        ("athena", "StartQueryExecution", json!({"workGroup": "reports"})),
    ]
}

fn chosen(strategy: Strategy) -> Choice {
    Choice::all(strategy, &[Generalise::Rules]).remove(0)
}

/// Whatever the strategy: what was used is still allowed.
#[test]
fn every_strategy_allows_what_was_used() {
    let (evidence, visibility) = evidence(&calls());
    let grants = holding("PowerUserAccess");
    let managed = ManagedPolicies::default();
    let subject = Subject {
        grants: &grants,
        evidence: &evidence,
    };
    let choices = ALL.iter().flat_map(|own| Choice::all(*own, &Generalise::ALL));
    for strategy in choices {
        let candidate = candidate(strategy, subject, &visibility, &managed);
        let layers = candidate.in_force(&grants);
        let compiled = Compiled::new(&layers);
        let mut seen = 0;
        for action in evidence.actions.keys() {
            for (resource, context, _) in evidence.used(action) {
                let decision = compiled.decide(&Request::new(action, resource.target(), context));
                assert!(
                    matches!(decision, Decision::Allowed { .. }),
                    "{}: {action} on {}: {decision:?}",
                    strategy,
                    resource.shown()
                );
                seen += 1;
            }
        }
        assert_eq!(seen, 4);
        assert!(!candidate.overflow, "{}", strategy);
    }
}

#[test]
fn a_strategy_has_its_price() {
    let (evidence, visibility) = evidence(&calls());
    let grants = holding("PowerUserAccess");
    let managed = ManagedPolicies::default();
    let subject = Subject {
        grants: &grants,
        evidence: &evidence,
    };
    let of = |strategy| {
        price(
            chosen(strategy),
            &candidate(chosen(strategy), subject, &visibility, &managed),
            subject,
            Some(&evidence),
            None,
        )
    };
    let (present, exact, levels) = (
        of(Strategy::Present),
        of(Strategy::ExactActions),
        of(Strategy::Service),
    );
    assert_eq!((exact.actions, exact.excess), (4, 0));
    assert!(levels.excess > 0 && levels.excess < present.excess / 10);
    // Of what is granted today nothing is beyond.
    assert_eq!((levels.beyond_grants, present.beyond_grants), (0, 0));
    // EC2 is written to; RDS only read.
    let text = candidate(chosen(Strategy::Service), subject, &visibility, &managed);
    let layers = text.in_force(&grants);
    let compiled = Compiled::new(&layers);
    let decide = |action: &str| {
        let context = crate::evaluate::Context::default();
        matches!(
            compiled.decide(&Request::new(action, crate::evaluate::Target::Any, &context)),
            Decision::Allowed { .. }
        )
    };
    assert!(decide("ec2:CreateVpc") && !decide("rds:CreateDBCluster"));
    // What was done later under policies that allow it is not refused.
    assert!(
        ALL.iter()
            .all(|own| of(*own).backtest.unwrap().refused_calls == 0)
    );
}

#[test]
fn aws_policies_that_cover_are_few_and_fitting() {
    let (evidence, visibility) = evidence(&[
        ("athena", "StartQueryExecution", json!({"workGroup": "primary"})),
        ("athena", "GetQueryExecution", json!({"queryExecutionId": "0a1b"})),
    ]);
    let grants = holding("AdministratorAccess");
    let managed = ManagedPolicies::default();
    let subject = Subject {
        grants: &grants,
        evidence: &evidence,
    };
    let found = candidate(chosen(Strategy::Managed), subject, &visibility, &managed);
    let names: Vec<&str> = found.policies.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names.len(), 1, "{names:?}");
    assert_ne!(names[0], "AdministratorAccess");
    let names: Vec<String> = candidate(chosen(Strategy::PowerUser), subject, &visibility, &managed)
        .policies
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    // Denying some four hundred services takes more than one policy may hold.
    assert_eq!(names, ["PowerUserAccess", "additions-1", "additions-2"]);
}
