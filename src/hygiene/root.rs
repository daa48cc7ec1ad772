//! The root user.

use super::rule::{ROOT_ACCESS_KEY, ROOT_USED, ROOT_WITHOUT_MFA};
use super::{Case, DAYS, Finding, Proof};
use crate::evidence::Matter;

pub(super) fn find(case: &Case<'_>, found: &mut Vec<Finding>) {
    let subject = case.account_arn();
    used(case, &subject, found);
    let row = case
        .given
        .report
        .iter()
        .flat_map(|report| &report.rows)
        .find(|row| row.is_root());
    let summary = case.given.summary.unwrap_or_default();
    let mut keys: Vec<Proof> = Vec::new();
    for (number, key) in row.into_iter().flat_map(|row| row.active_keys()) {
        let used = key
            .used
            .map_or_else(|| "never used".to_owned(), |time| format!("last used {time}"));
        keys.push(Proof::of(
            "credential report",
            format!("access key {number} of root is active, {used}"),
        ));
    }
    if summary.root_keys == Some(true) {
        keys.push(Proof::of("account summary", "AccountAccessKeysPresent is 1"));
    }
    if !keys.is_empty() {
        found.push(
            Finding::new(&ROOT_ACCESS_KEY, &subject, "the root user has an access key")
                .proof(keys)
                .command("aws iam delete-access-key --access-key-id KEY_ID  # signed in as root"),
        );
    }
    // Central root access takes the root users' credentials away: then there is nothing to protect
    // (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user.html#id_root-user-access-management>).
    let no_credentials = summary.root_password == Some(false) && summary.root_keys == Some(false);
    let mut mfa: Vec<Proof> = Vec::new();
    if row.is_some_and(|row| row.mfa == Some(false)) {
        mfa.push(Proof::of(
            "credential report",
            "mfa_active of <root_account> is false",
        ));
    }
    if summary.root_mfa == Some(false) {
        mfa.push(Proof::of("account summary", "AccountMFAEnabled is 0"));
    }
    if !mfa.is_empty() && !no_credentials {
        found.push(Finding::new(&ROOT_WITHOUT_MFA, &subject, "the root user has no MFA").proof(mfa));
    }
}

fn used(case: &Case<'_>, subject: &str, found: &mut Vec<Finding>) {
    let mut proof = Vec::new();
    let mut message = String::new();
    if let Some(happened) = case.ledger.happenings.of(Matter::Root) {
        message = format!("the root user made {} calls in this trail", happened.times);
        proof.extend(happened.latest.iter().rev().take(5).map(Proof::event));
    }
    for row in case
        .given
        .report
        .iter()
        .flat_map(|report| &report.rows)
        .filter(|row| row.is_root())
    {
        let keys = (1..)
            .zip(&row.keys)
            .map(|(number, key)| (format!("access key {number}"), key.used));
        for (what, time) in keys.chain([("password".to_owned(), row.password_used)]) {
            if let Some(time) = time.filter(|time| case.days_before_report(*time) < DAYS) {
                proof.push(Proof::of(
                    "credential report",
                    format!("{what} of root last used {time}"),
                ));
                if message.is_empty() {
                    message = format!("the root user's {what} was used within {DAYS} days");
                }
            }
        }
    }
    if !proof.is_empty() {
        found.push(Finding::new(&ROOT_USED, subject, message).proof(proof));
    }
}
