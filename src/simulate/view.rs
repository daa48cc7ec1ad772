//! The view model of `simulate`: requests, decisions, and what each layer says. Its JSON form is the
//! machine interface.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::evaluate::{Layer, Stand};
use crate::policy::Effect;

/// The answer of `simulate`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Simulation {
    /// The version of this format.
    pub schema_version: u32,
    /// One for each request that could be read, in their order.
    pub answers: Vec<Answer>,
}

/// One request and what is decided.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Answer {
    /// The request, in the form in which `--requests` reads it.
    pub request: RequestView,
    /// The decision.
    pub decision: Outcome,
    /// The layer that refuses: `scp:0` (levels count from the root, 0), `identity`.
    #[serde(serialize_with = "optional_layer", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub layer: Option<Layer>,
    /// What would decide it: condition keys in lower case, `resource`, `principal`,
    /// `resource account`, or a layer.
    pub missing: Vec<String>,
    /// Every layer in force, in the order in which they are asked.
    pub layers: Vec<LayerView>,
}

/// A decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Allowed.
    Allowed,
    /// Refused by a Deny.
    ExplicitDeny,
    /// Refused because nothing allows it.
    ImplicitDeny,
    /// Cannot be decided.
    Unknown,
}

/// A request.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RequestView {
    /// `s3:GetObject`.
    pub action: String,
    /// An ARN or `*`; absent where it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// The account that owns the resource, where it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_account: Option<String>,
    /// Whether the resource is an AWS managed KMS key.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub aws_managed_key: bool,
    /// Who asks, where it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<PrincipalView>,
    /// The condition keys that were given.
    pub context: BTreeMap<String, ContextView>,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum PrincipalView {
    /// An ARN, an account, a service, `anonymous`.
    Text(String),
    /// An identity provider.
    Federated {
        /// Its name or ARN.
        federated: String,
    },
    /// An ARN, and what else was given.
    Full {
        /// The ARN.
        arn: String,
        /// The value of `aws:userid`.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// The role behind a session.
        #[serde(skip_serializing_if = "Option::is_none")]
        role: Option<String>,
        /// The user behind a federated session.
        #[serde(skip_serializing_if = "Option::is_none")]
        user: Option<String>,
    },
}

/// What is known of a condition key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum ContextView {
    /// Its values.
    Values(Vec<String>),
    /// The request does not carry it: `null`.
    Absent(()),
    /// Not known.
    Unknown {
        /// True.
        unknown: bool,
    },
}

/// What a layer says.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LayerView {
    /// `scp:0`, `identity`.
    #[serde(serialize_with = "layer")]
    #[schemars(with = "String")]
    pub layer: Layer,
    /// How it stands to the request.
    pub stand: Stand,
    /// Allow statements that match.
    pub allowed_by: Vec<StatementView>,
    /// Deny statements that match.
    pub denied_by: Vec<StatementView>,
    /// Statements that may match.
    pub open: Vec<OpenView>,
    /// Why it does not bind, or what of it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Where a statement stands.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct StatementView {
    /// The policy: its file as given, or its name.
    pub policy: String,
    /// The statement's number in the policy, from 1.
    pub statement: usize,
    /// Its `Sid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The line on which it begins, for policies from files of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
}

/// A statement that may match.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct OpenView {
    /// Where it stands.
    #[serde(flatten)]
    pub at: StatementView,
    /// `Allow` or `Deny`.
    #[schemars(with = "String")]
    pub effect: Effect,
    /// What would decide it, as in the answer.
    pub missing: Vec<String>,
}

fn layer<S: Serializer>(layer: &Layer, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(layer)
}

fn optional_layer<S: Serializer>(layer: &Option<Layer>, serializer: S) -> Result<S::Ok, S::Error> {
    match layer {
        Some(layer) => serializer.collect_str(layer),
        None => serializer.serialize_none(),
    }
}
