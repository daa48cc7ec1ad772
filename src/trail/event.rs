//! One CloudTrail record, read.
//!
//! The fields of a record:
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::lenient::{Flag, List, Object, Text, There};
use super::principal::Identity;
use super::shapes::{of_ocsf, of_row, of_table};
use super::{Caller, Outcome};

/// One CloudTrail record. Borrows from the record's text.
#[derive(Debug)]
pub struct Event<'a> {
    /// `eventID`. `None` in records that carry none (very old or hand-made ones): such a record
    /// cannot be de-duplicated.
    pub id: Option<Cow<'a, str>>,
    /// `eventTime`.
    pub time: jiff::Timestamp,
    /// `eventSource`: `s3.amazonaws.com`.
    pub source: Cow<'a, str>,
    /// `eventName`, as CloudTrail writes it: `UpdateFunctionCode20150331v2`.
    pub name: Cow<'a, str>,
    /// `eventType`; empty where the record has none.
    pub kind: Cow<'a, str>,
    /// `awsRegion`; empty where the record has none.
    pub region: Cow<'a, str>,
    /// `recipientAccountId`, else the account of the caller.
    pub account: Option<Cow<'a, str>>,
    /// Who.
    pub caller: Arc<Caller>,
    /// How it ended.
    pub outcome: Outcome,
    /// `readOnly`; `None` where the record does not say.
    pub read_only: Option<bool>,
    /// `managementEvent`, else derived from `eventCategory`; `None` where the record says neither.
    pub management: Option<bool>,
    /// `resources[]`.
    pub resources: Vec<EventResource<'a>>,
    /// `requestParameters`.
    pub request: Parameters<'a>,
    /// `responseElements`.
    pub response: Parameters<'a>,
    /// `additionalEventData`.
    pub additional: Parameters<'a>,
    /// `sourceIPAddress`.
    pub source_ip: Option<Cow<'a, str>>,
    /// `userAgent`.
    pub user_agent: Option<Cow<'a, str>>,
    /// `vpcEndpointId`.
    pub vpc_endpoint: Option<Cow<'a, str>>,
    /// Whether `tlsDetails` is there: the call came over TLS.
    pub tls: bool,
    /// How many calls the record stands for: one, but for `aggregated` records, which a query made.
    pub times: u64,
    /// The last of them; `time` is the first.
    pub last: jiff::Timestamp,
}

/// One entry of `resources[]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventResource<'a> {
    /// `ARN` (or `ARNPrefix`, then ending in `*`).
    pub arn: Cow<'a, str>,
    /// `type`: `AWS::S3::Object`.
    pub kind: Option<Cow<'a, str>>,
    /// `accountId`.
    pub account: Option<Cow<'a, str>>,
}

/// A JSON value of a record, parsed when first asked.
#[derive(Debug, Default)]
pub struct Parameters<'a> {
    raw: Option<&'a str>,
    // Boxed: most records are asked for neither, and are moved about.
    members: OnceCell<Box<Option<Vec<Member<'a>>>>>,
    parsed: OnceCell<Box<Value>>,
}

/// A member's name, and the text of its value.
type Member<'a> = (&'a str, &'a str);

impl<'a> Parameters<'a> {
    /// Over the text of a JSON value; `None` where the record has no such field.
    pub fn new(raw: Option<&'a str>) -> Self {
        Self {
            raw,
            members: OnceCell::new(),
            parsed: OnceCell::new(),
        }
    }

    /// Whether the record has the field at all and it is not `null`.
    pub fn is_present(&self) -> bool {
        self.raw.is_some_and(|raw| raw != "null")
    }

    /// The value's own text, as the record has it.
    pub fn raw(&self) -> Option<&'a str> {
        self.raw
    }

    /// The members of an object, each with the text of its value in compact JSON: what [`Self::value`] holds,
    /// without building it. `None` where only the value tells.
    pub(crate) fn members(&self) -> Option<&[Member<'a>]> {
        let of = |raw| super::walk::members(raw);
        let members = self.members.get_or_init(|| Box::new(self.raw.and_then(of)));
        members.as_deref()
    }

    /// The value; `Value::Null` where there is none.
    pub fn value(&self) -> &Value {
        self.parsed.get_or_init(|| {
            let value = self.raw.and_then(|raw| serde_json::from_str(raw).ok());
            Box::new(match value.unwrap_or(Value::Null) {
                // Tables keep them as a text.
                Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
                value => value,
            })
        })
    }
}

/// Why a record's text is no [`Event`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAnEvent {
    /// Not valid JSON, or a field that must be read and cannot.
    #[error("not a CloudTrail record: {0}")]
    Broken(String),
    /// A field without which nothing can be said is missing.
    #[error("the record has no {0}")]
    Missing(&'static str),
    /// JSON, but with none of the fields of a CloudTrail record.
    #[error("not a CloudTrail record: it has no eventName, no eventSource and no eventTime")]
    Foreign,
    /// A CloudTrail Insights event.
    #[error("a CloudTrail Insights event")]
    Insight,
    /// A CloudTrail digest.
    #[error("a CloudTrail digest")]
    Digest,
}

/// The fields that are read, and those that tell the shapes apart.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Raw<'a> {
    #[serde(borrow, rename = "eventID")]
    event_id: Text<'a>,
    #[serde(borrow)]
    event_time: Text<'a>,
    #[serde(borrow)]
    event_source: Text<'a>,
    #[serde(borrow)]
    event_name: Text<'a>,
    /// `eventName` as tables have it.
    #[serde(rename = "eventname")]
    lower_name: There,
    #[serde(borrow)]
    event_type: Text<'a>,
    #[serde(borrow)]
    event_category: Text<'a>,
    #[serde(borrow)]
    aws_region: Text<'a>,
    #[serde(borrow)]
    recipient_account_id: Text<'a>,
    #[serde(borrow)]
    user_identity: Object<Identity<'a>>,
    #[serde(borrow)]
    error_code: Text<'a>,
    #[serde(borrow)]
    error_message: Text<'a>,
    read_only: Flag,
    management_event: Flag,
    #[serde(borrow)]
    resources: List<RawResource<'a>>,
    #[serde(borrow)]
    request_parameters: Option<&'a RawValue>,
    #[serde(borrow)]
    response_elements: Option<&'a RawValue>,
    #[serde(borrow)]
    additional_event_data: Option<&'a RawValue>,
    #[serde(borrow, rename = "sourceIPAddress")]
    source_ip_address: Text<'a>,
    #[serde(borrow)]
    user_agent: Text<'a>,
    #[serde(borrow)]
    vpc_endpoint_id: Text<'a>,
    tls_details: There,
    /// What a query of ours adds to a record that stands for several: none of CloudTrail's own has it.
    #[serde(borrow)]
    aggregated: Object<Aggregated<'a>>,
    /// LookupEvents.
    #[serde(borrow, rename = "CloudTrailEvent")]
    cloud_trail_event: Text<'a>,
    /// EventBridge.
    #[serde(borrow)]
    detail: Option<&'a RawValue>,
    /// CloudWatch Logs.
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    /// Digests.
    digest_start_time: There,
    /// OCSF.
    #[serde(rename = "class_uid")]
    class_uid: There,
    /// Rows of our own queries.
    #[serde(rename = "first_time")]
    first_time: There,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Aggregated<'a> {
    times: u64,
    #[serde(borrow)]
    last: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct RawResource<'a> {
    #[serde(borrow, rename = "ARN", alias = "arn")]
    arn: Text<'a>,
    #[serde(borrow, rename = "ARNPrefix")]
    prefix: Text<'a>,
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    account_id: Text<'a>,
}

impl<'a> Event<'a> {
    /// Reads one record: a bare CloudTrail record, an entry of LookupEvents (`CloudTrailEvent` as a
    /// string), an EventBridge envelope (`detail`), or a CloudWatch Logs event (`message`). Never
    /// panics.
    ///
    /// # Errors
    /// [`NotAnEvent`] where the text cannot be used.
    pub fn parse(text: &'a [u8], scratch: &'a mut Scratch) -> Result<Self, NotAnEvent> {
        let text = std::str::from_utf8(text).map_err(|_| NotAnEvent::Broken("it is not UTF-8".to_owned()))?;
        let raw = unwrap_detail(read(text)?)?;
        if let Some(made) = raw.other_shape(text)? {
            scratch.text = made;
            return Self::from_raw(read(&scratch.text)?);
        }
        match raw.inner() {
            Some(inner) => {
                // Strings of LookupEvents are always escaped: the record in them needs a place.
                scratch.text = inner;
                Self::from_raw(unwrap_detail(read(&scratch.text)?)?)
            }
            None => Self::from_raw(raw),
        }
    }

    fn from_raw(raw: Raw<'a>) -> Result<Self, NotAnEvent> {
        raw.check()?;
        let time = parse_time(&raw.event_time)?;
        let (times, last) = match &raw.aggregated.0 {
            Some(own) => (own.times.max(1), parse_time(&own.last).unwrap_or(time).max(time)),
            None => (1, time),
        };
        let region = raw.aws_region.filled().unwrap_or_default();
        let identity = raw.user_identity.0.ok_or(NotAnEvent::Missing("userIdentity"))?;
        let caller = Arc::new(identity.into_caller(&region));
        Ok(Self {
            id: raw.event_id.filled(),
            time,
            source: required(raw.event_source, "eventSource")?,
            name: required(raw.event_name, "eventName")?,
            kind: raw.event_type.filled().unwrap_or_default(),
            region,
            account: raw
                .recipient_account_id
                .filled()
                .or_else(|| caller.account.clone().map(Cow::Owned)),
            caller,
            outcome: Outcome::from_error(raw.error_code.get(), raw.error_message.get()),
            read_only: raw.read_only.0,
            management: raw.management_event.0.or(match raw.event_category.get() {
                Some("Management") => Some(true),
                Some("Data" | "NetworkActivity") => Some(false),
                _ => None,
            }),
            resources: raw
                .resources
                .0
                .into_iter()
                .filter_map(RawResource::named)
                .collect(),
            request: Parameters::new(raw.request_parameters.map(RawValue::get)),
            response: Parameters::new(raw.response_elements.map(RawValue::get)),
            additional: Parameters::new(raw.additional_event_data.map(RawValue::get)),
            source_ip: raw.source_ip_address.filled(),
            user_agent: raw.user_agent.filled(),
            vpc_endpoint: raw.vpc_endpoint_id.filled(),
            tls: raw.tls_details.0,
            times,
            last,
        })
    }
}

impl Raw<'_> {
    /// Whether the object has a name, a source or a time of an event.
    fn is_event(&self) -> bool {
        [&self.event_name, &self.event_source, &self.event_time]
            .into_iter()
            .any(|text| text.get().is_some())
    }

    /// The record that an object of another shape says.
    fn other_shape(&self, text: &str) -> Result<Option<String>, NotAnEvent> {
        if self.is_event() || !(self.class_uid.0 || self.first_time.0 || self.lower_name.0) {
            return Ok(None);
        }
        let object = serde_json::from_str(text).map_err(|error| NotAnEvent::Broken(error.to_string()))?;
        let made = if self.class_uid.0 {
            of_ocsf(&object).ok_or(NotAnEvent::Foreign)?
        } else if self.lower_name.0 {
            of_table(&object)
        } else {
            of_row(&object)
        };
        Ok(Some(made.to_string()))
    }

    /// The record that stands in this object as a string.
    fn inner(&self) -> Option<String> {
        if let Some(text) = self.cloud_trail_event.get() {
            return Some(text.to_owned());
        }
        let message = self.message.filter(|_| !self.is_event())?;
        let text: String = serde_json::from_str(message.get()).ok()?;
        text.trim_start().starts_with('{').then_some(text)
    }

    /// Refuses what is no record of a call.
    fn check(&self) -> Result<(), NotAnEvent> {
        if self.digest_start_time.0 && !self.is_event() {
            return Err(NotAnEvent::Digest);
        }
        if self.event_category.get() == Some("Insight")
            || self.event_type.get() == Some("AwsCloudTrailInsight")
        {
            return Err(NotAnEvent::Insight);
        }
        if !self.is_event() {
            return Err(NotAnEvent::Foreign);
        }
        Ok(())
    }
}

impl<'a> RawResource<'a> {
    /// Entries without an ARN name nothing.
    fn named(self) -> Option<EventResource<'a>> {
        let arn = self.arn.filled().or_else(|| {
            let prefix = self.prefix.filled()?;
            Some(if prefix.ends_with('*') {
                prefix
            } else {
                Cow::Owned(format!("{prefix}*"))
            })
        })?;
        Some(EventResource {
            arn,
            kind: self.kind.filled(),
            account: self.account_id.filled(),
        })
    }
}

fn read(text: &str) -> Result<Raw<'_>, NotAnEvent> {
    serde_json::from_str(text).map_err(|error| NotAnEvent::Broken(error.to_string()))
}

/// The record in an EventBridge envelope; anything else as it is.
fn unwrap_detail(raw: Raw<'_>) -> Result<Raw<'_>, NotAnEvent> {
    match raw.detail {
        Some(detail) if !raw.is_event() && detail.get().starts_with('{') => read(detail.get()),
        _ => Ok(raw),
    }
}

fn required<'a>(text: Text<'a>, field: &'static str) -> Result<Cow<'a, str>, NotAnEvent> {
    text.filled().ok_or(NotAnEvent::Missing(field))
}

/// `eventTime` is in UTC. RFC 3339 is what CloudTrail writes; log stores turn it into a date and a
/// time with a space between and without a zone.
fn parse_time(text: &Text<'_>) -> Result<jiff::Timestamp, NotAnEvent> {
    let text = text.get().ok_or(NotAnEvent::Missing("eventTime"))?;
    if let Ok(time) = text.parse() {
        return Ok(time);
    }
    let utc = |time| jiff::tz::TimeZone::UTC.to_timestamp(time).ok();
    text.parse()
        .ok()
        .and_then(utc)
        .ok_or_else(|| NotAnEvent::Broken("eventTime is not a time".to_owned()))
}

/// Holds the unescaped text of a record that came as a string inside another (LookupEvents).
#[derive(Debug, Default)]
pub struct Scratch {
    text: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::PrincipalKind;
    use serde_json::json;

    fn record() -> Value {
        json!({
            "eventVersion": "1.11",
            "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ana", "accountId": "111122223333", "userName": "ana"},
            "eventTime": "2026-01-02T03:04:05Z", "eventSource": "s3.amazonaws.com", "eventName": "GetObject",
            "awsRegion": "eu-west-1", "sourceIPAddress": "203.0.113.9", "userAgent": "aws-cli/2 \"x\"",
            "requestParameters": {"bucketName": "b", "key": "a\u{e9}"}, "responseElements": null,
            "additionalEventData": {"bytesTransferredOut": 7},
            "requestID": "R", "eventID": "6ce47c89-5908-452d-87cc-a7c251ac4ac0", "readOnly": true,
            "resources": [
                {"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::b/a"},
                {"type": "AWS::S3::Object", "ARNPrefix": "arn:aws:s3:::b/"},
                {"accountId": "111122223333", "type": "AWS::S3::Bucket"}
            ],
            "eventType": "AwsApiCall", "managementEvent": false, "recipientAccountId": "444455556666",
            "eventCategory": "Data", "vpcEndpointId": "vpce-1", "tlsDetails": {"tlsVersion": "TLSv1.3"}
        })
    }

    fn with(change: impl FnOnce(&mut Value)) -> Value {
        let mut record = record();
        change(&mut record);
        record
    }

    fn parse<T>(record: &Value, look: impl FnOnce(Event<'_>) -> T) -> Result<T, NotAnEvent> {
        let text = record.to_string();
        let mut scratch = Scratch::default();
        Event::parse(text.as_bytes(), &mut scratch).map(look)
    }

    fn refused(record: &Value) -> NotAnEvent {
        parse(record, |_| ()).unwrap_err()
    }

    #[test]
    fn every_field_is_read() {
        parse(&record(), |event| {
            assert_eq!(event.id.as_deref(), Some("6ce47c89-5908-452d-87cc-a7c251ac4ac0"));
            assert_eq!(event.time.to_string(), "2026-01-02T03:04:05Z");
            assert_eq!((&*event.source, &*event.name), ("s3.amazonaws.com", "GetObject"));
            assert_eq!((&*event.kind, &*event.region), ("AwsApiCall", "eu-west-1"));
            assert_eq!(event.account.as_deref(), Some("444455556666"));
            assert_eq!(event.caller.principal.kind, PrincipalKind::User);
            assert_eq!(event.outcome, Outcome::Succeeded);
            assert_eq!(
                (event.read_only, event.management, event.tls),
                (Some(true), Some(false), true)
            );
            let arns: Vec<_> = event.resources.iter().map(|resource| &*resource.arn).collect();
            assert_eq!(arns, ["arn:aws:s3:::b/a", "arn:aws:s3:::b/*"]);
            assert_eq!(event.request.value()["key"], "a\u{e9}");
            assert_eq!(event.additional.value()["bytesTransferredOut"], 7);
            assert!(event.request.is_present() && !event.response.is_present());
            assert_eq!(event.source_ip.as_deref(), Some("203.0.113.9"));
            assert_eq!(event.user_agent.as_deref(), Some("aws-cli/2 \"x\""));
            assert_eq!(event.vpc_endpoint.as_deref(), Some("vpce-1"));
        })
        .unwrap();
    }

    #[test]
    fn plain_fields_are_borrowed() {
        parse(&record(), |event| {
            for text in [
                &event.source,
                &event.name,
                &event.region,
                event.id.as_ref().unwrap(),
            ] {
                assert!(matches!(text, Cow::Borrowed(_)), "{text}");
            }
        })
        .unwrap();
    }

    #[test]
    fn every_envelope_gives_the_same_record() {
        let entry = json!({"EventId": "x", "EventName": "GetObject", "EventTime": 1.7e9, "Resources": [],
                           "CloudTrailEvent": record().to_string()});
        let envelope = json!({"version": "0", "id": "y", "detail-type": "AWS API Call via CloudTrail", "source": "aws.s3",
                              "time": "2026-01-02T03:04:06Z", "resources": [], "detail": record()});
        let log = json!({"id": "1", "timestamp": 1, "message": record().to_string()});
        let both = json!({"id": "1", "message": envelope.to_string()});
        for record in [entry, envelope, log, both] {
            let name = parse(&record, |event| event.id.unwrap().into_owned()).unwrap();
            assert_eq!(name, "6ce47c89-5908-452d-87cc-a7c251ac4ac0", "{record}");
        }
    }

    #[test]
    fn what_is_not_needed_may_have_any_type() {
        let needed = ["eventTime", "eventSource", "eventName", "userIdentity"];
        let fields: Vec<String> = record().as_object().unwrap().keys().cloned().collect();
        for field in fields {
            for value in [
                json!(null),
                json!(1),
                json!(true),
                json!("word"),
                json!([1, {}]),
                json!({"a": [1]}),
            ] {
                let outcome = parse(&with(|record| record[&field] = value.clone()), |_| ());
                assert!(
                    needed.contains(&field.as_str()) || outcome.is_ok(),
                    "{field} = {value}: {outcome:?}"
                );
            }
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        for field in ["eventTime", "eventSource", "eventName", "userIdentity"] {
            let gone = with(|record| drop(record.as_object_mut().unwrap().remove(field)));
            assert_eq!(refused(&gone), NotAnEvent::Missing(field));
            assert_eq!(
                refused(&with(|record| record[field] = Value::Null)),
                NotAnEvent::Missing(field)
            );
        }
        let wrong = refused(&with(|record| record["eventTime"] = "yesterday".into()));
        assert!(matches!(wrong, NotAnEvent::Broken(why) if why.contains("eventTime")));
        let bare = with(|record| drop(record.as_object_mut().unwrap().remove("eventID")));
        assert_eq!(parse(&bare, |event| event.id.is_none()), Ok(true));
    }

    #[test]
    fn what_is_no_call_is_named() {
        for (record, why) in [
            (
                json!({"awsAccountId": "111122223333", "digestStartTime": "2026-01-02T03:04:05Z", "logFiles": []}),
                NotAnEvent::Digest,
            ),
            (
                with(|record| record["eventCategory"] = "Insight".into()),
                NotAnEvent::Insight,
            ),
            (
                with(|record| record["eventType"] = "AwsCloudTrailInsight".into()),
                NotAnEvent::Insight,
            ),
            (
                json!({"name": "leastgrant", "message": "hello"}),
                NotAnEvent::Foreign,
            ),
            (
                json!({"detail": "x", "message": "{"}),
                NotAnEvent::Broken(String::new()),
            ),
            (
                json!({"CloudTrailEvent": "not json"}),
                NotAnEvent::Broken(String::new()),
            ),
            (json!({}), NotAnEvent::Foreign),
        ] {
            assert_eq!(
                std::mem::discriminant(&refused(&record)),
                std::mem::discriminant(&why),
                "{record}"
            );
        }
    }

    #[test]
    fn times_come_in_three_forms() {
        for text in [
            "2026-01-02T03:04:05Z",
            "2026-01-02 03:04:05",
            "2026-01-02 03:04:05.000000000",
            "2026-01-02T04:04:05+01:00",
        ] {
            let time = parse(&with(|record| record["eventTime"] = text.into()), |event| {
                event.time.to_string()
            });
            assert_eq!(time.as_deref(), Ok("2026-01-02T03:04:05Z"), "{text}");
        }
    }

    #[test]
    fn management_comes_from_the_category_where_the_flag_is_missing() {
        for (category, management) in [
            ("Management", Some(true)),
            ("Data", Some(false)),
            ("NetworkActivity", Some(false)),
            ("", None),
        ] {
            let record = with(|record| {
                record["managementEvent"] = Value::Null;
                record["eventCategory"] = category.into();
                record["readOnly"] = "false".into();
            });
            assert_eq!(
                parse(&record, |event| (event.management, event.read_only)),
                Ok((management, Some(false)))
            );
        }
    }

    #[test]
    fn requests_of_any_type_are_kept() {
        let request = with(|record| record["requestParameters"] = "text".into());
        assert_eq!(
            parse(&request, |event| event.request.value().clone()),
            Ok(json!("text"))
        );
        let none = with(|record| drop(record.as_object_mut().unwrap().remove("requestParameters")));
        assert_eq!(
            parse(&none, |event| event.request.value().clone()),
            Ok(Value::Null)
        );
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = Event::parse(&bytes, &mut Scratch::default());
        }

        #[test]
        fn no_cut_or_changed_record_panics(at in 0usize..1200, byte: u8) {
            let mut text = record().to_string().into_bytes();
            let _ = Event::parse(text.get(..at).unwrap_or_default(), &mut Scratch::default());
            if let Some(place) = text.get_mut(at) {
                *place = byte;
            }
            let _ = Event::parse(&text, &mut Scratch::default());
        }
    }
}
