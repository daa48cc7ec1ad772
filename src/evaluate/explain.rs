//! One decision in full: what each layer says, by which statements, and what is not known.

use super::decide::{Compiled, Decision};
use super::layer::{Layer, StatementRef};
use super::organization;
use super::verdict::Answers;
use super::{Request, Truth};
use crate::policy::Effect;

/// How a layer stands to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stand {
    /// A statement allows it.
    Allows,
    /// A statement allows it for the principal's account, which must hand it on.
    Delegates,
    /// No statement allows it.
    ImplicitDeny,
    /// A Deny matches.
    ExplicitDeny,
    /// Not known.
    Unknown,
    /// The layer does not bind this request.
    DoesNotBind,
}

/// What a layer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerAnswer {
    /// Which.
    pub layer: Layer,
    /// How it stands.
    pub stand: Stand,
    /// Allow statements that match.
    pub allowed_by: Vec<StatementRef>,
    /// Deny statements that match.
    pub denied_by: Vec<StatementRef>,
    /// Statements that may match, and what would decide it.
    pub open: Vec<(StatementRef, Vec<String>)>,
    /// Why it does not bind.
    pub note: Option<&'static str>,
}

/// A decision and how it came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// As [`Compiled::decide`] gives it.
    pub decision: Decision,
    /// Every layer in force, from the outside in.
    pub layers: Vec<LayerAnswer>,
}

impl Compiled {
    /// Decides one request and says what each layer says: slower than [`Compiled::decide`], whose
    /// decision it shares.
    pub fn explain(&self, request: &Request<'_>) -> Explanation {
        let mut answers = Answers::new(self, request);
        let mut layers: Vec<LayerAnswer> = self
            .layers
            .iter()
            .map(|layer| LayerAnswer {
                layer: *layer,
                stand: Stand::ImplicitDeny,
                allowed_by: Vec::new(),
                denied_by: Vec::new(),
                open: Vec::new(),
                note: organization::why_not_bound(*layer, request, &self.setting),
            })
            .collect();
        for (statement, matched) in self.stands(request, &answers) {
            let Some(own) = layers.get_mut(statement.layer) else {
                continue;
            };
            match (matched.truth, statement.effect) {
                (Truth::False, _) => {}
                (Truth::True, Effect::Allow) => own.allowed_by.push(statement.reference),
                (Truth::True, Effect::Deny) => own.denied_by.push(statement.reference),
                (Truth::Unknown, _) => own.open.push((statement.reference, matched.missing.clone())),
            }
            answers.add(statement, matched);
        }
        for (place, own) in layers.iter_mut().enumerate() {
            let deny_open = own
                .open
                .iter()
                .any(|(reference, _)| self.effect(*reference) == Some(Effect::Deny));
            own.stand = if !answers.binds(place) {
                Stand::DoesNotBind
            } else if !own.denied_by.is_empty() {
                Stand::ExplicitDeny
            } else {
                match answers.shown(place) {
                    Truth::False => Stand::ImplicitDeny,
                    Truth::True if deny_open => Stand::Unknown,
                    Truth::True if answers.only_delegates(place) => Stand::Delegates,
                    Truth::True => Stand::Allows,
                    Truth::Unknown => Stand::Unknown,
                }
            };
        }
        Explanation {
            decision: self.decide(request),
            layers,
        }
    }

    fn effect(&self, reference: StatementRef) -> Option<Effect> {
        let statement = self.statements.iter().find(|own| own.reference == reference)?;
        Some(statement.effect)
    }
}
