//! The decision as a table: policies, requests, answers.

use proptest::prelude::*;

use super::*;
use crate::evaluate::{Lookup, Target};
use crate::pattern;
use crate::policy::{Document, Element, parse};

/// A document of the current version with these statements.
fn document(statements: &str) -> Document {
    versioned("2012-10-17", statements)
}

fn versioned(version: &str, statements: &str) -> Document {
    let text = format!(r#"{{"Version": "{version}", "Statement": [{statements}]}}"#);
    let (document, diagnostics) = parse(&text, "-");
    assert_eq!(diagnostics, [], "{text}");
    document.unwrap()
}

fn allow(action: &str, resource: &str) -> String {
    format!(r#"{{"Effect": "Allow", "Action": "{action}", "Resource": "{resource}"}}"#)
}

fn deny(action: &str, resource: &str) -> String {
    format!(r#"{{"Effect": "Deny", "Action": "{action}", "Resource": "{resource}"}}"#)
}

fn context(pairs: &[(&str, Lookup)]) -> Context {
    let mut context = Context::default();
    pairs
        .iter()
        .for_each(|(key, value)| context.set(key, value.clone()));
    context
}

fn one(value: &str) -> Lookup {
    Lookup::Values(vec![value.to_owned()])
}

/// In a word: `allowed`, `explicit Layer`, `implicit Layer`, `unknown key key`.
fn in_words(decision: &Decision) -> String {
    match decision {
        Decision::Allowed { .. } => "allowed".into(),
        Decision::ExplicitDeny { layer, .. } => format!("explicit {layer:?}"),
        Decision::ImplicitDeny { layer } => format!("implicit {layer:?}"),
        Decision::Unknown { missing } => format!("unknown {}", missing.join(" ")),
    }
}

fn decide(policies: &[(Layer, &Document)], action: &str, target: Target<'_>, context: &Context) -> String {
    let policies: Vec<PolicyIn<'_>> = policies
        .iter()
        .map(|(layer, document)| PolicyIn {
            layer: *layer,
            document,
        })
        .collect();
    in_words(&Compiled::new(&policies).decide(&Request::new(action, target, context)))
}

/// Identity statements alone, on an ARN, without context.
fn simply(statements: &str, action: &str, arn: &str) -> String {
    decide(
        &[(Layer::Identity, &document(statements))],
        action,
        Target::Arn(arn),
        &Context::default(),
    )
}

const OBJECT: &str = "arn:aws:s3:::bucket/key";

#[test]
fn matching() {
    let list = |statements: &[String]| statements.join(",");
    for (statements, action, arn, expected) in [
        (allow("*", "*"), "s3:GetObject", OBJECT, "allowed"),
        (allow("S3:getobject", "*"), "s3:GetObject", OBJECT, "allowed"),
        (allow("s3:Get?bject", "*"), "s3:GetObject", OBJECT, "allowed"),
        (allow("s*:Get*", "*"), "s3:GetObject", OBJECT, "allowed"),
        (allow("s3:Put*", "*"), "s3:GetObject", OBJECT, "implicit Identity"),
        (
            allow("s3:*", "arn:aws:s3:::bucket/*"),
            "s3:GetObject",
            OBJECT,
            "allowed",
        ),
        (
            allow("s3:*", "arn:aws:s3:::Bucket/*"),
            "s3:GetObject",
            OBJECT,
            "implicit Identity",
        ),
        (
            allow("s3:*", "arn:aws:s3:::bucket"),
            "s3:GetObject",
            OBJECT,
            "implicit Identity",
        ),
        (
            allow("s3:*", "arn:aws:s3:*:bucket/key:a:b"),
            "s3:GetObject",
            OBJECT,
            "implicit Identity",
        ),
        (
            allow("s3:*", "arn:aws:s3"),
            "s3:GetObject",
            OBJECT,
            "unknown resource",
        ),
        (
            list(&[allow("s3:*", "*"), deny("s3:GetObject", "*")]),
            "s3:GetObject",
            OBJECT,
            "explicit Identity",
        ),
        (
            list(&[deny("s3:*", "arn:aws:s3:::other/*"), allow("s3:*", "*")]),
            "s3:GetObject",
            OBJECT,
            "allowed",
        ),
        (
            list(&[allow("s3:*", "*"), deny("s3:*", "arn:aws:s3")]),
            "s3:GetObject",
            OBJECT,
            "unknown resource",
        ),
        (String::new(), "s3:GetObject", OBJECT, "implicit Identity"),
        (
            r#"{"Effect": "Allow", "NotAction": ["iam:*", "s3:get*"], "Resource": "*"}"#.into(),
            "s3:GetObject",
            OBJECT,
            "implicit Identity",
        ),
        (
            r#"{"Effect": "Allow", "NotAction": ["iam:*", "s3:get*"], "Resource": "*"}"#.into(),
            "s3:PutObject",
            OBJECT,
            "allowed",
        ),
        (
            r#"{"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::bucket/*"}"#.into(),
            "s3:GetObject",
            OBJECT,
            "implicit Identity",
        ),
        (
            r#"{"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::other/*"}"#.into(),
            "s3:GetObject",
            OBJECT,
            "allowed",
        ),
        (allow("s3:*", "*"), "s3:GetObject", "not-an-arn", "allowed"),
        (
            allow("s3:*", "arn:aws:s3:::*"),
            "s3:GetObject",
            "not-an-arn",
            "unknown resource",
        ),
    ] {
        assert_eq!(
            simply(&statements, action, arn),
            expected,
            "{statements} {action} {arn}"
        );
    }
}

#[test]
fn layers() {
    let (all, s3, none) = (
        document(&allow("*", "*")),
        document(&allow("s3:*", "*")),
        document(""),
    );
    let refuse = document(&deny("s3:GetObject", "*"));
    let boundary = Layer::Boundary;
    let table: [(&[(Layer, &Document)], &str); 13] = [
        (&[(Layer::Identity, &all), (boundary, &s3)], "allowed"),
        (&[(Layer::Identity, &s3), (boundary, &none)], "implicit Boundary"),
        (&[(Layer::Identity, &none), (boundary, &all)], "implicit Identity"),
        (&[(boundary, &all)], "implicit Identity"),
        (&[], "implicit Identity"),
        (
            &[(Layer::Identity, &all), (Layer::Session, &none)],
            "implicit Session",
        ),
        (
            &[
                (Layer::Identity, &all),
                (Layer::Session, &none),
                (Layer::Session, &s3),
            ],
            "allowed",
        ),
        (
            &[
                (Layer::Identity, &all),
                (Layer::Scp(0), &all),
                (Layer::Scp(1), &none),
            ],
            "implicit Scp(1)",
        ),
        (
            &[
                (Layer::Identity, &all),
                (Layer::Scp(0), &all),
                (Layer::Scp(1), &s3),
            ],
            "allowed",
        ),
        (
            &[
                (Layer::Identity, &all),
                (Layer::Scp(0), &none),
                (Layer::Scp(0), &s3),
            ],
            "allowed",
        ),
        (
            &[(Layer::Identity, &all), (boundary, &none), (Layer::Scp(0), &none)],
            "implicit Scp(0)",
        ),
        (
            &[(Layer::Identity, &all), (boundary, &all), (boundary, &refuse)],
            "explicit Boundary",
        ),
        (
            &[
                (Layer::Identity, &none),
                (Layer::Scp(1), &refuse),
                (Layer::Scp(1), &all),
            ],
            "explicit Scp(1)",
        ),
    ];
    for (number, (policies, expected)) in table.iter().enumerate() {
        let got = decide(policies, "s3:GetObject", Target::Arn(OBJECT), &Context::default());
        assert_eq!(got, *expected, "line {number}");
    }
}

#[test]
fn targets() {
    let not_resource = |r: &str| format!(r#"{{"Effect": "Allow", "Action": "s3:*", "NotResource": "{r}"}}"#);
    for (statements, target, expected) in [
        (allow("s3:*", "*"), Target::Any, "allowed"),
        (allow("s3:*", "*"), Target::Arn("*"), "allowed"),
        (allow("s3:*", "arn:aws:s3:::*"), Target::Any, "implicit Identity"),
        (allow("s3:*", "arn:aws:s3:::b"), Target::Any, "implicit Identity"),
        (allow("s3:*", "*:*:*:*:*:*"), Target::Any, "unknown resource"),
        (not_resource("arn:aws:s3:::b"), Target::Any, "allowed"),
        (not_resource("*"), Target::Any, "implicit Identity"),
        (allow("s3:*", "*"), Target::Unknown, "allowed"),
        (
            allow("s3:*", "arn:aws:s3:::*"),
            Target::Unknown,
            "unknown resource",
        ),
        (
            not_resource("arn:aws:s3:::b"),
            Target::Unknown,
            "unknown resource",
        ),
        (not_resource("*"), Target::Unknown, "implicit Identity"),
        (allow("s3:*", "*"), Target::Pattern("*"), "allowed"),
        (
            allow("s3:*", "arn:aws:s3:::*"),
            Target::Pattern("*"),
            "unknown resource",
        ),
        (
            allow("s3:*", "arn:aws:s3:::b/*"),
            Target::Pattern("arn:aws:s3:::b/x/*"),
            "allowed",
        ),
        (
            allow("s3:*", "arn:aws:s3:::b/x*"),
            Target::Pattern("arn:aws:s3:::b/*"),
            "unknown resource",
        ),
        (
            allow("s3:*", "arn:aws:s3:::c/*"),
            Target::Pattern("arn:aws:s3:::b/*"),
            "implicit Identity",
        ),
        (
            not_resource("arn:aws:s3:::c/*"),
            Target::Pattern("arn:aws:s3:::b/*"),
            "allowed",
        ),
        (
            not_resource("arn:aws:s3:::b*"),
            Target::Pattern("arn:aws:s3:::b/*"),
            "implicit Identity",
        ),
        (
            format!("{},{}", allow("*", "*"), deny("*", "arn:aws:s3:::b/secret/*")),
            Target::Pattern("arn:aws:s3:::b/*"),
            "unknown resource",
        ),
        (
            format!("{},{}", allow("*", "*"), deny("*", "arn:aws:s3:::b/*")),
            Target::Pattern("arn:aws:s3:::b/secret/*"),
            "explicit Identity",
        ),
        (
            r#"{"Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::b/?*", "arn:aws:s3:::b/"]}"#
                .into(),
            Target::Pattern("arn:aws:s3:::b/*"),
            "allowed",
        ),
    ] {
        let own = document(&statements);
        let got = decide(
            &[(Layer::Identity, &own)],
            "s3:GetObject",
            target,
            &Context::default(),
        );
        assert_eq!(got, expected, "{statements} {target:?}");
    }
}

#[test]
fn unknown_is_neither_yes_nor_no() {
    let when = |effect: &str, operator: &str| {
        let head = format!(r#""Effect": "{effect}", "Action": "s3:*", "Resource": "*""#);
        format!(r#"{{{head}, "Condition": {{"{operator}": {{"aws:PrincipalTag/Team": "x"}}}}}}"#)
    };
    let table = [
        (when("Allow", "StringEquals"), "unknown aws:principaltag/team"),
        (
            when("Allow", "StringEqualsIfExists"),
            "unknown aws:principaltag/team",
        ),
        // Another statement decides it.
        (
            when("Allow", "StringEquals") + "," + &allow("s3:*", "*"),
            "allowed",
        ),
        (
            when("Deny", "StringEquals") + "," + &allow("s3:*", "*"),
            "unknown aws:principaltag/team",
        ),
        (
            when("Deny", "StringEquals") + "," + &deny("s3:*", "*"),
            "explicit Identity",
        ),
        // Refused either way.
        (when("Deny", "StringEquals"), "implicit Identity"),
    ];
    for (statements, expected) in table {
        assert_eq!(
            simply(&statements, "s3:GetObject", OBJECT),
            expected,
            "{statements}"
        );
    }
    let (open, none) = (document(&when("Allow", "StringEquals")), document(""));
    let layers = [(Layer::Identity, &open), (Layer::Boundary, &none)];
    let got = decide(&layers, "s3:GetObject", Target::Arn(OBJECT), &Context::default());
    assert_eq!(got, "implicit Boundary");
}

#[test]
fn conditions_are_anded() {
    let statement = r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition":
        {"StringEquals": {"a:a": "1", "a:b": ["2", "3"]}, "Bool": {"a:c": "true"}}}"#;
    let own = document(statement);
    for (a, b, c, expected) in [
        ("1", "2", "true", "allowed"),
        ("1", "3", "true", "allowed"),
        ("1", "4", "true", "implicit Identity"),
        ("2", "2", "true", "implicit Identity"),
        ("1", "2", "false", "implicit Identity"),
    ] {
        let given = context(&[("a:a", one(a)), ("A:B", one(b)), ("a:c", one(c))]);
        let got = decide(
            &[(Layer::Identity, &own)],
            "s3:GetObject",
            Target::Arn(OBJECT),
            &given,
        );
        assert_eq!(got, expected, "{a} {b} {c}");
    }
}

#[test]
fn variables_in_resources() {
    let home = allow("s3:*", "arn:aws:s3:::bucket/${aws:username}/*");
    let with_default = allow("s3:*", "arn:aws:s3:::bucket/${aws:username, 'nobody'}/*");
    let except =
        r#"{"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::bucket/${aws:username}/*"}"#;
    let early = allow("s3:*", "arn:aws:s3:::${aws:username}:x").replace("s3:::", "s3:${aws:username}::");
    let table = [
        (home.as_str(), one("ann"), "ann/x", "allowed"),
        (&home, one("bob"), "ann/x", "implicit Identity"),
        (&home, one("*"), "ann/x", "implicit Identity"),
        (&home, Lookup::Absent, "ann/x", "implicit Identity"),
        (&home, Lookup::Unknown, "ann/x", "unknown aws:username"),
        (&home, Lookup::Unknown, "ann", "implicit Identity"),
        (&with_default, Lookup::Absent, "nobody/x", "allowed"),
        (&with_default, one("ann"), "nobody/x", "implicit Identity"),
        // An entry without a value matches nothing: the exception is gone, the statement wider.
        (except, Lookup::Absent, "ann/x", "allowed"),
        (except, one("ann"), "ann/x", "implicit Identity"),
        (except, Lookup::Unknown, "ann/x", "unknown aws:username"),
        // Before the fifth colon variables are not documented.
        (&early, one("ann"), "ann/x", "unknown resource"),
    ];
    for (statement, name, key, expected) in table {
        let arn = format!("arn:aws:s3:::bucket/{key}");
        let given = context(&[("aws:username", name)]);
        let own = document(statement);
        let got = decide(
            &[(Layer::Identity, &own)],
            "s3:GetObject",
            Target::Arn(&arn),
            &given,
        );
        assert_eq!(got, expected, "{statement} {arn}");
    }
}

#[test]
fn the_old_version_takes_variables_as_text() {
    let given = context(&[("aws:username", one("ann"))]);
    let own = versioned(
        "2008-10-17",
        &allow("s3:*", "arn:aws:s3:::bucket/${aws:username}/*"),
    );
    let ask = |arn: &str| {
        decide(
            &[(Layer::Identity, &own)],
            "s3:GetObject",
            Target::Arn(arn),
            &given,
        )
    };
    assert_eq!(ask("arn:aws:s3:::bucket/ann/x"), "implicit Identity");
    assert_eq!(ask("arn:aws:s3:::bucket/${aws:username}/x"), "allowed");
}

#[test]
fn a_deny_on_a_variable_without_value_denies() {
    for (operator, value) in [
        ("StringNotEquals", "${aws:PrincipalTag/t}"),
        ("StringNotLike", "${aws:PrincipalTag/t}*"),
    ] {
        let statements = format!(
            r#"{},{{"Effect": "Deny", "Action": "*", "Resource": "*",
                "Condition": {{"{operator}": {{"aws:ResourceTag/t": "{value}"}}}}}}"#,
            allow("*", "*")
        );
        let own = document(&statements);
        let ask = |tag: Lookup| {
            let given = context(&[("aws:ResourceTag/t", one("x")), ("aws:PrincipalTag/t", tag)]);
            decide(
                &[(Layer::Identity, &own)],
                "s3:GetObject",
                Target::Arn(OBJECT),
                &given,
            )
        };
        assert_eq!(ask(Lookup::Absent), "explicit Identity");
        assert_eq!(ask(one("x")), "allowed");
        assert_eq!(ask(Lookup::Unknown), "unknown aws:principaltag/t");
    }
}

#[test]
fn statements_for_principals_are_not_taken_for_grants() {
    let own = r#"{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}"#;
    assert_eq!(simply(own, "s3:GetObject", OBJECT), "unknown principal");
    let trust = r#"{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}"#;
    assert_eq!(
        simply(trust, "sts:AssumeRole", OBJECT),
        "unknown principal resource"
    );
}

#[test]
fn the_statements_that_decide_are_named() {
    let first = document(&[allow("s3:Get*", "*"), allow("ec2:*", "*"), allow("*", "*")].join(","));
    let second = document(&[deny("iam:*", "*"), allow("s3:GetObject", "*")].join(","));
    let boundary = document(&allow("*", "*"));
    let compiled = Compiled::new(&[
        PolicyIn {
            layer: Layer::Identity,
            document: &first,
        },
        PolicyIn {
            layer: Layer::Boundary,
            document: &boundary,
        },
        PolicyIn {
            layer: Layer::Identity,
            document: &second,
        },
    ]);
    let given = Context::default();
    let get = Request::new("s3:GetObject", Target::Arn(OBJECT), &given);
    let at = |policy, statement| StatementRef { policy, statement };
    assert_eq!(
        compiled.decide(&get),
        Decision::Allowed {
            by: vec![at(0, 0), at(0, 2), at(2, 1)]
        }
    );
    let iam = Request {
        action: "iam:GetUser",
        ..get
    };
    let denied = Decision::ExplicitDeny {
        by: at(2, 0),
        layer: Layer::Identity,
    };
    assert_eq!(compiled.decide(&iam), denied);
    assert_eq!(compiled.matches(at(2, 0), &iam), Truth::True);
    assert_eq!(compiled.matches(at(2, 0), &get), Truth::False);
    assert_eq!(compiled.matches(at(1, 0), &get), Truth::True);
    assert_eq!(compiled.matches(at(1, 1), &get), Truth::False);
    assert_eq!(compiled.matches(at(9, 0), &get), Truth::False);
}

/// The rules once more, as plainly as they can be written, for requests with nothing unknown.
fn reference(policies: &[(Layer, Document)], action: &str, arn: &str) -> &'static str {
    let listed = |element: &Element, matches: &dyn Fn(&str) -> bool| {
        element.patterns().iter().any(|p| matches(p)) != element.is_except()
    };
    let hit = |layer: Layer, effect: Effect| {
        policies
            .iter()
            .filter(|(own, _)| *own == layer)
            .flat_map(|(_, d)| &d.statements)
            .any(|s| {
                s.effect == effect
                    && listed(&s.action, &|p| pattern::matches_ignore_case(p, action))
                    && listed(s.resource.as_ref().unwrap(), &|p| {
                        pattern::resource_matches(p, arn).unwrap()
                    })
            })
    };
    let layers = || policies.iter().map(|(layer, _)| *layer).chain([Layer::Identity]);
    if layers().any(|layer| hit(layer, Effect::Deny)) {
        "explicit"
    } else if layers().all(|layer| hit(layer, Effect::Allow)) {
        "allowed"
    } else {
        "implicit"
    }
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

fn policies() -> impl Strategy<Value = Vec<(Layer, Document)>> {
    let statement = (
        0u8..4,
        element("s3:[ab*?]{1,2}|\\*|[st]3:\\*"),
        element("\\*|arn:aws:s3:::[ab*?]{1,2}"),
    )
        .prop_map(|(effect, action, resource)| {
            let effect = if effect == 0 { Effect::Deny } else { Effect::Allow };
            crate::policy::Statement::new(effect, action, Some(resource))
        });
    let layers = [
        Layer::Identity,
        Layer::Identity,
        Layer::Boundary,
        Layer::Scp(0),
        Layer::Scp(1),
    ];
    let document = prop::collection::vec(statement, 0..3).prop_map(Document::new);
    prop::collection::vec((prop::sample::select(layers.to_vec()), document), 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn decisions_are_those_of_the_plain_rules(
        policies in policies(), action in "[sS]3:[abAB]{1,2}", name in "[ab]{1,2}"
    ) {
        let arn = format!("arn:aws:s3:::{name}");
        let given: Vec<_> = policies.iter().map(|(layer, document)| (*layer, document)).collect();
        let got = decide(&given, &action, Target::Arn(&arn), &Context::default());
        prop_assert_eq!(got.split(' ').next().unwrap(), reference(&policies, &action, &arn));
    }

    /// An answer for a pattern, for an unknown resource, is the answer for each resource it may be.
    #[test]
    fn an_answer_for_many_holds_for_each(
        policies in policies(), action in "s3:[ab]{1,2}", asked in "[ab*?]{1,2}", name in "[ab]{0,2}"
    ) {
        let given: Vec<_> = policies.iter().map(|(layer, document)| (*layer, document)).collect();
        let (many, arn) = (format!("arn:aws:s3:::{asked}"), format!("arn:aws:s3:::{name}"));
        let ask = |target| {
            let words = decide(&given, &action, target, &Context::default());
            words.split(' ').next().unwrap_or_default().to_owned()
        };
        let exact = ask(Target::Arn(&arn));
        let mut wider = vec![ask(Target::Unknown)];
        if pattern::matches(&asked, &name) {
            wider.push(ask(Target::Pattern(&many)));
        }
        for answer in wider {
            // Which kind of refusal may differ: an unknown Deny beside a certain lack of Allow.
            let agrees = match answer.as_str() {
                "unknown" => true,
                "implicit" => exact != "allowed",
                other => exact == other,
            };
            prop_assert!(agrees, "{} for many, {} for one", answer, exact);
        }
    }
}
