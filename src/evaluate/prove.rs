//! The proof over two sets of policies: nothing new.
//!
//! Sufficient, not necessary: an empty answer proves that whatever the new set allows, the old
//! one allowed, for every action, resource and context. A gap is a part of the new set for which
//! no proof was found; mostly it is new access, but access that several old statements gave
//! together, or that a Deny takes away again, is reported as well. What is compared:
//!
//! - every Allow of the new set, each pair of its action and resource entries, against the Allows
//!   of the old set in the same layer: by subset of patterns, unions of entries and statements
//!   included, `NotAction` and `NotResource` as complements;
//! - conditions: all of an old statement's must stand in the new one, with equal values, fewer
//!   for a positive operator, more for a negated one;
//! - every Deny of the old set, likewise, against the Denies of the new one;
//! - every layer of the old set must be there.

use rustc_hash::FxHashMap;

use super::{Layer, PolicyIn, StatementRef, variables};
use crate::pattern::{Atom, Pattern, ResourcePattern, push_wild};
use crate::policy::{Condition, Effect, Element, Operator, Statement, Version};

/// A part of the new set that is not shown to be within the old one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Gap {
    /// An Allow of the new set that the old one is not shown to have given.
    Wider {
        /// Its layer.
        layer: Layer,
        /// The statement, in the new set.
        statement: StatementRef,
        /// The entry of `Action`, or `all but …`.
        action: String,
        /// The entry of `Resource`, or `all but …`.
        resource: String,
    },
    /// A Deny of the old set that the new one is not shown to keep.
    DenyDropped {
        /// Its layer.
        layer: Layer,
        /// The statement, in the old set.
        statement: StatementRef,
        /// The entry of `Action`, or `all but …`.
        action: String,
        /// The entry of `Resource`, or `all but …`.
        resource: String,
    },
    /// A limit of the old set that the new one has not.
    LayerDropped {
        /// The layer.
        layer: Layer,
    },
}

/// Whether everything that `new` allows was allowed by `old`: the parts for which that is not
/// proved, in the order of the statements. Empty is a proof.
pub fn nothing_new(old: &[PolicyIn<'_>], new: &[PolicyIn<'_>]) -> Vec<Gap> {
    let mut variables = Variables::default();
    let (old_forms, new_forms) = (forms(old, &mut variables), forms(new, &mut variables));
    let has = |set: &[PolicyIn<'_>], layer| set.iter().any(|policy| policy.layer == layer);
    let mut gaps = Vec::new();
    for PolicyIn { layer, .. } in old {
        let dropped = Gap::LayerDropped { layer: *layer };
        if *layer != Layer::Identity && !has(new, *layer) && !gaps.contains(&dropped) {
            gaps.push(dropped);
        }
    }
    for form in of(&new_forms, Effect::Allow) {
        let (layer, statement) = (form.layer, form.reference);
        // A layer that only the new set has cannot allow more than no such limit.
        if layer != Layer::Identity && !has(old, layer) {
            continue;
        }
        let by: Vec<&Form<'_>> = of(&old_forms, Effect::Allow)
            .filter(|other| other.layer == layer)
            .collect();
        let wider = |(action, resource)| Gap::Wider {
            layer,
            statement,
            action,
            resource,
        };
        gaps.extend(uncovered(form, &by).into_iter().map(wider));
    }
    let by: Vec<&Form<'_>> = of(&new_forms, Effect::Deny).collect();
    for form in of(&old_forms, Effect::Deny) {
        let (layer, statement) = (form.layer, form.reference);
        let dropped = |(action, resource)| Gap::DenyDropped {
            layer,
            statement,
            action,
            resource,
        };
        gaps.extend(uncovered(form, &by).into_iter().map(dropped));
    }
    gaps
}

fn of<'f, 'a>(forms: &'f [Form<'a>], effect: Effect) -> impl Iterator<Item = &'f Form<'a>> {
    forms.iter().filter(move |form| form.own.effect == effect)
}

/// One statement, ready to be compared.
struct Form<'a> {
    layer: Layer,
    reference: StatementRef,
    own: &'a Statement,
    version: Version,
    actions: Vec<Pattern>,
    resources: Vec<Resource>,
}

/// A resource entry: with its variables as symbols, and with `*` in their place.
pub(crate) struct Resource {
    pub(crate) symbolic: ResourcePattern,
    pub(crate) widened: ResourcePattern,
}

/// Variables by number: the same variable is the same text wherever it stands.
#[derive(Default)]
pub(crate) struct Variables(FxHashMap<variables::Piece, u32>);

impl Variables {
    fn number(&mut self, piece: variables::Piece) -> u32 {
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        *self.0.entry(piece).or_insert(next)
    }
}

fn forms<'a>(policies: &[PolicyIn<'a>], variables: &mut Variables) -> Vec<Form<'a>> {
    let mut forms = Vec::new();
    for (policy, given) in policies.iter().enumerate() {
        let version = given.document.version;
        for (statement, own) in given.document.statements.iter().enumerate() {
            let resources = own.resource.iter().flat_map(Element::patterns);
            forms.push(Form {
                layer: given.layer,
                reference: StatementRef { policy, statement },
                own,
                version,
                actions: own
                    .action
                    .patterns()
                    .iter()
                    .map(|text| Pattern::ignoring_case(text))
                    .collect(),
                resources: resources.map(|text| resource(text, version, variables)).collect(),
            });
        }
    }
    forms
}

/// An entry of `Resource` or `NotResource`, ready to be compared.
pub(crate) fn resource(text: &str, version: Version, variables: &mut Variables) -> Resource {
    if version == Version::V2008 || !text.contains("${") {
        let symbolic = ResourcePattern::new(text);
        return Resource {
            widened: symbolic.clone(),
            symbolic,
        };
    }
    symbolic_resource(text, version, variables).unwrap_or_else(|| {
        // Not documented: equal to the same text under the same version, and to nothing else.
        let unusual = ResourcePattern::Unusual(format!("{version:?} {text}").into());
        Resource {
            symbolic: unusual.clone(),
            widened: unusual,
        }
    })
}

fn symbolic_resource(text: &str, version: Version, variables: &mut Variables) -> Option<Resource> {
    let [head @ .., last] = variables::split_parts(text, version)?;
    if head.iter().any(|part| part.contains("${")) {
        return None;
    }
    let (mut symbols, mut wide) = (Vec::new(), Vec::new());
    for piece in variables::pieces(last, version)? {
        match piece {
            variables::Piece::Written(text) => {
                push_wild(&text, &mut symbols);
                push_wild(&text, &mut wide);
            }
            variables::Piece::Plain(c) => {
                symbols.push(Atom::Char(c));
                wide.push(Atom::Char(c));
            }
            variable @ variables::Piece::Variable { .. } => {
                symbols.push(Atom::Variable(variables.number(variable)));
                wide.push(Atom::Many);
            }
        }
    }
    let [a, b, c, d, e] = head;
    let whole = |last: Vec<Atom>| {
        let [a, b, c, d, e] = [a, b, c, d, e].map(Pattern::new);
        ResourcePattern::Parts(Box::new([a, b, c, d, e, Pattern::from_atoms(last, false)]))
    };
    Some(Resource {
        symbolic: whole(symbols),
        widened: whole(wide),
    })
}

/// The pairs of action and resource entries of `form` that `by` is not shown to hold.
fn uncovered(form: &Form<'_>, by: &[&Form<'_>]) -> Vec<(String, String)> {
    let by: Vec<&Form<'_>> = by.iter().copied().filter(|other| fits(form, other)).collect();
    let unchanged = |other: &&Form<'_>| form.version == other.version && form.own.same_text_as(other.own);
    if by.iter().any(unchanged) {
        return Vec::new();
    }
    let (actions, resources) = (Part::actions(form), Part::resources(form));
    let mut known: FxHashMap<Vec<StatementRef>, Vec<bool>> = FxHashMap::default();
    let mut gaps = Vec::new();
    for (resource, resource_text) in &resources {
        let holding: Vec<&Form<'_>> = by
            .iter()
            .copied()
            .filter(|other| resource.within_resources(form, &[other]))
            .collect();
        let key: Vec<StatementRef> = holding.iter().map(|other| other.reference).collect();
        let covered = known.entry(key).or_insert_with(|| {
            actions
                .iter()
                .map(|(action, _)| action.within_actions(form, &holding))
                .collect()
        });
        for ((action, action_text), covered) in actions.iter().zip(covered.iter()) {
            if !covered && !held_by_resources_together(form, action, resource, &by) {
                gaps.push((action_text.clone(), resource_text.clone()));
            }
        }
    }
    gaps
}

/// Whether the statements that hold the action hold the resource between them.
fn held_by_resources_together(
    form: &Form<'_>,
    action: &Part<'_>,
    resource: &Part<'_>,
    by: &[&Form<'_>],
) -> bool {
    let holding: Vec<&Form<'_>> = by
        .iter()
        .copied()
        .filter(|other| action.within_actions(form, &[other]))
        .collect();
    resource.within_resources(form, &holding)
}

/// One entry of an element, or the complement of all of them.
enum Part<'a> {
    Action(&'a Pattern),
    Resource(&'a Resource),
    AllBut,
    /// The statement has no such element.
    None,
}

impl<'a> Part<'a> {
    fn actions(form: &'a Form<'_>) -> Vec<(Self, String)> {
        match &form.own.action {
            Element::Except(list) => vec![(Self::AllBut, all_but(list))],
            Element::Only(list) => form
                .actions
                .iter()
                .map(Self::Action)
                .zip(list.iter().cloned())
                .collect(),
        }
    }

    fn resources(form: &'a Form<'_>) -> Vec<(Self, String)> {
        match &form.own.resource {
            None => vec![(Self::None, "no resource".to_owned())],
            Some(Element::Except(list)) => vec![(Self::AllBut, all_but(list))],
            Some(Element::Only(list)) => form
                .resources
                .iter()
                .map(Self::Resource)
                .zip(list.iter().cloned())
                .collect(),
        }
    }

    /// Whether the actions of `others` together hold this part of `form`.
    fn within_actions(&self, form: &Form<'_>, others: &[&Form<'_>]) -> bool {
        let (except, only): (Vec<&&Form<'_>>, Vec<&&Form<'_>>) =
            others.iter().partition(|other| other.own.action.is_except());
        let listed: Vec<&Pattern> = only.iter().flat_map(|other| &other.actions).collect();
        match self {
            Self::Action(own) => {
                own.is_subset_of_union(&listed)
                    || except
                        .iter()
                        .any(|other| !other.actions.iter().any(|not| not.intersects(own)))
            }
            Self::AllBut => {
                let gone: Vec<&Pattern> = form.actions.iter().collect();
                listed.iter().any(|pattern| pattern.is_all())
                    || except
                        .iter()
                        .any(|o| o.actions.iter().all(|not| not.is_subset_of_union(&gone)))
            }
            Self::Resource(_) | Self::None => false,
        }
    }

    /// Whether the resources of `others` together hold this part of `form`.
    fn within_resources(&self, form: &Form<'_>, others: &[&Form<'_>]) -> bool {
        let is_except = |other: &Form<'_>| other.own.resource.as_ref().is_some_and(Element::is_except);
        let (except, only): (Vec<&&Form<'_>>, Vec<&&Form<'_>>) =
            others.iter().partition(|other| is_except(other));
        let listed: Vec<&ResourcePattern> = only
            .iter()
            .flat_map(|other| &other.resources)
            .map(|resource| &resource.symbolic)
            .collect();
        match self {
            Self::Resource(own) => {
                let apart = |not: &Resource| not.widened.intersects(&own.widened) == Some(false);
                within(&own.symbolic, &listed) || except.iter().any(|o| o.resources.iter().all(apart))
            }
            Self::AllBut => {
                let gone: Vec<&ResourcePattern> = form.resources.iter().map(|r| &r.symbolic).collect();
                listed.contains(&&ResourcePattern::All)
                    || except
                        .iter()
                        .any(|o| o.resources.iter().all(|not| within(&not.symbolic, &gone)))
            }
            Self::None => others.iter().any(|other| other.own.resource.is_none()),
            Self::Action(_) => false,
        }
    }
}

/// Subset of a union, with `*` in `*` alone: a request without resource is on `*` and on no ARN.
fn within(inner: &ResourcePattern, outers: &[&ResourcePattern]) -> bool {
    match inner {
        ResourcePattern::All => outers.contains(&&ResourcePattern::All),
        inner => inner.is_subset_of_union(outers),
    }
}

fn all_but(list: &[String]) -> String {
    format!("all but {}", list.join(", "))
}

/// Whether `outer` holds whenever `inner` does, action and resource aside.
fn fits(inner: &Form<'_>, outer: &Form<'_>) -> bool {
    let principal = |form: &Form<'_>| (form.own.principal.clone(), form.own.not_principal);
    principal(inner) == principal(outer)
        && outer.own.conditions.iter().all(|own| {
            inner
                .own
                .conditions
                .iter()
                .any(|other| implies(other, inner.version, own, outer.version))
        })
}

/// Whether a condition can only hold where the other does.
fn implies(one: &Condition, version: Version, other: &Condition, other_version: Version) -> bool {
    if one.operator != other.operator || !one.key.eq_ignore_ascii_case(&other.key) {
        return false;
    }
    let has_variables = |c: &Condition| c.values.iter().any(|value| value.contains("${"));
    if version != other_version && (has_variables(one) || has_variables(other)) {
        return false;
    }
    let within = |a: &Condition, b: &Condition| a.values.iter().all(|value| b.values.contains(value));
    let (fewer, more) = (within(one, other), within(other, one));
    match Operator::parse(&one.operator) {
        // Which of its values an operator that does not exist would take is not known.
        None => fewer && more,
        Some(operator) if operator.negated => more,
        Some(_) => fewer,
    }
}

#[cfg(test)]
#[path = "prove_tests.rs"]
mod tests;
