//! The resources, sorted by which resource elements hold them.

use rustc_hash::FxHashMap;

use super::model::Model;
use crate::evaluate::symbolic::{Variables, symbolic_resource};
use crate::pattern::joint::{Alphabet, Language, Step, TooMany, contains, regions};
use crate::pattern::{Atom, Pattern, ResourcePattern};
use crate::policy::Version;

/// How an element stands to the resources of a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Held {
    No,
    Yes,
    /// It does where one of these propositions holds.
    Where(Vec<usize>),
}

/// Resources that the same elements hold.
pub(super) struct ResourceClass {
    /// `None`: the action is asked on no particular resource, `*`.
    pub(super) example: Option<String>,
    /// By number of the element, before `NotResource` turns it round.
    pub(super) held: FxHashMap<usize, Held>,
}

/// A pattern with policy variables: whether it matches hangs on their values.
pub(super) struct Template {
    pub(super) text: String,
    pub(super) version: Version,
    /// Its variables as symbols: the same symbol is the same value.
    symbolic: Pattern,
    /// The five parts before.
    head: [Pattern; 5],
}

/// All templates and undocumented entries that were met, by proposition.
#[derive(Default)]
pub(super) struct Propositions {
    /// `None`: it cannot be looked into.
    pub(super) templates: FxHashMap<usize, Template>,
    variables: Variables,
}

impl Propositions {
    /// Whether the one can only hold where the other does.
    pub(super) fn implies(&self, one: usize, other: usize) -> bool {
        match (self.templates.get(&one), self.templates.get(&other)) {
            (Some(a), Some(b)) => a.head == b.head && a.symbolic.is_subset(&b.symbolic),
            _ => false,
        }
    }
}

/// Any ARN. What a wildcard of one part takes has no colon, but for the last part.
const ARN: [Step; 15] = {
    const ONE: Step = Step::One { colon: false };
    const RUN: Step = Step::Run { colon: false };
    const COLON: Step = Step::Char(':');
    [
        Step::Char('a'),
        Step::Char('r'),
        Step::Char('n'),
        COLON,
        ONE,
        RUN,
        COLON,
        ONE,
        RUN,
        COLON,
        RUN,
        COLON,
        RUN,
        COLON,
        Step::Run { colon: true },
    ]
};

const LETTERS: Alphabet = Alphabet {
    fresh: "xyzwvutqpokjhgfebdcsmlnira0123456789",
    closed: false,
};

/// One entry of an element.
enum Entry {
    All,
    /// Six parts.
    Fixed(Vec<Step>),
    /// Six parts with variables: the steps with a run in their place, and the proposition.
    Template(Vec<Step>, usize),
    /// Not documented.
    Opaque(usize),
    /// `arn:*:*:*:*:*`: all ARNs; whether `*` is among them is not documented.
    EveryArn(Vec<Step>, usize),
}

/// The classes of resources for these elements (numbers, ascending).
pub(super) fn classes(
    model: &mut Model<'_>,
    known: &mut Propositions,
    elements: &[usize],
) -> Result<Vec<ResourceClass>, TooMany> {
    let entries: Vec<(usize, Vec<Entry>)> = elements
        .iter()
        .map(|element| (*element, entries(model, known, *element)))
        .collect();
    let mut groups: Vec<(usize, Option<usize>)> = Vec::new();
    let mut languages = vec![Language {
        steps: vec![Step::Run { colon: true }],
        group: 0,
        relevant: true,
    }];
    for (element, entries) in &entries {
        for entry in entries {
            let (steps, proposition) = match entry {
                Entry::Fixed(steps) | Entry::EveryArn(steps, _) => (steps, None),
                Entry::Template(steps, proposition) => (steps, Some(*proposition)),
                Entry::All | Entry::Opaque(_) => continue,
            };
            let group = groups
                .iter()
                .position(|known| *known == (*element, proposition))
                .unwrap_or_else(|| {
                    groups.push((*element, proposition));
                    groups.len() - 1
                });
            languages.push(Language {
                steps: steps.clone(),
                group: group + 1,
                relevant: true,
            });
        }
    }
    let mut classes = vec![ResourceClass {
        example: None,
        held: entries
            .iter()
            .map(|(e, list)| (*e, without_resource(list)))
            .collect(),
    }];
    for region in regions(&languages, &ARN, LETTERS)? {
        let hit = |element: usize, proposition: Option<usize>| {
            let group = groups.iter().position(|known| *known == (element, proposition));
            group.is_some_and(|group| contains(&region.groups, group + 1))
        };
        let held = entries
            .iter()
            .map(|(element, list)| (*element, on_arn(list, |proposition| hit(*element, proposition))));
        classes.push(ResourceClass {
            held: held.collect(),
            example: Some(region.example),
        });
    }
    Ok(classes)
}

fn without_resource(entries: &[Entry]) -> Held {
    let mut open = Vec::new();
    for entry in entries {
        match entry {
            Entry::All => return Held::Yes,
            Entry::Opaque(proposition) | Entry::EveryArn(_, proposition) => open.push(*proposition),
            Entry::Fixed(_) | Entry::Template(..) => {}
        }
    }
    held(open)
}

fn on_arn(entries: &[Entry], hit: impl Fn(Option<usize>) -> bool) -> Held {
    let mut open = Vec::new();
    for entry in entries {
        match entry {
            Entry::All => return Held::Yes,
            Entry::Fixed(_) | Entry::EveryArn(..) if hit(None) => return Held::Yes,
            Entry::Template(_, proposition) if hit(Some(*proposition)) => open.push(*proposition),
            Entry::Opaque(proposition) => open.push(*proposition),
            _ => {}
        }
    }
    held(open)
}

fn held(mut open: Vec<usize>) -> Held {
    open.sort_unstable();
    open.dedup();
    if open.is_empty() {
        Held::No
    } else {
        Held::Where(open)
    }
}

fn entries(model: &mut Model<'_>, known: &mut Propositions, element: usize) -> Vec<Entry> {
    let Some(own) = model.elements.get(element) else {
        return Vec::new();
    };
    let version = own.version;
    let texts = own.element.patterns();
    texts
        .iter()
        .map(|text| entry(model, known, text, version))
        .collect()
}

fn entry(model: &mut Model<'_>, known: &mut Propositions, text: &str, version: Version) -> Entry {
    if version == Version::V2012 && text.contains("${") {
        return template(model, known, text, version)
            .unwrap_or_else(|| Entry::Opaque(model.opaque(format!("resource {version:?} {text}"))));
    }
    let pattern = ResourcePattern::new(text);
    match &pattern {
        ResourcePattern::All => Entry::All,
        ResourcePattern::Unusual(_) => Entry::Opaque(model.opaque(format!("resource {text}"))),
        ResourcePattern::Parts(parts) => {
            let steps = steps(parts);
            if pattern.is_every_arn() {
                Entry::EveryArn(steps, model.opaque(format!("resource {text}")))
            } else {
                Entry::Fixed(steps)
            }
        }
    }
}

fn template(model: &mut Model<'_>, known: &mut Propositions, text: &str, version: Version) -> Option<Entry> {
    let whole = symbolic_resource(text, version, &mut known.variables)?;
    let ResourcePattern::Parts(parts) = whole.symbolic else {
        return None;
    };
    let steps = steps(&parts);
    let [head @ .., symbolic] = *parts;
    // Without a variable left, it is a plain pattern: `${*}` and its like.
    if !symbolic
        .atoms()
        .iter()
        .any(|atom| matches!(atom, Atom::Variable(_)))
    {
        return Some(Entry::Fixed(steps));
    }
    let proposition = model.opaque(format!("resource {version:?} {text}"));
    known.templates.entry(proposition).or_insert_with(|| Template {
        text: text.to_owned(),
        version,
        symbolic,
        head,
    });
    Some(Entry::Template(steps, proposition))
}

fn steps(parts: &[Pattern; 6]) -> Vec<Step> {
    let mut steps = Vec::new();
    for (number, part) in parts.iter().enumerate() {
        if number > 0 {
            steps.push(Step::Char(':'));
        }
        steps.extend(Step::of(part.atoms(), false, number == 5));
    }
    steps
}

/// A resource that reads like one, of the same class: wildcards filled with usual words. `None`
/// where none of the tries is in the class.
pub(super) fn readable(patterns: &[&str], same: impl Fn(&str) -> bool) -> Option<String> {
    const WORDS: [&str; 3] = ["example", "other", ""];
    for pattern in patterns {
        if *pattern == "*" {
            continue;
        }
        for word in WORDS {
            let Some(parts) = crate::arn::split_pattern(pattern) else {
                continue;
            };
            let usual = ["arn", "aws", "s3", "us-east-1", "111122223333", word];
            let filled: Vec<String> = parts
                .iter()
                .zip(usual)
                .map(|(part, usual)| filled(part, usual))
                .collect();
            let text = filled.join(":");
            if same(&text) {
                return Some(text);
            }
        }
    }
    None
}

/// The entry with `*` in place of each variable.
pub(super) fn widened(entry: &str) -> String {
    let mut out = String::new();
    let mut rest = entry;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        out.push('*');
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out
}

fn filled(part: &str, usual: &str) -> String {
    let mut out = String::new();
    let mut rest = part;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        out.push_str(usual);
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out.replace('*', usual).replace('?', "x")
}
