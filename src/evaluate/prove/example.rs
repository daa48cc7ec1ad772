//! A request made from what a search found: values for its keys, and for the variables that must or
//! must not match.

use rustc_hash::FxHashMap;

use super::model::Model;
use super::resources::{Propositions, Template};
use super::search::{Assignment, Proposition, Search};
use crate::evaluate::variables::{Piece, pieces, split_parts};
use crate::evaluate::{Context, Lookup};
use crate::policy::Version;
use crate::policy::operator::Test;

/// The contexts to try, best first.
pub(super) fn contexts(
    search: &Search<'_>,
    given: &Assignment,
    resource: Option<&str>,
    forced: &Context,
) -> Vec<Context> {
    let base = || {
        let mut context = forced.clone();
        for (key, class) in &given.keys {
            let name = search.model.keys.get(*key);
            let class = search
                .classes
                .get(key)
                .and_then(|(_, classes)| classes.get(*class));
            if let (Some(name), Some(class)) = (name, class) {
                context.set(name, class.value.clone());
            }
        }
        context
    };
    let mut plain = base();
    plain.others_absent();
    if given.propositions.is_empty() {
        return vec![plain];
    }
    let wanted = captured(search, given, resource);
    let unwanted = unmatched(search.model, search.known, given);
    let with = |absent: Lookup| {
        let mut context = base();
        for (key, value) in &wanted {
            if !context.is_set(key) || *context.get(key) == Lookup::Unknown {
                context.set(key, Lookup::Values(vec![value.clone()]));
            }
        }
        for key in &unwanted {
            if !context.is_set(key) || *context.get(key) == Lookup::Unknown {
                context.set(key, absent.clone());
            }
        }
        context.others_absent();
        context
    };
    vec![
        with(Lookup::Absent),
        with(Lookup::Values(vec!["somebody-else".to_owned()])),
        plain,
    ]
}

/// Values of variables that make the wanted propositions hold.
fn captured(search: &Search<'_>, given: &Assignment, resource: Option<&str>) -> FxHashMap<String, String> {
    let mut values = FxHashMap::default();
    for (proposition, value) in &given.propositions {
        if !value {
            continue;
        }
        match proposition {
            Proposition::Opaque(number) => {
                if let (Some(template), Some(resource)) = (search.known.templates.get(number), resource) {
                    from_resource(template, resource, &mut values);
                }
            }
            Proposition::Atom(atom) => from_condition(search, *atom, given, &mut values),
        }
    }
    values
}

fn from_resource(template: &Template, resource: &str, values: &mut FxHashMap<String, String>) {
    let written = split_parts(&template.text, template.version);
    let (Some([.., last]), Some([.., asked])) = (written, crate::arn::split_pattern(resource)) else {
        return;
    };
    if let Some(pieces) = pieces(last, template.version) {
        capture(&pieces, asked, true, values);
    }
}

fn from_condition(
    search: &Search<'_>,
    atom: usize,
    given: &Assignment,
    values: &mut FxHashMap<String, String>,
) {
    let Some(own) = search.model.atoms.get(atom) else {
        return;
    };
    let class = given.keys.get(&own.key).and_then(|class| {
        let (_, classes) = search.classes.get(&own.key)?;
        classes.get(*class)
    });
    let Some(Lookup::Values(asked)) = class.map(|class| &class.value) else {
        return;
    };
    let wild = matches!(own.operator.map(|o| o.test), Some(Test::TextLike | Test::Arn));
    for asked in asked {
        for value in own.written.values.iter().filter(|value| value.contains("${")) {
            let mut found = FxHashMap::default();
            if let Some(pieces) = pieces(value, Version::V2012)
                && capture(&pieces, asked, wild, &mut found)
            {
                values.extend(found);
                return;
            }
        }
    }
}

/// The keys of variables that are to make nothing match.
fn unmatched(model: &Model<'_>, known: &Propositions, given: &Assignment) -> Vec<String> {
    let mut keys = Vec::new();
    let mut add = |text: &str| {
        for piece in pieces(text, Version::V2012).unwrap_or_default() {
            if let Piece::Variable { key, .. } = piece {
                keys.push(key);
            }
        }
    };
    for proposition in given.propositions.keys() {
        match proposition {
            Proposition::Opaque(number) => {
                if let Some(template) = known.templates.get(number) {
                    add(&template.text);
                }
            }
            Proposition::Atom(atom) => {
                let values = model.atoms.get(*atom).map(|atom| &atom.written.values);
                values.into_iter().flatten().for_each(|value| add(value));
            }
        }
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Finds values for the variables with which the pieces match the text; the first match is taken.
fn capture(pieces: &[Piece], text: &str, wild: bool, values: &mut FxHashMap<String, String>) -> bool {
    let mut flat = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Written(written) => flat.extend(written.chars().map(|c| match c {
                '*' if wild => Part::Run,
                '?' if wild => Part::One,
                c => Part::Char(c),
            })),
            Piece::Plain(c) => flat.push(Part::Char(*c)),
            Piece::Variable { key, .. } => flat.push(Part::Variable(key)),
        }
    }
    let text: Vec<char> = text.chars().collect();
    let mut budget = 10_000;
    fit(&flat, &text, values, &mut budget)
}

enum Part<'p> {
    Char(char),
    One,
    Run,
    Variable(&'p str),
}

fn fit(
    parts: &[Part<'_>],
    text: &[char],
    values: &mut FxHashMap<String, String>,
    budget: &mut usize,
) -> bool {
    *budget = budget.saturating_sub(1);
    if *budget == 0 {
        return false;
    }
    let Some((part, rest)) = parts.split_first() else {
        return text.is_empty();
    };
    match part {
        Part::Char(c) => match text.split_first() {
            Some((own, after)) if own == c => fit(rest, after, values, budget),
            _ => false,
        },
        Part::One => text
            .split_first()
            .is_some_and(|(_, after)| fit(rest, after, values, budget)),
        Part::Run => (0..=text.len()).any(|n| fit(rest, text.get(n..).unwrap_or_default(), values, budget)),
        Part::Variable(key) => {
            if let Some(value) = values.get(*key) {
                let value: Vec<char> = value.chars().collect();
                return text
                    .strip_prefix(value.as_slice())
                    .is_some_and(|after| fit(rest, after, values, budget));
            }
            // An empty value is the last thing to try: it hardly is one.
            let lengths = (1..=text.len()).chain([0]);
            lengths.into_iter().any(|n| {
                let Some((own, after)) = text.split_at_checked(n) else {
                    return false;
                };
                values.insert((*key).to_owned(), own.iter().collect());
                let fits = fit(rest, after, values, budget);
                if !fits {
                    values.remove(*key);
                }
                fits
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_take_what_makes_the_text_match() {
        let find = |pattern: &str, text: &str| {
            let mut values = FxHashMap::default();
            let pieces = pieces(pattern, Version::V2012).unwrap();
            capture(&pieces, text, true, &mut values).then(|| {
                let mut list: Vec<(String, String)> = values.into_iter().collect();
                list.sort();
                list
            })
        };
        let one = |key: &str, value: &str| Some(vec![(key.to_owned(), value.to_owned())]);
        assert_eq!(
            find("home/${aws:username}/*", "home/bob/x"),
            one("aws:username", "bob")
        );
        assert_eq!(find("${a}-${a}", "xy-xy"), one("a", "xy"));
        assert_eq!(find("${a}-${a}", "xy-yx"), None);
        assert_eq!(find("${a}", ""), one("a", ""));
    }
}
