//! What is asked: action, resource, principal, context.

use super::{Context, Principal};

/// The resource that a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// This very resource.
    Arn(&'a str),
    /// Some resource, or each of the resources, that this pattern matches: an answer holds only if
    /// it holds for all of them.
    Pattern(&'a str),
    /// The action is asked on `*`: it has no resource.
    Any,
    /// A resource that is not known.
    Unknown,
}

/// One request.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// `s3:GetObject`.
    pub action: &'a str,
    /// On what.
    pub target: Target<'a>,
    /// In which context. Keys that follow from the principal are not read out of it here; see
    /// [`Principal::fill`].
    pub context: &'a Context,
    /// Who asks. `None`: the principal that the identity policies are held by, of whom nothing else
    /// is known; then a statement that names principals cannot be decided.
    pub principal: Option<&'a Principal>,
    /// The account that owns the resource, where its ARN does not say.
    pub resource_account: Option<&'a str>,
    /// Whether the resource is an AWS managed KMS key, which no RCP binds.
    pub aws_managed_key: bool,
}

impl<'a> Request<'a> {
    /// A request of the principal that holds the identity policies.
    pub fn new(action: &'a str, target: Target<'a>, context: &'a Context) -> Self {
        Self {
            action,
            target,
            context,
            principal: None,
            resource_account: None,
            aws_managed_key: false,
        }
    }

    /// The same, asked by this principal.
    #[must_use]
    pub fn by(mut self, principal: &'a Principal) -> Self {
        self.principal = Some(principal);
        self
    }

    /// The same, on a resource of this account.
    #[must_use]
    pub fn owned_by(mut self, account: &'a str) -> Self {
        self.resource_account = Some(account);
        self
    }

    /// The resource's account: as given, or out of its ARN.
    pub fn account_of_resource(&self) -> Option<&'a str> {
        let text = match self.target {
            _ if self.resource_account.is_some() => return self.resource_account,
            Target::Arn(text) | Target::Pattern(text) => text,
            Target::Any | Target::Unknown => return None,
        };
        crate::arn::split_pattern(text)
            .and_then(|[_, _, _, _, account, _]| super::principal::is_account(account).then_some(account))
    }
}
