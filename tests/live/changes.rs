//! `apply` and `rollback`: what they refuse, and what is left after a stop at any step.

use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::fake::{Fake, Reply};
use crate::program::Program;
use crate::servers::{ACCOUNT, Server, calls, ministack, moto};

const BROAD: &str = "{\"Version\": \"2012-10-17\",\n  \"Statement\": [{\"Effect\": \"Allow\", \"Action\": [\"sqs:*\"], \"Resource\": \"*\"}]}";

fn policy(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:policy/{name}")
}

/// A role with an inline, a customer managed and an AWS managed policy.
fn seed(server: &Server) {
    let trust = json!({"json": {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:root")}, "Action": "sts:AssumeRole"}]}});
    calls(
        &server.url,
        &json!([
            ["iam", "create_role", {"RoleName": "app", "Path": "/team/", "AssumeRolePolicyDocument": trust}],
            ["iam", "put_role_policy", {"RoleName": "app", "PolicyName": "own", "PolicyDocument": BROAD}],
            ["iam", "create_policy", {"PolicyName": "extra", "PolicyDocument": BROAD.replace("sqs", "sns")}],
            ["iam", "attach_role_policy", {"RoleName": "app", "PolicyArn": policy("extra")}],
            ["iam", "attach_role_policy", {"RoleName": "app", "PolicyArn": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}],
        ]),
    );
}

/// Everything that the role holds, as texts.
fn state(url: &str) -> Value {
    let answers = calls(
        url,
        &json!([
            ["iam", "list_role_policies", {"RoleName": "app"}],
            ["iam", "get_role_policy", {"RoleName": "app", "PolicyName": "own"}],
            ["iam", "list_attached_role_policies", {"RoleName": "app"}],
            ["iam", "get_policy", {"PolicyArn": policy("extra")}],
            ["iam", "get_policy_version", {"PolicyArn": policy("extra"),
                "VersionId": {"answer": [3, "Policy", "DefaultVersionId"]}}],
        ]),
    );
    let mut attached = answers[2]["AttachedPolicies"].as_array().unwrap().clone();
    attached.sort_by_key(ToString::to_string);
    json!([
        answers[0]["PolicyNames"],
        answers[1]["PolicyDocument"],
        attached,
        answers[4]["PolicyVersion"]["Document"]
    ])
}

/// A proposal from a trail in which the role lists queues, topics and buckets.
fn proposal(program: &Program) -> String {
    let records = [
        ("sqs", "ListQueues"),
        ("sns", "ListTopics"),
        ("s3", "ListBuckets"),
    ]
    .map(|(service, operation)| crate::trails::record("app", service, operation, &json!({})));
    let trail = program.write("trail.json", &json!({ "Records": records }).to_string());
    let report = program.run(&[
        "recommend",
        "role/app",
        "--trail",
        &trail,
        "--grants",
        "aws:",
        "--unseen",
        "used-services",
        "--format",
        "json",
    ]);
    let report = report.exits(0);
    let steps = report.json()["plan"]["steps"].as_array().unwrap().len();
    assert_eq!(steps, 4, "{}", report.json()["plan"]);
    program.write("proposal.json", &report.out)
}

const APPLY: [&str; 4] = ["--yes", "--force", "--rollback-file", "back.json"];

fn apply(program: &Program, file: &str) -> crate::program::Run {
    let mut arguments = vec!["apply", file];
    arguments.extend(APPLY);
    program.run(&arguments)
}

#[test]
fn both_servers_take_it_and_give_it_back() {
    for server in [ministack(false), moto()] {
        seed(&server);
        let program = Program::new(&server.url);
        let before = state(&server.url);
        let file = proposal(&program);
        program
            .run(&["apply", &file, "--dry-run", "--force"])
            .exits(0)
            .says("nothing was changed");
        assert_eq!(state(&server.url), before);
        apply(&program, &file).exits(0).says("applied");
        let after = state(&server.url);
        assert_ne!(after, before);
        assert!(!after.to_string().contains("iam::aws:policy"), "{after:#}");
        program.run(&["rollback", "back.json"]).exits(0);
        assert_eq!(state(&server.url), before);
    }
}

#[test]
fn nothing_is_done_without_a_yes() {
    let server = ministack(false);
    seed(&server);
    let program = Program::new(&server.url);
    let before = state(&server.url);
    let file = proposal(&program);
    program
        .run(&["apply", &file, "--force"])
        .exits(1)
        .says("nobody can be asked")
        .says("--yes");
    program
        .run(&["apply", &file, "--yes"])
        .exits(1)
        .says("0 days old")
        .says("was last changed 0 days ago")
        .says("--force");
    assert_eq!(state(&server.url), before);
    assert!(!program.path("leastgrant-applied.jsonl").exists());
}

#[test]
fn another_account_and_a_changed_one_are_refused() {
    let server = ministack(false);
    seed(&server);
    let program = Program::new(&server.url);
    let file = proposal(&program);
    let other = program.write(
        "other.json",
        &program.read("proposal.json").replace(ACCOUNT, "444455556666"),
    );
    apply(&program, &other)
        .exits(1)
        .says("the proposal is for account 444455556666");

    let changed = BROAD.replace("sqs:*", "sqs:Get*");
    calls(
        &server.url,
        &json!([["iam", "put_role_policy", {"RoleName": "app", "PolicyName": "own", "PolicyDocument": changed}]]),
    );
    let before = state(&server.url);
    apply(&program, &file)
        .exits(1)
        .says("the text of inline policy own of role/app is not what the proposal was made from");
    assert_eq!(state(&server.url), before);
    assert!(!program.path("back.json").exists());

    calls(
        &server.url,
        &json!([
            ["iam", "put_role_policy", {"RoleName": "app", "PolicyName": "own", "PolicyDocument": BROAD}],
            ["iam", "detach_role_policy", {"RoleName": "app", "PolicyArn": policy("extra")}],
            ["iam", "delete_policy", {"PolicyArn": policy("extra")}],
        ]),
    );
    apply(&program, &file).exits(1).says("policy/extra is gone");
}

/// The writes of the plan, in its order.
const WRITES: [&str; 5] = [
    "CreatePolicy",
    "AttachRolePolicy",
    "CreatePolicyVersion",
    "PutRolePolicy",
    "DetachRolePolicy",
];

#[test]
fn a_step_that_fails_takes_the_others_back() {
    for failing in WRITES {
        let server = ministack(false);
        seed(&server);
        let fake = Fake::start(Some(server.port), move |request, before| {
            match request.operation() {
                own if own == failing && before == 0 => {
                    Reply::failure(request, 403, "AccessDenied", "not this one")
                }
                _ => Reply::Forward,
            }
        });
        let program = Program::new(&fake.url);
        let before = state(&server.url);
        let file = proposal(&program);
        apply(&program, &file)
            .exits(1)
            .says(&format!("the action missing is iam:{failing}"))
            .says("nothing is left of it");
        assert_eq!(state(&server.url), before, "{failing}");
    }
}

#[test]
fn somebody_else_at_the_same_time_is_seen() {
    let server = ministack(false);
    seed(&server);
    let port = server.port;
    let url = server.url.clone();
    // While the new version is made, somebody edits the inline policy that comes next.
    let fake = Fake::start(Some(port), move |request, _| {
        if request.operation() == "CreatePolicyVersion" {
            let changed = BROAD.replace("sqs:*", "sqs:Send*");
            calls(
                &url,
                &json!([["iam", "put_role_policy", {"RoleName": "app", "PolicyName": "own", "PolicyDocument": changed}]]),
            );
        }
        Reply::Forward
    });
    let program = Program::new(&fake.url);
    let file = proposal(&program);
    apply(&program, &file)
        .exits(1)
        .says("is not what the proposal was made from")
        .says("nothing is left of it");
    let after = state(&server.url).to_string();
    assert!(
        after.contains("sqs:Send*"),
        "what somebody else did stays: {after}"
    );
    assert!(
        after.contains("sns:*") && after.contains("iam::aws:policy/AmazonS3ReadOnlyAccess"),
        "{after}"
    );
}

#[test]
fn killed_between_two_steps_the_rollback_file_restores() {
    for killed in WRITES {
        let server = ministack(false);
        seed(&server);
        let (tell, told) = std::sync::mpsc::channel();
        let tell = std::sync::Mutex::new(tell);
        let fake = Fake::start(Some(server.port), move |request, before| {
            if request.operation() == killed && before == 0 {
                tell.lock().unwrap().send(()).unwrap();
                // The process is gone before this ends.
                std::thread::sleep(Duration::from_secs(3));
                return Reply::HangUp;
            }
            Reply::Forward
        });
        let program = Program::new(&fake.url);
        let before = state(&server.url);
        let file = proposal(&program);
        let mut arguments = vec!["apply", file.as_str()];
        arguments.extend(APPLY);
        let mut child = program
            .command(&arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        told.recv_timeout(Duration::from_secs(60)).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        program.run(&["rollback", "back.json"]).exits(0);
        assert_eq!(state(&server.url), before, "{killed}");
    }
}

#[cfg(unix)]
#[test]
fn told_to_stop_it_takes_back_what_it_did() {
    let server = ministack(false);
    seed(&server);
    let (tell, told) = std::sync::mpsc::channel();
    let tell = std::sync::Mutex::new(tell);
    let fake = Fake::start(Some(server.port), move |request, _| {
        if request.operation() == "CreatePolicyVersion" {
            tell.lock().unwrap().send(()).unwrap();
            std::thread::sleep(Duration::from_millis(700));
        }
        Reply::Forward
    });
    let program = Program::new(&fake.url);
    let before = state(&server.url);
    let file = proposal(&program);
    let mut arguments = vec!["apply", file.as_str()];
    arguments.extend(APPLY);
    let child = program
        .command(&arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    told.recv_timeout(Duration::from_secs(60)).unwrap();
    let id = child.id().to_string();
    assert!(
        std::process::Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    let run = program.checked(child.wait_with_output().unwrap());
    run.exits(1)
        .says("it was told to stop")
        .says("nothing is left of it");
    assert_eq!(state(&server.url), before);
}

#[test]
fn five_versions_are_pruned_on_command_only() {
    let server = moto();
    seed(&server);
    let version = |number: u32| {
        json!(["iam", "create_policy_version", {"PolicyArn": policy("extra"), "SetAsDefault": number == 5,
            "PolicyDocument": BROAD.replace("sqs:*", &format!("sns:*\", \"sns:List{number}*"))}])
    };
    calls(&server.url, &Value::Array((2..=5).map(version).collect()));
    let program = Program::new(&server.url);
    let before = state(&server.url);
    let file = proposal(&program);
    apply(&program, &file)
        .exits(1)
        .says("--prune-versions deletes v1");
    assert_eq!(state(&server.url), before);
    program
        .run(&[
            "apply",
            &file,
            "--yes",
            "--force",
            "--prune-versions",
            "--rollback-file",
            "back.json",
        ])
        .exits(0);
    assert!(program.read("back.json").contains("\"pruned\""));
    program.run(&["rollback", "back.json"]).exits(0);
    assert_eq!(state(&server.url), before);
}

#[test]
fn a_rollback_does_not_undo_what_somebody_else_did() {
    let server = ministack(false);
    seed(&server);
    let program = Program::new(&server.url);
    let before = state(&server.url);
    let file = proposal(&program);
    apply(&program, &file).exits(0);
    let changed = BROAD.replace("sqs:*", "sqs:Receive*");
    calls(
        &server.url,
        &json!([["iam", "put_role_policy", {"RoleName": "app", "PolicyName": "own", "PolicyDocument": changed}]]),
    );
    program
        .run(&["rollback", "back.json"])
        .exits(1)
        .says("has another text by now")
        .says("--force");
    assert!(state(&server.url).to_string().contains("sqs:Receive*"));
    program.run(&["rollback", "back.json", "--force"]).exits(0);
    assert_eq!(state(&server.url), before);
}

#[test]
fn what_is_fixed_is_never_changed() {
    let server = ministack(false);
    let program = Program::new(&server.url);
    let plan = |principal: &str, step: Value| {
        json!({"summary": {"observed_calls_lost": 0}, "principal": {},
            "plan": {"account": ACCOUNT, "principal": principal, "steps": [step]}})
    };
    let inline = json!({"step": "inline", "of": {"kind": "role", "name": "x"}, "name": "n", "after": {"Statement": []}});
    let linked =
        format!("arn:aws:iam::{ACCOUNT}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS");
    let trust = json!({"json": {"Version": "2012-10-17", "Statement": []}});
    calls(
        &server.url,
        &json!([["iam", "create_role", {"RoleName": "AWSServiceRoleForECS",
        "Path": "/aws-service-role/ecs.amazonaws.com/", "AssumeRolePolicyDocument": trust}]]),
    );
    let file = program.write("linked.json", &plan(&linked, inline).to_string());
    apply(&program, &file)
        .exits(1)
        .says("this is a service-linked role");
    let mut child = program
        .command(&["apply", "-", "--yes"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"{\"principal\": {}}")
        .unwrap();
    let began = Instant::now();
    let run = program.checked(child.wait_with_output().unwrap());
    run.exits(1).says("nothing to apply");
    assert!(began.elapsed() < Duration::from_secs(60));
}
