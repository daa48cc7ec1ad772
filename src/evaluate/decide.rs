//! The decision over compiled policies
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>).

use smallvec::SmallVec;

use super::index::{ActionIndex, Hits};
use super::layer::{Layer, PolicyIn, StatementRef};
use super::named::{self, FORMS, Fit, Form, Named};
use super::target::{Asked, Resources};
use super::verdict::{Answers, Verdict};
use super::{Context, Request, Truth, condition};
use crate::policy::{Effect, Operator};

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Allowed; the identity and resource policy statements that allow it.
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
        /// The layer; where several refuse, the outermost.
        layer: Layer,
    },
    /// Cannot be decided.
    Unknown {
        /// Condition keys (or `resource`, `principal`, `resource account`, a layer) whose value would
        /// decide it, sorted.
        missing: Vec<String>,
    },
}

/// What is known of the surroundings of a set of policies.
#[derive(Debug, Clone, Default)]
pub struct Setting {
    /// Layers that are in force, but whose text is not known.
    pub unknown: Vec<Layer>,
    /// The organization's management account, which neither SCPs nor RCPs bind.
    pub management_account: Option<String>,
}

/// Policies, compiled once and asked many times.
///
/// The layers that are given are those in force: a layer that no policy stands for sets no limit,
/// but for [`Layer::Identity`], without which nothing is allowed that no resource policy grants.
/// Policies of one layer add up.
#[derive(Debug)]
pub struct Compiled {
    pub(super) statements: Vec<Statement>,
    actions: ActionIndex,
    /// The number of each policy's first statement.
    first: Vec<usize>,
    /// In the order in which they are asked.
    pub(super) layers: Vec<Layer>,
    pub(super) setting: Setting,
}

#[derive(Debug)]
pub(super) struct Statement {
    pub(super) reference: StatementRef,
    pub(super) effect: Effect,
    /// Its layer's place in [`Compiled::layers`].
    pub(super) layer: usize,
    resources: Option<Resources>,
    /// What a statement without `Resource` is about: the resource that it stands on, nothing in a key
    /// policy (<https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html>).
    without_resource: Truth,
    conditions: Vec<condition::Compiled>,
    principals: Principals,
    /// Whether a condition asks for the principal's ARN: then a grant to everybody is one to the
    /// principal itself
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>).
    asks_for_principal: bool,
}

/// What a statement says of principals.
#[derive(Debug)]
enum Principals {
    /// Nothing, as it must be where the principal holds the policy.
    Holder,
    /// These.
    Named(Named),
    /// It names some where none belong, or none where some must be: not documented.
    Misplaced,
}

/// A statement's stand to a request, effect aside.
pub(super) struct Match {
    /// Whether it matches, in any form.
    pub(super) truth: Truth,
    /// Whether it matches, by the form in which it names the principal.
    pub(super) forms: Fit,
    /// What would decide it.
    pub(super) missing: Vec<String>,
}

impl Compiled {
    /// Compiles the policies.
    pub fn new(policies: &[PolicyIn<'_>]) -> Self {
        Self::within(policies, Setting::default())
    }

    /// Compiles the policies for a setting.
    pub fn within(policies: &[PolicyIn<'_>], setting: Setting) -> Self {
        let mut layers: Vec<Layer> = policies.iter().map(|policy| policy.layer).collect();
        layers.push(Layer::Identity);
        layers.extend(&setting.unknown);
        layers.sort_unstable_by_key(|layer| layer.rank());
        layers.dedup();
        let mut compiled = Self {
            statements: Vec::new(),
            actions: ActionIndex::default(),
            first: Vec::new(),
            layers,
            setting,
        };
        for (number, policy) in policies.iter().enumerate() {
            compiled.first.push(compiled.statements.len());
            compiled.add(number, policy);
        }
        compiled
    }

    fn add(&mut self, number: usize, policy: &PolicyIn<'_>) {
        let version = policy.document.version;
        let layer = self
            .layers
            .iter()
            .position(|layer| *layer == policy.layer)
            .unwrap_or_default();
        for (statement, own) in policy.document.statements.iter().enumerate() {
            self.actions.add(self.statements.len(), &own.action);
            let principals = match (&own.principal, policy.layer.names_principals()) {
                (None, false) => Principals::Holder,
                // AWS has no NotPrincipal there.
                (Some(_), true)
                    if own.not_principal && matches!(policy.layer, Layer::Trust | Layer::Rcp(_)) =>
                {
                    Principals::Misplaced
                }
                (Some(element), true) => Principals::Named(Named::new(element, own.not_principal)),
                _ => Principals::Misplaced,
            };
            self.statements.push(Statement {
                reference: StatementRef {
                    policy: number,
                    statement,
                },
                effect: own.effect,
                layer,
                resources: own
                    .resource
                    .as_ref()
                    .map(|resource| Resources::new(resource, version)),
                without_resource: match policy.layer {
                    Layer::Resource | Layer::Trust => Truth::True,
                    Layer::Key => Truth::False,
                    _ => Truth::Unknown,
                },
                conditions: own
                    .conditions
                    .iter()
                    .map(|c| condition::Compiled::new(c, version))
                    .collect(),
                principals,
                asks_for_principal: own.conditions.iter().any(|c| {
                    c.key.eq_ignore_ascii_case("aws:PrincipalArn")
                        && Operator::parse(&c.operator).is_some_and(|operator| !operator.negated)
                }),
            });
        }
    }

    /// Decides one request.
    ///
    /// An explicit Deny of any layer that binds wins; then each must allow, as AWS documents it for
    /// the principal's own account and across accounts; what cannot be known makes the answer
    /// [`Decision::Unknown`], unless the answer would be the same either way.
    pub fn decide(&self, request: &Request<'_>) -> Decision {
        let asked = Asked::from(request.target);
        let mut hits = Hits::default();
        self.actions.matching(request.action, &mut hits);
        let mut answers = Answers::new(self, request);
        for number in hits.iter() {
            let Some(statement) = self.statements.get(number) else {
                continue;
            };
            if !answers.binds(statement.layer) {
                continue;
            }
            let matched =
                answers.as_far_as_bound(statement, statement.matches(&asked, request, answers.boundary()));
            if (statement.effect, matched.truth) == (Effect::Deny, Truth::True) {
                return Decision::ExplicitDeny {
                    by: statement.reference,
                    layer: answers.layer(statement.layer),
                };
            }
            answers.add(statement, matched);
        }
        match answers.verdict() {
            Verdict::Allowed => Decision::Allowed {
                by: answers.into_allowing(),
            },
            Verdict::Refused(layer) => Decision::ImplicitDeny { layer },
            Verdict::Unknown(missing) => Decision::Unknown { missing },
        }
    }

    /// The statements whose action element matches, whatever their layers, resources, principals and
    /// conditions; in the order of the policies.
    pub fn speaking_of(&self, action: &str) -> Vec<StatementRef> {
        let mut hits = Hits::default();
        self.actions.matching(action, &mut hits);
        let statements = hits.iter().filter_map(|number| self.statements.get(number));
        statements.map(|statement| statement.reference).collect()
    }

    /// The statements whose action element matches, with how each stands to the request, for those
    /// whose layer binds it.
    pub(super) fn stands<'s>(
        &'s self,
        request: &Request<'_>,
        answers: &Answers<'_>,
    ) -> Vec<(&'s Statement, Match)> {
        let asked = Asked::from(request.target);
        let mut hits = Hits::default();
        self.actions.matching(request.action, &mut hits);
        let statements = hits.iter().filter_map(|number| self.statements.get(number));
        statements
            .filter(|statement| answers.binds(statement.layer))
            .map(|statement| {
                let matched = statement.matches(&asked, request, answers.boundary());
                (statement, answers.as_far_as_bound(statement, matched))
            })
            .collect()
    }

    /// How one statement stands to a request, effect aside: does it match (action, resource,
    /// principal and conditions)? [`Truth::False`] for a statement that does not exist.
    pub fn matches(&self, statement: StatementRef, request: &Request<'_>) -> Truth {
        let number = self
            .first
            .get(statement.policy)
            .map(|first| first + statement.statement);
        let own = number.and_then(|number| Some((number, self.statements.get(number)?)));
        let Some((number, own)) = own.filter(|(_, own)| own.reference == statement) else {
            return Truth::False;
        };
        let mut hits = Hits::default();
        self.actions.matching(request.action, &mut hits);
        if !hits.contains(number) {
            return Truth::False;
        }
        let answers = Answers::new(self, request);
        own.matches(&Asked::from(request.target), request, answers.boundary())
            .truth
    }
}

impl Statement {
    /// Whether resource, principal and conditions hold.
    fn matches(&self, asked: &Asked<'_>, request: &Request<'_>, boundary: Truth) -> Match {
        let mut missing = Vec::new();
        let mut truth = match &self.resources {
            Some(resources) => resources.hold(asked, request.context, &mut missing),
            None if self.without_resource == Truth::Unknown => unknown("resource", &mut missing),
            None => self.without_resource,
        };
        let mut fit = [Truth::False; FORMS];
        if truth != Truth::False {
            fit = self.fits(request, boundary, &mut missing);
            truth = truth.and(named::any(&fit));
        }
        let rest = self.conditions_hold(truth, request.context, &mut missing);
        let forms = fit.map(|form| form.and(rest));
        if rest == Truth::False {
            missing.clear();
        }
        Match {
            truth: rest,
            forms,
            missing,
        }
    }

    fn conditions_hold(&self, mut truth: Truth, context: &Context, missing: &mut Vec<String>) -> Truth {
        for condition in &self.conditions {
            if truth == Truth::False {
                break;
            }
            truth = truth.and(condition.holds(context, missing));
        }
        truth
    }

    fn fits(&self, request: &Request<'_>, boundary: Truth, missing: &mut Vec<String>) -> Fit {
        let itself = |truth| {
            let mut fit = [Truth::False; FORMS];
            if let Some(slot) = fit.get_mut(Form::Itself as usize) {
                *slot = truth;
            }
            fit
        };
        let fit = match &self.principals {
            Principals::Holder => return itself(Truth::True),
            Principals::Misplaced => itself(Truth::Unknown),
            Principals::Named(named) => named.fits(request.principal, self.effect == Effect::Deny, boundary),
        };
        let fit = if self.asks_for_principal {
            named::everyone_is_itself(fit)
        } else {
            fit
        };
        if fit.contains(&Truth::Unknown) {
            missing.push("principal".to_owned());
        }
        fit
    }
}

fn unknown(name: &str, missing: &mut Vec<String>) -> Truth {
    missing.push(name.to_owned());
    Truth::Unknown
}

/// Statements that allow; mostly one or two.
pub(super) type Allowing = SmallVec<[StatementRef; 4]>;

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
