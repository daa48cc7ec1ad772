//! `snapshot` and `watch`.

use serde_json::{Value, json};

use crate::fake::{Fake, Reply};
use crate::program::{Program, Run};
use crate::servers::{ACCOUNT, calls, ministack, moto};
use crate::trails::{record, record_at};

fn account(url: &str) {
    let allow = json!({"json": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["sqs:*"], "Resource": "*"}]}});
    let event = |day: u32| {
        let mut event = record_at(
            &format!("2026-11-{day:02}T10:00:00Z"),
            "app",
            "sqs",
            "ListQueues",
            &json!({
            "masterUserPassword": "hunter2"}),
        );
        event["userIdentity"]["accessKeyId"] = json!("ASIAEXAMPLE000000000");
        json!(["s3", "put_object", {"Bucket": "audit", "Body": {"gzip": {"json": {"Records": [event]}}},
            "Key": format!("AWSLogs/{ACCOUNT}/CloudTrail/eu-west-1/2026/11/{day:02}/x.json.gz")}])
    };
    calls(
        url,
        &json!([
            ["iam", "create_role", {"RoleName": "app", "Path": "/team/", "AssumeRolePolicyDocument": {"json": {"Version": "2012-10-17", "Statement": []}}}],
            ["iam", "put_role_policy", {"RoleName": "app", "PolicyName": "own", "PolicyDocument": allow}],
            ["s3", "create_bucket", {"Bucket": "audit", "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}],
            event(10), event(11),
        ]),
    );
}

fn recommend(program: &Program, source: &str, trail: &str) -> Run {
    program.run(&[
        "recommend",
        "role/app",
        "--grants",
        source,
        "--trail",
        trail,
        "--since",
        "2026-11-01",
        "--until",
        "2026-11-20",
        "--format",
        "json",
    ])
}

#[test]
fn from_a_snapshot_everything_runs_without_credentials() {
    let server = ministack(false);
    account(&server.url);
    let program = Program::new(&server.url);
    let taken = program.run(&[
        "snapshot",
        "snap",
        "--trail",
        "s3://audit",
        "--since",
        "2026-11-01",
        "--until",
        "2026-11-10T23:00:00Z",
    ]);
    taken.exits(0).says("1 records").says(ACCOUNT);
    let manifest: Value = serde_json::from_str(&program.read("snap/snapshot.json")).unwrap();
    assert_eq!(
        (&manifest["account"], &manifest["runs"]),
        (&json!(ACCOUNT), &json!(1))
    );

    // A second run goes on where the first one ended.
    program
        .run(&[
            "snapshot",
            "snap",
            "--trail",
            "s3://audit",
            "--until",
            "2026-11-20",
        ])
        .exits(0)
        .says("1 records");
    let live = recommend(&program, "aws:", "s3://audit").exits(0).json();
    drop(server);
    let offline = recommend(&program, "snap", "snap").exits(0).json();
    for part in ["edits", "policies", "plan", "used", "unused", "summary"] {
        assert_eq!(live[part], offline[part], "{part}");
    }
    let run = program.run(&[
        "simulate",
        "sqs:ListQueues",
        "--resource",
        "*",
        "--grants",
        "snap",
        "--holder",
        "role/app",
        "--format",
        "json",
    ]);
    assert_eq!(run.exits(0).json()["answers"][0]["decision"], "allowed");

    let mut text = String::new();
    let file = std::fs::File::open(program.path("snap/trail/eu-west-1/2026-11-10-0001.jsonl.gz")).unwrap();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(file), &mut text).unwrap();
    assert!(
        !text.contains("hunter2") && !text.contains("ASIAEXAMPLE0") && text.contains("ASIA***"),
        "{text}"
    );
}

#[test]
fn a_snapshot_of_one_account_is_not_written_over_by_another() {
    let server = ministack(false);
    let program = Program::new(&server.url);
    program.run(&["snapshot", "snap"]).exits(0);
    let text = program
        .read("snap/snapshot.json")
        .replace(ACCOUNT, "444455556666");
    program.write("snap/snapshot.json", &text);
    program
        .run(&["snapshot", "snap"])
        .exits(1)
        .says("the folder holds account 444455556666");
    assert_eq!(program.read("snap/snapshot.json"), text);
}

fn refused(id: &str, session: &str, action: &str) -> Value {
    let mut event = record("app", "sqs", "ListQueues", &json!({}));
    event["eventID"] = json!(id);
    event["errorCode"] = json!("AccessDenied");
    event["userIdentity"]["arn"] = json!(format!("arn:aws:sts::{ACCOUNT}:assumed-role/app/{session}"));
    event["errorMessage"] = json!(format!(
        "User: arn:aws:sts::{ACCOUNT}:assumed-role/app/{session} is not authorized to perform: {action} on resource: arn:aws:sqs:eu-west-1:{ACCOUNT}:jobs because no identity-based policy allows the {action} action"
    ));
    event
}

#[test]
fn each_refusal_of_the_history_is_answered_once() {
    let fake = Fake::start(None, |request, before| match request.operation().as_str() {
        "LookupEvents" => {
            let mut events = vec![
                refused("1", "a", "sqs:SendMessage"),
                refused("2", "b", "sqs:SendMessage"),
                record("app", "sqs", "ListQueues", &json!({})),
            ];
            if before > 0 {
                events.insert(0, refused("3", "a", "sqs:PurgeQueue"));
            }
            let events: Vec<Value> = events
                .iter()
                .map(|event| json!({"EventTime": 1_795_000_000, "CloudTrailEvent": event.to_string()}))
                .collect();
            Reply::json(200, &json!({ "Events": events }))
        }
        "GetCallerIdentity" => Reply::caller_identity(),
        _ if request.path == "/hook?x=1" => {
            assert!(
                request.header("authorization").is_none() && request.header("x-amz-security-token").is_none()
            );
            Reply::json(200, &json!({}))
        }
        _ => Reply::failure(request, 400, "InvalidAction", "not here"),
    });
    let program = Program::new(&fake.url);
    let hook = format!("{}/hook?x=1", fake.url);
    let run = program.run(&[
        "watch",
        "--rounds",
        "3",
        "--interval",
        "1",
        "--format",
        "json",
        "--webhook",
        &hook,
    ]);
    let run = run.exits(0);
    let actions: Vec<String> = run
        .out
        .lines()
        .map(|line| {
            let value: Value = serde_json::from_str(line).unwrap();
            value["refusals"][0]["action"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(actions, ["sqs:SendMessage", "sqs:PurgeQueue"]);
    let told: Vec<_> = fake
        .requests()
        .into_iter()
        .filter(|own| own.path.starts_with("/hook"))
        .collect();
    assert_eq!(told.len(), 2);
    let body: Value = serde_json::from_str(&told[0].body).unwrap();
    assert!(body["text"].as_str().unwrap().contains("sqs:SendMessage"));
}

#[test]
fn refusals_from_a_queue_are_answered_and_deleted() {
    let server = moto();
    let message =
        |event: &Value| json!({"json": {"detail-type": "AWS API Call via CloudTrail", "detail": event}});
    let url = format!("{}/{ACCOUNT}/refusals", server.url);
    calls(
        &server.url,
        &json!([
            ["sqs", "create_queue", {"QueueName": "refusals"}],
            ["sqs", "send_message", {"QueueUrl": url, "MessageBody": message(&refused("1", "a", "sqs:SendMessage"))}],
            ["sqs", "send_message", {"QueueUrl": url, "MessageBody": "not JSON"}],
        ]),
    );
    let program = Program::new(&server.url);
    let run = program.run(&["watch", "--queue", &url, "--rounds", "2"]).exits(0);
    assert!(run.out.contains("sqs:SendMessage"), "{}", run.out);
    assert!(run.err.contains("no event of EventBridge"), "{}", run.err);
    let left = calls(
        &server.url,
        &json!([["sqs", "get_queue_attributes", {"QueueUrl": url, "AttributeNames": ["All"]}]]),
    );
    let attributes = &left[0]["Attributes"];
    assert_eq!(attributes["ApproximateNumberOfMessages"], "0");
    assert_eq!(attributes["ApproximateNumberOfMessagesNotVisible"], "0");
}
