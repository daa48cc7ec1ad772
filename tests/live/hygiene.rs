//! What findings of hygiene are read from, out of a running server.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::fake::{Fake, Reply};
use crate::program::Program;
use crate::servers::{Server, calls, moto};

fn seed(server: &Server) {
    let local = json!({"LocationConstraint": "eu-west-1"});
    calls(
        &server.url,
        &json!([
            ["s3", "create_bucket", {"Bucket": "audit", "CreateBucketConfiguration": local}],
            ["cloudtrail", "create_trail", {"Name": "main", "S3BucketName": "audit"}],
            ["iam", "create_user", {"UserName": "ann"}],
            ["iam", "create_login_profile", {"UserName": "ann", "Password": "Not-a-secret-1"}],
            ["iam", "update_account_password_policy", {"MinimumPasswordLength": 8}],
        ]),
    );
}

/// A call of yesterday: without any record there is no review.
fn record(program: &Program) -> String {
    let record = json!({"Records": [{
        "eventVersion": "1.11", "userIdentity": {"type": "IAMUser", "principalId": "AIDAEXAMPLE", "accountId": "123456789012",
            "arn": "arn:aws:iam::123456789012:user/ann", "userName": "ann"},
        "eventTime": "2026-11-20T10:00:00Z", "eventSource": "ec2.amazonaws.com", "eventName": "DescribeInstances",
        "awsRegion": "eu-west-1", "sourceIPAddress": "203.0.113.9", "userAgent": "Boto3/1.38.0", "requestParameters": {},
        "responseElements": null, "eventID": "6f1c2e34-9a7b-4c5d-8e9f-0a1b2c3d4e5f", "readOnly": true,
        "eventType": "AwsApiCall", "managementEvent": true, "recipientAccountId": "123456789012", "eventCategory": "Management"}]});
    program.write("trail/one.json", &record.to_string())
}

fn review(program: &Program, grants: &str, trail: &str) -> Value {
    let run = program.run(&["review", "--grants", grants, "--trail", trail, "--format", "json"]);
    assert!(run.code == 0, "{}", run.err);
    run.json()
}

fn codes(review: &Value) -> BTreeSet<&str> {
    let findings = review["findings"].as_array().unwrap();
    findings.iter().map(|own| own["code"].as_str().unwrap()).collect()
}

#[test]
fn reports_and_settings_are_read_from_the_account_and_into_a_snapshot() {
    let server = moto();
    seed(&server);
    let program = Program::new(&server.url);
    let trail = record(&program);
    let live = review(&program, "aws:", &trail);
    for code in [
        "user-without-mfa",
        "password-policy-weak",
        "trail-stopped",
        "trail-without-validation",
        "config-recorder-off",
    ] {
        assert!(codes(&live).contains(code), "{code}: {:?}", codes(&live));
    }
    program.run(&["snapshot", "snap"]).exits(0);
    drop(server);
    let offline = review(&program, "snap", &trail);
    assert_eq!(live["findings"], offline["findings"]);
}

#[test]
fn what_is_refused_is_said_and_the_rest_is_found() {
    let server = moto();
    seed(&server);
    let refused = [
        "GenerateCredentialReport",
        "DescribeTrails",
        "DescribeConfigurationRecorders",
    ];
    let fake = Fake::start(Some(server.port), move |request, _| match request.operation() {
        operation if refused.contains(&operation.as_str()) => {
            Reply::failure(request, 403, "AccessDeniedException", "not you")
        }
        _ => Reply::Forward,
    });
    let program = Program::new(&fake.url);
    let trail = record(&program);
    let run = program.run(&[
        "review", "--grants", "aws:", "--trail", &trail, "--format", "json",
    ]);
    for operation in [
        "iam:GenerateCredentialReport",
        "cloudtrail:DescribeTrails",
        "config:DescribeConfigurationRecorders",
    ] {
        assert!(run.err.contains(operation), "{operation}: {}", run.err);
    }
    let found = run.exits(0).says("what it would show is not looked for").json();
    assert!(codes(&found).contains("password-policy-weak"));
    assert!(!codes(&found).contains("trail-stopped") && !codes(&found).contains("config-recorder-off"));
}
