//! Conditions over an account of which it is known where each principal's calls come from.
#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]
#![expect(clippy::disallowed_macros, reason = "a test says what it measured")]

use std::collections::{BTreeMap, BTreeSet};

use account_generator::Plan;
use account_generator::circumstances::{ENDPOINT, OFFICE};
use account_generator::kinds::{Kind, Who};
use leastgrant::evidence::{Interest, Ledger, read_selectors};
use leastgrant::grants::{Account, read_authorization_details};
use leastgrant::recommend::conditions::{Name, Tried, Wanted};
use leastgrant::recommend::{Options, Proposal, Subject, recommend};
use leastgrant::trail::{Event, Scratch};
use serde_json::json;

use crate::support::{account_of, follows_the_schema, leastgrant};

const PLAN: Plan = Plan {
    principals: 48,
    days: 180,
    seed: 5,
    load: 1,
};

/// All data events are recorded.
const SELECTORS: &str = r#"{"EventSelectors":[{"ReadWriteType":"All","IncludeManagementEvents":true,"DataResources":[
    {"Type":"AWS::S3::Object","Values":["arn:aws:s3"]},{"Type":"AWS::Lambda::Function","Values":["arn:aws:lambda"]},
    {"Type":"AWS::DynamoDB::Table","Values":["arn:aws:dynamodb"]}]}]}"#;

fn ledger(plan: &Plan) -> Ledger {
    let interest = Interest {
        circumstances: true,
        ..Interest::default()
    };
    let mut ledger = Ledger::default();
    for text in plan.days().flat_map(|day| plan.records(day)) {
        let mut scratch = Scratch::default();
        let event = Event::parse(text.as_bytes(), &mut scratch).unwrap();
        ledger.observe(&event);
        ledger.add(&event, &interest);
    }
    ledger.visibility.selectors = read_selectors(SELECTORS, "selectors.json").0;
    assert!(ledger.visibility.selectors.is_some());
    ledger
}

fn account(plan: &Plan) -> Account {
    let text = plan.grants().to_string();
    read_authorization_details(&text, "grants.json").0.unwrap()
}

/// The proposal for each principal that did anything, all that held written.
fn proposals(plan: &Plan, write: &BTreeSet<Name>) -> Vec<(Who, Proposal)> {
    let (ledger, account) = (ledger(plan), account(plan));
    let of = |who: Who| {
        let evidence = ledger.evidence(&who.arn())?;
        let holder = account.find(&who.arn()).unwrap();
        let grants = account.grants(holder);
        let options = Options {
            conditions: Wanted {
                write: write.clone(),
                tags: holder.tags.clone(),
                ..Wanted::default()
            },
            ..Options::default()
        };
        let subject = Subject {
            grants: &grants,
            evidence,
        };
        Some((who, recommend(subject, &[], &ledger.visibility, &options)))
    };
    plan.principals().filter_map(of).collect()
}

/// What is true of a kind's calls and stays so.
fn truth(kind: Kind) -> &'static [Name] {
    match kind {
        Kind::Function => &[Name::SourceVpce, Name::Region, Name::PrincipalTag],
        Kind::Operator => &[Name::SourceIp, Name::Mfa, Name::Region, Name::PrincipalTag],
        Kind::Analyst | Kind::Intern | Kind::Intruder | Kind::Auditor => {
            &[Name::SourceIp, Name::Region, Name::PrincipalTag]
        }
        // Addresses of the day, of many homes, or of a network that was left half way.
        Kind::Pipeline | Kind::WebService | Kind::SharedUser | Kind::DataJob => {
            &[Name::Region, Name::PrincipalTag]
        }
        // Too few calls for a habit.
        Kind::BreakGlass | Kind::Quarterly => &[],
    }
}

#[test]
fn conditions_are_suggested_where_they_are_true_and_stable_and_nowhere_else() {
    let recorded: BTreeSet<Name> = Name::ALL.into_iter().filter(|name| name.is_recorded()).collect();
    let mut found: BTreeMap<Kind, BTreeSet<Name>> = BTreeMap::new();
    for (who, proposal) in proposals(&PLAN, &recorded) {
        let kind = found.entry(who.kind).or_default();
        for own in &proposal.conditions {
            assert!(truth(who.kind).contains(&own.name), "{}: {:?}", who.name(), own);
            let text = own.condition.to_string();
            match own.name {
                Name::SourceVpce => assert!(text.contains(ENDPOINT), "{text}"),
                Name::SourceIp => assert!(text.contains(OFFICE), "{text}"),
                Name::PrincipalTag => assert!(text.contains(&who.app()), "{text}"),
                _ => {}
            }
            kind.insert(own.name);
        }
        // Written, they refuse nothing that was done.
        let proof = &proposal.proof;
        assert!(
            proof.lost.is_empty() && proof.unknown.is_empty(),
            "{}: {proof:?}",
            who.name()
        );
        assert!(proof.new.is_proved(), "{}", who.name());
    }
    for (kind, name) in [
        (Kind::Function, Name::SourceVpce),
        (Kind::Function, Name::Region),
        (Kind::Function, Name::PrincipalTag),
        (Kind::Operator, Name::Mfa),
        (Kind::Operator, Name::SourceIp),
        (Kind::Analyst, Name::SourceIp),
        (Kind::Auditor, Name::SourceIp),
        (Kind::DataJob, Name::Region),
        (Kind::WebService, Name::Region),
    ] {
        assert!(found[&kind].contains(&name), "{kind:?} {name:?}: {found:?}");
    }
}

/// How often each kind of condition, learnt from two thirds of the trail, refuses what comes later.
#[test]
fn what_conditions_would_have_refused_later() {
    let mut by_name: BTreeMap<Name, Tried> = BTreeMap::new();
    let mut traps = 0;
    for (who, proposal) in proposals(&PLAN, &BTreeSet::new()) {
        for tried in &proposal.conditions_tried {
            // Before the move is half of the earlier part: nothing was learnt that the later part breaks.
            traps += u64::from(who.kind == Kind::DataJob && tried.name == Name::SourceIp);
            match by_name.get_mut(&tried.name) {
                Some(all) => all.add(tried),
                None => {
                    by_name.insert(tried.name, tried.clone());
                }
            }
        }
    }
    for own in by_name.values() {
        println!(
            "{:<12} {:>4} statements, {:>6} later calls, {:>4} refused",
            own.name.as_str(),
            own.statements,
            own.calls,
            own.refused
        );
    }
    assert_eq!(traps, 0);
    for name in [Name::SourceVpce, Name::SourceIp, Name::Mfa, Name::Region] {
        let own = &by_name[&name];
        assert!(own.calls > 100 && own.refused == 0, "{own:?}");
    }
}

#[test]
fn the_command_line_lists_and_writes_them() {
    let plan = Plan {
        principals: 12,
        days: 90,
        ..PLAN
    };
    let folder = account_of(&plan);
    let (trail, grants) = (folder.path("trail"), folder.path("grants.json"));
    let selectors = folder.file("selectors.json", SELECTORS);
    let who = plan.principals().find(|who| who.kind == Kind::Auditor).unwrap();
    let run = |more: &[&str]| {
        let arn = who.arn();
        let mut args = vec![
            "recommend",
            &arn,
            "--trail",
            &trail,
            "--grants",
            &grants,
            "--event-selectors",
            &selectors,
        ];
        args.extend(more);
        leastgrant(&args)
    };
    let plain = run(&[]).exits(0).out;
    assert!(plain.contains("Conditions that held for every use"), "{plain}");
    assert!(
        plain.contains(&format!("{{\"IpAddress\":{{\"aws:SourceIp\":\"{OFFICE}\"}}}}")),
        "{plain}"
    );
    let report = run(&["--format", "json"]).exits(0).json();
    follows_the_schema(
        "schema/recommend.schema.json",
        leastgrant::report::SCHEMA_VERSION,
        &report,
    );
    assert!(!report["conditions"].as_array().unwrap().is_empty());
    assert!(
        !report["policies"].to_string().contains("aws:SourceIp"),
        "nothing is written unasked"
    );
    let written = run(&["--format", "json", "--conditions", "source-ip"])
        .exits(0)
        .json();
    assert!(
        written["policies"]
            .to_string()
            .contains(&json!({"aws:SourceIp": OFFICE}).to_string())
    );
    assert!(!written["policies"].to_string().contains("aws:RequestedRegion"));
    let elsewhere = run(&["--format", "json", "--network", "203.0.113.0/24"])
        .exits(0)
        .json();
    assert!(!elsewhere["conditions"].to_string().contains("aws:SourceIp"));
    run(&["--conditions", "time-of-day"]).exits(2);
    run(&["--network", "office"]).exits(2);
}
