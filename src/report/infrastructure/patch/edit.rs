//! Replacements in a text.

/// Bytes `from..to` of a text become `text`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Replace {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) text: String,
}

impl Replace {
    pub(super) fn new(span: std::ops::Range<usize>, text: impl Into<String>) -> Self {
        Self {
            from: span.start,
            to: span.end,
            text: text.into(),
        }
    }
}

/// The text with all of them; one that overlaps an earlier one is left out.
pub(super) fn applied(text: &str, mut replaces: Vec<Replace>) -> String {
    replaces.sort();
    let mut out = String::new();
    let mut at = 0;
    for replace in &replaces {
        if let Some(kept) = text.get(at..replace.from) {
            out.push_str(kept);
            out.push_str(&replace.text);
            at = replace.to;
        }
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// The indentation of the line that holds this byte.
pub(super) fn margin(text: &str, at: usize) -> &str {
    let start = line_start(text, at);
    let line = text.get(start..).unwrap_or_default();
    let length = line.len() - line.trim_start_matches([' ', '\t']).len();
    line.get(..length).unwrap_or_default()
}

fn line_start(text: &str, at: usize) -> usize {
    let before = text.get(..at).unwrap_or_default();
    before.rfind('\n').map_or(0, |newline| newline + 1)
}

/// Where the line ends, behind its newline.
fn line_end(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    rest.find('\n').map_or(text.len(), |newline| at + newline + 1)
}

/// Takes `span` away with its lines: with the comments right above it, which speak of it, from behind what
/// ends at `before`; and with a comma behind it.
pub(super) fn without(text: &str, span: std::ops::Range<usize>, before: usize) -> Replace {
    let rest = text.get(span.end..).unwrap_or_default();
    let comma = usize::from(rest.trim_start_matches([' ', '\t']).starts_with(','));
    let gap = if comma == 1 {
        rest.find(',').unwrap_or(0) + 1
    } else {
        0
    };
    let to = span.end + gap;
    let tail = text.get(to..line_end(text, to)).unwrap_or_default().trim();
    let ends_line = tail.is_empty() || tail.starts_with('#') || tail.starts_with("//");
    let own_line = line_start(text, span.start);
    let alone = text
        .get(own_line..span.start)
        .is_some_and(|lead| lead.trim().is_empty());
    if ends_line && alone && own_line > before {
        let mut from = own_line;
        while from > line_end(text, before) {
            let above = line_start(text, from - 1);
            let line = text.get(above..from).unwrap_or_default().trim();
            if !(line.starts_with('#') || line.starts_with("//")) || above < before {
                break;
            }
            from = above;
        }
        return Replace::new(from..line_end(text, to), "");
    }
    if comma == 1 {
        let spaces = text.get(to..).unwrap_or_default();
        let spaces = spaces.len() - spaces.trim_start_matches(' ').len();
        return Replace::new(span.start..to + spaces, "");
    }
    Replace::new(before..span.end, "")
}
