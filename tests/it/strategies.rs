//! Strategies, levels of generalisation, the backtest in `recommend`, patches of Terraform files: as a person
//! runs them.
#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]
#![expect(clippy::disallowed_methods, reason = "tests read and write files")]

use std::sync::OnceLock;

use account_generator::Plan;
use serde_json::Value;

use crate::support::{
    Folder, Run, account_of, command, diagnostics, expect_file, finish, follows_the_schema, leastgrant,
};

const PLAN: Plan = Plan {
    principals: 24,
    days: 120,
    seed: 5,
    load: 1,
};

fn account() -> &'static Folder {
    static ACCOUNT: OnceLock<Folder> = OnceLock::new();
    ACCOUNT.get_or_init(|| account_of(&PLAN))
}

fn recommend(principal: &str, more: &[&str]) -> Run {
    let (trail, grants) = (account().path("trail"), account().path("grants.json"));
    let selectors = account().path("event-selectors.json");
    let mut args = vec!["recommend", principal, "--trail", &trail, "--grants", &grants];
    args.extend(["--event-selectors", &selectors]);
    args.extend(more);
    leastgrant(&args)
}

const SERVICE: &str = "role/web-service-00001";
const CHOICES: [&str; 6] = [
    "minimal",
    "minimal-used-services",
    "service",
    "managed",
    "job-function",
    "power-user",
];

#[test]
fn schemas_are_current() {
    let pretty = |schema: Value| format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
    expect_file(
        "schema/strategies.schema.json",
        &pretty(leastgrant::strategy::side_by_side_schema()),
    );
    expect_file(
        "schema/cdk.schema.json",
        &pretty(leastgrant::report::infrastructure::cdk::cdk_schema()),
    );
}

#[test]
fn each_strategy_is_a_proposal_that_loses_nothing() {
    for strategy in CHOICES {
        let report = recommend(SERVICE, &["--strategy", strategy, "--format", "json"])
            .exits(0)
            .json();
        follows_the_schema(
            "schema/recommend.schema.json",
            leastgrant::report::SCHEMA_VERSION,
            &report,
        );
        let own = &report["strategy"];
        assert_eq!(own["strategy"], strategy);
        assert_eq!(report["proof"]["lost"].as_array().unwrap().len(), 0, "{strategy}");
        let beyond = own["beyond_grants"].as_u64().unwrap();
        if ["minimal", "minimal-used-services", "service"].contains(&strategy) {
            assert_eq!(beyond, 0, "{strategy}");
        }
        // What is new is said, in words and one by one.
        assert_eq!(
            beyond > 0,
            !diagnostics(&report, "new-access").is_empty(),
            "{strategy}"
        );
        assert!(own["excess"].as_u64() <= own["actions"].as_u64());
        let text = recommend(SERVICE, &["--strategy", strategy]).exits(0).out;
        assert!(
            text.contains("never used") && text.contains("beyond the present grants"),
            "{text}"
        );
        for format in ["terraform", "cloudformation", "cdk-json"] {
            let printed = recommend(SERVICE, &["--strategy", strategy, "--format", format])
                .exits(0)
                .out;
            assert!(!printed.is_empty(), "{strategy} {format}");
        }
    }
    let one = recommend(SERVICE, &["--strategy", "poweruser", "--format", "json"])
        .exits(0)
        .json();
    assert_eq!(one["strategy"]["strategy"], "power-user");
}

#[test]
fn minimal_is_what_is_proposed_without_a_strategy() {
    let mut named = recommend(SERVICE, &["--strategy", "minimal", "--format", "json"])
        .exits(0)
        .json();
    let usual = recommend(SERVICE, &["--format", "json"]).exits(0).json();
    named.as_object_mut().unwrap().remove("strategy");
    assert_eq!(named, usual);
}

#[test]
fn a_managed_strategy_attaches_what_it_stands_on() {
    let report = recommend(
        "user/shared-user-00007",
        &["--strategy", "job-function", "--format", "json"],
    )
    .exits(0)
    .json();
    let attached: Vec<&Value> = report["edits"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|edit| edit["change"] == "attach")
        .collect();
    assert_eq!(attached.len(), 1, "{}", report["edits"]);
    let arn = attached[0]["policy"]["arn"].as_str().unwrap();
    let args = |format| {
        recommend(
            "user/shared-user-00007",
            &["--strategy", "job-function", "--format", format],
        )
        .exits(0)
    };
    assert!(args("terraform").out.contains(&format!("policy_arn = \"{arn}\"")));
    let cdk = args("cdk-json").json();
    follows_the_schema(
        "schema/cdk.schema.json",
        leastgrant::report::infrastructure::cdk::SCHEMA_VERSION,
        &cdk,
    );
    assert_eq!(cdk["attach"][0]["arn"], arn);
    for policy in cdk["policies"].as_array().unwrap() {
        assert!(policy["document"]["Statement"].is_array() && !policy["name"].as_str().unwrap().is_empty());
    }
}

#[test]
fn all_strategies_stand_side_by_side() {
    let all = recommend(SERVICE, &["--strategy", "all", "--format", "json"])
        .exits(0)
        .json();
    follows_the_schema(
        "schema/strategies.schema.json",
        leastgrant::strategy::SCHEMA_VERSION,
        &all,
    );
    let rows = all["strategies"].as_array().unwrap();
    let names: Vec<&str> = rows.iter().map(|row| row["strategy"].as_str().unwrap()).collect();
    assert_eq!(names[0], "present");
    assert_eq!(names[1..], CHOICES);
    for row in &rows[1..] {
        let judged = &row["judged"];
        assert!(judged["calls"].as_u64().unwrap() > 100, "{row}");
        assert_eq!(judged["judged_days"], 30);
        let share = &row["resources"];
        assert!(share["permitted"].as_u64() <= share["of"].as_u64() && share["of"].as_u64().unwrap() > 50);
    }
    // A narrower strategy permits no more of what others use.
    let of = |at: usize| rows[at]["resources"]["permitted"].as_u64().unwrap();
    assert!(of(1) < of(0), "{rows:?}");
    let text = recommend(SERVICE, &["--strategy", "all"]).exits(0).out;
    for name in names {
        assert!(text.contains(name), "{text}");
    }
    recommend(SERVICE, &["--strategy", "all", "--format", "terraform"]).exits(2);
    recommend(SERVICE, &["--strategy", "exact-actions"]).exits(2);
    recommend(SERVICE, &["--strategy", "managed", "--include-denied"]).exits(2);
}

fn patterns(report: &Value) -> Vec<&Value> {
    let edits = report["edits"].as_array().unwrap().iter();
    edits
        .flat_map(|edit| edit["statements"].as_array().unwrap())
        .flat_map(|statement| statement["why"].as_array().unwrap())
        .flat_map(|why| why["resources"].as_array().unwrap())
        .collect()
}

#[test]
fn each_rule_is_shown_with_what_it_admits() {
    let report = recommend(SERVICE, &["--format", "json", "--count-others"])
        .exits(0)
        .json();
    let mut rules: Vec<&str> = Vec::new();
    for pattern in patterns(&report) {
        let Some(rule) = pattern["rule"].as_str() else {
            continue;
        };
        if rule == "as-granted" {
            continue;
        }
        rules.push(rule);
        let also = pattern["also"].as_str().unwrap();
        let wide = pattern["pattern"].as_str().unwrap();
        assert_eq!(
            leastgrant::pattern::resource_matches(wide, also),
            Some(true),
            "{pattern}"
        );
        assert!(
            !pattern["examples"].as_array().unwrap().is_empty() && pattern["others"].is_u64(),
            "{pattern}"
        );
    }
    for rule in ["region", "segment"] {
        assert!(rules.contains(&rule), "{rule}: {rules:?}");
    }
    let exact = recommend(SERVICE, &["--format", "json", "--generalise", "exact"])
        .exits(0)
        .json();
    let widened = |own: &&Value| {
        own["rule"].is_string()
            && !["as-granted", "generated-id", "template", "folded"].contains(&own["rule"].as_str().unwrap())
    };
    assert_eq!(patterns(&exact).into_iter().filter(widened).count(), 0);
    let any = recommend(SERVICE, &["--format", "json", "--generalise", "type"])
        .exits(0)
        .json();
    assert!(patterns(&any).iter().any(|own| own["rule"] == "of-type"));
}

/// What each level costs: fewer refusals for more that is permitted.
#[test]
fn levels_have_their_prices() {
    let (trail, grants) = (account().path("trail"), account().path("grants.json"));
    let selectors = account().path("event-selectors.json");
    let table = leastgrant(&[
        "backtest",
        "--event-selectors",
        &selectors,
        "--trail",
        &trail,
        "--grants",
        &grants,
        "--learn",
        "60",
        "--strategy",
        "minimal-used-services",
        "--generalise",
        "exact,rules,wide,type",
        "--format",
        "json",
    ])
    .exits(0)
    .json();
    follows_the_schema(
        "schema/backtest.schema.json",
        leastgrant::backtest::SCHEMA_VERSION,
        &table,
    );
    let rows = table["rows"].as_array().unwrap();
    let levels: Vec<&str> = rows
        .iter()
        .map(|row| row["generalise"].as_str().unwrap())
        .collect();
    assert_eq!(levels, ["exact", "rules", "wide", "type"]);
    let number = |row: &Value, name: &str| row[name].as_f64().unwrap();
    for pair in rows.windows(2) {
        assert!(
            number(&pair[0], "refused_percent") >= number(&pair[1], "refused_percent"),
            "{rows:?}"
        );
        assert!(
            number(&pair[0], "resources_percent") <= number(&pair[1], "resources_percent"),
            "{rows:?}"
        );
    }
    assert!(number(&rows[0], "refused_percent") > 10.0 && number(&rows[1], "refused_percent") < 1.0);
    assert!(number(&rows[0], "resources_percent") < number(&rows[3], "resources_percent"));
}

#[test]
fn a_proposal_is_judged_by_the_last_days() {
    let report = recommend(SERVICE, &["--format", "json"]).exits(0).json();
    let judged = &report["backtest"];
    assert_eq!(
        (&judged["learnt_days"], &judged["judged_days"]),
        (&89.into(), &30.into())
    );
    assert!(judged["calls"].as_u64().unwrap() > 100);
    // The exact level refuses tomorrow's keys, and says by which events.
    let exact = recommend(SERVICE, &["--format", "json", "--generalise", "exact"])
        .exits(0)
        .json();
    let refused = exact["backtest"]["refused"].as_array().unwrap();
    assert!(exact["backtest"]["tickets"].as_u64().unwrap() > 0 && !refused.is_empty());
    assert!(
        refused
            .iter()
            .all(|own| !own["event_ids"].as_array().unwrap().is_empty())
    );
    let text = recommend(SERVICE, &["--generalise", "exact"]).exits(0).out;
    assert!(
        text.contains("had this been applied 30 days ago, learnt from the 89 days before:"),
        "{text}"
    );
}

/// Cutting the trail changes nothing of the answer, and a trail that cannot be cut says so once.
#[test]
fn a_trail_that_cannot_be_cut_says_so_once() {
    let (grants, principal) = (account().path("grants.json"), "user/analyst-00003");
    let trail = account().path("trail");
    let mut files: Vec<_> = std::fs::read_dir(&trail)
        .unwrap()
        .map(|own| own.unwrap().path())
        .collect();
    files.sort();
    let records: Vec<u8> = files
        .iter()
        .flat_map(|path| std::fs::read(path).unwrap())
        .collect();
    let args = [
        "recommend",
        principal,
        "--grants",
        &grants,
        "--format",
        "json",
        "--trail",
    ];
    let read = finish(command().args(args).arg("-").write_stdin(records))
        .exits(0)
        .json();
    let mut cut = leastgrant(&[&args[..], &[&trail]].concat()).exits(0).json();
    assert!(read.get("backtest").is_none() && cut.get("backtest").is_some());
    let said = diagnostics(&read, "short-window");
    assert_eq!(
        said.iter()
            .filter(|own| own["message"].as_str().unwrap().contains("standard input"))
            .count(),
        1
    );
    cut.as_object_mut().unwrap().remove("backtest");
    cut["diagnostics"] = read["diagnostics"].clone();
    assert_eq!(read, cut);
    let short: Vec<&str> = files[..10].iter().map(|path| path.to_str().unwrap()).collect();
    let mut args = args[..args.len() - 1].to_vec();
    short.iter().for_each(|path| args.extend(["--trail", path]));
    let report = leastgrant(&args).exits(0).json();
    let said = diagnostics(&report, "short-window");
    assert_eq!(
        said.iter()
            .filter(|own| own["message"].as_str().unwrap().contains("judge"))
            .count(),
        1
    );
}

#[test]
fn terraform_files_are_patched() {
    let folder = Folder::new();
    let text = "resource \"aws_iam_user_policy_attachment\" \"power\" {\n  user       = \"shared-user-00007\"\n  policy_arn = \"arn:aws:iam::aws:policy/PowerUserAccess\"\n}\n";
    folder.file("infra/main.tf", text);
    folder.file("infra/.terraform/other.tf", "not HCL {");
    let infra = folder.path("infra");
    let run = recommend(
        "user/shared-user-00007",
        &[
            "--unseen",
            "used-services",
            "--format",
            "terraform",
            "--terraform",
            &infra,
        ],
    )
    .exits(0);
    assert!(
        run.out
            .contains("-resource \"aws_iam_user_policy_attachment\" \"power\""),
        "{}",
        run.out
    );
    assert!(run.out.contains("+++ b/leastgrant.tf"));
    let git = std::process::Command::new("git")
        .args(["apply", "-"])
        .current_dir(&infra)
        .stdin(std::process::Stdio::piped())
        .spawn();
    let mut git = git.unwrap();
    std::io::Write::write_all(&mut git.stdin.take().unwrap(), run.out.as_bytes()).unwrap();
    assert!(git.wait().unwrap().success());
    let made = std::fs::read_to_string(folder.path("infra/leastgrant.tf")).unwrap();
    let body: hcl::Body = hcl::from_str(&made).unwrap();
    assert!(body.blocks().count() >= 2);
    recommend(SERVICE, &["--terraform", &infra]).exits(2);
    recommend(
        SERVICE,
        &["--format", "terraform", "--terraform", &folder.path("nowhere")],
    )
    .exits(1);
}
