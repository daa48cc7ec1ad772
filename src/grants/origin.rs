//! Where a policy comes from, and who may change it.

use schemars::JsonSchema;
use serde::Serialize;

/// Where a policy in force comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Origin {
    /// Inline in the principal.
    Inline {
        /// `PolicyName`.
        name: String,
    },
    /// A customer managed policy attached to the principal.
    CustomerManaged {
        /// Its ARN.
        arn: String,
        /// The default version.
        version: Option<String>,
        /// The group through which it is held; absent where it is attached directly.
        #[serde(skip_serializing_if = "Option::is_none")]
        group: Option<String>,
    },
    /// An AWS managed policy.
    AwsManaged {
        /// Its ARN.
        arn: String,
        /// The default version.
        version: Option<String>,
        /// The group through which it is held; absent where it is attached directly.
        #[serde(skip_serializing_if = "Option::is_none")]
        group: Option<String>,
    },
    /// Inline in a group of the user.
    GroupInline {
        /// `GroupName`.
        group: String,
        /// `PolicyName`.
        name: String,
    },
    /// The permissions boundary.
    Boundary {
        /// The boundary policy's ARN.
        arn: String,
    },
    /// A policy file given on the command line.
    File {
        /// The path as given.
        path: String,
    },
    /// A policy that the proposal makes.
    New {
        /// The proposed policy name.
        name: String,
    },
}

/// Who may change a policy for this principal's sake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Editable {
    /// The account's IAM owner may edit its text.
    InPlace,
    /// Its text belongs to AWS: it can only be detached, replaced or complemented.
    DetachOnly,
    /// It limits the principal and is not changed by a tightening.
    No,
}

impl Origin {
    /// What may be done to the policy.
    pub fn editable(&self) -> Editable {
        match self {
            Self::AwsManaged { .. } => Editable::DetachOnly,
            Self::Boundary { .. } => Editable::No,
            _ => Editable::InPlace,
        }
    }

    /// The policy's own short name.
    pub fn name(&self) -> &str {
        match self {
            Self::Inline { name } | Self::GroupInline { name, .. } | Self::New { name } => name,
            Self::CustomerManaged { arn, .. } | Self::AwsManaged { arn, .. } | Self::Boundary { arn } => {
                arn.rsplit('/').next().unwrap_or(arn)
            }
            Self::File { path } => path,
        }
    }

    /// The group through which it is held.
    pub fn group(&self) -> Option<&str> {
        match self {
            Self::CustomerManaged { group, .. } | Self::AwsManaged { group, .. } => group.as_deref(),
            Self::GroupInline { group, .. } => Some(group),
            _ => None,
        }
    }

    /// The ARN of a managed policy.
    pub fn arn(&self) -> Option<&str> {
        match self {
            Self::CustomerManaged { arn, .. } | Self::AwsManaged { arn, .. } | Self::Boundary { arn } => {
                Some(arn)
            }
            _ => None,
        }
    }
}

/// How a person calls it: `inline policy x`, `AWS managed policy PowerUserAccess (group ops)`.
impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = self.name();
        match self {
            Self::Inline { .. } => write!(f, "inline policy {name}")?,
            Self::CustomerManaged { .. } => write!(f, "customer managed policy {name}")?,
            Self::AwsManaged { .. } => write!(f, "AWS managed policy {name}")?,
            Self::GroupInline { .. } => write!(f, "inline policy {name}")?,
            Self::Boundary { .. } => write!(f, "permissions boundary {name}")?,
            Self::File { .. } => write!(f, "policy file {name}")?,
            Self::New { .. } => write!(f, "new customer managed policy {name}")?,
        }
        match self.group() {
            Some(group) => write!(f, " (group {group})"),
            None => Ok(()),
        }
    }
}
