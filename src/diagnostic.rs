//! Everything the program can say to a person about its input, and nothing else: one [`Code`] a
//! kind, a message that says what is wrong, a [`Place`] that says where, a help that says what to
//! do next.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Part of the input could not be used.
    Error,
    /// Used, but probably not what its author meant.
    Warning,
    /// Worth knowing.
    Note,
}

/// Every kind of thing the program says. The text form is stable: scripts match on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Code {
    /// A file or folder that could not be read.
    UnreadableFile,
    /// A folder, or a file, without any CloudTrail record.
    NothingFound,
    /// A gzip stream that ends early or is damaged.
    BrokenGzip,
    /// Neither JSON nor gzip.
    NotATrail,
    /// JSON that ends early or breaks off.
    BrokenJson,
    /// One record that is not usable as a CloudTrail record; it is counted and skipped.
    BrokenRecord,
    /// A CloudTrail digest file: skipped, it holds signatures, not events.
    DigestFile,
    /// CloudTrail Insights events: skipped, they hold statistics, not calls.
    InsightFile,
    /// Files of other regions or accounts than those asked for, by their paths.
    LeftOut,
    /// Events that were delivered long after they happened.
    LateDelivery,
    /// A policy document that is not JSON.
    PolicySyntax,
    /// A policy document that is JSON but no policy.
    PolicyShape,
    /// The same key twice in one object.
    DuplicateKey,
    /// A comment in a policy document: JSON has none.
    Comment,
    /// An action that the catalog does not know.
    UnknownAction,
    /// A service prefix that the catalog does not know.
    UnknownService,
    /// A resource pattern that is neither `*` nor an ARN of six parts.
    UnusualResource,
    /// A condition operator that does not exist.
    UnknownOperator,
    /// A condition key that the catalog does not know.
    UnknownKey,
    /// A condition key that no action of the statement is asked with.
    UnsupportedKey,
    /// A resource that no action of the statement works on, or an action that works on none of them.
    UnsupportedResource,
    /// Files of AWS's service reference: what they changed, or why one was not used.
    ServiceReference,
    /// Grants that could not be read as get-account-authorization-details or as a policy.
    GrantsShape,
    /// Requests to decide that could not be read.
    RequestShape,
    /// A file that is not what it was given as: a credential report, settings of trails or of AWS Config.
    SettingsShape,
    /// Settings of the account that were not given: what rests on them is not found.
    SettingsNotGiven,
    /// A file that is no output of get-event-selectors.
    SelectorsShape,
    /// A policy is named but its text is neither given nor in the catalog.
    PolicyNotGiven,
    /// No such principal in the grants or the trail.
    UnknownPrincipal,
    /// The name fits more than one principal.
    AmbiguousPrincipal,
    /// The principal has no events in this trail.
    NoEvents,
    /// The principal cannot be edited by its account (service-linked roles, Identity Center roles).
    NotEditable,
    /// A policy that other principals hold as well.
    SharedPolicy,
    /// The window is short.
    ShortWindow,
    /// The trail shows one region only.
    OneRegion,
    /// A quota of IAM that a proposal meets.
    Quota,
    /// An observed call that the given grants do not explain.
    Unexplained,
    /// The proof failed: a bug in leastgrant.
    ProofFailed,
    /// Access that the old policies do not allow.
    NewAccess,
    /// Access that must not be allowed.
    DeniedAccess,
    /// An observed use that would be refused.
    LostUse,
    /// Access of which it could not be decided.
    UndecidedAccess,
    /// A call to AWS that the caller of the program may not make.
    AwsDenied,
    /// AWS refused a call for too many of them.
    AwsThrottled,
    /// No credentials, or none that AWS accepts.
    AwsCredentials,
    /// What was asked of AWS is not there.
    AwsNotFound,
    /// AWS did not answer.
    AwsUnreachable,
    /// A call to AWS that failed otherwise.
    AwsFailed,
    /// What a query of Athena scans.
    AthenaScan,
    /// What Access Analyzer says.
    AccessAnalyzer,
    /// A layer of policies that is in force but could not be read.
    LayerUnknown,
    /// The program was told to stop.
    Interrupted,
    /// What is in the account is no longer what the proposal was made from.
    Stale,
    /// A change that is not made without an explicit flag.
    GuardRail,
    /// A file of exceptions that is not one.
    ExceptionShape,
    /// An exception that holds, and is not followed here.
    ExceptionInForce,
    /// An exception that no longer holds.
    ExceptionExpired,
    /// An exception that ends soon.
    ExceptionEnds,
    /// An exception that leaves nothing alone.
    ExceptionUnmatched,
    /// An earlier review that cannot be compared with.
    BaselineShape,
    /// A store of evidence: what is wrong with it, or what it cannot answer.
    EvidenceStore,
    /// Something this version does not do yet.
    Unsupported,
}

impl Code {
    /// The stable text form, as JSON has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnreadableFile => "unreadable-file",
            Self::NothingFound => "nothing-found",
            Self::BrokenGzip => "broken-gzip",
            Self::NotATrail => "not-a-trail",
            Self::BrokenJson => "broken-json",
            Self::BrokenRecord => "broken-record",
            Self::DigestFile => "digest-file",
            Self::InsightFile => "insight-file",
            Self::LeftOut => "left-out",
            Self::LateDelivery => "late-delivery",
            Self::PolicySyntax => "policy-syntax",
            Self::PolicyShape => "policy-shape",
            Self::DuplicateKey => "duplicate-key",
            Self::Comment => "comment",
            Self::UnknownAction => "unknown-action",
            Self::UnknownService => "unknown-service",
            Self::UnusualResource => "unusual-resource",
            Self::UnknownOperator => "unknown-operator",
            Self::UnknownKey => "unknown-key",
            Self::UnsupportedKey => "unsupported-key",
            Self::UnsupportedResource => "unsupported-resource",
            Self::ServiceReference => "service-reference",
            Self::GrantsShape => "grants-shape",
            Self::RequestShape => "request-shape",
            Self::SettingsShape => "settings-shape",
            Self::SettingsNotGiven => "settings-not-given",
            Self::SelectorsShape => "selectors-shape",
            Self::PolicyNotGiven => "policy-not-given",
            Self::UnknownPrincipal => "unknown-principal",
            Self::AmbiguousPrincipal => "ambiguous-principal",
            Self::NoEvents => "no-events",
            Self::NotEditable => "not-editable",
            Self::SharedPolicy => "shared-policy",
            Self::ShortWindow => "short-window",
            Self::OneRegion => "one-region",
            Self::Quota => "quota",
            Self::Unexplained => "unexplained",
            Self::ProofFailed => "proof-failed",
            Self::NewAccess => "new-access",
            Self::DeniedAccess => "denied-access",
            Self::LostUse => "lost-use",
            Self::UndecidedAccess => "undecided-access",
            Self::AwsDenied => "aws-denied",
            Self::AwsThrottled => "aws-throttled",
            Self::AwsCredentials => "aws-credentials",
            Self::AwsNotFound => "aws-not-found",
            Self::AwsUnreachable => "aws-unreachable",
            Self::AwsFailed => "aws-failed",
            Self::AthenaScan => "athena-scan",
            Self::AccessAnalyzer => "access-analyzer",
            Self::LayerUnknown => "layer-unknown",
            Self::Interrupted => "interrupted",
            Self::Stale => "stale",
            Self::GuardRail => "guard-rail",
            Self::ExceptionShape => "exception-shape",
            Self::ExceptionInForce => "exception-in-force",
            Self::ExceptionExpired => "exception-expired",
            Self::ExceptionEnds => "exception-ends",
            Self::ExceptionUnmatched => "exception-unmatched",
            Self::BaselineShape => "baseline-shape",
            Self::EvidenceStore => "evidence-store",
            Self::Unsupported => "unsupported",
        }
    }
}

/// Where in the input. Numbers count from 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, JsonSchema)]
pub struct Place {
    /// The file as the person named it; `-` for standard input.
    pub file: String,
    /// The record's number in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<u64>,
    /// The line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The column, in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u64>,
}

impl Place {
    /// A whole file.
    pub fn file(file: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            ..Self::default()
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
            if let Some(column) = self.column {
                write!(f, ":{column}")?;
            }
        }
        if let Some(record) = self.record {
            write!(f, " (record {record})")?;
        }
        Ok(())
    }
}

/// A line of the input and the part of it to point at, so that a report can show it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
pub struct Excerpt {
    /// The line's text, without its end.
    pub text: String,
    /// Byte offsets into `text`: from, to.
    pub span: (usize, usize),
}

/// One thing to say.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
pub struct Diagnostic {
    /// How bad.
    pub severity: Severity,
    /// Which kind.
    pub code: Code,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The text at the place. Only for what a person wrote (policies), never for trail records.
    #[serde(skip)]
    pub excerpt: Option<Excerpt>,
}

impl Diagnostic {
    /// An error.
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message)
    }

    /// A warning.
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message)
    }

    /// A note.
    pub fn note(code: Code, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, code, message)
    }

    fn new(severity: Severity, code: Code, message: impl Into<String>) -> Self {
        Self {
            severity,
            code,
            message: message.into(),
            place: None,
            help: None,
            excerpt: None,
        }
    }

    /// The same, with a place.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// The same, with what to do next.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same, with the text to point into.
    #[must_use]
    pub fn excerpt(mut self, excerpt: Excerpt) -> Self {
        self.excerpt = Some(excerpt);
        self
    }
}
