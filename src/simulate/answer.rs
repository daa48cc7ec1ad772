//! From a question and what the engine says to the view of the answer.

use std::collections::BTreeMap;

use super::Question;
use super::view::{
    Answer, ContextView, LayerView, OpenView, Outcome, PrincipalView, RequestView, StatementView,
};
use crate::evaluate::{
    Compiled, Decision, Explanation, Layer, LayerAnswer, Lookup, PolicyIn, Principal, PrincipalKind, Setting,
    Stand, StatementRef,
};
use crate::policy::position::Source;
use crate::policy::{Document, Effect};

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

/// Where each statement of a policy stands.
pub(crate) fn statements(given: &Given) -> Vec<(Effect, StatementView)> {
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
    let context = question.context.iter();
    let context = context.map(|(key, value)| (key.clone(), known(value)));
    RequestView {
        action: question.action.clone(),
        resource: question.resource.clone(),
        resource_account: question.resource_account.clone(),
        aws_managed_key: question.aws_managed_key,
        principal: question.principal.as_ref().map(principal),
        context: context.collect(),
    }
}

/// What is known of a key, as requests write it.
pub(crate) fn known(value: &Lookup) -> ContextView {
    match value {
        Lookup::Values(values) => ContextView::Values(values.clone()),
        Lookup::Absent => ContextView::Absent(()),
        Lookup::Unknown => ContextView::Unknown { unknown: true },
    }
}

/// A principal, as requests write it.
pub(crate) fn principal(principal: &Principal) -> PrincipalView {
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
