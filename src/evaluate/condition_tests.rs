//! A table of conditions against contexts, one line a rule.

use proptest::prelude::*;

use super::*;

const YES: Truth = Truth::True;
const NO: Truth = Truth::False;
const OPEN: Truth = Truth::Unknown;

/// `key=a|b` carries values, `key=` one empty value, `key!` is certainly absent; spaces between.
fn context(text: &str) -> Context {
    let mut context = Context::default();
    for word in text.split_whitespace() {
        if let Some(key) = word.strip_suffix('!') {
            context.set(key, Lookup::Absent);
        } else if let Some((key, values)) = word.split_once('=') {
            context.set(
                key,
                Lookup::Values(values.split('|').map(str::to_owned).collect()),
            );
        }
    }
    context
}

fn condition(operator: &str, key: &str, values: &[&str]) -> Condition {
    Condition {
        operator: operator.into(),
        key: key.into(),
        values: values.iter().map(ToString::to_string).collect(),
    }
}

fn ask(operator: &str, values: &[&str], given: &str) -> Truth {
    holds(
        &condition(operator, "k:k", values),
        Version::V2012,
        &context(given),
        &mut Vec::new(),
    )
}

#[test]
fn texts() {
    assert_eq!(ask("StringEquals", &["a", "b"], "k:k=b"), YES);
    assert_eq!(ask("StringEquals", &["a", "b"], "k:k=B"), NO);
    assert_eq!(ask("StringEquals", &["a*"], "k:k=abc"), NO);
    assert_eq!(ask("StringEquals", &["a*"], "k:k=a*"), YES);
    assert_eq!(ask("StringNotEquals", &["a", "b"], "k:k=b"), NO);
    assert_eq!(ask("StringNotEquals", &["a", "b"], "k:k=c"), YES);
    assert_eq!(ask("StringEqualsIgnoreCase", &["Ab"], "k:k=aB"), YES);
    assert_eq!(ask("StringNotEqualsIgnoreCase", &["Ab"], "k:k=aB"), NO);
    assert_eq!(ask("StringLike", &["a*c?"], "k:k=abbcd"), YES);
    assert_eq!(ask("StringLike", &["A*"], "k:k=abc"), NO);
    assert_eq!(ask("StringNotLike", &["a*", "b*"], "k:k=cb"), YES);
    assert_eq!(ask("StringNotLike", &["a*", "b*"], "k:k=bc"), NO);
}

#[test]
fn key_names_ignore_case() {
    let mixed = condition("StringEquals", "AWS:PrincipalTag/Team", &["x"]);
    let given = context("aws:principaltag/TEAM=x");
    assert_eq!(holds(&mixed, Version::V2012, &given, &mut Vec::new()), YES);
}

#[test]
fn numbers() {
    for (operator, below, same, above) in [
        ("NumericEquals", NO, YES, NO),
        ("NumericNotEquals", YES, NO, YES),
        ("NumericLessThan", YES, NO, NO),
        ("NumericLessThanEquals", YES, YES, NO),
        ("NumericGreaterThan", NO, NO, YES),
        ("NumericGreaterThanEquals", NO, YES, YES),
    ] {
        assert_eq!(ask(operator, &["10"], "k:k=9.5"), below, "{operator}");
        assert_eq!(ask(operator, &["10"], "k:k=10.0"), same, "{operator}");
        assert_eq!(ask(operator, &["10"], "k:k=100"), above, "{operator}");
    }
    assert_eq!(ask("NumericEquals", &["ten"], "k:k=10"), OPEN);
    assert_eq!(ask("NumericEquals", &["10"], "k:k=ten"), OPEN);
}

#[test]
fn dates_in_both_notations() {
    for (operator, before, same, after) in [
        ("DateEquals", NO, YES, NO),
        ("DateNotEquals", YES, NO, YES),
        ("DateLessThan", YES, NO, NO),
        ("DateLessThanEquals", YES, YES, NO),
        ("DateGreaterThan", NO, NO, YES),
        ("DateGreaterThanEquals", NO, YES, YES),
    ] {
        for policy in ["2020-04-01T00:00:00Z", "1585699200", "2020-04-01"] {
            assert_eq!(
                ask(operator, &[policy], "k:k=2020-03-31T23:59:59Z"),
                before,
                "{operator} {policy}"
            );
            assert_eq!(
                ask(operator, &[policy], "k:k=1585699200"),
                same,
                "{operator} {policy}"
            );
            assert_eq!(
                ask(operator, &[policy], "k:k=2020-04-01T00:00:01Z"),
                after,
                "{operator} {policy}"
            );
        }
    }
    assert_eq!(ask("DateLessThan", &["soon"], "k:k=1585699200"), OPEN);
}

#[test]
fn booleans_bytes_and_addresses() {
    assert_eq!(ask("Bool", &["true"], "k:k=True"), YES);
    assert_eq!(ask("Bool", &["false"], "k:k=true"), NO);
    assert_eq!(ask("Bool", &["yes"], "k:k=true"), OPEN);
    assert_eq!(ask("BinaryEquals", &["QmluYXJ5"], "k:k=QmluYXJ5"), YES);
    assert_eq!(ask("BinaryEquals", &["QmluYXJ5"], "k:k=qmluYXJ5"), NO);
    assert_eq!(
        ask(
            "IpAddress",
            &["203.0.113.0/24", "2001:db8::/32"],
            "k:k=203.0.113.9"
        ),
        YES
    );
    assert_eq!(
        ask(
            "IpAddress",
            &["203.0.113.0/24", "2001:db8::/32"],
            "k:k=2001:db8::1"
        ),
        YES
    );
    assert_eq!(ask("IpAddress", &["203.0.113.9"], "k:k=203.0.113.10"), NO);
    assert_eq!(ask("NotIpAddress", &["203.0.113.0/24"], "k:k=203.0.113.9"), NO);
    assert_eq!(ask("NotIpAddress", &["203.0.113.0/24"], "k:k=198.51.100.1"), YES);
    assert_eq!(
        ask("IpAddress", &["10.0.0.0/8"], "k:k=cloudformation.amazonaws.com"),
        OPEN
    );
}

#[test]
fn arns_part_by_part() {
    let role = "k:k=arn:aws:iam::111122223333:role/team/x";
    for operator in ["ArnEquals", "ArnLike"] {
        assert_eq!(ask(operator, &["arn:aws:iam::*:role/team/*"], role), YES);
        assert_eq!(ask(operator, &["arn:aws:iam:*:*:role/*"], role), YES);
        assert_eq!(ask(operator, &["arn:aws:*:role/team/x:y:z"], role), NO);
        assert_eq!(ask(operator, &["arn:aws:iam::*:Role/*"], role), NO);
        assert_eq!(ask(operator, &["arn:aws:iam::*"], role), OPEN);
    }
    for operator in ["ArnNotEquals", "ArnNotLike"] {
        assert_eq!(ask(operator, &["arn:aws:iam::*:role/*"], role), NO);
        assert_eq!(ask(operator, &["arn:aws:iam::*:user/*"], role), YES);
    }
    let given = format!("{role} aws:principalaccount=111122223333");
    assert_eq!(
        ask(
            "ArnLike",
            &["arn:aws:iam::${aws:PrincipalAccount}:role/*"],
            &given
        ),
        YES
    );
    assert_eq!(
        ask("ArnLike", &["arn:aws:iam::${aws:PrincipalAccount}:role/*"], role),
        OPEN
    );
    assert_eq!(
        ask("ArnLike", &["arn:aws:sqs::${aws:PrincipalAccount}:role/*"], role),
        NO
    );
}

#[test]
fn a_missing_key() {
    for (operator, expected) in [
        ("StringEquals", NO),
        ("StringNotEquals", YES),
        ("StringEqualsIfExists", YES),
        ("StringNotLikeIfExists", YES),
        ("NumericLessThan", NO),
        ("NumericNotEquals", YES),
        ("DateNotEquals", YES),
        ("Bool", NO),
        ("BoolIfExists", YES),
        ("IpAddress", NO),
        ("NotIpAddress", YES),
        ("ArnLike", NO),
        ("ArnNotLike", YES),
        ("ForAllValues:StringEquals", YES),
        ("ForAnyValue:StringEquals", NO),
        ("ForAnyValue:StringNotEquals", NO),
        // IfExists says yes, ForAnyValue no.
        ("ForAnyValue:StringEqualsIfExists", Truth::Unknown),
    ] {
        assert_eq!(ask(operator, &["1"], "k:k!"), expected, "{operator}");
    }
}

#[test]
fn null_asks_for_the_key_itself() {
    assert_eq!(ask("Null", &["true"], "k:k!"), YES);
    assert_eq!(ask("Null", &["true"], "k:k=x"), NO);
    assert_eq!(ask("Null", &["false"], "k:k!"), NO);
    assert_eq!(ask("Null", &["false"], "k:k=x"), YES);
    assert_eq!(ask("Null", &["true"], ""), OPEN);
    assert_eq!(ask("NullIfExists", &["true"], "k:k!"), OPEN);
    assert_eq!(ask("Null", &["perhaps"], "k:k!"), OPEN);
}

#[test]
fn several_values_of_the_request() {
    let policy = ["a", "b"];
    for (operator, inside, across, outside) in [
        ("ForAllValues:StringEquals", YES, NO, NO),
        ("ForAnyValue:StringEquals", YES, YES, NO),
        ("ForAllValues:StringNotEquals", NO, NO, YES),
        ("ForAnyValue:StringNotEquals", NO, YES, YES),
        // Without a qualifier nothing is documented: an answer only where both readings agree.
        ("StringEquals", YES, OPEN, NO),
        ("StringNotEquals", NO, OPEN, YES),
    ] {
        assert_eq!(ask(operator, &policy, "k:k=a|b"), inside, "{operator}");
        assert_eq!(ask(operator, &policy, "k:k=a|c"), across, "{operator}");
        assert_eq!(ask(operator, &policy, "k:k=c|d"), outside, "{operator}");
    }
    assert_eq!(ask("ForAllValues:StringEquals", &policy, "k:k="), YES);
    assert_eq!(ask("ForAnyValue:StringEquals", &policy, "k:k="), NO);
    assert_eq!(ask("ForAnyValue:StringLike", &["*"], "k:k="), OPEN);
}

#[test]
fn what_was_not_recorded_is_named() {
    let open = |operator: &str, values: &[&str], given: &str| {
        let mut missing = Vec::new();
        let own = condition(operator, "K:K", values);
        let truth = holds(&own, Version::V2012, &context(given), &mut missing);
        (truth, missing.join(" "))
    };
    for operator in [
        "StringEquals",
        "StringNotEquals",
        "BoolIfExists",
        "ForAllValues:StringLike",
        "Null",
    ] {
        assert_eq!(
            open(operator, &["true"], ""),
            (OPEN, "k:k".to_owned()),
            "{operator}"
        );
    }
    assert_eq!(
        open("StringLike", &["${a:b}/*"], "k:k=x/y"),
        (OPEN, "a:b".to_owned())
    );
    assert_eq!(
        open("StringLike", &["${a:b}/*", "x/*"], "k:k=x/y"),
        (YES, String::new())
    );
    assert_eq!(open("StringLike", &["${a:b}/z"], "k:k=x/y"), (NO, String::new()));
    assert_eq!(open("StringSame", &["x"], "k:k=x"), (OPEN, "k:k".to_owned()));
    assert_eq!(
        open("StringEquals", &["${a:b}"], "k:k=x a:b=x|y"),
        (OPEN, "a:b".to_owned())
    );
}

#[test]
fn variables() {
    assert_eq!(ask("StringEquals", &["${a:b}"], "k:k=x a:b=x"), YES);
    assert_eq!(ask("StringEquals", &["${a:b}"], "k:k=x a:b=y"), NO);
    assert_eq!(
        ask("StringEquals", &["${A:B}-${a:c}"], "k:k=x-y a:b=x a:c=y"),
        YES
    );
    assert_eq!(ask("StringLike", &["${a:b}"], "k:k=xyz a:b=x*"), NO);
    assert_eq!(ask("StringLike", &["${a:b}"], "k:k=x* a:b=x*"), YES);
    assert_eq!(ask("StringLike", &["${*}${?}${$}"], "k:k=*?$"), YES);
    assert_eq!(ask("StringLike", &["${*}"], "k:k=x"), NO);
    assert_eq!(ask("StringEquals", &["${a:b, 'all'}"], "k:k=all a:b!"), YES);
    assert_eq!(ask("StringEquals", &["${a:b, 'all'}"], "k:k=all a:b=x"), NO);
    // Without a value: a positive operator is false, a negated one true.
    assert_eq!(ask("StringEquals", &["${a:b}"], "k:k=x a:b!"), NO);
    assert_eq!(ask("StringNotEquals", &["${a:b}"], "k:k=x a:b!"), YES);
    assert_eq!(ask("StringNotLike", &["${a:b}/*"], "k:k=x/y a:b!"), YES);
    // Numbers have none.
    assert_eq!(ask("NumericEquals", &["${a:b}"], "k:k=1 a:b=1"), OPEN);
}

#[test]
fn the_old_version_takes_variables_as_text() {
    let own = condition("StringEquals", "k:k", &["${a:b}"]);
    let old = |given: &str| holds(&own, Version::V2008, &context(given), &mut Vec::new());
    assert_eq!(old("k:k=x a:b=x"), NO);
    assert_eq!(old("k:k=${a:b} a:b=x"), YES);
}

proptest! {
    /// Whatever the key turns out to be, an answer given without it must hold.
    #[test]
    fn an_answer_without_the_variable_holds_for_every_value(
        pattern in "[ab*?]{0,2}", tail in "[ab*?]{0,2}", asked in "[ab]{0,3}", value in prop::option::of("[ab*]{1,2}"),
        operator in prop::sample::select(&["StringLike", "StringNotLike", "StringEquals", "StringNotEquals"][..]),
    ) {
        let own = condition(operator, "k:k", &[&format!("{pattern}${{a:b}}{tail}")]);
        let mut given = Context::default();
        given.set("k:k", Lookup::Values(vec![asked]));
        let before = holds(&own, Version::V2012, &given, &mut Vec::new());
        given.set("a:b", value.map_or(Lookup::Absent, |value| Lookup::Values(vec![value])));
        let after = holds(&own, Version::V2012, &given, &mut Vec::new());
        prop_assert_ne!(after, Truth::Unknown);
        prop_assert!(before == Truth::Unknown || before == after);
    }
}
