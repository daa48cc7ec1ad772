//! The command line: exit codes, help, formats, colours, pipes, and the smaller commands.

use std::collections::BTreeSet;
use std::io::Read;
use std::process::{Command, Stdio};

use predicates::prelude::*;
use serde_json::{Value, json};

use crate::scenario::{CI_DEPLOY, all};
use crate::support::{
    Folder, Run, actions, command, expect_file, finish, follows_the_schema, leastgrant, log, queue_call,
    repository_file,
};

const SCHEMA: &str = "schema/recommend.schema.json";

/// A trail of two calls of `role/worker`, one policy that allows more, one that allows just them.
fn small() -> (Folder, String, String, String) {
    let folder = Folder::new();
    let trail = folder.file("trail.json", log(&[queue_call(1, "one"), queue_call(2, "two")]));
    let policy = |statement: Value| json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    let arn = |name: &str| format!("arn:aws:sqs:eu-west-1:111122223333:{name}");
    let wide = folder.file(
        "wide.json",
        policy(json!({"Effect": "Allow", "Action": "sqs:Set*", "Resource": "*"})),
    );
    let tight = folder.file(
        "tight.json",
        policy(json!({
            "Effect": "Allow",
            "Action": "sqs:SetQueueAttributes",
            "Resource": [arn("one"), arn("two")],
        })),
    );
    (folder, trail, wide, tight)
}

#[test]
fn exit_codes() {
    let (folder, trail, wide, tight) = small();
    let run = |policy: &str, more: &[&str]| {
        let args = ["recommend", "role/worker", "--trail", &trail, "--policy", policy];
        leastgrant(&[&args[..], more].concat())
    };
    run(&wide, &[]).exits(0);
    run(&wide, &["--exit-code"]).exits(3);
    run(&tight, &["--exit-code"]).exits(0);
    run("no-such-file.json", &[]).exits(1);
    run(&wide, &["--no-such-option"])
        .exits(2)
        .says(&["--no-such-option"]);
    run(&wide, &["--format", "yaml"])
        .exits(2)
        .says(&["yaml", "terminal", "json", "policy"]);
    run(&wide, &["--grants", "grants.json"]).exits(2);
    run(&wide, &["--allow-dangerous"])
        .exits(2)
        .says(&["--include-denied"]);
    run(&wide, &["--include-denied", "--allow-dangerous"]).exits(0);
    run(
        &wide,
        &[
            "--include-denied",
            "--allow-dangerous=passrole-lambda,put-role-policy",
        ],
    )
    .exits(0);
    run(&wide, &["--include-denied", "--allow-dangerous=passrole-lamda"])
        .exits(2)
        .says(&["did you mean passrole-lambda?"]);
    leastgrant(&["recommend", "role/worker"])
        .exits(2)
        .says(&["--trail"]);
    leastgrant(&["recomend"]).exits(2).says(&["recommend"]);
    // What could not be read counts for more than what is to change.
    let broken = folder.file("broken.json", "{\"Records\":[");
    run(&wide, &["--trail", &broken, "--exit-code"]).exits(4);
}

#[test]
fn help_lists_what_is_there() {
    let help = leastgrant(&["--help"]).exits(0);
    for part in [
        "recommend",
        "catalog",
        "completions",
        "man",
        "--color",
        "--version",
    ] {
        assert!(help.out.contains(part), "{part}");
    }
    assert!(
        help.out
            .contains("Exit codes: 0 done · 1 failed · 2 usage · 3 changes")
    );
    let help = leastgrant(&["recommend", "--help"]).exits(0);
    for part in [
        "<PRINCIPAL>",
        "--trail",
        "--grants",
        "--policy",
        "--boundary",
        "--event-selectors",
        "--include-denied",
        "--allow-dangerous",
        "--unseen",
        "used-services",
        "--format",
        "--out",
        "--exit-code",
        "--threads",
    ] {
        assert!(help.out.contains(part), "{part}");
    }
    let help = leastgrant(&["catalog", "--help"]).exits(0);
    for part in ["[WHAT]", "--event", "--format", "s3:PutObject"] {
        assert!(help.out.contains(part), "{part}");
    }
    for name in ["completions", "man"] {
        leastgrant(&[name, "--help"]).exits(0);
    }
    let version = leastgrant(&["--version"]).exits(0);
    assert_eq!(version.out, format!("leastgrant {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_committed_schema_is_current() {
    let schema = leastgrant::report::recommendation_schema();
    let text = serde_json::to_string_pretty(&schema).unwrap();
    expect_file(SCHEMA, &format!("{text}\n"));
}

#[test]
fn the_json_of_every_scenario_follows_the_schema() {
    for scenario in all() {
        follows_the_schema(SCHEMA, leastgrant::report::SCHEMA_VERSION, scenario.report());
    }
    let schema: Value = serde_json::from_str(&repository_file(SCHEMA)).unwrap();
    assert!(!jsonschema::is_valid(&schema, &json!({"schema_version": 1})));
}

#[test]
fn the_json_of_an_answer_without_changes_follows_the_schema() {
    let (_folder, trail, _, tight) = small();
    let args = [
        "recommend",
        "role/worker",
        "--trail",
        &trail,
        "--policy",
        &tight,
        "--format",
        "json",
    ];
    let report = leastgrant(&args).exits(0).json();
    follows_the_schema(SCHEMA, leastgrant::report::SCHEMA_VERSION, &report);
    assert_eq!(report["summary"]["changes"], false);
    assert_eq!(report["policies"][0]["change"], "unchanged");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    for format in ["terminal", "json", "policy"] {
        let mut args = CI_DEPLOY.args_without_trail();
        args.extend(["--trail", &CI_DEPLOY.trail(), "--format", format].map(str::to_owned));
        let mut child = Command::new(env!("CARGO_BIN_EXE_leastgrant"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(&args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{format}: {said}");
        assert!(!said.contains("error") && !said.contains("panic"), "{said}");
    }
}

#[test]
fn colour_is_for_terminals_or_on_request() {
    let (_folder, trail, wide, _) = small();
    let run = |color: &str, set: &[(&str, &str)]| {
        let mut command = command();
        command.args([
            "--color",
            color,
            "recommend",
            "role/worker",
            "--trail",
            &trail,
            "--policy",
            &wide,
        ]);
        command.envs(set.iter().copied());
        finish(&mut command).exits(0)
    };
    let plain = |run: &Run| !run.out.contains('\u{1b}') && !run.err.contains('\u{1b}');
    assert!(plain(&run("auto", &[])), "a pipe is no terminal");
    let coloured = run("always", &[]);
    assert!(coloured.out.contains("\u{1b}["), "{}", coloured.out);
    assert!(
        coloured.err.contains("\u{1b}["),
        "the short window is warned of: {}",
        coloured.err
    );
    assert!(plain(&run("never", &[])));
    assert!(plain(&run("never", &[("CLICOLOR_FORCE", "1")])));
    assert!(plain(&run("auto", &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")])));
    // The text is the same but for the colours.
    let stripped = anstream::adapter::strip_str(&coloured.out).to_string();
    assert_eq!(stripped, run("never", &[]).out);
}

fn catalog(args: &[&str]) -> Value {
    leastgrant(&[&["catalog", "--format", "json"], args].concat())
        .exits(0)
        .json()
}

#[test]
fn catalog_knows_an_action() {
    let action = catalog(&["s3:PutObject"]);
    assert_eq!(action["action"], "s3:PutObject");
    assert_eq!(action["access_level"], "Write");
    assert_eq!(action["permission_only"], false);
    let resources = action["resources"].as_array().unwrap();
    let object = resources
        .iter()
        .find(|resource| resource["type"] == "object")
        .unwrap();
    assert!(object["arns"].to_string().contains("${BucketName}/${ObjectName}"));
    // Names of actions are case-insensitive.
    assert_eq!(catalog(&["S3:putobject"]), action);
    let text = leastgrant(&["catalog", "s3:PutObject"]).exits(0);
    assert!(
        text.out.starts_with("action s3:PutObject · Amazon S3 · Write\n"),
        "{}",
        text.out
    );
    for part in [
        "object  arn:${Partition}:s3:::${BucketName}/${ObjectName}",
        "data events of AWS::S3::Object",
        "needed by   CompleteMultipartUpload, CopyObject",
        "operation s3:PutObject · Amazon S3 · writes · by hand",
        "https://docs.aws.amazon.com/",
    ] {
        assert!(text.out.contains(part), "{part} in {}", text.out);
    }
    assert_eq!(action["operation"]["operation"], "s3:PutObject");
    assert_eq!(action["schema_version"], 1);
}

#[test]
fn catalog_knows_an_operation() {
    let operations = catalog(&["CopyObject"]);
    let list = operations["operations"].as_array().unwrap();
    let copy = list
        .iter()
        .find(|operation| operation["operation"] == "s3:CopyObject")
        .unwrap();
    let certain: BTreeSet<&str> = copy["actions"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|need| need["certainty"] == "certain" && need["when"].is_null())
        .map(|need| need["action"].as_str().unwrap())
        .collect();
    assert_eq!(certain, ["s3:PutObject"].into());
    let reads = |action: &str| {
        let need = copy["actions"]
            .as_array()
            .unwrap()
            .iter()
            .find(|need| need["action"] == action);
        need.unwrap()["when"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        reads("s3:GetObject"),
        "not (x-amz-copy-source is like *?versionId=*)"
    );
    assert_eq!(
        reads("s3:GetObjectVersion"),
        "x-amz-copy-source is like *?versionId=*"
    );
    for need in copy["actions"].as_array().unwrap() {
        assert!(!need["resources"].as_array().unwrap().is_empty(), "{need}");
        assert!(need["origin"].is_string());
    }
    let text = leastgrant(&["catalog", "CopyObject"]).exits(0);
    assert!(
        text.out
            .contains("operation s3:CopyObject · Amazon S3 · writes · by hand")
    );
    assert!(
        text.out
            .contains("s3:PutObjectTagging  when x-amz-tagging is given")
    );
}

#[test]
fn catalog_matches_wildcards() {
    let found = catalog(&["s3:*Acl"]);
    let names: BTreeSet<&str> = actions(&found, "matching");
    assert!(names.is_superset(&["s3:GetBucketAcl", "s3:GetObjectAcl", "s3:PutObjectAcl"].into()));
    assert!(
        names
            .iter()
            .all(|name| name.starts_with("s3:") && name.ends_with("Acl"))
    );
    let text = leastgrant(&["catalog", "s3:*Acl"]).exits(0);
    assert_eq!(text.out.lines().count(), names.len());
}

#[test]
fn catalog_maps_events() {
    let event = catalog(&["--event", "lambda.amazonaws.com/UpdateFunctionCode20150331v2"]);
    let needs = event["actions"].as_array().unwrap();
    assert_eq!(needs[0]["action"], "lambda:UpdateFunctionCode");
    assert_eq!(needs[0]["certainty"], "certain");
    assert!(needs[0]["resources"].to_string().contains("function:"));
    assert!(
        needs[1..].iter().all(|need| need["certainty"] == "likely"),
        "{event}"
    );

    let event = catalog(&["--event", "sts.amazonaws.com/GetCallerIdentity"]);
    assert_eq!(event["actions"], json!([]));
    assert_eq!(event["class"], "no-permission-needed");
    assert!(
        event["reason"]
            .as_str()
            .unwrap()
            .contains("No permissions are required")
    );

    // The event of GetBucketEncryption needs an action of another name.
    let event = catalog(&["--event", "s3.amazonaws.com/GetBucketEncryption"]);
    assert_eq!(event["actions"][0]["action"], "s3:GetEncryptionConfiguration");

    for unknown in ["s3.amazonaws.com/NoSuchCall", "nowhere.amazonaws.com/GetObject"] {
        let event = catalog(&["--event", unknown]);
        assert_eq!(event["class"], "unmapped");
        assert!(event["reason"].is_string());
    }
    leastgrant(&["catalog", "--event", "GetObject"])
        .exits(1)
        .says(&["SOURCE/NAME"]);
}

#[test]
fn catalog_suggests_near_names() {
    let run = leastgrant(&["catalog", "s3:PutObjct"]).exits(1);
    assert_eq!(run.out, "");
    run.says(&["`s3:PutObjct`", "s3:PutObject"]);
    leastgrant(&["catalog", "lamda:Invoke"])
        .exits(1)
        .says(&["lambda"]);
    leastgrant(&["catalog"]).exits(2);
    leastgrant(&["catalog", "s3:PutObject", "--event", "a/b"]).exits(2);
}

#[test]
fn completions_and_manual() {
    for (shell, part) in [
        ("bash", "complete -F _leastgrant"),
        ("zsh", "#compdef leastgrant"),
        ("fish", "complete -c leastgrant"),
    ] {
        let run = leastgrant(&["completions", shell]).exits(0);
        assert!(run.out.contains(part), "{shell}");
        assert!(
            run.out.contains("recommend") && run.out.contains("event-selectors"),
            "{shell}"
        );
    }
    leastgrant(&["completions", "tcsh"]).exits(2);
    let page = leastgrant(&["man"]).exits(0).out;
    let page = page.as_str();
    assert!(predicate::str::contains(".TH leastgrant 1").eval(page));
    assert!(predicate::str::contains("leastgrant\\-recommend").eval(page));
    assert!(predicate::str::contains("Exit codes").eval(page));
}

#[test]
fn without_grants_the_answer_is_a_policy_from_nothing() {
    let (_folder, trail, ..) = small();
    let args = ["recommend", "role/worker", "--trail", &trail];
    let report = leastgrant(&[&args[..], &["--format", "json"]].concat())
        .exits(0)
        .json();
    assert_eq!(
        report["principal"]["arn"],
        "arn:aws:iam::111122223333:role/worker"
    );
    assert_eq!(report["summary"]["actions_before"], 0);
    assert_eq!(report["summary"]["actions_after"], 1);
    assert_eq!(report["proof"]["lost"], json!([]));
    let policies = report["policies"].as_array().unwrap();
    assert_eq!(policies.len(), 1);
    assert_eq!(policies[0]["origin"], json!({"kind": "new", "name": "observed"}));
    assert_eq!(policies[0]["change"], "create");
    let document = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Action": "sqs:SetQueueAttributes",
        "Resource": ["arn:aws:sqs:eu-west-1:111122223333:one", "arn:aws:sqs:eu-west-1:111122223333:two"],
    }]});
    assert_eq!(policies[0]["document"], document);
    let run = leastgrant(&[&args[..], &["--format", "policy"]].concat()).exits(0);
    assert_eq!(run.json(), document);
}

#[test]
fn a_policy_may_be_an_aws_managed_one_by_name_or_arn() {
    let (_folder, trail, ..) = small();
    let report = |policy: &str| {
        let args = [
            "recommend",
            "role/worker",
            "--trail",
            &trail,
            "--policy",
            policy,
            "--format",
            "json",
        ];
        leastgrant(&args).exits(0).json()
    };
    let by_name = report("PowerUserAccess");
    assert_eq!(by_name, report("arn:aws:iam::aws:policy/PowerUserAccess"));
    assert_eq!(by_name["edits"][0]["change"], "detach");
    assert_eq!(
        by_name["edits"][0]["policy"]["arn"],
        "arn:aws:iam::aws:policy/PowerUserAccess"
    );
    assert!(by_name["summary"]["actions_before"].as_u64().unwrap() > 10_000);
    assert_eq!(by_name["proof"]["lost"], json!([]));
    assert_eq!(by_name["proof"]["new"], json!([]));
}

#[test]
fn a_boundary_may_come_with_policies() {
    let (folder, trail, wide, _) = small();
    let boundary = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sqs:SetQueueAttributes", "Resource": "*"},
    ]});
    let boundary = folder.file("boundary.json", boundary.to_string());
    let args = [
        "recommend",
        "role/worker",
        "--trail",
        &trail,
        "--policy",
        &wide,
        "--policy",
        "AmazonS3ReadOnlyAccess",
        "--boundary",
        &boundary,
        "--format",
        "json",
    ];
    let report = leastgrant(&args).exits(0).json();
    let ineffective = actions(&report, "ineffective");
    assert!(ineffective.contains("s3:GetObject"), "{ineffective:?}");
    assert!(
        actions(&report, "unseen")
            .iter()
            .all(|action| !action.starts_with("s3:"))
    );
    assert_eq!(report["proof"]["lost"], json!([]));
}
