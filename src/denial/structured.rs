//! Records and decoded messages in a paste: JSON that says more than its sentences.

use serde_json::Value;

use super::wrapper::{Client, actions_of};
use super::{Denial, DeniedBy, Kind, encoded, token};
use crate::require::{Mapped, Resource, requirements};
use crate::trail::{Event, Outcome, RefusedBy, Scratch, refusal};

/// The largest object that is read as a record, in bytes. CloudTrail's records end at 256 KB; LookupEvents
/// escapes them again.
const LARGEST: usize = 1 << 20;

/// The refusals of the records in a paste, and the paste without those records.
pub(super) fn read(paste: &str) -> (Vec<Denial>, String) {
    let mut denials = Vec::new();
    let mut rest = paste.to_owned();
    for level in 0..3 {
        let found = objects(&rest);
        if !found.is_empty() {
            let mut left = String::with_capacity(rest.len());
            let mut from = 0;
            for object in &found {
                let line = line_of(&rest, object.from);
                denials.extend(object.denials.iter().cloned().map(|mut denial| {
                    denial.lines = vec![line];
                    denial
                }));
                left.push_str(rest.get(from..object.from).unwrap_or_default());
                // The lines stay, so that what follows keeps its numbers.
                let cut = rest.get(object.from..object.to).unwrap_or_default();
                left.extend(std::iter::repeat_n('\n', cut.matches('\n').count()));
                from = object.to;
            }
            left.push_str(rest.get(from..).unwrap_or_default());
            rest = left;
        }
        // A record in a string is escaped once or twice.
        let escaped = MARKS
            .iter()
            .any(|mark| memchr::memmem::find(rest.as_bytes(), mark.as_bytes()).is_some());
        if level == 2 || !escaped || !rest.contains("\\\"") {
            break;
        }
        rest = unescaped(&rest);
    }
    (denials, rest)
}

/// Names that only records and decoded messages have.
const MARKS: [&str; 2] = ["eventSource", "explicitDeny"];

struct Object {
    from: usize,
    to: usize,
    denials: Vec<Denial>,
}

/// The records in the text, in their order.
fn objects(text: &str) -> Vec<Object> {
    let mut found: Vec<Object> = Vec::new();
    let mut places: Vec<usize> = ["\"eventSource\"", "\"explicitDeny\""]
        .iter()
        .flat_map(|mark| memchr::memmem::find_iter(text.as_bytes(), mark.as_bytes()))
        .collect();
    places.sort_unstable();
    for place in places {
        let done = found.last().map_or(0, |last| last.to);
        if place < done {
            continue;
        }
        if let Some((from, to, value)) = enclosing(text, place, done) {
            let denials = denials_of(&value);
            found.push(Object { from, to, denials });
        }
    }
    found
}

/// The innermost object around `place` that is JSON, not before `floor`.
fn enclosing(text: &str, place: usize, floor: usize) -> Option<(usize, usize, Value)> {
    let bytes = text.as_bytes();
    let floor = floor.max(place.saturating_sub(LARGEST));
    let mut depth = 0usize;
    let mut tries = 0;
    for at in (floor..place).rev() {
        match bytes.get(at) {
            Some(b'}') => depth += 1,
            Some(b'{') if depth > 0 => depth -= 1,
            Some(b'{') => {
                let mut end = text.len().min(at + LARGEST);
                while !text.is_char_boundary(end) {
                    end -= 1;
                }
                let mut stream = serde_json::Deserializer::from_str(text.get(at..end)?).into_iter::<Value>();
                if let Some(Ok(value)) = stream.next() {
                    return Some((at, at + stream.byte_offset(), value));
                }
                tries += 1;
                if tries == 3 {
                    return None;
                }
            }
            _ => {}
        }
    }
    None
}

fn line_of(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or_default().matches('\n').count() + 1
}

/// One level of escapes less.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        let mut characters = from.chars();
        characters.next();
        match characters.next() {
            Some(kept @ ('"' | '\\' | '/')) => plain.push(kept),
            Some(other) => {
                plain.push('\\');
                plain.push(other);
            }
            None => plain.push('\\'),
        }
        rest = characters.as_str();
    }
    plain.push_str(rest);
    plain
}

fn denials_of(value: &Value) -> Vec<Denial> {
    if value.get("explicitDeny").is_some() {
        return encoded::decoded(value).into_iter().collect();
    }
    record(value).into_iter().collect()
}

/// A refusal from a record; `None` where the call was not refused.
fn record(value: &Value) -> Option<Denial> {
    let text = |name: &str| {
        value
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    let (source, name) = (text("eventSource")?, text("eventName")?);
    let (code, message) = (text("errorCode"), text("errorMessage"));
    if !Outcome::from_error(code, message).is_refused() {
        return None;
    }
    let said = refusal::read(message.unwrap_or_default());
    let mut denial = Denial::new();
    denial.client = Some(Client::CloudTrail);
    denial.operation = Some(operation(name).to_owned());
    denial.service = action_catalog::prefix_of_source(source).map(str::to_owned);
    denial.principal = principal(value.get("userIdentity"));
    denial.resource = said.resource.map(str::to_owned);
    denial.layer = layer(said.by);
    if code == Some("VpceAccessDenied") {
        denial.layer = DeniedBy::Endpoint;
    }
    if said.explicit {
        denial.kind = Kind::Explicit;
    } else if message.is_some_and(|message| message.contains("because no ")) {
        denial.kind = Kind::Implicit;
    }
    denial.action = said.action.map(token::spelt);
    // The sentence, read as a paste, also tells the refusing policy.
    let (sentences, _) = super::forms::read(message.unwrap_or_default());
    if let Some(sentence) = sentences.into_iter().find(|own| own.action.is_some()) {
        denial.action = sentence.action.or(denial.action);
        denial.resource = sentence.resource.or(denial.resource);
        denial.policy_arn = sentence.policy_arn;
        denial.layer = sentence.layer;
        denial.kind = sentence.kind;
        denial.encoded = sentence.encoded;
        // An account's id says less than the ARN that the message gives.
        let is_arn = |own: &String| own.starts_with("arn:");
        denial.principal = denial
            .principal
            .filter(|own| is_arn(own) || !sentence.principal.as_ref().is_some_and(is_arn))
            .or(sentence.principal);
    } else {
        fill_from_the_call(&mut denial, value);
    }
    Some(denial)
}

/// The event's name without its API date: `CreateFunction20150331`.
fn operation(name: &str) -> &str {
    name.find("20")
        .filter(|at| {
            *at > 3
                && name
                    .get(*at..)
                    .is_some_and(|date| date.len() >= 8 && date.bytes().take(8).all(|b| b.is_ascii_digit()))
        })
        .and_then(|at| name.get(..at))
        .unwrap_or(name)
}

fn layer(by: RefusedBy) -> DeniedBy {
    match by {
        RefusedBy::Identity => DeniedBy::Identity,
        RefusedBy::Resource => DeniedBy::Resource,
        RefusedBy::Boundary => DeniedBy::Boundary,
        RefusedBy::Session => DeniedBy::Session,
        RefusedBy::Scp => DeniedBy::Scp,
        RefusedBy::Rcp => DeniedBy::Rcp,
        RefusedBy::Endpoint => DeniedBy::Endpoint,
        RefusedBy::Trust => DeniedBy::Trust,
        RefusedBy::Unnamed => DeniedBy::Unknown,
    }
}

fn principal(identity: Option<&Value>) -> Option<String> {
    let identity = identity?;
    let text = |name: &str| {
        identity
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    if let Some(arn) = text("arn") {
        return Some(arn.to_owned());
    }
    if text("principalId").is_some_and(|id| id.eq_ignore_ascii_case("anonymous")) {
        return Some("anonymous".to_owned());
    }
    text("invokedBy").or_else(|| text("accountId")).map(str::to_owned)
}

/// Where the message does not name the action, the call does.
fn fill_from_the_call(denial: &mut Denial, value: &Value) {
    let mut whole = value.clone();
    if let Some(fields) = whole.as_object_mut() {
        fields
            .entry("eventTime")
            .or_insert_with(|| "1970-01-01T00:00:00Z".into());
        fields.entry("awsRegion").or_insert_with(|| "".into());
        // Only successes and refusals ask for permissions; what is missing is asked of the call itself.
        fields.remove("errorCode");
        fields.remove("errorMessage");
    }
    let text = whole.to_string();
    let mut scratch = Scratch::default();
    let mapped = Event::parse(text.as_bytes(), &mut scratch).map(|event| requirements(&event));
    if let Ok(Mapped::Requires(needs)) = mapped
        && let Some(first) = needs.iter().find(|need| need.certain).or_else(|| needs.first())
    {
        denial.action = Some(first.action.to_string());
        denial.resource = match &first.resource {
            Resource::Arn(arn) => Some(arn.clone()),
            Resource::Any => Some("*".to_owned()),
            _ => None,
        };
    }
    if denial.action.is_none()
        && let Some(operation) = &denial.operation
    {
        denial.action = actions_of(denial.service.as_deref(), operation, true)
            .into_iter()
            .next();
    }
}
