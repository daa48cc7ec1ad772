//! Proofs by example, and against the evaluator on random requests.

use proptest::prelude::*;
use proptest::strategy::ValueTree;

use super::*;
use crate::evaluate::Lookup;
use crate::policy::{Condition, Version, parse};

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

/// What the second list of identity statements allows and the first does not.
fn gaps(old: &str, new: &str) -> Vec<String> {
    let (old, new) = (document(old), document(new));
    shown(&compare(&[identity(&old)], &[identity(&new)]))
}

/// `+action on entries`, `?action: what it hangs on`; an action that the catalog does not know as `…`.
fn shown(comparison: &Comparison) -> Vec<String> {
    let differences = comparison.differences.iter().map(|difference| {
        let action = difference.actions.known.first().map_or("…", String::as_str);
        format!("+{action} on {}", difference.resources.join(" "))
    });
    let open = comparison.undecided.iter();
    differences
        .chain(open.map(|open| format!("?{}: {}", open.action, open.about.join("; "))))
        .collect()
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
            lists("s3:PutObject", "arn:aws:s3:::b*"),
            "+s3:PutObject on arn:aws:s3:::b*",
        ),
        (
            lists("s3:Get*", "arn:aws:s3:::a") + "," + &lists("s3:Put*", "arn:aws:s3:::b"),
            lists("s3:GetObject", "arn:aws:s3:::b"),
            "+s3:GetObject on arn:aws:s3:::b",
        ),
        (
            allow(r#""NotAction": ["iam:*", "sts:*"], "Resource": "*""#),
            allow(r#""NotAction": "iam:*", "Resource": "*""#),
            "+sts:AssumeRole on *",
        ),
        (
            allow(r#""NotAction": "iam:*", "Resource": "*""#),
            lists("i*:GetUser", "*"),
            "+iam:GetUser on *",
        ),
        (
            lists("s3:GetObject", "*:*:*:*:*:*"),
            lists("s3:GetObject", "*"),
            "?s3:GetObject: resource *:*:*:*:*:*",
        ),
        (
            lists("s3:GetObject", "arn:aws:s3:::b/${aws:username}/*"),
            lists("s3:GetObject", "arn:aws:s3:::b/ann/*"),
            "+s3:GetObject on arn:aws:s3:::b/ann/*",
        ),
        (
            lists("s3:GetObject", "arn:aws:s3:::b/?"),
            lists("s3:GetObject", "arn:aws:s3:::b/${aws:username}"),
            "+s3:GetObject on arn:aws:s3:::b/${aws:username}",
        ),
        (
            allow(r#""Action": "s3:*", "NotResource": "arn:aws:s3:::b/${aws:username}/*""#),
            lists("s3:GetObject", "arn:aws:s3:::b/ann/x"),
            "+s3:GetObject on arn:aws:s3:::b/ann/x",
        ),
        // What the catalog does not know counts as well.
        (lists("s3:?* s3:", "*"), lists("s3:*", "*"), ""),
        (
            lists("s3:a* s3:G* s3:P*", "*"),
            lists("s3:Gx* s3:xyz", "*"),
            "+… on *",
        ),
    ];
    for (old, new, expected) in table {
        let expected: Vec<&str> = Some(expected)
            .filter(|text| !text.is_empty())
            .into_iter()
            .collect();
        assert_eq!(gaps(&old, &new), expected, "{old} to {new}");
    }
}

/// What several old statements give together, and what a Deny takes away again.
#[test]
fn the_whole_set_counts() {
    let deny = |action: &str, resource: &str| lists(action, resource).replace("Allow", "Deny");
    let when = |condition: &str, statement: String| {
        statement.replacen('{', &format!("{{\"Condition\": {{{condition}}},"), 1)
    };
    let table = [
        // By action on one side, by resource on the other.
        (
            lists("s3:GetObject", "arn:aws:s3:::a*")
                + ","
                + &lists("s3:PutObject", "*")
                + ","
                + &allow(r#""Action": "s3:GetObject", "NotResource": "arn:aws:s3:::a*""#),
            lists("s3:GetObject s3:PutObject", "arn:aws:s3:::*"),
        ),
        (
            lists("s3:*", "*") + "," + &deny("s3:Put*", "*"),
            lists("s3:GetObject", "*"),
        ),
        (
            lists("s3:G*", "*"),
            lists("s3:*", "*")
                + ","
                + &deny("s3:F* s3:[ab]", "*")
                + ","
                + r#"{"Effect": "Deny", "NotAction": "s3:G*", "Resource": "*"}"#,
        ),
        // One half by one condition, the other by its opposite.
        (
            when(
                r#""Bool": {"aws:SecureTransport": "true"}"#,
                lists("s3:GetObject", "*"),
            ) + ","
                + &when(
                    r#""Bool": {"aws:SecureTransport": "false"}"#,
                    lists("s3:GetObject", "*"),
                ),
            lists("s3:GetObject", "*"),
        ),
        (
            when(
                r#""NumericLessThan": {"s3:max-keys": "10"}"#,
                lists("s3:ListBucket", "*"),
            ) + ","
                + &when(
                    r#""NumericGreaterThanEquals": {"s3:max-keys": "10"}"#,
                    lists("s3:ListBucket", "*"),
                ),
            when(
                r#""NumericLessThan": {"s3:max-keys": "5000"}"#,
                lists("s3:ListBucket", "*"),
            ),
        ),
        (
            when(
                r#""IpAddress": {"aws:SourceIp": ["10.0.0.0/9", "10.128.0.0/9"]}"#,
                lists("s3:GetObject", "*"),
            ),
            when(
                r#""IpAddress": {"aws:SourceIp": "10.0.0.0/8"}"#,
                lists("s3:GetObject", "*"),
            ),
        ),
        (
            when(
                r#""StringLike": {"aws:PrincipalTag/team": "a*"}"#,
                lists("s3:GetObject", "*"),
            ),
            when(
                r#""StringEquals": {"aws:PrincipalTag/team": ["ab", "a"]}"#,
                lists("s3:GetObject", "*"),
            ),
        ),
        (
            when(
                r#""DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}"#,
                lists("s3:GetObject", "*"),
            ),
            when(
                r#""DateLessThan": {"aws:CurrentTime": "1767139200"}"#,
                lists("s3:GetObject", "*"),
            ),
        ),
        (
            when(
                r#""ArnLike": {"aws:SourceArn": "arn:aws:sns:*:111122223333:*"}"#,
                lists("sqs:SendMessage", "*"),
            ),
            when(
                r#""ArnEquals": {"aws:SourceArn": "arn:aws:sns:us-east-1:111122223333:t"}"#,
                lists("sqs:SendMessage", "*"),
            ),
        ),
        (
            when(
                r#""ForAllValues:StringLike": {"aws:TagKeys": ["a*", "b"]}"#,
                lists("ec2:CreateTags", "*"),
            ),
            when(
                r#""ForAllValues:StringEquals": {"aws:TagKeys": ["ax", "b"]}"#,
                lists("ec2:CreateTags", "*"),
            ),
        ),
        (
            lists("*", "*")
                + ","
                + &when(
                    r#""StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-west-2"]}"#,
                    deny("*", "*"),
                ),
            when(
                r#""StringEquals": {"aws:RequestedRegion": "eu-west-1"}"#,
                lists("ec2:*", "*"),
            ),
        ),
    ];
    for (old, new) in table {
        assert_eq!(gaps(&old, &new), Vec::<String>::new(), "{old} to {new}");
    }
}

#[test]
fn an_example_says_where_they_differ() {
    let when = |block: &str| {
        document(&allow(&format!(
            r#""Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*", "Condition": {{{block}}}"#
        )))
    };
    let old =
        when(r#""StringEquals": {"aws:SourceVpce": "vpce-1"}, "Bool": {"aws:SecureTransport": "true"}"#);
    let new = when(r#""StringLike": {"aws:SourceVpce": "vpce-*"}"#);
    let comparison = compare(&[identity(&old)], &[identity(&new)]);
    let [difference] = comparison.differences.as_slice() else {
        panic!("{comparison:#?}")
    };
    assert_eq!(
        difference.example.resource.as_deref(),
        Some("arn:aws:s3:::b/example")
    );
    assert_eq!(
        difference.because,
        Because::NotAllowed {
            layer: Layer::Identity
        }
    );
    let Lookup::Values(endpoint) = difference.example.context.get("aws:sourcevpce") else {
        panic!()
    };
    assert!(endpoint[0].starts_with("vpce-"));
}

#[test]
fn a_variable_is_filled_in_for_the_example() {
    let old = lists("s3:GetObject", "arn:aws:s3:::home/${aws:username}/public/*");
    let new = lists("s3:GetObject", "arn:aws:s3:::home/${aws:username}/*");
    let (old, new) = (document(&old), document(&new));
    let comparison = compare(&[identity(&old)], &[identity(&new)]);
    assert_eq!(comparison.undecided, []);
    let example = &comparison.differences[0].example;
    assert_eq!(
        example.resource.as_deref(),
        Some("arn:aws:s3:::home/example/example")
    );
    assert_eq!(
        *example.context.get("aws:username"),
        Lookup::Values(vec!["example".into()])
    );
}

fn bucket_policy(principal: &str) -> Document {
    document(&format!(
        r#"{{"Effect": "Allow", "Principal": {principal}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}}"#
    ))
}

#[test]
fn resource_policies_are_compared_by_whom_they_let_in() {
    fn at(document: &Document) -> PolicyIn<'_> {
        PolicyIn {
            layer: Layer::Resource,
            document,
        }
    }
    let new_for = |old: &str, new: &str| {
        let (old, new) = (bucket_policy(old), bucket_policy(new));
        let comparison = compare(&[at(&old)], &[at(&new)]);
        assert_eq!(comparison.undecided, []);
        let who = comparison.differences.iter().map(|difference| {
            let example = &difference.example;
            let across = if example.across_accounts { " across" } else { "" };
            format!("{}{across}", example.principal.as_ref().unwrap().name)
        });
        who.collect::<Vec<_>>()
    };
    let account = r#"{"AWS": "111122223333"}"#;
    let role = r#"{"AWS": "arn:aws:iam::111122223333:role/r"}"#;
    let session = "arn:aws:sts::111122223333:assumed-role/r/some-session";
    assert_eq!(new_for(role, role), Vec::<String>::new());
    assert_eq!(new_for("\"*\"", role), Vec::<String>::new());
    // Within the account a grant to the role is more than one to the account, which only delegates.
    assert_eq!(new_for(account, role), [session]);
    let other = "arn:aws:iam::111122223333:user/somebody-else across";
    assert_eq!(new_for(role, account), [other]);
    assert!(new_for(account, "\"*\"").contains(&"anonymous".to_owned()));
    assert_eq!(
        new_for(role, r#"{"Service": "sns.amazonaws.com"}"#),
        ["sns.amazonaws.com"]
    );
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
        assert_eq!(
            gaps(narrow, wide),
            ["+s3:AbortMultipartUpload on *"],
            "{narrow} to {wide}"
        );
    }
    // The same by another operator.
    let other = when(r#""StringLike": {"a:b": "x"}"#);
    assert_eq!(gaps(&one, &other), Vec::<String>::new());
    assert_eq!(gaps(&other, &one), Vec::<String>::new());
    // An operator that does not exist: the same text is the same condition, and that is all.
    let odd = |value: &str| when(&format!(r#""StringSame": {{"a:b": {value}}}"#));
    assert_eq!(
        gaps(&odd(r#"["x", "y"]"#), &odd(r#"["y", "x"]"#)),
        Vec::<String>::new()
    );
    let open = gaps(&odd(r#"["x", "y"]"#), &odd(r#""x""#));
    assert!(
        open.len() == 1 && open[0].starts_with('?') && open[0].contains("StringSame a:b [x]"),
        "{open:?}"
    );
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
        let comparison = compare(&[identity(&old)], &[identity(&new)]);
        comparison.differences.len() + comparison.undecided.len()
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
    assert_eq!(gaps(&old, &all), ["+iam:GetAccessKeyLastUsed on *"]);
    assert_eq!(
        gaps(&old, &with(&deny("s3:*", "*"))),
        ["+iam:GetAccessKeyLastUsed on *"]
    );
    // A Deny that asks for more refuses less.
    let tighter =
        r#"{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Bool": {"a:b": "true"}}}"#;
    assert_eq!(gaps(&old, &with(tighter)).len(), 1);
    assert_eq!(gaps(&with(tighter), &old).len(), 1);
    let comparison = {
        let (old, new) = (document(&old), document(&all));
        compare(&[identity(&old)], &[identity(&new)])
    };
    let by = StatementRef {
        policy: 0,
        statement: 1,
    };
    assert_eq!(comparison.differences[0].because, Because::Denied { by });
}

#[test]
fn layers_must_stay_and_may_come() {
    let (all, s3) = (document(&lists("*", "*")), document(&lists("s3:*", "*")));
    let at = |layer, document| PolicyIn { layer, document };
    let check = |old: &[PolicyIn<'_>], new: &[PolicyIn<'_>]| shown(&compare(old, new)).len();
    let bounded = [identity(&all), at(Layer::Boundary, &s3)];
    assert_eq!(check(&bounded, &[identity(&all)]), 1);
    assert_eq!(check(&bounded, &[identity(&all), at(Layer::Boundary, &all)]), 1);
    assert_eq!(check(&[identity(&all)], &bounded), 0);
    assert_eq!(check(&bounded, &bounded), 0);
    // What the boundary takes away need not stand in the identity policy.
    assert_eq!(check(&[identity(&s3)], &bounded), 0);
    assert_eq!(check(&bounded, &[identity(&s3)]), 0);
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
    let comparison = compare(&[identity(&old)], &[identity(&old), identity(&new)]);
    let [difference] = comparison.differences.as_slice() else {
        panic!()
    };
    assert_eq!(
        (difference.by, difference.resources.clone()),
        (statement, vec!["*".to_owned()])
    );
    assert!(difference.actions.known.len() > 500);
    assert!(
        difference
            .actions
            .unknown
            .as_deref()
            .is_some_and(|action| action.starts_with("ec2:"))
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

/// The first request that the new set allows and the old one refuses.
fn contradiction(old: &[PolicyIn<'_>], new: &[PolicyIn<'_>]) -> Option<String> {
    let (old, new) = (Compiled::new(old), Compiled::new(new));
    requests().into_iter().find_map(|(action, arn, context)| {
        let request = Request::new(&action, Target::Arn(&arn), &context);
        let allowed = matches!(new.decide(&request), Decision::Allowed { .. });
        let refused = matches!(
            old.decide(&request),
            Decision::ExplicitDeny { .. } | Decision::ImplicitDeny { .. }
        );
        (allowed && refused).then(|| format!("{action} on {arn} with {context:?}"))
    })
}

/// Asks the evaluator again for each example.
fn examples_differ(old: &[PolicyIn<'_>], new: &[PolicyIn<'_>], comparison: &Comparison) -> bool {
    let (old, new) = (Compiled::new(old), Compiled::new(new));
    comparison.differences.iter().all(|difference| {
        let example = &difference.example;
        let target = example.resource.as_deref().map_or(Target::Any, Target::Arn);
        let request = Request::new(&example.action, target, &example.context);
        matches!(new.decide(&request), Decision::Allowed { .. })
            && matches!(
                old.decide(&request),
                Decision::ExplicitDeny { .. } | Decision::ImplicitDeny { .. }
            )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_proof_is_never_contradicted(old in documents(), new in documents()) {
        let (old, new) = (policies(&old), policies(&new));
        let comparison = compare(&old, &new);
        prop_assert!(examples_differ(&old, &new, &comparison));
        if comparison.is_proved() {
            prop_assert_eq!(contradiction(&old, &new), None);
        }
    }

    #[test]
    fn nothing_is_new_in_the_same(old in documents()) {
        prop_assert_eq!(compare(&policies(&old), &policies(&old)), Comparison::default());
    }

    /// The order of statements, of entries and of policies, and the case of keys and actions.
    #[test]
    fn the_way_it_is_written_does_not_matter(old in documents()) {
        let mut new = old.clone();
        new.reverse();
        for (_, document) in &mut new {
            document.statements.reverse();
            for statement in &mut document.statements {
                let (Element::Only(list) | Element::Except(list)) = &mut statement.action;
                list.reverse();
                list.iter_mut().for_each(|text| *text = text.to_ascii_uppercase());
                let (Element::Only(list) | Element::Except(list)) = statement.resource.as_mut().unwrap();
                list.reverse();
                for condition in &mut statement.conditions {
                    condition.key = condition.key.to_ascii_uppercase();
                    condition.values.reverse();
                }
            }
        }
        let (one, other) = (policies(&old), policies(&new));
        prop_assert_eq!(compare(&one, &other), Comparison::default());
        prop_assert_eq!(compare(&other, &one), Comparison::default());
        let (one, other) = (Compiled::new(&one), Compiled::new(&other));
        for (action, arn, context) in requests() {
            let request = Request::new(&action, Target::Arn(&arn), &context);
            let kind = |decision: Decision| match decision {
                Decision::Allowed { .. } => "allowed".to_owned(),
                Decision::ExplicitDeny { .. } => "denied".to_owned(),
                other => format!("{other:?}"),
            };
            prop_assert_eq!(kind(one.decide(&request)), kind(other.decide(&request)));
        }
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
        prop_assert_eq!(compare(&old, &new), Comparison::default());
        prop_assert_eq!(contradiction(&old, &new), None);
    }
}

/// Random pairs seldom have a proof; this makes sure that the test above is not empty: the new
/// policies are the old ones with one random statement replaced.
#[test]
fn near_pairs_are_never_contradicted() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut proved, mut differ, mut open) = (0, 0, 0);
    for _ in 0..800 {
        let old = documents().new_tree(&mut runner).unwrap().current();
        let other = documents().new_tree(&mut runner).unwrap().current();
        let mut new = old.clone();
        let replacement = other.iter().flat_map(|(_, d)| &d.statements).next().cloned();
        if let (Some(first), Some(statement)) = (new[0].1.statements.first_mut(), replacement) {
            *first = statement;
        }
        let (old, new) = (policies(&old), policies(&new));
        let comparison = compare(&old, &new);
        assert!(examples_differ(&old, &new, &comparison));
        if comparison.is_proved() {
            proved += 1;
            assert_eq!(contradiction(&old, &new), None);
        } else if comparison.differences.is_empty() {
            open += 1;
        } else {
            differ += 1;
        }
    }
    // Few are left open: entries that are no ARN, values that are no booleans.
    assert!(
        proved > 100 && differ > 50 && open < 150,
        "{proved} {differ} {open}"
    );
}
