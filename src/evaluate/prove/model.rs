//! Both sets of policies in one model: statements, the resource elements and the conditions that they
//! share, each known by its text.

use rustc_hash::FxHashMap;

use crate::evaluate::condition;
use crate::evaluate::layer::{Layer, PolicyIn, StatementRef};
use crate::evaluate::named::Named;
use crate::policy::{Condition, Document, Effect, Element, Operator, Version};

/// Which of the two sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Side {
    Old,
    New,
}

/// One statement of either set.
pub(super) struct Statement<'a> {
    pub(super) side: Side,
    pub(super) reference: StatementRef,
    pub(super) layer: Layer,
    pub(super) effect: Effect,
    pub(super) action: &'a Element,
    /// Number in [`Model::elements`]; `None` where the statement has no resource element.
    pub(super) resource: Option<usize>,
    /// Numbers in [`Model::atoms`].
    pub(super) conditions: Vec<usize>,
    pub(super) principals: Option<Named>,
    /// What else must hold and cannot be looked into: a number in [`Model::opaque`].
    pub(super) opaque: Option<usize>,
}

/// A resource element under a version of the language.
pub(super) struct ResourceElement<'a> {
    pub(super) element: &'a Element,
    pub(super) version: Version,
}

/// One condition, whichever statements have it.
pub(super) struct Atom<'a> {
    pub(super) written: &'a Condition,
    pub(super) version: Version,
    pub(super) operator: Option<Operator>,
    pub(super) compiled: condition::Compiled,
    /// Number in [`Model::keys`].
    pub(super) key: usize,
}

/// Both sets.
#[derive(Default)]
pub(super) struct Model<'a> {
    pub(super) statements: Vec<Statement<'a>>,
    pub(super) elements: Vec<ResourceElement<'a>>,
    pub(super) atoms: Vec<Atom<'a>>,
    /// Condition keys in lower case.
    pub(super) keys: Vec<String>,
    /// Layers in force: old, new.
    pub(super) layers: [Vec<Layer>; 2],
    /// Texts of what cannot be looked into.
    pub(super) opaque: Vec<String>,
    known: Known,
}

/// Numbers by text, so that what is written twice is one thing.
#[derive(Default)]
struct Known {
    elements: FxHashMap<(bool, Vec<String>, Version), usize>,
    atoms: FxHashMap<(String, String, Vec<String>, Option<Version>), usize>,
    keys: FxHashMap<String, usize>,
    opaque: FxHashMap<String, usize>,
}

impl<'a> Model<'a> {
    pub(super) fn new(old: &[PolicyIn<'a>], new: &[PolicyIn<'a>]) -> Self {
        let mut model = Self::default();
        model.add(Side::Old, old);
        model.add(Side::New, new);
        model
    }

    pub(super) fn layers(&self, side: Side) -> &[Layer] {
        let [old, new] = &self.layers;
        match side {
            Side::Old => old,
            Side::New => new,
        }
    }

    fn add(&mut self, side: Side, policies: &[PolicyIn<'a>]) {
        let mut layers: Vec<Layer> = policies.iter().map(|policy| policy.layer).collect();
        // A resource policy is compared by itself; all else rests on identity policies.
        if !layers.iter().any(|layer| layer.is_of_resource()) {
            layers.push(Layer::Identity);
        }
        layers.sort_unstable();
        layers.dedup();
        let [old, new] = &mut self.layers;
        *match side {
            Side::Old => old,
            Side::New => new,
        } = layers;
        for (policy, given) in policies.iter().enumerate() {
            for statement in 0..given.document.statements.len() {
                self.add_statement(
                    side,
                    given.layer,
                    given.document,
                    StatementRef { policy, statement },
                );
            }
        }
    }

    fn add_statement(&mut self, side: Side, layer: Layer, document: &'a Document, reference: StatementRef) {
        let Some(own) = document.statements.get(reference.statement) else {
            return;
        };
        let version = document.version;
        let conditions = own.conditions.iter().map(|c| self.atom(c, version)).collect();
        let named = layer.names_principals();
        let principals = own
            .principal
            .as_ref()
            .filter(|_| named)
            .map(|element| Named::new(element, own.not_principal));
        let misplaced = match (&own.principal, named) {
            (Some(element), false) => Some(format!("Principal {element} {}", own.not_principal)),
            (None, true) => Some("no Principal".to_owned()),
            _ => None,
        };
        let nowhere = own.resource.is_none() && !layer.is_of_resource();
        let opaque = misplaced.or_else(|| nowhere.then(|| "no Resource".to_owned()));
        let statement = Statement {
            side,
            reference,
            layer,
            effect: own.effect,
            action: &own.action,
            resource: own
                .resource
                .as_ref()
                .map(|element| self.element(element, version)),
            conditions,
            principals,
            opaque: opaque.map(|text| self.opaque(text)),
        };
        self.statements.push(statement);
    }

    fn element(&mut self, element: &'a Element, version: Version) -> usize {
        let mut texts = element.patterns().to_vec();
        texts.sort_unstable();
        let next = self.elements.len();
        let number = *self
            .known
            .elements
            .entry((element.is_except(), texts, version))
            .or_insert(next);
        if number == next {
            self.elements.push(ResourceElement { element, version });
        }
        number
    }

    fn atom(&mut self, condition: &'a Condition, version: Version) -> usize {
        let key = condition.key.to_ascii_lowercase();
        let mut values = condition.values.clone();
        values.sort_unstable();
        values.dedup();
        let variables = values.iter().any(|value| value.contains("${"));
        let next = self.atoms.len();
        let text = (
            condition.operator.clone(),
            key.clone(),
            values,
            variables.then_some(version),
        );
        let number = *self.known.atoms.entry(text).or_insert(next);
        if number == next {
            let next_key = self.keys.len();
            let key_number = *self.known.keys.entry(key.clone()).or_insert(next_key);
            if key_number == next_key {
                self.keys.push(key);
            }
            self.atoms.push(Atom {
                written: condition,
                version,
                operator: Operator::parse(&condition.operator),
                compiled: condition::Compiled::new(condition, version),
                key: key_number,
            });
        }
        number
    }

    /// The number of something that cannot be looked into, by its text.
    pub(super) fn opaque(&mut self, text: String) -> usize {
        let next = self.opaque.len();
        let number = *self.known.opaque.entry(text.clone()).or_insert(next);
        if number == next {
            self.opaque.push(text);
        }
        number
    }
}
