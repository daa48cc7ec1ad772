//! Who made a call.

use serde::Serialize;

/// `userIdentity.type`, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PrincipalKind {
    /// A role (behind an assumed-role session, or `Role`).
    Role,
    /// An IAM user.
    User,
    /// The account's root user.
    Root,
    /// A federated user session (`GetFederationToken`).
    FederatedUser,
    /// Another AWS account, of which no more is known.
    Account,
    /// An AWS service acting with its own permission.
    Service,
    /// An Identity Center user.
    IdentityCenterUser,
    /// A SAML user before it becomes a role session.
    SamlUser,
    /// A web identity user before it becomes a role session.
    WebIdentityUser,
    /// A directory user.
    Directory,
    /// `Unknown`, or a type that this version does not know.
    Unknown,
}

/// A principal that policies can be attached to, or its nearest kin: the role behind a session,
/// never the session.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Principal {
    /// Which kind.
    pub kind: PrincipalKind,
    /// Its ARN; for services the service's name, for accounts `arn:PARTITION:iam::ACCOUNT:root`;
    /// where the record has none, the best name it has (user name, principal id).
    pub name: String,
    /// False where the ARN was made from a session ARN: the role's path is not known then.
    pub exact: bool,
}

/// Who made the call, in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The principal behind it.
    pub principal: Principal,
    /// `userIdentity.arn`: the session's or user's ARN.
    pub arn: Option<String>,
    /// The account of the caller.
    pub account: Option<String>,
    /// `userIdentity.principalId`: the value of `aws:userid`.
    pub principal_id: Option<String>,
    /// `userIdentity.userName`, only of IAM users: the value of `aws:username`.
    pub user_name: Option<String>,
    /// `userIdentity.invokedBy` where it names a service (a forwarded access session): the caller
    /// needs the permission too. `AWS Internal` is not a service and is `None` here.
    pub invoked_by: Option<String>,
    /// `sessionContext.attributes.mfaAuthenticated`.
    pub mfa: Option<bool>,
    /// The role session's issue time, `sessionContext.attributes.creationDate`, as written.
    pub session_created: Option<String>,
}
