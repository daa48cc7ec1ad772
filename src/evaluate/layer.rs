//! The parts that policies play in a decision.

use crate::policy::Document;

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
    /// Service control policies; the number is the level in the organization tree, from the root.
    Scp(u8),
    /// Resource control policies; the number as in [`Layer::Scp`].
    Rcp(u8),
    /// The policy of the VPC endpoint that the request goes through.
    Endpoint,
    /// The resource's own policy.
    Resource,
    /// The trust policy of the role that is assumed.
    Trust,
    /// The key policy of the KMS key.
    Key,
}

impl Layer {
    /// Layers from the outside in: the order in which they are asked, and in which one is named
    /// where several do not allow.
    pub(super) fn rank(self) -> (u8, u8) {
        match self {
            Self::Scp(level) => (0, level),
            Self::Rcp(level) => (1, level),
            Self::Endpoint => (2, 0),
            Self::Boundary => (3, 0),
            Self::Session => (4, 0),
            Self::Trust => (5, 0),
            Self::Key => (6, 0),
            Self::Resource => (7, 0),
            Self::Identity => (8, 0),
        }
    }

    /// Whether its policies stand on the resource, so that they name principals.
    pub fn names_principals(self) -> bool {
        matches!(
            self,
            Self::Rcp(_) | Self::Endpoint | Self::Resource | Self::Trust | Self::Key
        )
    }

    /// Whether it is the policy of the very resource that is asked for.
    pub(super) fn is_of_resource(self) -> bool {
        matches!(self, Self::Resource | Self::Trust | Self::Key)
    }

    /// Reads what [`Layer`]'s `Display` writes: `identity`, `scp:0`.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, level) = match text.split_once(':') {
            Some((name, level)) => (name, level.parse().ok()?),
            None => (text, 0),
        };
        Some(match name {
            "identity" => Self::Identity,
            "boundary" => Self::Boundary,
            "session" => Self::Session,
            "scp" => Self::Scp(level),
            "rcp" => Self::Rcp(level),
            "endpoint" => Self::Endpoint,
            "resource" => Self::Resource,
            "trust" => Self::Trust,
            "key" => Self::Key,
            _ => return None,
        })
    }
}

/// `identity`, `scp:0`.
impl std::fmt::Display for Layer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Identity => f.write_str("identity"),
            Self::Boundary => f.write_str("boundary"),
            Self::Session => f.write_str("session"),
            Self::Scp(level) => write!(f, "scp:{level}"),
            Self::Rcp(level) => write!(f, "rcp:{level}"),
            Self::Endpoint => f.write_str("endpoint"),
            Self::Resource => f.write_str("resource"),
            Self::Trust => f.write_str("trust"),
            Self::Key => f.write_str("key"),
        }
    }
}

/// A policy and the part it plays.
#[derive(Debug, Clone, Copy)]
pub struct PolicyIn<'a> {
    /// The layer.
    pub layer: Layer,
    /// The document.
    pub document: &'a Document,
}

/// A statement by number: policy (as given to [`super::Compiled::new`]) and statement, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatementRef {
    /// The policy's number.
    pub policy: usize,
    /// The statement's number.
    pub statement: usize,
}
