//! Every form that is accepted and every error, each with its place.

use super::*;
use crate::diagnostic::Severity;
use crate::policy::{Condition, Effect, Element};

fn good(text: &str) -> Document {
    let (document, diagnostics) = parse(text, "p.json");
    assert_eq!(diagnostics, []);
    document.unwrap()
}

fn bad(text: &str) -> String {
    let (document, diagnostics) = parse(text, "p.json");
    assert_eq!(document, None);
    let first = diagnostics.first().unwrap();
    assert_eq!(first.severity, Severity::Error);
    let help = first.help.clone().unwrap_or_default();
    format!(
        "{} {}: {}; {help}",
        first.place.clone().unwrap(),
        first.code.as_str(),
        first.message
    )
}

const STATEMENT: &str = r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}"#;

#[test]
fn single_values_count_as_lists() {
    let document = good(&format!(r#"{{"Statement": {STATEMENT}}}"#));
    assert_eq!(document.version, Version::V2008);
    assert_eq!(
        document.statements[0].action,
        Element::Only(vec!["s3:GetObject".into()])
    );
    assert_eq!(
        document.statements[0].resource,
        Some(Element::Only(vec!["*".into()]))
    );
}

#[test]
fn everything_a_statement_can_hold() {
    let document = good(
        r#"{"Version": "2012-10-17", "Id": "x", "Statement": [{
        "Sid": "A", "Effect": "Deny", "NotPrincipal": {"AWS": ["111122223333"]},
        "NotAction": ["s3:A", "s3:B"], "NotResource": ["arn:aws:s3:::a"],
        "Condition": {"NumericLessThan": {"s3:max-keys": 10}, "Bool": {"aws:SecureTransport": [false]}}}]}"#,
    );
    assert_eq!(
        (document.version, document.id.as_deref()),
        (Version::V2012, Some("x"))
    );
    let statement = &document.statements[0];
    assert_eq!(
        (statement.sid.as_deref(), statement.effect),
        (Some("A"), Effect::Deny)
    );
    assert!(statement.not_principal);
    assert_eq!(
        statement.principal,
        Some(serde_json::json!({"AWS": ["111122223333"]}))
    );
    assert_eq!(
        statement.action,
        Element::Except(vec!["s3:A".into(), "s3:B".into()])
    );
    assert_eq!(
        statement.resource,
        Some(Element::Except(vec!["arn:aws:s3:::a".into()]))
    );
    let condition = |operator: &str, key: &str, value: &str| Condition {
        operator: operator.into(),
        key: key.into(),
        values: vec![value.into()],
    };
    assert_eq!(
        statement.conditions,
        [
            condition("NumericLessThan", "s3:max-keys", "10"),
            condition("Bool", "aws:SecureTransport", "false")
        ]
    );
}

#[test]
fn spans_point_at_statements_and_entries() {
    let text = "{\"Statement\": [\n  {\"Effect\": \"Allow\", \"Action\": [\"s3:A\", \"s3:\\u0042\"], \"Resource\": \"*\"}\n]}";
    let document = good(text);
    let statement = &document.statements[0];
    let at = |span: Span| &document.source[span.from..span.to];
    assert!(at(statement.span).starts_with("{\"Effect\"") && at(statement.span).ends_with("\"*\"}"));
    assert_eq!(
        statement.action_spans.iter().map(|s| at(*s)).collect::<Vec<_>>(),
        ["\"s3:A\"", "\"s3:\\u0042\""]
    );
    assert_eq!(statement.action.patterns(), ["s3:A", "s3:B"]);
    assert_eq!(at(statement.resource_spans[0]), "\"*\"");
}

#[test]
fn url_encoding_and_byte_order_marks_are_taken_off() {
    let plain = format!(r#"{{"Version": "2012-10-17", "Statement": [{STATEMENT}]}}"#);
    let encoded: String = plain
        .bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect();
    assert_eq!(good(&encoded), good(&plain));
    assert_eq!(good(&format!("\u{feff}{plain}")), good(&plain));
    assert_eq!(&*good(&encoded).source, plain);
}

#[test]
fn a_trust_policy_has_no_resource() {
    let text = r#"{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]}"#;
    assert_eq!(good(text).statements[0].resource, None);
}

#[test]
fn broken_json_is_shown_where_it_breaks() {
    assert!(bad("").starts_with("p.json:1:1 policy-syntax: the policy is empty"));
    assert!(
        bad("{\n \"Statement\": [],\n}")
            .starts_with("p.json:2:17 policy-syntax: a comma with nothing after it"),
        "{}",
        bad("{\n \"Statement\": [],\n}")
    );
    assert!(bad("{\n // hi\n}").starts_with("p.json:2:2 comment"));
    assert!(bad("{ /* hi */ }").starts_with("p.json:1:3 comment"));
    assert!(bad("{\"a\": [1").contains("policy-syntax: this list is never closed"));
    assert!(bad("{\"a\": 1").contains("policy-syntax: this object is never closed"));
    assert!(bad("{'a': 1}").contains("single quotes"));
    assert!(bad("{\"a\": 1 \"b\": 2}").contains("a comma is missing"));
    assert!(bad("{} {}").contains("something follows"));
    assert!(bad("hello").contains("not JSON"));
    assert!(bad(&"[".repeat(100_000)).contains("512 levels"));
    assert!(bad(&" ".repeat(MOST_BYTES + 1)).contains("read at most"));
}

#[test]
fn the_same_key_twice_is_an_error_anywhere() {
    let twice = bad(r#"{"Statement": [], "Statement": []}"#);
    assert!(twice.starts_with("p.json:1:19 duplicate-key: the key \"Statement\" is twice"));
    let inner = r#"{"Statement": [{"Effect": "Allow", "Action": "a:b", "Resource": "*",
        "Condition": {"StringEquals": {"a:b": "1", "a:b": "2"}}}]}"#;
    assert!(
        bad(inner).starts_with("p.json:2:52 duplicate-key"),
        "{}",
        bad(inner)
    );
}

#[test]
fn misspelt_elements_are_named() {
    let statement = |inner: &str| bad(&format!(r#"{{"Statement": [{{{inner}}}]}}"#));
    let actions = statement(r#""Effect": "Allow", "Actions": "s3:*", "Resource": "*""#);
    assert!(actions.contains("policy-shape: a statement has no \"Actions\"; did you mean \"Action\"?"));
    let effect = statement(r#""Effect": "allow", "Action": "s3:*", "Resource": "*""#);
    assert!(effect.contains("this Effect does not exist; did you mean \"Allow\"?"));
    assert!(statement(r#""Effect": "Allow", "Resource": "*""#).contains("this statement has no Action"));
    assert!(statement(r#""Effect": "Allow", "Action": "a:b""#).contains("this statement has no Resource"));
    assert!(statement(r#""Action": "a:b", "Resource": "*""#).contains("this statement has no Effect"));
    assert!(statement(r#""Effect": "Allow", "Action": [], "Resource": "*""#).contains("Action is empty"));
    assert!(statement(r#""Effect": "Allow", "Action": 5, "Resource": "*""#).contains("Action is a text"));
    let both = statement(r#""Effect": "Allow", "Action": "a:b", "NotAction": "a:c", "Resource": "*""#);
    assert!(both.contains("a statement has Action or NotAction, not both"));
    let condition = statement(r#""Effect": "Allow", "Action": "a:b", "Resource": "*", "Condition": []"#);
    assert!(condition.contains("Condition is an object"));
    let null = statement(
        r#""Effect": "Allow", "Action": "a:b", "Resource": "*", "Condition": {"Bool": {"a:b": null}}"#,
    );
    assert!(null.contains("a:b is a text or a list of texts"));
}

#[test]
fn documents_that_are_no_policy() {
    assert!(bad("[]").contains("policy-shape: a policy is an object"));
    assert!(bad("{}").contains("this policy has no Statement"));
    assert!(bad(r#"{"Statements": []}"#).contains("did you mean \"Statement\"?"));
    assert!(bad(r#"{"Statement": "x"}"#).contains("a statement is an object"));
    assert!(bad(r#"{"Statement": [[]]}"#).contains("a statement is an object"));
    assert!(bad(r#"{"Version": "2021-01-01", "Statement": []}"#).contains("this Version does not exist"));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[\\PC]{0,40}", cut in 0usize..200) {
        let _ = parse(&text, "-");
        let whole = format!(r#"{{"Version": "2012-10-17", "Statement": [{STATEMENT}, {text}]}}"#);
        let end = whole.char_indices().map(|(at, _)| at).take(cut).last().unwrap_or(0);
        let _ = parse(&whole[..end], "-");
        let _ = parse(&whole, "-");
    }
}
