//! The sentence of a refusal: `User: <caller> is not authorized to perform: <action> [on resource:
//! <resource>] [<reason>]`, in all its spellings and however a terminal has wrapped it.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>

use super::clean::Clean;
use super::dense::{Dense, eat};
use super::token::{self, QUOTES};
use super::{DeniedBy, Kind};

/// What the sentence says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sentence {
    pub(super) principal: Option<String>,
    pub(super) action: Option<String>,
    pub(super) resource: Option<String>,
    pub(super) layer: DeniedBy,
    pub(super) kind: Kind,
    pub(super) policy_arn: Option<String>,
    /// Where it starts and ends in the text.
    pub(super) from: usize,
    pub(super) to: usize,
}

/// The words between caller and action, without blanks.
pub(super) const PERFORM: [&str; 9] = [
    "notauthorizedtoperform",
    "notauthorisedtoperform",
    "unauthorizedtoperform",
    "notallowedtoperform",
    "nothavepermissiontoperform",
    "nothavepermissionstoperform",
    "thavepermissiontoperform",
    "thavepermissionstoperform",
    "notpermittedtoperform",
];

/// How the sentence names the layers, without blanks.
const LAYERS: [(&str, DeniedBy); 9] = [
    ("identity-basedpolic", DeniedBy::Identity),
    ("permissionsboundar", DeniedBy::Boundary),
    ("resourcecontrolpolic", DeniedBy::Rcp),
    ("resource-basedpolic", DeniedBy::Resource),
    ("roletrustpolic", DeniedBy::Trust),
    ("trustpolic", DeniedBy::Trust),
    ("servicecontrolpolic", DeniedBy::Scp),
    ("sessionpolic", DeniedBy::Session),
    ("vpcendpointpolic", DeniedBy::Endpoint),
];

/// Where a resource ends when no reason follows it.
const AFTER_RESOURCE: [&str; 17] = [
    ". Encoded",
    " Encoded authorization",
    " (Service",
    " (Request",
    " (request",
    " (Status",
    " (status",
    " (HTTP",
    " (AWS",
    " (Error",
    "; ",
    " | ",
    "\"",
    "</",
    "\n\n",
    "', ",
    "\\",
];

/// Names that IAM and others put before a bare name.
const KINDS: [&str; 12] = [
    "role",
    "user",
    "group",
    "policy",
    "instance profile",
    "policy path",
    "server certificate",
    "access key",
    "virtual mfa device",
    "mfa device",
    "saml provider",
    "open id connect provider",
];

/// Reads the sentence around the words at `from..to`. It does not reach before `floor` or beyond `ceiling`.
pub(super) fn read(
    clean: &Clean,
    dense: &Dense,
    at: (usize, usize),
    floor: usize,
    ceiling: usize,
) -> Sentence {
    let (from, to) = at;
    let (principal, start) = caller(clean, floor, from);
    let mut sentence = Sentence {
        principal,
        action: None,
        resource: None,
        layer: DeniedBy::Unknown,
        kind: Kind::Unknown,
        policy_arn: None,
        from: start,
        to,
    };
    let mut after = to;
    for lead in [
        ":",
        "the following actions:",
        "the following action:",
        "action:",
        "the action",
        "the",
    ] {
        after = eat(&clean.text, after, lead).unwrap_or(after);
    }
    if let Some((action, end)) = token::action(clean, after) {
        sentence.action = Some(action);
        after = end;
    } else if eat(&clean.text, after, "this").is_none() && eat(&clean.text, after, "action").is_none() {
        return sentence;
    }
    sentence.to = after;
    let reason = reason(clean, dense, after, ceiling);
    let (resource, end) = resource(clean, after, reason.as_ref().map(|reason| reason.from), ceiling);
    sentence.resource = resource;
    sentence.to = end;
    if let Some(reason) = reason
        && (sentence.resource.is_some() || plausible(clean, end, reason.from))
    {
        sentence.layer = reason.layer;
        sentence.kind = reason.kind;
        sentence.policy_arn = reason.policy_arn;
        sentence.action = reason.action.or(sentence.action);
        sentence.to = reason.to;
    }
    sentence
}

/// The caller before the words at `at`, and where its sentence starts.
fn caller(clean: &Clean, floor: usize, at: usize) -> (Option<String>, usize) {
    let mut floor = floor.max(at.saturating_sub(700));
    while !clean.text.is_char_boundary(floor) {
        floor += 1;
    }
    let before = clean.text.get(floor..at).unwrap_or_default();
    let head = without_verb(before);
    let lowered = head.to_ascii_lowercase();
    if let Some(place) = ["user:", "principal:", "role:", "caller:"]
        .iter()
        .filter_map(|lead| Some((lowered.rfind(lead)?, lead.len())))
        .max()
    {
        let start = place.0 + place.1;
        let named = head.get(start..).unwrap_or_default();
        let one = glued(named);
        if named.len() <= 400 && !one.is_empty() {
            return (Some(called(&one)), floor + place.0);
        }
    }
    // The last word, together with what wraps have cut from it.
    let arn = head.rfind("arn:").filter(|place| {
        let tail = head.get(*place..).unwrap_or_default();
        !tail.contains(' ') && tail.matches('\n').count() <= 4
    });
    if let Some(place) = arn {
        return (
            Some(called(&glued(head.get(place..).unwrap_or_default()))),
            floor + place,
        );
    }
    let word = head.rsplit(char::is_whitespace).next().unwrap_or_default();
    let named = token::trimmed(word);
    let plain = named.to_ascii_lowercase();
    let good = plain == "anonymous"
        || plain.ends_with(".amazonaws.com")
        || (named.len() == 12 && named.bytes().all(|byte| byte.is_ascii_digit()));
    let start = floor + head.len() - word.len();
    (good.then(|| called(named)), if good { start } else { at })
}

/// Without the `is` (`are`, `does`) before "not authorized".
fn without_verb(text: &str) -> &str {
    let mut text = text.trim_end_matches(|c: char| c.is_whitespace() || c == '*');
    for verb in [
        "is",
        "are",
        "was",
        "isn't",
        "does",
        "doesn'",
        "doesn",
        "currently",
        "is\nnot",
        "not",
    ] {
        if let Some(short) = text.strip_suffix(verb)
            && short.ends_with(|c: char| c.is_whitespace() || QUOTES.contains(&c))
        {
            text = short.trim_end_matches(|c: char| c.is_whitespace() || c == '*');
        }
    }
    text
}

/// A caller in one piece. Callers have no blanks in them, but for redactions.
fn glued(text: &str) -> String {
    let text = text.trim().trim_matches(['"', '\'', '`', '*']).trim();
    let whole: String = text.split('\n').map(str::trim).collect();
    if whole.contains('<') {
        return whole;
    }
    let word = whole.split_whitespace().next().unwrap_or_default();
    token::trimmed(word).to_owned()
}

fn called(name: &str) -> String {
    let name = token::trimmed(name);
    if name.eq_ignore_ascii_case("anonymous") {
        return "anonymous".to_owned();
    }
    name.to_owned()
}

struct Reason {
    layer: DeniedBy,
    kind: Kind,
    action: Option<String>,
    policy_arn: Option<String>,
    from: usize,
    to: usize,
}

/// The reason after an action: where it starts and ends, and what it says.
fn reason(clean: &Clean, dense: &Dense, from: usize, ceiling: usize) -> Option<Reason> {
    let ceiling = ceiling.min(from + 2600);
    let implicit = dense.first("becauseno", from, ceiling);
    let explicit = ["withanexplicitdeny", "explicitdeny"]
        .iter()
        .find_map(|phrase| dense.first(phrase, from, ceiling));
    let (kind, (start, end)) = match (implicit, explicit) {
        (Some(no), Some(deny)) if deny.0 < no.0 => (Kind::Explicit, deny),
        (Some(no), _) => (Kind::Implicit, no),
        (None, Some(deny)) => (Kind::Explicit, deny),
        (None, None) => return None,
    };
    let mut reason = Reason {
        layer: DeniedBy::Unknown,
        kind,
        action: None,
        policy_arn: None,
        from: start,
        to: end,
    };
    let mut at = end;
    if kind == Kind::Explicit {
        at = eat(&clean.text, at, "in").unwrap_or(at);
    }
    for article in ["an ", "a ", "the "] {
        let next = eat(&clean.text, at, article);
        // "an" begins no layer's name, "a" neither; but "a" begins "an".
        if let Some(next) = next {
            at = next;
            break;
        }
    }
    let layer = LAYERS
        .iter()
        .find_map(|(name, by)| eat(&clean.text, at, name).map(|end| (*by, end)));
    if let Some((by, end)) = layer {
        reason.layer = by;
        at = word_end(&clean.text, end);
        reason.to = at;
        for more in [
            "(SCP)",
            "(RCP)",
            "transitively through a service control policy",
            "attached to the role",
        ] {
            at = eat(&clean.text, at, more).unwrap_or(at);
            reason.to = at;
        }
    }
    if kind == Kind::Implicit
        && let Some(next) = ["allows the", "allow the", "allows", "explicitly allows the"]
            .iter()
            .find_map(|verb| eat(&clean.text, at, verb))
        && let Some((action, end)) = token::action(clean, next)
    {
        reason.action = Some(action);
        at = eat(&clean.text, end, "action").unwrap_or(end);
        reason.to = at;
    }
    if let Some((arn, end)) = policy_arn(clean, at) {
        reason.policy_arn = Some(arn);
        reason.to = end;
    }
    Some(reason)
}

/// The ARN of the refusing policy: `: arn:…`.
fn policy_arn(clean: &Clean, at: usize) -> Option<(String, usize)> {
    let rest = clean.text.get(at..)?;
    let lead = rest.len()
        - rest
            .trim_start_matches([':', ' ', '\n', '(', '[', '"', '\'', '`', '*', ','])
            .len();
    if lead > 6 || !rest.get(lead..)?.starts_with("arn:") {
        return None;
    }
    let (name, end) = token::name(clean, at + lead)?;
    let name = token::trimmed(&name).to_owned();
    (name.splitn(6, ':').count() == 6).then_some((name, end))
}

/// What the console's `Context:` line says.
pub(super) fn context(line: &str) -> (DeniedBy, Kind) {
    let dense: String = line.split_whitespace().collect::<String>().to_ascii_lowercase();
    let layer = LAYERS.iter().find(|(name, _)| dense.contains(name));
    let kind = match () {
        () if dense.contains("explicit") => Kind::Explicit,
        () if dense.starts_with("no") => Kind::Implicit,
        () => Kind::Unknown,
    };
    (layer.map_or(DeniedBy::Unknown, |(_, by)| *by), kind)
}

fn word_end(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(rest.len())
}

/// Whether a reason that starts at `from` still belongs to a sentence that has come to `at`.
fn plausible(clean: &Clean, at: usize, from: usize) -> bool {
    let between = clean.text.get(at..from).unwrap_or_default();
    between.len() <= 1300 && !between.contains("\n\n") && between.matches('\n').count() <= 14 && {
        let words = between.split_whitespace().count();
        words <= 12
    }
}

/// The resource after an action, and where it ends.
fn resource(clean: &Clean, at: usize, reason: Option<usize>, ceiling: usize) -> (Option<String>, usize) {
    const LEADS: [&str; 9] = [
        "on the following resource:",
        "on the following resources:",
        "on resource(s):",
        "on the resource:",
        "on resources:",
        "on resource:",
        "on the resource",
        "on resource",
        "against resource:",
    ];
    let text = clean.text.as_str();
    let closed = eat(text, at, ",").unwrap_or(at);
    let lead = LEADS.iter().find_map(|lead| eat(text, closed, lead));
    let lead = lead.or_else(|| {
        let on = eat(text, closed, "on")?;
        let rest = text.get(on..)?.trim_start().trim_start_matches(QUOTES);
        rest.starts_with("arn:").then_some(on)
    });
    let Some(start) = lead else {
        return (None, at);
    };
    let rest = text.get(start..).unwrap_or_default();
    let start = start + rest.len() - rest.trim_start().len();
    let rest = text.get(start..ceiling.max(start)).unwrap_or_default();
    if ["this resource", "associated with"]
        .iter()
        .any(|words| eat(text, start, words).is_some())
    {
        return (None, start);
    }
    let bold = rest.starts_with("**");
    let opening = rest.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'));
    if let Some(quote) = opening {
        let inner = rest.get(quote.len_utf8()..).unwrap_or_default();
        let end = inner
            .find(['"', '\'', '`'])
            .filter(|end| *end <= 1400)
            .unwrap_or_else(|| token::name(clean, start + 1).map_or(0, |(_, end)| end - start - 1));
        let found = token::unwrapped(inner.get(..end).unwrap_or_default());
        let end = start + 1 + end;
        return ((!found.is_empty()).then_some(found), end);
    }
    if let Some(end) =
        reason.filter(|end| *end >= start && plausible_name(text.get(start..*end).unwrap_or_default()))
    {
        let found = text.get(start..end).unwrap_or_default().trim();
        let found = found.strip_suffix(',').unwrap_or(found);
        let found = if bold { found.trim_matches('*') } else { found };
        let found = token::unwrapped(found);
        let found = found.strip_suffix("**").filter(|_| bold).unwrap_or(&found);
        return (named(found), end);
    }
    let (found, end) = unreasoned(clean, start, rest);
    let found = if bold {
        found.trim_matches('*').to_owned()
    } else {
        found
    };
    (named(&found), end)
}

/// What can be a resource that a reason follows: not a paragraph.
fn plausible_name(text: &str) -> bool {
    text.len() <= 1500 && !text.contains("\n\n") && !text.contains(". ")
        || text.starts_with("arn:") && text.len() <= 1300
}

/// The resource that no reason follows, and where it ends.
fn unreasoned(clean: &Clean, start: usize, rest: &str) -> (String, usize) {
    let stop = AFTER_RESOURCE
        .iter()
        .filter_map(|mark| rest.find(mark))
        .min()
        .unwrap_or(rest.len());
    let lowered: String = rest.chars().take(30).collect::<String>().to_ascii_lowercase();
    let kind = KINDS
        .iter()
        .filter(|kind| {
            eat(&lowered, 0, kind).is_some_and(|end| {
                lowered
                    .get(end..)
                    .is_some_and(|next| next.starts_with([' ', '\n']))
            })
        })
        .max_by_key(|kind| kind.len());
    if let Some(kind) = kind {
        let after = eat(rest, 0, kind).unwrap_or(0);
        let next = rest.get(after..).unwrap_or_default();
        let gap = next.len() - next.trim_start().len();
        if let Some((name, end)) = token::name(clean, start + after + gap) {
            return (format!("{kind} {name}"), end);
        }
    }
    // Keys of S3 may hold blanks: what ends the line with a name's look belongs to the key.
    let line = rest
        .get(..stop)
        .unwrap_or(rest)
        .split('\n')
        .next()
        .unwrap_or_default();
    if rest.starts_with("arn:") && rest.contains(":s3:::") && line.contains(' ') {
        let tail = line
            .rsplit(' ')
            .next()
            .unwrap_or_default()
            .trim_end_matches(['.', ')']);
        let words = [
            "at", "in", "with", "for", "status", "request", "error", "and", "but", "when", "while", "-",
        ];
        let spoken = line
            .split(' ')
            .skip(1)
            .any(|word| words.contains(&word.to_ascii_lowercase().as_str()));
        if !spoken && tail.contains(['.', '/']) && !line.contains("://") {
            return (token::trimmed(line).to_owned(), start + line.len());
        }
    }
    let (name, end) = token::name(clean, start).unwrap_or_default();
    (name, end.max(start))
}

/// The name, unless it was cut off or is none.
fn named(name: &str) -> Option<String> {
    let name = name.trim();
    if name.ends_with("...") || name.is_empty() || name.eq_ignore_ascii_case("this resource") {
        return None;
    }
    // A full stop ends the sentence where it stands before a reason that is missing.
    Some(name.to_owned())
}
