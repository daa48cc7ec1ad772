//! The view model of `simulate`: requests, decisions, and what each layer says. Its JSON form is the
//! machine interface.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::Question;
use crate::evaluate::{
    Compiled, Decision, Explanation, Layer, LayerAnswer, Lookup, PolicyIn, Principal, PrincipalKind, Setting,
    Stand, StatementRef,
};
use crate::policy::position::Source;
use crate::policy::{Document, Effect};

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

/// A policy that is given.
#[derive(Debug, Clone)]
pub struct Given {
    /// Its file as given, or its name.
    pub name: String,
    /// Whether it is a file of its own, so that lines mean something.
    pub is_file: bool,
    /// The part it plays.
    pub layer: Layer,
    /// Its text and meaning.
    pub document: Document,
}

/// Policies made ready for questions.
#[derive(Debug)]
pub struct Policies {
    compiled: Compiled,
    /// By policy and statement.
    statements: Vec<Vec<(Effect, StatementView)>>,
    /// Layers of which not everything is known.
    unknown: Vec<Layer>,
    /// Condition keys as a policy writes them, by their lower-case form.
    spelling: BTreeMap<String, String>,
}

/// What is said of a layer whose text is not, or not wholly, known.
pub const TEXT_NOT_KNOWN: &str = "policies whose text is not known";

impl Policies {
    /// Compiles the policies for a setting.
    pub fn new(given: &[Given], setting: Setting) -> Self {
        let policies: Vec<PolicyIn<'_>> = given
            .iter()
            .map(|given| PolicyIn {
                layer: given.layer,
                document: &given.document,
            })
            .collect();
        let conditions = given
            .iter()
            .flat_map(|given| &given.document.statements)
            .flat_map(|statement| &statement.conditions);
        let spelling =
            conditions.map(|condition| (condition.key.to_ascii_lowercase(), condition.key.clone()));
        Self {
            statements: given.iter().map(statements).collect(),
            spelling: spelling.collect(),
            unknown: setting.unknown.clone(),
            compiled: Compiled::within(&policies, setting),
        }
    }

    /// A condition key as the policies write it.
    pub fn spelled<'k>(&'k self, key: &'k str) -> &'k str {
        self.spelling.get(key).map_or(key, String::as_str)
    }

    /// Decides a question.
    pub fn answer(&self, question: &Question) -> Answer {
        let Explanation { decision, layers } = question.ask(&self.compiled);
        let mut answer = Answer {
            request: request(question),
            decision: Outcome::Allowed,
            layer: None,
            missing: Vec::new(),
            layers: layers.into_iter().map(|layer| self.layer(layer)).collect(),
        };
        (answer.decision, answer.layer, answer.missing) = match decision {
            // A text that is not known may hold a Deny, whatever the known ones allow.
            Decision::Allowed { .. } => match self.unread(&answer.layers) {
                unread if unread.is_empty() => (Outcome::Allowed, None, unread),
                unread => (Outcome::Unknown, None, unread),
            },
            Decision::ExplicitDeny { layer, .. } => (Outcome::ExplicitDeny, Some(layer), Vec::new()),
            Decision::ImplicitDeny { layer } => (Outcome::ImplicitDeny, Some(layer), Vec::new()),
            Decision::Unknown { missing } => (Outcome::Unknown, None, missing),
        };
        answer
    }

    /// The layers that bind and of which not everything is known.
    fn unread(&self, layers: &[LayerView]) -> Vec<String> {
        let binding = layers.iter().filter(|own| own.stand != Stand::DoesNotBind);
        let unknown = binding.filter(|own| self.unknown.contains(&own.layer));
        let mut names: Vec<String> = unknown.map(|own| own.layer.to_string()).collect();
        names.sort_unstable();
        names
    }

    fn layer(&self, answer: LayerAnswer) -> LayerView {
        let all = |list: Vec<StatementRef>| -> Vec<StatementView> {
            let found = list.into_iter().filter_map(|reference| self.statement(reference));
            found.map(|(_, view)| view.clone()).collect()
        };
        let open = answer.open.into_iter().filter_map(|(reference, missing)| {
            let (effect, at) = self.statement(reference)?;
            Some(OpenView {
                at: at.clone(),
                effect: *effect,
                missing: sorted(missing),
            })
        });
        let unknown = self.unknown.contains(&answer.layer);
        // What is not known of a layer may hold a Deny: it does not simply allow.
        let stand = match answer.stand {
            Stand::Allows | Stand::Delegates | Stand::ImplicitDeny if unknown => Stand::Unknown,
            stand => stand,
        };
        let note = answer.note.or(unknown.then_some(TEXT_NOT_KNOWN));
        LayerView {
            layer: answer.layer,
            stand,
            open: open.collect(),
            allowed_by: all(answer.allowed_by),
            denied_by: all(answer.denied_by),
            note: note.map(str::to_owned),
        }
    }

    fn statement(&self, reference: StatementRef) -> Option<&(Effect, StatementView)> {
        self.statements.get(reference.policy)?.get(reference.statement)
    }
}

fn sorted(mut list: Vec<String>) -> Vec<String> {
    list.sort_unstable();
    list.dedup();
    list
}

fn statements(given: &Given) -> Vec<(Effect, StatementView)> {
    let source = Source {
        text: &given.document.source,
        file: &given.name,
    };
    let numbered = given.document.statements.iter().enumerate();
    let view = numbered.map(|(number, statement)| {
        let view = StatementView {
            policy: given.name.clone(),
            statement: number + 1,
            sid: statement.sid.clone(),
            line: source.place(statement.span).line.filter(|_| given.is_file),
        };
        (statement.effect, view)
    });
    view.collect()
}

fn request(question: &Question) -> RequestView {
    let context = question.context.iter().map(|(key, value)| {
        let value = match value {
            Lookup::Values(values) => ContextView::Values(values.clone()),
            Lookup::Absent => ContextView::Absent(()),
            Lookup::Unknown => ContextView::Unknown { unknown: true },
        };
        (key.clone(), value)
    });
    RequestView {
        action: question.action.clone(),
        resource: question.resource.clone(),
        resource_account: question.resource_account.clone(),
        aws_managed_key: question.aws_managed_key,
        principal: question.principal.as_ref().map(principal),
        context: context.collect(),
    }
}

fn principal(principal: &Principal) -> PrincipalView {
    if principal.kind == PrincipalKind::Federated {
        let federated = principal.name.clone();
        return PrincipalView::Federated { federated };
    }
    // What the ARN alone says is not said twice.
    let plain = Principal::parse(&principal.name);
    let role = principal.role.clone();
    let role = role.filter(|_| plain.as_ref().is_none_or(|plain| plain.role != principal.role));
    if role.is_none() && principal.id.is_none() && principal.user.is_none() {
        return PrincipalView::Text(principal.name.clone());
    }
    PrincipalView::Full {
        arn: principal.name.clone(),
        id: principal.id.clone(),
        role,
        user: principal.user.clone(),
    }
}
