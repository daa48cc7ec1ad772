//! Patterns against a brute-force oracle over a small alphabet, and the cases AWS documents.

use proptest::prelude::*;

use super::*;

/// The plain recursive definition.
fn oracle(pattern: &[char], text: &[char]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (None, Some(_)) => false,
        (Some((&'*', rest)), _) => {
            oracle(rest, text) || text.split_first().is_some_and(|(_, tail)| oracle(pattern, tail))
        }
        (Some((&'?', rest)), Some((_, tail))) => oracle(rest, tail),
        (Some((own, rest)), Some((c, tail))) => own == c && oracle(rest, tail),
        (Some(_), None) => false,
    }
}

fn oracle_matches(pattern: &str, text: &str) -> bool {
    oracle(
        &pattern.chars().collect::<Vec<_>>(),
        &text.chars().collect::<Vec<_>>(),
    )
}

/// All texts over `a`, `b` and a character that no pattern names, up to a length.
fn texts(longest: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut last = all.clone();
    for _ in 0..longest {
        last = last
            .iter()
            .flat_map(|t| ["a", "b", "z"].map(|c| format!("{t}{c}")))
            .collect();
        all.extend(last.iter().cloned());
    }
    all
}

fn pattern() -> impl Strategy<Value = String> {
    "[ab?*]{0,5}"
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn matching_is_the_definition(pattern in "[ab?*é]{0,8}", text in "[abzé]{0,10}") {
        prop_assert_eq!(matches(&pattern, &text), oracle_matches(&pattern, &text));
    }

    // A counterexample to a subset of two patterns of at most five atoms has at most
    // five characters more than the inner one asks for; seven is past every case of this size.
    #[test]
    fn subset_is_exact(inner in pattern(), outer in pattern()) {
        let expected = texts(7).iter().all(|t| !oracle_matches(&inner, t) || oracle_matches(&outer, t));
        prop_assert_eq!(is_subset(&inner, &outer), expected, "{} in {}", inner, outer);
    }

    #[test]
    fn subset_of_a_union_is_exact(inner in pattern(), a in pattern(), b in pattern()) {
        let expected = texts(7).iter().all(|t| {
            !oracle_matches(&inner, t) || oracle_matches(&a, t) || oracle_matches(&b, t)
        });
        let (one, two) = (Pattern::new(&a), Pattern::new(&b));
        let got = Pattern::new(&inner).is_subset_of_union(&[&one, &two]);
        prop_assert_eq!(got, expected, "{} in {} or {}", inner, a, b);
    }

    #[test]
    fn intersection_is_exact(a in pattern(), b in pattern()) {
        let expected = texts(7).iter().any(|t| oracle_matches(&a, t) && oracle_matches(&b, t));
        prop_assert_eq!(intersects(&a, &b), expected, "{} and {}", a, b);
    }

    #[test]
    fn case_does_not_matter_where_it_is_ignored(pattern in "[aAbB?*]{0,6}", text in "[aAbB]{0,6}") {
        let folded = matches(&pattern.to_lowercase(), &text.to_lowercase());
        prop_assert_eq!(matches_ignore_case(&pattern, &text), folded);
    }

    #[test]
    fn resources_agree_with_their_parts(
        a in prop::array::uniform6("[a*?]{0,2}"), b in prop::array::uniform6("[a*?]{0,2}")
    ) {
        let (left, right) = (a.join(":"), b.join(":"));
        let by_part = a.iter().zip(&b).all(|(x, y)| is_subset(x, y));
        prop_assert_eq!(resource_is_subset(&left, &right), Some(by_part));
        let shared = a.iter().zip(&b).all(|(x, y)| intersects(x, y));
        prop_assert_eq!(resource_intersects(&left, &right), Some(shared));
    }
}

#[test]
fn a_long_adversarial_match_ends() {
    let pattern = "*a".repeat(40) + "b";
    assert!(!matches(&pattern, &"a".repeat(2_000)));
}

#[test]
fn a_subset_question_beyond_the_limit_is_answered_no() {
    let outer = format!("*a{}*b", "?".repeat(40));
    let inner = "*a".repeat(30) + "*b";
    assert!(!is_subset(&inner, &outer));
    assert!(is_subset(&inner, &inner));
}

#[test]
fn actions() {
    assert!(matches_ignore_case("s3:Get*", "S3:GETOBJECT"));
    assert!(!matches_ignore_case("s3:Get*", "s3:PutObject"));
    assert!(is_subset_ignore_case("S3:getobject*", "s3:Get*"));
    assert!(!is_subset_ignore_case("s3:*Object", "s3:Get*"));
    assert!(intersects_ignore_case("s3:*Object", "S3:GET*"));
    assert!(!intersects_ignore_case("s3:Put*", "s3:Get*"));
    assert!(!is_subset("s3:GET*", "s3:Get*"));
}

#[test]
fn wildcards_stay_within_their_part() {
    let arn = "arn:aws:s3:::bucket/a:b/c";
    assert_eq!(resource_matches("arn:aws:s3:::bucket/*", arn), Some(true));
    assert_eq!(resource_matches("arn:aws:s3:::*", arn), Some(true));
    assert_eq!(resource_matches("*", arn), Some(true));
    assert_eq!(resource_matches("*:*:*:*:*:*", arn), Some(true));
    assert_eq!(resource_matches("arn:*:bucket/a:b/c", arn), None);
    assert_eq!(resource_matches("arn:aws:s3:*", arn), None);
    assert_eq!(resource_matches("arn:aws:s3:::Bucket/*", arn), Some(false));
    let role = "arn:aws:iam::111122223333:role/x";
    assert_eq!(resource_matches("arn:aws:iam:*:*:role/x", role), Some(true));
    assert_eq!(resource_matches("arn:aws:iam::*:role/x", role), Some(true));
    assert_eq!(resource_matches("arn:aws:iam:*:role/x:y:z", role), Some(false));
    assert_eq!(resource_matches("arn:aws:s3:::*", "bucket"), Some(false));
}

#[test]
fn everything_is_within_everything_only() {
    assert_eq!(resource_is_subset("*", "*"), Some(true));
    assert_eq!(resource_is_subset("*", "*:*:*:*:*:*"), Some(true));
    assert_eq!(resource_is_subset("*", "arn:*:*:*:*:*"), Some(false));
    assert_eq!(resource_is_subset("arn:aws:s3:::a", "*"), Some(true));
    assert_eq!(resource_is_subset("arn:aws", "*"), Some(true));
    assert_eq!(resource_is_subset("arn:aws", "arn:aws"), Some(true));
    assert_eq!(resource_is_subset("arn:aws", "arn:*"), None);
    assert_eq!(resource_intersects("*", "arn:aws:s3:::a"), Some(true));
    assert_eq!(resource_intersects("arn:aws:s3", "*"), None);
}

#[test]
fn several_resources_cover_one() {
    let outers = ["arn:aws:s3:::a*", "arn:aws:s3:::?", "arn:aws:s3:::"];
    assert!(resource_is_subset_of_union("arn:aws:s3:::a", outers));
    assert!(resource_is_subset_of_union(
        "arn:aws:s3:::*",
        ["arn:aws:s3:::?*", "arn:aws:s3:::"]
    ));
    assert!(!resource_is_subset_of_union("arn:aws:s3:::*", outers));
}

#[test]
fn a_literal_star_is_a_character() {
    let mut atoms = Vec::new();
    push_literal("a*", &mut atoms);
    push_wild("/*", &mut atoms);
    let pattern = Pattern::from_atoms(atoms, false);
    assert!(pattern.matches("a*/x"));
    assert!(!pattern.matches("abc/x"));
}

#[test]
fn a_variable_is_covered_by_itself_and_by_a_star_only() {
    let make = |atoms: &[Atom]| Pattern::from_atoms(atoms.to_vec(), false);
    let own = make(&[Atom::Variable(1), Atom::Char('/'), Atom::Char('x')]);
    assert!(own.is_subset(&make(&[Atom::Variable(1), Atom::Char('/'), Atom::Many])));
    assert!(own.is_subset(&make(&[Atom::Many, Atom::Char('x')])));
    assert!(!own.is_subset(&make(&[Atom::One, Atom::Char('/'), Atom::Many])));
    assert!(!own.is_subset(&make(&[Atom::Variable(2), Atom::Char('/'), Atom::Many])));
    assert!(!make(&[Atom::Many]).is_subset(&make(&[Atom::Variable(1)])));
}
