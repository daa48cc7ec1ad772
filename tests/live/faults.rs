//! What goes wrong on the way: throttling, credentials, lost pages, cut answers, missing permissions.

use serde_json::{Value, json};

use crate::fake::{Fake, Reply, Request};
use crate::program::Program;
use crate::servers::{ACCOUNT, calls, ministack};

const SIMULATE: [&str; 9] = [
    "simulate",
    "sqs:ListQueues",
    "--resource",
    "*",
    "--grants",
    "aws:",
    "--holder",
    "role/app",
    "--format",
];

fn simulate(program: &Program) -> crate::program::Run {
    let mut arguments = SIMULATE.to_vec();
    arguments.push("json");
    program.run(&arguments)
}

fn details(page: usize, truncated: bool) -> String {
    let document = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22sqs%3A%2A%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D";
    let role = if page == 1 {
        "app".to_owned()
    } else {
        format!("r{page}")
    };
    let marker = if truncated {
        format!("<IsTruncated>true</IsTruncated><Marker>{}</Marker>", page + 1)
    } else {
        "<IsTruncated>false</IsTruncated>".to_owned()
    };
    format!(
        "<GetAccountAuthorizationDetailsResponse><GetAccountAuthorizationDetailsResult>{marker}<RoleDetailList><member><RoleName>{role}</RoleName><Arn>arn:aws:iam::{ACCOUNT}:role/{role}</Arn><AssumeRolePolicyDocument>{document}</AssumeRolePolicyDocument><RolePolicyList><member><PolicyName>p</PolicyName><PolicyDocument>{document}</PolicyDocument></member></RolePolicyList></member></RoleDetailList></GetAccountAuthorizationDetailsResult></GetAccountAuthorizationDetailsResponse>"
    )
}

/// An account of three pages that is in no organization.
fn account(request: &Request) -> Reply {
    match request.operation().as_str() {
        "GetAccountAuthorizationDetails" => {
            let marker = request
                .body
                .split('&')
                .find_map(|pair| pair.strip_prefix("Marker="));
            let page = marker.map_or(0, |page| page.parse().unwrap());
            Reply::xml(200, &details(page, page < 2))
        }
        "GetCallerIdentity" => Reply::caller_identity(),
        "DescribeOrganization" => Reply::failure(request, 400, "AWSOrganizationsNotInUseException", "none"),
        _ => Reply::failure(request, 400, "InvalidAction", "not here"),
    }
}

#[test]
fn a_storm_of_throttling_passes() {
    let fake = Fake::start(None, |request, before| match before {
        0 | 1 => Reply::failure(request, 400, "Throttling", "Rate exceeded"),
        _ => account(request),
    });
    let run = simulate(&Program::new(&fake.url)).exits(0);
    assert_eq!(run.json()["answers"][0]["decision"], "allowed");
}

#[test]
fn throttling_without_end_is_said() {
    let fake = Fake::start(None, |request, _| {
        Reply::failure(request, 400, "ThrottlingException", "Rate exceeded")
    });
    let program = Program::new(&fake.url).env("AWS_MAX_ATTEMPTS", "2");
    simulate(&program)
        .exits(1)
        .says("for too many calls, after waiting and trying again")
        .says("AWS_MAX_ATTEMPTS");
    assert_eq!(
        fake.operations()
            .iter()
            .filter(|own| *own == "GetAccountAuthorizationDetails")
            .count(),
        2
    );
}

#[test]
fn a_page_that_fails_is_asked_for_again() {
    for reply in [
        Reply::HangUp,
        Reply::Cut(b"<GetAcc".to_vec()),
        Reply::xml(503, ""),
    ] {
        let fake = Fake::start(None, move |request, before| match request.operation().as_str() {
            "GetAccountAuthorizationDetails" if before == 1 => reply.clone(),
            _ => account(request),
        });
        let run = simulate(&Program::new(&fake.url)).exits(0);
        assert_eq!(run.json()["answers"][0]["decision"], "allowed");
    }
    // One that fails for good takes the others with it: half of an account is no account.
    let fake = Fake::start(None, |request, _| match request.operation().as_str() {
        "GetAccountAuthorizationDetails" if request.body.contains("Marker=2") => {
            Reply::failure(request, 500, "ServiceFailure", "broken")
        }
        _ => account(request),
    });
    let program = Program::new(&fake.url).env("AWS_MAX_ATTEMPTS", "1");
    simulate(&program).exits(1).says("ServiceFailure");
}

#[test]
fn credentials_that_expire_on_the_way_are_named() {
    let fake = Fake::start(None, |request, before| match request.operation().as_str() {
        "GetAccountAuthorizationDetails" if before > 0 => Reply::failure(
            request,
            403,
            "ExpiredToken",
            "The security token included in the request is expired",
        ),
        _ => account(request),
    });
    simulate(&Program::new(&fake.url))
        .exits(1)
        .says("AWS does not accept the credentials")
        .says("aws sso login");
}

#[test]
fn no_credentials_at_all_are_said() {
    let fake = Fake::start(None, |request, _| account(request));
    let program = Program::new(&fake.url);
    let mut arguments = SIMULATE.to_vec();
    arguments.push("json");
    let mut command = program.command(&arguments);
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
        command.env_remove(name);
    }
    let run = program.checked(command.output().unwrap());
    run.exits(1)
        .says("no AWS credentials were found")
        .says("aws sso login");
}

#[test]
fn an_answer_that_makes_no_sense_is_no_panic() {
    for body in [
        "",
        "<html>proxy</html>",
        "<GetAccountAuthorizationDetailsResponse>",
        "\u{0}\u{1}",
    ] {
        let fake = Fake::start(None, move |_, _| Reply::xml(200, body));
        simulate(&Program::new(&fake.url))
            .exits(1)
            .says("is not what AWS documents");
    }
}

#[test]
fn objects_that_are_cut_or_gone_lose_nothing_else() {
    let server = ministack(false);
    let key = |day: u32| format!("AWSLogs/{ACCOUNT}/CloudTrail/eu-west-1/2026/11/{day:02}/{day}.json.gz");
    let mut made = vec![json!(["s3", "create_bucket", {"Bucket": "audit",
        "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}])];
    for day in 1..=4 {
        let mut event = crate::trails::record("app", "sqs", "ListQueues", &json!({}));
        event["eventID"] = json!(day.to_string());
        made.push(json!(["s3", "put_object", {"Bucket": "audit", "Key": key(day),
            "Body": {"gzip": {"json": {"Records": [event]}}}}]));
    }
    // Cut where it lies.
    made.push(json!(["s3", "put_object", {"Bucket": "audit", "Key": key(5), "Body": {"bytes": "\u{1f}"}}]));
    calls(&server.url, &Value::Array(made));
    let fake = Fake::start(Some(server.port), |request, before| match request.path.as_str() {
        // Cut on the way, once; gone for good.
        path if path.ends_with("/1.json.gz") && before == 0 => Reply::Cut(vec![0x1f, 0x8b, 8, 0]),
        path if path.ends_with("/2.json.gz") => Reply::failure(request, 404, "NoSuchKey", "gone"),
        _ => Reply::Forward,
    });
    let program = Program::new(&fake.url);
    let role = format!("arn:aws:iam::{ACCOUNT}:role/team/app");
    let run = program.run(&[
        "recommend",
        &role,
        "--trail",
        "s3://audit",
        "--since",
        "2026-11-01",
        "--format",
        "json",
    ]);
    let run = run.exits(4).says("2.json.gz").says("5.json.gz");
    assert_eq!(run.json()["visibility"]["events"], 3);
}

#[test]
fn a_bucket_encrypted_with_a_key_says_which_permission_is_missing() {
    let server = ministack(false);
    let key = format!("AWSLogs/{ACCOUNT}/CloudTrail/eu-west-1/2026/11/01/x.json.gz");
    calls(
        &server.url,
        &json!([
            ["s3", "create_bucket", {"Bucket": "audit", "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}],
            ["s3", "put_object", {"Bucket": "audit", "Key": key, "Body": {"bytes": "x"}}],
        ]),
    );
    let kms = format!("arn:aws:kms:eu-west-1:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555");
    let said = format!(
        "User: arn:aws:iam::{ACCOUNT}:user/ops is not authorized to perform: kms:Decrypt on resource: {kms} because no identity-based policy allows the kms:Decrypt action"
    );
    let fake = Fake::start(Some(server.port), move |request, _| match request.path.as_str() {
        path if path.ends_with("x.json.gz") => Reply::failure(request, 403, "AccessDenied", &said),
        _ => Reply::Forward,
    });
    let program = Program::new(&fake.url);
    let role = format!("arn:aws:iam::{ACCOUNT}:role/team/app");
    program
        .run(&[
            "recommend",
            &role,
            "--trail",
            "s3://audit",
            "--since",
            "2026-11-01",
        ])
        .exits(1)
        .says(&format!("the action missing is kms:Decrypt on {kms}"));
}

#[test]
fn each_missing_permission_is_named_and_the_rest_goes_on() {
    let server = ministack(false);
    calls(
        &server.url,
        &json!([
            ["iam", "create_role", {"RoleName": "app", "AssumeRolePolicyDocument": {"json": {"Version": "2012-10-17", "Statement": []}}}],
            ["s3", "create_bucket", {"Bucket": "audit", "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}],
            ["s3", "put_object", {"Bucket": "audit", "Body": {"gzip": {"json": {"Records": [
                crate::trails::record("app", "sqs", "ListQueues", &json!({}))]}}},
                "Key": format!("AWSLogs/{ACCOUNT}/CloudTrail/eu-west-1/2026/11/20/x.json.gz")}],
        ]),
    );
    let message = format!(
        "User: arn:aws:sts::{ACCOUNT}:assumed-role/app/run is not authorized to perform: s3:GetObject on resource: \"arn:aws:s3:::audit/x\" because no identity-based policy allows the s3:GetObject action"
    );
    // The operation that is refused, the permission that is named, and the code that the run ends with.
    for (refused, permission, code) in [
        (
            "GetAccountAuthorizationDetails",
            "iam:GetAccountAuthorizationDetails",
            0,
        ),
        ("DescribeOrganization", "organizations:DescribeOrganization", 0),
        ("GetBucketPolicy", "s3:GetBucketPolicy", 0),
        ("DescribeTrails", "cloudtrail:DescribeTrails", 0),
        ("ListObjectsV2", "s3:ListBucket", 1),
        ("GetObject", "s3:GetObject", 1),
    ] {
        let fake = Fake::start(Some(server.port), move |request, _| {
            let is = match refused {
                "GetBucketPolicy" => request.path.contains("policy="),
                "ListObjectsV2" => request.path.contains("list-type=2"),
                "GetObject" => request.method == "GET" && request.path.ends_with(".json.gz"),
                name => request.operation() == name,
            };
            if is {
                Reply::failure(request, 403, "AccessDenied", "no")
            } else {
                Reply::Forward
            }
        });
        let program = Program::new(&fake.url);
        let run = program.run(&[
            "explain",
            &message,
            "--grants",
            "aws:",
            "--trail",
            "s3://audit",
            "--since",
            "2026-11-01",
            "--format",
            "json",
        ]);
        run.exits(code)
            .says(&format!("the action missing is {permission} on"));
    }
}

#[test]
fn a_profile_and_a_role_are_taken_as_the_cli_takes_them() {
    let server = ministack(true);
    let trust = json!({"json": {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:root")}, "Action": "sts:AssumeRole"}]}});
    let allow = json!({"json": {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["iam:GetAccountAuthorizationDetails", "organizations:DescribeOrganization"], "Resource": "*"}]}});
    calls(
        &server.url,
        &json!([
            ["iam", "create_role", {"RoleName": "auditor", "AssumeRolePolicyDocument": trust}],
            ["iam", "put_role_policy", {"RoleName": "auditor", "PolicyName": "p", "PolicyDocument": allow}],
            ["iam", "create_role", {"RoleName": "app", "AssumeRolePolicyDocument": trust}],
        ]),
    );
    let role = format!("arn:aws:iam::{ACCOUNT}:role/auditor");
    let program = Program::as_key(&server.url, "test", "test", None);
    let asked = [
        "simulate",
        "sqs:ListQueues",
        "--resource",
        "*",
        "--grants",
        "aws:",
        "--holder",
        "role/app",
    ];
    let mut arguments = asked.to_vec();
    arguments.extend(["--role-arn", &role]);
    program.run(&arguments).exits(0);

    let config = format!(
        "[profile audit]\nrole_arn = {role}\nsource_profile = base\nregion = us-east-1\n[profile base]\n"
    );
    program.write(".aws/config", &config);
    program.write(
        ".aws/credentials",
        "[base]\naws_access_key_id = test\naws_secret_access_key = test\n",
    );
    let mut arguments = asked.to_vec();
    arguments.extend(["--profile", "audit"]);
    let mut command = program.command(&arguments);
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"] {
        command.env_remove(name);
    }
    let run = program.checked(command.output().unwrap());
    run.exits(0);
}

#[test]
fn each_service_may_have_an_endpoint_of_its_own() {
    let fake = Fake::start(None, |request, _| account(request));
    let program = Program::new("http://127.0.0.1:9")
        .env("AWS_ENDPOINT_URL_IAM", &fake.url)
        .env("AWS_ENDPOINT_URL_STS", &fake.url)
        .env("AWS_ENDPOINT_URL_ORGANIZATIONS", &fake.url)
        .env("AWS_MAX_ATTEMPTS", "1");
    simulate(&program).exits(0);
    // One that nobody serves is said, with what to look at.
    let program = Program::new("http://127.0.0.1:9").env("AWS_MAX_ATTEMPTS", "1");
    simulate(&program)
        .exits(1)
        .says("has no answer")
        .says("AWS_ENDPOINT_URL");
}

/// Whatever is asked of AWS can be refused: the run then names the permission, and goes on or ends, and never
/// panics.
#[test]
fn every_single_call_can_be_refused() {
    let server = ministack(false);
    let trust = json!({"json": {"Version": "2012-10-17", "Statement": []}});
    let allow = json!({"json": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["sqs:*"], "Resource": "*"}]}});
    let shared = format!("arn:aws:iam::{ACCOUNT}:policy/shared");
    calls(
        &server.url,
        &json!([
            ["iam", "create_policy", {"PolicyName": "shared", "PolicyDocument": allow}],
            ["iam", "create_group", {"GroupName": "ops"}],
            ["iam", "put_group_policy", {"GroupName": "ops", "PolicyName": "g", "PolicyDocument": allow}],
            ["iam", "create_user", {"UserName": "ann"}],
            ["iam", "add_user_to_group", {"GroupName": "ops", "UserName": "ann"}],
            ["iam", "put_user_policy", {"UserName": "ann", "PolicyName": "own", "PolicyDocument": allow}],
            ["iam", "attach_user_policy", {"UserName": "ann", "PolicyArn": shared}],
            ["iam", "create_role", {"RoleName": "app", "Path": "/team/", "AssumeRolePolicyDocument": trust}],
            ["iam", "put_role_policy", {"RoleName": "app", "PolicyName": "own", "PolicyDocument": allow}],
            ["iam", "attach_role_policy", {"RoleName": "app", "PolicyArn": shared}],
            ["s3", "create_bucket", {"Bucket": "audit", "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}],
            ["s3", "put_object", {"Bucket": "audit", "Body": {"gzip": {"json": {"Records": [
                crate::trails::record("app", "sqs", "ListQueues", &json!({}))]}}},
                "Key": format!("AWSLogs/{ACCOUNT}/CloudTrail/eu-west-1/2026/11/20/x.json.gz")}],
        ]),
    );
    // The narrow calls come into play where the wide one is refused; the organization is another's.
    let around = |request: &Request| match request.operation().as_str() {
        "GetAccountAuthorizationDetails" => Reply::failure(request, 403, "AccessDenied", "not you"),
        "DescribeOrganization" => {
            Reply::json(200, &json!({"Organization": {"MasterAccountId": "999988887777"}}))
        }
        "ListParents" => Reply::json(200, &json!({"Parents": [{"Id": "r-1", "Type": "ROOT"}]})),
        "ListPoliciesForTarget" => Reply::json(200, &json!({"Policies": [{"Id": "p-1", "Name": "full"}]})),
        "DescribePolicy" => Reply::json(
            200,
            &json!({"Policy": {"Content":
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#}}),
        ),
        "DescribeTrails" => Reply::json(
            200,
            &json!({"trailList": [{"Name": "t", "S3BucketName": "audit"}]}),
        ),
        "GetEventSelectors" => Reply::json(
            200,
            &json!({"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": true}]}),
        ),
        _ => Reply::Forward,
    };
    let message = |action: &str, resource: &str| {
        format!(
            "User: arn:aws:sts::{ACCOUNT}:assumed-role/app/run is not authorized to perform: {action} on resource: {resource} because no identity-based policy allows the {action} action"
        )
    };
    let of = |service: &str, rest: &str| format!("arn:aws:{service}:eu-west-1:{ACCOUNT}:{rest}");
    let ticket = [
        message("s3:GetObject", "arn:aws:s3:::audit/x"),
        message("sqs:SendMessage", &of("sqs", "jobs")),
        message("sns:Publish", &of("sns", "alerts")),
        message(
            "kms:Decrypt",
            &of("kms", "key/11111111-2222-3333-4444-555555555555"),
        ),
        message("lambda:InvokeFunction", &of("lambda", "function:f")),
        message(
            "secretsmanager:GetSecretValue",
            &of("secretsmanager", "secret:s-AbCdEf"),
        ),
        message("ecr:BatchGetImage", &of("ecr", "repository/r")),
        message("dynamodb:GetItem", &of("dynamodb", "table/t")),
    ]
    .join("\n");
    let trail = [
        "--grants",
        "aws:",
        "--trail",
        "s3://audit",
        "--since",
        "2026-11-01",
    ];
    let commands: [Vec<&str>; 3] = [
        [&["explain", ticket.as_str()][..], &trail].concat(),
        [&["recommend", "role/team/app"][..], &trail].concat(),
        [&["recommend", "user/ann"][..], &trail].concat(),
    ];
    let mut refused = 0;
    for command in &commands {
        let fake = Fake::start(Some(server.port), move |request, _| around(request));
        let program = Program::new(&fake.url);
        let run = program.run(command);
        assert!(run.code == 0, "{}", run.err);
        let mut asked: Vec<(String, String)> = fake
            .requests()
            .iter()
            .map(|own| (own.service(), kind(own)))
            .collect();
        asked.sort();
        asked.dedup();
        for (service, operation) in asked {
            if operation == "GetCallerIdentity" {
                continue;
            }
            let own = (service.clone(), operation.clone());
            let fake = Fake::start(Some(server.port), move |request, _| {
                if (request.service(), kind(request)) == own {
                    Reply::failure(request, 403, "AccessDeniedException", "no")
                } else {
                    around(request)
                }
            });
            let program = Program::new(&fake.url);
            let run = program.run(command);
            assert!(
                [0, 1, 4].contains(&run.code),
                "{service} {operation}: {} {}",
                run.code,
                run.err
            );
            assert!(
                run.err.contains("the action missing is "),
                "{service} {operation}: {}",
                run.err
            );
            refused += 1;
        }
    }
    assert!(refused > 30, "{refused}");
}

/// The operation; for S3, which names none, what its path and query say.
fn kind(request: &Request) -> String {
    match request.service().as_str() {
        "s3" if request.path.contains("list-type=2") => "ListObjectsV2".to_owned(),
        "s3" if request.path.contains("policy=") => "GetBucketPolicy".to_owned(),
        "s3" => "GetObject".to_owned(),
        "lambda" => "GetPolicy".to_owned(),
        _ => request.operation(),
    }
}
