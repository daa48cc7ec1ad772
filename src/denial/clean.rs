//! A paste made plain: colours, margins, log prefixes, HTML entities and escapes are gone; what is
//! left are lines of text, of which each still knows where it stood.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

/// The text of a paste without what terminals, logs and web pages put around it.
pub(super) struct Clean {
    /// Lines without margins and leading or trailing blanks, joined by `\n`.
    pub(super) text: String,
    /// For each line: where it starts in `text`, its number in the paste (from 1), and how many
    /// characters wide it was.
    lines: Vec<Line>,
}

#[derive(Debug, Clone, Copy)]
struct Line {
    start: usize,
    number: usize,
    width: usize,
}

impl Clean {
    /// The line of the paste in which the byte at `at` of the text stood, from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        self.line_at(at).map_or(1, |line| line.number)
    }

    /// How wide the line was in which `at` stood, margins included.
    pub(super) fn width(&self, at: usize) -> usize {
        self.line_at(at).map_or(0, |line| line.width)
    }

    /// The greatest width of the lines around `at`.
    pub(super) fn width_around(&self, at: usize) -> usize {
        let index = self.lines.partition_point(|line| line.start <= at);
        let from = index.saturating_sub(5);
        let to = (index + 5).min(self.lines.len());
        let near = self.lines.get(from..to).unwrap_or_default();
        near.iter().map(|line| line.width).max().unwrap_or(0)
    }

    fn line_at(&self, at: usize) -> Option<&Line> {
        let index = self.lines.partition_point(|line| line.start <= at);
        self.lines.get(index.checked_sub(1)?)
    }
}

/// Makes a paste plain.
pub(super) fn clean(paste: &str) -> Clean {
    let mut text = String::with_capacity(paste.len());
    let mut lines = Vec::new();
    for (index, raw) in paste.split('\n').enumerate() {
        let raw = raw.strip_suffix('\r').unwrap_or(raw);
        let plain = characters(raw);
        for (part, piece) in escapes(&plain).split(['\n', '\r']).enumerate() {
            let width = if part == 0 { plain.chars().count() } else { 0 };
            let piece = without_margins(piece);
            // JavaScript prints a long text in pieces: 'one ' + 'another'.
            if let Some(rest) = continued(&text, piece) {
                let quote_and_plus = " +".len() + 1;
                text.truncate(text.len() - quote_and_plus);
                text.push_str(rest);
                continue;
            }
            if !text.is_empty() || !lines.is_empty() {
                text.push('\n');
            }
            lines.push(Line {
                start: text.len(),
                number: index + 1,
                width,
            });
            text.push_str(piece);
        }
    }
    Clean { text, lines }
}

/// What a line adds to a text that ends in `' +`.
fn continued<'l>(text: &str, line: &'l str) -> Option<&'l str> {
    let quote = text.strip_suffix(" +")?.chars().next_back()?;
    let quoted = matches!(quote, '\'' | '"' | '`');
    line.strip_prefix(quote).filter(|_| quoted)
}

/// Without colours and invisible characters; entities and typographic quotes are what they stand for.
fn characters(line: &str) -> Cow<'_, str> {
    let odd = |byte: u8| byte == 0x1b || byte == b'&' || byte == b'\t' || byte >= 0x80;
    let coloured = memchr::memmem::find(line.as_bytes(), b"[").is_some() && COLOUR.is_match(line);
    if !coloured && !line.bytes().any(odd) {
        return Cow::Borrowed(line);
    }
    let line = CONTROL.replace_all(line, "");
    let line = COLOUR.replace_all(&line, "");
    let mut plain = String::with_capacity(line.len());
    for character in line.chars() {
        match character {
            '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}' | '\u{7}' | '\u{1b}' => {}
            '\u{a0}' | '\u{202f}' | '\u{2007}' | '\u{3000}' | '\t' => plain.push(' '),
            '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{ab}' | '\u{bb}' => plain.push('"'),
            '\u{2018}' | '\u{2019}' | '\u{201a}' => plain.push('\''),
            '\u{2011}' | '\u{2010}' => plain.push('-'),
            '\u{2026}' => plain.push_str("..."),
            other => plain.push(other),
        }
    }
    if plain.contains('&') {
        // What was escaped twice says `&amp;quot;`.
        plain = plain.replace("&amp;", "&");
        for (entity, character) in ENTITIES {
            if plain.contains(entity) {
                plain = plain.replace(entity, character);
            }
        }
    }
    Cow::Owned(plain)
}

const ENTITIES: [(&str, &str); 16] = [
    ("&quot;", "\""),
    ("&#34;", "\""),
    ("&#x22;", "\""),
    ("&apos;", "'"),
    ("&#39;", "'"),
    ("&#039;", "'"),
    ("&#x27;", "'"),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&nbsp;", " "),
    ("&#47;", "/"),
    ("&#x2F;", "/"),
    ("&#x2f;", "/"),
    ("&#58;", ":"),
    ("&#x3A;", ":"),
    ("&#42;", "*"),
];

/// `\n`, `\"`, `\/` and the like, however often they were escaped, as what they stand for.
fn escapes(line: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\\', line.as_bytes()).is_none() {
        return Cow::Borrowed(line);
    }
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find('\\') {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        let after = from.trim_start_matches('\\');
        let run = from.len() - after.len();
        let mut characters = after.chars();
        match characters.next() {
            Some('n') => plain.push('\n'),
            Some('t' | 'r') => plain.push(' '),
            Some(quote @ ('"' | '\'' | '/')) => plain.push(quote),
            Some('u') if let Some(character) = unicode(after) => {
                plain.push(character);
                rest = after.get(5..).unwrap_or_default();
                continue;
            }
            _ => {
                plain.extend(std::iter::repeat_n('\\', run));
                rest = after;
                continue;
            }
        }
        rest = characters.as_str();
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// The character of `u0022…`.
fn unicode(text: &str) -> Option<char> {
    let code = u32::from_str_radix(text.get(1..5)?, 16).ok()?;
    // A colour that was escaped with the rest is no text.
    char::from_u32(code).filter(|character| !character.is_control())
}

patterns! {
    /// Terminal control sequences,
    CONTROL = "\u{1b}\\[[0-9;?]*[ -/]*[@-~]|\u{1b}\\][^\u{7}\u{1b}]*(?:\u{7}|\u{1b}\\\\)|\u{1b}[()][A-Z0-9]";
    /// and what is left of them where the escape character got lost.
    COLOUR = r"(?:\\u001[bB]|\\x1[bB]|\\033|␛)?\[[0-9]{0,3}(?:;[0-9]{1,3}){0,4}m";
    /// `job`, `step` and time, as GitHub's log downloads have them.
    JOB = r"^[^│|]{1,150}?[ ][0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,20}Z ";
}

/// What log writers put before a line.
static PREFIX: LazyLock<Regex> = LazyLock::new(|| {
    let day = r"[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}";
    let time = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]+)?(?: ?Z| ?UTC| ?[+-][0-9]{2}:?[0-9]{2})?";
    let level = "(?i:info|error|warn|warning|debug|trace|fatal|stderr|stdout|notice|critical)";
    pattern(&format!(
        "^(?:\\[?{day}[T ]{time}\\]?(?: std(?:out|err) [FP] | [0-9]{{2}}[OE]\\+? ?|[ ]|$)|\\[?{time}\\]? |\
         \\[{level}\\] |{level} +\\[[^\\]]{{1,80}}\\] |#[0-9]+ [0-9]+[.][0-9]+ |remote: |\
         [A-Z][a-z]{{2}} [ 0-9][0-9] [0-9:]{{8}} [^ ]+ [^ ]+: |[A-Za-z0-9_.-]{{1,40}} +\\| )"
    ))
});

/// A pattern of this module's own, which is known to be good.
pub(super) fn pattern(text: &str) -> Regex {
    #[expect(clippy::expect_used, reason = "each pattern is compiled by the tests")]
    Regex::new(text).expect("a pattern of this module")
}

const BARS: [char; 9] = ['│', '┃', '║', '╷', '╵', '┆', '╎', '▏', '|'];

/// The line without log prefix, margins and blanks at its ends.
fn without_margins(line: &str) -> &str {
    let mut line = line.trim();
    for _ in 0..6 {
        let before = line;
        let first = line.bytes().next().unwrap_or_default();
        let bar = first >= 0x80 || matches!(first, b'|' | b'>');
        if bar {
            line = line.trim_start_matches(BARS).trim_start();
            line = line
                .strip_prefix("> ")
                .or_else(|| line.strip_prefix(">>"))
                .unwrap_or(line);
        } else if (first.is_ascii_alphanumeric() || matches!(first, b'[' | b'#'))
            && let Some(found) = PREFIX.find(head(line))
        {
            line = line.get(found.end()..).unwrap_or_default();
        } else if line.contains('Z')
            && let Some(found) = JOB.find(head(line))
        {
            line = line.get(found.end()..).unwrap_or_default();
        }
        line = line.trim_start();
        if line.len() == before.len() {
            break;
        }
    }
    let last = line.bytes().next_back().unwrap_or_default();
    if last >= 0x80 || last == b'|' {
        line = line.trim_end_matches(BARS);
    }
    line.trim_end()
}

/// The first bytes of a line, which is all that a prefix can be in.
fn head(line: &str) -> &str {
    let mut end = line.len().min(220);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    line.get(..end).unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn margins_prefixes_colours_and_escapes_go() {
        for (paste, plain) in [
            ("\u{1b}[31m│\u{1b}[0m \u{1b}[1mError: x\u{1b}[0m   │", "Error: x"),
            ("2024-05-01T10:00:00.1234567Z │ Error: x", "Error: x"),
            ("build\tdeploy\t2024-05-01T10:00:00.1234567Z Error: x", "Error: x"),
            ("[2024-05-01 10:00:00,123] [ERROR] x: y", "x: y"),
            ("10:00:00.123 STDERR [net] x: y", "x: y"),
            ("> > quoted", "quoted"),
            ("a &quot;b&quot; &amp;lt;c", "a \"b\" <c"),
            ("say \\\\\\\"hi\\\\\\\" \\/ \\u0026", "say \"hi\" / &"),
            ("one\\n\\ttwo", "one\ntwo"),
            ("in C:\\Windows", "in C:\\Windows"),
            ("zero\u{200b}width\u{a0}“q”", "zerowidth \"q\""),
            ("[0m[31mred", "red"),
            ("web_1  | x", "x"),
            ("May 12 10:00:00 host app[12]: x", "x"),
        ] {
            assert_eq!(clean(paste).text, plain, "{paste}");
        }
    }

    #[test]
    fn lines_keep_their_numbers() {
        let clean = clean("a\nb\\nc\nd");
        assert_eq!(clean.text, "a\nb\nc\nd");
        let lines: Vec<usize> = [0, 2, 4, 6].into_iter().map(|at| clean.line(at)).collect();
        assert_eq!(lines, [1, 2, 2, 3]);
    }
}
