//! Users: second factors, who shares one, and what is attached to them directly.

use std::collections::BTreeSet;

use super::rule::{PASS_ROLE_NEEDED, POLICY_ON_USER, PRIVILEGED_WITHOUT_MFA, SHARED_USER, USER_WITHOUT_MFA};
use super::{Case, Finding, Proof};
use crate::danger::held_by;
use crate::evaluate::{Layer, PolicyIn};
use crate::evidence::{Days, Named};
use crate::grants::{Grants, Held, Holder};
use crate::measure::{Breadth, measure};
use crate::policy::{Effect, Element, Statement};

pub(super) fn find(case: &Case<'_>, found: &mut Vec<Finding>) {
    let rows = case.rows();
    for holder in case.users() {
        if let Some(row) = rows.get(holder.arn.as_str()) {
            without_mfa(case, holder, row, found);
        }
        shared(case, holder, found);
        attached(holder, found);
    }
    for holder in &case.account.holders {
        pass_role(case, holder, found);
    }
}

fn without_mfa(case: &Case<'_>, holder: &Holder, row: &super::Row, found: &mut Vec<Finding>) {
    let password = row.password == Some(true);
    let keys = row.active_keys().count();
    if row.mfa != Some(false) || (!password && keys == 0) {
        return;
    }
    let what = match (password, keys) {
        (true, 0) => "a password".to_owned(),
        (true, _) => format!("a password and {keys} active access key(s)"),
        (false, _) => format!("{keys} active access key(s)"),
    };
    let row = Proof::of("credential report", format!("mfa_active is false; {what}"));
    let command = format!(
        "aws iam enable-mfa-device --user-name {} --serial-number DEVICE_ARN --authentication-code1 CODE1 --authentication-code2 CODE2",
        holder.name
    );
    let privileged = privileges(&case.account.grants(holder));
    if !privileged.is_empty() {
        let message = format!(
            "{} holds far-reaching permissions and signs in without MFA: {what}",
            holder.name
        );
        found.push(
            Finding::new(&PRIVILEGED_WITHOUT_MFA, &holder.arn, message)
                .proof([row])
                .proof(privileged)
                .command(command),
        );
    } else if password {
        let message = format!("{} has {what} and no MFA", holder.name);
        found.push(
            Finding::new(&USER_WITHOUT_MFA, &holder.arn, message)
                .proof([row])
                .command(command),
        );
    }
}

/// Why a user is privileged; empty where it is not.
fn privileges(grants: &Grants) -> Vec<Proof> {
    let statements = |layer: Layer| -> Vec<&Statement> {
        grants
            .in_layer(layer)
            .flat_map(|held| &held.document.statements)
            .collect()
    };
    let (own, limits) = (statements(Layer::Identity), statements(Layer::Boundary));
    let mut proof = Vec::new();
    let everything = |element: &Element| matches!(element, Element::Only(list) if list.iter().any(|own| own == "*" || own == "*:*"));
    let star = |statement: &&Statement| {
        statement.effect == Effect::Allow
            && statement.conditions.is_empty()
            && everything(&statement.action)
            && statement.resource.as_ref().is_some_and(everything)
    };
    if limits.is_empty() && own.iter().any(star) {
        let names = grants
            .in_layer(Layer::Identity)
            .filter(|held| held.document.statements.iter().any(|own| star(&own)))
            .map(|held| held.origin.to_string());
        let names: Vec<String> = names.collect();
        proof.push(Proof::of(
            "grants",
            format!("every action on every resource: {}", names.join(", ")),
        ));
        return proof;
    }
    // What data can be read is no privilege over the account.
    let paths: Vec<&str> = held_by(&own, &limits)
        .iter()
        .filter(|path| {
            matches!(
                path.kind.as_str(),
                "privilege-escalation" | "permissions-management"
            )
        })
        .map(|path| path.name.as_str())
        .collect();
    if !paths.is_empty() {
        let shown: Vec<&str> = paths.iter().take(5).copied().collect();
        let more = if paths.len() > shown.len() {
            ", and more"
        } else {
            ""
        };
        proof.push(Proof::of(
            "grants",
            format!(
                "{} known dangerous paths: {}{more}",
                paths.len(),
                shown.join(", ")
            ),
        ));
    }
    let policies: Vec<PolicyIn<'_>> = grants.held.iter().map(Held::policy).collect();
    let wide: usize = measure(&policies)
        .by
        .iter()
        .filter(|((level, breadth), _)| {
            *level == action_catalog::Level::PermissionsManagement && *breadth >= Breadth::Account
        })
        .map(|(_, count)| count.actions - count.conditional)
        .sum();
    if wide > 0 {
        proof.push(Proof::of(
            "grants",
            format!("{wide} actions that manage permissions, on all names of a kind"),
        ));
    }
    proof
}

/// Days on which things of both kinds must meet, and days that each must be there, before it seems so.
const MEETINGS: usize = 5;
const OFTEN: usize = 3;
/// A person has a laptop, a desktop and a telephone, an office and a home.
const SEVERAL: usize = 3;

/// Several networks and several installations of the same kind of tool, in use over the same time: one person
/// moves between few of them, and updates a tool rather than going back and forth between versions. Programs
/// are not counted at all, however many hosts they run on.
fn shared(case: &Case<'_>, holder: &Holder, found: &mut Vec<Finding>) {
    let Some(callers) = case.callers(&holder.arn) else {
        return;
    };
    let networks = often(&callers.networks);
    let mut best: Option<(Vec<(&str, &Days)>, usize)> = None;
    for product in callers.installations.iter().map(|(name, _)| product_of(name)) {
        let own: Vec<_> = often(&callers.installations)
            .into_iter()
            .filter(|(name, _)| product_of(name) == product)
            .collect();
        let days = days_of_several(&own);
        if own.len() >= SEVERAL
            && days.len() >= MEETINGS
            && best.as_ref().is_none_or(|(_, most)| days.len() > *most)
        {
            best = Some((own, days.len()));
        }
    }
    let Some((installations, days)) = best else { return };
    let moved = days_of_several(&networks);
    if networks.len() < SEVERAL || moved.len() < MEETINGS {
        return;
    }
    let message = format!(
        "{} seems to be used by several people: {} installations of a tool and {} networks, on many days several at once",
        holder.name,
        installations.len(),
        networks.len()
    );
    found.push(Finding::new(&SHARED_USER, &holder.arn, message).proof([
        Proof::named("installations", &callers.installations),
        Proof::named("networks", &callers.networks),
        Proof::of(
            "trail",
            format!(
                "{days} days with several installations, {} days with several networks",
                moved.len()
            ),
        ),
    ]));
}

fn product_of(installation: &str) -> &str {
    installation.split(['/', ' ']).next().unwrap_or(installation)
}

fn often(names: &Named) -> Vec<(&str, &Days)> {
    names
        .iter()
        .filter(|(_, days)| days.iter().count() >= OFTEN)
        .collect()
}

/// Days on which at least two of them were there.
fn days_of_several(names: &[(&str, &Days)]) -> BTreeSet<i32> {
    let mut seen = BTreeSet::new();
    let mut several = BTreeSet::new();
    for (day, _) in names.iter().flat_map(|(_, days)| days.iter()) {
        if !seen.insert(day) {
            several.insert(day);
        }
    }
    several
}

fn attached(holder: &Holder, found: &mut Vec<Finding>) {
    let mut proof = Vec::new();
    let mut finding = Finding::new(&POLICY_ON_USER, &holder.arn, "");
    for arn in &holder.attached {
        proof.push(Proof::of("grants", format!("attached: {arn}")));
        finding = finding.command(format!(
            "aws iam attach-group-policy --group-name GROUP --policy-arn {arn} && aws iam detach-user-policy --user-name {} --policy-arn {arn}",
            holder.name
        ));
    }
    for name in holder.inline.iter().map(|(name, _)| name).chain(&holder.unread) {
        proof.push(Proof::of("grants", format!("inline: {name}")));
    }
    if proof.is_empty() {
        return;
    }
    finding.message = format!("{} holds {} policies directly", holder.name, proof.len());
    found.push(finding.proof(proof));
}

fn pass_role(case: &Case<'_>, holder: &Holder, found: &mut Vec<Finding>) {
    let groups = holder
        .groups
        .iter()
        .filter_map(|name| case.account.groups.get(name));
    let mut attached = holder
        .attached
        .iter()
        .chain(groups.flat_map(|group| &group.attached));
    if !attached.any(|arn| arn.ends_with(":policy/PowerUserAccess")) {
        return;
    }
    let Some(evidence) = case
        .ledger
        .evidence(&holder.arn)
        .and_then(|own| own.actions.get(super::PASS_ROLE))
    else {
        return;
    };
    let refused: Vec<_> = evidence
        .iter()
        .filter(|(.., tally)| tally.refusals() > 0)
        .collect();
    if refused.is_empty() {
        return;
    }
    let proof = refused.iter().map(|(resource, _, tally)| Proof {
        event_ids: tally.event_ids(),
        ..Proof::of(
            "trail",
            format!(
                "iam:PassRole refused {} times on {}",
                tally.refusals(),
                on(resource)
            ),
        )
    });
    let message = format!(
        "{} holds PowerUserAccess and was refused iam:PassRole",
        holder.name
    );
    let short = crate::grants::short_name(&holder.arn).unwrap_or_default();
    found.push(
        Finding::new(&PASS_ROLE_NEEDED, &holder.arn, message)
            .proof(proof)
            .command(format!(
                "leastgrant recommend {short} --include-denied --trail TRAIL --grants GRANTS"
            )),
    );
}

fn on(resource: &crate::require::Resource) -> String {
    match resource {
        crate::require::Resource::Arn(arn) => arn.clone(),
        _ => "a role that the record does not name".to_owned(),
    }
}
