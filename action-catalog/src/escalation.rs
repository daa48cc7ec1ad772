//! What permissions open beyond what they say: known paths from a set of actions to more than these
//! actions, each with the page that describes it.

use serde::{Deserialize, Serialize};

/// A path: whoever holds one action of each entry of `all` can do what `title` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    /// Unique, in kebab case.
    pub name: String,
    /// What the holder can do, as the rest of a sentence whose subject is the holder.
    pub title: String,
    /// What it leads to.
    pub kind: EscalationKind,
    /// Actions with prefix (`iam:PassRole`): any one of each entry, and of all entries.
    pub all: Vec<Vec<String>>,
    /// On which resources it is a danger.
    pub on: EscalationOn,
    /// Where it is described.
    pub source: String,
}

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EscalationKind {
    /// More permissions than were granted.
    PrivilegeEscalation,
    /// Credentials that others use, or that outlast the grant.
    CredentialExposure,
    /// A resource that other accounts or everybody can reach.
    PublicAccess,
    /// A change of what holds others back.
    PermissionsManagement,
    /// Data behind the back of what guards it.
    DataExposure,
}

impl EscalationKind {
    /// As in the data: `privilege-escalation`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PrivilegeEscalation => "privilege-escalation",
            Self::CredentialExposure => "credential-exposure",
            Self::PublicAccess => "public-access",
            Self::PermissionsManagement => "permissions-management",
            Self::DataExposure => "data-exposure",
        }
    }
}

/// On which resources a path is a danger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EscalationOn {
    /// Even on a single one.
    Any,
    /// On any but the holder's own user.
    Other,
    /// Where `iam:PassRole` is granted on more than one chosen role; the other actions on any resource.
    Role,
    /// On all resources of a kind; on a chosen one it is what was asked for.
    Wide,
}
