//! Groups over an account of which it is known who is of which kind.
#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]
#![expect(clippy::disallowed_macros, reason = "a test says what it measured")]

use std::collections::{BTreeMap, BTreeSet};

use account_generator::Plan;
use leastgrant::evidence::{Evidence, Interest, Ledger};
use leastgrant::grants::read_authorization_details;
use leastgrant::group::{Group, Member, groups};
use leastgrant::trail::{Event, Scratch};

use crate::support::{account_of, follows_the_schema, leastgrant};

const PLAN: Plan = Plan {
    principals: 96,
    days: 120,
    seed: 11,
    load: 1,
};

fn ledger() -> Ledger {
    let mut ledger = Ledger::default();
    for text in PLAN.days().flat_map(|day| PLAN.records(day)) {
        let mut scratch = Scratch::default();
        let event = Event::parse(text.as_bytes(), &mut scratch).unwrap();
        ledger.observe(&event);
        ledger.add(&event, &Interest::default());
    }
    ledger
}

/// The groups, with what each principal used.
fn found() -> (Vec<Group>, BTreeMap<String, BTreeSet<String>>) {
    let ledger = ledger();
    let account = read_authorization_details(&PLAN.grants().to_string(), "grants.json")
        .0
        .unwrap();
    let none = Evidence::default();
    let members: Vec<Member<'_>> = account
        .holders
        .iter()
        .map(|holder| Member {
            arn: &holder.arn,
            name: &holder.name,
            kind: holder.kind,
            tags: &holder.tags,
            evidence: ledger.evidence(&holder.arn).unwrap_or(&none),
            policies: holder.attached.clone(),
        })
        .collect();
    let used = members.iter().map(|member| {
        let actions = member.evidence.actions.keys();
        let used = actions.filter(|action| member.evidence.is_used(action));
        (member.arn.to_owned(), used.cloned().collect())
    });
    (groups(&members), used.collect())
}

#[test]
fn principals_of_one_kind_land_in_one_group() {
    let (found, used) = found();
    let kinds: BTreeMap<String, &str> = PLAN
        .principals()
        .map(|who| (who.arn(), who.kind.as_str()))
        .collect();
    let mut grouped: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for group in &found {
        println!(
            "{:<12} {:>3} members, {:>2} actions, {:>4} characters, {:>5}% of actions and {:>5}% of pairs gained; {}",
            group.name,
            group.members.len(),
            group.actions.len(),
            group.size,
            group.gained_actions_percent,
            group.gained_pairs_percent,
            group.why_not.as_deref().unwrap_or("proposed")
        );
        assert!(group.members.len() >= 3);
        let of: BTreeSet<&str> = group.members.iter().map(|own| kinds[&own.arn]).collect();
        if of.len() > 1 {
            // Kinds come together only where their use really is the same.
            let alike: BTreeSet<_> = group.members.iter().map(|own| &used[&own.arn]).collect();
            assert_eq!(alike.len(), 1, "{of:?}: {alike:?}");
        }
        for kind in of {
            grouped.entry(kind).or_default().push(group.members.len());
        }
        // Shared is what each used; the policy allows what any used.
        for member in &group.members {
            let own = &used[&member.arn];
            assert!(group.shared.iter().all(|action| own.contains(action)));
            assert!(own.iter().all(|action| group.actions.contains(action)));
            assert_eq!(member.actions.len() + own.len(), group.actions.len());
        }
    }
    let active = |kind: &str| {
        let own = used.iter().filter(|(arn, _)| kinds[*arn] == kind);
        own.filter(|(_, used)| !used.is_empty()).count()
    };
    for kind in ["web-service", "data-job", "auditor", "function", "intruder"] {
        // One whose day to do something rare never came may stand apart.
        let sizes = grouped.get(kind).cloned().unwrap_or_default();
        assert!(
            matches!(sizes.as_slice(), [all] if all + 1 >= active(kind) && *all <= active(kind)),
            "{kind} in one group: {grouped:?}"
        );
    }
    let named = |name: &str| found.iter().find(|own| own.name == name).unwrap();
    // Names differ by the tag alone.
    let service = named("web-service");
    assert_eq!(service.variables, ["aws:PrincipalTag/app"]);
    assert!(service.proposed, "{:?}", service.why_not);
    // Each has a database of its own: on those of the others it would gain much.
    assert!(!named("quarterly").proposed && named("quarterly").gained_pairs_percent > 30.0);
    // What one operator did to a role is nothing that the others should be given.
    let operator = named("operator").why_not.clone().unwrap_or_default();
    assert!(operator.contains("update-assume-role-policy"), "{operator}");
}

#[test]
fn a_review_has_groups_where_they_are_asked_for() {
    let folder = account_of(&PLAN);
    let (trail, grants) = (folder.path("trail"), folder.path("grants.json"));
    let run = |more: &[&str]| {
        let base = [
            "review",
            "--trail",
            &trail,
            "--grants",
            &grants,
            "--backtest",
            "0",
            "--only",
            "role/function-*",
        ];
        leastgrant(&[&base, more].concat()).exits(0)
    };
    let review = run(&["--groups", "--format", "json"]).json();
    follows_the_schema(
        "schema/review.schema.json",
        leastgrant::review::SCHEMA_VERSION,
        &review,
    );
    let first = &review["groups"][0];
    assert_eq!(
        (first["name"].as_str(), first["kind"].as_str()),
        (Some("function"), Some("role"))
    );
    let plain = run(&["--groups"]).out;
    assert!(plain.contains("Principals that use the same things"), "{plain}");
    assert!(plain.contains("aws:PrincipalTag/app"), "{plain}");
    assert_eq!(run(&["--format", "json"]).json().get("groups"), None);
}
