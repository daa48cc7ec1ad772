//! `review` and `backtest` over accounts of which it is known what each principal needs.
#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]
#![expect(clippy::disallowed_methods, reason = "tests read files")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use account_generator::Plan;
use account_generator::kinds::Kind;
use serde_json::Value;

use crate::support::{Folder, Run, account_of, expect_file, follows_the_schema, leastgrant};

const PLAN: Plan = Plan {
    principals: 36,
    days: 180,
    seed: 7,
    load: 1,
};

/// The account, written once for all tests.
fn account() -> &'static Folder {
    static ACCOUNT: OnceLock<Folder> = OnceLock::new();
    ACCOUNT.get_or_init(|| account_of(&PLAN))
}

fn run(command: &str, more: &[&str]) -> Run {
    let (trail, grants) = (account().path("trail"), account().path("grants.json"));
    let mut args = vec![command, "--trail", &trail, "--grants", &grants];
    args.extend(more);
    leastgrant(&args)
}

fn reviewed() -> &'static Value {
    static REVIEW: OnceLock<Value> = OnceLock::new();
    REVIEW.get_or_init(|| run("review", &["--format", "json"]).exits(0).json())
}

fn list<'v>(value: &'v Value, name: &str) -> &'v Vec<Value> {
    value[name].as_array().unwrap()
}

fn number(value: &Value, name: &str) -> u64 {
    value[name].as_u64().unwrap()
}

/// Actions that each principal truly needs, and those that it only tried.
fn truth() -> BTreeMap<String, (BTreeSet<&'static str>, BTreeSet<&'static str>)> {
    let mut truth: BTreeMap<String, (BTreeSet<&str>, BTreeSet<&str>)> = BTreeMap::new();
    for who in PLAN.principals() {
        let entry = truth.entry(who.arn()).or_default();
        for call in PLAN.days().flat_map(|day| who.does(day)) {
            let into = if call.refused { &mut entry.1 } else { &mut entry.0 };
            into.extend(call.needs.iter().map(|(action, _)| *action));
        }
    }
    truth
}

#[test]
fn every_principal_is_there_with_what_it_truly_used() {
    let review = reviewed();
    follows_the_schema(
        "schema/review.schema.json",
        leastgrant::review::SCHEMA_VERSION,
        review,
    );
    let principals = list(review, "principals");
    assert_eq!(principals.len() as u64, PLAN.principals);
    let truth = truth();
    for (rank, principal) in (1..).zip(principals) {
        assert_eq!(number(principal, "rank"), rank);
        let arn = principal["arn"].as_str().unwrap();
        let used: BTreeSet<&str> = list(principal, "uses")
            .iter()
            .map(|own| own["action"].as_str().unwrap())
            .collect();
        let more: Vec<&&str> = used.difference(&truth[arn].0).collect();
        // `GetFunction` shows tags to those who may list them, so nobody can tell whether that was needed.
        assert!(
            more.iter().all(|action| **action == "lambda:ListTags"),
            "{arn}: {more:?}"
        );
        assert!(truth[arn].0.is_subset(&used), "{arn}");
        let refused: BTreeSet<&str> = list(principal, "refusals")
            .iter()
            .map(|own| own["action"].as_str().unwrap())
            .collect();
        assert_eq!(refused, truth[arn].1, "{arn}");
        // Every number leads to its evidence.
        for own in list(principal, "uses").iter().chain(list(principal, "refusals")) {
            assert!(!list(own, "event_ids").is_empty(), "{arn}: {own}");
        }
    }
}

#[test]
fn the_numbers_of_a_principal_add_up() {
    for principal in list(reviewed(), "principals") {
        let services = list(principal, "services");
        let levels = ["list", "read", "write", "tagging", "permissions"];
        let sum = |what: &str| -> u64 {
            services
                .iter()
                .chain(principal.get("other_services"))
                .flat_map(|own| levels.map(|level| own[what][level].as_u64().unwrap_or(0)))
                .sum()
        };
        let goes: u64 = levels
            .iter()
            .map(|level| principal["goes"][level].as_u64().unwrap_or(0))
            .sum();
        assert_eq!(sum("goes"), goes, "{principal}");
        if principal["changes"] == true {
            assert_eq!(goes, number(principal, "unused"), "{}", principal["arn"]);
        }
        assert_eq!(
            sum("granted"),
            number(principal, "granted"),
            "{}",
            principal["arn"]
        );
        let days: u64 = services
            .iter()
            .flat_map(|own| own["days"].as_array().into_iter().flatten())
            .map(|day| day[1].as_u64().unwrap())
            .sum();
        assert_eq!(days, number(principal, "events"), "{}", principal["arn"]);
        if principal["standing"] == "never-used" {
            assert!(principal["changes"] == false && number(principal, "granted") > 0);
        }
    }
    let totals = &reviewed()["totals"];
    let standings = ["active", "dormant", "never_used", "new", "fixed"];
    assert_eq!(
        standings.iter().map(|name| number(totals, name)).sum::<u64>(),
        PLAN.principals
    );
}

/// What somebody tried and was refused is never in a proposal.
#[test]
fn an_intruders_probes_are_never_granted() {
    let folder = Folder::new();
    let out = folder.path("proposals");
    run(
        "review",
        &["--only", "user/intruder-*", "--out", &out, "--format", "csv"],
    )
    .exits(0);
    let mut seen = 0;
    let probes: BTreeSet<&str> = truth()
        .values()
        .flat_map(|(_, refused)| refused.clone())
        .collect();
    for who in PLAN.principals().filter(|who| who.kind == Kind::Intruder) {
        let path = format!("{out}/user.{}.json", who.name());
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        let proposal: Value = serde_json::from_str(&text).unwrap();
        seen += 1;
        let allowed: BTreeSet<String> = list(&proposal, "policies")
            .iter()
            .flat_map(|policy| list(&policy["document"], "Statement"))
            .filter(|statement| statement["Effect"] == "Allow")
            .flat_map(|statement| match &statement["Action"] {
                Value::Array(list) => list.clone(),
                one => vec![one.clone()],
            })
            .map(|action| action.as_str().unwrap().to_owned())
            .collect();
        for probe in &probes {
            let granted = allowed
                .iter()
                .any(|pattern| leastgrant::pattern::matches_ignore_case(pattern, probe));
            assert!(!granted, "{} is granted {probe}", who.name());
        }
        // As `leastgrant apply` takes it.
        assert!(!list(&proposal["plan"], "steps").is_empty());
    }
    assert!(seen > 0);
}

#[test]
fn threads_do_not_show() {
    let one = run(
        "review",
        &["--format", "json", "--threads", "1", "--only", "*-0000?"],
    )
    .exits(0);
    let four = run(
        "review",
        &["--format", "json", "--threads", "4", "--only", "*-0000?"],
    )
    .exits(0);
    assert_eq!(one.out, four.out);
}

#[test]
fn principals_are_chosen() {
    let count = |more: &[&str]| {
        let mut args = vec!["--format", "csv", "--backtest", "0"];
        args.extend(more);
        run("review", &args).exits(0).out.lines().count() - 1
    };
    assert_eq!(count(&["--only", "user/analyst-*"]), 3);
    assert_eq!(count(&["--tag", "kind=pipeline"]), 3);
    assert_eq!(count(&["--only", "user/*", "--exclude", "user/intruder-*"]), 12);
    assert_eq!(count(&["--only", "user/*", "--min-age", "5000d"]), 0);
    let found = run("review", &["--only", "user/analyst-*", "--exit-code"]).exits(3);
    assert!(found.out.contains("user/analyst-00003"));
}

#[test]
fn the_page_holds_the_review() {
    let page = run(
        "review",
        &["--format", "html", "--only", "user/analyst-*", "--backtest", "0"],
    )
    .exits(0)
    .out;
    assert!(page.starts_with("<!doctype html>") && page.contains("user/analyst-00003"));
}

/// The price table: tight enough, and seldom in the way.
#[test]
fn the_knee_is_where_it_is_said_to_be() {
    let table = run("backtest", &["--learn", "90", "--format", "json", "--by", "kind"])
        .exits(0)
        .json();
    follows_the_schema(
        "schema/backtest.schema.json",
        leastgrant::backtest::SCHEMA_VERSION,
        &table,
    );
    let row = |strategy: &str| {
        let fits = |row: &&Value| row["group"] == "all" && row["strategy"] == strategy;
        list(&table, "rows").iter().find(fits).unwrap()
    };
    let (refused, excess) = (
        |strategy: &str| row(strategy)["refused_percent"].as_f64().unwrap(),
        |strategy: &str| row(strategy)["excess_percent"].as_f64().unwrap(),
    );
    assert!(refused("present") == 0.0 && excess("present") == 100.0);
    assert!(refused("minimal") < 1.0);
    assert!(refused("minimal-used-services") < 1.0 && excess("minimal-used-services") < 2.0);
    // Without a rule for names that differ from run to run each run is a ticket.
    assert!(refused("exact-actions") > 10.0);
    for own in ["minimal", "minimal-used-services", "service"] {
        assert_eq!(row(own)["beyond_grants"], 0, "{own}");
    }
    // The evidence of a refusal is its events.
    for later in list(&row("exact-actions")["outcome"], "refused") {
        assert!(!list(later, "event_ids").is_empty());
    }
}

#[test]
fn a_trail_too_short_to_judge_is_said() {
    run("backtest", &["--learn", "400"]).exits(1);
    let review = run(
        "review",
        &[
            "--format",
            "json",
            "--backtest",
            "175",
            "--only",
            "user/analyst-*",
        ],
    )
    .exits(0)
    .json();
    assert!(
        list(&review, "diagnostics")
            .iter()
            .any(|said| said["code"] == "short-window")
    );
}

#[test]
fn the_committed_schemas_are_current() {
    for (file, schema) in [
        ("schema/review.schema.json", leastgrant::review::review_schema()),
        (
            "schema/backtest.schema.json",
            leastgrant::backtest::table_schema(),
        ),
    ] {
        expect_file(
            file,
            &format!("{}\n", serde_json::to_string_pretty(&schema).unwrap()),
        );
    }
}
