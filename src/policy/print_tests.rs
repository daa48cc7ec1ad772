//! Round trips, and edits that leave everything else alone.

use super::*;
use crate::policy::{Element, Span, parse};
use proptest::prelude::*;

fn read(text: &str) -> Document {
    let (document, diagnostics) = parse(text, "-");
    assert_eq!(diagnostics, [], "{text}");
    document.unwrap()
}

/// Three statements, each written in its own way.
const ODD: &str = r#"{
    "Statement" : [
        {   "Resource": "*",
            "Action" : [ "s3:GetObject",
                         "s3:PutObject" ],
            "Effect": "Allow", "Sid": "one"
        },

        {"Sid": "two", "Effect": "Deny", "NotAction": ["iam:*", "sts:*"], "Resource": ["*"], "Condition": {}},
        {
            "Effect": "Allow",
            "Action": [
                "ec2:Run\u0049nstances",
                "ec2:StartInstances"
            ],
            "Resource": [
                "arn:aws:ec2:*:*:instance/*"
            ],
            "Condition": { "Bool": { "aws:SecureTransport": true } }
        }
    ],
    "Version": "2012-10-17"
}
"#;

const FORMS: [&str; 6] = [
    ODD,
    "{\n\t\"Version\": \"2012-10-17\",\n\t\"Statement\": {\n\t\t\"Effect\": \"Allow\",\n\t\t\"Action\": \"*\",\n\t\t\"Resource\": \"*\"\n\t}\n}",
    "{\r\n  \"Statement\": [\r\n    {\"Effect\": \"Allow\", \"Action\": \"a:b\", \"Resource\": \"*\"}\r\n  ]\r\n}\r\n",
    "{\"Statement\":\n[{\"Effect\":\"Allow\",\"Action\":\"a:b\",\"Resource\":\"*\"},{\"Effect\":\"Deny\",\"Action\":\"a:c\",\"Resource\":\"*\"}]}\n",
    "{\n\"Id\": \"é\",\n\"Statement\": []\n}\n",
    "\n\n{\n  \"Statement\": [ { \"Effect\": \"Allow\", \"Action\": \"a:b\", \"Resource\": \"*\" } ]\n}\n\n\n",
];

#[test]
fn what_is_not_touched_comes_back_to_the_byte() {
    for text in FORMS {
        let mut expected = text.to_owned();
        if !expected.ends_with('\n') {
            expected.push('\n');
        }
        assert_eq!(document_text(&read(text)), expected);
    }
}

#[test]
fn one_line_becomes_many() {
    let text = r#"{"Statement":{"Effect":"Allow","Action":["a:b"],"Resource":"*"}}"#;
    let expected = "{\n  \"Version\": \"2008-10-17\",\n  \"Statement\": [\n    {\n      \"Effect\": \"Allow\",\n      \"Action\": \"a:b\",\n      \"Resource\": \"*\"\n    }\n  ]\n}\n";
    assert_eq!(document_text(&read(text)), expected);
    assert_eq!(document_text(&read(expected)), expected);
}

#[test]
fn a_changed_value_is_the_only_change() {
    let mut document = read(ODD);
    document.statements[2].action = Element::Only(vec!["ec2:StartInstances".into()]);
    let expected = ODD.replace("                \"ec2:Run\\u0049nstances\",\n", "");
    assert_eq!(document_text(&document), expected);

    let mut document = read(ODD);
    document.statements[0].action = Element::Only(vec!["s3:GetObject".into()]);
    document.statements[0].resource = Some(Element::Only(vec![
        "arn:aws:s3:::a".into(),
        "arn:aws:s3:::b".into(),
    ]));
    let text = document_text(&document);
    assert!(text.contains("\"Resource\": [\n                \"arn:aws:s3:::a\",\n                \"arn:aws:s3:::b\"\n            ],\n"), "{text}");
    assert!(read(&text).statements[0].same_text_as(&document.statements[0]));
    assert!(text.ends_with(ODD.split_once("},\n\n").unwrap().1));
}

#[test]
fn a_list_on_one_line_stays_there() {
    let text = "{\n  \"Statement\": [\n    { \"Effect\": \"Allow\", \"Action\": [\"a:b\", \"a:c\", \"a:d\"], \"Resource\": \"*\" }\n  ]\n}\n";
    let mut document = read(text);
    document.statements[0].action = Element::Only(vec!["a:b".into(), "a:d".into()]);
    assert_eq!(document_text(&document), text.replace("\"a:c\", ", ""));
    document.statements[0].action = Element::Except(vec!["a:b".into()]);
    let expected = text.replace(
        "\"Action\": [\"a:b\", \"a:c\", \"a:d\"]",
        "\"NotAction\": [\"a:b\"]",
    );
    assert_eq!(document_text(&document), expected);
}

#[test]
fn an_element_that_comes_or_goes_prints_the_statement_anew() {
    let mut document = read(ODD);
    document.statements[2].conditions.clear();
    let text = document_text(&document);
    assert_eq!(
        text.split("\"Effect\": \"Allow\",\n").next(),
        ODD.split("\"Effect\": \"Allow\",\n").next()
    );
    assert!(
        text.contains("        {\n            \"Effect\": \"Allow\",\n            \"Action\": [\n"),
        "{text}"
    );
    assert_eq!(read(&text).statements[2].conditions, []);
}

#[test]
fn statements_can_go_from_anywhere() {
    for number in 0..3 {
        let mut document = read(ODD);
        let gone = document.statements.remove(number);
        let text = document_text(&document);
        let again = read(&text);
        assert_eq!(again.statements.len(), 2);
        for (one, other) in again.statements.iter().zip(&document.statements) {
            let bytes = |d: &Document, s: Span| d.source[s.from..s.to].to_owned();
            assert_eq!(bytes(&again, one.span), bytes(&document, other.span));
        }
        assert!(!text.contains(&document.source[gone.span.from..gone.span.to]));
        assert!(
            text.ends_with("    ],\n    \"Version\": \"2012-10-17\"\n}\n"),
            "{text}"
        );
    }
    let mut document = read(ODD);
    document.statements.clear();
    assert!(document_text(&document).starts_with("{\n    \"Statement\" : [],\n"));
}

#[test]
fn a_statement_can_be_added() {
    let new = Statement::new(
        crate::policy::Effect::Allow,
        Element::Only(vec!["sqs:SendMessage".into()]),
        Some(Element::Only(vec!["*".into()])),
    );
    for form in FORMS {
        let mut document = read(form);
        document.statements.push(new.clone());
        let text = document_text(&document);
        let again = read(&text);
        assert_eq!(again.statements.len(), document.statements.len(), "{text}");
        assert!(
            again
                .statements
                .iter()
                .zip(&document.statements)
                .all(|(a, b)| a.same_text_as(b))
        );
    }
    let mut document = read(ODD);
    document.statements.insert(1, new);
    let text = document_text(&document);
    let added = "        },\n\n        {\n            \"Effect\": \"Allow\",\n            \"Action\": \"sqs:SendMessage\",\n            \"Resource\": \"*\"\n        },\n\n        {\"Sid\": \"two\"";
    assert!(text.contains(added), "{text}");
}

#[test]
fn one_statement_of_two_ends_stays_where_it_was() {
    let tabs = FORMS[1];
    let mut document = read(tabs);
    document.statements[0].resource = Some(Element::Only(vec!["arn:aws:s3:::a".into()]));
    let expected = tabs.replace("\"Resource\": \"*\"", "\"Resource\": \"arn:aws:s3:::a\"") + "\n";
    assert_eq!(document_text(&document), expected);
}

#[test]
fn a_document_made_here_is_canonical() {
    let statement = Statement::new(
        crate::policy::Effect::Deny,
        Element::Except(vec!["a:b".into()]),
        None,
    );
    let text = document_text(&Document::new(vec![statement]));
    assert_eq!(
        text,
        "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Effect\": \"Deny\",\n      \"NotAction\": \"a:b\"\n    }\n  ]\n}\n"
    );
}

#[test]
fn conditions_keep_their_order() {
    let text = r#"{"Statement": {"Effect": "Allow", "Action": "a:b", "Resource": "*", "Condition":
        {"StringLike": {"z:z": ["2", "1"], "a:a": "x"}, "Bool": {"b:b": false}}}}"#;
    let value = statement_value(&read(text).statements[0]);
    assert_eq!(
        value["Condition"].to_string(),
        r#"{"StringLike":{"z:z":["2","1"],"a:a":"x"},"Bool":{"b:b":"false"}}"#
    );
}

proptest! {
    #[test]
    fn canonical_text_is_read_as_the_same(
        actions in prop::collection::vec("[a-z]{1,3}:[A-Z*?\"\\\\é]{1,4}", 1..4),
        resources in prop::collection::vec("[a-z:*${}\"]{1,8}", 1..4),
        except in any::<bool>(), sid in prop::option::of("[A-Za-z\"]{0,4}"),
        values in prop::collection::vec("\\PC{0,4}", 0..3),
    ) {
        let action = if except { Element::Except(actions) } else { Element::Only(actions) };
        let mut statement =
            Statement::new(crate::policy::Effect::Allow, action, Some(Element::Only(resources)));
        statement.sid = sid;
        statement.conditions.push(Condition { operator: "StringLike".into(), key: "k:k".into(), values });
        let document = Document::new(vec![statement.clone(), statement]);
        let again = read(&document_text(&document));
        prop_assert!(again.statements.iter().zip(&document.statements).all(|(a, b)| a.same_text_as(b)));
        prop_assert_eq!(document_text(&again), document_text(&document));
    }

    /// Whatever is done to the statements of whatever text, it is read again as it was meant.
    #[test]
    fn every_edit_is_read_as_it_was_meant(
        form in 0..FORMS.len(), edits in prop::collection::vec((0u8..6, 0usize..3), 0..5)
    ) {
        let mut document = read(FORMS[form]);
        for (kind, at) in edits {
            let at = at.min(document.statements.len().saturating_sub(1));
            let Some(statement) = document.statements.get_mut(at) else { continue };
            match kind {
                0 => drop(document.statements.remove(at)),
                1 => statement.action = Element::Except(vec!["x:\"y".into(), "x:z".into()]),
                2 => statement.resource = Some(Element::Only(vec!["arn:aws:s3:::b".into()])),
                3 => statement.sid = Some("new".into()),
                4 => {
                    let copy = statement.clone();
                    document.statements.push(copy);
                }
                _ => document.statements.swap(0, at),
            }
        }
        let text = document_text(&document);
        let again = read(&text);
        prop_assert_eq!(again.statements.len(), document.statements.len());
        prop_assert!(again.statements.iter().zip(&document.statements).all(|(a, b)| a.same_text_as(b)), "{}", text);
        prop_assert_eq!(again.version, document.version);
        prop_assert_eq!(document_text(&again), text);
    }
}
