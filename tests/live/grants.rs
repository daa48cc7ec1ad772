//! Grants, organizations and policies of resources from running servers.

use serde_json::{Value, json};

use crate::fake::{Fake, Reply};
use crate::program::Program;
use crate::servers::{ACCOUNT, Server, calls, ministack, moto};

fn allow(actions: Value) -> Value {
    json!({"json": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}})
}

fn trust() -> Value {
    json!({"json": {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}})
}

/// A role with every kind of policy, and one that shares a policy with it.
fn seed(server: &Server) {
    let policy = |name: &str| format!("arn:aws:iam::{ACCOUNT}:policy/{name}");
    calls(
        &server.url,
        &json!([
            ["iam", "create_policy", {"PolicyName": "limit", "PolicyDocument": allow(json!(["s3:*", "sqs:*", "ec2:*"]))}],
            ["iam", "create_role", {"RoleName": "app", "Path": "/team/", "AssumeRolePolicyDocument": trust(),
                "PermissionsBoundary": policy("limit")}],
            ["iam", "put_role_policy", {"RoleName": "app", "PolicyName": "own", "PolicyDocument": allow(json!("s3:*"))}],
            ["iam", "create_policy", {"PolicyName": "shared", "PolicyDocument": allow(json!(["sqs:*"]))}],
            ["iam", "attach_role_policy", {"RoleName": "app", "PolicyArn": policy("shared")}],
            ["iam", "attach_role_policy", {"RoleName": "app", "PolicyArn": "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess"}],
            ["iam", "create_role", {"RoleName": "other", "AssumeRolePolicyDocument": trust()}],
            ["iam", "attach_role_policy", {"RoleName": "other", "PolicyArn": policy("shared")}],
            ["iam", "create_group", {"GroupName": "ops"}],
            ["iam", "put_group_policy", {"GroupName": "ops", "PolicyName": "watch", "PolicyDocument": allow(json!("cloudwatch:Get*"))}],
            ["iam", "create_user", {"UserName": "ann"}],
            ["iam", "add_user_to_group", {"GroupName": "ops", "UserName": "ann"}],
        ]),
    );
}

/// What a request comes to, and which policy allows it.
fn decided(program: &Program, action: &str, holder: &str) -> Value {
    let run = program.run(&[
        "simulate",
        action,
        "--resource",
        "*",
        "--grants",
        "aws:",
        "--holder",
        holder,
        "--format",
        "json",
    ]);
    assert!(run.code == 0, "{}", run.err);
    run.json()["answers"][0].clone()
}

#[test]
fn every_kind_of_policy_is_read() {
    let server = ministack(false);
    seed(&server);
    let program = Program::new(&server.url);
    for (action, holder, by) in [
        ("s3:ListAllMyBuckets", "role/app", "inline policy own"),
        (
            "sqs:ListQueues",
            "role/team/app",
            "customer managed policy shared",
        ),
        (
            "ec2:DescribeInstances",
            "role/app",
            "AWS managed policy AmazonEC2ReadOnlyAccess",
        ),
        (
            "cloudwatch:GetMetricData",
            "user/ann",
            "inline policy watch (group ops)",
        ),
    ] {
        let answer = decided(&program, action, holder);
        assert!(answer.to_string().contains(by), "{action}: {answer:#}");
        assert_eq!(answer["decision"], "allowed", "{action}: {answer:#}");
    }
    let answer = decided(&program, "iam:ListUsers", "role/app");
    assert_eq!(answer["decision"], "implicit-deny");
}

#[test]
fn where_the_wide_call_is_refused_the_narrow_ones_say_the_same() {
    for server in [ministack(false), moto()] {
        seed(&server);
        let fake = Fake::start(Some(server.port), |request, _| {
            match request.operation().as_str() {
                "GetAccountAuthorizationDetails" => Reply::failure(request, 403, "AccessDenied", "not you"),
                _ => Reply::Forward,
            }
        });
        let program = Program::new(&fake.url);
        let narrow = program.run(&[
            "simulate",
            "sqs:ListQueues",
            "--resource",
            "*",
            "--grants",
            "aws:",
            "--holder",
            "role/app",
            "--format",
            "json",
        ]);
        let narrow = narrow
            .exits(0)
            .says("iam:GetAccountAuthorizationDetails")
            .says("read alone, by the narrow calls");
        let answer = &narrow.json()["answers"][0];
        assert_eq!(answer["decision"], "allowed");
        assert!(
            answer.to_string().contains("customer managed policy shared"),
            "{answer:#}"
        );
        assert_eq!(
            decided(&program, "ec2:DescribeInstances", "role/app")["decision"],
            "allowed"
        );
        assert_eq!(
            decided(&program, "rds:DescribeDBInstances", "role/app")["decision"],
            "implicit-deny"
        );
    }
}

#[test]
fn who_shares_a_policy_is_found_by_the_narrow_calls_too() {
    let server = ministack(false);
    seed(&server);
    let fake = Fake::start(Some(server.port), |request, _| {
        match request.operation().as_str() {
            "GetAccountAuthorizationDetails" => Reply::failure(request, 403, "AccessDenied", "not you"),
            _ => Reply::Forward,
        }
    });
    let program = Program::new(&fake.url);
    let trail = program.write(
        "trail.json",
        &crate::trails::record("app", "sqs", "ListQueues", &json!({})).to_string(),
    );
    let report = program.run(&[
        "recommend",
        "role/app",
        "--trail",
        &trail,
        "--grants",
        "aws:",
        "--format",
        "json",
    ]);
    let report = report.exits(0).json();
    let shared = report["edits"]
        .as_array()
        .unwrap()
        .iter()
        .find(|edit| edit.to_string().contains("policy/shared"));
    assert!(shared.unwrap().to_string().contains("role/other"), "{shared:#?}");
}

#[test]
fn organization_policies_bind_or_are_unknown() {
    let server = moto();
    seed(&server);
    // moto's own account is the management account, which no policy binds: the answer names another.
    let deny = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#;
    let full = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let organization = move |request: &crate::fake::Request, _: usize| {
        let asked: Value = serde_json::from_str(&request.body).unwrap_or_default();
        let target = asked["TargetId"].as_str().unwrap_or_default();
        match request.operation().as_str() {
            "DescribeOrganization" => {
                Reply::json(200, &json!({"Organization": {"MasterAccountId": "999988887777"}}))
            }
            "ListParents" if asked["ChildId"] == ACCOUNT => Reply::json(
                200,
                &json!({"Parents": [{"Id": "ou-1", "Type": "ORGANIZATIONAL_UNIT"}]}),
            ),
            "ListParents" => Reply::json(200, &json!({"Parents": [{"Id": "r-1", "Type": "ROOT"}]})),
            "ListPoliciesForTarget" if asked["Filter"] == "RESOURCE_CONTROL_POLICY" => {
                Reply::failure(request, 400, "PolicyTypeNotEnabledException", "off")
            }
            "ListPoliciesForTarget" if target == "ou-1" && asked.get("NextToken").is_none() => Reply::json(
                200,
                &json!({"Policies": [{"Id": "p-full", "Name": "FullAWSAccess"}], "NextToken": "2"}),
            ),
            "ListPoliciesForTarget" if target == "ou-1" => {
                Reply::json(200, &json!({"Policies": [{"Id": "p-deny", "Name": "no-s3"}]}))
            }
            "ListPoliciesForTarget" => Reply::json(
                200,
                &json!({"Policies": [{"Id": "p-full", "Name": "FullAWSAccess"}]}),
            ),
            "DescribePolicy" if asked["PolicyId"] == "p-deny" => {
                Reply::json(200, &json!({"Policy": {"Content": deny}}))
            }
            "DescribePolicy" => Reply::json(200, &json!({"Policy": {"Content": full}})),
            _ => Reply::Forward,
        }
    };
    let fake = Fake::start(Some(server.port), organization);
    let program = Program::new(&fake.url);
    let answer = decided(&program, "s3:ListAllMyBuckets", "role/app");
    assert_eq!(answer["decision"], "explicit-deny", "{answer:#}");
    assert!(answer.to_string().contains("no-s3"));
    assert_eq!(
        decided(&program, "sqs:ListQueues", "role/app")["decision"],
        "allowed"
    );

    let refused = Fake::start(Some(server.port), |request, _| {
        match request.operation().as_str() {
            "DescribeOrganization" => {
                Reply::json(200, &json!({"Organization": {"MasterAccountId": "999988887777"}}))
            }
            "ListParents" => Reply::failure(
                request,
                400,
                "AccessDeniedException",
                "only the management account",
            ),
            _ => Reply::Forward,
        }
    });
    let program = Program::new(&refused.url);
    let run = program.run(&[
        "simulate",
        "s3:ListAllMyBuckets",
        "--resource",
        "*",
        "--grants",
        "aws:",
        "--holder",
        "role/app",
        "--format",
        "json",
    ]);
    let run = run.exits(0).says("organizations:ListParents");
    assert_eq!(run.json()["answers"][0]["decision"], "unknown");
}

#[test]
fn a_ticket_is_answered_from_the_account() {
    let server = ministack(false);
    seed(&server);
    let deny = json!({"json": {"Version": "2012-10-17", "Statement": [{"Sid": "NoReports", "Effect": "Deny", "Principal": "*",
        "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*"}]}});
    calls(
        &server.url,
        &json!([
            ["s3", "create_bucket", {"Bucket": "reports", "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}],
            ["s3", "put_bucket_policy", {"Bucket": "reports", "Policy": deny}],
        ]),
    );
    let program = Program::new(&server.url);
    let message = format!(
        "An error occurred (AccessDenied) when calling the GetObject operation: User: arn:aws:sts::{ACCOUNT}:assumed-role/app/i-1 is not authorized to perform: s3:GetObject on resource: \"arn:aws:s3:::reports/2026/a.csv\" with an explicit deny in a resource-based policy"
    );
    let run = program
        .run(&["explain", &message, "--grants", "aws:", "--format", "json"])
        .exits(0);
    let refusal = &run.json()["refusals"][0];
    assert_eq!(refusal["layer"], "resource");
    assert!(refusal.to_string().contains("NoReports"), "{refusal:#}");
    assert_eq!(refusal["identity_change_helps"], "no");
}

#[test]
fn an_encoded_message_is_decoded() {
    let server = ministack(false);
    seed(&server);
    let decoded = json!({"allowed": false, "explicitDeny": false, "context": {
        "principal": {"id": "AROA:i-1", "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/app/i-1")},
        "action": "ec2:RunInstances", "resource": format!("arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/*"),
        "conditions": {"items": []}}});
    let body = format!(
        "<DecodeAuthorizationMessageResponse><DecodeAuthorizationMessageResult><DecodedMessage>{}</DecodedMessage></DecodeAuthorizationMessageResult></DecodeAuthorizationMessageResponse>",
        decoded.to_string().replace('"', "&quot;")
    );
    let fake = Fake::start(Some(server.port), move |request, _| {
        match request.operation().as_str() {
            "DecodeAuthorizationMessage" => Reply::xml(200, &body),
            _ => Reply::Forward,
        }
    });
    let program = Program::new(&fake.url);
    let blob = "abcDEF0123456789_-".repeat(12);
    let message = format!(
        "An error occurred (UnauthorizedOperation) when calling the RunInstances operation: You are not authorized to perform this operation. Encoded authorization failure message: {blob}"
    );
    let run = program
        .run(&["explain", &message, "--grants", "aws:", "--format", "json"])
        .exits(0);
    let refusal = &run.json()["refusals"][0];
    assert_eq!(
        refusal["resource"],
        format!("arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/*")
    );
    assert_eq!(refusal["action"], "ec2:RunInstances");
    assert!(
        fake.operations()
            .contains(&"DecodeAuthorizationMessage".to_owned())
    );
}
