//! Passwords and the policy for them.

use super::rule::{PASSWORD_OLD, PASSWORD_POLICY_ABSENT, PASSWORD_POLICY_WEAK, PASSWORD_UNUSED, control};
use super::{Case, DAYS, Finding, PasswordPolicy, Proof, Row};
use crate::diagnostic::Severity;

/// Each setting with the control that asks for it.
const LENGTH: (i64, &str) = (14, control!("iam", "iam-15"));
const REUSE: (i64, &str) = (24, control!("iam", "iam-16"));
const MAX_AGE: (i64, &str) = (90, control!("iam", "iam-17"));

pub(super) fn find(case: &Case<'_>, found: &mut Vec<Finding>) {
    for row in case.rows().values().filter(|row| row.password == Some(true)) {
        password(case, row, found);
    }
    // Where nobody has a password, its policy matters little.
    let nobody = case.given.report.is_some() && case.rows().values().all(|row| row.password != Some(true));
    let weight = |finding: Finding| {
        if nobody {
            finding.severity(Severity::Note)
        } else {
            finding
        }
    };
    let arn = case.account_arn();
    match &case.given.password_policy {
        Some(None) => {
            let proof = Proof::of("password policy", "there is none");
            let finding = Finding::new(&PASSWORD_POLICY_ABSENT, arn, "the account has no password policy");
            found.push(weight(finding.proof([proof]).command(command())));
        }
        Some(Some(policy)) => {
            let lacks = lacks(policy);
            if !lacks.is_empty() {
                let message = format!(
                    "the password policy lacks {} of what controls ask for",
                    lacks.len()
                );
                let finding = Finding::new(&PASSWORD_POLICY_WEAK, arn, message);
                found.push(weight(finding.proof(lacks).command(command())));
            }
        }
        None => {}
    }
}

fn command() -> String {
    format!(
        "aws iam update-account-password-policy --minimum-password-length {} --require-uppercase-characters --require-lowercase-characters --require-numbers --require-symbols --password-reuse-prevention {} --max-password-age {} --allow-users-to-change-password",
        LENGTH.0, REUSE.0, MAX_AGE.0
    )
}

fn lacks(policy: &PasswordPolicy) -> Vec<Proof> {
    let shown = |number: i64| {
        if number == 0 {
            "not set".to_owned()
        } else {
            number.to_string()
        }
    };
    let expires = (1..=MAX_AGE.0).contains(&policy.max_age);
    let settings = [
        (
            policy.length < LENGTH.0,
            format!("MinimumPasswordLength is {}, not {}", policy.length, LENGTH.0),
            LENGTH.1,
        ),
        (
            !policy.upper,
            "RequireUppercaseCharacters is false".to_owned(),
            control!("iam", "iam-11"),
        ),
        (
            !policy.lower,
            "RequireLowercaseCharacters is false".to_owned(),
            control!("iam", "iam-12"),
        ),
        (
            !policy.symbols,
            "RequireSymbols is false".to_owned(),
            control!("iam", "iam-13"),
        ),
        (
            !policy.numbers,
            "RequireNumbers is false".to_owned(),
            control!("iam", "iam-14"),
        ),
        (
            policy.reuse < REUSE.0,
            format!(
                "PasswordReusePrevention is {}, not {}",
                shown(policy.reuse),
                REUSE.0
            ),
            REUSE.1,
        ),
        (
            !expires,
            format!(
                "MaxPasswordAge is {}, not {} or less",
                shown(policy.max_age),
                MAX_AGE.0
            ),
            MAX_AGE.1,
        ),
    ];
    let missing = settings.into_iter().filter(|(missing, ..)| *missing);
    missing
        .map(|(_, detail, page)| Proof {
            reference: Some(page),
            ..Proof::of("password policy", detail)
        })
        .collect()
}

fn password(case: &Case<'_>, row: &Row, found: &mut Vec<Finding>) {
    let name = &row.user;
    let old = |time: Option<jiff::Timestamp>| time.is_none_or(|time| case.days_before_report(time) >= DAYS);
    let unused = match row.password_used {
        Some(time) => old(Some(time)).then(|| format!("password_last_used is {time}")),
        // A password that was only just set was not used yet.
        None => old(row.password_changed.or(row.created)).then(|| "it was never used".to_owned()),
    };
    if let Some(detail) = unused {
        found.push(
            Finding::new(
                &PASSWORD_UNUSED,
                &row.arn,
                format!("{name} has a password that was not used for {DAYS} days"),
            )
            .proof([Proof::of("credential report", detail)])
            .command(format!("aws iam delete-login-profile --user-name {name}")),
        );
    }
    if let Some(time) = row
        .password_changed
        .filter(|time| case.days_before_report(*time) >= DAYS)
    {
        let message = format!("{name} has a password that was not changed for {DAYS} days");
        let detail = format!(
            "password_last_changed is {time}, {} days ago",
            case.days_before_report(time)
        );
        let command = format!("aws iam update-login-profile --user-name {name} --password-reset-required");
        let finding = Finding::new(&PASSWORD_OLD, &row.arn, message);
        found.push(
            finding
                .proof([Proof::of("credential report", detail)])
                .command(command),
        );
    }
}
