//! Proofs by example, and against the evaluator on random requests.

use proptest::prelude::*;
use proptest::strategy::ValueTree;

use super::*;
use crate::evaluate::{Compiled, Context, Decision, Lookup, Request, Target};
use crate::policy::{Document, parse};

fn document(statements: &str) -> Document {
    let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#);
    let (document, diagnostics) = parse(&text, "-");
    assert_eq!(diagnostics, [], "{text}");
    document.unwrap()
}

fn identity(document: &Document) -> PolicyIn<'_> {
    PolicyIn {
        layer: Layer::Identity,
        document,
    }
}

/// The gaps between two lists of identity statements, as `+action on resource`, `-deny on resource`.
fn gaps(old: &str, new: &str) -> Vec<String> {
    let (old, new) = (document(old), document(new));
    nothing_new(&[identity(&old)], &[identity(&new)])
        .into_iter()
        .map(in_words)
        .collect()
}

fn in_words(gap: Gap) -> String {
    match gap {
        Gap::Wider { action, resource, .. } => format!("+{action} on {resource}"),
        Gap::DenyDropped { action, resource, .. } => format!("-{action} on {resource}"),
        Gap::LayerDropped { layer } => format!("no {layer:?}"),
    }
}

fn allow(inner: &str) -> String {
    format!(r#"{{"Effect": "Allow", {inner}}}"#)
}

fn lists(action: &str, resource: &str) -> String {
    let quoted = |list: &str| {
        format!(
            "[{}]",
            list.split(' ')
                .map(|t| format!("\"{t}\""))
                .collect::<Vec<_>>()
                .join(",")
        )
    };
    allow(&format!(
        r#""Action": {}, "Resource": {}"#,
        quoted(action),
        quoted(resource)
    ))
}

#[test]
fn narrowing_is_proved() {
    let table = [
        (
            lists("*", "*"),
            lists("s3:GetObject ec2:Run*", "arn:aws:s3:::b/* *"),
        ),
        (
            lists("s3:*", "arn:aws:s3:::b*"),
            lists("S3:getobject", "arn:aws:s3:::b/x arn:aws:s3:::bc"),
        ),
        (
            lists("s3:Get* s3:Put*", "*"),
            lists("s3:GetObject s3:PutObject*", "*"),
        ),
        // Together only: entries of one statement, actions of two, resources of two.
        (lists("s3:?* s3: ec2:*", "*"), lists("s3:*", "*")),
        (
            lists("s3:?*", "*") + "," + &lists("s3:", "arn:aws:s3:::b*"),
            lists("s3:*", "arn:aws:s3:::bc"),
        ),
        (
            lists("s3:*", "arn:aws:s3:::b/?*") + "," + &lists("s3:Get*", "arn:aws:s3:::b/"),
            lists("s3:GetObject", "arn:aws:s3:::b/*"),
        ),
        (
            allow(r#""NotAction": "iam:*", "Resource": "*""#),
            lists("s3:* sts:AssumeRole", "*"),
        ),
        (
            allow(r#""NotAction": ["iam:Get*", "sts:*"], "Resource": "*""#),
            allow(r#""NotAction": ["iam:*", "sts:*", "s3:*"], "NotResource": "arn:aws:s3:::b""#),
        ),
        (
            allow(r#""Action": "s3:*", "NotResource": "arn:aws:s3:::secret/*""#),
            lists("s3:*", "arn:aws:s3:::b/* arn:aws:sqs:*:*:*"),
        ),
        (lists("s3:*", "bucket"), lists("s3:Get*", "bucket")),
        (
            lists("s3:*", "arn:aws:s3:::b/${aws:username}/*"),
            lists("s3:*", "arn:aws:s3:::b/${aws:UserName}/x"),
        ),
        (
            lists("s3:*", "arn:aws:s3:::b/*"),
            lists("s3:*", "arn:aws:s3:::b/${aws:username}/*"),
        ),
    ];
    for (old, new) in table {
        assert_eq!(gaps(&old, &new), Vec::<String>::new(), "{old} to {new}");
        assert_ne!(gaps(&new, &old), Vec::<String>::new(), "{new} to {old}");
    }
}

#[test]
fn widening_is_named() {
    let table = [
        (
            lists("s3:Get*", "*"),
            lists("s3:GetObject s3:PutObject", "*"),
            "+s3:PutObject on *",
        ),
        (
            lists("s3:*", "arn:aws:s3:::b/*"),
            lists("s3:*", "arn:aws:s3:::b*"),
            "+s3:* on arn:aws:s3:::b*",
        ),
        (String::new(), lists("s3:Get*", "*"), "+s3:Get* on *"),
        (
            lists("s3:Get*", "arn:aws:s3:::a") + "," + &lists("s3:Put*", "arn:aws:s3:::b"),
            lists("s3:GetObject", "arn:aws:s3:::b"),
            "+s3:GetObject on arn:aws:s3:::b",
        ),
        (
            allow(r#""NotAction": ["iam:*", "sts:*"], "Resource": "*""#),
            allow(r#""NotAction": "iam:*", "Resource": "*""#),
            "+all but iam:* on *",
        ),
        (
            lists("*", "arn:aws:s3:::*"),
            allow(r#""NotAction": "iam:*", "NotResource": "*""#),
            "+all but iam:* on all but *",
        ),
        (
            allow(r#""NotAction": "iam:*", "Resource": "*""#),
            lists("i*:GetUser", "*"),
            "+i*:GetUser on *",
        ),
        (lists("s3:*", "*:*:*:*:*:*"), lists("s3:*", "*"), "+s3:* on *"),
        (
            lists("s3:*", "arn:aws:s3:::b/${aws:username}/*"),
            lists("s3:*", "arn:aws:s3:::b/ann/*"),
            "+s3:* on arn:aws:s3:::b/ann/*",
        ),
        (
            lists("s3:*", "arn:aws:s3:::b/?"),
            lists("s3:*", "arn:aws:s3:::b/${aws:username}"),
            "+s3:* on arn:aws:s3:::b/${aws:username}",
        ),
        (
            allow(r#""Action": "s3:*", "NotResource": "arn:aws:s3:::b/${aws:username}/*""#),
            lists("s3:*", "arn:aws:s3:::b/ann/x"),
            "+s3:* on arn:aws:s3:::b/ann/x",
        ),
    ];
    for (old, new, expected) in table {
        assert_eq!(gaps(&old, &new), [expected], "{old} to {new}");
    }
}

#[test]
fn conditions_may_only_tighten() {
    let when = |block: &str| {
        allow(&format!(
            r#""Action": "s3:*", "Resource": "*", "Condition": {{{block}}}"#
        ))
    };
    let one = when(r#""StringEquals": {"a:b": "x"}"#);
    let two = when(r#""StringEquals": {"A:B": ["y", "x"]}"#);
    let not_one = when(r#""StringNotEquals": {"a:b": "x"}"#);
    let not_two = when(r#""StringNotEquals": {"a:b": ["x", "y"]}"#);
    let both = when(r#""StringEquals": {"a:b": "x", "a:c": "z"}"#);
    let plain = lists("s3:*", "*");
    for (wide, narrow) in [
        (&plain, &one),
        (&plain, &not_one),
        (&two, &one),
        (&not_one, &not_two),
        (&one, &both),
    ] {
        assert_eq!(gaps(wide, narrow), Vec::<String>::new(), "{wide} to {narrow}");
        assert_eq!(gaps(narrow, wide), ["+s3:* on *"], "{narrow} to {wide}");
    }
    let other = when(r#""StringLike": {"a:b": "x"}"#);
    assert_eq!(gaps(&one, &other), ["+s3:* on *"]);
    let odd = |value: &str| when(&format!(r#""StringSame": {{"a:b": {value}}}"#));
    assert_eq!(gaps(&odd(r#"["x", "y"]"#), &odd(r#""x""#)), ["+s3:* on *"]);
}

#[test]
fn the_version_counts_where_there_are_variables() {
    let statement = |resource: &str, value: &str| {
        allow(&format!(
            r#""Action": "s3:*", "Resource": "{resource}", "Condition": {{"StringLike": {{"a:b": "{value}"}}}}"#
        ))
    };
    let between = |text: &str| {
        let new = document(text);
        let mut old = new.clone();
        old.version = Version::V2008;
        nothing_new(&[identity(&old)], &[identity(&new)]).len()
    };
    assert_eq!(between(&statement("arn:aws:s3:::b/*", "x")), 0);
    assert_eq!(between(&statement("arn:aws:s3:::b/${a:b}", "x")), 1);
    assert_eq!(between(&statement("arn:aws:s3:${a:b}:::x", "x")), 1);
    assert_eq!(between(&statement("arn:aws:s3:::b/*", "${a:b}")), 1);
}

#[test]
fn a_deny_must_stay() {
    let deny = |action: &str, resource: &str| lists(action, resource).replace("Allow", "Deny");
    let all = lists("*", "*");
    let with = |deny: &str| format!("{all},{deny}");
    let old = with(&deny("iam:Get* s3:*", "arn:aws:s3:::b"));
    assert_eq!(
        gaps(&old, &with(&deny("*", "arn:aws:s3:::b*"))),
        Vec::<String>::new()
    );
    assert_eq!(
        gaps(&old, &all),
        ["-iam:Get* on arn:aws:s3:::b", "-s3:* on arn:aws:s3:::b"]
    );
    assert_eq!(
        gaps(&old, &with(&deny("s3:*", "*"))),
        ["-iam:Get* on arn:aws:s3:::b"]
    );
    // A Deny that asks for more refuses less.
    let tighter =
        r#"{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Bool": {"a:b": "true"}}}"#;
    assert_eq!(gaps(&old, &with(tighter)).len(), 2);
    assert_eq!(gaps(&with(tighter), &old).len(), 1);
}

#[test]
fn layers_must_stay_and_may_come() {
    let (all, s3) = (document(&lists("*", "*")), document(&lists("s3:*", "*")));
    let at = |layer, document| PolicyIn { layer, document };
    let check = |old: &[PolicyIn<'_>], new: &[PolicyIn<'_>]| -> Vec<String> {
        nothing_new(old, new).into_iter().map(in_words).collect()
    };
    let bounded = [identity(&all), at(Layer::Boundary, &s3)];
    assert_eq!(check(&bounded, &[identity(&all)]), ["no Boundary"]);
    assert_eq!(
        check(&bounded, &[identity(&all), at(Layer::Boundary, &all)]),
        ["+* on *"]
    );
    assert_eq!(check(&[identity(&all)], &bounded), Vec::<String>::new());
    assert_eq!(check(&bounded, &bounded), Vec::<String>::new());
}

#[test]
fn a_gap_names_the_statement() {
    let (old, new) = (
        document(&lists("s3:*", "*")),
        document(&[lists("s3:Get*", "*"), lists("ec2:*", "*")].join(",")),
    );
    let statement = StatementRef {
        policy: 1,
        statement: 1,
    };
    let (action, resource) = ("ec2:*".to_owned(), "*".to_owned());
    let expected = Gap::Wider {
        layer: Layer::Identity,
        statement,
        action,
        resource,
    };
    assert_eq!(
        nothing_new(&[identity(&old)], &[identity(&old), identity(&new)]),
        [expected]
    );
}

fn element(pattern: &'static str) -> impl Strategy<Value = Element> {
    (0u8..4, prop::collection::vec(pattern, 1..3)).prop_map(|(form, list)| {
        if form == 0 {
            Element::Except(list)
        } else {
            Element::Only(list)
        }
    })
}

fn condition() -> impl Strategy<Value = Condition> {
    const OPERATORS: [&str; 5] = [
        "StringEquals",
        "StringNotEquals",
        "StringLike",
        "ForAllValues:StringLike",
        "Null",
    ];
    (
        prop::sample::select(&OPERATORS[..]),
        prop::collection::vec("a|b|true|\\$\\{v:v\\}", 1..3),
    )
        .prop_map(|(operator, values)| Condition {
            operator: operator.into(),
            key: "k:k".into(),
            values,
        })
}

fn documents() -> impl Strategy<Value = Vec<(Layer, Document)>> {
    let resources = "\\*|bucket|arn:aws:s3:::([ab*?]|\\$\\{v:v\\}){1,2}";
    let statement = (
        0u8..5,
        element("s3:[ab*?]{1,2}|\\*|[st]3:\\*"),
        element(resources),
        prop::option::weighted(0.3, condition()),
    )
        .prop_map(|(effect, action, resource, condition)| {
            let effect = if effect == 0 { Effect::Deny } else { Effect::Allow };
            let mut statement = Statement::new(effect, action, Some(resource));
            statement.conditions.extend(condition);
            statement
        });
    let document = (prop::collection::vec(statement, 0..4), any::<bool>()).prop_map(|(statements, old)| {
        let mut document = Document::new(statements);
        if old {
            document.version = Version::V2008;
        }
        document
    });
    let layers = vec![Layer::Identity, Layer::Identity, Layer::Boundary];
    prop::collection::vec((prop::sample::select(layers), document), 1..3)
}

fn policies(documents: &[(Layer, Document)]) -> Vec<PolicyIn<'_>> {
    documents
        .iter()
        .map(|(layer, document)| PolicyIn {
            layer: *layer,
            document,
        })
        .collect()
}

/// Requests over the alphabet of the policies, with and without values for the two keys.
fn requests() -> Vec<(String, String, Context)> {
    let values = [
        Lookup::Absent,
        Lookup::Values(vec!["a".into()]),
        Lookup::Values(vec!["ab".into()]),
    ];
    let mut all = Vec::new();
    for action in ["s3:a", "s3:ab", "t3:b", "s3:ba"] {
        for resource in [
            "*",
            "arn:aws:s3:::a",
            "arn:aws:s3:::ab",
            "arn:aws:s3:::bab",
            "arn:aws:s3:::z",
            "arn:aws:t:::a",
        ] {
            for (one, two) in values
                .iter()
                .flat_map(|one| values.iter().map(move |two| (one, two)))
            {
                let mut context = Context::default();
                context.set("k:k", one.clone());
                context.set("v:v", two.clone());
                all.push((action.to_owned(), resource.to_owned(), context));
            }
        }
    }
    all
}

/// The first request that the new set allows and the old one does not.
fn contradiction(old: &[PolicyIn<'_>], new: &[PolicyIn<'_>]) -> Option<String> {
    let (old, new) = (Compiled::new(old), Compiled::new(new));
    requests().into_iter().find_map(|(action, arn, context)| {
        let request = Request::new(&action, Target::Arn(&arn), &context);
        let allows = |set: &Compiled| matches!(set.decide(&request), Decision::Allowed { .. });
        (allows(&new) && !allows(&old)).then(|| format!("{action} on {arn} with {context:?}"))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_proof_is_never_contradicted(old in documents(), new in documents()) {
        let (old, new) = (policies(&old), policies(&new));
        if nothing_new(&old, &new).is_empty() {
            prop_assert_eq!(contradiction(&old, &new), None);
        }
    }

    #[test]
    fn nothing_is_new_in_the_same(old in documents()) {
        prop_assert_eq!(nothing_new(&policies(&old), &policies(&old)), []);
    }

    /// Take entries, whole Allows or values away, add Denies and exceptions: always proved.
    #[test]
    fn narrowing_is_always_proved(old in documents(), pick in any::<u16>(), more in "s3:[ab*]{1,2}") {
        let mut new = old.clone();
        for (number, statement) in new.iter_mut().flat_map(|(_, d)| &mut d.statements).enumerate() {
            let chosen = pick >> (number % 16) & 1 == 1;
            if !chosen {
                continue;
            }
            match (&mut statement.action, statement.effect) {
                (Element::Only(list), Effect::Allow) if list.len() > 1 => list.truncate(1),
                (Element::Except(list), Effect::Allow) | (Element::Only(list), Effect::Deny) => list.push(more.clone()),
                _ => {}
            }
        }
        let extra = Statement::new(Effect::Deny, Element::Only(vec![more]), Some(Element::Only(vec!["*".into()])));
        new[0].1.statements.insert(0, extra);
        let (old, new) = (policies(&old), policies(&new));
        prop_assert_eq!(nothing_new(&old, &new), []);
        prop_assert_eq!(contradiction(&old, &new), None);
    }
}

/// Random pairs seldom have a proof; this makes sure that the test above is not empty: the new
/// policies are the old ones with one random statement replaced.
#[test]
fn near_pairs_are_never_contradicted() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut proved = 0;
    for _ in 0..1500 {
        let old = documents().new_tree(&mut runner).unwrap().current();
        let other = documents().new_tree(&mut runner).unwrap().current();
        let mut new = old.clone();
        let replacement = other.iter().flat_map(|(_, d)| &d.statements).next().cloned();
        if let (Some(first), Some(statement)) = (new[0].1.statements.first_mut(), replacement) {
            *first = statement;
        }
        let (old, new) = (policies(&old), policies(&new));
        if nothing_new(&old, &new).is_empty() {
            proved += 1;
            assert_eq!(contradiction(&old, &new), None);
        }
    }
    assert!(proved > 100, "{proved}");
}
