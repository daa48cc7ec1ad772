//! The strategies for one principal, side by side.

use schemars::JsonSchema;
use serde::Serialize;

use super::Price;
use crate::backtest::Backtest;
use crate::diagnostic::Diagnostic;
use crate::policy::quota;

/// The version of the JSON.
pub const SCHEMA_VERSION: u32 = 1;

/// The answer of `recommend --strategy all`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SideBySide {
    /// The version of this format.
    pub schema_version: u32,
    /// Whose.
    pub principal: String,
    /// The principal's events in the trail.
    pub events: u64,
    /// The first event of the trail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// The last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// What IAM takes.
    pub quotas: Quotas,
    /// Each strategy; the present grants first.
    pub strategies: Vec<Compared>,
    /// What else is to be said.
    pub diagnostics: Vec<Diagnostic>,
}

/// What IAM takes
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>).
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
pub struct Quotas {
    /// Managed policies attached to one principal, unless raised.
    pub policies: usize,
    /// Characters of one managed policy.
    pub characters: usize,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            policies: quota::ATTACHED.limit,
            characters: quota::MANAGED_POLICY.limit,
        }
    }
}

/// A strategy beside the others.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Compared {
    /// What it is, in a sentence.
    pub meaning: &'static str,
    /// Its price, for the use of the whole trail.
    #[serde(flatten)]
    pub price: Price,
    /// What it would have refused in the last days, learnt from those before; absent where the trail is too
    /// short, or shows nothing of the principal before them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judged: Option<Backtest>,
}

/// The JSON schema of `recommend --strategy all --format json`.
pub fn side_by_side_schema() -> serde_json::Value {
    crate::report::schema_of::<SideBySide>()
}
