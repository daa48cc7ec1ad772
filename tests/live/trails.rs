//! Trails from the event history and from buckets.

use serde_json::{Value, json};

use crate::fake::{Fake, Reply};
use crate::program::Program;
use crate::servers::{ACCOUNT, calls, ministack};

/// A record of a call by a role; its id is made of what it says.
pub(crate) fn record_at(time: &str, role: &str, service: &str, operation: &str, parameters: &Value) -> Value {
    json!({
        "eventVersion": "1.11", "eventTime": time, "awsRegion": "eu-west-1", "sourceIPAddress": "203.0.113.7",
        "userIdentity": {"type": "AssumedRole", "principalId": "AROAEXAMPLE:run", "accountId": ACCOUNT,
            "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/run"),
            "sessionContext": {"sessionIssuer": {"type": "Role", "arn": format!("arn:aws:iam::{ACCOUNT}:role/team/{role}"),
                "accountId": ACCOUNT, "userName": role}}},
        "eventSource": format!("{service}.amazonaws.com"), "eventName": operation, "userAgent": "test",
        "requestParameters": parameters, "responseElements": null,
        "eventID": format!("{time}-{role}-{service}-{operation}"), "readOnly": true, "eventType": "AwsApiCall",
        "managementEvent": true, "recipientAccountId": ACCOUNT, "eventCategory": "Management",
    })
}

pub(crate) fn record(role: &str, service: &str, operation: &str, parameters: &Value) -> Value {
    record_at("2026-11-20T10:00:00Z", role, service, operation, parameters)
}

/// The days of November of which the bucket below has a file.
const DAYS: [u32; 4] = [1, 10, 11, 20];

/// A bucket with an organization's layout: two accounts, two regions, digests beside the logs.
fn bucket(url: &str) {
    let mut made = vec![json!(["s3", "create_bucket", {"Bucket": "audit",
        "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}])];
    for account in [ACCOUNT, "444455556666"] {
        for region in ["eu-west-1", "us-east-1"] {
            for day in DAYS {
                let time = format!("2026-11-{day:02}T10:00:00Z");
                let mut event = record_at(&time, "app", "sqs", "ListQueues", &json!({}));
                event["awsRegion"] = json!(region);
                event["eventID"] = json!(format!("{account}-{region}-{day}"));
                let key = format!(
                    "org/AWSLogs/o-abc123/{account}/CloudTrail/{region}/2026/11/{day:02}/{account}_CloudTrail_{region}_202611{day:02}T1005Z_x.json.gz"
                );
                made.push(json!(["s3", "put_object", {"Bucket": "audit", "Key": key,
                    "Body": {"gzip": {"json": {"Records": [event]}}}}]));
            }
        }
    }
    made.push(json!(["s3", "put_object", {"Bucket": "audit", "Body": {"bytes": "x"},
        "Key": format!("org/AWSLogs/o-abc123/{ACCOUNT}/CloudTrail-Digest/eu-west-1/2026/11/10/digest.json.gz")}]));
    calls(url, &Value::Array(made));
}

fn role() -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/team/app")
}

#[test]
fn account_region_and_day_decide_before_an_object_is_opened() {
    let server = ministack(false);
    bucket(&server.url);
    let fake = Fake::start(Some(server.port), |_, _| Reply::Forward);
    let program = Program::new(&fake.url);
    let role = role();
    let opened = || {
        let requests = fake.requests();
        let keys = requests
            .iter()
            .filter(|own| own.method == "GET" && own.path.contains(".json.gz"));
        keys.count()
    };
    let mut before = 0;
    for (arguments, events, objects) in [
        // Both regions of the one account, all days.
        (vec!["--since", "2026-11-01"], 8, 8),
        (vec!["--since", "2026-11-01", "--region", "us-east-1"], 4, 4),
        // A day more is opened behind the end: deliveries are late.
        (
            vec!["--since", "2026-11-05", "--until", "2026-11-10T12:00:00Z"],
            2,
            4,
        ),
    ] {
        let mut all = vec![
            "recommend",
            role.as_str(),
            "--trail",
            "s3://audit/org",
            "--format",
            "json",
        ];
        all.extend(&arguments);
        let report = program.run(&all).exits(0).json();
        assert_eq!(report["visibility"]["events"], events, "{arguments:?}");
        assert_eq!(opened() - before, objects, "{arguments:?}");
        before = opened();
    }
}

#[test]
fn what_is_kept_is_not_fetched_again() {
    let server = ministack(false);
    bucket(&server.url);
    let fake = Fake::start(Some(server.port), |_, _| Reply::Forward);
    let program = Program::new(&fake.url);
    let role = role();
    let arguments = [
        "recommend",
        role.as_str(),
        "--trail",
        "s3://audit/org",
        "--since",
        "2026-11-01",
        "--keep",
        "kept",
        "--format",
        "json",
    ];
    let first = program.run(&arguments).exits(0);
    let opened = |requests: &[crate::fake::Request]| {
        requests
            .iter()
            .filter(|own| own.method == "GET" && own.path.contains(".json.gz"))
            .count()
    };
    assert_eq!(opened(&fake.requests()), 8);
    let second = program.run(&arguments).exits(0);
    assert_eq!(opened(&fake.requests()), 8);
    assert_eq!(first.out, second.out);
    // The folder is a trail of its own.
    let offline = program
        .run(&["recommend", role.as_str(), "--trail", "kept", "--format", "json"])
        .exits(0);
    assert_eq!(offline.json()["visibility"]["events"], 8);
}

#[test]
fn the_trail_says_what_it_records() {
    let server = ministack(false);
    bucket(&server.url);
    let fake = Fake::start(Some(server.port), |request, _| {
        match request.operation().as_str() {
            "DescribeTrails" => Reply::json(
                200,
                &json!({"trailList": [
            {"Name": "other", "S3BucketName": "elsewhere", "TrailARN": "arn:aws:cloudtrail:eu-west-1:111122223333:trail/other"},
            {"Name": "org", "S3BucketName": "audit", "HomeRegion": "us-east-1",
                "TrailARN": "arn:aws:cloudtrail:us-east-1:999988887777:trail/org"}]}),
            ),
            "GetEventSelectors" => Reply::json(
                200,
                &json!({"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": true,
            "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]}]}),
            ),
            _ => Reply::Forward,
        }
    });
    let program = Program::new(&fake.url);
    let report = program.run(&[
        "recommend",
        &role(),
        "--trail",
        "s3://audit/org",
        "--since",
        "2026-11-01",
        "--format",
        "json",
    ]);
    let visibility = report.exits(0).json()["visibility"].clone();
    assert_eq!(visibility["known_from"], "event-selectors");
    assert!(visibility["data"]["AWS::S3::Object"].is_array(), "{visibility:#}");
    let asked = fake.requests();
    let selectors: Vec<_> = asked
        .iter()
        .filter(|own| own.operation() == "GetEventSelectors")
        .collect();
    assert_eq!(selectors.len(), 1, "only of the trail that delivers there");
}

#[test]
fn the_event_history_is_read_page_by_page_and_region_by_region() {
    let fake = Fake::start(None, |request, _| history(request));
    let program = Program::new(&fake.url);
    let report = program.run(&[
        "recommend",
        &role(),
        "--trail",
        "cloudtrail:",
        "--region",
        "us-east-1,eu-west-1",
        "--format",
        "json",
    ]);
    let report = report.exits(0).json();
    assert_eq!(report["visibility"]["events"], 6);
    assert_eq!(report["visibility"]["known_from"], "event-selectors");
    assert_eq!(report["visibility"]["management_read"], true);
    assert_eq!(report["visibility"]["data"], json!({}));
}

/// Three pages a region, of one event each; another region has other events.
fn history(request: &crate::fake::Request) -> Reply {
    let asked: Value = serde_json::from_str(&request.body).unwrap_or_default();
    match request.operation().as_str() {
        "LookupEvents" => {
            let page = asked["NextToken"]
                .as_str()
                .map_or(0, |token| token.parse::<u32>().unwrap());
            let region = request
                .header("authorization")
                .unwrap()
                .split('/')
                .nth(2)
                .unwrap()
                .to_owned();
            let time = format!("2026-11-{:02}T10:00:00Z", 20 - page);
            let second: jiff::Timestamp = time.parse().unwrap();
            let mut event = record_at(&time, "app", "sqs", "ListQueues", &json!({}));
            event["awsRegion"] = json!(region);
            event["eventID"] = json!(format!("{region}-{page}"));
            let mut answer = json!({"Events": [{"EventId": "x", "EventTime": second.as_second(),
                "CloudTrailEvent": event.to_string()}]});
            if page < 2 {
                answer["NextToken"] = json!((page + 1).to_string());
            }
            Reply::json(200, &answer)
        }
        "GetCallerIdentity" => Reply::caller_identity(),
        _ => Reply::failure(request, 400, "InvalidAction", "not here"),
    }
}

#[test]
fn a_stopped_run_goes_on_where_it_ended() {
    let fake = Fake::start(None, |request, before| match request.operation().as_str() {
        // The first run: the second page finds the credentials expired.
        "LookupEvents" if before == 1 => Reply::failure(request, 400, "ExpiredTokenException", "expired"),
        _ => history(request),
    });
    let program = Program::new(&fake.url);
    let role = role();
    let arguments = [
        "recommend",
        role.as_str(),
        "--trail",
        "cloudtrail:",
        "--until",
        "2026-11-21",
        "--since",
        "2026-11-01",
        "--keep",
        "kept",
        "--format",
        "json",
    ];
    program
        .run(&arguments)
        .exits(1)
        .says("AWS does not accept the credentials")
        .says("--keep");
    let second = program.run(&arguments).exits(0).json();
    assert_eq!(second["summary"]["events"], 3);
    let lookups = |fake: &Fake| {
        fake.operations()
            .iter()
            .filter(|own| *own == "LookupEvents")
            .count()
    };
    // What the first run kept is not asked for again: the search goes on from its oldest event.
    let resumed = fake
        .requests()
        .into_iter()
        .filter(|own| own.operation() == "LookupEvents")
        .nth(2)
        .unwrap();
    let asked: Value = serde_json::from_str(&resumed.body).unwrap();
    let oldest: jiff::Timestamp = "2026-11-20T10:00:01Z".parse().unwrap();
    assert_eq!(asked["EndTime"], oldest.as_second());
    let before = lookups(&fake);
    let third = program.run(&arguments).exits(0).json();
    assert_eq!(third["summary"]["events"], 3);
    assert_eq!(lookups(&fake), before, "all of the window is there already");
}

#[test]
fn a_server_that_records_serves_trail_and_grants() {
    let server = ministack(false);
    calls(
        &server.url,
        &json!([
            ["iam", "create_user", {"UserName": "test"}],
            ["sqs", "create_queue", {"QueueName": "jobs"}],
            ["sqs", "list_queues", {}],
        ]),
    );
    // The event history is asked for whole seconds: this one must be over.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let program = Program::new(&server.url);
    let run = program.run(&[
        "recommend",
        "user/test",
        "--trail",
        "cloudtrail:",
        "--grants",
        "aws:",
        "--format",
        "json",
    ]);
    // Its records name a user of their own making; that they are read at all is what counts here.
    let run = run.exits(0);
    assert!(
        run.json()["visibility"]["events"].as_u64().unwrap() >= 2,
        "{}",
        run.out
    );
}
