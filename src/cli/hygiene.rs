//! What `review` is given for findings of hygiene: files, a snapshot's, or the account itself.

use std::path::{Path, PathBuf};

use super::live::{Live, is_live};
use super::whole_account::{AccountArgs, WholeAccount};
use crate::diagnostic::Diagnostic;
use crate::evidence::Ledger;
use crate::grants::Holder;
use crate::hygiene::{
    self, Case, Finding, Given, read_config_settings, read_credential_report, read_password_policy,
    read_summary, read_trail_settings,
};
use crate::source::read_text;
use crate::source::snapshot::{AccountFile, Snapshot};

/// Files for findings of hygiene. What is not given is said, and nothing is found there.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Hygiene")]
pub(super) struct HygieneArgs {
    /// The output of `aws iam get-credential-report`, as it is or decoded.
    #[arg(long, value_name = "FILE")]
    credential_report: Option<PathBuf>,
    /// The output of `aws iam get-account-summary`.
    #[arg(long, value_name = "FILE")]
    account_summary: Option<PathBuf>,
    /// The output of `aws iam get-account-password-policy`; {} where there is none.
    #[arg(long, value_name = "FILE")]
    password_policy: Option<PathBuf>,
    /// Outputs of `aws cloudtrail describe-trails`, get-trail-status and get-event-selectors, in any order. Repeatable.
    #[arg(long, value_name = "FILE")]
    trail_settings: Vec<PathBuf>,
    /// Outputs of `aws configservice describe-configuration-recorders` and describe-configuration-recorder-status.
    /// Repeatable.
    #[arg(long, value_name = "FILE")]
    config_settings: Vec<PathBuf>,
}

/// A text and the name of its file.
type Text = (String, String);

/// The texts, wherever they come from.
#[derive(Debug, Default)]
pub(super) struct Texts {
    pub(super) credential_report: Option<Text>,
    pub(super) account_summary: Option<Text>,
    pub(super) password_policy: Option<Text>,
    pub(super) trail_settings: Vec<Text>,
    pub(super) config_settings: Vec<Text>,
}

impl HygieneArgs {
    /// The files that are named, else those of a snapshot. A named file that cannot be read ends the run.
    ///
    /// Where grants come from the account itself, so does what is not named.
    pub(super) fn texts(
        &self,
        grants: &Path,
        live: &Live<'_>,
    ) -> Result<(Texts, Vec<Diagnostic>), Vec<Diagnostic>> {
        if is_live(grants) {
            return self.live_texts(live);
        }
        Ok((self.texts_of_files(grants)?, Vec::new()))
    }

    #[cfg(feature = "aws")]
    fn live_texts(&self, live: &Live<'_>) -> Result<(Texts, Vec<Diagnostic>), Vec<Diagnostic>> {
        let mut texts = self.texts_of_files(Path::new(""))?;
        let reports = live.reports()?;
        let text = |value: serde_json::Value| (value.to_string(), "aws:".to_owned());
        let Texts {
            credential_report,
            account_summary,
            password_policy,
            trail_settings,
            config_settings,
        } = &mut texts;
        let ones = [
            (credential_report, reports.credential_report),
            (account_summary, reports.summary),
            (password_policy, reports.password_policy),
        ];
        for (named, read) in ones {
            if named.is_none() {
                *named = read.map(text);
            }
        }
        for (named, read) in [
            (trail_settings, reports.trails),
            (config_settings, reports.config),
        ] {
            if named.is_empty() {
                named.extend(read.map(text));
            }
        }
        Ok((texts, reports.said))
    }

    #[cfg(not(feature = "aws"))]
    fn live_texts(&self, _: &Live<'_>) -> Result<(Texts, Vec<Diagnostic>), Vec<Diagnostic>> {
        // Reading the grants says that this build cannot ask.
        Ok((self.texts_of_files(Path::new(""))?, Vec::new()))
    }

    fn texts_of_files(&self, grants: &Path) -> Result<Texts, Vec<Diagnostic>> {
        let snapshot = Snapshot::at(grants);
        let one = |named: &Option<PathBuf>, file: AccountFile| {
            let kept = || snapshot.as_ref().and_then(|own| own.account_file(file));
            named.clone().or_else(kept).map(|path| text(&path)).transpose()
        };
        let several = |named: &[PathBuf], file: AccountFile| -> Result<Vec<Text>, Vec<Diagnostic>> {
            let kept = || snapshot.as_ref().and_then(|own| own.account_file(file));
            let paths: Vec<PathBuf> = if named.is_empty() {
                kept().into_iter().collect()
            } else {
                named.to_vec()
            };
            paths.iter().map(|path| text(path)).collect()
        };
        Ok(Texts {
            credential_report: one(&self.credential_report, AccountFile::CredentialReport)?,
            account_summary: one(&self.account_summary, AccountFile::Summary)?,
            password_policy: one(&self.password_policy, AccountFile::PasswordPolicy)?,
            trail_settings: several(&self.trail_settings, AccountFile::Trails)?,
            config_settings: several(&self.config_settings, AccountFile::Config)?,
        })
    }
}

fn text(path: &Path) -> Result<Text, Vec<Diagnostic>> {
    let text = read_text(path).map_err(|said| vec![*said])?;
    Ok((text, path.to_string_lossy().into_owned()))
}

impl Texts {
    /// What they say.
    pub(super) fn read(&self) -> (Given, Vec<Diagnostic>) {
        let mut said = Vec::new();
        fn one<T>(
            text: &Option<Text>,
            said: &mut Vec<Diagnostic>,
            read: impl Fn(&str, &str) -> (Option<T>, Vec<Diagnostic>),
        ) -> Option<T> {
            let (text, file) = text.as_ref()?;
            let (found, own) = read(text, file);
            said.extend(own);
            found
        }
        let mut given = Given {
            report: one(&self.credential_report, &mut said, read_credential_report),
            summary: one(&self.account_summary, &mut said, read_summary),
            password_policy: one(&self.password_policy, &mut said, read_password_policy),
            ..Given::default()
        };
        if !self.trail_settings.is_empty() {
            let (found, own) = read_trail_settings(&self.trail_settings);
            given.trails = found;
            said.extend(own);
        }
        if !self.config_settings.is_empty() {
            let (found, own) = read_config_settings(&self.config_settings);
            given.config = found;
            said.extend(own);
        }
        (given, said)
    }
}

/// The findings about the principals that are looked at; about the account only where all of them are.
pub(super) fn findings(
    texts: &Texts,
    wanted: &AccountArgs,
    whole: &WholeAccount,
    ledger: &Ledger,
    looked_at: &[&Holder],
) -> (Vec<Finding>, Vec<Diagnostic>) {
    let (given, mut said) = texts.read();
    let Some((_, end)) = ledger.visibility.window else {
        return (Vec::new(), said);
    };
    let case = Case {
        account: &whole.account,
        ledger,
        end,
        given: &given,
    };
    let (mut found, notes) = hygiene::findings(&case);
    said.extend(notes);
    if wanted.chooses() {
        let arns: std::collections::BTreeSet<&str> = looked_at.iter().map(|own| own.arn.as_str()).collect();
        found.retain(|own| arns.contains(own.subject.as_str()));
    }
    (found, said)
}
