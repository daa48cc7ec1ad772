//! Reads a record by one walk forward over its text, borrowing what is wanted and building nothing else.
//!
//! It reads what CloudTrail writes: compact JSON, each field once and of its usual type. Of anything else
//! it says so, and [`Event::parse`] reads it; so both give the same answer, which tests hold against
//! recorded trails and mutations of them.

mod callers;
mod json;

use std::borrow::Cow;
use std::sync::Arc;

use callers::Callers;
use json::Span;

use super::event::{Event, EventResource, NotAnEvent, Parameters, Scratch};
use super::{Caller, Outcome};

/// How a record of a log file starts.
pub(crate) const START: &str = "{\"eventVersion\":";

/// Reads records, one after the other. It remembers who called and when, since the next record
/// mostly says the same.
#[derive(Debug, Default)]
pub struct Reader {
    callers: Callers,
    day: Day,
}

impl Reader {
    /// A reader that has read nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads one record, as [`Event::parse`] does.
    ///
    /// # Errors
    /// Those of [`Event::parse`].
    pub fn read<'a>(&mut self, text: &'a [u8], scratch: &'a mut Scratch) -> Result<Event<'a>, NotAnEvent> {
        let found = std::str::from_utf8(text).ok().and_then(|text| self.walk(text, 0));
        match found {
            Some((end, Some(event))) if end == text.len() => Ok(event),
            _ => Event::parse(text, scratch),
        }
    }

    /// Walks over the object that starts at `at`: where it ends, and the event if it is one that the walk can
    /// read. `None` where it is no compact JSON.
    pub(crate) fn walk<'a>(&mut self, text: &'a str, at: usize) -> Option<(usize, Option<Event<'a>>)> {
        let bytes = text.as_bytes();
        let mut fields = Fields::default();
        let mut at = at;
        if *bytes.get(at)? != b'{' {
            return None;
        }
        if *bytes.get(at + 1)? == b'}' {
            return Some((at + 2, None));
        }
        loop {
            at = fields.member(text, at + 1, &mut self.callers)?;
            match *bytes.get(at)? {
                b',' => {}
                b'}' => break,
                _ => return None,
            }
        }
        Some((at + 1, if fields.odd { None } else { self.event(fields) }))
    }

    fn event<'a>(&mut self, fields: Fields<'a>) -> Option<Event<'a>> {
        let filled = |text: Option<Cow<'a, str>>| text.filter(|text| !text.is_empty());
        let category = fields.category.as_deref();
        if category == Some("Insight") || fields.kind.as_deref() == Some("AwsCloudTrailInsight") {
            return None;
        }
        let time = self.day.time(fields.time?)?;
        let caller = fields.caller?;
        Some(Event {
            id: filled(fields.id),
            time,
            source: filled(fields.source)?,
            name: filled(fields.name)?,
            kind: fields.kind.unwrap_or_default(),
            region: fields.region.unwrap_or_default(),
            account: filled(fields.recipient).or_else(|| caller.account.clone().map(Cow::Owned)),
            outcome: match (&fields.code, &fields.message) {
                (None, None) => Outcome::Succeeded,
                (code, message) => Outcome::from_error(
                    code.as_deref().filter(|text| !text.is_empty()),
                    message.as_deref().filter(|text| !text.is_empty()),
                ),
            },
            caller,
            read_only: fields.read_only,
            management: fields.management.or(match category {
                Some("Management") => Some(true),
                Some("Data" | "NetworkActivity") => Some(false),
                _ => None,
            }),
            resources: fields.resources,
            request: Parameters::new(fields.request),
            response: Parameters::new(fields.response),
            additional: Parameters::new(fields.additional),
            source_ip: filled(fields.source_ip),
            user_agent: filled(fields.user_agent),
            vpc_endpoint: filled(fields.vpc_endpoint),
            tls: fields.tls,
            times: 1,
            last: time,
        })
    }
}

/// Where an object ends that starts at `at`; `None` where it is no compact JSON.
pub(crate) fn end_of_object(text: &str, at: usize) -> Option<usize> {
    (text.as_bytes().get(at) == Some(&b'{')).then(|| json::value(text.as_bytes(), at))?
}

/// Gives each member of a compact JSON object to `take`, with the text of its value. `None` for any other text, where
/// a name is escaped, and where `take` says so.
pub(super) fn each_member<'a>(
    text: &'a str,
    mut take: impl FnMut(&'a str, &'a str) -> Option<()>,
) -> Option<()> {
    let bytes = text.as_bytes();
    if bytes == b"{}" {
        return Some(());
    }
    let mut at = 0;
    let mut before = b'{';
    while *bytes.get(at)? == before && *bytes.get(at + 1)? == b'"' {
        let name = json::string(bytes, at + 2)?;
        let from = name.next() + 1;
        let end = json::value(bytes, from)?;
        if name.escaped || *bytes.get(from - 1)? != b':' {
            return None;
        }
        take(text.get(name.from..name.to)?, text.get(from..end)?)?;
        (at, before) = (end, b',');
    }
    (text.get(at..)? == "}").then_some(())
}

/// The members of a compact JSON object, each with the text of its value. `None` for any other text, and where
/// names are escaped, many, or there twice.
pub(super) fn members(text: &str) -> Option<Vec<(&str, &str)>> {
    const MOST: usize = 32;
    let mut found: Vec<(&str, &str)> = Vec::with_capacity(8);
    each_member(text, |name, value| {
        let is_odd = found.len() == MOST || found.iter().any(|(other, _)| *other == name);
        found.push((name, value));
        (!is_odd).then_some(())
    })?;
    Some(found)
}

/// The fields of a record as far as they have been met.
#[derive(Debug, Default)]
struct Fields<'a> {
    id: Option<Cow<'a, str>>,
    time: Option<&'a str>,
    source: Option<Cow<'a, str>>,
    name: Option<Cow<'a, str>>,
    kind: Option<Cow<'a, str>>,
    category: Option<Cow<'a, str>>,
    region: Option<Cow<'a, str>>,
    recipient: Option<Cow<'a, str>>,
    caller: Option<Arc<Caller>>,
    code: Option<Cow<'a, str>>,
    message: Option<Cow<'a, str>>,
    read_only: Option<bool>,
    management: Option<bool>,
    resources: Vec<EventResource<'a>>,
    request: Option<&'a str>,
    response: Option<&'a str>,
    additional: Option<&'a str>,
    source_ip: Option<Cow<'a, str>>,
    user_agent: Option<Cow<'a, str>>,
    vpc_endpoint: Option<Cow<'a, str>>,
    tls: bool,
    /// Which fields have been met, a bit each: `serde` refuses a record that has one twice.
    met: u32,
    /// Whether there is something that only the full parser reads as it should be read.
    odd: bool,
}

/// A field's name by its first eight bytes, and the rest of it with its quote and colon: of known length, so that
/// comparing it is a few instructions.
type Name<const REST: usize> = (u64, [u8; REST]);

macro_rules! names {
    ($($constant:ident = $head:literal, $rest:literal;)*) => {
        $(const $constant: Name<{ $rest.len() }> = (u64::from_le_bytes(*$head), *$rest);)*
    };
}

/// Where the value of the field starts whose name starts at `from` with the first bytes of this one.
#[inline]
fn after<const REST: usize>(bytes: &[u8], from: usize, (_, rest): Name<REST>) -> Option<usize> {
    let own: &[u8; REST] = bytes.get(from + 8..)?.first_chunk()?;
    (*own == rest).then_some(from + 8 + REST)
}

names! {
    EVENT_VERSION = b"eventVer", b"sion\":";
    USER_IDENTITY = b"userIden", b"tity\":";
    EVENT_TIME = b"eventTim", b"e\":";
    EVENT_SOURCE = b"eventSou", b"rce\":";
    EVENT_NAME = b"eventNam", b"e\":";
    AWS_REGION = b"awsRegio", b"n\":";
    SOURCE_IP = b"sourceIP", b"Address\":";
    USER_AGENT = b"userAgen", b"t\":";
    ERROR_CODE = b"errorCod", b"e\":";
    ERROR_MESSAGE = b"errorMes", b"sage\":";
    REQUEST = b"requestP", b"arameters\":";
    RESPONSE = b"response", b"Elements\":";
    ADDITIONAL = b"addition", b"alEventData\":";
    EVENT_ID = b"eventID\"", b":";
    READ_ONLY = b"readOnly", b"\":";
    RESOURCES = b"resource", b"s\":";
    EVENT_TYPE = b"eventTyp", b"e\":";
    MANAGEMENT = b"manageme", b"ntEvent\":";
    RECIPIENT = b"recipien", b"tAccountId\":";
    CATEGORY = b"eventCat", b"egory\":";
    VPC_ENDPOINT = b"vpcEndpo", b"intId\":";
    TLS = b"tlsDetai", b"ls\":";
}

impl<'a> Fields<'a> {
    /// One member, whose name's quote is at `at`: where its value ends.
    #[inline]
    fn member(&mut self, text: &'a str, at: usize, callers: &mut Callers) -> Option<usize> {
        let bytes = text.as_bytes();
        if *bytes.get(at)? != b'"' {
            return None;
        }
        let from = at + 1;
        let head = u64::from_le_bytes(*bytes.get(from..)?.first_chunk()?);
        // A `match` on constants becomes a search over numbers.
        let known = match head {
            h if h == EVENT_VERSION.0 => after(bytes, from, EVENT_VERSION).map(|at| json::value(bytes, at)),
            h if h == USER_IDENTITY.0 => {
                after(bytes, from, USER_IDENTITY).map(|at| self.identity(text, at, callers))
            }
            h if h == EVENT_TIME.0 => after(bytes, from, EVENT_TIME).map(|at| self.time(text, at)),
            h if h == EVENT_SOURCE.0 => {
                after(bytes, from, EVENT_SOURCE).map(|at| self.text(text, at, 2, |own| &mut own.source))
            }
            h if h == EVENT_NAME.0 => {
                after(bytes, from, EVENT_NAME).map(|at| self.text(text, at, 3, |own| &mut own.name))
            }
            h if h == AWS_REGION.0 => {
                after(bytes, from, AWS_REGION).map(|at| self.text(text, at, 4, |own| &mut own.region))
            }
            h if h == SOURCE_IP.0 => {
                after(bytes, from, SOURCE_IP).map(|at| self.text(text, at, 5, |own| &mut own.source_ip))
            }
            h if h == USER_AGENT.0 => {
                after(bytes, from, USER_AGENT).map(|at| self.text(text, at, 6, |own| &mut own.user_agent))
            }
            h if h == REQUEST.0 => {
                after(bytes, from, REQUEST).map(|at| self.raw(text, at, 9, |own| &mut own.request))
            }
            h if h == RESPONSE.0 => {
                after(bytes, from, RESPONSE).map(|at| self.raw(text, at, 10, |own| &mut own.response))
            }
            h if h == ADDITIONAL.0 => {
                after(bytes, from, ADDITIONAL).map(|at| self.raw(text, at, 11, |own| &mut own.additional))
            }
            h if h == EVENT_ID.0 => {
                after(bytes, from, EVENT_ID).map(|at| self.text(text, at, 12, |own| &mut own.id))
            }
            h if h == READ_ONLY.0 => {
                after(bytes, from, READ_ONLY).map(|at| self.flag(bytes, at, 13, |own| &mut own.read_only))
            }
            h if h == EVENT_TYPE.0 => {
                after(bytes, from, EVENT_TYPE).map(|at| self.text(text, at, 15, |own| &mut own.kind))
            }
            h if h == MANAGEMENT.0 => {
                after(bytes, from, MANAGEMENT).map(|at| self.flag(bytes, at, 16, |own| &mut own.management))
            }
            h if h == RECIPIENT.0 => {
                after(bytes, from, RECIPIENT).map(|at| self.text(text, at, 17, |own| &mut own.recipient))
            }
            h if h == CATEGORY.0 => {
                after(bytes, from, CATEGORY).map(|at| self.text(text, at, 18, |own| &mut own.category))
            }
            h if h == TLS.0 => after(bytes, from, TLS).map(|at| {
                self.meet(20);
                self.tls = true;
                json::value(bytes, at)
            }),
            h if h == RESOURCES.0 => after(bytes, from, RESOURCES).map(|at| self.resources(text, at)),
            h if h == VPC_ENDPOINT.0 => after(bytes, from, VPC_ENDPOINT)
                .map(|at| self.text(text, at, 19, |own| &mut own.vpc_endpoint)),
            h if h == ERROR_CODE.0 => {
                after(bytes, from, ERROR_CODE).map(|at| self.text(text, at, 7, |own| &mut own.code))
            }
            h if h == ERROR_MESSAGE.0 => {
                after(bytes, from, ERROR_MESSAGE).map(|at| self.text(text, at, 8, |own| &mut own.message))
            }
            _ => None,
        };
        match known {
            Some(end) => end,
            None => self.other(bytes, from),
        }
    }

    /// A field that is not read, unless its name is one that tells another shape.
    fn other(&mut self, bytes: &[u8], from: usize) -> Option<usize> {
        const TELLING: [&[u8]; 7] = [
            b"CloudTrailEvent",
            b"aggregated",
            b"class_uid",
            b"detail",
            b"digestStartTime",
            b"first_time",
            b"message",
        ];
        let name = json::string(bytes, from)?;
        self.odd |= name.escaped || TELLING.contains(&bytes.get(name.from..name.to)?);
        let at = name.next();
        if *bytes.get(at)? != b':' {
            return None;
        }
        json::value(bytes, at + 1)
    }

    fn meet(&mut self, bit: u32) {
        self.odd |= self.met & 1 << bit != 0;
        self.met |= 1 << bit;
    }

    #[inline]
    fn text(
        &mut self,
        text: &'a str,
        at: usize,
        bit: u32,
        place: impl FnOnce(&mut Self) -> &mut Option<Cow<'a, str>>,
    ) -> Option<usize> {
        self.meet(bit);
        if *text.as_bytes().get(at)? != b'"' {
            // `null` is nothing; a number or a flag has a text that the full parser makes.
            self.odd |= !text.get(at..)?.starts_with("null");
            return json::value(text.as_bytes(), at);
        }
        let span = json::string(text.as_bytes(), at + 1)?;
        match plain_or_unescaped(text, span) {
            Some(value) => *place(self) = Some(value),
            None => self.odd = true,
        }
        Some(span.next())
    }

    fn time(&mut self, text: &'a str, at: usize) -> Option<usize> {
        self.meet(1);
        if *text.as_bytes().get(at)? != b'"' {
            self.odd = true;
            return json::value(text.as_bytes(), at);
        }
        let span = json::string(text.as_bytes(), at + 1)?;
        self.odd |= span.escaped;
        self.time = text.get(span.from..span.to);
        Some(span.next())
    }

    #[inline]
    fn raw(
        &mut self,
        text: &'a str,
        at: usize,
        bit: u32,
        place: impl FnOnce(&mut Self) -> &mut Option<&'a str>,
    ) -> Option<usize> {
        self.meet(bit);
        let end = json::value(text.as_bytes(), at)?;
        let value = text.get(at..end)?;
        // `Option` takes `null` for nothing.
        if value != "null" {
            *place(self) = Some(value);
        }
        Some(end)
    }

    #[inline]
    fn flag(
        &mut self,
        bytes: &[u8],
        at: usize,
        bit: u32,
        place: impl FnOnce(&mut Self) -> &mut Option<bool>,
    ) -> Option<usize> {
        self.meet(bit);
        let end = json::value(bytes, at)?;
        match bytes.get(at..end)? {
            b"true" => *place(self) = Some(true),
            b"false" => *place(self) = Some(false),
            b"null" => {}
            _ => self.odd = true,
        }
        Some(end)
    }

    fn identity(&mut self, text: &'a str, at: usize, callers: &mut Callers) -> Option<usize> {
        self.meet(0);
        let (end, caller) = callers.read(text, at)?;
        self.odd |= caller.is_none();
        self.caller = caller;
        Some(end)
    }

    /// `resources`: a list of flat objects.
    fn resources(&mut self, text: &'a str, at: usize) -> Option<usize> {
        self.meet(14);
        let bytes = text.as_bytes();
        if *bytes.get(at)? != b'[' {
            self.odd |= !text.get(at..)?.starts_with("null");
            return json::value(bytes, at);
        }
        let start = at;
        let mut at = at + 1;
        if *bytes.get(at)? == b']' {
            return Some(at + 1);
        }
        loop {
            let Some((next, found)) = resource(text, at) else {
                // Not one of the usual ones: if it is JSON at all, the full parser reads it.
                self.odd = true;
                return json::value(bytes, start);
            };
            self.resources.extend(found);
            match *bytes.get(next)? {
                b',' => at = next + 1,
                b']' => return Some(next + 1),
                _ => return None,
            }
        }
    }
}

/// One entry of `resources`: where it ends, and what it names. `None` where it is unusual.
fn resource(text: &str, at: usize) -> Option<(usize, Option<EventResource<'_>>)> {
    let bytes = text.as_bytes();
    if *bytes.get(at)? != b'{' {
        return None;
    }
    let (mut arn, mut prefix, mut kind, mut account) = (None, None, None, None);
    let mut at = at;
    loop {
        if *bytes.get(at + 1)? != b'"' {
            return None;
        }
        let name = json::string(bytes, at + 2)?;
        let colon = name.next();
        if bytes.get(colon..colon + 2)? != b":\"" {
            return None;
        }
        let value = json::string(bytes, colon + 2)?;
        if value.escaped {
            return None;
        }
        let place = match bytes.get(name.from..name.to)? {
            b"ARN" => &mut arn,
            b"ARNPrefix" => &mut prefix,
            b"type" => &mut kind,
            b"accountId" => &mut account,
            _ => return None,
        };
        if place.replace(text.get(value.from..value.to)?).is_some() {
            return None;
        }
        at = value.next();
        match *bytes.get(at)? {
            b',' => {}
            b'}' => break,
            _ => return None,
        }
    }
    let filled = |text: &&str| !text.is_empty();
    let arn = match (arn.filter(filled), prefix.filter(filled)) {
        (Some(arn), _) => Some(Cow::Borrowed(arn)),
        (None, Some(prefix)) if prefix.ends_with('*') => Some(Cow::Borrowed(prefix)),
        (None, Some(prefix)) => Some(Cow::Owned(format!("{prefix}*"))),
        (None, None) => None,
    };
    let found = arn.map(|arn| EventResource {
        arn,
        kind: kind.filter(filled).map(Cow::Borrowed),
        account: account.filter(filled).map(Cow::Borrowed),
    });
    Some((at + 1, found))
}

/// The string's value; `None` where an escape in it stands for no character.
#[inline]
fn plain_or_unescaped(text: &str, span: Span) -> Option<Cow<'_, str>> {
    if !span.escaped {
        return text.get(span.from..span.to).map(Cow::Borrowed);
    }
    let quoted = text.get(span.from - 1..span.next())?;
    serde_json::from_str(quoted).ok().map(Cow::Owned)
}

/// The day of the last event: the next is mostly of the same.
#[derive(Debug, Default)]
struct Day {
    text: [u8; 10],
    start: i64,
}

impl Day {
    /// `2026-01-02T03:04:05Z`; `None` for any other form.
    fn time(&mut self, text: &str) -> Option<jiff::Timestamp> {
        let bytes: &[u8; 20] = text.as_bytes().try_into().ok()?;
        let [date @ .., b'T', h1, h2, b':', m1, m2, b':', s1, s2, b'Z'] = bytes else {
            return None;
        };
        let date: &[u8; 10] = date;
        let two = |tens: u8, ones: u8| {
            (tens.is_ascii_digit() && ones.is_ascii_digit())
                .then(|| i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
        };
        let (hour, minute, second) = (two(*h1, *h2)?, two(*m1, *m2)?, two(*s1, *s2)?);
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        if *date != self.text {
            let day = std::str::from_utf8(date)
                .ok()?
                .parse::<jiff::civil::Date>()
                .ok()?;
            let start = jiff::tz::Offset::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok()?;
            (self.text, self.start) = (*date, start.as_second());
        }
        jiff::Timestamp::from_second(self.start + hour * 3600 + minute * 60 + second).ok()
    }
}

#[cfg(test)]
mod tests;
