//! What a scheduled `review` is told: exceptions, a baseline, which principals; and how quiet it is.

#![expect(clippy::disallowed_methods, reason = "tests read files")]

use std::sync::OnceLock;

use account_generator::Plan;
use serde_json::{Value, json};

use crate::support::{
    ACCOUNT, Folder, Run, account_of, call, diagnostics, follows_the_schema, leastgrant, log,
};

const PLAN: Plan = Plan {
    principals: 12,
    days: 60,
    seed: 11,
    load: 1,
};

/// An account of a plan, written once for all tests.
fn account() -> &'static Folder {
    static ACCOUNT: OnceLock<Folder> = OnceLock::new();
    ACCOUNT.get_or_init(|| account_of(&PLAN))
}

fn review_of(folder: &Folder, trail: &str, more: &[&str]) -> Run {
    let (trail, grants) = (folder.path(trail), folder.path("grants.json"));
    let mut args = vec!["review", "--trail", &trail, "--grants", &grants];
    args.extend(more);
    leastgrant(&args)
}

fn generated(more: &[&str]) -> Run {
    let mut args = vec!["--backtest", "0"];
    args.extend(more);
    review_of(account(), "trail", &args)
}

fn arn(role: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{role}")
}

fn role(name: &str, inline: &[(&str, &[&str])], attached: &[&str]) -> Value {
    let inline: Vec<Value> = inline
        .iter()
        .map(|(name, actions)| json!({"PolicyName": name, "PolicyDocument": document(actions)}))
        .collect();
    let attached: Vec<Value> = attached
        .iter()
        .map(|name| json!({"PolicyName": name, "PolicyArn": format!("arn:aws:iam::{ACCOUNT}:policy/{name}")}))
        .collect();
    json!({
        "Path": "/", "RoleName": name, "RoleId": format!("AROAEXAMPLE{name}"), "Arn": arn(name),
        "CreateDate": "2025-01-01T00:00:00Z", "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
        "InstanceProfileList": [], "RolePolicyList": inline, "AttachedManagedPolicies": attached, "Tags": [],
    })
}

fn document(actions: &[&str]) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]})
}

const SQS: [&str; 4] = [
    "sqs:SetQueueAttributes",
    "sqs:DeleteQueue",
    "sqs:CreateQueue",
    "sqs:TagQueue",
];

/// Two roles that share a policy and use different parts of it, and one with a policy of its own.
fn small_grants(of_three: &[&str]) -> Value {
    let shared = format!("arn:aws:iam::{ACCOUNT}:policy/shared");
    json!({
        "UserDetailList": [], "GroupDetailList": [],
        "RoleDetailList": [
            role("one", &[], &["shared"]),
            role("two", &[], &["shared"]),
            role("three", &[("own", of_three)], &[]),
        ],
        "Policies": [{
            "PolicyName": "shared", "PolicyId": "ANPAEXAMPLE", "Arn": shared, "Path": "/", "DefaultVersionId": "v1",
            "AttachmentCount": 2, "IsAttachable": true, "CreateDate": "2025-01-01T00:00:00Z",
            "UpdateDate": "2025-01-01T00:00:00Z",
            "PolicyVersionList": [{
                "Document": document(&SQS), "VersionId": "v1", "IsDefaultVersion": true,
                "CreateDate": "2025-01-01T00:00:00Z",
            }],
        }],
    })
}

fn queue(role: &str, id: u32, event: &str) -> Value {
    let url = format!("https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/jobs");
    call(
        role,
        id,
        "sqs.amazonaws.com",
        event,
        &json!({"queueUrl": url, "attributes": {}}),
    )
}

/// The small account; its trail ends on 2026-03-28.
fn small() -> Folder {
    let folder = Folder::new();
    folder.file("grants.json", small_grants(&SQS).to_string());
    let calls = [
        queue("one", 0, "SetQueueAttributes"),
        queue("two", 27, "DeleteQueue"),
        queue("three", 26, "SetQueueAttributes"),
    ];
    folder.file("trail.json", log(&calls));
    folder
}

fn small_review(folder: &Folder, more: &[&str]) -> Run {
    let mut args = vec!["--backtest", "0"];
    args.extend(more);
    review_of(folder, "trail.json", &args)
}

fn principal<'v>(review: &'v Value, role: &str) -> &'v Value {
    let mut all = review["principals"].as_array().unwrap().iter();
    all.find(|own| own["arn"] == arn(role)).unwrap()
}

fn exception(principals: &str, excepts: &str, until: &str) -> String {
    format!(
        "[[exception]]\nprincipals = [\"{principals}\"]\n{excepts}\nreason = \"decided by the board\"\nuntil = {until}\n\n"
    )
}

/// The proposal that `--out` wrote for a role, as text.
fn written(folder: &Folder, role: &str) -> String {
    std::fs::read_to_string(folder.path(&format!("out/role.{role}.json"))).unwrap()
}

#[test]
fn who_is_left_out_of_a_review_still_counts_in_the_proof() {
    let folder = small();
    let out = folder.path("out");
    let review = small_review(
        &folder,
        &["--only", "role/one", "--out", &out, "--format", "json"],
    )
    .exits(0)
    .json();
    assert_eq!(review["principals"].as_array().unwrap().len(), 1);
    let proposal: Value = serde_json::from_str(&written(&folder, "one")).unwrap();
    let text = proposal["policies"][0]["document"].to_string();
    assert!(
        text.contains("sqs:DeleteQueue") && text.contains("sqs:SetQueueAttributes"),
        "{text}"
    );
    assert!(!text.contains("sqs:CreateQueue"), "{text}");
    // The uses of both are proved.
    assert_eq!(proposal["proof"]["checked"], 2);
}

#[test]
fn patterns_that_match_nobody_are_said() {
    let folder = small();
    let run = small_review(
        &folder,
        &["--only", "role/none", "--only", "role/one", "--format", "json"],
    )
    .exits(0);
    let review = run.json();
    let said = diagnostics(&review, "unknown-principal");
    assert_eq!(said.len(), 1);
    assert!(said[0]["message"].as_str().unwrap().contains("--only role/none"));
    for more in [["--exclude", "user/*"], ["--tag", "team=blue"]] {
        small_review(&folder, &more)
            .exits(0)
            .says(&[more[0], more[1], "no principal"]);
    }
    small_review(&folder, &["--min-age", "9000d"])
        .exits(0)
        .says(&["no principal is left"]);
    // Made on 2025-01-01, 451 days before the trail ends.
    let rows = |days: &str| {
        let run = small_review(&folder, &["--min-age", days, "--format", "csv"]).exits(0);
        run.out.lines().count() - 1
    };
    assert_eq!((rows("451d"), rows("452d")), (3, 0));
    // A bare name, an ARN and a pattern name the same.
    for wanted in ["three", &arn("three"), "role/thr??", "*:role/three"] {
        let review = small_review(&folder, &["--only", wanted, "--format", "json"])
            .exits(0)
            .json();
        assert_eq!(review["principals"][0]["arn"], arn("three"), "{wanted}");
        assert!(diagnostics(&review, "unknown-principal").is_empty());
    }
}

#[test]
fn excepted_actions_stay_and_say_so() {
    let folder = small();
    let until = "2027-01-31";
    let text = exception(
        "role/three",
        "actions = [\"sqs:*Queue\", \"sqs:SetQueueAttributes\"]",
        until,
    ) + &exception("role/two", "actions = [\"sqs:TagQueue\"]", until);
    let file = folder.file("exceptions.toml", text);
    let out = folder.path("out");
    let review = small_review(
        &folder,
        &["--exceptions", &file, "--out", &out, "--format", "json"],
    )
    .exits(0)
    .json();
    follows_the_schema(
        "schema/review.schema.json",
        leastgrant::review::SCHEMA_VERSION,
        &review,
    );
    assert!(diagnostics(&review, "exception-unmatched").is_empty());
    assert_eq!(review["exceptions"][0]["matched"], 1);
    // The policy reaches both.
    assert_eq!(review["exceptions"][1]["matched"], 2);
    // All that three holds is excepted: what was used is not narrowed either, but still counts as used.
    let three = principal(&review, "three");
    assert_eq!(three["changes"], false);
    assert_eq!(three["used"], 1);
    assert_eq!(three["unused"], 0);
    assert_eq!(three["excepted"][0]["instead_of"].as_array().unwrap().len(), 4);
    assert_eq!(three["excepted"][0]["reason"], "decided by the board");
    // Of the shared policy the tag stays, for the one as for the other.
    for role in ["one", "two"] {
        let proposal: Value = serde_json::from_str(&written(&folder, role)).unwrap();
        let kept = &proposal["kept_otherwise"][0];
        assert_eq!(kept["action"], "sqs:TagQueue", "{proposal}");
        assert_eq!(
            (&kept["because"], &kept["until"]),
            (&json!("excepted"), &json!(until))
        );
        assert_eq!(kept["why"], "decided by the board");
        let document = proposal["policies"][0]["document"].to_string();
        assert!(document.contains("sqs:TagQueue") && !document.contains("sqs:CreateQueue"));
        assert_eq!(proposal["proof"]["new"], json!([]));
    }
    let shown = small_review(&folder, &["--exceptions", &file]).exits(0).out;
    assert!(
        shown.contains("excepted: actions (sqs:TagQueue; decided by the board, until 2027-01-31)"),
        "{shown}"
    );
    assert!(shown.contains("\nExceptions\n"), "{shown}");
    // `recommend` takes the same file.
    let trail = folder.path("trail.json");
    let grants = folder.path("grants.json");
    let args = [
        "recommend",
        "role/two",
        "--trail",
        &trail,
        "--grants",
        &grants,
        "--exceptions",
        &file,
    ];
    let shown = leastgrant(&args).exits(0).out;
    assert!(
        shown.contains("kept by an exception: decided by the board, until 2027-01-31"),
        "{shown}"
    );
}

#[test]
fn an_excepted_proposal_is_listed_and_not_made() {
    let folder = small();
    let file = folder.file(
        "exceptions.toml",
        exception("role/two", "proposal = true", "2027-01-31"),
    );
    let out = folder.path("out");
    let review = small_review(
        &folder,
        &["--exceptions", &file, "--out", &out, "--format", "json"],
    )
    .exits(0)
    .json();
    let two = principal(&review, "two");
    assert_eq!((&two["changes"], &two["goes"]), (&json!(false), &json!({})));
    assert!(two.get("file").is_none());
    let excepted = &two["excepted"][0];
    assert_eq!(excepted["what"], "proposal");
    assert!(excepted["instead_of"][0].as_str().unwrap().starts_with("narrow "));
    assert_eq!(excepted["instead_of"][1], "2 actions would go");
    // What the other one shares with it is not taken from it by the back door.
    let one = principal(&review, "one");
    assert_eq!(one["changes"], false, "{one}");
    assert!(!one["excepted"].as_array().unwrap().is_empty());
    assert_eq!(principal(&review, "three")["changes"], true);
    small_review(
        &folder,
        &["--exceptions", &file, "--only", "role/two", "--exit-code"],
    )
    .exits(0);
    small_review(&folder, &["--only", "role/two", "--exit-code"]).exits(3);
}

#[test]
fn exceptions_that_expired_end_soon_or_match_nothing_are_said() {
    let folder = small();
    let text = exception("role/three", "proposal = true", "2026-03-27")
        + &exception("role/two", "proposal = true", "2026-04-11")
        + &exception("role/gone", "proposal = true", "2027-01-01")
        + &exception("role/one", "actions = [\"ec2:*\"]", "2027-01-01");
    let file = folder.file("exceptions.toml", text);
    let run = small_review(&folder, &["--exceptions", &file, "--format", "json"]).exits(0);
    let review = run.json();
    let lines = |code: &str| -> Vec<u64> {
        let said = diagnostics(&review, code);
        said.iter()
            .map(|own| own["place"]["line"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(lines("exception-expired"), [1]);
    assert_eq!(lines("exception-ends"), [7]);
    assert_eq!(lines("exception-unmatched"), [13, 19]);
    assert_eq!(
        diagnostics(&review, "exception-expired")[0]["severity"],
        "warning"
    );
    assert_eq!(principal(&review, "three")["changes"], true);
    assert_eq!(review["exceptions"][0]["holds"], "expired");
    run.says(&["warning[exception-expired]", "exceptions.toml:1"]);
    // Who was not looked at says nothing of what an exception is good for.
    let review = small_review(
        &folder,
        &["--exceptions", &file, "--only", "role/two", "--format", "json"],
    )
    .json();
    assert_eq!(diagnostics(&review, "exception-unmatched").len(), 1);
}

#[test]
fn a_broken_file_of_exceptions_stops_the_review() {
    let folder = small();
    for (text, line) in [
        (exception("role/a", "proposal = true", "2026-02-30"), 5),
        (exception("role/a", "proposals = true", "2026-02-20"), 3),
        (
            exception("role/a", "proposal = true", "2026-02-20").replace("reason", "because"),
            4,
        ),
    ] {
        let file = folder.file("broken.toml", text);
        let run = small_review(&folder, &["--exceptions", &file]).exits(1);
        assert!(run.out.is_empty());
        run.says(&["error[exception-shape]", &format!("broken.toml:{line}")]);
    }
    small_review(&folder, &["--exceptions", "no/such/file"])
        .exits(1)
        .says(&["no/such/file"]);
}

#[test]
fn nothing_changed_since_the_same_review() {
    let first = generated(&["--format", "json"]).exits(0);
    let baseline = account().file("same.json", &first.out);
    let run = generated(&["--format", "json", "--baseline", &baseline, "--exit-code"]).exits(0);
    let review = run.json();
    follows_the_schema(
        "schema/review.schema.json",
        leastgrant::review::SCHEMA_VERSION,
        &review,
    );
    let changes = &review["changes"];
    assert_eq!(changes["unchanged"], PLAN.principals);
    assert_eq!(
        (&changes["to_look_at"], &changes["gone"]),
        (&json!(0), &json!([]))
    );
    // What was printed with a baseline is a baseline.
    let again = account().file("again.json", &run.out);
    generated(&["--baseline", &again, "--exit-code"]).exits(0);
    let shown = generated(&["--baseline", &baseline]).exits(0).out;
    assert!(
        shown.contains("12 unchanged") && !shown.contains("   1  "),
        "{shown}"
    );
}

#[test]
fn what_changed_since_an_earlier_review_is_shown_alone() {
    let folder = small();
    let earlier = small_review(
        &folder,
        &["--format", "json", "--only", "role/one", "--only", "role/three"],
    )
    .exits(0);
    let mut earlier = earlier.json();
    // A principal that has gone since, and one of another standing.
    let mut gone = principal(&earlier, "one").clone();
    gone["arn"] = json!(arn("gone"));
    earlier["principals"].as_array_mut().unwrap().push(gone);
    let baseline = folder.file("baseline.json", earlier.to_string());
    // Three is given more, which it does not use, and a new one is made.
    let mut grants = small_grants(&[&SQS[..], &["iam:CreateAccessKey", "sqs:UntagQueue"]].concat());
    let mut new = role("new", &[("own", &SQS)], &[]);
    new["CreateDate"] = json!("2026-04-02T00:00:00Z");
    grants["RoleDetailList"].as_array_mut().unwrap().push(new);
    folder.file("grants.json", grants.to_string());
    let mut refused = queue("three", 20, "CreateQueue");
    refused["eventTime"] = json!("2026-04-03T10:00:00Z");
    refused["errorCode"] = json!("AccessDenied");
    let mut late = queue("one", 19, "SetQueueAttributes");
    late["eventTime"] = json!("2026-04-04T10:00:00Z");
    let before: Value = serde_json::from_slice(&std::fs::read(folder.path("trail.json")).unwrap()).unwrap();
    let mut records = before["Records"].as_array().unwrap().clone();
    records.extend([refused, late]);
    folder.file("trail.json", log(&records));

    let run = small_review(
        &folder,
        &["--baseline", &baseline, "--format", "json", "--exit-code"],
    )
    .exits(3);
    let review = run.json();
    follows_the_schema(
        "schema/review.schema.json",
        leastgrant::review::SCHEMA_VERSION,
        &review,
    );
    assert_eq!(principal(&review, "one")["since"]["compared"], "unchanged");
    assert_eq!(principal(&review, "two")["since"]["compared"], "first-reviewed");
    assert_eq!(principal(&review, "new")["since"]["compared"], "new");
    let three = &principal(&review, "three")["since"];
    assert_eq!(three["compared"], "changed");
    assert_eq!(three["policies_edited"].as_array().unwrap().len(), 1);
    assert_eq!(three["unused_new"], json!(["sqs:UntagQueue"]));
    assert_eq!(three["refusals_new"][0]["action"], "sqs:CreateQueue");
    assert!(!three["dangers_opened"].as_array().unwrap().is_empty());
    let changes = &review["changes"];
    assert_eq!(changes["gone"], json!([arn("gone")]));
    assert_eq!(changes["to_look_at"], 3, "{changes}");
    assert_eq!(
        (&changes["new"], &changes["grants"], &changes["refusals"]),
        (&json!(1), &json!(1), &json!(1))
    );

    let shown = small_review(&folder, &["--baseline", &baseline]).exits(0).out;
    assert!(shown.contains("Since 2026-03-28: 3 to look at"), "{shown}");
    assert!(
        shown.contains("now unused: sqs:UntagQueue") && shown.contains("gone: arn:"),
        "{shown}"
    );
    assert!(!shown.contains("role/one"), "{shown}");
    // What was only settled since is shown, and nothing to look at.
    folder.file("grants.json", small_grants(&SQS[..2]).to_string());
    let less = small_review(
        &folder,
        &["--baseline", &baseline, "--only", "role/one", "--exit-code"],
    )
    .exits(0);
    assert!(less.out.contains("0 to look at"));
}

#[test]
fn a_baseline_of_another_format_is_told_apart() {
    let folder = small();
    let old = folder.file("old.json", r#"{"schema_version": 1, "principals": []}"#);
    small_review(&folder, &["--baseline", &old]).exits(1).says(&[
        "error[baseline-shape]",
        "of version 1",
        "old.json",
    ]);
    let other = folder.file("other.json", r#"{"Version": "2012-10-17"}"#);
    small_review(&folder, &["--baseline", &other])
        .exits(1)
        .says(&["no earlier review"]);
}

#[test]
fn quiet_leaves_notes_away_and_pipes_see_no_progress() {
    let folder = small();
    let file = folder.file(
        "exceptions.toml",
        exception("role/two", "proposal = true", "2026-04-01")
            + &exception("role/one", "proposal = true", "2026-01-01"),
    );
    let loud = small_review(&folder, &["--exceptions", &file]).exits(0);
    assert!(loud.err.contains("note[exception-ends]") && loud.err.contains("warning[exception-expired]"));
    assert!(
        !loud.err.contains('\r') && !loud.err.contains("events ("),
        "{}",
        loud.err
    );
    let quiet = small_review(&folder, &["--exceptions", &file, "--quiet"]).exits(0);
    assert!(!quiet.err.contains("note[") && quiet.err.contains("warning[exception-expired]"));
    assert_eq!(quiet.out, loud.out);
    assert_eq!(
        small_review(&folder, &["--exceptions", &file, "-q"]).err,
        quiet.err
    );
}

/// The rows of a report as a spreadsheet reads them, by column.
fn rows(text: &str) -> Vec<std::collections::BTreeMap<String, String>> {
    let mut cells: Vec<Vec<String>> = vec![vec![String::new()]];
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let row = cells.last_mut().unwrap();
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                row.last_mut().unwrap().push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(String::new()),
            '\r' if !quoted => {}
            '\n' if !quoted => cells.push(vec![String::new()]),
            c => row.last_mut().unwrap().push(c),
        }
    }
    let mut rows = cells.into_iter().filter(|row| row.len() > 1);
    let head = rows.next().unwrap();
    rows.map(|row| {
        assert_eq!(row.len(), head.len());
        head.iter().cloned().zip(row).collect()
    })
    .collect()
}

#[test]
fn an_auditor_finds_each_principal_in_a_row() {
    let folder = small();
    let baseline = folder.file(
        "baseline.json",
        small_review(&folder, &["--format", "json"]).exits(0).out,
    );
    let text = exception("role/two", "proposal = true", "2027-01-31").replace("decided", "=cmd; decided");
    let file = folder.file("exceptions.toml", text);
    let out = small_review(
        &folder,
        &["--exceptions", &file, "--baseline", &baseline, "--format", "csv"],
    )
    .exits(0)
    .out;
    let rows = rows(&out);
    let of = |role: &str| rows.iter().find(|row| row["arn"] == arn(role)).unwrap();
    let three = of("three");
    assert_eq!(three["created"], "2025-01-01T00:00:00Z");
    assert_eq!(three["last"], "2026-03-27T10:00:00Z");
    assert_eq!(
        (
            three["services_granted"].as_str(),
            three["services_used_names"].as_str()
        ),
        ("1", "sqs")
    );
    assert_eq!(
        (
            three["granted_write"].as_str(),
            three["used_permissions"].as_str()
        ),
        ("2", "1")
    );
    assert_eq!(
        (three["granted_tagging"].as_str(), three["goes_tagging"].as_str()),
        ("1", "1")
    );
    assert_eq!(three["since"], "unchanged");
    assert!(three["proposed_edits"].starts_with("narrow "));
    assert_eq!(
        of("two")["exceptions"],
        "proposal: =cmd; decided by the board (until 2027-01-31)"
    );
}

#[test]
fn markdown_for_a_pull_request() {
    let folder = small();
    let text = exception("role/two", "proposal = true", "2027-01-31")
        .replace("decided by the board", "ask @octocat <b>|</b> in #7");
    let file = folder.file("exceptions.toml", text);
    let page = small_review(&folder, &["--exceptions", &file, "--format", "markdown"])
        .exits(0)
        .out;
    assert!(page.starts_with("## Review of 3 principals\n"), "{page}");
    assert!(page.contains("| 1 | `role/three` | active |"), "{page}");
    assert!(
        page.contains("<details><summary>1. <code>role&#47;three</code>: 3 of 4 actions go</summary>\n\n"),
        "{page}"
    );
    assert!(
        page.contains(
            "| `sqs:SetQueueAttributes` | 1 | 2026-03-27 | 1 | `00000000-0000-4000-9000-000000000026` |"
        ),
        "{page}"
    );
    assert!(
        !page.contains("@octocat") && !page.contains("<b>") && page.contains("&#8203;octocat"),
        "{page}"
    );
    assert_eq!(
        page.matches("<details>").count(),
        page.matches("</details>").count()
    );
    // Every row of a table has as many cells as its head.
    let mut cells = 0;
    for line in page.lines() {
        let own = line.matches('|').count();
        cells = if !line.starts_with('|') {
            0
        } else if cells == 0 {
            own
        } else {
            cells
        };
        assert!(cells == 0 || own == cells, "{line}");
    }
    let first = small_review(&folder, &["--format", "markdown", "--top", "1"])
        .exits(0)
        .out;
    assert!(first.contains("and 2 more") && first.matches("<details><summary>1.").count() == 1);

    let (trail, grants) = (folder.path("trail.json"), folder.path("grants.json"));
    let args = [
        "recommend",
        "role/three",
        "--trail",
        &trail,
        "--grants",
        &grants,
        "--format",
        "markdown",
    ];
    let page = leastgrant(&args).exits(0).out;
    assert!(
        page.contains("**4 actions → 1**") && page.contains("```diff\n"),
        "{page}"
    );
    assert!(
        page.contains("| `sqs:SetQueueAttributes` | used | 1 | 2026-03-27 |"),
        "{page}"
    );
    assert!(
        page.contains("- 3 go (unused, could have been seen): `sqs:CreateQueue`"),
        "{page}"
    );
    assert!(page.contains("**Proof:** 1 observed uses evaluated"), "{page}");
}
