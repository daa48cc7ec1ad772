//! What IAM and Access Analyzer say beside us: last accessed, findings, checks, unused access.

use serde_json::{Value, json};

use crate::fake::{Fake, Reply, Request};
use crate::program::Program;
use crate::servers::{ACCOUNT, Server, calls, ministack};

fn seed(server: &Server) {
    let allow = |actions: Value| {
        json!({"json": {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": actions, "Resource": "*"}]}})
    };
    calls(
        &server.url,
        &json!([
            ["iam", "create_role", {"RoleName": "app", "Path": "/team/",
                "AssumeRolePolicyDocument": {"json": {"Version": "2012-10-17", "Statement": []}}}],
            ["iam", "put_role_policy", {"RoleName": "app", "PolicyName": "own", "PolicyDocument":
                allow(json!(["sqs:ListQueues", "s3:CreateBucket", "s3:DeleteBucket", "backup:ListBackupPlans", "s3:GetObject"]))}],
        ]),
    );
}

fn recommend(program: &Program, more: &[&str]) -> crate::program::Run {
    let trail = program.write(
        "trail.json",
        &crate::trails::record("app", "sqs", "ListQueues", &json!({})).to_string(),
    );
    let selectors = r#"{"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": true, "DataResources": []}]}"#;
    let selectors = program.write("selectors.json", selectors);
    let mut arguments = vec![
        "recommend",
        "role/app",
        "--trail",
        &trail,
        "--event-selectors",
        &selectors,
        "--grants",
        "aws:",
        "--format",
        "json",
    ];
    arguments.extend(more);
    program.run(&arguments)
}

fn report(polls: usize) -> impl Fn(&Request, usize) -> Reply {
    move |request, before| match request.operation().as_str() {
        "GenerateServiceLastAccessedDetails" => {
            assert!(request.body.contains("Granularity=ACTION_LEVEL"));
            Reply::xml(
                200,
                "<GenerateServiceLastAccessedDetailsResponse><GenerateServiceLastAccessedDetailsResult><JobId>job</JobId></GenerateServiceLastAccessedDetailsResult></GenerateServiceLastAccessedDetailsResponse>",
            )
        }
        "GetServiceLastAccessedDetails" if before < polls => Reply::xml(
            200,
            "<GetServiceLastAccessedDetailsResponse><GetServiceLastAccessedDetailsResult><JobStatus>IN_PROGRESS</JobStatus></GetServiceLastAccessedDetailsResult></GetServiceLastAccessedDetailsResponse>",
        ),
        "GetServiceLastAccessedDetails" => Reply::xml(
            200,
            "<GetServiceLastAccessedDetailsResponse><GetServiceLastAccessedDetailsResult><JobStatus>COMPLETED</JobStatus><IsTruncated>false</IsTruncated><ServicesLastAccessed>\
            <member><ServiceNamespace>s3</ServiceNamespace><LastAuthenticated>2026-05-02T00:00:00Z</LastAuthenticated><TrackedActionsLastAccessed><member><ActionName>CreateBucket</ActionName><LastAccessedTime>2026-05-02T00:00:00Z</LastAccessedTime></member><member><ActionName>DeleteBucket</ActionName></member></TrackedActionsLastAccessed></member>\
            <member><ServiceNamespace>backup</ServiceNamespace><LastAuthenticated>2026-01-02T00:00:00Z</LastAuthenticated></member>\
            </ServicesLastAccessed></GetServiceLastAccessedDetailsResult></GetServiceLastAccessedDetailsResponse>",
        ),
        _ => Reply::Forward,
    }
}

#[test]
fn what_was_used_before_the_trail_stays() {
    let server = ministack(false);
    seed(&server);
    let fake = Fake::start(Some(server.port), report(1));
    let program = Program::new(&fake.url);
    let found = recommend(&program, &[]).exits(0).json();
    let kept = found["kept_otherwise"].to_string();
    assert!(
        kept.contains("s3:CreateBucket") && kept.contains("2026-05-02"),
        "{kept}"
    );
    assert!(
        kept.contains("backup:ListBackupPlans") && kept.contains("2026-01-02"),
        "{kept}"
    );
    let gone = found["unused"].to_string();
    assert!(
        gone.contains("s3:DeleteBucket") && !gone.contains("s3:CreateBucket"),
        "{gone}"
    );
    // The same from a file, without any account.
    let details = json!({"JobStatus": "COMPLETED", "ServicesLastAccessed": [{"ServiceNamespace": "s3",
        "LastAuthenticated": "2026-05-02T00:00:00Z", "TrackedActionsLastAccessed": [
            {"ActionName": "CreateBucket", "LastAccessedTime": "2026-05-02T00:00:00Z"}]}]});
    let file = program.write("accessed.json", &details.to_string());
    let found = recommend(&program, &["--last-accessed", &file]).exits(0).json();
    assert!(found["kept_otherwise"].to_string().contains("s3:CreateBucket"));
    assert!(found["unused"].to_string().contains("backup:ListBackupPlans"));
}

/// Access Analyzer as it answers over the wire. `agrees`: what its checks say.
fn analyzer(agrees: bool) -> impl Fn(&Request, usize) -> Reply {
    move |request, before| {
        let result = if agrees { "PASS" } else { "FAIL" };
        let path = request.path.split('?').next().unwrap_or_default();
        let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
        match path {
            "/policy/validation" if request.path.contains("nextToken") => {
                Reply::json(200, &json!({"findings": []}))
            }
            "/policy/validation" => {
                assert_eq!(body["policyType"], "IDENTITY_POLICY");
                Reply::json(
                    200,
                    &json!({"nextToken": "2", "findings": [{"findingType": "SUGGESTION", "issueCode": "REDUNDANT_ACTION",
                    "findingDetails": "The action is redundant.", "learnMoreLink": "https://docs.aws.amazon.com/x", "locations": []}]}),
                )
            }
            "/policy/check-no-new-access" => {
                let existing = body["existingPolicyDocument"].as_str().unwrap();
                assert!(
                    existing.contains("s3:DeleteBucket")
                        && !body["newPolicyDocument"]
                            .as_str()
                            .unwrap()
                            .contains("s3:DeleteBucket")
                );
                Reply::json(
                    200,
                    &json!({"result": result, "message": "of new access", "reasons": []}),
                )
            }
            "/policy/check-access-not-granted" => {
                assert!(
                    body["access"][0]["actions"]
                        .to_string()
                        .contains("s3:DeleteBucket")
                );
                Reply::json(
                    200,
                    &json!({"result": result, "message": "of access", "reasons": [{"description": "in statement 0"}]}),
                )
            }
            "/analyzer" if request.path.contains("ACCOUNT_UNUSED_ACCESS") => Reply::json(
                200,
                &json!({"analyzers": [{"arn": "arn:aws:access-analyzer:eu-west-1:111122223333:analyzer/u"}]}),
            ),
            "/analyzer" => Reply::json(200, &json!({"analyzers": []})),
            "/findingv2" => Reply::json(200, &json!({"findings": [{"id": "f-1"}]})),
            "/findingv2/f-1" => Reply::json(
                200,
                &json!({"findingDetails": [{"unusedPermissionDetails": {
                "serviceNamespace": "s3", "actions": [{"action": "GetObject"}]}}]}),
            ),
            _ => report(0)(request, before),
        }
    }
}

#[test]
fn access_analyzer_is_heard_beside_the_proof() {
    let server = ministack(false);
    seed(&server);
    let fake = Fake::start(Some(server.port), analyzer(true));
    let program = Program::new(&fake.url);
    let run = recommend(&program, &["--access-analyzer"]).exits(0);
    let run = run
        .says("Access Analyzer finds REDUNDANT_ACTION")
        .says("nothing is granted that was not granted before");
    run.says("s3:GetObject")
        .says("because this trail cannot show them");

    let fake = Fake::start(Some(server.port), analyzer(false));
    let program = Program::new(&fake.url);
    let run = recommend(&program, &["--access-analyzer"]).exits(0);
    run.says("ACCESS ANALYZER DISAGREES: it sees new access")
        .says("in statement 0");

    // Never required.
    let fake = Fake::start(Some(server.port), |request, before| {
        match request.service().as_str() {
            "access-analyzer" => Reply::failure(request, 403, "AccessDeniedException", "no"),
            _ => report(0)(request, before),
        }
    });
    let program = Program::new(&fake.url);
    recommend(&program, &["--access-analyzer"])
        .exits(0)
        .says("the action missing is access-analyzer:ValidatePolicy");
}

#[test]
fn each_command_needs_no_more_than_permissions_says() {
    let server = ministack(true);
    let url = server.url.as_str();
    let root = Program::as_key(url, "test", "test", None);
    let trust = json!({"json": {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:root")}, "Action": "sts:AssumeRole"}]}});
    seed(&server);
    calls(
        url,
        &json!([
            ["s3", "create_bucket", {"Bucket": "audit", "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}],
            ["s3", "put_object", {"Bucket": "audit", "Body": {"gzip": {"json": {"Records": [
                crate::trails::record("app", "sqs", "ListQueues", &json!({}))]}}},
                "Key": format!("AWSLogs/{ACCOUNT}/CloudTrail/eu-west-1/2026/11/20/x.json.gz")}],
        ]),
    );
    let message = format!(
        "User: arn:aws:sts::{ACCOUNT}:assumed-role/app/run is not authorized to perform: s3:PutObject on resource: \"arn:aws:s3:::audit/x\" because no identity-based policy allows the s3:PutObject action"
    );
    let proposal = root
        .run(&[
            "recommend",
            "role/app",
            "--trail",
            "s3://audit",
            "--since",
            "2026-11-01",
            "--grants",
            "aws:",
            "--format",
            "json",
        ])
        .exits(0);
    let file = root.write("proposal.json", &proposal.out);
    let back = root.path("back.json").to_string_lossy().into_owned();
    let trail = [
        "--trail",
        "s3://audit",
        "--since",
        "2026-11-01",
        "--grants",
        "aws:",
    ];
    let runs: [(&str, Vec<&str>); 5] = [
        ("recommend", [&["recommend", "role/app"][..], &trail].concat()),
        ("explain", [&["explain", &message][..], &trail].concat()),
        (
            "simulate",
            vec![
                "simulate",
                "sqs:ListQueues",
                "--resource",
                "*",
                "--grants",
                "aws:",
                "--holder",
                "role/app",
            ],
        ),
        (
            "apply",
            vec!["apply", &file, "--yes", "--force", "--rollback-file", &back],
        ),
        ("rollback", vec!["rollback", &back]),
    ];
    for (command, arguments) in runs {
        let mut asked = vec!["permissions", command];
        if matches!(command, "recommend" | "explain") {
            asked.extend(["--trail", "s3://audit"]);
        }
        let policy = root.run(&asked).exits(0).json();
        let role = format!("operator-{command}");
        let made = calls(
            url,
            &json!([
                ["iam", "create_role", {"RoleName": role, "AssumeRolePolicyDocument": trust}],
                ["iam", "put_role_policy", {"RoleName": role, "PolicyName": "p", "PolicyDocument": {"json": policy}}],
                ["sts", "assume_role", {"RoleArn": format!("arn:aws:iam::{ACCOUNT}:role/{role}"), "RoleSessionName": "me"}],
            ]),
        );
        let key = &made[2]["Credentials"];
        let of = |name: &str| key[name].as_str().unwrap().to_owned();
        let program = Program::as_key(
            url,
            &of("AccessKeyId"),
            &of("SecretAccessKey"),
            Some(&of("SessionToken")),
        );
        let run = program.run(&arguments).exits(0);
        assert!(!run.err.contains("aws-denied"), "{command}: {}", run.err);
        // Without it the command does not get far: the server does enforce.
        calls(
            url,
            &json!([["iam", "delete_role_policy", {"RoleName": role, "PolicyName": "p"}]]),
        );
        let run = program.run(&arguments);
        assert!(run.err.contains("aws-denied"), "{command}: {}", run.err);
    }
}
