//! The actions of both sets, sorted by which statements speak of them: those that the catalog knows,
//! and those that it does not.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;

use super::model::{Model, Side, Statement};
use crate::evaluate::Layer;
use crate::evaluate::index::{ActionIndex, Hits};
use crate::pattern::Pattern;
use crate::pattern::joint::{Alphabet, Language, Step, TooMany, regions};
use crate::policy::Effect;

/// Actions of which the same statements speak.
pub(super) struct ActionClass {
    /// The statements, by number, ascending.
    pub(super) statements: Vec<usize>,
    /// Those that the catalog knows, in its order.
    pub(super) known: Vec<&'static str>,
    /// One that it does not know.
    pub(super) unknown: Option<String>,
}

impl ActionClass {
    /// An action to ask with.
    pub(super) fn example(&self) -> &str {
        let unknown = || self.unknown.as_deref().unwrap_or_default();
        self.known.first().copied().unwrap_or_else(unknown)
    }
}

/// Letters, digits and `-`: what names of services and actions are made of.
const LETTERS: Alphabet = Alphabet {
    fresh: "xyzabcdefghijklmnopqrstuvw0123456789-",
    closed: true,
};

/// `service:Name`.
const ACTION: [Step; 5] = [
    Step::One { colon: false },
    Step::Run { colon: false },
    Step::Char(':'),
    Step::One { colon: false },
    Step::Run { colon: false },
];

/// The classes that the new set may allow: in each of its layers some Allow speaks of them.
pub(super) fn classes(model: &Model<'_>) -> Result<Vec<ActionClass>, TooMany> {
    let mut index = ActionIndex::default();
    for (number, statement) in model.statements.iter().enumerate() {
        index.add(number, statement.action);
    }
    let hits = |action: &str| {
        let mut hits = Hits::default();
        index.matching(action, &mut hits);
        hits
    };
    let mut classes: BTreeMap<Vec<usize>, ActionClass> = BTreeMap::new();
    for action in action_catalog::action_names() {
        let Some(statements) = may_be_allowed(model, &hits(action)) else {
            continue;
        };
        class(&mut classes, statements).known.push(action);
    }
    let unknown = |action: &str, classes: &mut BTreeMap<Vec<usize>, ActionClass>| {
        if action_catalog::action(action).is_none()
            && let Some(statements) = may_be_allowed(model, &hits(action))
        {
            class(classes, statements)
                .unknown
                .get_or_insert_with(|| action.to_owned());
        }
    };
    for statement in &model.statements {
        let exact = statement.action.patterns().iter();
        exact
            .filter(|text| !text.contains(['*', '?']) && text.contains(':'))
            .for_each(|text| unknown(text, &mut classes));
    }
    for example in unnamed(model)? {
        unknown(&example, &mut classes);
    }
    Ok(classes.into_values().collect())
}

fn class(classes: &mut BTreeMap<Vec<usize>, ActionClass>, statements: Vec<usize>) -> &mut ActionClass {
    classes.entry(statements.clone()).or_insert_with(|| ActionClass {
        statements,
        known: Vec::new(),
        unknown: None,
    })
}

fn may_be_allowed(model: &Model<'_>, hits: &Hits) -> Option<Vec<usize>> {
    let numbers: Vec<usize> = hits.iter().collect();
    let statements = || numbers.iter().filter_map(|number| model.statements.get(*number));
    let allows = |layer| statements().any(|statement| statement.layer == layer && is_new_allow(statement));
    model
        .layers(Side::New)
        .iter()
        .all(|layer| allows(*layer))
        .then_some(numbers)
}

fn is_new_allow(statement: &Statement<'_>) -> bool {
    statement.side == Side::New && statement.effect == Effect::Allow
}

/// One action for each case that the wildcards of the new set's Allows leave open: what they list by
/// name is asked by name.
///
/// Each wildcard is taken by itself, with the statements that can make a difference to it: those of
/// the old set, the new set's Denies, and its other layers. What other Allows of its layer add can only
/// allow more, and is found through them.
fn unnamed(model: &Model<'_>) -> Result<Vec<String>, TooMany> {
    let others: Vec<Other> = model
        .statements
        .iter()
        .enumerate()
        .filter(|(_, statement)| !gives(statement))
        .flat_map(|(group, statement)| {
            let texts = statement.action.patterns().iter();
            texts.map(move |text| Other::new(group, text))
        })
        .collect();
    let mut examples = Vec::new();
    for (group, statement) in model.statements.iter().enumerate().filter(|(_, own)| gives(own)) {
        let listed: Vec<Other> = statement
            .action
            .patterns()
            .iter()
            .map(|text| Other::new(group, text))
            .collect();
        if statement.action.is_except() {
            let all = Other::new(model.statements.len(), "*");
            let languages: Vec<&Other> = others.iter().chain(&listed).collect();
            examples.extend(examples_of(&all, &languages)?);
            continue;
        }
        for own in listed.iter().filter(|own| own.pattern.as_exact().is_none()) {
            let near: Vec<&Other> = others.iter().filter(|other| own.meets(other)).collect();
            examples.extend(examples_of(own, &near)?);
        }
    }
    Ok(examples)
}

/// Whether the statement is an Allow of the new set's identity or resource policies.
fn gives(statement: &Statement<'_>) -> bool {
    is_new_allow(statement) && (statement.layer == Layer::Identity || statement.layer.is_of_resource())
}

fn examples_of(own: &Other, others: &[&Other]) -> Result<Vec<String>, TooMany> {
    // A statement that has all of it makes no difference.
    let whole: FxHashSet<usize> = others
        .iter()
        .filter(|other| own.pattern.is_subset(&other.pattern))
        .map(|other| other.group)
        .collect();
    let open = others.iter().filter(|other| !whole.contains(&other.group));
    let languages: Vec<Language> = std::iter::once(own.language(true))
        .chain(open.map(|other| other.language(false)))
        .collect();
    let found = regions(&languages, &ACTION, LETTERS)?;
    Ok(found.into_iter().map(|region| region.example).collect())
}

/// An action pattern of a statement.
struct Other {
    group: usize,
    pattern: Pattern,
    /// The service, where it has no wildcard.
    service: Option<String>,
}

impl Other {
    fn new(group: usize, text: &str) -> Self {
        let service = text
            .split_once(':')
            .map(|(service, _)| service.to_ascii_lowercase());
        Self {
            group,
            pattern: Pattern::ignoring_case(text),
            service: service.filter(|service| !service.contains(['*', '?'])),
        }
    }

    fn meets(&self, other: &Self) -> bool {
        let apart = matches!((&self.service, &other.service), (Some(a), Some(b)) if a != b);
        !apart && self.pattern.intersects(&other.pattern)
    }

    fn language(&self, relevant: bool) -> Language {
        Language {
            steps: Step::of(self.pattern.atoms(), false, true).collect(),
            group: self.group,
            relevant,
        }
    }
}
