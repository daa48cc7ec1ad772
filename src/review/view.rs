//! The view model of a review. Its JSON form is the machine interface.

use std::collections::BTreeSet;

use action_catalog::Level;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::changes::PolicyEditView;
use super::excepted::ExceptedFinding;
use super::prices::PriceView;
use super::since::{Changes, Since};
use crate::backtest::{Outcome, Row};
use crate::diagnostic::Diagnostic;
use crate::exception::{ExceptedView, ExceptionView};
use crate::group::Group;
use crate::hygiene::{BySeverity, Finding};
use crate::recommend::Settled;

/// The answer of `review`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Review {
    /// The version of this format.
    pub schema_version: u32,
    /// The first event of the trail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// The last event of the trail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// Days between the two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<u64>,
    /// All events of the trail, whoever made them.
    pub events: u64,
    /// Regions with events.
    pub regions: BTreeSet<String>,
    /// Added up.
    pub totals: Totals,
    /// The price of each way to run IAM for all principals together; empty unless they are asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub strategies: Vec<Row>,
    /// The principals, by rank.
    pub principals: Vec<PrincipalReview>,
    /// What changed since the earlier review, where one was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changes: Option<Changes>,
    /// The exceptions that were given, and how each stands.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<ExceptionView>,
    /// Findings that exceptions leave alone: they are not among `findings`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub excepted_findings: Vec<ExceptedFinding>,
    /// Principals that use the same things, with one policy for each group; only where they are asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<Group>>,
    /// What is wrong with the account's hygiene, by severity, code and subject.
    pub findings: Vec<Finding>,
    /// What else is to be said.
    pub diagnostics: Vec<Diagnostic>,
}

/// All principals together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Totals {
    /// How many.
    pub principals: usize,
    /// With events of late.
    pub active: usize,
    /// With events, none of late.
    pub dormant: usize,
    /// Without any event.
    pub never_used: usize,
    /// Without any event, and made only lately.
    pub new: usize,
    /// Whose policies are not the account's to change.
    pub fixed: usize,
    /// With a change to propose.
    pub with_change: usize,
    /// Actions that their identity policies name, over all principals.
    pub granted: usize,
    /// Of those, used.
    pub used: usize,
    /// Of those, unused: their use would have shown.
    pub unused: usize,
    /// Of those, unseen: their use would not have shown.
    pub unseen: usize,
    /// Refused calls.
    pub refused_calls: u64,
    /// Findings of hygiene.
    pub findings: BySeverity,
}

/// How a principal stands.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It has events of late.
    #[default]
    Active,
    /// It has events, none of late.
    Dormant,
    /// It has no event in the trail.
    NeverUsed,
    /// It has no event, and was made only lately.
    New,
    /// Its policies belong to a service or to a permission set.
    Fixed,
}

impl Standing {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Dormant => "dormant",
            Self::NeverUsed => "never used",
            Self::New => "new",
            Self::Fixed => "not editable",
        }
    }
}

/// Numbers of actions by AWS's access level; what is none is left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Levels {
    /// List.
    #[serde(skip_serializing_if = "is_zero")]
    pub list: usize,
    /// Read.
    #[serde(skip_serializing_if = "is_zero")]
    pub read: usize,
    /// Write.
    #[serde(skip_serializing_if = "is_zero")]
    pub write: usize,
    /// Tagging.
    #[serde(skip_serializing_if = "is_zero")]
    pub tagging: usize,
    /// Permissions management.
    #[serde(skip_serializing_if = "is_zero")]
    pub permissions: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl Levels {
    /// Counts one action.
    pub fn add(&mut self, level: Level) {
        match level {
            Level::List => self.list += 1,
            Level::Read => self.read += 1,
            Level::Write => self.write += 1,
            Level::Tagging => self.tagging += 1,
            Level::PermissionsManagement => self.permissions += 1,
        }
    }

    /// Adds other numbers.
    pub fn plus(&mut self, other: Self) {
        self.list += other.list;
        self.read += other.read;
        self.write += other.write;
        self.tagging += other.tagging;
        self.permissions += other.permissions;
    }

    /// All of them.
    pub fn total(self) -> usize {
        self.list + self.read + self.write + self.tagging + self.permissions
    }
}

/// One principal.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct PrincipalReview {
    /// From 1: the one to look at first.
    pub rank: usize,
    /// Its ARN.
    pub arn: String,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// How it stands.
    pub standing: Standing,
    /// Its events in the trail.
    pub events: u64,
    /// The first of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// The last of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// On how many days it did anything.
    pub active_days: usize,
    /// Its policies, as a person calls them.
    pub holds: Vec<String>,
    /// A digest of the text of each, in the same order: where it is another, the text is.
    pub digests: Vec<String>,
    /// Actions that its identity policies name.
    pub granted: usize,
    /// Of those, used.
    pub used: usize,
    /// Of those, unused: their use would have shown.
    pub unused: usize,
    /// Of those, unseen: their use would not have shown. They stay.
    pub unseen: usize,
    /// Actions that go with the proposal.
    pub goes: Levels,
    /// Known dangerous paths that its grants are enough for, by name.
    pub dangers: Vec<&'static str>,
    /// Of those, the ones that the proposal closes.
    pub dangers_closed: Vec<&'static str>,
    /// The binary logarithm of the requests permitted now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bits_before: Option<f64>,
    /// The same after the proposal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bits_after: Option<f64>,
    /// By service: granted against used. Each of which anything was used, and of the others those of which most
    /// is granted.
    pub services: Vec<ServiceView>,
    /// The services of which nothing was used that do not stand among `services`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_services: Option<OtherServices>,
    /// What was used, with its evidence.
    pub uses: Vec<UsedView>,
    /// What was refused, most often first.
    pub refusals: Vec<RefusalView>,
    /// Refused calls.
    pub refused_calls: u64,
    /// Whether there is a change to propose.
    pub changes: bool,
    /// What the proposal does to each policy that changes, in words.
    pub edits: Vec<String>,
    /// What it does to each policy that changes, statement by statement.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub diff: Vec<PolicyEditView>,
    /// What stays because it was used, on which resources, by which rule.
    pub kept: Vec<KeptView>,
    /// What changed since the earlier review, where one was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Since>,
    /// What exceptions leave alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub excepted: Vec<ExceptedView>,
    /// The proposal's file, where files were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Had the proposal been made so many days before the end of the trail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backtest: Option<Outcome>,
    /// The price of each way to run IAM for it; empty unless they are asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub prices: Vec<PriceView>,
}

/// Services of which nothing was used, together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OtherServices {
    /// Their prefixes.
    pub services: Vec<String>,
    /// Actions granted.
    pub granted: Levels,
    /// Actions that go.
    pub goes: Levels,
    /// Actions that stay because their use would not have shown.
    pub unseen: usize,
}

/// A service: granted against used.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ServiceView {
    /// Its prefix.
    pub service: String,
    /// Actions granted.
    pub granted: Levels,
    /// Actions used.
    pub used: Levels,
    /// Actions that go.
    pub goes: Levels,
    /// Actions that stay because their use would not have shown.
    pub unseen: usize,
    /// Calls that needed an action of it.
    pub calls: u64,
    /// The last of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// The first of the actions that go, by name, where anything of the service stays by use; otherwise all of it
    /// goes that was granted and would have shown. All of them are in the proposal.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unused: Vec<String>,
    /// Events by day: days since 1970-01-01 (UTC) and their number. Events of the source of this name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<(i32, u64)>,
}

/// An action that was used.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct UsedView {
    /// The action.
    pub action: String,
    /// Calls that were not refused.
    pub calls: u64,
    /// The first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// The last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// How many distinct resources.
    pub resources: usize,
    /// Whether the grants name it.
    pub granted: bool,
    /// `eventID`s of the earliest few.
    pub event_ids: Vec<String>,
}

/// Something refused.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RefusalView {
    /// The action.
    pub action: String,
    /// On what.
    pub resource: String,
    /// How often.
    pub calls: u64,
    /// The last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// What would settle it.
    pub settled: Settled,
    /// `eventID`s of the earliest few.
    pub event_ids: Vec<String>,
}

/// What stays by use.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct KeptView {
    /// The actions.
    pub actions: Vec<String>,
    /// On which resources, each with the rule behind it.
    pub resources: Vec<crate::recommend::Narrowed>,
}

/// The JSON schema of a review.
pub fn review_schema() -> serde_json::Value {
    crate::report::schema_of::<Review>()
}
