//! The view model of `explain`: refusals, the one change, what would have come next. Its JSON form is
//! the machine interface.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::danger::Opened;
use crate::denial::{Client, DeniedBy, Encoded, Kind, LookAlike, NotByPolicy};
use crate::simulate::view::LayerView;

/// The answer of `explain`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Explained {
    /// The version of this format.
    pub schema_version: u32,
    /// The refusals that were found, in the order of their first place; the same one once.
    pub refusals: Vec<Refusal>,
    /// Errors that look like refusals and are none.
    pub look_alikes: Vec<LookAlike>,
}

/// Yes, no, or not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Helps {
    /// It does.
    Yes,
    /// It cannot.
    No,
    /// Not known.
    Unknown,
}

/// One refusal and its answer.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Refusal {
    /// Who was refused, as written.
    pub principal: Option<String>,
    /// The action that is missing.
    pub action: Option<String>,
    /// On what, as written; null where it is not known.
    pub resource: Option<String>,
    /// The API operation that was called.
    pub operation: Option<String>,
    /// The layer that refused.
    pub layer: DeniedBy,
    /// Whether a Deny refused, or nothing allowed.
    pub kind: Kind,
    /// The refusing policy.
    pub policy_arn: Option<String>,
    /// Whether a change of the caller's identity policies can settle this refusal.
    pub identity_change_helps: Helps,
    /// Who can change what refused.
    pub owner: Option<String>,
    /// The one change: what was refused and, unless left out, what comes next. Null where no policy
    /// settles it, or where not enough is known to write one.
    pub change: Option<Change>,
    /// What has to be changed besides, in other policies, for the same call.
    pub also: Vec<Change>,
    /// What would have been refused next.
    pub next: Next,
    /// What the change opens.
    pub dangers: Vec<Danger>,
    /// What else is to be known, the most telling first.
    pub findings: Vec<Finding>,
    /// The role or user behind the principal, as its policies are attached to it.
    pub holder: Option<String>,
    /// The resource as an ARN, completed from what else is known; `*` where the action has none.
    pub resource_arn: Option<String>,
    /// The IAM prefix of the service that was called.
    pub service: Option<String>,
    /// The client that the text comes from.
    pub client: Option<Client>,
    /// What has to be done where no policy helps.
    pub not_by_policy: Option<NotByPolicy>,
    /// EC2's encoded message.
    pub encoded: Option<EncodedView>,
    /// The request's condition keys that are known.
    pub context: BTreeMap<String, Vec<String>>,
    /// What every layer that is known says to the request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<LayerView>,
    /// Where it stands, in lines of the text from 1.
    pub lines: Vec<usize>,
    /// How often it stands there.
    pub times: usize,
}

/// An encoded message and how to read it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct EncodedView {
    /// The message.
    #[serde(flatten)]
    pub message: Encoded,
    /// The command that decodes it; null where it cannot be decoded.
    pub command: Option<String>,
    /// What is to be said of it.
    pub note: String,
}

/// A change of one policy.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Change {
    /// The layer that is changed.
    pub layer: DeniedBy,
    /// The policy that is changed, in words: `inline policy deploy of role/ci`.
    pub policy: String,
    /// Its ARN, where it has one.
    pub policy_arn: Option<String>,
    /// Whether the policy is made by the change.
    pub is_new: bool,
    /// Who can make the change.
    pub owner: String,
    /// The statements that come or change, as JSON. Empty where a Deny has to be changed by hand.
    pub statements: Vec<Value>,
    /// The whole policy after the change, where it is known.
    pub document: Option<Value>,
    /// The same as text, in the layout of the policy before.
    #[serde(skip)]
    pub text: Option<(String, String)>,
    /// Whether it can be applied as it stands.
    pub ready: bool,
    /// Why it is not ready, or what to do where there is no statement to add.
    pub how: Vec<String>,
}

/// What would have been refused next.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct Next {
    /// Documented needs of the same operation, and what the trail shows as refused.
    pub certain: Vec<Want>,
    /// What usually goes with it.
    pub likely: Vec<Want>,
    /// What goes with it now and then: said, never put into the change.
    pub possible: Vec<Want>,
}

/// An action that is wanted besides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Want {
    /// The action.
    pub action: String,
    /// On what: an ARN, a pattern, `*`.
    pub resource: String,
    /// Condition operator, key and value that the grant is limited by.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub conditions: BTreeMap<String, BTreeMap<String, String>>,
    /// Why.
    pub why: String,
    /// Where that is documented.
    pub source: Option<String>,
    /// The statement that grants it alone.
    pub statement: Value,
}

/// What the change opens.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Danger {
    /// The path.
    #[serde(flatten)]
    pub opened: Opened,
    /// Whether `--allow-dangerous` names it.
    pub allowed: bool,
}

/// Something to know about a refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    /// Its name: `bucket-not-objects`.
    pub name: &'static str,
    /// What it is.
    pub text: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Where it is documented.
    pub source: Option<&'static str>,
}

impl Finding {
    pub(super) fn new(name: &'static str, text: impl Into<String>) -> Self {
        Self {
            name,
            text: text.into(),
            help: None,
            source: None,
        }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn source(mut self, source: &'static str) -> Self {
        self.source = Some(source);
        self
    }
}
