//! Records in other shapes than CloudTrail's own: rows of an aggregating query, and OCSF, as Security Lake keeps it.
//!
//! Each is made into a record of CloudTrail's shape. A field that the other shape does not have is left out, which
//! is read as *unknown*.

use serde_json::{Map, Value, json};

/// A row of `sql/*.sql` as a record that stands for several calls. Parameters are JSON in a text.
pub fn of_row(row: &Map<String, Value>) -> Value {
    let of = |name: &str| row.get(name).and_then(text);
    let mut identity = json!({
        "type": of("identity_type"),
        "arn": of("identity_arn"),
        "accountId": of("identity_account"),
        "userName": of("identity_user"),
        "invokedBy": of("invoked_by"),
    });
    if let (Some(issuer), Some(identity)) = (of("issuer_arn"), identity.as_object_mut()) {
        let issuer = json!({
            "type": of("issuer_type"),
            "arn": issuer,
            "accountId": of("issuer_account"),
            "userName": of("issuer_user"),
        });
        identity.insert("sessionContext".to_owned(), json!({ "sessionIssuer": issuer }));
    }
    let times: u64 = of("times").and_then(|times| times.parse().ok()).unwrap_or(1);
    json!({
        "userIdentity": identity,
        "eventTime": of("first_time"),
        "eventSource": of("event_source"),
        "eventName": of("event_name"),
        "eventType": of("event_type"),
        "eventCategory": of("event_category"),
        "awsRegion": of("region"),
        "recipientAccountId": of("recipient_account"),
        "readOnly": of("read_only").map(|flag| flag == "true"),
        "errorCode": of("error_code"),
        "errorMessage": of("error_message"),
        "requestParameters": row.get("request_parameters").and_then(parsed),
        "responseElements": row.get("response_elements").and_then(parsed),
        "resources": row.get("resources").and_then(parsed),
        "vpcEndpointId": of("vpc_endpoint"),
        "sourceIPAddress": of("source_ip"),
        "eventID": of("event_id"),
        "aggregated": { "times": times, "last": of("last_time") },
    })
}

/// Names of a record's fields, and of those in `userIdentity`, `resources` and `tlsDetails`. Tables of Athena have
/// them in lower case (<https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table.html>).
const NAMES: [&str; 42] = [
    "accessKeyId",
    "accountId",
    "additionalEventData",
    "apiVersion",
    "awsRegion",
    "clientProvidedHostHeader",
    "credentialId",
    "cipherSuite",
    "creationDate",
    "errorCode",
    "errorMessage",
    "eventCategory",
    "eventID",
    "eventName",
    "eventSource",
    "eventTime",
    "eventType",
    "eventVersion",
    "federatedProvider",
    "invokedBy",
    "managementEvent",
    "mfaAuthenticated",
    "onBehalfOf",
    "principalId",
    "readOnly",
    "recipientAccountId",
    "requestID",
    "requestParameters",
    "responseElements",
    "serviceEventDetails",
    "sessionContext",
    "sessionIssuer",
    "sharedEventID",
    "sourceIPAddress",
    "tlsDetails",
    "tlsVersion",
    "userAgent",
    "userId",
    "userIdentity",
    "userName",
    "vpcEndpointId",
    "webIdFederationData",
];

/// Fields that a table holds as a text of JSON.
const TEXTS: [&str; 4] = [
    "requestParameters",
    "responseElements",
    "additionalEventData",
    "serviceEventDetails",
];

/// A row of a table whose columns are a record's fields in lower case.
pub(super) fn of_table(row: &Map<String, Value>) -> Value {
    let mut record = renamed(row);
    for name in TEXTS {
        if let Some(value) = record.get_mut(name) {
            *value = parsed(value).unwrap_or(Value::Null);
        }
    }
    let resources = record.get_mut("resources").and_then(Value::as_array_mut);
    for own in resources.into_iter().flatten().filter_map(Value::as_object_mut) {
        if let Some(arn) = own.remove("arn") {
            own.insert("ARN".to_owned(), arn);
        }
    }
    Value::Object(record)
}

fn renamed(fields: &Map<String, Value>) -> Map<String, Value> {
    let named = |name: &String| {
        let known = NAMES.iter().find(|known| known.eq_ignore_ascii_case(name));
        known.map_or_else(|| name.clone(), |known| (*known).to_owned())
    };
    let inner = |own: &Value| match own {
        Value::Object(fields) => Value::Object(renamed(fields)),
        Value::Array(list) => Value::Array(
            list.iter()
                .map(|own| {
                    own.as_object()
                        .map_or_else(|| own.clone(), |own| Value::Object(renamed(own)))
                })
                .collect(),
        ),
        other => other.clone(),
    };
    // A column that is empty in this row says nothing.
    fields
        .iter()
        .filter(|(_, own)| !own.is_null())
        .map(|(name, own)| (named(name), inner(own)))
        .collect()
}

/// An event of OCSF 1.1 and later as Security Lake makes it of CloudTrail's (API Activity, Account Change,
/// Authentication); `None` where it is of another product.
///
/// Mapping: <https://github.com/ocsf/examples/tree/main/mappings/markdown/AWS/v1.1.0/CloudTrail>. Not in it, and
/// so unknown unless `unmapped` has them: `readOnly`, `managementEvent`, `recipientAccountId`,
/// `additionalEventData`, `tlsDetails`, and of the session's issuer everything but the ARN.
pub(super) fn of_ocsf(event: &Map<String, Value>) -> Option<Value> {
    let at = |path: &str| {
        let mut names = path.split('.');
        let first = event.get(names.next()?)?;
        names
            .try_fold(first, |value, name| value.get(name))
            .filter(|value| !value.is_null())
    };
    let of = |path: &str| at(path).and_then(text).filter(|text| !text.is_empty());
    if of("metadata.product.name").as_deref() != Some("CloudTrail") {
        return None;
    }
    // What is not mapped has its path as its name, or lies as deep as it did.
    let unmapped = |path: &str| {
        let all = at("unmapped")?;
        let flat = all.get(path);
        flat.or_else(|| path.split('.').try_fold(all, |value, name| value.get(name)))
            .cloned()
    };
    let issuer = "userIdentity.sessionContext.sessionIssuer";
    let resources: Vec<Value> = at("resources")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|own| {
            let account = own.pointer("/owner/account/uid").or(own.get("account_uid"));
            json!({ "ARN": own.get("uid"), "type": own.get("type"), "accountId": account })
        })
        .collect();
    let mut record = json!({
        "userIdentity": {
            "type": of("actor.user.type"),
            "principalId": of("actor.user.uid_alt"),
            "arn": of("actor.user.uid"),
            "accountId": of("actor.user.account.uid"),
            "userName": of("actor.user.name"),
            "invokedBy": of("actor.invoked_by"),
            "sessionContext": {
                "attributes": {
                    "creationDate": of("actor.session.created_time_dt"),
                    "mfaAuthenticated": at("actor.session.is_mfa"),
                },
                "sessionIssuer": {
                    "arn": of("actor.session.issuer"),
                    "type": unmapped(&format!("{issuer}.type")),
                    "userName": unmapped(&format!("{issuer}.userName")),
                },
            },
        },
        "eventTime": at("time").and_then(milliseconds).or_else(|| of("time_dt")),
        "eventSource": of("api.service.name"),
        "eventName": of("api.operation"),
        "eventType": of("metadata.event_code"),
        "eventCategory": of("metadata.product.feature.name"),
        "eventID": of("metadata.uid"),
        "awsRegion": of("cloud.region"),
        "sourceIPAddress": of("src_endpoint.ip").or_else(|| of("src_endpoint.domain")),
        "vpcEndpointId": of("src_endpoint.uid"),
        "userAgent": of("http_request.user_agent"),
        "errorCode": of("api.response.error"),
        "errorMessage": of("api.response.message"),
        "requestParameters": at("api.request.data").and_then(parsed),
        "responseElements": at("api.response.data").and_then(parsed),
        "resources": resources,
    });
    if let Some(record) = record.as_object_mut() {
        for name in ["readOnly", "managementEvent", "recipientAccountId"] {
            record.extend(unmapped(name).map(|value| (name.to_owned(), value)));
        }
        for name in ["additionalEventData", "tlsDetails"] {
            let value = unmapped(name).and_then(|value| parsed(&value));
            record.extend(value.map(|value| (name.to_owned(), value)));
        }
    }
    Some(record)
}

/// A value's text; of numbers and flags as they are written.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

/// JSON in a text, or a value that is no text.
fn parsed(value: &Value) -> Option<Value> {
    match value {
        Value::String(text) => serde_json::from_str(text).ok(),
        Value::Null => None,
        other => Some(other.clone()),
    }
}

/// Milliseconds since 1970 as a time.
fn milliseconds(value: &Value) -> Option<String> {
    let time = jiff::Timestamp::from_millisecond(value.as_i64()?).ok()?;
    Some(time.to_string())
}

#[cfg(test)]
mod tests {
    use crate::trail::{Event, NotAnEvent, Outcome, RefusedBy, Scratch};
    use serde_json::{Value, json};

    fn parse<T>(record: &Value, look: impl FnOnce(Event<'_>) -> T) -> Result<T, NotAnEvent> {
        let text = record.to_string();
        let mut scratch = Scratch::default();
        Event::parse(text.as_bytes(), &mut scratch).map(look)
    }

    fn ocsf() -> Value {
        json!({
            "class_uid": 6003, "class_name": "API Activity", "time": 1_767_323_045_000_i64,
            "metadata": {"uid": "6ce47c89-5908-452d-87cc-a7c251ac4ac0", "event_code": "AwsApiCall", "version": "1.1.0",
                "product": {"name": "CloudTrail", "vendor_name": "AWS", "feature": {"name": "Data"}}},
            "api": {"operation": "GetObject", "service": {"name": "s3.amazonaws.com"},
                "request": {"uid": "R", "data": "{\"bucketName\":\"b\",\"key\":\"a\"}"},
                "response": {"error": "AccessDenied", "message": "User: arn:aws:sts::111122223333:assumed-role/app/s is not authorized to perform: s3:GetObject on resource: \"arn:aws:s3:::b/a\" because no identity-based policy allows the s3:GetObject action", "data": null}},
            "actor": {"user": {"type": "AssumedRole", "uid": "arn:aws:sts::111122223333:assumed-role/app/s", "uid_alt": "AROA:s", "account": {"uid": "111122223333"}},
                "session": {"issuer": "arn:aws:iam::111122223333:role/ci/app", "is_mfa": false, "created_time_dt": "2026-01-02T03:00:00Z"}},
            "cloud": {"provider": "AWS", "region": "eu-west-1"}, "src_endpoint": {"ip": "203.0.113.9", "uid": "vpce-1"},
            "http_request": {"user_agent": "aws-cli/2"}, "message": "{}",
            "resources": [{"uid": "arn:aws:s3:::b/a", "type": "AWS::S3::Object", "owner": {"account": {"uid": "111122223333"}}}],
            "unmapped": {"readOnly": "true", "recipientAccountId": "444455556666", "additionalEventData": "{\"bytes\":7}"}
        })
    }

    #[test]
    fn security_lake_is_read_as_the_record_that_it_was_made_of() {
        parse(&ocsf(), |event| {
            assert_eq!(event.time.to_string(), "2026-01-02T03:04:05Z");
            assert_eq!((&*event.source, &*event.name), ("s3.amazonaws.com", "GetObject"));
            assert_eq!((event.read_only, event.management), (Some(true), Some(false)));
            assert_eq!(event.account.as_deref(), Some("444455556666"));
            assert_eq!(
                event.caller.principal.name,
                "arn:aws:iam::111122223333:role/ci/app"
            );
            assert!(event.caller.principal.exact);
            assert_eq!(event.caller.mfa, Some(false));
            assert_eq!(event.request.value(), &json!({"bucketName": "b", "key": "a"}));
            assert_eq!(event.additional.value(), &json!({"bytes": 7}));
            assert_eq!(event.resources[0].kind.as_deref(), Some("AWS::S3::Object"));
            assert_eq!(event.vpc_endpoint.as_deref(), Some("vpce-1"));
            assert!(matches!(
                event.outcome,
                Outcome::Refused {
                    by: RefusedBy::Identity,
                    ..
                }
            ));
            assert!(!event.response.is_present() && !event.tls);
        })
        .unwrap();
    }

    #[test]
    fn what_ocsf_does_not_have_is_unknown() {
        let mut event = ocsf();
        event["unmapped"] = Value::Null;
        event["api"]["request"] = Value::Null;
        parse(&event, |event| {
            assert_eq!(event.read_only, None);
            assert!(!event.request.is_present());
            assert_eq!(event.account.as_deref(), Some("111122223333"), "the caller's");
        })
        .unwrap();
    }

    #[test]
    fn events_of_other_products_are_no_records() {
        let mut event = ocsf();
        event["metadata"]["product"]["name"] = "Amazon VPC".into();
        assert_eq!(parse(&event, |_| ()), Err(NotAnEvent::Foreign));
        assert_eq!(
            parse(&json!({"class_uid": 6003}), |_| ()),
            Err(NotAnEvent::Foreign)
        );
    }

    #[test]
    fn a_row_of_a_table_is_its_record() {
        let row = json!({
            "eventversion": "1.11", "useridentity": {"type": "AssumedRole", "principalid": "AROA:s", "accountid": "111122223333",
                "arn": "arn:aws:sts::111122223333:assumed-role/app/s", "username": null, "sessioncontext": {
                    "attributes": {"mfaauthenticated": "false", "creationdate": "2026-01-02T03:00:00Z"},
                    "sessionissuer": {"type": "Role", "arn": "arn:aws:iam::111122223333:role/ci/app", "accountid": "111122223333"}}},
            "eventtime": "2026-01-02T03:04:05Z", "eventsource": "s3.amazonaws.com", "eventname": "GetObject",
            "awsregion": "eu-west-1", "sourceipaddress": "203.0.113.9", "useragent": "aws-cli/2", "errorcode": null,
            "requestparameters": "{\"bucketName\":\"b\",\"key\":\"a\"}", "responseelements": null, "eventid": "x",
            "resources": [{"arn": "arn:aws:s3:::b/a", "accountid": null, "type": "AWS::S3::Object"}], "readonly": "true",
            "eventcategory": "Data", "recipientaccountid": "111122223333", "vpcendpointid": "vpce-1",
        });
        let seen = parse(&row, |event| {
            assert_eq!(
                event.caller.principal.name,
                "arn:aws:iam::111122223333:role/ci/app"
            );
            assert_eq!(event.request.value(), &json!({"bucketName": "b", "key": "a"}));
            assert_eq!(event.resources[0].arn, "arn:aws:s3:::b/a");
            assert_eq!((event.read_only, event.management), (Some(true), Some(false)));
            assert_eq!(event.caller.mfa, Some(false));
            (event.id.map(String::from), event.vpc_endpoint.map(String::from))
        });
        assert_eq!(seen, Ok((Some("x".to_owned()), Some("vpce-1".to_owned()))));
    }

    #[test]
    fn parameters_that_a_table_keeps_as_a_text_are_read() {
        let row = json!({
            "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ana", "accountId": "111122223333"},
            "eventTime": "2026-01-02T03:04:05Z", "eventSource": "s3.amazonaws.com", "eventName": "GetObject",
            "requestParameters": "{\"bucketName\":\"b\"}",
        });
        let read = parse(&row, |event| event.request.value().clone());
        assert_eq!(read, Ok(json!({"bucketName": "b"})));
    }

    #[test]
    fn a_row_of_the_query_stands_for_its_calls() {
        let row = json!({
            "identity_type": "AssumedRole", "issuer_arn": "arn:aws:iam::111122223333:role/app", "issuer_type": "Role",
            "identity_arn": "arn:aws:sts::111122223333:assumed-role/app/s", "identity_account": "111122223333",
            "event_source": "s3.amazonaws.com", "event_name": "GetObject", "event_category": "Data", "region": "eu-west-1",
            "read_only": "true", "request_parameters": "{\"key\":\"a\"}", "resources": "[{\"ARN\":\"arn:aws:s3:::b/a\",\"type\":null}]",
            "event_id": "x", "first_time": "2026-01-02T03:04:05Z", "last_time": "2026-01-03T03:04:05Z", "times": 41
        });
        parse(&row, |event| {
            assert_eq!(
                (event.times, event.read_only, event.management),
                (41, Some(true), Some(false))
            );
            assert_eq!(event.last.to_string(), "2026-01-03T03:04:05Z");
            assert_eq!(event.request.value(), &json!({"key": "a"}));
            assert_eq!(event.resources[0].arn, "arn:aws:s3:::b/a");
        })
        .unwrap();
    }
}
