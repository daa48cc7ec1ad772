//! How a call ended: succeeded, refused, failed otherwise, or ended so that nothing follows.

use serde::Serialize;

/// The policy layer that a refusal names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusedBy {
    /// An identity-based policy.
    Identity,
    /// A resource-based policy.
    Resource,
    /// A permissions boundary.
    Boundary,
    /// A session policy.
    Session,
    /// A service control policy.
    Scp,
    /// A resource control policy.
    Rcp,
    /// A VPC endpoint policy.
    Endpoint,
    /// A role trust policy.
    Trust,
    /// The message does not say.
    Unnamed,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// No error, or a dry run that would have been allowed.
    Succeeded,
    /// Refused for want of permission.
    Refused {
        /// `errorCode`.
        code: String,
        /// Which layer the message names.
        by: RefusedBy,
        /// Whether an explicit deny is named.
        explicit: bool,
        /// The action that the message names as missing, as written (`s3:GetObject`).
        action: Option<String>,
        /// The resource that the message names, as written.
        resource: Option<String>,
    },
    /// Another error that usually comes after authorization (not found, limit, validation):
    /// weaker evidence of use.
    Failed {
        /// `errorCode`.
        code: String,
    },
    /// An error that says nothing about permission: throttled, expired token, bad signature.
    Inconclusive {
        /// `errorCode`.
        code: String,
    },
}

impl Outcome {
    /// From `errorCode` and `errorMessage`.
    pub fn from_error(code: Option<&str>, message: Option<&str>) -> Self {
        let _ = (code, message);
        todo!()
    }
}
