//! The walk and the full parser agree: over usual records, odd ones, and mutations of both.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// All that can be asked of an event, or why it is none.
fn shown(event: Result<Event<'_>, NotAnEvent>) -> String {
    match event {
        Err(why) => format!("{why:?}"),
        Ok(event) => format!(
            "{event:?} {:?} {:?} {:?}",
            event.request.value(),
            event.response.value(),
            event.additional.value()
        ),
    }
}

/// `Parameters` show whether they were parsed; both are asked first.
fn asked(event: Result<Event<'_>, NotAnEvent>) -> String {
    if let Ok(event) = &event {
        let _ = (
            event.request.value(),
            event.response.value(),
            event.additional.value(),
        );
    }
    shown(event)
}

#[track_caller]
fn agree(reader: &mut Reader, text: &[u8]) {
    let (mut one, mut other) = (Scratch::default(), Scratch::default());
    let read = asked(reader.read(text, &mut one));
    let parsed = asked(Event::parse(text, &mut other));
    assert_eq!(read, parsed, "{}", String::from_utf8_lossy(text));
}

fn record() -> Value {
    json!({
        "eventVersion": "1.11",
        "userIdentity": {"type": "AssumedRole", "principalId": "AROAEXAMPLE:s", "arn": "arn:aws:sts::111122223333:assumed-role/deploy/s",
            "accountId": "111122223333", "accessKeyId": "ASIAEXAMPLE", "sessionContext": {
                "sessionIssuer": {"type": "Role", "principalId": "AROAEXAMPLE", "arn": "arn:aws:iam::111122223333:role/ci/deploy", "accountId": "111122223333", "userName": "deploy"},
                "attributes": {"creationDate": "2026-01-02T03:00:00Z", "mfaAuthenticated": "false"}}},
        "eventTime": "2026-01-02T03:04:05Z", "eventSource": "s3.amazonaws.com", "eventName": "GetObject",
        "awsRegion": "eu-west-1", "sourceIPAddress": "203.0.113.9", "userAgent": "[aws-cli/2 \"x\"]",
        "errorCode": "AccessDenied", "errorMessage": "User: x is not authorized to perform: s3:GetObject on resource: \"arn:aws:s3:::b/a\"",
        "requestParameters": {"bucketName": "b", "key": "aé\n", "list": [1, -2.5, true, null, {"x": []}]}, "responseElements": null,
        "additionalEventData": {"bytesTransferredOut": 7}, "requestID": "R", "eventID": "6ce47c89-5908-452d-87cc-a7c251ac4ac0",
        "readOnly": true, "resources": [{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::b/a"},
            {"type": "AWS::S3::Object", "ARNPrefix": "arn:aws:s3:::b/"}, {"accountId": "111122223333", "type": "AWS::S3::Bucket"}],
        "eventType": "AwsApiCall", "managementEvent": false, "recipientAccountId": "444455556666", "vpcEndpointId": "vpce-1",
        "vpcEndpointAccountId": "111122223333", "eventCategory": "Data", "tlsDetails": {"tlsVersion": "TLSv1.3"}
    })
}

#[test]
fn a_usual_record_is_walked() {
    let text = record().to_string();
    let walked = Reader::new().walk(&text, 0);
    assert!(matches!(walked, Some((end, Some(_))) if end == text.len()));
    agree(&mut Reader::new(), text.as_bytes());
}

/// Values of every type, for every field.
const VALUES: [&str; 16] = [
    "null",
    "true",
    "false",
    "7",
    "-1.5e3",
    "1e999",
    "\"\"",
    "\"x\"",
    "\"a\\\"b\"",
    "\"\\ud800\"",
    "[]",
    "{}",
    "[null,{}]",
    "\"2026-13-02T03:04:05Z\"",
    "\"Insight\"",
    "[{\"ARN\":\"arn:aws:s3:::b\",\"ARN\":\"arn:aws:s3:::c\"}]",
];

#[test]
fn any_value_of_any_field_is_read_the_same() {
    let mut reader = Reader::new();
    let whole = record();
    let names: Vec<String> = whole.as_object().unwrap().keys().cloned().collect();
    let others = [
        "detail",
        "message",
        "CloudTrailEvent",
        "aggregated",
        "digestStartTime",
        "x",
        "event\\u004eame",
        "responseX",
    ];
    for name in names.iter().map(String::as_str).chain(others) {
        for value in VALUES {
            let mut without = whole.clone();
            without.as_object_mut().unwrap().remove(name);
            let rest = without.to_string();
            let rest = &rest[1..];
            for text in [
                format!("{{\"{name}\":{value},{rest}"),
                format!("{{\"{name}\":{value},\"{name}\":{value},{rest}"),
                format!("{{\"{name}\" : {value}, {rest}"),
                format!("{{{rest}").replacen('}', &format!(",\"{name}\":{value}}}"), 1),
                format!("{{{}", rest),
            ] {
                agree(&mut reader, text.as_bytes());
            }
        }
    }
}

#[test]
fn identities_of_every_kind_are_read_the_same() {
    let mut reader = Reader::new();
    for identity in [
        json!({"type": "Root", "principalId": "111122223333", "arn": "arn:aws:iam::111122223333:root", "accountId": "111122223333"}),
        json!({"type": "AWSAccount", "principalId": "AROAEXAMPLE:x", "accountId": "111122223333"}),
        json!({"type": "AWSService", "invokedBy": "cloudtrail.amazonaws.com"}),
        json!({"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ana", "userName": "ana", "invokedBy": "AWS Internal"}),
        json!({"accountId": "111122223333", "invokedBy": "kms.amazonaws.com"}),
        json!({}),
        json!("x"),
    ] {
        for region in ["eu-west-1", "cn-north-1", "us-gov-west-1"] {
            let mut own = record();
            own["userIdentity"] = identity.clone();
            own["awsRegion"] = json!(region);
            // Twice: the second time it is remembered.
            agree(&mut reader, own.to_string().as_bytes());
            agree(&mut reader, own.to_string().as_bytes());
        }
    }
}

#[test]
fn times_are_read_as_the_parser_reads_them() {
    let mut day = Day::default();
    for text in [
        "2026-01-02T03:04:05Z",
        "2024-02-29T23:59:59Z",
        "1969-12-31T00:00:00Z",
        "2026-01-02T00:00:00Z",
    ] {
        assert_eq!(day.time(text), Some(text.parse().unwrap()), "{text}");
    }
    for text in [
        "2026-02-30T03:04:05Z",
        "2026-01-02T24:00:00Z",
        "2026-01-02T03:04:60Z",
        "2026-01-02 03:04:05Z",
        "2026-01-02T03:04:05",
        "x",
    ] {
        assert_eq!(day.time(text), None, "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Bytes changed, cut out and put in anywhere.
    #[test]
    fn a_mutated_record_is_read_the_same(
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), 0..4usize, prop_oneof![
            Just(&b""[..]), Just(&b"\""[..]), Just(&b"\\"[..]), Just(&b"{"[..]), Just(&b"}"[..]), Just(&b"["[..]), Just(&b"]"[..]), Just(&b","[..]), Just(&b":"[..]),
            Just(&b"null"[..]), Just(&b"1"[..]), Just(&b" "[..]), Just(&b"\n"[..]), Just(&b"\xff"[..]), Just(&b"\\u00"[..]), Just(&b"\"a\":1,"[..]), Just(&b"\x01"[..]),
        ]), 0..4)
    ) {
        let mut text = record().to_string().into_bytes();
        for (place, length, put) in cuts {
            let from = place.index(text.len());
            let to = (from + length).min(text.len());
            text.splice(from..to, put.iter().copied());
        }
        let mut reader = Reader::new();
        let (mut one, mut other) = (Scratch::default(), Scratch::default());
        prop_assert_eq!(asked(reader.read(&text, &mut one)), asked(Event::parse(&text, &mut other)));
        // What the walk calls an object is one.
        if let Ok(whole) = std::str::from_utf8(&text)
            && let Some((end, _)) = reader.walk(whole, 0)
        {
            prop_assert!(serde_json::from_str::<serde::de::IgnoredAny>(&whole[..end]).is_ok());
        }
    }
}
