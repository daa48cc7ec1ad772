//! The values of one condition key, sorted by what its conditions say of them.
//!
//! For each kind of operator the values fall into finitely many classes, and one value of each is
//! enough: for texts and ARNs the combinations of patterns that a text can match; for numbers, times
//! and addresses the points that conditions name and what lies between them. What a condition says
//! of a value is asked of the evaluator itself.
//!
//! A proof speaks of requests that AWS's documents decide: a key that is tested without
//! `ForAllValues` or `ForAnyValue` carries at most one value, and a key that is compared as a number,
//! a time, an address or a boolean carries one.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::model::{Atom, Model};
use crate::evaluate::value::date;
use crate::evaluate::variables::{Piece, pieces};
use crate::evaluate::{Context, Lookup, Truth};
use crate::pattern::joint::{Alphabet, Language, Step, TooMany, regions};
use crate::pattern::{Pattern, push_literal, push_wild};
use crate::policy::Version;
use crate::policy::operator::{Qualifier, Test};

/// Values of which the conditions say the same.
#[derive(Debug, Clone)]
pub(super) struct KeyClass {
    /// One of them. [`Lookup::Unknown`]: values that could not be looked into.
    pub(super) value: Lookup,
    /// What each condition says, in the order in which they were given. [`Truth::Unknown`] where it
    /// hangs on more than this key.
    pub(super) says: Vec<Truth>,
}

/// Keys that every signed request carries
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>).
const ALWAYS: [&str; 11] = [
    "aws:currenttime",
    "aws:epochtime",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalisawsservice",
    "aws:principaltype",
    "aws:requestedregion",
    "aws:securetransport",
    "aws:useragent",
    "aws:userid",
    "aws:viaawsservice",
];

/// Most classes that combinations of values may make.
const MOST_CLASSES: usize = 512;

const LETTERS: Alphabet = Alphabet {
    fresh: "xyzwvutqpokjhgfebdcsmlnira0123456789",
    closed: false,
};

/// The classes of a key's values for these conditions on it.
pub(super) fn classes(model: &Model<'_>, key: usize, numbers: &[usize]) -> Result<Vec<KeyClass>, TooMany> {
    let Some(name) = model.keys.get(key) else {
        return Ok(Vec::new());
    };
    let atoms: Vec<&Atom<'_>> = numbers.iter().filter_map(|atom| model.atoms.get(*atom)).collect();
    let Candidates { values, complete } = candidates(&atoms)?;
    let says = |value: &Lookup| class_of(model, key, numbers, value).says;
    let mut classes: Vec<KeyClass> = Vec::new();
    let mut add = |value: Lookup| {
        let says = says(&value);
        let new = !classes.iter().any(|class: &KeyClass| class.says == says);
        if new {
            classes.push(KeyClass { value, says });
        }
        new
    };
    let singles: Vec<&String> = values
        .iter()
        .filter(|value| is_decided(&atoms, &says(&Lookup::Values(vec![(*value).clone()]))))
        .collect();
    for value in &singles {
        add(Lookup::Values(vec![(*value).clone()]));
    }
    if !ALWAYS.contains(&name.as_str()) {
        add(Lookup::Absent);
    }
    let qualified = atoms.iter().all(|atom| {
        atom.operator
            .is_none_or(|operator| operator.qualifier.is_some() || operator.test == Test::Null)
    });
    if qualified && atoms.iter().any(|atom| is_over_several(atom)) {
        several(&singles, &mut add)?;
    }
    if !complete {
        classes.push(KeyClass {
            value: Lookup::Unknown,
            says: vec![Truth::Unknown; atoms.len()],
        });
    }
    Ok(classes)
}

/// The class of one value.
pub(super) fn class_of(model: &Model<'_>, key: usize, atoms: &[usize], value: &Lookup) -> KeyClass {
    let mut context = Context::default();
    context.set(model.keys.get(key).map_or("", String::as_str), value.clone());
    let atoms = atoms.iter().filter_map(|atom| model.atoms.get(*atom));
    KeyClass {
        value: value.clone(),
        says: atoms
            .map(|atom| atom.compiled.holds(&context, &mut Vec::new()))
            .collect(),
    }
}

fn is_over_several(atom: &Atom<'_>) -> bool {
    let qualifier = atom.operator.and_then(|operator| operator.qualifier);
    matches!(qualifier, Some(Qualifier::All | Qualifier::Any))
}

/// Whether each condition that hangs on nothing else says yes or no.
fn is_decided(atoms: &[&Atom<'_>], says: &[Truth]) -> bool {
    atoms.iter().zip(says).all(|(atom, truth)| {
        *truth != Truth::Unknown || atom.operator.is_none() || has_variables(atom) || is_undocumented(atom)
    })
}

fn has_variables(atom: &Atom<'_>) -> bool {
    atom.written.values.iter().any(|value| value.contains("${"))
}

/// Values of the policy that are none of the operator's kind: whatever the request says, it cannot be
/// decided.
fn is_undocumented(atom: &Atom<'_>) -> bool {
    let Some(operator) = atom.operator else {
        return true;
    };
    atom.written.values.iter().any(|value| match operator.test {
        Test::Arn => crate::arn::split_pattern(value).is_none(),
        Test::Number(_) => scaled(value, 0).is_none(),
        Test::Date(_) => date(value).is_none(),
        Test::Bool | Test::Null => !is_boolean(value),
        Test::Ip => addresses(value).is_none(),
        _ => false,
    })
}

fn is_boolean(text: &str) -> bool {
    ["true", "false"].iter().any(|own| text.eq_ignore_ascii_case(own))
}

/// Sets of several values: grown one value at a time for as long as they say something new. What an
/// operator over several values says of a set and one more value hangs only on what it says of both.
fn several(singles: &[&String], add: &mut impl FnMut(Lookup) -> bool) -> Result<(), TooMany> {
    let mut open: Vec<Vec<String>> = singles.iter().map(|value| vec![(*value).clone()]).collect();
    let mut made = 0;
    while let Some(set) = open.pop() {
        for value in singles {
            if set.contains(value) {
                continue;
            }
            let mut larger = set.clone();
            larger.push((*value).clone());
            if add(Lookup::Values(larger.clone())) {
                made += 1;
                if made > MOST_CLASSES {
                    return Err(TooMany);
                }
                open.push(larger);
            }
        }
    }
    Ok(())
}

struct Candidates {
    values: BTreeSet<String>,
    /// Whether every class has one.
    complete: bool,
}

/// The kinds of value that operators compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Text,
    Number,
    Date,
    Bool,
    Ip,
}

fn kind(test: Test) -> Option<Kind> {
    Some(match test {
        Test::Text | Test::TextIgnoringCase | Test::TextLike | Test::Arn | Test::Binary => Kind::Text,
        Test::Number(_) => Kind::Number,
        Test::Date(_) => Kind::Date,
        Test::Bool => Kind::Bool,
        Test::Ip => Kind::Ip,
        Test::Null => return None,
    })
}

fn candidates(atoms: &[&Atom<'_>]) -> Result<Candidates, TooMany> {
    let tests = atoms.iter().filter_map(|atom| atom.operator);
    let kinds: BTreeSet<Kind> = tests.filter_map(|operator| kind(operator.test)).collect();
    if kinds.contains(&Kind::Bool) {
        // There are two, whatever else they are compared with.
        return Ok(Candidates {
            values: ["true", "false"].map(str::to_owned).into(),
            complete: kinds.iter().all(|kind| matches!(kind, Kind::Bool | Kind::Text)),
        });
    }
    let mut values = BTreeSet::new();
    let mut complete = kinds.len() <= 1;
    for kind in &kinds {
        let own = atoms
            .iter()
            .filter(|atom| atom.operator.and_then(|operator| self::kind(operator.test)) == Some(*kind));
        let own: Vec<&Atom<'_>> = own.copied().collect();
        let (found, all) = match kind {
            Kind::Text | Kind::Bool => (texts(&own)?, true),
            Kind::Number => numbers(&own),
            Kind::Date => dates(&own),
            Kind::Ip => (networks(&own), true),
        };
        values.extend(found);
        complete &= all;
    }
    if kinds.is_empty() {
        values.insert("example".to_owned());
    }
    Ok(Candidates { values, complete })
}

/// One text for each combination of patterns. Texts that stand in the policies come first, because
/// they read better.
fn texts(atoms: &[&Atom<'_>]) -> Result<Vec<String>, TooMany> {
    let mut languages = vec![Language {
        steps: vec![Step::Run { colon: true }],
        group: 0,
        relevant: true,
    }];
    let mut found = vec!["example".to_owned()];
    for (group, atom) in atoms.iter().enumerate() {
        for value in &atom.written.values {
            let Some(steps) = steps(atom, value) else { continue };
            let usual = if matches!(atom.operator.map(|o| o.test), Some(Test::TextLike | Test::Arn)) {
                value.replace('*', "example").replace('?', "x")
            } else {
                value.clone()
            };
            if !usual.contains("${") {
                found.push(usual);
            }
            languages.push(Language {
                steps,
                group: group + 1,
                relevant: true,
            });
        }
    }
    let all = regions(&languages, &[Step::Run { colon: true }], LETTERS)?;
    found.extend(all.into_iter().map(|region| region.example));
    Ok(found)
}

/// A value's texts, each variable standing for any; `None` where it is not documented.
fn steps(atom: &Atom<'_>, value: &str) -> Option<Vec<Step>> {
    let test = atom.operator?.test;
    match test {
        Test::Arn => {
            let parts = crate::evaluate::variables::split_parts(value, atom.version)?;
            let mut steps = Vec::new();
            for (number, part) in parts.iter().enumerate() {
                if number > 0 {
                    steps.push(Step::Char(':'));
                }
                steps.extend(text_steps(part, atom.version, true, false, number == 5)?);
            }
            Some(steps)
        }
        Test::TextLike => text_steps(value, atom.version, true, false, true),
        Test::TextIgnoringCase => text_steps(value, atom.version, false, true, true),
        Test::Text => text_steps(value, atom.version, false, false, true),
        _ => text_steps(value, Version::V2008, false, false, true),
    }
}

fn text_steps(text: &str, version: Version, wild: bool, fold: bool, colon: bool) -> Option<Vec<Step>> {
    let mut atoms = Vec::new();
    for piece in pieces(text, version)? {
        match piece {
            Piece::Written(text) if wild => push_wild(&text, &mut atoms),
            Piece::Written(text) => push_literal(&text, &mut atoms),
            Piece::Plain(c) => atoms.push(crate::pattern::Atom::Char(c)),
            Piece::Variable { .. } => atoms.push(crate::pattern::Atom::Many),
        }
    }
    let pattern = Pattern::from_atoms(atoms, fold);
    Some(Step::of(pattern.atoms(), fold, colon).collect())
}

/// Digits behind the point that are told apart; numbers with more are not looked into.
const DIGITS: usize = 9;

/// A decimal number times ten to the power of `digits`.
fn scaled(text: &str, digits: usize) -> Option<i128> {
    let text = text.trim();
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    let fraction = fraction.trim_end_matches('0');
    let digit = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 20 || !digit(whole) || !digit(fraction) {
        return None;
    }
    if digits == 0 {
        return whole.parse().ok();
    }
    if fraction.len() > digits {
        return None;
    }
    format!("{whole}{fraction:0<digits$}")
        .parse::<i128>()
        .ok()
        .map(|n| n * sign)
}

fn unscaled(value: i128, digits: usize) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let text = format!("{:0>width$}", value.unsigned_abs(), width = digits + 1);
    let (whole, fraction) = text.split_at(text.len() - digits);
    let fraction = fraction.trim_end_matches('0');
    match fraction {
        "" => format!("{sign}{whole}"),
        fraction => format!("{sign}{whole}.{fraction}"),
    }
}

/// Each number named, and one on either side of it.
fn numbers(atoms: &[&Atom<'_>]) -> (Vec<String>, bool) {
    let mut complete = true;
    let mut points = BTreeSet::from([0]);
    for value in atoms.iter().flat_map(|atom| &atom.written.values) {
        match scaled(value, DIGITS) {
            Some(point) => {
                points.insert(point);
            }
            None => complete = false,
        }
    }
    let one = 10_i128.pow(DIGITS as u32);
    let list: Vec<i128> = points.iter().copied().collect();
    let near = |point: &i128| {
        // A whole number if there is one between this and the next.
        let next = list.iter().find(|other| *other > point).copied();
        let above = match next {
            Some(next) if next - point > one => point + one,
            Some(next) => point + (next - point) / 2,
            None => point + one,
        };
        [*point, above, point - one, point - 1]
    };
    let texts = list.iter().flat_map(near).map(|point| unscaled(point, DIGITS));
    (texts.collect(), complete)
}

/// Each time named, and half a second on either side of it.
fn dates(atoms: &[&Atom<'_>]) -> (Vec<String>, bool) {
    let mut complete = true;
    let mut found = Vec::new();
    let half = jiff::SignedDuration::from_millis(500);
    for value in atoms.iter().flat_map(|atom| &atom.written.values) {
        let Some(time) = date(value) else {
            complete = false;
            continue;
        };
        complete &= time.subsec_nanosecond() == 0;
        let near = [Ok(time), time.checked_add(half), time.checked_sub(half)];
        found.extend(near.into_iter().flatten().map(|time| time.to_string()));
    }
    (found, complete)
}

/// The first and the last address of a range and their neighbours.
fn addresses(text: &str) -> Option<Vec<IpAddr>> {
    let (address, bits) = match text.trim().split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse::<u32>().ok()?)),
        None => (text.trim(), None),
    };
    let address: IpAddr = address.parse().ok()?;
    let around = |first: u128, last: u128| [first, last, first.wrapping_sub(1), last.wrapping_add(1)];
    Some(match address {
        IpAddr::V4(own) => {
            let bits = bits.unwrap_or(32);
            let mask = u32::MAX.checked_shr(bits).unwrap_or(0);
            (bits <= 32).then_some(())?;
            let (first, last) = (own.to_bits() & !mask, own.to_bits() | mask);
            let all = around(first.into(), last.into()).into_iter();
            all.filter_map(|n| u32::try_from(n).ok())
                .map(|n| IpAddr::V4(Ipv4Addr::from_bits(n)))
                .collect()
        }
        IpAddr::V6(own) => {
            let bits = bits.unwrap_or(128);
            let mask = u128::MAX.checked_shr(bits).unwrap_or(0);
            (bits <= 128).then_some(())?;
            let (first, last) = (own.to_bits() & !mask, own.to_bits() | mask);
            let all = around(first, last).into_iter();
            all.map(|n| IpAddr::V6(Ipv6Addr::from_bits(n))).collect()
        }
    })
}

fn networks(atoms: &[&Atom<'_>]) -> Vec<String> {
    // One of each family that is seldom named: addresses for documentation.
    let mut found: Vec<String> = vec!["192.0.2.1".to_owned(), "2001:db8::1".to_owned()];
    for value in atoms.iter().flat_map(|atom| &atom.written.values) {
        let all = addresses(value).unwrap_or_default();
        found.extend(all.iter().map(IpAddr::to_string));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_scaled_and_back() {
        for text in ["0", "12", "-3.5", "0.000000001", "1234567890.25"] {
            assert_eq!(unscaled(scaled(text, DIGITS).unwrap(), DIGITS), text);
        }
        assert_eq!(scaled("1e3", DIGITS), None);
        assert_eq!(scaled("0.0000000001", DIGITS), None);
    }

    #[test]
    fn a_range_has_its_neighbours() {
        let all: Vec<String> = addresses("203.0.113.0/24")
            .unwrap()
            .iter()
            .map(IpAddr::to_string)
            .collect();
        assert_eq!(
            all,
            ["203.0.113.0", "203.0.113.255", "203.0.112.255", "203.0.114.0"]
        );
        assert_eq!(addresses("0.0.0.0/0").unwrap().len(), 2);
        assert_eq!(addresses("203.0.113.0/33"), None);
    }
}
