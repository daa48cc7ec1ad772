use serde_json::{Value, json};

use super::*;
use crate::trail::Scratch;

fn user() -> Value {
    json!({"type": "IAMUser", "principalId": "AIDAEXAMPLE", "arn": "arn:aws:iam::111122223333:user/ops/ana",
        "accountId": "111122223333", "userName": "ana", "accessKeyId": "AKIAEXAMPLE"})
}

fn role(mfa: &str) -> Value {
    json!({"type": "AssumedRole", "principalId": "AROAEXAMPLE:s", "arn": "arn:aws:sts::111122223333:assumed-role/deploy/s",
        "accountId": "111122223333", "sessionContext": {
            "sessionIssuer": {"type": "Role", "arn": "arn:aws:iam::111122223333:role/ci/deploy", "userName": "deploy"},
            "attributes": {"mfaAuthenticated": mfa}}})
}

/// What is known of `key` in a call of S3 that differs from a plain one by `change`.
fn known(key: &str, change: Value) -> Lookup {
    let mut record = json!({
        "userIdentity": user(), "eventTime": "2026-08-03T09:14:11Z", "eventSource": "s3.amazonaws.com",
        "eventName": "ListObjects", "awsRegion": "eu-west-1", "sourceIPAddress": "203.0.113.9",
        "userAgent": "aws-cli/2.17", "requestParameters": {"bucketName": "acme"}, "recipientAccountId": "111122223333"
    });
    for (field, value) in change.as_object().into_iter().flatten() {
        record[field] = value.clone();
    }
    let text = record.to_string();
    let mut scratch = Scratch::default();
    let event = Event::parse(text.as_bytes(), &mut scratch).unwrap();
    context_of(&event, [key]).get(key).clone()
}

fn value(text: &str) -> Lookup {
    Lookup::Values(vec![text.to_owned()])
}

fn with(field: &str, value: Value) -> Value {
    json!({ field: value })
}

/// The caller, `invokedBy` a service: a forwarded access session.
fn through(service: &str) -> Value {
    let mut identity = role("false");
    identity["invokedBy"] = json!(service);
    json!({"userIdentity": identity, "sourceIPAddress": service, "userAgent": service})
}

#[test]
fn what_every_record_says_is_known() {
    for (key, wanted) in [
        ("aws:requestedregion", "eu-west-1"),
        ("aws:currenttime", "2026-08-03T09:14:11Z"),
        ("aws:epochtime", "1785748451"),
        ("aws:useragent", "aws-cli/2.17"),
        ("aws:sourceip", "203.0.113.9"),
        ("aws:principalaccount", "111122223333"),
        ("aws:principaltype", "User"),
        ("aws:userid", "AIDAEXAMPLE"),
        ("aws:username", "ana"),
        ("aws:principalarn", "arn:aws:iam::111122223333:user/ops/ana"),
        ("aws:viaawsservice", "false"),
    ] {
        assert_eq!(known(key, json!({})), value(wanted), "{key}");
    }
}

#[test]
fn only_the_wanted_keys_are_there_and_others_are_unknown() {
    for key in [
        "aws:principaltag/team",
        "aws:principalorgid",
        "ec2:instancetype",
        "aws:resourcetag/team",
    ] {
        assert_eq!(known(key, json!({})), Lookup::Unknown, "{key}");
    }
    let text = json!({"userIdentity": user(), "eventTime": "2026-08-03T09:14:11Z", "eventSource": "s3.amazonaws.com", "eventName": "ListBuckets"}).to_string();
    let mut scratch = Scratch::default();
    let event = Event::parse(text.as_bytes(), &mut scratch).unwrap();
    let context = context_of(&event, ["aws:username", "aws:requestedregion", "aws:useragent"]);
    // A record without region and agent does not make them absent from the request.
    assert_eq!(
        context.iter().map(|(key, _)| key).collect::<Vec<_>>(),
        ["aws:username"]
    );
}

#[test]
fn a_role_session_has_no_user_name_and_its_role_for_principal() {
    let change = || with("userIdentity", role("false"));
    assert_eq!(known("aws:username", change()), Lookup::Absent);
    assert_eq!(known("aws:principaltype", change()), value("AssumedRole"));
    assert_eq!(known("aws:userid", change()), value("AROAEXAMPLE:s"));
    assert_eq!(
        known("aws:principalarn", change()),
        value("arn:aws:iam::111122223333:role/ci/deploy")
    );
    // Without the issuer the role's path is not known.
    let mut bare = role("false");
    bare["sessionContext"] = Value::Null;
    assert_eq!(
        known("aws:principalarn", with("userIdentity", bare)),
        Lookup::Unknown
    );
}

#[test]
fn root_is_an_account() {
    let root = json!({"type": "Root", "principalId": "111122223333", "arn": "arn:aws:iam::111122223333:root", "accountId": "111122223333"});
    assert_eq!(
        known("aws:principaltype", with("userIdentity", root.clone())),
        value("Account")
    );
    assert_eq!(
        known("aws:username", with("userIdentity", root.clone())),
        Lookup::Absent
    );
    assert_eq!(
        known("aws:principalarn", with("userIdentity", root)),
        value("arn:aws:iam::111122223333:root")
    );
}

#[test]
fn a_federated_user_is_named_by_its_session() {
    let federated = json!({"type": "FederatedUser", "principalId": "111122223333:bob", "accountId": "111122223333",
        "arn": "arn:aws:sts::111122223333:federated-user/bob",
        "sessionContext": {"sessionIssuer": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/broker", "userName": "broker"}}});
    let change = || with("userIdentity", federated.clone());
    assert_eq!(known("aws:principaltype", change()), value("FederatedUser"));
    assert_eq!(known("aws:username", change()), Lookup::Absent);
    assert_eq!(
        known("aws:principalarn", change()),
        value("arn:aws:sts::111122223333:federated-user/bob")
    );
}

#[test]
fn mfa_is_absent_with_long_term_keys() {
    let key = "aws:multifactorauthpresent";
    assert_eq!(known(key, json!({})), Lookup::Absent);
    assert_eq!(known(key, with("userIdentity", role("true"))), value("true"));
    assert_eq!(known(key, with("userIdentity", role("false"))), value("false"));
    let mut bare = role("false");
    bare["sessionContext"] = Value::Null;
    assert_eq!(known(key, with("userIdentity", bare)), Lookup::Unknown);
}

#[test]
fn tls_is_known_only_where_it_is_written() {
    let key = "aws:securetransport";
    assert_eq!(known(key, json!({})), Lookup::Unknown);
    assert_eq!(
        known(key, with("tlsDetails", json!({"tlsVersion": "TLSv1.3"}))),
        value("true")
    );
}

#[test]
fn an_endpoint_takes_the_place_of_the_address() {
    let endpoint = || with("vpcEndpointId", json!("vpce-0aaaaaaaaaaaaaaa1"));
    assert_eq!(
        known("aws:sourcevpce", endpoint()),
        value("vpce-0aaaaaaaaaaaaaaa1")
    );
    assert_eq!(known("aws:sourceip", endpoint()), Lookup::Absent);
    // The record names the endpoint, not its VPC.
    assert_eq!(known("aws:sourcevpc", endpoint()), Lookup::Unknown);
    assert_eq!(known("aws:vpcsourceip", endpoint()), Lookup::Unknown);
    for key in ["aws:sourcevpce", "aws:sourcevpc", "aws:vpcsourceip"] {
        assert_eq!(known(key, json!({})), Lookup::Absent, "{key}");
    }
}

#[test]
fn an_address_that_is_none_is_unknown() {
    for text in ["AWS Internal", "cloudformation.amazonaws.com", ""] {
        assert_eq!(
            known("aws:sourceip", with("sourceIPAddress", json!(text))),
            Lookup::Unknown,
            "{text}"
        );
    }
    assert_eq!(
        known("aws:sourceip", with("sourceIPAddress", json!("2001:db8::1"))),
        value("2001:db8::1")
    );
}

#[test]
fn a_forwarded_call_says_which_service_came_last() {
    let change = || through("cloudformation.amazonaws.com");
    assert_eq!(known("aws:viaawsservice", change()), value("true"));
    assert_eq!(
        known("aws:calledvialast", change()),
        value("cloudformation.amazonaws.com")
    );
    // The chain before it is not in the record.
    assert_eq!(known("aws:calledvia", change()), Lookup::Unknown);
    assert_eq!(known("aws:calledviafirst", change()), Lookup::Unknown);
    for key in ["aws:calledvia", "aws:calledviafirst", "aws:calledvialast"] {
        assert_eq!(known(key, json!({})), Lookup::Absent, "{key}");
        let internal = with("userIdentity", {
            let mut identity = user();
            identity["invokedBy"] = json!("AWS Internal");
            identity
        });
        assert_eq!(known(key, internal), Lookup::Absent, "{key}");
    }
}

#[test]
fn kms_is_reached_through_a_service_of_the_region() {
    let kms = |service: Option<&str>| {
        let mut change = service.map_or(json!({}), through);
        change["eventSource"] = json!("kms.amazonaws.com");
        change["eventName"] = json!("Decrypt");
        known("kms:viaservice", change)
    };
    assert_eq!(
        kms(Some("secretsmanager.amazonaws.com")),
        value("secretsmanager.eu-west-1.amazonaws.com")
    );
    assert_eq!(
        kms(Some("fas.s3.amazonaws.com")),
        value("s3.eu-west-1.amazonaws.com")
    );
    assert_eq!(kms(None), Lookup::Absent);
    // Not a call of KMS.
    assert_eq!(known("kms:viaservice", json!({})), Lookup::Unknown);
}

#[test]
fn listing_parameters_are_keys_of_s3() {
    let listed = |request: Value| with("requestParameters", request);
    let request =
        || listed(json!({"bucketName": "acme", "prefix": "home/ana/", "delimiter": "/", "max-keys": 100}));
    assert_eq!(known("s3:prefix", request()), value("home/ana/"));
    assert_eq!(known("s3:delimiter", request()), value("/"));
    assert_eq!(known("s3:max-keys", request()), value("100"));
    assert_eq!(known("s3:prefix", json!({})), Lookup::Absent);
    assert_eq!(
        known(
            "s3:prefix",
            listed(json!({"bucketName": "acme", "prefix": ["a/"]}))
        ),
        value("a/")
    );
    // Given and empty is not the same as not given: policies ask for "" to allow the root of a bucket.
    assert_eq!(
        known("s3:prefix", listed(json!({"bucketName": "acme", "prefix": ""}))),
        value("")
    );
    assert_eq!(known("s3:prefix", listed(Value::Null)), Lookup::Unknown);
    assert_eq!(
        known("s3:prefix", with("eventSource", json!("ec2.amazonaws.com"))),
        Lookup::Unknown
    );
}
