//! Input that is damaged, empty or not what it should be: a clear message with its place, an exit
//! code, and the rest of the input still used.
#![expect(clippy::panic, reason = "what fails here fails its test")]

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{
    ACCOUNT, Folder, Run, command, diagnostics, finish, gz, leastgrant, log, queue_call, used, used_on,
};

const GRANTS: &str = "examples/ci-deploy/grants.json";
const TRAIL: &str = "examples/ci-deploy/trail";

/// A good log with one call on the queue `good`, beside which the damaged file stands.
fn beside_good(name: &str, bytes: impl AsRef<[u8]>) -> (Folder, String) {
    let folder = Folder::new();
    folder.file("trail/good.json", log(&[queue_call(1, "good")]));
    let file = folder.file(&format!("trail/{name}"), bytes);
    (folder, file)
}

/// What `role/worker` was seen to use.
fn recommend(trail: &str) -> Run {
    leastgrant(&["recommend", "role/worker", "--trail", trail, "--format", "json"])
}

fn queues(names: &[&str]) -> Vec<String> {
    let arn = |name: &&str| format!("arn:aws:sqs:eu-west-1:{ACCOUNT}:{name}");
    names.iter().map(arn).collect()
}

#[track_caller]
fn assert_used(report: &Value, names: &[&str]) {
    let queues = queues(names);
    let expected: BTreeSet<&str> = queues.iter().map(String::as_str).collect();
    assert_eq!(used_on(report, "sqs:SetQueueAttributes"), expected);
}

/// The one diagnostic of a code.
#[track_caller]
fn only<'v>(report: &'v Value, code: &str) -> &'v Value {
    match diagnostics(report, code).as_slice() {
        [one] => one,
        many => panic!("{} of {code}: {}", many.len(), report["diagnostics"]),
    }
}

#[test]
fn a_truncated_gzip_file_gives_the_records_before_the_damage() {
    // Ids that hardly compress, so that the first records are out before the stream breaks off.
    let records: Vec<Value> = (10..400_u32)
        .map(|id| {
            let mut record = queue_call(id, &format!("q{}", id.wrapping_mul(2_654_435_761)));
            record["requestID"] = json!(format!("{:x}", u64::from(id).wrapping_mul(0x9e37_79b9_7f4a_7c15)));
            record
        })
        .collect();
    let whole = gz(&log(&records));
    let (folder, file) = beside_good("cut.json.gz", &whole[..whole.len() * 2 / 3]);
    let run = recommend(&folder.path("trail")).exits(4);
    let run = run.says(&["error[broken-gzip]", &file, "left out"]);
    let report = run.json();
    assert_eq!(only(&report, "broken-gzip")["place"]["file"], json!(file));
    let calls = used(&report, "sqs:SetQueueAttributes")["succeeded"]
        .as_u64()
        .unwrap();
    assert!(calls > 100 && calls < 391, "{calls}");
    let resources = used_on(&report, "sqs:SetQueueAttributes");
    assert!(resources.contains(queues(&["good"])[0].as_str()));
}

#[test]
fn a_half_written_json_file_gives_the_records_before_its_end() {
    let text = log(&[queue_call(2, "two"), queue_call(3, "three")]);
    let (folder, file) = beside_good("half.json", &text[..text.len() - 40]);
    let run = recommend(&folder.path("trail")).exits(4);
    let run = run.says(&["error[broken-json]", &format!("{file}:1"), "record 2"]);
    let report = run.json();
    let place = &only(&report, "broken-json")["place"];
    assert_eq!((&place["file"], &place["record"]), (&json!(file), &json!(2)));
    assert_used(&report, &["good", "two"]);
}

#[test]
fn a_binary_file_is_named_and_the_rest_is_read() {
    let bytes: Vec<u8> = (0..=255).cycle().take(2_000).collect();
    let (folder, file) = beside_good("picture.json", bytes);
    // In a folder it lies beside the trail; who names it means it.
    let run = recommend(&folder.path("trail")).exits(0);
    let run = run.says(&["note[not-a-trail]", "binary", &file]);
    assert_used(&run.json(), &["good"]);

    let good = folder.path("trail/good.json");
    let args = [
        "recommend",
        "role/worker",
        "--format",
        "json",
        "--trail",
        &good,
        "--trail",
        &file,
    ];
    let run = leastgrant(&args).exits(4);
    let run = run.says(&["error[not-a-trail]", "binary", &file]);
    assert_used(&run.json(), &["good"]);
}

#[test]
fn a_record_without_user_identity_is_counted_and_named() {
    let mut bare = queue_call(2, "two");
    bare.as_object_mut().unwrap().remove("userIdentity");
    let (folder, file) = beside_good("bare.json", log(&[bare, queue_call(3, "three")]));
    let run = recommend(&folder.path("trail")).exits(4);
    let run = run.says(&["broken-record", "userIdentity", &file, "1 could not be read"]);
    let report = run.json();
    let place = &only(&report, "broken-record")["place"];
    assert_eq!((&place["file"], &place["record"]), (&json!(file), &json!(1)));
    assert_used(&report, &["good", "three"]);
}

#[test]
fn an_empty_folder_fails_since_there_is_no_answer() {
    let folder = Folder::new();
    let file = folder.file("trail/empty/.keep", "");
    let empty = file.strip_suffix("/.keep").unwrap();
    let with_grants = [
        "recommend",
        "role/ci-deploy",
        "--grants",
        GRANTS,
        "--trail",
        empty,
    ];
    let run = leastgrant(&with_grants).exits(1);
    assert_eq!(run.out, "");
    run.says(&["error[nothing-found]", "no CloudTrail record", empty, "help:"]);
    let run = recommend(empty).exits(1);
    assert_eq!(run.out, "");
    run.says(&["error[nothing-found]", empty]);
}

#[test]
fn an_empty_folder_beside_a_good_one_is_named() {
    let folder = Folder::new();
    folder.file("empty/.keep", "");
    let good = folder.file("good.json", log(&[queue_call(1, "good")]));
    let empty = folder.path("empty");
    let args = [
        "recommend",
        "role/worker",
        "--format",
        "json",
        "--trail",
        &empty,
        "--trail",
        &good,
    ];
    let run = leastgrant(&args).exits(4).says(&["error[nothing-found]", &empty]);
    assert_used(&run.json(), &["good"]);
}

#[test]
fn a_trail_that_is_not_there_is_named() {
    let (folder, good) = beside_good("more.json", log(&[queue_call(2, "two")]));
    let nowhere = folder.path("nowhere");
    let args = [
        "recommend",
        "role/worker",
        "--format",
        "json",
        "--trail",
        &nowhere,
        "--trail",
        &good,
    ];
    let run = leastgrant(&args).exits(4);
    let run = run.says(&["error[unreadable-file]", "no such file", &nowhere]);
    assert_used(&run.json(), &["two"]);
    recommend(&nowhere)
        .exits(1)
        .says(&["error[unreadable-file]", &nowhere]);
}

#[test]
fn digests_and_insights_are_skipped_by_name() {
    let digest = json!({
        "awsAccountId": ACCOUNT,
        "digestStartTime": "2026-03-01T10:00:00Z",
        "digestEndTime": "2026-03-01T11:00:00Z",
        "logFiles": [],
    });
    let (folder, digest) = beside_good("digest.json", digest.to_string());
    let mut insight = queue_call(5, "statistics");
    insight["eventType"] = json!("AwsCloudTrailInsight");
    insight["eventCategory"] = json!("Insight");
    insight["insightDetails"] = json!({"state": "Start", "insightType": "ApiCallRateInsight"});
    let insight = folder.file("trail/insight.json", log(&[insight]));
    let run = recommend(&folder.path("trail")).exits(0);
    let run = run.says(&["note[digest-file]", &digest, "note[insight-file]", &insight]);
    let report = run.json();
    assert_eq!(only(&report, "digest-file")["place"]["file"], json!(digest));
    assert_eq!(only(&report, "insight-file")["place"]["file"], json!(insight));
    assert_used(&report, &["good"]);
}

#[test]
fn standard_input_is_a_trail() {
    let records = log(&[queue_call(1, "one"), queue_call(2, "two")]);
    let args = ["recommend", "role/worker", "--trail", "-", "--format", "json"];
    for bytes in [records.clone(), gz(&records)] {
        let run = finish(command().args(args).write_stdin(bytes)).exits(0);
        assert_used(&run.json(), &["one", "two"]);
    }
    let cut = records[..records.len() - 30].to_vec();
    let run = finish(command().args(args).write_stdin(cut)).exits(4);
    let run = run.says(&["error[broken-json]", "--> -:1"]);
    assert_used(&run.json(), &["one"]);
}

const POLICY: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["sqs:SetQueueAttributes", "sqs:DeleteQueu"], "Resource": "*"}
  ]
}
"#;

fn with_policy(policy: &str) -> (Folder, String, Run) {
    let folder = Folder::new();
    let trail = folder.file("trail.json", log(&[queue_call(1, "one"), queue_call(2, "two")]));
    let policy = folder.file("policy.json", policy);
    let args = [
        "recommend",
        "role/worker",
        "--trail",
        &trail,
        "--policy",
        &policy,
        "--format",
        "json",
    ];
    let run = leastgrant(&args);
    (folder, policy, run)
}

#[test]
fn a_typo_in_an_action_is_pointed_at_with_near_names() {
    let (_folder, file, run) = with_policy(POLICY);
    let run = run.exits(0);
    let line = r#"{"Effect": "Allow", "Action": ["sqs:SetQueueAttributes", "sqs:DeleteQueu"]"#;
    let run = run.says(&[
        "warning[unknown-action]",
        &format!("{file}:4:62"),
        line,
        "^^^^",
        "did you mean sqs:DeleteQueue?",
    ]);
    let report = run.json();
    let place = &only(&report, "unknown-action")["place"];
    assert_eq!((&place["line"], &place["column"]), (&json!(4), &json!(62)));
    // What the catalog does not know stays; the rest of the statement is judged.
    assert_eq!(report["kept_otherwise"][0]["action"], "sqs:DeleteQueu");
    assert_used(&report, &["one", "two"]);
    assert_eq!(report["summary"]["changes"], true);
}

#[test]
fn a_comment_in_a_policy_is_an_error_with_its_place() {
    let text = POLICY.replacen('\n', "\n  // for the worker\n", 1);
    let (_folder, file, run) = with_policy(&text);
    assert_eq!(run.out, "");
    run.exits(1).says(&[
        "error[comment]",
        &format!("{file}:2:3"),
        "// for the worker",
        "help: remove the comment",
    ]);
}

#[test]
fn a_key_that_is_twice_in_a_policy_is_an_error_with_its_place() {
    let text = POLICY.replace("\"Resource\"", "\"Effect\": \"Deny\", \"Resource\"");
    let (_folder, file, run) = with_policy(&text);
    assert_eq!(run.out, "");
    run.exits(1).says(&[
        "error[duplicate-key]",
        "\"Effect\" is twice",
        &format!("{file}:4:81"),
        "^^^^^^^^",
    ]);
}

#[test]
fn a_policy_that_breaks_off_is_an_error_with_its_place() {
    let (_folder, file, run) = with_policy(&POLICY[..POLICY.len() - 6]);
    assert_eq!(run.out, "");
    run.exits(1)
        .says(&["error[policy-syntax]", &format!("{file}:3:")]);
}

#[test]
fn a_policy_that_is_not_there_is_named() {
    let args = ["recommend", "role/ci-deploy", "--trail", TRAIL, "--policy"];
    let run = leastgrant(&[args.as_slice(), &["no/such.json"]].concat()).exits(1);
    run.says(&["error[unreadable-file]", "no/such.json"]);
    let run = leastgrant(&[args.as_slice(), &["PowerUserAcces"]].concat()).exits(1);
    run.says(&["error[policy-not-given]", "did you mean `PowerUserAccess`?"]);
}

#[test]
fn a_principal_that_the_grants_do_not_have_gets_near_names() {
    let run = leastgrant(&[
        "recommend",
        "role/ci-deplyo",
        "--trail",
        TRAIL,
        "--grants",
        GRANTS,
    ])
    .exits(1);
    assert_eq!(run.out, "");
    run.says(&[
        "error[unknown-principal]",
        "`role/ci-deplyo`",
        GRANTS,
        "did you mean role/ci-deploy?",
    ]);
}

#[test]
fn a_principal_that_the_trail_does_not_have_gets_near_names() {
    let run = leastgrant(&["recommend", "role/ci-deplyo", "--trail", TRAIL]).exits(1);
    assert_eq!(run.out, "");
    run.says(&[
        "error[unknown-principal]",
        "`role/ci-deplyo`",
        "did you mean role/ci-deploy?",
    ]);
}

#[test]
fn a_principal_that_is_nowhere_is_said_to_be_nowhere() {
    for grants in [&["--grants", GRANTS][..], &[]] {
        let args = [&["recommend", "role/zzzzzzzzzzzz", "--trail", TRAIL], grants].concat();
        let run = leastgrant(&args).exits(1);
        assert_eq!(run.out, "");
        assert!(!run.err.contains("did you mean"), "{}", run.err);
        run.says(&[
            "error[unknown-principal]",
            "`role/zzzzzzzzzzzz`",
            "ARN, role/NAME or user/NAME",
        ]);
    }
}

#[test]
fn a_principal_without_events_keeps_what_it_has() {
    let args = [
        "recommend",
        "role/shop-task",
        "--trail",
        TRAIL,
        "--grants",
        GRANTS,
    ];
    let run = leastgrant(&args).exits(0);
    let run = run.says(&[
        "warning[no-events]",
        "role/shop-task has no events",
        "nothing is proposed",
    ]);
    assert!(run.out.contains("Nothing to change"), "{}", run.out);
    // Even where one asks for changes in the exit code.
    let more = ["--format", "json", "--exit-code"];
    let report = leastgrant(&[&args[..], &more].concat()).exits(0).json();
    assert_eq!(report["summary"]["changes"], false);
    assert_eq!(report["summary"]["events"], 0);
    for list in ["used", "unused", "refused"] {
        assert_eq!(report[list], json!([]), "{list}");
    }
    let policies = report["policies"].as_array().unwrap();
    assert!(policies.iter().all(|policy| policy["change"] == "unchanged"));
    assert!(diagnostics(&report, "no-events").len() == 1);
}

#[test]
fn grants_that_are_none_are_an_error() {
    let folder = Folder::new();
    let recommend = |grants: &str| {
        let run = leastgrant(&[
            "recommend",
            "role/ci-deploy",
            "--trail",
            TRAIL,
            "--grants",
            grants,
        ]);
        assert_eq!(run.out, "");
        let errors = run.err.matches("error[").count();
        assert_eq!(errors, 1, "{}", run.err);
        run.exits(1)
    };
    let policy = folder.file("policy.json", POLICY);
    recommend(&policy).says(&[
        "error[grants-shape]",
        &policy,
        "a single policy goes with --policy",
    ]);
    let other = folder.file("other.json", r#"{"foo": 1}"#);
    recommend(&other).says(&["error[grants-shape]", &other, "RoleDetailList"]);
    let text = folder.file("text.json", "# grants\n");
    recommend(&text).says(&["error[grants-shape]", "not valid JSON", &format!("{text}:1:1")]);
    let nowhere = folder.path("nowhere.json");
    recommend(&nowhere).says(&["error[unreadable-file]", &nowhere]);
}

#[test]
fn event_selectors_that_are_none_are_an_error() {
    let folder = Folder::new();
    let recommend = |file: &str| {
        let args = [
            "recommend",
            "role/ci-deploy",
            "--trail",
            TRAIL,
            "--grants",
            GRANTS,
        ];
        let run = leastgrant(&[&args[..], &["--event-selectors", file]].concat());
        assert_eq!(run.out, "");
        run.exits(1)
    };
    recommend(GRANTS).says(&["error[selectors-shape]", GRANTS, "get-event-selectors"]);
    let text = folder.file("selectors.yaml", "EventSelectors:\n");
    recommend(&text).says(&["error[selectors-shape]", "not valid JSON", &text]);
    let nowhere = folder.path("nowhere.json");
    recommend(&nowhere).says(&["error[unreadable-file]", &nowhere]);
}
