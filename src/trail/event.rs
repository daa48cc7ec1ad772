//! One CloudTrail record, read.

use std::borrow::Cow;
use std::cell::OnceCell;

use serde_json::Value;
use serde_json::value::RawValue;

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
    /// `awsRegion`.
    pub region: Cow<'a, str>,
    /// `recipientAccountId`, else the account of the caller.
    pub account: Option<Cow<'a, str>>,
    /// Who.
    pub caller: Caller,
    /// How it ended.
    pub outcome: Outcome,
    /// `readOnly`; `None` where the record does not say.
    pub read_only: Option<bool>,
    /// `managementEvent`, else derived from `eventCategory`; `None` where the record says neither.
    pub management: Option<bool>,
    /// `resources[]`.
    pub resources: Vec<EventResource>,
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
pub struct EventResource {
    /// `ARN` (or `ARNPrefix`, then ending in `*`).
    pub arn: String,
    /// `type`: `AWS::S3::Object`.
    pub kind: Option<String>,
    /// `accountId`.
    pub account: Option<String>,
}

/// A JSON object of a record, parsed when first asked.
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
    /// Not valid JSON, or a field of the wrong type.
    #[error("not a CloudTrail record: {0}")]
    Broken(String),
    /// A field without which nothing can be said is missing.
    #[error("the record has no {0}")]
    Missing(&'static str),
    /// A CloudTrail Insights event.
    #[error("a CloudTrail Insights event")]
    Insight,
    /// A CloudTrail digest.
    #[error("a CloudTrail digest")]
    Digest,
}

impl<'a> Event<'a> {
    /// Reads one record: a bare CloudTrail record, an entry of LookupEvents (`CloudTrailEvent` as a
    /// string), or an EventBridge envelope (`detail`). Never panics.
    ///
    /// # Errors
    /// [`NotAnEvent`] where the text cannot be used.
    pub fn parse(text: &'a [u8], scratch: &'a mut Scratch) -> Result<Self, NotAnEvent> {
        let _ = (text, scratch);
        todo!()
    }
}

/// Holds the unescaped text of a record that came as a string inside another (LookupEvents).
#[derive(Debug, Default)]
pub struct Scratch {
    /// The unescaped record.
    pub text: String,
}
