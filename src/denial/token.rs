//! Names in a paste: actions, ARNs, callers; put together again where a wrap has cut them.

use super::clean::Clean;
use super::dense::eat;

/// What encloses a name.
pub(super) const QUOTES: [char; 4] = ['"', '\'', '`', '*'];

/// The action (`s3:GetObject`) at or behind `at`, and where it ends.
pub(super) fn action(clean: &Clean, at: usize) -> Option<(String, usize)> {
    let text = clean.text.as_str();
    let rest = text.get(at..)?;
    let lead = rest.len()
        - rest
            .trim_start_matches(|c: char| c.is_whitespace() || "\"'`*[(".contains(c))
            .len();
    let start = at + lead;
    let mut end = letters(text, start);
    let mut name = text.get(start..end)?.to_owned();
    // A wrap may have cut it; the words that follow an action tell an end from a cut.
    while let Some((more, after)) = cut(text, end) {
        let joined = format!("{name}{more}");
        if !is_action(&joined) || (known(&name) && !known(&joined)) {
            break;
        }
        name = joined;
        end = after;
    }
    while let Some(short) = name.strip_suffix([':', '-', '.']) {
        name = short.to_owned();
    }
    if !is_action(&name) {
        return None;
    }
    let quoted = text
        .get(end..)?
        .chars()
        .next()
        .is_some_and(|c| QUOTES.contains(&c));
    Some((spelt(&name), if quoted { end + 1 } else { end }))
}

/// Where the letters of an action end.
fn letters(text: &str, start: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, ':' | '-' | '*' | '_')));
    start + length.unwrap_or(rest.len()).min(160)
}

/// The word at the start of the next line, where it can belong to the action before it.
fn cut(text: &str, end: usize) -> Option<(&str, usize)> {
    let rest = text.get(end..)?.strip_prefix('\n')?;
    let after = letters(rest, 0);
    let word = rest.get(..after)?;
    let plain = [
        "on", "because", "with", "for", "in", "and", "at", "status", "user", "error", "explicit",
    ];
    let follows = rest.get(after..)?.chars().next();
    let good = !word.is_empty()
        && !plain.iter().any(|own| own.eq_ignore_ascii_case(word))
        && follows.is_none_or(|c| c.is_whitespace() || ".,;)\"'`".contains(c));
    good.then_some((word, end + 1 + after))
}

fn is_action(text: &str) -> bool {
    let Some((service, name)) = text.split_once(':') else {
        return false;
    };
    let good = |text: &str, more: &[char]| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || more.contains(&c))
    };
    service.len() <= 40
        && good(service, &['-'])
        && good(name, &['*', '_'])
        && !service.eq_ignore_ascii_case("arn")
}

fn known(action: &str) -> bool {
    action_catalog::action(action).is_some()
}

/// The action in the catalog's spelling, where it has it.
pub(super) fn spelt(action: &str) -> String {
    match action_catalog::action(action) {
        Some((service, known)) => format!("{}:{}", service.prefix, known.name),
        None => action.to_owned(),
    }
}

/// An ARN, or another name without blanks, at `at`, and where it ends: the end of the word, or further
/// where a wrap has cut it.
pub(super) fn name(clean: &Clean, at: usize) -> Option<(String, usize)> {
    let text = clean.text.as_str();
    let mut end = word_end(text, at);
    let mut name = text.get(at..end)?.to_owned();
    while let Some((more, after)) = continuation(clean, &name, end) {
        name.push_str(more);
        end = after;
    }
    let name = trimmed(&name);
    (!name.is_empty()).then(|| (name.to_owned(), end))
}

/// The name without the marks that end a sentence or a quotation around it.
pub(super) fn trimmed(name: &str) -> &str {
    let mut name = name.trim();
    loop {
        let before = name.len();
        name = name
            .strip_suffix(['.', ',', ';', ':', '"', '\'', '`', '|', '\\'])
            .unwrap_or(name);
        for (open, close) in [('(', ')'), ('[', ']'), ('{', '}')] {
            if name.ends_with(close) && !name.contains(open) {
                name = name.strip_suffix(close).unwrap_or(name);
            }
        }
        if let Some(bold) = name.strip_suffix("**")
            && !name.starts_with("**")
            && !bold.ends_with(['/', ':', '-', '*'])
        {
            name = bold;
        }
        name = name
            .strip_prefix(['"', '\'', '`', '(', '['])
            .unwrap_or(name)
            .trim();
        if name.len() == before {
            return name;
        }
    }
}

/// Where a word ends. What was made unreadable as `<account id>` is a part of it.
fn word_end(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let mut skip = 0;
    for (place, character) in rest.char_indices() {
        if place < skip {
            continue;
        }
        match character {
            '<' => match hidden(rest.get(place..).unwrap_or_default()) {
                Some(length) => skip = place + length,
                None => return at + place,
            },
            '"' | '\'' | '`' => return at + place,
            ';' | '|'
                if rest
                    .get(place + 1..)
                    .is_none_or(|next| next.is_empty() || next.starts_with(' ')) =>
            {
                return at + place;
            }
            _ if character.is_whitespace() => return at + place,
            _ => {}
        }
    }
    text.len()
}

/// The length of `<account id>`; none for `</Message>` and other markup.
fn hidden(text: &str) -> Option<usize> {
    let length = text.find('>')? + 1;
    let inner = text.get(1..length - 1)?;
    let good = length <= 42
        && !inner.is_empty()
        && !inner.starts_with(['/', '!', '?'])
        && !inner.contains(['<', '\n', '"', '='])
        && !matches!(
            inner,
            "br" | "br/" | "br /" | "p" | "li" | "div" | "td" | "tr" | "b" | "i" | "code"
        );
    good.then_some(length)
}

/// The word on the next line, where the name before it was cut by a wrap.
fn continuation<'c>(clean: &'c Clean, name: &str, end: usize) -> Option<(&'c str, usize)> {
    let rest = clean.text.get(end..)?.strip_prefix('\n')?;
    let after = word_end(rest, 0);
    let word = rest.get(..after)?;
    let bare = word.trim_end_matches(['.', ',', ';', ')', '"', '\'']);
    let letters = |c: char| c.is_ascii_alphanumeric() || "_/.:*+=@-$%<>~!".contains(c);
    if bare.is_empty() || !bare.chars().all(letters) || !name.starts_with("arn:") || ends(name) {
        return None;
    }
    let parts = name.splitn(6, ':').count();
    let open = parts < 6 || name.ends_with(['/', ':', '-', '_']);
    let width = clean.width(end.saturating_sub(1));
    let full = width >= 40 && width + 1 >= clean.width_around(end.saturating_sub(1));
    let sentence = [
        "because",
        "with",
        "on",
        "at",
        "in",
        "status",
        "Error",
        "error",
        "User",
        "Traceback",
        "The",
        "and",
    ];
    if sentence.contains(&bare) || word.ends_with(':') && !open {
        return None;
    }
    let like_a_name = bare.contains(['/', ':', '-', '_', '.']) || bare.contains(|c: char| c.is_ascii_digit());
    // The line ends with the word, so it was cut: nothing follows but the end of the line or a reason.
    let next = rest.get(after..).unwrap_or_default();
    let closes = next.is_empty() || next.starts_with('\n') || reason_follows(next) || word.len() > bare.len();
    ((open && parts > 1) || (full && (like_a_name || closes))).then_some((word, end + 1 + after))
}

fn ends(name: &str) -> bool {
    name.ends_with(['.', ',', ';', ')', '"', '\''])
}

fn reason_follows(text: &str) -> bool {
    [
        "because no",
        "with an explicit",
        "(Service",
        "Encoded authorization",
    ]
    .iter()
    .any(|reason| eat(text, 0, reason).is_some())
}

/// A text that a wrap has cut, in one piece: inside an ARN a wrap stands for nothing.
pub(super) fn unwrapped(text: &str) -> String {
    let text = text.trim();
    if !text.contains('\n') {
        return text.to_owned();
    }
    let arn = text.trim_start_matches(QUOTES).starts_with("arn");
    text.replace('\n', if arn { "" } else { " " })
}
