//! The proof over two sets of policies: what the one allows and the other does not, exactly.
//!
//! A request is an action, a resource and a context (and, where a resource policy is compared, a
//! principal). Actions fall into classes by which statements speak of them: those of the catalog, and
//! those that it does not know; resources fall into classes by which elements hold them; values of
//! condition keys by what conditions say of them. Every class is found by walking the patterns'
//! automata, none by sampling, and one request of each is looked for. So [`Comparison::is_proved`]
//! is a proof over the whole language: wildcards, `NotAction`, `NotResource`, Deny, conditions.
//!
//! Where a policy says what AWS does not document, or the value of a policy variable decides, the
//! answer may be [`Undecided`]: never a wrong yes. Each [`Difference`] has a request that
//! [`Compiled::decide`] was asked: the one set allows it, the other refuses it.
//!
//! Left out are resources on which AWS's own pages disagree: those that a `*` at the end of one of the
//! first five parts of an ARN reaches only if it crosses into the next.
//!
//! An action that the catalog knows is not held to the resources that AWS lists for it: the list may
//! be shorter than the truth.

mod actions;
mod example;
mod keys;
mod model;
mod principals;
mod resources;
mod search;

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use self::actions::ActionClass;
use self::model::{Model, Side};
use self::principals::Asker;
use self::resources::{Held, Propositions, ResourceClass};
use self::search::{Assignment, Clause, Outcome, Proposition, Search};
use super::{Compiled, Context, Decision, Layer, PolicyIn, Principal, Request, StatementRef, Target};
use crate::policy::{Document, Effect, Element, Statement};

/// A request, owned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The action.
    pub action: String,
    /// The resource; `None`: the action is asked on no particular resource, `*`.
    pub resource: Option<String>,
    /// Condition keys; those that are not named are absent.
    pub context: Context,
    /// Who asks, where resource policies are compared.
    pub principal: Option<Principal>,
    /// Whether the principal is of another account than the resource.
    pub across_accounts: bool,
}

/// Why the other set does not allow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Because {
    /// No statement of this layer allows it.
    NotAllowed {
        /// The layer.
        layer: Layer,
    },
    /// A statement denies it.
    Denied {
        /// The statement, in the other set.
        by: StatementRef,
    },
}

/// Actions of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Actions {
    /// Those that the catalog knows, sorted.
    pub known: Vec<String>,
    /// One that it does not know; there may be others.
    pub unknown: Option<String>,
}

/// Something that the one set allows and the other does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The statement that allows it.
    pub by: StatementRef,
    /// Which actions.
    pub actions: Actions,
    /// The entries of the statement's resource element that hold the example; with `NotResource`, what
    /// it leaves out.
    pub resources: Vec<String>,
    /// Why the other set does not allow it.
    pub because: Because,
    /// One request.
    pub example: Example,
}

/// Something that the one set may allow and the other not: it could not be decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undecided {
    /// A statement that may allow it.
    pub by: Option<StatementRef>,
    /// An action.
    pub action: String,
    /// A resource; `None` as in [`Example::resource`].
    pub resource: Option<String>,
    /// What it hangs on: conditions and entries as the policies have them, or the limit that was met.
    pub about: Vec<String>,
}

/// The answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// What the new set allows and the old one does not.
    pub differences: Vec<Difference>,
    /// What could not be decided.
    pub undecided: Vec<Undecided>,
}

impl Comparison {
    /// Whether everything that the new set allows is proved to be allowed by the old one.
    pub fn is_proved(&self) -> bool {
        self.differences.is_empty() && self.undecided.is_empty()
    }
}

/// Looks for what `new` allows and `old` does not.
///
/// Layers count as in [`Compiled`]. Where a set holds the policy of a resource, the two are compared
/// as such: as what they grant within the resource's account, and to other accounts.
pub fn compare(old: &[PolicyIn<'_>], new: &[PolicyIn<'_>]) -> Comparison {
    let mut comparison = Comparison::default();
    let mut model = Model::new(old, new);
    let classes = match actions::classes(&model) {
        Ok(classes) => classes,
        Err(_) => {
            comparison
                .undecided
                .push(limit(None, String::new(), None, "the actions"));
            return comparison;
        }
    };
    let askers = principals::askers(&mut model);
    let mut proof = Prover {
        known: Propositions::default(),
        resources: FxHashMap::default(),
        found: BTreeMap::new(),
        undecided: Vec::new(),
        compiled: askers.iter().map(|asker| asker.compiled(old, new)).collect(),
    };
    for class in &classes {
        proof.class(&mut model, class, &askers);
    }
    comparison.differences = proof.found.into_values().collect();
    comparison.undecided = proof.undecided;
    comparison
}

/// What `policies` allow of these actions on these resources (`*` for all): as [`compare`], with
/// nothing allowed.
pub fn allowed(policies: &[PolicyIn<'_>], actions: &[String], resources: &[String]) -> Comparison {
    let layer = policies
        .iter()
        .map(|policy| policy.layer)
        .find(|layer| layer.is_of_resource())
        .unwrap_or(Layer::Identity);
    let mut statement = Statement::new(
        Effect::Deny,
        Element::Only(actions.to_vec()),
        Some(Element::Only(resources.to_vec())),
    );
    if layer.names_principals() {
        statement.principal = Some(serde_json::Value::from("*"));
    }
    let document = Document::new(vec![statement]);
    let mut refused = policies.to_vec();
    refused.push(PolicyIn {
        layer,
        document: &document,
    });
    compare(&refused, policies)
}

fn limit(by: Option<StatementRef>, action: String, resource: Option<String>, what: &str) -> Undecided {
    Undecided {
        by,
        action,
        resource,
        about: vec![format!(
            "{what} have too many combinations of patterns to be told apart"
        )],
    }
}

/// What makes two findings one: by whom, why, on which entries, asked by whom.
type Group = (StatementRef, Because, Vec<String>, usize);

struct Prover {
    known: Propositions,
    /// Resource classes by the elements that make them.
    resources: FxHashMap<Vec<usize>, Option<std::rc::Rc<Vec<ResourceClass>>>>,
    found: BTreeMap<Group, Difference>,
    undecided: Vec<Undecided>,
    /// For each asker the old and the new set, ready to be asked.
    compiled: Vec<(Compiled, Compiled)>,
}

impl Prover {
    fn class(&mut self, model: &mut Model<'_>, class: &ActionClass, askers: &[Asker]) {
        let mut elements: Vec<usize> = class
            .statements
            .iter()
            .filter_map(|number| model.statements.get(*number)?.resource)
            .collect();
        elements.sort_unstable();
        elements.dedup();
        if !self.resources.contains_key(&elements) {
            let classes = resources::classes(model, &mut self.known, &elements);
            self.resources
                .insert(elements.clone(), classes.ok().map(std::rc::Rc::new));
        }
        let Some(resources) = self.resources.get(&elements).cloned().flatten() else {
            let limit = limit(None, class.example().to_owned(), None, "the resources");
            self.undecided.push(limit);
            return;
        };
        for (number, asker) in askers.iter().enumerate() {
            for resource in resources.iter() {
                self.pair(model, class, resource, (number, asker));
            }
        }
    }

    fn pair(
        &mut self,
        model: &Model<'_>,
        class: &ActionClass,
        resource: &ResourceClass,
        asker: (usize, &Asker),
    ) {
        let clauses = clauses(model, class, resource, asker.1);
        let mut search = Search {
            model,
            known: &self.known,
            clauses,
            classes: FxHashMap::default(),
            steps: 0,
            tries: 0,
        };
        // Most pairs are decided without a look at any condition.
        if !search.may_differ() {
            return;
        }
        let action = class.example();
        if let Err(key) = search.classify(&asker.1.context) {
            let by = search
                .allowing(&Assignment::default())
                .map(|clause| clause.statement.reference);
            self.undecided.push(limit(
                by,
                action.to_owned(),
                resource.example.clone(),
                &format!("the values of {key}"),
            ));
            return;
        }
        let mut request = None;
        let compiled = self.compiled.get(asker.0);
        let outcome = search.run(&mut |search: &Search<'_>, given: &Assignment| {
            let example = compiled.and_then(|both| real(search, given, action, resource, asker.1, both));
            let is_real = example.is_some();
            request = example.map(|example| (example, given.clone()));
            is_real
        });
        match (outcome, request) {
            (Outcome::None, _) => {}
            (_, Some((example, given))) => {
                if let Some((group, difference)) = difference(&search, &given, example, asker.0) {
                    self.found
                        .entry(group)
                        .or_insert_with(|| difference)
                        .actions
                        .extend(class);
                }
            }
            (Outcome::Open(about), None) => {
                let about = about.iter().map(|open| in_words(model, *open)).collect();
                self.open(&search_by(model, class), class, resource, about);
            }
            (_, None) => {
                let by = search_by(model, class);
                self.undecided.push(limit(
                    by,
                    action.to_owned(),
                    resource.example.clone(),
                    "the conditions",
                ));
            }
        }
    }

    fn open(
        &mut self,
        by: &Option<StatementRef>,
        class: &ActionClass,
        resource: &ResourceClass,
        about: Vec<String>,
    ) {
        let known = self
            .undecided
            .iter()
            .any(|other| other.by == *by && other.about == about);
        if !known {
            self.undecided.push(Undecided {
                by: *by,
                action: class.example().to_owned(),
                resource: resource.example.clone(),
                about,
            });
        }
    }
}

/// The new set's first Allow that speaks of the actions.
fn search_by(model: &Model<'_>, class: &ActionClass) -> Option<StatementRef> {
    let statements = class
        .statements
        .iter()
        .filter_map(|number| model.statements.get(*number));
    statements
        .filter(|own| own.side == Side::New && own.effect == Effect::Allow)
        .map(|own| own.reference)
        .next()
}

/// The statements that may match.
fn clauses<'m>(
    model: &'m Model<'_>,
    class: &ActionClass,
    resource: &ResourceClass,
    asker: &Asker,
) -> Vec<Clause<'m>> {
    let mut clauses = Vec::new();
    for number in &class.statements {
        let Some(statement) = model.statements.get(*number) else {
            continue;
        };
        let (held, except) = match statement.resource {
            None => (Held::Yes, false),
            Some(element) => (
                resource.held.get(&element).cloned().unwrap_or(Held::No),
                model
                    .elements
                    .get(element)
                    .is_some_and(|own| own.element.is_except()),
            ),
        };
        let never = if except { Held::Yes } else { Held::No };
        let asked = asker.fits.get(*number).copied().unwrap_or(principals::Asks::Yes);
        if held == never || asked == principals::Asks::No {
            continue;
        }
        let mut also: Vec<usize> = statement.opaque.into_iter().collect();
        if let principals::Asks::Open(proposition) = asked {
            also.push(proposition);
        }
        clauses.push(Clause {
            statement,
            resource: held,
            except,
            also,
        });
    }
    clauses
}

/// The request, if the new set really allows it and the old one really refuses it.
fn real(
    search: &Search<'_>,
    given: &Assignment,
    action: &str,
    resource: &ResourceClass,
    asker: &Asker,
    (old, new): &(Compiled, Compiled),
) -> Option<Example> {
    let mut resources = vec![resource.example.clone()];
    if let Some(plain) = &resource.example {
        let patterns = search.resource_patterns();
        let same = |text: &str| search.is_of_class(resource, text);
        if let Some(better) = resources::readable(&patterns, same).filter(|better| better != plain) {
            resources.insert(0, Some(better));
        }
    }
    for resource in resources {
        for context in example::contexts(search, given, resource.as_deref(), &asker.context) {
            let target = resource.as_deref().map_or(Target::Any, Target::Arn);
            let mut request = Request::new(action, target, &context);
            request.principal = asker.principal.as_ref();
            request.resource_account = asker.resource_account();
            let allowed = matches!(new.decide(&request), Decision::Allowed { .. });
            let refused = matches!(
                old.decide(&request),
                Decision::ExplicitDeny { .. } | Decision::ImplicitDeny { .. }
            );
            if allowed && refused {
                return Some(Example {
                    action: action.to_owned(),
                    resource,
                    context,
                    principal: asker.principal.clone(),
                    across_accounts: asker.across,
                });
            }
        }
    }
    None
}

fn difference(
    search: &Search<'_>,
    given: &Assignment,
    example: Example,
    asker: usize,
) -> Option<(Group, Difference)> {
    let allowing = search.allowing(given)?;
    let by = allowing.statement.reference;
    let because = search.because(given);
    let element = allowing
        .statement
        .resource
        .and_then(|number| search.model.elements.get(number));
    let resources = match element.map(|own| (own.element, own.version)) {
        None => Vec::new(),
        Some((Element::Except(list), _)) => list.clone(),
        Some((Element::Only(list), _)) => {
            let resource = example.resource.as_deref();
            let holds = |entry: &&String| {
                let pattern = resources::widened(entry);
                match resource {
                    None => *entry == "*",
                    Some(arn) => crate::pattern::resource_matches(&pattern, arn) != Some(false),
                }
            };
            list.iter().filter(holds).cloned().collect()
        }
    };
    let difference = Difference {
        by,
        actions: Actions::default(),
        resources: resources.clone(),
        because,
        example,
    };
    Some(((by, because, resources, asker), difference))
}

impl Actions {
    fn extend(&mut self, class: &ActionClass) {
        self.known
            .extend(class.known.iter().map(|action| (*action).to_owned()));
        self.known.sort_unstable();
        self.known.dedup();
        if self.unknown.is_none() {
            self.unknown.clone_from(&class.unknown);
        }
    }
}

/// A condition or an entry as the policies have it.
fn in_words(model: &Model<'_>, open: Proposition) -> String {
    match open {
        Proposition::Opaque(number) => model.opaque.get(number).cloned().unwrap_or_default(),
        Proposition::Atom(atom) => model.atoms.get(atom).map_or_else(String::new, |atom| {
            let values = atom.written.values.join(", ");
            format!("{} {} [{values}]", atom.written.operator, atom.written.key)
        }),
    }
}

#[cfg(test)]
#[path = "../prove_tests.rs"]
mod tests;
