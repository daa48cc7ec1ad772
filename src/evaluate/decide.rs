//! The decision over compiled policies.

use super::index::ActionIndex;
use super::target::{Asked, Resources};
use super::{Context, condition};
use crate::policy::{Document, Effect};

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
///
/// The layers that are given are those in force: a layer that no policy stands for sets no limit,
/// but for [`Layer::Identity`], without which nothing is allowed. Policies of one layer add up.
#[derive(Debug)]
pub struct Compiled {
    statements: Vec<Statement>,
    actions: ActionIndex,
    /// The number of each policy's first statement.
    first: Vec<usize>,
    /// In the order in which they are asked.
    layers: Vec<Layer>,
}

#[derive(Debug)]
struct Statement {
    reference: StatementRef,
    effect: Effect,
    /// Its layer's place in [`Compiled::layers`].
    layer: usize,
    resources: Option<Resources>,
    conditions: Vec<condition::Compiled>,
    /// Whether it names principals, which these layers have no use for.
    principal: bool,
}

impl Compiled {
    /// Compiles the policies.
    pub fn new(policies: &[PolicyIn<'_>]) -> Self {
        let mut layers: Vec<Layer> = policies.iter().map(|policy| policy.layer).collect();
        layers.push(Layer::Identity);
        layers.sort_unstable_by_key(|layer| order(*layer));
        layers.dedup();
        let mut compiled = Self {
            statements: Vec::new(),
            actions: ActionIndex::default(),
            first: Vec::new(),
            layers,
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
                conditions: own
                    .conditions
                    .iter()
                    .map(|c| condition::Compiled::new(c, version))
                    .collect(),
                principal: own.principal.is_some(),
            });
        }
    }

    /// Decides one request.
    ///
    /// An explicit Deny of any layer wins; then each layer must allow; what cannot be known makes
    /// the answer [`Decision::Unknown`], unless the answer would be the same either way.
    pub fn decide(&self, request: &Request<'_>) -> Decision {
        let asked = Asked::from(request.target);
        let mut tally = Tally::new(self.layers.len());
        for number in self.actions.matching(request.action) {
            let Some(statement) = self.statements.get(number) else {
                continue;
            };
            let mut missing = Vec::new();
            let truth = statement.holds(&asked, request.context, &mut missing);
            if let (Effect::Deny, Truth::True) = (statement.effect, truth) {
                let layer = self
                    .layers
                    .get(statement.layer)
                    .copied()
                    .unwrap_or(Layer::Identity);
                return Decision::ExplicitDeny {
                    by: statement.reference,
                    layer,
                };
            }
            tally.add(statement, truth, missing);
        }
        tally.decision(&self.layers)
    }

    /// How one statement stands to a request, effect aside: does it match (action, resource and
    /// conditions)? [`Truth::False`] for a statement that does not exist.
    pub fn matches(&self, statement: StatementRef, request: &Request<'_>) -> Truth {
        let number = self
            .first
            .get(statement.policy)
            .map(|first| first + statement.statement);
        let own = number.and_then(|number| Some((number, self.statements.get(number)?)));
        let Some((number, own)) = own.filter(|(_, own)| own.reference == statement) else {
            return Truth::False;
        };
        if self
            .actions
            .matching(request.action)
            .binary_search(&number)
            .is_err()
        {
            return Truth::False;
        }
        own.holds(&Asked::from(request.target), request.context, &mut Vec::new())
    }
}

/// Layers are asked from the outside in.
fn order(layer: Layer) -> (u8, u8) {
    match layer {
        Layer::Scp(level) => (0, level),
        Layer::Boundary => (1, 0),
        Layer::Session => (2, 0),
        Layer::Identity => (3, 0),
    }
}

impl Statement {
    /// Whether resource and conditions hold; `missing` is filled where that is unknown.
    fn holds(&self, asked: &Asked<'_>, context: &Context, missing: &mut Vec<String>) -> Truth {
        let mut truth = match &self.resources {
            Some(resources) => resources.hold(asked, context, missing),
            None => unknown("resource", missing),
        };
        for condition in &self.conditions {
            if truth == Truth::False {
                break;
            }
            truth = truth.and(condition.holds(context, missing));
        }
        if self.principal && truth != Truth::False {
            truth = truth.and(unknown("principal", missing));
        }
        truth
    }
}

fn unknown(name: &str, missing: &mut Vec<String>) -> Truth {
    missing.push(name.to_owned());
    Truth::Unknown
}

/// What the statements that speak of a request say, no certain Deny among them.
struct Tally {
    allowing: Vec<StatementRef>,
    /// For each layer: does it allow, and what would decide it.
    layers: Vec<(Truth, Vec<String>)>,
    denied: Truth,
    denied_missing: Vec<String>,
}

impl Tally {
    fn new(layers: usize) -> Self {
        Self {
            allowing: Vec::new(),
            layers: vec![(Truth::False, Vec::new()); layers],
            denied: Truth::False,
            denied_missing: Vec::new(),
        }
    }

    fn add(&mut self, statement: &Statement, truth: Truth, missing: Vec<String>) {
        if truth == Truth::False {
            return;
        }
        if statement.effect == Effect::Deny {
            self.denied = self.denied.or(truth);
            self.denied_missing.extend(missing);
            return;
        }
        // Identity is the last layer of all.
        if truth == Truth::True && statement.layer + 1 == self.layers.len() {
            self.allowing.push(statement.reference);
        }
        if let Some((allowed, unknown)) = self.layers.get_mut(statement.layer) {
            *allowed = allowed.or(truth);
            unknown.extend(missing);
        }
    }

    fn decision(self, layers: &[Layer]) -> Decision {
        let mut missing = self.denied_missing;
        let mut truth = self.denied.not();
        for ((allowed, unknown), layer) in self.layers.into_iter().zip(layers) {
            match allowed {
                Truth::False => return Decision::ImplicitDeny { layer: *layer },
                Truth::Unknown => missing.extend(unknown),
                Truth::True => {}
            }
            truth = truth.and(allowed);
        }
        if truth == Truth::True {
            return Decision::Allowed { by: self.allowing };
        }
        missing.sort_unstable();
        missing.dedup();
        Decision::Unknown { missing }
    }
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
