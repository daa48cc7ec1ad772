//! Findings of hygiene over a generated account of which it is known what is wrong, and how they are compared with
//! an earlier review.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use account_generator::Plan;
use account_generator::kinds::Kind;
use serde_json::{Value, json};

use crate::support::{Folder, Run, account_of, follows_the_schema, leastgrant};

const PLAN: Plan = Plan {
    principals: 24,
    days: 60,
    seed: 5,
    load: 1,
};

/// The account, written once for all tests.
fn account() -> &'static Folder {
    static ACCOUNT: OnceLock<Folder> = OnceLock::new();
    ACCOUNT.get_or_init(|| account_of(&PLAN))
}

fn review(more: &[&str]) -> Run {
    let of = |name: &str| account().path(name);
    let (trail, grants) = (of("trail"), of("grants.json"));
    let (report, summary, passwords) = (
        of("credential-report.csv"),
        of("account-summary.json"),
        of("password-policy.json"),
    );
    let mut args = vec![
        "review",
        "--backtest",
        "0",
        "--trail",
        &trail,
        "--grants",
        &grants,
    ];
    args.extend(["--credential-report", &report, "--account-summary", &summary]);
    args.extend(["--password-policy", &passwords]);
    args.extend(more);
    leastgrant(&args)
}

fn reviewed() -> &'static Value {
    static REVIEW: OnceLock<Value> = OnceLock::new();
    REVIEW.get_or_init(|| review(&["--format", "json"]).exits(0).json())
}

/// The subjects of each kind of finding.
fn found(review: &Value) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for own in review["findings"].as_array().unwrap() {
        let of = |name: &str| own[name].as_str().unwrap();
        found.entry(of("code")).or_default().insert(of("subject"));
    }
    found
}

#[test]
fn what_is_wrong_is_found_and_nothing_else() {
    let root = "arn:aws:iam::111122223333:root".to_owned();
    let of = |wanted: &[Kind]| -> BTreeSet<String> {
        let all = PLAN.principals().filter(|who| wanted.contains(&who.kind));
        all.map(|who| who.arn()).collect()
    };
    let users = [
        Kind::Analyst,
        Kind::Intern,
        Kind::SharedUser,
        Kind::Intruder,
        Kind::Operator,
    ];
    let people = [Kind::Analyst, Kind::Intern, Kind::Operator];
    let with_keys = [Kind::SharedUser, Kind::Intruder];
    let account = || BTreeSet::from([root.clone()]);
    // PowerUserAccess is enough for known dangerous paths as well.
    let privileged = [Kind::Intern, Kind::SharedUser, Kind::Intruder, Kind::Operator];
    // All but the shared user call with a key from a program; five days of it make a finding.
    let programs = PLAN.principals().filter(|who| {
        let days = PLAN.days().filter(|day| !who.does(*day).is_empty()).count();
        users.contains(&who.kind) && who.kind != Kind::SharedUser && days >= 5
    });
    let programs: BTreeSet<String> = programs.map(|who| who.arn()).collect();
    assert!(!programs.is_empty());
    let truth: BTreeMap<&str, BTreeSet<String>> = BTreeMap::from([
        ("root-access-key", account()),
        ("root-without-mfa", account()),
        ("root-used", account()),
        ("password-policy-weak", account()),
        ("privileged-user-without-mfa", of(&privileged)),
        ("user-seems-shared", of(&[Kind::SharedUser])),
        ("policy-on-user", of(&users)),
        ("password-old", of(&people)),
        ("access-key-old", of(&with_keys)),
        ("role-would-do", programs),
    ]);
    let found: BTreeMap<&str, BTreeSet<String>> = found(reviewed())
        .into_iter()
        .map(|(code, subjects)| (code, subjects.into_iter().map(str::to_owned).collect()))
        .collect();
    assert_eq!(found, truth);
}

#[test]
fn every_finding_has_evidence_and_something_to_do() {
    for own in reviewed()["findings"].as_array().unwrap() {
        assert!(!own["evidence"].as_array().unwrap().is_empty(), "{own:#}");
        assert!(!own["fix"].as_str().unwrap().is_empty(), "{own:#}");
        let page = own["reference"].as_str().unwrap();
        assert!(page.starts_with("https://docs.aws.amazon.com/"), "{own:#}");
    }
}

#[test]
fn only_new_findings_are_shown_beside_a_baseline() {
    let mut earlier = reviewed().clone();
    let findings = earlier["findings"].as_array_mut().unwrap();
    findings.retain(|own| own["code"] != "user-seems-shared");
    findings[0]["subject"] = json!("arn:aws:iam::111122223333:user/gone");
    let settled = findings[0]["code"].clone();
    let file = account().file("earlier.json", earlier.to_string());
    let run = review(&["--baseline", &file, "--format", "json", "--exit-code"]).exits(3);
    let now = run.json();
    follows_the_schema(
        "schema/review.schema.json",
        leastgrant::review::SCHEMA_VERSION,
        &now,
    );
    // Two are shared, and one stood under another name.
    assert_eq!(now["changes"]["findings_new"], 3);
    assert_eq!(
        now["changes"]["findings_settled"],
        json!([{"code": settled, "subject": "arn:aws:iam::111122223333:user/gone"}])
    );
    let page = review(&["--baseline", &file, "--format", "markdown"])
        .exits(0)
        .out;
    assert_eq!(
        page.matches("<code>user&#45;seems&#45;shared</code>").count()
            + page.matches("<code>user-seems-shared</code>").count(),
        2,
        "{page}"
    );
    assert!(
        !page.contains("policy-on-user") && page.contains("Settled since: "),
        "{page}"
    );
    let shown = review(&["--baseline", &file]).exits(0).out;
    assert!(
        shown.contains("[user-seems-shared]") && !shown.contains("[policy-on-user]"),
        "{shown}"
    );
    // Nothing is new beside itself.
    let same = account().file("same.json", reviewed().to_string());
    review(&["--baseline", &same, "--exit-code"]).exits(0);
}

#[test]
fn an_auditor_has_the_findings_of_each_principal_in_its_row() {
    let text = review(&["--format", "csv"]).exits(0).out;
    let row = text
        .lines()
        .find(|line| line.contains("user/shared-user-"))
        .unwrap();
    let codes = "\"privileged-user-without-mfa; user-seems-shared; access-key-old; policy-on-user\"";
    assert!(row.ends_with(codes), "{row}");
}
