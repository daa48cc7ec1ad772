//! A finding as a value.

use schemars::JsonSchema;
use serde::Serialize;

use super::Rule;
use crate::diagnostic::Severity;
use crate::evidence::{Happening, Named, date_of};

/// Something that is wrong. Sorts by severity, code and subject.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// Which kind: stable.
    pub code: &'static str,
    /// Who or what it is about: an ARN; of the account the ARN of its root.
    pub subject: String,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What it rests on.
    pub evidence: Vec<Proof>,
    /// What to do.
    pub fix: String,
    /// As commands of the AWS CLI, where that helps; NAMES IN CAPITALS are to be filled in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<String>,
    /// The page it rests on.
    pub reference: &'static str,
    /// The same for the same finding in every run.
    pub fingerprint: String,
    /// Whether the earlier review does not have it; only where there is one to compare with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_new: Option<bool>,
}

/// What a finding rests on.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Proof {
    /// Where it stands: `trail`, `grants`, `credential report`, …
    pub source: &'static str,
    /// What stands there.
    pub detail: String,
    /// `eventID`s of a few events.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub event_ids: Vec<String>,
    /// The page of this very line, where it has one of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<&'static str>,
}

impl Proof {
    /// A line of a source.
    pub(super) fn of(source: &'static str, detail: impl Into<String>) -> Self {
        Self {
            source,
            detail: detail.into(),
            ..Self::default()
        }
    }

    /// An event of the trail.
    pub(super) fn event(own: &Happening) -> Self {
        let on = if own.on.is_empty() {
            String::new()
        } else {
            format!(" on {}", own.on)
        };
        Self {
            event_ids: Some(own.id.clone())
                .filter(|id| !id.is_empty())
                .into_iter()
                .collect(),
            ..Self::of("trail", format!("{} {} by {}{on}", own.time, own.name, own.by))
        }
    }

    /// Names of the trail with their days.
    pub(super) fn named(what: &str, names: &Named) -> Self {
        let shown: Vec<String> = names
            .iter()
            .take(SHOWN)
            .map(|(name, days)| {
                let count = days.iter().count();
                let last = days.span().and_then(|(_, last)| date_of(last));
                let last = last.map(|date| format!(", last {date}")).unwrap_or_default();
                format!("{name} ({count} days{last})")
            })
            .collect();
        let more = if names.is_more() || names.len() > SHOWN {
            ", and more"
        } else {
            ""
        };
        Self::of("trail", format!("{what}: {}{more}", shown.join(", ")))
    }
}

/// Names that a line shows.
const SHOWN: usize = 8;

impl Finding {
    /// Whether it is to be shown: the earlier review, if there is one, does not have it.
    pub fn is_shown(&self) -> bool {
        self.is_new != Some(false)
    }

    /// A finding of a kind, without evidence yet.
    pub(super) fn new(rule: &'static Rule, subject: impl Into<String>, message: impl Into<String>) -> Self {
        let subject = subject.into();
        Self {
            severity: rule.severity,
            code: rule.code,
            fingerprint: fingerprint(rule.code, &subject),
            subject,
            message: message.into(),
            evidence: Vec::new(),
            fix: rule.help.to_owned(),
            is_new: None,
            commands: Vec::new(),
            reference: rule.reference,
        }
    }

    pub(super) fn proof(mut self, proof: impl IntoIterator<Item = Proof>) -> Self {
        self.evidence.extend(proof);
        self
    }

    pub(super) fn command(mut self, command: impl Into<String>) -> Self {
        self.commands.push(command.into());
        self
    }

    pub(super) fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }
}

/// Over code and subject: there is one finding of a code for a subject, so it stays the same when only its
/// evidence changes.
fn fingerprint(code: &str, subject: &str) -> String {
    format!("{:016x}", crate::fnv::of(code, subject))
}

/// How many of each severity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BySeverity {
    /// Errors.
    pub error: usize,
    /// Warnings.
    pub warning: usize,
    /// Notes.
    pub note: usize,
}

impl BySeverity {
    /// Counts findings.
    pub fn of(findings: &[Finding]) -> Self {
        let count = |severity| findings.iter().filter(|own| own.severity == severity).count();
        Self {
            error: count(Severity::Error),
            warning: count(Severity::Warning),
            note: count(Severity::Note),
        }
    }
}
