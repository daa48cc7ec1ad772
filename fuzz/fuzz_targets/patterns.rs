//! Matching, subset and intersection of patterns against brute force.

#![no_main]

use std::sync::LazyLock;

use arbitrary::{Arbitrary, Result, Unstructured};
use leastgrant::pattern::{self, Pattern};
use leastgrant_fuzz::language::{by_definition, holds, plain, resource, some_text};
use libfuzzer_sys::fuzz_target;

/// Those of the patterns, and one that no pattern has.
const ALPHABET: [char; 5] = ['a', 'B', 'é', ':', 'z'];

/// Every text over a part of the alphabet, up to five characters.
static TEXTS: LazyLock<Vec<Vec<char>>> = LazyLock::new(|| {
    let mut all = vec![Vec::new()];
    let mut last = all.clone();
    for _ in 0..5 {
        last = last
            .iter()
            .flat_map(|text: &Vec<char>| ['a', 'B', 'z'].map(|c| [text.as_slice(), &[c]].concat()))
            .collect();
        all.extend(last.iter().cloned());
    }
    all
});

#[derive(Debug)]
struct Input {
    patterns: [String; 3],
    resources: [String; 3],
    arn: String,
    text: String,
}

fn text(u: &mut Unstructured<'_>, of: &[char], most: usize) -> Result<String> {
    let length = u.int_in_range(0..=most)?;
    (0..length).map(|_| u.choose(of).copied()).collect()
}

fn arn(u: &mut Unstructured<'_>, of: &[char]) -> Result<String> {
    // Mostly six parts; sometimes fewer, so that the text is no ARN; a colon may come into the last.
    let parts = if u.ratio(1, 16)? {
        u.int_in_range(0..=5)?
    } else {
        6
    };
    let mut all = Vec::new();
    for part in 0..parts {
        let last = [of, &[':']].concat();
        let part = if part == 5 {
            text(u, &last, 5)?
        } else {
            text(u, of, 2)?
        };
        all.push(part);
    }
    Ok(all.join(":"))
}

impl<'a> Arbitrary<'a> for Input {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let wild = ['a', 'B', '*', '?', 'é', '*'];
        let mut resources = [String::new(), String::new(), String::new()];
        for own in &mut resources {
            *own = if u.ratio(1, 12)? {
                "*".to_owned()
            } else {
                arn(u, &['a', '*', '?', 'B'])?
            };
        }
        Ok(Self {
            patterns: [text(u, &wild, 9)?, text(u, &wild, 9)?, text(u, &wild, 9)?],
            resources,
            arn: arn(u, &['a', 'z', 'B'])?,
            text: text(u, &['a', 'b', 'A', 'B', 'é', 'É', 'z', '*', '?'], 14)?,
        })
    }
}

fn texts(input: &Input) {
    let [inner, a, b] = &input.patterns;
    let sets = [plain(inner), plain(a), plain(b)];
    let [x, y, z] = sets.each_ref().map(Vec::as_slice);
    let (one, two, three) = (Pattern::new(inner), Pattern::new(a), Pattern::new(b));

    let chars = |text: &str| text.chars().collect::<Vec<char>>();
    let expected = by_definition(&chars(inner), &chars(&input.text));
    assert_eq!(pattern::matches(inner, &input.text), expected);
    assert_eq!(holds(x, &input.text), expected, "the target itself");
    let lower = |text: &str| text.to_ascii_lowercase();
    assert_eq!(
        pattern::matches_ignore_case(inner, &input.text),
        by_definition(&chars(&lower(inner)), &chars(&lower(&input.text)))
    );

    let some = |sets: &[&[_]], wanted: &dyn Fn(&[bool]) -> bool| some_text(sets, &ALPHABET, wanted);
    let subset = !some(&[x, y], &|m| m[0] && !m[1]);
    let union = !some(&[x, y, z], &|m| m[0] && !m[1] && !m[2]);
    let shared = some(&[x, y], &|m| m[0] && m[1]);
    assert_eq!(pattern::is_subset(inner, a), subset, "{inner} in {a}");
    assert_eq!(
        one.is_subset_of_union(&[&two, &three]),
        union,
        "{inner} in {a} or {b}"
    );
    assert_eq!(one.is_subset_of_union(&[&two]), subset);
    assert_eq!(pattern::intersects(inner, a), shared, "{inner} and {a}");
    assert_eq!(pattern::intersects(a, inner), shared);
    let (inner_lower, a_lower) = (lower(inner), lower(a));
    assert_eq!(
        pattern::is_subset_ignore_case(inner, a),
        pattern::is_subset(&inner_lower, &a_lower)
    );
    assert_eq!(
        pattern::intersects_ignore_case(inner, a),
        pattern::intersects(&inner_lower, &a_lower)
    );

    // By hand, text by text: what is said to hold for all must hold for each.
    let mut both = false;
    for text in TEXTS.iter() {
        let text: String = text.iter().collect();
        let [i, j, k] = [&one, &two, &three].map(|own| own.matches(&text));
        assert_eq!(i, holds(x, &text), "{inner} on {text}");
        assert!(!(subset && i && !j), "{inner} in {a}: {text}");
        assert!(!(union && i && !j && !k), "{inner} in {a} or {b}: {text}");
        both |= i && j;
    }
    assert!(shared || !both);
}

fn resources(input: &Input) {
    let [inner, a, b] = &input.resources;
    let sets = input.resources.each_ref().map(|text| resource(text));
    let six = input.arn.matches(':').count() >= 5;
    for (text, set) in input.resources.iter().zip(&sets) {
        let expected = match set {
            None => None,
            Some(_) if text == "*" => Some(true),
            Some(_) if !six => Some(false),
            Some(set) => Some(holds(set, &input.arn)),
        };
        assert_eq!(
            pattern::resource_matches(text, &input.arn),
            expected,
            "{text} on {}",
            input.arn
        );
    }
    let union = pattern::resource_is_subset_of_union(inner, [a.as_str(), b.as_str()]);
    let [Some(x), Some(y), Some(z)] = &sets else {
        if sets[0].is_none() || sets[1].is_none() {
            let known = a == "*" || inner == a;
            assert_eq!(pattern::resource_is_subset(inner, a), known.then_some(true));
            assert_eq!(pattern::resource_intersects(inner, a), None);
        }
        return;
    };
    let some = |sets: &[&[_]], wanted: &dyn Fn(&[bool]) -> bool| some_text(sets, &ALPHABET, wanted);
    let subset = !some(&[x, y], &|m| m[0] && !m[1]);
    assert_eq!(
        pattern::resource_is_subset(inner, a),
        Some(subset),
        "{inner} in {a}"
    );
    let shared = some(&[x, y], &|m| m[0] && m[1]);
    assert_eq!(
        pattern::resource_intersects(inner, a),
        Some(shared),
        "{inner} and {a}"
    );
    // A union may be missed, never made up.
    if union {
        assert!(
            !some(&[x, y, z], &|m| m[0] && !m[1] && !m[2]),
            "{inner} in {a} or {b}"
        );
    }
    assert!(union || !subset);
}

fuzz_target!(|input: Input| {
    texts(&input);
    resources(&input);
});
