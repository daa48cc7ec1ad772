//! One CloudTrail record, read.
//!
//! The fields of a record:
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>.

use std::borrow::Cow;
use std::cell::OnceCell;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::lenient::{Flag, List, Object, Text, There};
use super::principal::Identity;
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
    pub caller: Caller<'a>,
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
    raw: Option<&'a RawValue>,
    parsed: OnceCell<Value>,
}

impl<'a> Parameters<'a> {
    /// Over a raw value; `None` where the record has no such field.
    pub fn new(raw: Option<&'a RawValue>) -> Self {
        Self {
            raw,
            parsed: OnceCell::new(),
        }
    }

    /// Whether the record has the field at all and it is not `null`.
    pub fn is_present(&self) -> bool {
        self.raw.is_some_and(|raw| raw.get() != "null")
    }

    /// The value's own text, as the record has it.
    pub fn raw(&self) -> Option<&'a str> {
        self.raw.map(RawValue::get)
    }

    /// The value; `Value::Null` where there is none.
    pub fn value(&self) -> &Value {
        self.parsed.get_or_init(|| {
            self.raw
                .and_then(|raw| serde_json::from_str(raw.get()).ok())
                .unwrap_or(Value::Null)
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
        let region = raw.aws_region.filled().unwrap_or_default();
        let identity = raw.user_identity.0.ok_or(NotAnEvent::Missing("userIdentity"))?;
        let caller = identity.into_caller(&region);
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
                .or_else(|| caller.account.clone()),
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
            request: Parameters::new(raw.request_parameters),
            response: Parameters::new(raw.response_elements),
            additional: Parameters::new(raw.additional_event_data),
            source_ip: raw.source_ip_address.filled(),
            user_agent: raw.user_agent.filled(),
            vpc_endpoint: raw.vpc_endpoint_id.filled(),
            tls: raw.tls_details.0,
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
