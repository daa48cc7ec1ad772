//! The view model of `recommend`: everything a report shows, already in words and numbers. Its JSON
//! form is the machine interface.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::backtest::Backtest;
use crate::diagnostic::Diagnostic;
use crate::diff::Edit;
use crate::grants::Origin;
use crate::plan::Plan;
use crate::recommend::conditions::{Suggestion, Tried};
use crate::recommend::{Change, Danger, Reason, Settled};
use crate::report::PermitsView;
use crate::strategy::Price;

/// The answer of `recommend`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Recommendation {
    /// The version of this format.
    pub schema_version: u32,
    /// Whom it is about.
    pub principal: PrincipalView,
    /// The answer in numbers.
    pub summary: Summary,
    /// The strategy that was asked for by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<StrategyView>,
    /// What the trail could have shown.
    pub visibility: VisibilityView,
    /// What happens to each policy, statement by statement, with reasons.
    pub edits: Vec<Edit>,
    /// Every policy as it is after the change.
    pub policies: Vec<PolicyView>,
    /// What `leastgrant apply` would do, where grants of an account were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    /// Actions that were used.
    pub used: Vec<UsedView>,
    /// Calls that were refused.
    pub refused: Vec<RefusedView>,
    /// Actions that were granted, could have been seen, and were not: they go.
    pub unused: Vec<GrantedView>,
    /// Actions that were granted and whose use this trail could not show: they stay.
    pub unseen: Vec<UnseenView>,
    /// Actions that the permissions boundary never allows: they go.
    pub ineffective: Vec<GrantedView>,
    /// Unseen actions that go because the caller decided so.
    pub left_out: Vec<GrantedView>,
    /// Actions that stay because AWS lists them as needed by one that was used, or because the
    /// catalog does not know them.
    pub kept_otherwise: Vec<UnseenView>,
    /// Events that the catalog does not know.
    pub unmapped: Vec<UnmappedView>,
    /// Events that IAM does not authorize, by class.
    pub not_authorized: BTreeMap<String, u64>,
    /// What to look at twice in what is left.
    pub dangers: Vec<Danger>,
    /// Conditions that held for every use of a statement, and could be asked for.
    pub conditions: Vec<Suggestion>,
    /// How each kind of condition, learnt from the earlier part of the trail, does in the later.
    pub conditions_tried: Vec<Tried>,
    /// The proof.
    pub proof: ProofView,
    /// What a proposal made without the last 30 days would have refused in them; absent where the trail is too
    /// short, or shows nothing of the principal before them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backtest: Option<Backtest>,
    /// Everything else that is to be said.
    pub diagnostics: Vec<Diagnostic>,
}

/// A strategy with what it permits beyond the grants and the use.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct StrategyView {
    /// What it is, in a sentence.
    pub meaning: &'static str,
    /// Actions granted today that it no longer permits.
    pub loses: usize,
    /// The price of what is in force after the change.
    #[serde(flatten)]
    pub price: Price,
}

/// Whom it is about.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PrincipalView {
    /// Its ARN.
    pub arn: String,
    /// When it was made, where the grants say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
}

/// The answer in numbers.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Summary {
    /// The principal's events in the trail.
    pub events: u64,
    /// The first of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// The last of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// Actions of the catalog that the identity policies name before the change.
    pub actions_before: usize,
    /// The same after the change.
    pub actions_after: usize,
    /// How much is permitted before and after.
    pub permits: PermitsView,
    /// Of those before, used.
    pub used: usize,
    /// Of those before, unused.
    pub unused: usize,
    /// Of those before, not to be seen by this trail.
    pub unseen: usize,
    /// Distinct actions refused.
    pub refused: usize,
    /// Policies that change, go or are made.
    pub policies_changed: usize,
    /// Statements narrowed.
    pub statements_narrowed: usize,
    /// Statements removed.
    pub statements_removed: usize,
    /// Observed calls that would be refused after the change: always 0, or the proposal is withdrawn.
    pub observed_calls_lost: usize,
    /// Whether anything changes.
    pub changes: bool,
}

/// What the trail could have shown.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct VisibilityView {
    /// All events of the trail.
    pub events: u64,
    /// The first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// The last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// Days between the two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<u64>,
    /// Regions with events.
    pub regions: BTreeSet<String>,
    /// Management events that read.
    pub management_read: bool,
    /// Management events that write.
    pub management_write: bool,
    /// Data events by resource type: the containers of which there are any, or what the event
    /// selectors name.
    pub data: BTreeMap<String, Vec<String>>,
    /// `trail` (read from the events themselves) or `event-selectors`.
    pub known_from: &'static str,
    /// What to switch on to see more, with how many of the granted actions it would show.
    pub switch_on: BTreeMap<String, usize>,
}

/// A policy after the change.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PolicyView {
    /// Where it comes from.
    pub origin: Origin,
    /// What happened to it.
    pub change: Change,
    /// Its size as IAM counts it: characters without white space.
    pub size: usize,
    /// The document.
    pub document: Value,
}

/// An action that was used.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct UsedView {
    /// The action.
    pub action: String,
    /// How often, when, which events: over all resources.
    #[serde(flatten)]
    pub calls: CallsView,
    /// Whether AWS documents that these calls need the action.
    pub certain: bool,
    /// Whether the grants name the action.
    pub granted: bool,
    /// By resource; `unknown` where an event does not say.
    pub resources: Vec<ResourceView>,
}

/// Counts, times and events.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CallsView {
    /// Calls that succeeded.
    pub succeeded: u64,
    /// Calls that failed after authorization, as far as one can tell: weaker evidence.
    pub failed: u64,
    /// Calls whose error says nothing of permission.
    pub inconclusive: u64,
    /// The first call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// The last call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// Operations behind it: `s3.amazonaws.com/HeadObject`.
    pub operations: BTreeMap<String, u64>,
    /// Calls that a service made on the principal's behalf, by service.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub via: BTreeMap<String, u64>,
    /// `eventID`s of the earliest few.
    pub event_ids: Vec<String>,
}

/// Calls on one resource.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ResourceView {
    /// The ARN, a pattern, `*`, or `unknown`.
    pub resource: String,
    /// Counts, times and events.
    #[serde(flatten)]
    pub calls: CallsView,
}

/// A refused call.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RefusedView {
    /// The action.
    pub action: String,
    /// On what.
    pub resource: String,
    /// How often.
    pub count: u64,
    /// The first refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// The last refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// What would settle it.
    pub settled: Settled,
    /// The layer that would have to change, where no identity statement helps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<String>,
    /// The known paths that adding it would open, by the names that `--allow-dangerous` takes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub opens: Vec<&'static str>,
    /// `eventID`s of the earliest few.
    pub event_ids: Vec<String>,
}

/// A granted action.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct GrantedView {
    /// The action.
    pub action: String,
    /// AWS's access level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_level: Option<String>,
}

/// An action that stays without use.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct UnseenView {
    /// The action.
    pub action: String,
    /// Why it stays.
    #[serde(flatten)]
    pub reason: Reason,
}

/// Events that the catalog does not know.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct UnmappedView {
    /// `eventSource`.
    pub event_source: String,
    /// `eventName`.
    pub event_name: String,
    /// `unknown-source` or `unknown-event`.
    pub reason: String,
    /// How often.
    pub count: u64,
}

/// The proof.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ProofView {
    /// Observed uses evaluated before and after.
    pub checked: usize,
    /// Of those, certainly allowed after the change.
    pub allowed: usize,
    /// Observed calls that would be refused.
    pub lost: Vec<UseView>,
    /// Grants that were not granted before and not asked for.
    pub new: Vec<GapView>,
    /// Observed calls that cannot be decided after the change.
    pub unknown: Vec<UseView>,
    /// Observed calls that hang on something not recorded, and are allowed exactly when they were.
    pub carried: Vec<UseView>,
    /// Grants that were asked for.
    pub requested: Vec<GapView>,
    /// Observed calls that the given grants do not explain.
    pub unexplained: Vec<UseView>,
}

/// An observed use.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct UseView {
    /// Who.
    pub principal: String,
    /// The action.
    pub action: String,
    /// On what.
    pub resource: String,
    /// What would decide it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

/// A grant that goes beyond what was granted.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct GapView {
    /// `wider`, or `undecided` where it cannot be shown that it is not.
    pub kind: &'static str,
    /// The action.
    pub action: String,
    /// The resource, as the statement that grants it has it.
    pub resource: String,
}
