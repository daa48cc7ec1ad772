//! The loop closes: workloads run as roles with broad grants on a server that enforces IAM, what they did is
//! recorded, the proposal is applied, and the same workloads run again. The server is the judge.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::program::Program;
use crate::servers::{ministack, python};

const WORKLOADS: [&str; 15] = [
    "report-upload",
    "queue-consumer",
    "order-table",
    "notifier",
    "secret-reader",
    "crypto",
    "parameter-store",
    "log-writer",
    "stream-producer",
    "image-puller",
    "inventory",
    "orchestrator",
    "event-sender",
    "metrics",
    "function-updater",
];

/// Calls on which the server asks for another resource than AWS does, so that it refuses what AWS allows.
const JUDGE_IS_WRONG: [(&str, &str, &str); 9] = [
    // ministack asks on *, AWS on each parameter:
    // https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
    ("parameter-store", "ssm", "GetParameters"),
    // ministack leaves `:log-stream:…` off:
    // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
    ("log-writer", "logs", "CreateLogStream"),
    // ministack leaves the `:*` off that AWS asks for on log groups:
    // https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
    ("log-writer", "logs", "PutRetentionPolicy"),
    // ministack asks on *, AWS on the repository, the database, the rule and the alarm:
    // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
    ("image-puller", "ecr", "DescribeRepositories"),
    // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html
    ("inventory", "rds", "DescribeDBInstances"),
    // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html
    ("event-sender", "events", "PutRule"),
    ("event-sender", "events", "DescribeRule"),
    ("event-sender", "events", "ListTargetsByRule"),
    // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
    ("metrics", "cloudwatch", "DescribeAlarms"),
];

/// A trail that records everything that the workloads do.
const SELECTORS: &str = r#"{"AdvancedEventSelectors": [
    {"Name": "management", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]},
    {"Name": "data", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]},
        {"Field": "resources.type", "Equals": ["AWS::S3::Object", "AWS::DynamoDB::Table", "AWS::SQS::Queue",
            "AWS::SNS::Topic", "AWS::SNS::PlatformEndpoint", "AWS::Kinesis::Stream", "AWS::Lambda::Function"]}]}
]}"#;

/// The calls of a run: workload, service, operation, and the error where it failed.
fn calls(text: &str) -> Vec<(String, String, String, Option<String>)> {
    let owned = |value: &Value, name: &str| value[name].as_str().map(str::to_owned);
    text.lines()
        .map(|line| {
            let value: Value = serde_json::from_str(line).unwrap();
            let of = |name| owned(&value, name).unwrap();
            (
                of("workload"),
                of("service"),
                of("operation"),
                owned(&value, "error"),
            )
        })
        .collect()
}

#[test]
fn what_was_used_still_works_and_the_rest_is_refused() {
    let server = ministack(true);
    let url = server.url.as_str();
    let program = Program::as_key(url, "test", "test", None);
    let trail = program.path("trail").to_string_lossy().into_owned();
    let selectors = program.write("selectors.json", SELECTORS);
    python("workloads.py", &[url, "prepare"]);
    let before = python("workloads.py", &[url, "state"]);

    let first = calls(&python("workloads.py", &[url, "run", "--trail", &trail]));
    let failed: Vec<_> = first.iter().filter(|call| call.3.is_some()).collect();
    assert!(failed.is_empty(), "with broad grants nothing fails: {failed:?}");
    let services: std::collections::BTreeSet<&str> = first.iter().map(|call| call.1.as_str()).collect();
    assert!(services.len() >= 15, "{services:?}");

    let mut granted = (0, 0);
    for workload in WORKLOADS {
        let principal = format!("role/wl/{workload}");
        let proposal = program
            .run(&[
                "recommend",
                &principal,
                "--trail",
                &trail,
                "--grants",
                "aws:",
                "--event-selectors",
                &selectors,
                "--unseen",
                "used-services",
                "--format",
                "json",
            ])
            .exits(0);
        let summary = &proposal.json()["summary"];
        granted.0 += summary["actions_before"].as_u64().unwrap();
        granted.1 += summary["actions_after"].as_u64().unwrap();
        let file = program.write(&format!("{workload}.json"), &proposal.out);
        let rollback = format!("{workload}.rollback");
        program
            .run(&["apply", &file, "--yes", "--force", "--rollback-file", &rollback])
            .exits(0)
            .says("applied");
        program
            .run(&["apply", &file, "--yes", "--force", "--rollback-file", "again"])
            .exits(0)
            .says("nothing to do");
    }
    assert!(granted.1 * 2 < granted.0, "{granted:?}");

    let second = calls(&python("workloads.py", &[url, "run"]));
    let refused: Vec<(&str, &str, &str)> = second
        .iter()
        .filter(|call| call.3.is_some())
        .map(|call| (call.0.as_str(), call.1.as_str(), call.2.as_str()))
        .collect();
    assert_eq!(
        refused, JUDGE_IS_WRONG,
        "all that was used is still allowed, but where the judge is wrong"
    );
    assert_eq!(second.len(), first.len());

    let probes = calls(&python("workloads.py", &[url, "probe"]));
    let allowed: Vec<_> = probes
        .iter()
        .filter(|call| call.3.is_none() && call.2 != "ListAliases")
        .collect();
    assert!(allowed.is_empty(), "what was never used is refused: {allowed:?}");
    assert!(probes.len() > 30);

    let applied = python("workloads.py", &[url, "state"]);
    assert_ne!(applied, before);
    for workload in WORKLOADS {
        program
            .run(&["rollback", &format!("{workload}.rollback")])
            .exits(0);
    }
    let restored = python("workloads.py", &[url, "state"]);
    assert_eq!(restored, before, "a rollback restores to the byte");
    for workload in WORKLOADS {
        let again = program
            .run(&["rollback", &format!("{workload}.rollback")])
            .exits(0);
        assert!(again.err.contains("nothing to do"), "{}", again.err);
    }
    let after: BTreeMap<_, _> = calls(&python("workloads.py", &[url, "run"]))
        .into_iter()
        .filter_map(|call| Some((call.0, call.3?)))
        .collect();
    assert!(after.is_empty(), "{after:?}");
    assert_eq!(
        program.read("leastgrant-applied.jsonl").lines().count(),
        WORKLOADS.len()
    );
}
