//! What a proposal means as calls to IAM, in an order in which nobody ever holds less than before and after
//! together; and how each step is taken back.
//!
//! A [`Plan`] is data: it goes with the proposal's JSON, and says of each policy what it was, so that
//! whoever applies it can tell whether it still is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::arn::Arn;
use crate::grants::{Grants, Origin};
use crate::policy::print;
use crate::recommend::{Change, PolicyChange, Proposal};

#[cfg(test)]
mod tests;

/// The version of the plan's format, and of the rollback file's.
pub const SCHEMA_VERSION: u32 = 1;

/// The steps that bring a proposal about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    /// The account that it is for.
    pub account: String,
    /// Whose policies change: an ARN.
    pub principal: String,
    /// In this order.
    pub steps: Vec<Step>,
}

/// One change of one policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Step {
    /// A customer managed policy is made, and attached.
    Create {
        /// Its name.
        name: String,
        /// Its text.
        after: Value,
        /// To whom.
        attach: AttachTo,
    },
    /// A customer managed policy gets a new version, which becomes the default.
    Version {
        /// Its ARN.
        policy_arn: String,
        /// The version that the proposal was made from.
        version: Option<String>,
        /// That version's text.
        before: Value,
        /// The new text.
        after: Value,
    },
    /// An inline policy gets another text, or goes.
    Inline {
        /// Whose it is.
        of: Bearer,
        /// Its name.
        name: String,
        /// Its text as the proposal was made; absent where there was none.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        before: Option<Value>,
        /// The new text; absent where it goes.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        after: Option<Value>,
    },
    /// A managed policy is detached.
    Detach {
        /// From whom.
        of: Bearer,
        /// Its ARN.
        policy_arn: String,
        /// The version that the proposal was made from.
        version: Option<String>,
    },
}

/// Who bears a policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", content = "name", rename_all = "lowercase")]
pub enum Bearer {
    /// A role, by name.
    Role(String),
    /// A user, by name.
    User(String),
    /// A group, by name.
    Group(String),
}

/// To whom a new policy is attached.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AttachTo {
    /// To one.
    One(Bearer),
    /// To everybody to whom this managed policy is attached: its ARN.
    AsIs(String),
}

impl Bearer {
    /// The role or user of an ARN.
    pub fn of_arn(arn: &str) -> Option<Self> {
        let (kind, path) = Arn::parse(arn)?.resource.split_once('/')?;
        let name = path.rsplit('/').next()?.to_owned();
        match kind {
            "role" => Some(Self::Role(name)),
            "user" => Some(Self::User(name)),
            "group" => Some(Self::Group(name)),
            _ => None,
        }
    }

    /// `Role`, `User`, `Group`: as IAM's operations and parameters begin.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Role(_) => "Role",
            Self::User(_) => "User",
            Self::Group(_) => "Group",
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Role(name) | Self::User(name) | Self::Group(name) => name,
        }
    }
}

impl std::fmt::Display for Bearer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.kind().to_lowercase(), self.name())
    }
}

/// What a step does, for a person.
impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Create {
                name,
                attach: AttachTo::One(to),
                ..
            } => {
                write!(f, "make customer managed policy {name} and attach it to {to}")
            }
            Self::Create {
                name,
                attach: AttachTo::AsIs(arn),
                ..
            } => {
                write!(
                    f,
                    "make customer managed policy {name} and attach it as {} is",
                    short(arn)
                )
            }
            Self::Version { policy_arn, .. } => {
                write!(
                    f,
                    "give customer managed policy {} a new default version",
                    short(policy_arn)
                )
            }
            Self::Inline {
                of,
                name,
                before: None,
                ..
            } => write!(f, "add inline policy {name} to {of}"),
            Self::Inline {
                of,
                name,
                after: None,
                ..
            } => write!(f, "delete inline policy {name} of {of}"),
            Self::Inline { of, name, .. } => write!(f, "change inline policy {name} of {of}"),
            Self::Detach { of, policy_arn, .. } => write!(f, "detach {} from {of}", short(policy_arn)),
        }
    }
}

fn short(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

impl Plan {
    /// The steps of a proposal for the principal of `grants`; `None` where there is none, or where it is
    /// not known of what account it is. Policies that came as files have no place in an account.
    pub fn of(proposal: &Proposal, grants: &Grants) -> Option<Self> {
        let principal = grants.principal.as_deref()?;
        let account = Arn::parse(principal)?.account.to_owned();
        let own = Bearer::of_arn(principal)?;
        if account.is_empty() || !proposal.changes_anything() {
            return None;
        }
        let mut steps = Vec::new();
        for change in &proposal.policies {
            steps.extend(step(change, &own)?);
        }
        steps.sort_by_key(order);
        Some(Self {
            account,
            principal: principal.to_owned(),
            steps,
        })
    }
}

/// What is added comes first, what is taken away last.
fn order(step: &Step) -> u8 {
    match step {
        Step::Create { .. } => 0,
        Step::Inline { before: None, .. } => 1,
        Step::Version { .. } => 2,
        Step::Inline { after: Some(_), .. } => 3,
        Step::Detach { .. } => 4,
        Step::Inline { .. } => 5,
    }
}

/// `None`: it cannot be done in an account. An empty list: nothing is to be done.
fn step(change: &PolicyChange, own: &Bearer) -> Option<Vec<Step>> {
    let text = |document: &Option<crate::policy::Document>| document.as_ref().map(print::document_value);
    let bearer =
        |group: Option<&str>| group.map_or_else(|| own.clone(), |name| Bearer::Group(name.to_owned()));
    let step = match (&change.change, &change.origin) {
        (Change::Unchanged, _) => return Some(Vec::new()),
        (Change::Create, Origin::New { name }) => {
            let attach = match &change.replaces {
                Some(Origin::CustomerManaged { arn, .. }) => AttachTo::AsIs(arn.clone()),
                Some(origin) => AttachTo::One(bearer(origin.group())),
                None => AttachTo::One(own.clone()),
            };
            let after = text(&change.after)?;
            Step::Create {
                name: name.clone(),
                after,
                attach,
            }
        }
        (Change::Edit, Origin::CustomerManaged { arn, version, .. }) => Step::Version {
            policy_arn: arn.clone(),
            version: version.clone(),
            before: text(&change.before)?,
            after: text(&change.after)?,
        },
        (
            Change::Delete | Change::Detach,
            Origin::CustomerManaged { arn, version, group } | Origin::AwsManaged { arn, version, group },
        ) => Step::Detach {
            of: bearer(group.as_deref()),
            policy_arn: arn.clone(),
            version: version.clone(),
        },
        (_, Origin::Inline { name } | Origin::GroupInline { name, .. }) => Step::Inline {
            of: bearer(change.origin.group()),
            name: name.clone(),
            before: text(&change.before),
            after: text(&change.after),
        },
        _ => return None,
    };
    Some(vec![step])
}

/// What a rollback file holds: everything as it was before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rollback {
    /// The version of this format.
    pub schema_version: u32,
    /// The account.
    pub account: String,
    /// Whose policies were changed.
    pub principal: String,
    /// When it was written.
    pub written: String,
    /// What to restore, in this order: the reverse of how it was changed.
    pub restore: Vec<Restore>,
}

/// The state of one policy to go back to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "restore", rename_all = "kebab-case")]
pub enum Restore {
    /// The policy was made: detach it from everybody, and delete it.
    Remove {
        /// Its ARN.
        policy_arn: String,
        /// The text that it was made with: with any other it is somebody else's by now.
        made: Value,
    },
    /// This version was the default; the one with the text `made` was made.
    Version {
        /// The policy's ARN.
        policy_arn: String,
        /// The version that was the default.
        version: String,
        /// Its text, to the byte.
        text: String,
        /// The text that was put in its place.
        made: Value,
        /// The version that was deleted to make room, with its text.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pruned: Option<(String, String)>,
    },
    /// The inline policy had this text, to the byte; or was not there.
    Inline {
        /// Whose it is.
        of: Bearer,
        /// Its name.
        name: String,
        /// Its text.
        text: Option<String>,
        /// The text that was put in its place; absent where it was deleted.
        made: Option<Value>,
    },
    /// The policy was attached.
    Attach {
        /// To whom.
        of: Bearer,
        /// Its ARN.
        policy_arn: String,
    },
}
