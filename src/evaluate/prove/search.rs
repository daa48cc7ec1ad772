//! One class of actions on one class of resources: is there a request that the new set allows and the
//! old one does not?
//!
//! What is left open are the values of condition keys, sorted into classes, and propositions about
//! what cannot be looked into (does the value of a policy variable make this resource match?). The
//! search tries them one by one and gives a branch up as soon as the answer is certain in it.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::Because;
use super::keys::{self, KeyClass};
use super::model::{Model, Side, Statement};
use super::resources::{Held, Propositions, ResourceClass, widened};
use crate::evaluate::{Context, Layer, Lookup, Truth};
use crate::pattern::resource_matches;
use crate::policy::{Effect, Version};

/// What cannot be looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Proposition {
    /// By number in [`Model::opaque`].
    Opaque(usize),
    /// Whether this condition holds, for a value of its key that does not decide it alone.
    Atom(usize),
}

/// A statement in play: its action matches, and its resource may.
pub(super) struct Clause<'m> {
    pub(super) statement: &'m Statement<'m>,
    pub(super) resource: Held,
    /// `NotResource`.
    pub(super) except: bool,
    /// Propositions that must hold besides.
    pub(super) also: Vec<usize>,
}

/// Values for what was open.
#[derive(Debug, Clone, Default)]
pub(super) struct Assignment {
    /// Key to number of its class.
    pub(super) keys: FxHashMap<usize, usize>,
    pub(super) propositions: FxHashMap<Proposition, bool>,
}

/// The most steps that one search may take.
const MOST_STEPS: usize = 50_000;
/// The most candidates that may turn out not to be requests.
const MOST_TRIES: usize = 64;

/// The question.
pub(super) struct Search<'m> {
    pub(super) model: &'m Model<'m>,
    pub(super) known: &'m Propositions,
    pub(super) clauses: Vec<Clause<'m>>,
    /// For each key in play its conditions in play, and its classes.
    pub(super) classes: FxHashMap<usize, (Vec<usize>, Vec<KeyClass>)>,
    pub(super) steps: usize,
    pub(super) tries: usize,
}

/// How a search ended.
pub(super) enum Outcome {
    /// There is no such request.
    None,
    /// `found` took one.
    Found,
    /// There may be one; what it hangs on.
    Open(Vec<Proposition>),
    /// It would take too many steps.
    TooMany,
}

impl<'m> Search<'m> {
    /// Whether a request is possible at all, whatever the conditions.
    pub(super) fn may_differ(&self) -> bool {
        self.differs(&Assignment::default()) != Truth::False
    }

    /// Sorts the values of every key in play; the name of a key with too many classes otherwise.
    pub(super) fn classify(&mut self, forced: &Context) -> Result<(), String> {
        let mut atoms: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for atom in self
            .clauses
            .iter()
            .flat_map(|clause| &clause.statement.conditions)
        {
            if let Some(own) = self.model.atoms.get(*atom) {
                atoms.entry(own.key).or_default().push(*atom);
            }
        }
        for (key, mut own) in atoms {
            own.sort_unstable();
            own.dedup();
            let name = self.model.keys.get(key).map_or("", String::as_str);
            let classes = if forced.is_set(name) && *forced.get(name) != Lookup::Unknown {
                vec![keys::class_of(self.model, key, &own, forced.get(name))]
            } else {
                keys::classes(self.model, key, &own).map_err(|_| name.to_owned())?
            };
            self.classes.insert(key, (own, classes));
        }
        Ok(())
    }

    /// The first Allow of the new set that holds.
    pub(super) fn allowing(&self, given: &Assignment) -> Option<&Clause<'m>> {
        self.clauses
            .iter()
            .filter(|clause| {
                let own = clause.statement;
                own.side == Side::New
                    && own.effect == Effect::Allow
                    && (own.layer == Layer::Identity || own.layer.is_of_resource())
            })
            .max_by_key(|clause| {
                (
                    self.holds(clause, given),
                    std::cmp::Reverse(clause.statement.reference),
                )
            })
    }

    /// Why the old set does not allow it.
    pub(super) fn because(&self, given: &Assignment) -> Because {
        let denying = self.clauses.iter().find(|clause| {
            let own = clause.statement;
            own.side == Side::Old && own.effect == Effect::Deny && self.holds(clause, given) == Truth::True
        });
        if let Some(clause) = denying {
            return Because::Denied {
                by: clause.statement.reference,
            };
        }
        let layers = self.model.layers(Side::Old).iter().copied();
        let refusing = layers
            .filter(|layer| self.allows_in(Side::Old, *layer, given) == Truth::False)
            .min_by_key(|layer| layer.rank());
        Because::NotAllowed {
            layer: refusing.unwrap_or(Layer::Identity),
        }
    }

    /// The resource entries in play, those of the new set first.
    pub(super) fn resource_patterns(&self) -> Vec<&str> {
        let mut clauses: Vec<&Clause<'_>> = self.clauses.iter().collect();
        clauses.sort_by_key(|clause| clause.statement.side == Side::Old);
        let elements = clauses.iter().filter_map(|clause| clause.statement.resource);
        elements
            .filter_map(|number| self.model.elements.get(number))
            .flat_map(|own| own.element.patterns())
            .map(String::as_str)
            .collect()
    }

    /// Whether a resource is held by the same elements as the class, as far as they are certain.
    pub(super) fn is_of_class(&self, class: &ResourceClass, arn: &str) -> bool {
        class.held.iter().all(|(number, held)| {
            let Some(own) = self.model.elements.get(*number) else {
                return false;
            };
            let listed = own.element.patterns().iter().fold(Truth::False, |all, text| {
                let plain = !text.contains("${") || own.version == Version::V2008;
                all.or(match resource_matches(&widened(text), arn) {
                    Some(false) => Truth::False,
                    Some(true) if plain => Truth::True,
                    _ => Truth::Unknown,
                })
            });
            match held {
                Held::Yes => listed == Truth::True,
                Held::No => listed == Truth::False,
                Held::Where(_) => listed == Truth::Unknown,
            }
        })
    }

    /// Looks for a request; `found` says whether what is offered is one.
    pub(super) fn run(&mut self, found: &mut impl FnMut(&Self, &Assignment) -> bool) -> Outcome {
        let mut open = Vec::new();
        if self.descend(&mut Assignment::default(), &mut open, found) {
            return Outcome::Found;
        }
        if self.steps > MOST_STEPS || self.tries > MOST_TRIES && open.is_empty() {
            return Outcome::TooMany;
        }
        if self.tries == 0 {
            return Outcome::None;
        }
        open.sort_unstable();
        open.dedup();
        Outcome::Open(open)
    }

    fn descend(
        &mut self,
        given: &mut Assignment,
        open: &mut Vec<Proposition>,
        found: &mut impl FnMut(&Self, &Assignment) -> bool,
    ) -> bool {
        self.steps += 1;
        if self.steps > MOST_STEPS || self.tries > MOST_TRIES {
            return false;
        }
        match self.differs(given) {
            Truth::False => false,
            Truth::True => {
                let whole = self.completed(given);
                if found(self, &whole) {
                    return true;
                }
                self.tries += 1;
                open.extend(given.propositions.keys());
                false
            }
            Truth::Unknown => self.branch(given, open, found),
        }
    }

    fn branch(
        &mut self,
        given: &mut Assignment,
        open: &mut Vec<Proposition>,
        found: &mut impl FnMut(&Self, &Assignment) -> bool,
    ) -> bool {
        match self.next(given) {
            Some(Choice::Key(key)) => {
                let count = self.classes.get(&key).map_or(0, |(_, classes)| classes.len());
                for class in 0..count {
                    given.keys.insert(key, class);
                    if self.descend(given, open, found) {
                        return true;
                    }
                }
                given.keys.remove(&key);
                false
            }
            Some(Choice::Proposition(proposition)) => {
                for value in [true, false] {
                    given.propositions.insert(proposition, value);
                    if self.is_consistent(given, proposition) && self.descend(given, open, found) {
                        return true;
                    }
                }
                given.propositions.remove(&proposition);
                false
            }
            None => false,
        }
    }

    /// Every key in play has a class.
    fn completed(&self, given: &Assignment) -> Assignment {
        let mut whole = given.clone();
        for key in self.classes.keys() {
            whole.keys.entry(*key).or_insert(0);
        }
        whole
    }

    fn is_consistent(&self, given: &Assignment, latest: Proposition) -> bool {
        let Proposition::Opaque(latest) = latest else {
            return true;
        };
        let value = |number: usize| given.propositions.get(&Proposition::Opaque(number)).copied();
        let all = given.propositions.keys().filter_map(|other| match other {
            Proposition::Opaque(other) if *other != latest => Some(*other),
            _ => None,
        });
        all.into_iter().all(|other| match (value(latest), value(other)) {
            (Some(true), Some(false)) => !self.known.implies(latest, other),
            (Some(false), Some(true)) => !self.known.implies(other, latest),
            _ => true,
        })
    }

    /// Whether the new set allows and the old one does not.
    fn differs(&self, given: &Assignment) -> Truth {
        match self.allows(Side::New, given) {
            Truth::False => Truth::False,
            new => new.and(self.allows(Side::Old, given).not()),
        }
    }

    /// Whether a set allows.
    pub(super) fn allows(&self, side: Side, given: &Assignment) -> Truth {
        let mut all = self.denies(side, given).not();
        for layer in self.model.layers(side) {
            if all == Truth::False {
                break;
            }
            all = all.and(self.allows_in(side, *layer, given));
        }
        all
    }

    fn denies(&self, side: Side, given: &Assignment) -> Truth {
        self.any(side, Effect::Deny, None, given)
    }

    pub(super) fn allows_in(&self, side: Side, layer: Layer, given: &Assignment) -> Truth {
        self.any(side, Effect::Allow, Some(layer), given)
    }

    fn any(&self, side: Side, effect: Effect, layer: Option<Layer>, given: &Assignment) -> Truth {
        let mut any = Truth::False;
        for clause in &self.clauses {
            let own = clause.statement;
            if own.side == side && own.effect == effect && layer.is_none_or(|layer| layer == own.layer) {
                any = any.or(self.holds(clause, given));
                if any == Truth::True {
                    break;
                }
            }
        }
        any
    }

    /// Whether a statement matches.
    pub(super) fn holds(&self, clause: &Clause<'_>, given: &Assignment) -> Truth {
        let proposition = |number: &usize| {
            let value = given.propositions.get(&Proposition::Opaque(*number));
            value.map_or(Truth::Unknown, |value| Truth::from(*value))
        };
        let held = match &clause.resource {
            Held::No => Truth::False,
            Held::Yes => Truth::True,
            Held::Where(list) => list.iter().map(proposition).fold(Truth::False, Truth::or),
        };
        let mut truth = if clause.except { held.not() } else { held };
        for number in &clause.also {
            truth = truth.and(proposition(number));
        }
        for atom in &clause.statement.conditions {
            if truth == Truth::False {
                break;
            }
            truth = truth.and(self.says(*atom, given));
        }
        truth
    }

    /// What a condition says.
    pub(super) fn says(&self, atom: usize, given: &Assignment) -> Truth {
        match self.class_says(atom, given) {
            Some(Truth::Unknown) => {
                let value = given.propositions.get(&Proposition::Atom(atom));
                value.map_or(Truth::Unknown, |value| Truth::from(*value))
            }
            Some(truth) => truth,
            None => Truth::Unknown,
        }
    }

    /// What its key's class says of a condition; `None` where the key has none yet.
    fn class_says(&self, atom: usize, given: &Assignment) -> Option<Truth> {
        let key = self.model.atoms.get(atom)?.key;
        let (atoms, classes) = self.classes.get(&key)?;
        let class = classes.get(*given.keys.get(&key)?)?;
        let place = atoms.iter().position(|own| *own == atom)?;
        class.says.get(place).copied()
    }

    /// Something open on which a statement hangs: of the new set's Allows first.
    fn next(&self, given: &Assignment) -> Option<Choice> {
        let rank = |clause: &&Clause<'_>| {
            (
                clause.statement.side == Side::Old,
                clause.statement.effect == Effect::Deny,
            )
        };
        let mut open: Vec<&Clause<'_>> = self
            .clauses
            .iter()
            .filter(|clause| self.holds(clause, given) == Truth::Unknown)
            .collect();
        open.sort_by_key(rank);
        open.into_iter().find_map(|clause| self.choice(clause, given))
    }

    fn choice(&self, clause: &Clause<'_>, given: &Assignment) -> Option<Choice> {
        let unset = |number: &&usize| !given.propositions.contains_key(&Proposition::Opaque(**number));
        let listed = match &clause.resource {
            Held::Where(list) => list.iter().find(unset),
            _ => None,
        };
        if let Some(number) = listed.or_else(|| clause.also.iter().find(unset)) {
            return Some(Choice::Proposition(Proposition::Opaque(*number)));
        }
        clause
            .statement
            .conditions
            .iter()
            .find_map(|atom| match self.class_says(*atom, given) {
                None => Some(Choice::Key(self.model.atoms.get(*atom)?.key)),
                Some(Truth::Unknown) if !given.propositions.contains_key(&Proposition::Atom(*atom)) => {
                    Some(Choice::Proposition(Proposition::Atom(*atom)))
                }
                _ => None,
            })
    }
}

enum Choice {
    Key(usize),
    Proposition(Proposition),
}
