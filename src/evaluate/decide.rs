//! The decision over compiled policies.

use super::Context;
use crate::policy::Document;

/// Yes, no, or not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Truth {
    /// No.
    False,
    /// Not known.
    Unknown,
    /// Yes.
    True,
}

impl Truth {
    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// Either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.max(other)
    }

    /// The opposite.
    #[must_use]
    #[expect(
        clippy::should_implement_trait,
        reason = "three-valued: `!` would suggest two"
    )]
    pub fn not(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
            Self::True => Self::False,
        }
    }
}

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}

/// Which part a policy plays in the decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Layer {
    /// Identity policies: inline, managed, through groups.
    Identity,
    /// The permissions boundary.
    Boundary,
    /// Session policies.
    Session,
    /// Service control policies; the number is the level in the organization tree.
    Scp(u8),
}

/// A policy and the part it plays.
#[derive(Debug, Clone, Copy)]
pub struct PolicyIn<'a> {
    /// The layer.
    pub layer: Layer,
    /// The document.
    pub document: &'a Document,
}

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
    /// In which context.
    pub context: &'a Context,
}

/// A statement by number: policy (as given to [`Compiled::new`]) and statement, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatementRef {
    /// The policy's number.
    pub policy: usize,
    /// The statement's number.
    pub statement: usize,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Allowed; the identity statements that allow it.
    Allowed {
        /// All that do.
        by: Vec<StatementRef>,
    },
    /// Refused by a Deny.
    ExplicitDeny {
        /// The first that does.
        by: StatementRef,
        /// Its layer.
        layer: Layer,
    },
    /// Refused because nothing in this layer allows it.
    ImplicitDeny {
        /// The layer.
        layer: Layer,
    },
    /// Cannot be decided.
    Unknown {
        /// Condition keys (or `resource`) whose value would decide it.
        missing: Vec<String>,
    },
}

/// Policies, compiled once and asked many times.
#[derive(Debug)]
pub struct Compiled {
    _private: (),
}

impl Compiled {
    /// Compiles the policies.
    pub fn new(policies: &[PolicyIn<'_>]) -> Self {
        let _ = policies;
        todo!()
    }

    /// Decides one request.
    pub fn decide(&self, request: &Request<'_>) -> Decision {
        let _ = request;
        todo!()
    }

    /// How one statement stands to a request, effect aside: does it match (action, resource and
    /// conditions)?
    pub fn matches(&self, statement: StatementRef, request: &Request<'_>) -> Truth {
        let _ = (statement, request);
        todo!()
    }
}
