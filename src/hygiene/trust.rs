//! Whom roles trust.

use std::collections::BTreeSet;

use serde_json::Value;

use super::rule::{CROSS_ACCOUNT_UNUSED, OIDC_WITHOUT_SUB, TRUST_ANYONE};
use super::{Case, Finding, Proof};
use crate::arn::Arn;
use crate::grants::{Holder, HolderKind};
use crate::policy::{Condition, Effect, Statement};

pub(super) fn find(case: &Case<'_>, found: &mut Vec<Finding>) {
    for holder in case
        .account
        .holders
        .iter()
        .filter(|own| own.kind == HolderKind::Role)
    {
        // Service-linked roles are AWS's own.
        if holder.arn.contains(":role/aws-service-role/") {
            continue;
        }
        anyone(holder, found);
        without_sub(holder, found);
        unused(case, holder, found);
    }
}

fn allows(holder: &Holder) -> impl Iterator<Item = &Statement> {
    let statements = holder.trust.iter().flat_map(|trust| &trust.statements);
    statements.filter(|own| own.effect == Effect::Allow && !own.not_principal)
}

/// The values of one kind of principal: `AWS`, `Federated`.
fn principals<'s>(statement: &'s Statement, kind: &str) -> Vec<&'s str> {
    match &statement.principal {
        Some(Value::String(text)) if kind == "AWS" => vec![text.as_str()],
        Some(Value::Object(kinds)) => match kinds.get(kind) {
            Some(Value::String(text)) => vec![text.as_str()],
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// Keys by which a trust policy says who of everybody is meant. The external id is not one: it is no secret
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html>).
const NARROWING: [&str; 13] = [
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalservicename",
    "aws:userid",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:sourceorgid",
    "aws:vpcsourceip",
];

/// Whether a condition holds only for some: an operator that asks for a value, with one that is not all wildcard.
/// `…IfExists` and `ForAllValues` hold where the key is not there.
fn asks(condition: &Condition) -> bool {
    let operator = condition.operator.to_ascii_lowercase();
    let open = operator.contains("not")
        || operator.contains("null")
        || operator.ends_with("ifexists")
        || operator.starts_with("forallvalues");
    let free = |value: &String| {
        value.chars().all(|c| matches!(c, '*' | '?')) || value == "0.0.0.0/0" || value == "::/0"
    };
    !open && !condition.values.iter().any(free)
}

fn narrows(condition: &Condition) -> bool {
    let key = condition.key.to_ascii_lowercase();
    let named = NARROWING.contains(&key.as_str()) || key.starts_with("aws:principaltag/");
    named && asks(condition)
}

fn anyone(holder: &Holder, found: &mut Vec<Finding>) {
    let open = |statement: &&Statement| {
        principals(statement, "AWS").contains(&"*") && !statement.conditions.iter().any(narrows)
    };
    let proof: Vec<Proof> = allows(holder).filter(open).map(shown).collect();
    if !proof.is_empty() {
        let message = format!("any AWS account may assume {}", holder.name);
        found.push(
            Finding::new(&TRUST_ANYONE, &holder.arn, message)
                .proof(proof)
                .command(update(holder)),
        );
    }
}

/// A trust statement in one line.
fn shown(statement: &Statement) -> Proof {
    let principal = statement
        .principal
        .as_ref()
        .map(Value::to_string)
        .unwrap_or_default();
    let conditions: Vec<String> = statement
        .conditions
        .iter()
        .map(|own| format!("{} {} {}", own.key, own.operator, own.values.join(" or ")))
        .collect();
    let conditions = if conditions.is_empty() {
        "no condition".to_owned()
    } else {
        conditions.join(" and ")
    };
    Proof::of(
        "grants",
        format!("trust policy: Principal {principal}, {conditions}"),
    )
}

fn update(holder: &Holder) -> String {
    format!(
        "aws iam update-assume-role-policy --role-name {} --policy-document file://trust.json",
        holder.name
    )
}

/// Claims that say which of a provider's identities is meant.
const CLAIMS: [&str; 4] = [":sub", ":repository", ":repository_id", ":job_workflow_ref"];

fn without_sub(holder: &Holder, found: &mut Vec<Finding>) {
    let oidc = |statement: &&Statement| {
        principals(statement, "Federated")
            .iter()
            .any(|own| own.contains(":oidc-provider/"))
            && statement
                .action
                .patterns()
                .iter()
                .any(|own| crate::pattern::matches_ignore_case(own, "sts:AssumeRoleWithWebIdentity"))
    };
    let open = |statement: &&Statement| !statement.conditions.iter().any(names_subject);
    let proof: Vec<Proof> = allows(holder).filter(oidc).filter(open).map(shown).collect();
    if !proof.is_empty() {
        let message = format!("every identity of an OIDC provider may assume {}", holder.name);
        found.push(
            Finding::new(&OIDC_WITHOUT_SUB, &holder.arn, message)
                .proof(proof)
                .command(update(holder)),
        );
    }
}

fn names_subject(condition: &Condition) -> bool {
    let key = condition.key.to_ascii_lowercase();
    // `repo:*` is every repository of everybody.
    let wide = |value: &String| {
        let chosen = value.split(['*', '?']).next().unwrap_or_default();
        chosen.trim_start_matches("repo:").is_empty()
    };
    CLAIMS.iter().any(|claim| key.ends_with(claim)) && asks(condition) && !condition.values.iter().any(wide)
}

fn unused(case: &Case<'_>, holder: &Holder, found: &mut Vec<Finding>) {
    let happenings = &case.ledger.happenings;
    // A trail that shows nobody assume any role records no such calls; a role newer than the trail had no time.
    let young = case
        .ledger
        .visibility
        .window
        .zip(holder.created)
        .is_some_and(|((first, _), made)| made > first);
    if !happenings.shows_assuming() || !happenings.all_roles() || young {
        return;
    }
    let own = Arn::parse(&holder.arn)
        .map(|arn| arn.account.to_owned())
        .unwrap_or_default();
    let trusted: BTreeSet<&str> = allows(holder)
        .flat_map(|statement| principals(statement, "AWS"))
        .filter_map(account_of)
        .filter(|account| *account != own)
        .collect();
    let seen = happenings.assumed(&holder.arn);
    if seen.is_some_and(crate::evidence::Named::is_more) {
        return;
    }
    let assumed = |account: &&&str| seen.is_none_or(|seen| seen.iter().all(|(own, _)| own != **account));
    let idle: Vec<&str> = trusted.iter().filter(assumed).copied().collect();
    if idle.is_empty() {
        return;
    }
    let days = case.ledger.visibility.days().unwrap_or_default().round();
    let proof = idle.iter().map(|account| {
        Proof::of(
            "trail",
            format!("account {account} is trusted and never assumed the role in {days} days"),
        )
    });
    let message = format!(
        "{} trusts {} that this trail never shows assuming it",
        holder.name,
        idle.join(", ")
    );
    found.push(
        Finding::new(&CROSS_ACCOUNT_UNUSED, &holder.arn, message)
            .proof(proof)
            .command(update(holder)),
    );
}

/// The account of a principal: an id, or any ARN of it.
fn account_of(principal: &str) -> Option<&str> {
    let account = Arn::parse(principal).map_or(principal, |arn| arn.account);
    (account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())).then_some(account)
}
