//! The view model of `check`. Its JSON form is the machine interface.

use schemars::JsonSchema;
use serde::Serialize;

use crate::diagnostic::{Code, Diagnostic};
use crate::simulate::view::{RequestView, StatementView};

/// The answer of `check`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Check {
    /// The version of this format.
    pub schema_version: u32,
    /// What came of all that was asked.
    pub verdict: Verdict,
    /// What was asked.
    pub checks: Checks,
    /// What was found, by policy and statement.
    pub findings: Vec<Finding>,
    /// How much is permitted.
    pub permits: Permits,
}

/// What came of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It holds over all actions, resources and conditions (of observed use: over all of it).
    Proved,
    /// It does not hold: the findings say where.
    Differs,
    /// It could not be decided.
    Undecided,
}

/// What was asked; what was not is absent.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct Checks {
    /// `--against`: do the new policies allow nothing that the old ones do not?
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_access: Option<Verdict>,
    /// `--deny-access`: do the policies allow nothing of what must not be allowed?
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denied_access: Option<Verdict>,
    /// `--trail`: do the new policies still allow what was used?
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost_use: Option<Uses>,
}

/// Observed uses (action, resource, context) that were decided anew.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct Uses {
    /// Whose.
    pub principal: String,
    /// All of them.
    pub observed: usize,
    /// Those that the new policies certainly allow.
    pub allowed: usize,
    /// Those that hang on something not recorded, by statements that are the same in the old policies:
    /// allowed exactly when they were.
    pub carried: usize,
    /// Those that the old policies do not allow: something else did.
    pub unexplained: usize,
    /// Those that the new policies refuse.
    pub lost: usize,
    /// Those that could not be decided.
    pub undecided: usize,
}

/// Something that was found: a diagnostic and what it is about.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Finding {
    /// What to say, and where: the line of the entry of `Action` where there is one.
    #[serde(flatten)]
    pub diagnostic: Diagnostic,
    /// The statement of the new policies that allows it; of a lost use, the one that denies it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<StatementView>,
    /// Which actions.
    pub actions: ActionsView,
    /// On what: entries of the statement's `Resource` (of `NotResource`: what it leaves out); of a lost
    /// use, the resources that were used.
    pub resources: Vec<String>,
    /// Who can ask, where resource policies are compared.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub principals: Vec<String>,
    /// Why it is a finding; absent where it could not be decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<BecauseView>,
    /// What it hangs on, where it could not be decided.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<String>,
    /// One request, in the form in which `simulate --requests` reads it; condition keys that it does
    /// not name are absent.
    pub example: RequestView,
}

/// Actions of a finding.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ActionsView {
    /// Those that the catalog knows.
    pub known: Vec<String>,
    /// One that it does not know; there may be others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
}

/// Why it is a finding.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum BecauseView {
    /// No statement of this layer of the other side allows it.
    NotAllowed {
        /// `identity`, `boundary`, `scp:0`, `resource`.
        layer: String,
    },
    /// A statement of the other side denies it.
    Denied {
        /// Where it stands.
        by: StatementView,
    },
    /// It must not be allowed.
    Forbidden {
        /// The action patterns of `--deny-access` that name it.
        by: Vec<String>,
    },
}

/// How much is permitted, boundary and other limits included.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Permits {
    /// What the number of requests means, in one line.
    pub meaning: &'static str,
    /// The binary logarithm of the requests that the old policies permit, to two places; absent where
    /// there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old_requests_log2: Option<f64>,
    /// The same of the new policies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_requests_log2: Option<f64>,
}

impl Verdict {
    /// The verdict of these findings.
    pub fn of(findings: &[Finding]) -> Self {
        let undecided = |finding: &Finding| finding.diagnostic.code == Code::UndecidedAccess;
        match findings {
            [] => Self::Proved,
            all if all.iter().all(undecided) => Self::Undecided,
            _ => Self::Differs,
        }
    }
}
