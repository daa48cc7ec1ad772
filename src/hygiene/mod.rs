//! Hygiene of an account: what is wrong whatever anybody's permissions are used for, each with its evidence and
//! what to do.
//!
//! [`findings`] takes what was given; what was not given is said in one note and never read as fine.

mod credentials;
mod finding;
mod keys;
mod logging;
mod passwords;
mod people;
mod root;
mod rule;
mod settings;
mod trust;

#[cfg(test)]
mod tests;

pub use credentials::{CredentialReport, Key, Row, read_credential_report};
pub use finding::{BySeverity, Finding, Proof};
pub use rule::{RULES, Rule, rule};
pub use settings::{
    ConfigSettings, PasswordPolicy, Summary, Trail, TrailSettings, read_config_settings,
    read_password_policy, read_summary, read_trail_settings,
};

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::arn::Arn;
use crate::diagnostic::{Code, Diagnostic};
use crate::evidence::{Callers, Ledger};
use crate::grants::{Account, Holder, HolderKind};

/// What was given besides grants and trail; `None` for what was not.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// The credential report.
    pub report: Option<CredentialReport>,
    /// The account's summary.
    pub summary: Option<Summary>,
    /// The password policy; inside, `None` where the account has none.
    pub password_policy: Option<Option<PasswordPolicy>>,
    /// The trails.
    pub trails: Option<TrailSettings>,
    /// AWS Config.
    pub config: Option<ConfigSettings>,
}

/// Actions whose evidence is looked at; of others only who called is.
pub const ASKED: [&str; 1] = [PASS_ROLE];
const PASS_ROLE: &str = "iam:PassRole";

/// What is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The principals and what they hold.
    pub account: &'a Account,
    /// The trail, with [`crate::evidence::Interest::callers`], of actions at least those [`ASKED`].
    pub ledger: &'a Ledger,
    /// The end of the trail.
    pub end: Timestamp,
    /// What else was given.
    pub given: &'a Given,
}

/// So many days make a credential old, or unused: controls IAM.3 and IAM.8
/// (<https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-3>).
pub const DAYS: i64 = 90;

/// All findings, sorted by severity, code and subject, and a note of what was not given.
pub fn findings(case: &Case<'_>) -> (Vec<Finding>, Vec<Diagnostic>) {
    let mut found = Vec::new();
    root::find(case, &mut found);
    people::find(case, &mut found);
    keys::find(case, &mut found);
    passwords::find(case, &mut found);
    trust::find(case, &mut found);
    logging::find(case, &mut found);
    found.sort();
    found.dedup();
    (found, not_given(case.given).into_iter().collect())
}

fn not_given(given: &Given) -> Option<Diagnostic> {
    let no_status = given
        .trails
        .as_ref()
        .and_then(|own| own.trails.as_ref())
        .is_some_and(|trails| trails.iter().any(|trail| trail.logging.is_none()));
    let wanted = [
        (
            given.report.is_none(),
            "the credential report",
            "--credential-report",
        ),
        (
            given.summary.is_none(),
            "the account summary",
            "--account-summary",
        ),
        (
            given.password_policy.is_none(),
            "the password policy",
            "--password-policy",
        ),
        (
            given.trails.is_none(),
            "the settings of trails",
            "--trail-settings",
        ),
        (
            given.trails.is_some() && no_status,
            "whether each trail is switched on",
            "--trail-settings",
        ),
        (
            given.config.is_none(),
            "the recorders of AWS Config",
            "--config-settings",
        ),
    ];
    let missing: Vec<_> = wanted.iter().filter(|(missing, ..)| *missing).collect();
    if missing.is_empty() {
        return None;
    }
    let names: Vec<&str> = missing.iter().map(|(_, name, _)| *name).collect();
    let mut options: Vec<&str> = missing.iter().map(|(.., option)| *option).collect();
    options.dedup();
    let message = format!("not known, so nothing is found there: {}", names.join(", "));
    Some(Diagnostic::note(Code::SettingsNotGiven, message).help(format!("give {}", options.join(", "))))
}

impl<'a> Case<'a> {
    /// The ARN of the account's root, by which the account is named.
    fn account_arn(&self) -> String {
        let rows = self.given.report.iter().flat_map(|report| &report.rows);
        let arns = self.account.holders.iter().map(|holder| holder.arn.as_str());
        arns.chain(rows.map(|row| row.arn.as_str()))
            .filter_map(Arn::parse)
            .map(|arn| format!("arn:{}:iam::{}:root", arn.partition, arn.account))
            .next()
            .unwrap_or_else(|| "the account".to_owned())
    }

    /// When the credential report was made: by its own time, else not before any time in it.
    fn reported(&self) -> Timestamp {
        let Some(report) = &self.given.report else {
            return self.end;
        };
        if let Some(generated) = report.generated {
            return generated;
        }
        let times = report.rows.iter().flat_map(|row| {
            let keys = row.keys.iter().flat_map(|key| [key.rotated, key.used]);
            keys.chain([row.created, row.password_used, row.password_changed])
                .flatten()
        });
        times.chain([self.end]).max().unwrap_or(self.end)
    }

    /// Whole days from a time to the report.
    fn days_before_report(&self, time: Timestamp) -> i64 {
        self.reported().duration_since(time).as_hours() / 24
    }

    fn users(&self) -> impl Iterator<Item = &'a Holder> {
        let users = |holder: &&Holder| holder.kind == HolderKind::User;
        self.account.holders.iter().filter(users)
    }

    /// The rows of users, by ARN.
    fn rows(&self) -> BTreeMap<&'a str, &'a Row> {
        let rows = self.given.report.iter().flat_map(|report| &report.rows);
        rows.filter(|row| !row.is_root())
            .map(|row| (row.arn.as_str(), row))
            .collect()
    }

    fn callers(&self, arn: &str) -> Option<&'a Callers> {
        self.ledger.evidence(arn).map(|evidence| &evidence.callers)
    }
}
