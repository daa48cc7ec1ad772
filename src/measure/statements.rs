//! The statements of a set of policies, by the action that is asked for.

use rustc_hash::FxHashMap;

use super::reach::{Ready, Set};
use crate::evaluate::symbolic::Variables;
use crate::evaluate::{Layer, PolicyIn, StatementRef};
use crate::policy::{Effect, Statement};

/// All statements, ready to be asked.
pub(super) struct Statements {
    by_policy: Vec<(usize, Vec<Ready>)>,
    layers: usize,
}

impl Statements {
    pub(super) fn new(policies: &[PolicyIn<'_>], granting: Layer) -> Self {
        let mut layers: Vec<Layer> = policies.iter().map(|policy| policy.layer).collect();
        // The granting layer comes first.
        layers.sort_unstable_by_key(|layer| (*layer != granting, *layer));
        layers.dedup();
        let mut variables = Variables::default();
        let by_policy = policies.iter().map(|policy| {
            let version = policy.document.version;
            let ready = policy.document.statements.iter().map(|own| {
                let for_some =
                    !is_for_everybody(own) && (own.effect == Effect::Deny || policy.layer != granting);
                let conditional = !own.conditions.is_empty() || for_some;
                Ready::new(own, version, conditional, &mut variables)
            });
            let ready = ready.collect();
            let layer = layers.iter().position(|layer| *layer == policy.layer);
            (layer.unwrap_or_default(), ready)
        });
        Self {
            by_policy: by_policy.collect(),
            layers: layers.len(),
        }
    }

    pub(super) fn set(&self, hits: &[StatementRef]) -> Set<'_> {
        let mut set = Set {
            layers: vec![Vec::new(); self.layers],
            denies: Vec::new(),
        };
        for hit in hits {
            let policy = self.by_policy.get(hit.policy);
            let Some((layer, statement)) = policy.and_then(|(at, all)| Some((*at, all.get(hit.statement)?)))
            else {
                continue;
            };
            match statement {
                Ready::Deny(deny) => set.denies.push(deny),
                Ready::Allow(entries) => {
                    if let Some(layer) = set.layers.get_mut(layer) {
                        layer.extend(entries);
                    }
                }
            }
        }
        set
    }
}

/// Whether a statement is for every principal: it names none, or `*`.
fn is_for_everybody(statement: &Statement) -> bool {
    use serde_json::Value;
    let is_star = |value: &Value| match value {
        Value::String(text) => text == "*",
        Value::Array(list) => list.iter().any(|one| one.as_str() == Some("*")),
        _ => false,
    };
    match &statement.principal {
        None => true,
        Some(_) if statement.not_principal => false,
        Some(Value::Object(kinds)) => kinds.get("AWS").is_some_and(is_star),
        Some(value) => is_star(value),
    }
}

/// Sets of statements that speak of the same actions, each made once.
#[derive(Default)]
pub(super) struct Sets<'r> {
    numbers: FxHashMap<Vec<StatementRef>, usize>,
    sets: Vec<Set<'r>>,
    empty: Set<'r>,
}

impl<'r> Sets<'r> {
    pub(super) fn of(&mut self, hits: &[StatementRef], ready: &'r Statements) -> (usize, &Set<'r>) {
        let number = match self.numbers.get(hits) {
            Some(number) => *number,
            None => {
                self.sets.push(ready.set(hits));
                self.numbers.insert(hits.to_vec(), self.sets.len() - 1);
                self.sets.len() - 1
            }
        };
        (number, self.sets.get(number).unwrap_or(&self.empty))
    }
}
