//! Access keys: unused, old, two at once, and those that programs use where a role would do.

use super::rule::{ACCESS_KEY_OLD, ACCESS_KEY_ON_COMPUTE, ACCESS_KEY_UNUSED, ROLE_WOULD_DO, TWO_KEYS};
use super::{Case, DAYS, Finding, Proof, Row};
use crate::evidence::{Callers, is_by_hand};
use crate::grants::Holder;

pub(super) fn find(case: &Case<'_>, found: &mut Vec<Finding>) {
    for row in case.rows().values() {
        reported(case, row, found);
    }
    for holder in case.users() {
        if let Some(callers) = case
            .callers(&holder.arn)
            .filter(|callers| !callers.keys.is_empty())
        {
            used(holder, callers, found);
        }
    }
}

fn reported(case: &Case<'_>, row: &Row, found: &mut Vec<Finding>) {
    let name = &row.user;
    let mut unused = Vec::new();
    let mut old = Vec::new();
    for (number, key) in row.active_keys() {
        let made = key.rotated.or(row.created);
        let age = made.map(|time| case.days_before_report(time));
        match key.used {
            Some(time) if case.days_before_report(time) >= DAYS => {
                unused.push(Proof::of(
                    "credential report",
                    format!("access key {number} is active, last used {time}"),
                ));
            }
            None if age.is_none_or(|days| days >= DAYS) => {
                unused.push(Proof::of(
                    "credential report",
                    format!("access key {number} is active, never used"),
                ));
            }
            _ => {}
        }
        if let (Some(time), Some(days)) = (key.rotated, age.filter(|days| *days >= DAYS)) {
            old.push(Proof::of(
                "credential report",
                format!("access key {number} is active, made {time}, {days} days ago"),
            ));
        }
    }
    if !unused.is_empty() {
        let message = format!("{name} has an active access key that was not used for {DAYS} days");
        found.push(
            Finding::new(&ACCESS_KEY_UNUSED, &row.arn, message)
                .proof(unused)
                .command(format!("aws iam list-access-keys --user-name {name}"))
                .command(format!(
                    "aws iam update-access-key --user-name {name} --access-key-id KEY_ID --status Inactive"
                )),
        );
    }
    if !old.is_empty() {
        let message = format!("{name} has an access key older than {DAYS} days");
        found.push(
            Finding::new(&ACCESS_KEY_OLD, &row.arn, message)
                .proof(old)
                .command(format!("aws iam create-access-key --user-name {name}"))
                .command(format!("aws iam update-access-key --user-name {name} --access-key-id OLD_KEY_ID --status Inactive")),
        );
    }
    if row.active_keys().count() == 2 {
        let proof = row.active_keys().map(|(number, key)| {
            let used = key
                .used
                .map_or_else(|| "never used".to_owned(), |time| format!("last used {time}"));
            Proof::of(
                "credential report",
                format!("access key {number} is active, {used}"),
            )
        });
        found.push(
            Finding::new(&TWO_KEYS, &row.arn, format!("{name} has two active access keys"))
                .proof(proof)
                .command(format!(
                    "aws iam update-access-key --user-name {name} --access-key-id KEY_ID --status Inactive"
                )),
        );
    }
}

/// Days of use by a program before it counts as one that runs.
const DAYS_OF_PROGRAM: usize = 5;

fn used(holder: &Holder, callers: &Callers, found: &mut Vec<Finding>) {
    let keys = || Proof::named("long-term access keys", &callers.keys);
    if !callers.key_compute.is_empty() || !callers.key_endpoints.is_empty() {
        let mut proof = vec![keys()];
        if !callers.key_compute.is_empty() {
            proof.push(Proof::named("exec-env of the user agent", &callers.key_compute));
        }
        if !callers.key_endpoints.is_empty() {
            proof.push(Proof::named("VPC endpoints", &callers.key_endpoints));
        }
        let message = format!(
            "a long-term access key of {} is used on AWS's own compute",
            holder.name
        );
        let finding = Finding::new(&ACCESS_KEY_ON_COMPUTE, &holder.arn, message).proof(proof);
        found.push(finding.command(
            "aws iam create-role --role-name ROLE --assume-role-policy-document file://trust.json  # give it to the function, task or instance",
        ));
        return;
    }
    let programs = || callers.key_agents.iter().filter(|(agent, _)| !is_by_hand(agent));
    let days = programs()
        .map(|(_, days)| days.iter().count())
        .max()
        .unwrap_or_default();
    let by_hand = callers.key_agents.iter().any(|(agent, _)| is_by_hand(agent));
    if days >= DAYS_OF_PROGRAM && !by_hand {
        let message = format!(
            "a program uses an access key of {} where a role would do",
            holder.name
        );
        found.push(Finding::new(&ROLE_WOULD_DO, &holder.arn, message).proof([
            keys(),
            Proof::named("programs", &callers.key_agents),
            Proof::named("networks", &callers.networks),
        ]));
    }
}
