//! A refusal: pasted text or an event in, who refused what to whom out.
//!
//! [`read`] takes what people paste: a terminal log, a stack trace, an event of CloudFormation, a
//! record of CloudTrail, a decoded authorization message. What the paste does not say is `None` or
//! `Unknown`; nothing is guessed here.

/// Patterns that are compiled when they are first used.
macro_rules! patterns {
    ($($(#[$doc:meta])* $name:ident = $text:expr;)*) => {
        $($(#[$doc])* static $name: std::sync::LazyLock<regex::Regex> =
            std::sync::LazyLock::new(|| super::clean::pattern($text));)*
    };
}

mod clean;
mod dense;
mod encoded;
mod forms;
mod sentence;
mod structured;
mod token;
mod wrapper;

#[cfg(test)]
mod tests;

pub use encoded::{Encoded, EncodedState};
pub use wrapper::{Client, actions_of};

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

/// The layer that refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeniedBy {
    /// An identity policy of the caller, its own or a group's.
    Identity,
    /// The policy of the resource.
    Resource,
    /// The caller's permissions boundary.
    Boundary,
    /// The policy that the session was started with.
    Session,
    /// A service control policy of the organization.
    Scp,
    /// A resource control policy of the organization.
    Rcp,
    /// The policy of a VPC endpoint.
    #[serde(rename = "vpc_endpoint")]
    Endpoint,
    /// The trust policy of a role.
    #[serde(rename = "role_trust")]
    Trust,
    /// The policy of a KMS key.
    #[serde(rename = "key_policy")]
    Key,
    /// The refusal does not say.
    Unknown,
}

/// Whether a Deny refused, or nothing allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// No statement allows it.
    Implicit,
    /// A Deny matches.
    Explicit,
    /// The refusal does not say.
    Unknown,
}

/// Refusals that no policy settles, and what does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NotByPolicy {
    /// Lake Formation has permissions of its own.
    LakeFormation,
    /// The account has no access to the Bedrock model.
    ModelAccess,
    /// Billing access of IAM users is not switched on.
    BillingAccess,
    /// The image or snapshot is not shared with the account.
    NotShared,
    /// S3 Block Public Access refuses policies and ACLs that open to the public.
    BlockPublicAccess,
    /// AWS quarantined a leaked access key.
    Quarantine,
}

/// One refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// The caller, as written.
    pub principal: Option<String>,
    /// The action that is missing, in the catalog's spelling.
    pub action: Option<String>,
    /// The resource, as written, without quotes and wraps.
    pub resource: Option<String>,
    /// The API operation that the client names, without service.
    pub operation: Option<String>,
    /// The IAM prefix of the service that the client names.
    pub service: Option<String>,
    /// Which client the text comes from, where it shows.
    pub client: Option<Client>,
    /// The layer that refused.
    pub layer: DeniedBy,
    /// Whether a Deny refused.
    pub kind: Kind,
    /// The refusing policy.
    pub policy_arn: Option<String>,
    /// What must be done where no policy helps.
    pub not_by_policy: Option<NotByPolicy>,
    /// EC2's encoded message that came with it.
    pub encoded: Option<Encoded>,
    /// The request's condition keys, where a decoded message or an event tells.
    pub context: BTreeMap<String, Vec<String>>,
    /// Where it stands, in lines of the paste from 1; ascending.
    pub lines: Vec<usize>,
    /// How often it stands there.
    pub times: usize,
    /// Terraform's addresses, CloudFormation's types, buckets and ARNs that stand beside it.
    pub beside: Vec<String>,
}

impl Denial {
    fn new() -> Self {
        Self {
            principal: None,
            action: None,
            resource: None,
            operation: None,
            service: None,
            client: None,
            layer: DeniedBy::Unknown,
            kind: Kind::Unknown,
            policy_arn: None,
            not_by_policy: None,
            encoded: None,
            context: BTreeMap::new(),
            lines: Vec::new(),
            times: 1,
            beside: Vec::new(),
        }
    }

    /// Takes in what EC2's encoded message says, decoded: it is exact where the error itself is not.
    /// Returns whether it was such a message.
    pub fn decoded(&mut self, message: &str) -> bool {
        let value = serde_json::from_str(message).ok();
        let Some(found) = value.as_ref().and_then(encoded::decoded) else {
            return false;
        };
        self.action = found.action.or(self.action.take());
        self.resource = found.resource.or(self.resource.take());
        self.principal = found.principal.or(self.principal.take());
        self.kind = found.kind;
        self.context = found.context;
        true
    }

    /// Whether a change of the caller's identity policies can settle this refusal. `None`: not known.
    pub fn identity_change_helps(&self) -> Option<bool> {
        if self.not_by_policy.is_some() {
            return Some(false);
        }
        match self.layer {
            DeniedBy::Identity => Some(true),
            DeniedBy::Unknown => None,
            _ => Some(false),
        }
    }
}

/// What was found in a paste.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// The refusals, in the order of their first place; the same one once.
    pub denials: Vec<Denial>,
    /// Errors that look like refusals and are none.
    pub look_alikes: Vec<LookAlike>,
}

/// An error that looks like a refusal, and says nothing about permissions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct LookAlike {
    /// Where, in lines of the paste from 1.
    pub line: usize,
    /// What it says: `ExpiredToken`.
    pub what: String,
    /// What it means, and what to do.
    pub means: String,
}

/// Finds every refusal in what was pasted. Any text is taken; nothing panics.
pub fn read(paste: &str) -> Reading {
    let (structured, rest) = structured::read(paste);
    let (mut denials, look_alikes) = forms::read(&rest);
    denials.extend(structured);
    denials.sort_by_key(|denial| denial.lines.first().copied());
    Reading {
        denials: once(denials),
        look_alikes,
    }
}

/// The same refusal once, with all its places.
fn once(denials: Vec<Denial>) -> Vec<Denial> {
    let mut found: Vec<Denial> = Vec::new();
    let mut places: rustc_hash::FxHashMap<String, Vec<usize>> = rustc_hash::FxHashMap::default();
    for denial in denials {
        let key = format!(
            "{:?}|{:?}|{:?}|{:?}|{:?}|{:?}",
            denial.principal, denial.action, denial.resource, denial.layer, denial.kind, denial.policy_arn
        );
        let alike = places.entry(key).or_default();
        let same = alike.iter().copied().find(|index| {
            found
                .get(*index)
                .is_some_and(|own| same_operation(own, &denial) && same_encoded(own, &denial))
        });
        match same.and_then(|index| found.get_mut(index)) {
            Some(own) => join(own, denial),
            None => {
                alike.push(found.len());
                found.push(denial);
            }
        }
    }
    found
}

/// A refusal that names its resource is the same whatever called it; one that does not may be about
/// another.
fn same_operation(a: &Denial, b: &Denial) -> bool {
    a.operation == b.operation
        || a.operation.is_none()
        || b.operation.is_none()
        || (a.resource.is_some() && a.action.is_some())
}

fn same_encoded(a: &Denial, b: &Denial) -> bool {
    match (&a.encoded, &b.encoded) {
        (Some(a_message), Some(b_message)) => a.action.is_some() || a_message.blob == b_message.blob,
        _ => true,
    }
}

fn join(own: &mut Denial, other: Denial) {
    own.times += other.times;
    own.lines.extend(other.lines);
    own.lines.sort_unstable();
    own.lines.dedup();
    own.operation = own.operation.take().or(other.operation);
    own.service = own.service.take().or(other.service);
    own.client = own.client.or(other.client);
    own.encoded = own.encoded.take().or(other.encoded);
    for near in other.beside {
        if !own.beside.contains(&near) {
            own.beside.push(near);
        }
    }
    for (key, values) in other.context {
        own.context.entry(key).or_insert(values);
    }
}
