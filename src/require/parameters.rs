//! Reads request parameters and response elements by path, as CloudTrail writes them.

use std::borrow::Cow;

use action_catalog::When;
use serde_json::Value;
use smallvec::{SmallVec, smallvec};

use crate::trail::Event;

/// The condition of a need, its paths taken apart: it is asked of every event of an operation.
#[derive(Debug)]
pub(super) enum Condition<'t> {
    Present(Path<'t>),
    Absent(Path<'t>),
    Equals(Path<'t>, &'t str),
    Matches(Path<'t>, &'t str),
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
}

impl<'t> Condition<'t> {
    pub(super) fn new(when: &'t When) -> Self {
        match when {
            When::Present(path) => Self::Present(Path::new(path)),
            When::Absent(path) => Self::Absent(Path::new(path)),
            When::Equals { path, value } => Self::Equals(Path::new(path), value),
            When::Matches { path, pattern } => Self::Matches(Path::new(path), pattern),
            When::All(all) => Self::All(all.iter().map(Self::new).collect()),
            When::Any(any) => Self::Any(any.iter().map(Self::new).collect()),
            When::Not(not) => Self::Not(Box::new(Self::new(not))),
        }
    }

    /// Whether it holds for this event. A parameter that was cut away cannot be told from one that was never given:
    /// it is read as not given.
    pub(super) fn holds(&self, event: &Event<'_>) -> bool {
        match self {
            Self::Present(path) => is_there(event, path),
            Self::Absent(path) => !is_there(event, path),
            Self::Equals(path, value) => strings(event, path).iter().any(|found| found == value),
            Self::Matches(path, pattern) => strings(event, path)
                .iter()
                .any(|found| crate::pattern::matches_ignore_case(pattern, found)),
            Self::All(all) => all.iter().all(|condition| condition.holds(event)),
            Self::Any(any) => any.iter().any(|condition| condition.holds(event)),
            Self::Not(not) => !not.holds(event),
        }
    }
}

/// Where values stand: `a|b` is the first alternative that is there; a leading `response.` reads the response; `[]`
/// visits each element; names match in any case.
#[derive(Debug)]
pub(super) struct Path<'t>(SmallVec<[Alternative<'t>; 1]>);

#[derive(Debug)]
struct Alternative<'t> {
    is_response: bool,
    /// All names, with their dots.
    steps: &'t str,
    /// The first name.
    first: &'t str,
    /// Whether there is nothing but that name.
    is_one: bool,
}

impl<'t> Path<'t> {
    pub(super) fn new(path: &'t str) -> Self {
        let alternative = |path: &'t str| {
            let (is_response, steps) = match path.strip_prefix("response.") {
                Some(rest) => (true, rest),
                None => (false, path),
            };
            let step = steps.split_once('.').map_or(steps, |(first, _)| first);
            let first = step.strip_suffix("[]").unwrap_or(step);
            Alternative {
                is_response,
                steps,
                first,
                is_one: first == steps,
            }
        };
        Self(path.split('|').map(alternative).collect())
    }
}

/// Values as text: mostly one.
pub(super) type Texts<'e> = SmallVec<[Cow<'e, str>; 1]>;

/// All values at a path as text.
pub(super) fn strings<'e>(event: &'e Event<'_>, path: &Path<'_>) -> Texts<'e> {
    for alternative in &path.0 {
        let known = match direct(event, alternative) {
            Direct::Absent => continue,
            Direct::Value(raw) => scalar_of_text(raw),
            Direct::Unknown => None,
        };
        let found: Texts<'e> = match known {
            Some(text) => text.into_iter().collect(),
            None => values(event, alternative)
                .into_iter()
                .filter_map(scalar)
                .collect(),
        };
        if !found.is_empty() {
            return found;
        }
    }
    Texts::new()
}

/// Whether there is anything but `null`, `false`, an empty text, list or object at `path`.
fn is_there(event: &Event<'_>, path: &Path<'_>) -> bool {
    path.0.iter().any(|alternative| match direct(event, alternative) {
        Direct::Absent => false,
        Direct::Value(raw) => !matches!(raw, "null" | "false" | "\"\"" | "[]" | "{}"),
        Direct::Unknown => values(event, alternative).into_iter().any(|value| match value {
            Value::Null | Value::Bool(false) => false,
            Value::String(text) => !text.is_empty(),
            Value::Array(list) => !list.is_empty(),
            Value::Object(object) => !object.is_empty(),
            _ => true,
        }),
    })
}

/// What the text of the parameters tells of a path without being parsed.
enum Direct<'e> {
    /// Nothing is there.
    Absent,
    /// The text of the one value there, compact JSON.
    Value(&'e str),
    /// Only [`values`] tells.
    Unknown,
}

fn direct<'e>(event: &'e Event<'_>, alternative: &Alternative<'_>) -> Direct<'e> {
    let Alternative {
        is_response,
        first: name,
        is_one,
        ..
    } = *alternative;
    let parameters = if is_response {
        &event.response
    } else {
        &event.request
    };
    if !parameters.is_present() {
        return Direct::Absent;
    }
    let Some(members) = parameters.members().filter(|_| !name.is_empty()) else {
        return Direct::Unknown;
    };
    let named = |is: &dyn Fn(&str) -> bool| members.iter().find(|(own, _)| is(own));
    match named(&|own| own == name).or_else(|| named(&|own| own.eq_ignore_ascii_case(name))) {
        Some((_, value)) if is_one => Direct::Value(value),
        Some(_) => Direct::Unknown,
        None if !is_response
            && members
                .iter()
                .any(|(own, value)| is_wrapper(own, value.starts_with('{'))) =>
        {
            Direct::Unknown
        }
        None => Direct::Absent,
    }
}

/// [`scalar`] of the value with this text, in compact JSON; `None` where it must be parsed for that.
fn scalar_of_text(raw: &str) -> Option<Option<Cow<'_, str>>> {
    /// A number of more digits may be written otherwise once it is read.
    const DIGITS: usize = 15;
    match raw.as_bytes() {
        [b'"', .., b'"'] if raw.contains('\\') => None,
        [b'"', .., b'"'] => {
            let text = raw.get(1..raw.len() - 1)?;
            Some((!text.is_empty()).then_some(Cow::Borrowed(text)))
        }
        b"true" | b"false" => Some(Some(Cow::Borrowed(raw))),
        b"null" | b"[]" | [b'{', ..] => Some(None),
        digits if digits.len() <= DIGITS && digits.iter().all(u8::is_ascii_digit) => {
            Some(Some(Cow::Borrowed(raw)))
        }
        _ => None,
    }
}

fn values<'e>(event: &'e Event<'_>, alternative: &Alternative<'_>) -> Found<'e> {
    if alternative.is_response {
        return at(event.response.value(), alternative.steps);
    }
    let request = event.request.value();
    let found = at(request, alternative.steps);
    if !found.is_empty() {
        return found;
    }
    wrapped(request)
        .map(|inner| at(inner, alternative.steps))
        .unwrap_or_default()
}

/// EC2 and others wrap all parameters in one object called `XRequest`.
fn wrapped(request: &Value) -> Option<&Value> {
    let object = request.as_object()?;
    object
        .iter()
        .find(|(name, value)| is_wrapper(name, value.is_object()))
        .map(|(_, value)| value)
}

fn is_wrapper(name: &str, is_object: bool) -> bool {
    is_object && name.ends_with("Request")
}

/// What stands at a path: mostly one value.
type Found<'v> = SmallVec<[&'v Value; 2]>;

/// All values at a dotted path below `value`.
pub(super) fn at<'v>(value: &'v Value, path: &str) -> Found<'v> {
    let mut here: Found<'v> = smallvec![value];
    for step in path.split('.') {
        let (name, each) = match step.strip_suffix("[]") {
            Some(name) => (name, true),
            None => (step, false),
        };
        let mut next = Found::new();
        for value in here {
            let value = if name.is_empty() {
                Some(value)
            } else {
                field(value, name)
            };
            match value {
                Some(Value::Array(list)) if each => next.extend(list),
                Some(other) => next.push(other),
                None => {}
            }
        }
        here = next;
    }
    here
}

/// Up to so many fields are looked through faster than a name is hashed.
const FEW: usize = 12;

/// The field of an object, its name in any case. An exact match wins.
fn field<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    let object = value.as_object()?;
    let named = |is: &dyn Fn(&str) -> bool| object.iter().find(|(key, _)| is(key)).map(|(_, value)| value);
    let exact = if object.len() <= FEW {
        named(&|key| key == name)
    } else {
        object.get(name)
    };
    exact.or_else(|| named(&|key| key.eq_ignore_ascii_case(name)))
}

/// All text values, at any depth, of fields called `name`.
pub(super) fn anywhere(value: &Value, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    collect(value, name, &mut found, 0);
    found
}

/// Deeper than any real request; keeps hostile input from exhausting the stack.
const DEEPEST: usize = 12;

fn collect(value: &Value, name: &str, found: &mut Vec<String>, depth: usize) {
    if depth > DEEPEST {
        return;
    }
    match value {
        Value::Object(object) => {
            for (key, inner) in object {
                if key.eq_ignore_ascii_case(name)
                    && let Some(text) = scalar(inner)
                {
                    found.push(text.into_owned());
                } else {
                    collect(inner, name, found, depth + 1);
                }
            }
        }
        Value::Array(list) => list
            .iter()
            .for_each(|inner| collect(inner, name, found, depth + 1)),
        _ => {}
    }
}

fn scalar(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) if !text.is_empty() => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(value) => Some(Cow::Owned(value.to_string())),
        // S3 writes query parameters that occur several times as a list.
        Value::Array(list) => match list.as_slice() {
            [one] => scalar(one),
            _ => None,
        },
        _ => None,
    }
}

/// The partition of a region (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>,
/// and the region names of the isolated partitions in the SDKs' endpoint data).
pub(super) fn partition_of_region(region: &str) -> &'static str {
    const BY_PREFIX: [(&str, &str); 8] = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-isob-", "aws-iso-b"),
        ("us-isof-", "aws-iso-f"),
        ("eu-isoe-", "aws-iso-e"),
        ("us-iso-", "aws-iso"),
        ("eusc-", "aws-eusc"),
        ("", "aws"),
    ];
    BY_PREFIX
        .iter()
        .find(|(prefix, _)| region.starts_with(prefix))
        .map_or("aws", |(_, partition)| partition)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_visits_each_element_in_any_case() {
        let value = json!({"instancesSet": {"items": [{"instanceId": "i-1"}, {"InstanceID": "i-2"}]}});
        let found: Vec<_> = at(&value, "InstancesSet.items[].instanceId")
            .into_iter()
            .filter_map(scalar)
            .collect();
        assert_eq!(found, ["i-1", "i-2"]);
    }

    #[test]
    fn a_list_of_one_is_its_element_and_a_list_of_two_is_no_text() {
        assert_eq!(scalar(&json!(["a"])).as_deref(), Some("a"));
        assert_eq!(scalar(&json!(["a", "b"])), None);
        assert_eq!(scalar(&json!("")), None);
    }

    #[test]
    fn partitions_follow_the_region() {
        assert_eq!(partition_of_region("eu-west-1"), "aws");
        assert_eq!(partition_of_region("us-isob-east-1"), "aws-iso-b");
        assert_eq!(partition_of_region("us-iso-east-1"), "aws-iso");
    }
}
