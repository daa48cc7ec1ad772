//! Finds the records in a stream of bytes, without keeping more than one.
//!
//! The splitter looks at brackets and quotes alone: where an object begins and where it ends.
//! Whether the text between is good JSON, and whether it is a CloudTrail record, is for
//! [`Event::parse`](super::Event::parse) to say. A broken record therefore costs only itself as
//! long as its end can be told, and where it cannot the splitter goes on at the next text that
//! looks like the start of a record.

use memchr::{memchr, memchr_iter, memchr3};

use super::found::{Defect, Found};
use super::scan::{Before, Class, TextEnd, class, end_of_text};

/// The largest record that is kept over several chunks, in bytes. CloudTrail's own events are at
/// most 256 KB; digests and log shippers' envelopes are larger, but not by this much.
const MAX_RECORD: usize = 64 << 20;

/// How much of a first key is compared, in bytes.
const MAX_KEY: usize = 64;

/// Keys whose value, when it is a list, holds the records: CloudTrail's log files, LookupEvents,
/// and CloudWatch Logs subscriptions
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html>).
const CONTAINERS: [&[u8]; 3] = [b"Records", b"Events", b"logEvents"];

/// First keys of records as AWS writes them: a log file's record, an entry of LookupEvents, an
/// EventBridge envelope. After a break, a record is believed to start only at one of these, or at
/// the key with which the first whole record of the stream started.
const FIRST_KEYS: [&[u8]; 3] = [b"eventVersion", b"EventId", b"version"];

/// Where the scan stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Between values.
    Between,
    /// After an object's `{`.
    Opened,
    /// In an object's first key.
    FirstKey,
    /// In an object, outside of strings.
    Body,
    /// In a string of an object; whether its last byte was a backslash.
    Text { escaped: bool },
    /// After a break: looking for the start of a record.
    Lost,
}

/// In which list values are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum List {
    /// In none: values stand one after the other.
    Top,
    /// In an array at the top.
    Bare,
    /// In the array of a container (`Records`).
    Held,
}

/// What the object being read is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A record, unless it turns out to be a container.
    Candidate,
    /// A record.
    Record,
    /// What is left of a container after its list.
    Tail,
}

/// A push parser over any of: `{"Records":[…]}`, `{"Events":[…]}` (LookupEvents), a bare array,
/// JSON lines, objects one after the other, pretty-printed or not.
///
/// ```
/// use leastgrant::trail::{Found, Splitter};
/// let mut splitter = Splitter::new();
/// let mut count = 0;
/// let mut found = |found: Found<'_>| count += usize::from(matches!(found, Found::Record { .. }));
/// splitter.push(br#"{"Records":[{"eventName":"GetObject"},{"eventNa"#, &mut found);
/// splitter.push(br#"me":"PutObject"}]}"#, &mut found);
/// splitter.finish(&mut found);
/// assert_eq!(count, 2);
/// ```
#[derive(Debug)]
pub struct Splitter {
    state: State,
    list: List,
    /// Whether the container being read is an element of a bare array.
    nested: bool,
    kind: Kind,
    /// The brackets that are still to come in the object being read.
    closers: Vec<u8>,
    /// Whether the object being read is a record only if its first key says so.
    tentative: bool,
    /// The part of the object being read that came with earlier chunks.
    held: Vec<u8>,
    /// Where in this chunk the object's text starts.
    from: usize,
    too_large: bool,
    /// What stands before this chunk.
    before: Before,
    /// Where this chunk starts.
    offset: u64,
    /// The line at `counted`.
    line: u64,
    /// Up to where in this chunk line breaks have been counted.
    counted: usize,
    start_offset: u64,
    start_line: u64,
    /// The first key of the object being read, as far as known.
    key: Vec<u8>,
    /// The first key of the first record.
    first_key: Vec<u8>,
    number: u64,
    records: u64,
    broken: u64,
    /// Whether the last record at the top stood on one line.
    one_line: bool,
    /// Whether records stand each on its own line.
    lines: bool,
    /// Whether objects were passed over since the last break.
    passed: bool,
}

/// Called for everything that is found.
type Sink<'s> = &'s mut dyn FnMut(Found<'_>);

impl Default for Splitter {
    fn default() -> Self {
        Self {
            state: State::Between,
            list: List::Top,
            nested: false,
            kind: Kind::Candidate,
            closers: Vec::new(),
            tentative: false,
            held: Vec::new(),
            from: 0,
            too_large: false,
            before: Before::START,
            offset: 0,
            line: 1,
            counted: 0,
            start_offset: 0,
            start_line: 1,
            key: Vec::new(),
            first_key: Vec::new(),
            number: 0,
            records: 0,
            broken: 0,
            one_line: false,
            lines: false,
            passed: false,
        }
    }
}

impl Splitter {
    /// A splitter at the start of a stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// A splitter that goes on in `{"Records":[…` after so many of its records, all on one line; `before` is
    /// what stands before the next bytes, from the start of the stream.
    pub(crate) fn after(before: &[u8], records: u64) -> Self {
        Self {
            list: List::Held,
            kind: Kind::Record,
            before: Before::START.then(before),
            offset: before.len() as u64,
            first_key: FIRST_KEYS.first().map(|key| key.to_vec()).unwrap_or_default(),
            number: records,
            records,
            ..Self::default()
        }
    }

    /// Takes the next bytes and calls `found` for each record that they complete.
    pub fn push(&mut self, bytes: &[u8], found: &mut dyn FnMut(Found<'_>)) {
        let mut at = 0;
        self.from = 0;
        self.counted = 0;
        while at < bytes.len() {
            at = match self.state {
                State::Between => self.between(bytes, at, found),
                State::Opened => self.opened(bytes, at, found),
                State::FirstKey => self.in_first_key(bytes, at, found),
                State::Body => self.body(bytes, at, found),
                State::Text { escaped } => self.text(bytes, at, escaped, found),
                State::Lost => self.lost(bytes, at),
            };
        }
        if !matches!(self.state, State::Between | State::Lost) {
            self.hold(bytes);
        }
        self.before = self.before_at(bytes, bytes.len());
        self.count_lines(bytes, bytes.len());
        self.offset += bytes.len() as u64;
    }

    /// The stream has ended: reports what was left unfinished.
    pub fn finish(mut self, found: &mut dyn FnMut(Found<'_>)) {
        self.counted = 0;
        let lost = self.state == State::Lost || (self.tentative && self.in_head());
        let why = if lost {
            if !self.passed || self.records == 0 {
                return;
            }
            Defect::RestLost
        } else if self.state != State::Between && self.kind != Kind::Tail {
            Defect::EndsInRecord
        } else if self.state != State::Between || self.list != List::Top {
            Defect::EndsInList
        } else {
            return;
        };
        if self.state == State::Between || why == Defect::EndsInList {
            self.start_here(&[], 0);
        }
        self.report(why, found);
    }

    /// Whether it is not yet known if the object being read is a record.
    fn in_head(&self) -> bool {
        matches!(self.state, State::Opened | State::FirstKey)
    }

    fn between(&mut self, bytes: &[u8], mut at: usize, found: Sink<'_>) -> usize {
        while let Some(&byte) = bytes.get(at) {
            match byte {
                // Record separators (RFC 7464) and commas between objects do no harm.
                b' ' | b'\t' | b'\r' | b'\n' | b',' | 0x1e => at += 1,
                b'{' => return self.open(bytes, at),
                b'[' if self.list == List::Top => {
                    self.list = List::Bare;
                    at += 1;
                }
                b']' if self.list == List::Bare => {
                    self.list = List::Top;
                    at += 1;
                }
                b']' if self.list == List::Held => return self.end_of_list(bytes, at),
                // A byte order mark.
                0xef | 0xbb | 0xbf if self.offset + (at as u64) < 3 => at += 1,
                _ => {
                    self.start_here(bytes, at);
                    return self.lose(Defect::NotJson, at, found);
                }
            }
        }
        at
    }

    /// An object starts at `at`.
    fn open(&mut self, bytes: &[u8], at: usize) -> usize {
        if self.list == List::Top && self.one_line && self.before_at(bytes, at).raw == b'\n' {
            self.lines = true;
        }
        self.start_here(bytes, at);
        self.state = State::Opened;
        self.kind = if self.list == List::Held {
            Kind::Record
        } else {
            Kind::Candidate
        };
        self.tentative = false;
        self.too_large = false;
        self.held.clear();
        self.key.clear();
        self.closers.clear();
        self.closers.push(b'}');
        self.from = at;
        at + 1
    }

    /// The list of a container ends at `at`; the rest of the container is still to come.
    fn end_of_list(&mut self, bytes: &[u8], at: usize) -> usize {
        self.list = if self.nested { List::Bare } else { List::Top };
        let next = self.open(bytes, at);
        self.kind = Kind::Tail;
        self.state = State::Body;
        next
    }

    fn opened(&mut self, bytes: &[u8], mut at: usize, found: Sink<'_>) -> usize {
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => at += 1,
                b'"' if self.tentative || self.first_key.is_empty() => {
                    self.state = State::FirstKey;
                    return at + 1;
                }
                b'"' => {
                    self.state = State::Body;
                    return at;
                }
                _ if self.tentative => {
                    self.state = State::Lost;
                    return at;
                }
                b'}' => {
                    self.state = State::Body;
                    return at;
                }
                _ => return self.lose(Defect::NotJson, at, found),
            }
        }
        at
    }

    fn in_first_key(&mut self, bytes: &[u8], at: usize, found: Sink<'_>) -> usize {
        let rest = bytes.get(at..).unwrap_or_default();
        let end = memchr3(b'"', b'\\', b'\n', rest);
        let text = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        let room = MAX_KEY.saturating_sub(self.key.len());
        self.key
            .extend_from_slice(text.get(..text.len().min(room)).unwrap_or_default());
        let Some(end) = end else { return bytes.len() };
        match rest.get(end) {
            Some(b'\n') if self.tentative => self.state = State::Lost,
            Some(b'\n') => return self.lose(Defect::OpenString, at + end, found),
            _ if self.tentative && !self.is_first_key() => {
                self.passed = true;
                self.state = State::Lost;
            }
            Some(b'\\') => {
                self.tentative = false;
                self.state = State::Text { escaped: false };
                return at + end;
            }
            _ => {
                self.tentative = false;
                self.state = State::Body;
            }
        }
        at + end + 1
    }

    fn is_first_key(&self) -> bool {
        FIRST_KEYS.contains(&self.key.as_slice()) || (!self.key.is_empty() && self.key == self.first_key)
    }

    /// The tight loop: from one bracket or quote to the next.
    fn body(&mut self, bytes: &[u8], mut at: usize, found: Sink<'_>) -> usize {
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let Some(step) = rest.iter().position(|&byte| class(byte) != Class::Plain) else {
                return bytes.len();
            };
            at += step;
            let byte = rest.get(step).copied().unwrap_or_default();
            match class(byte) {
                Class::Quote => match end_of_text(bytes, at + 1) {
                    TextEnd::Closed(next) => at = next,
                    TextEnd::Newline(next) => return self.lose(Defect::OpenString, next, found),
                    TextEnd::Unfinished { escaped } => {
                        self.state = State::Text { escaped };
                        return bytes.len();
                    }
                },
                Class::Open => match self.open_bracket(bytes, at, byte) {
                    Bracket::Inner => at += 1,
                    Bracket::Container => return at + 1,
                    Bracket::Wrong => return self.lose(Defect::Brackets, at, found),
                },
                Class::Close => {
                    if self.closers.pop() != Some(byte) {
                        return self.lose(Defect::Brackets, at + 1, found);
                    }
                    at += 1;
                    if self.closers.is_empty() {
                        self.close(bytes, at, found);
                        return at;
                    }
                }
                Class::Plain | Class::Foreign => return self.lose(Defect::NotJson, at, found),
            }
        }
    }

    fn text(&mut self, bytes: &[u8], at: usize, escaped: bool, found: Sink<'_>) -> usize {
        match end_of_text(bytes, at + usize::from(escaped)) {
            TextEnd::Closed(next) => {
                self.state = State::Body;
                next
            }
            TextEnd::Newline(next) => self.lose(Defect::OpenString, next, found),
            TextEnd::Unfinished { escaped } => {
                self.state = State::Text { escaped };
                bytes.len()
            }
        }
    }

    fn open_bracket(&mut self, bytes: &[u8], at: usize, byte: u8) -> Bracket {
        let before = self.before_at(bytes, at);
        // A bracket opens the value of a member or an element. Anything else is a record that
        // starts inside another: the earlier one has lost its end.
        let fits = match self.closers.last() {
            Some(b'}') => before.solid == b':',
            _ => matches!(before.solid, b',' | b'['),
        };
        if !fits {
            return Bracket::Wrong;
        }
        if byte == b'{' && self.lines && self.list == List::Top && before.raw == b'\n' {
            return Bracket::Wrong;
        }
        if byte == b'['
            && self.closers.len() == 1
            && self.kind != Kind::Record
            && self.is_container_at(bytes, at)
        {
            self.nested = self.list == List::Bare;
            self.list = List::Held;
            self.state = State::Between;
            self.held.clear();
            self.key.clear();
            return Bracket::Container;
        }
        self.closers.push(if byte == b'{' { b'}' } else { b']' });
        Bracket::Inner
    }

    /// Whether the `[` at `at` is the value of one of [`CONTAINERS`].
    fn is_container_at(&self, bytes: &[u8], at: usize) -> bool {
        let head = bytes.get(..at).unwrap_or_default();
        let mut back = head
            .iter()
            .rev()
            .chain(self.held.iter().rev())
            .copied()
            .skip_while(u8::is_ascii_whitespace);
        if back.next() != Some(b':') {
            return false;
        }
        let mut back = back.skip_while(u8::is_ascii_whitespace);
        if back.next() != Some(b'"') {
            return false;
        }
        CONTAINERS.iter().any(|name| {
            let mut back = back.clone();
            name.iter().rev().all(|&byte| back.next() == Some(byte))
                && back.next() == Some(b'"')
                && back.next() != Some(b'\\')
        })
    }

    /// The object being read ends before `end`.
    fn close(&mut self, bytes: &[u8], end: usize, found: Sink<'_>) {
        self.state = State::Between;
        if self.kind == Kind::Tail {
            self.held.clear();
            return;
        }
        if self.too_large {
            self.report(Defect::TooLarge, found);
            return;
        }
        let part = bytes.get(self.from..end).unwrap_or_default();
        let text = if self.held.is_empty() {
            part
        } else {
            self.held.extend_from_slice(part);
            self.held.as_slice()
        };
        if self.list == List::Top {
            self.one_line = memchr(b'\n', text).is_none();
        }
        self.number += 1;
        self.records += 1;
        found(Found::Record {
            text,
            number: self.number,
            line: self.start_line,
            offset: self.start_offset,
        });
        self.held.clear();
        if self.first_key.is_empty() {
            self.first_key.append(&mut self.key);
        }
    }

    /// The record being read is broken; the search for the next goes on at `at`.
    fn lose(&mut self, why: Defect, at: usize, found: Sink<'_>) -> usize {
        self.report(why, found);
        self.state = State::Lost;
        self.passed = false;
        self.held.clear();
        at
    }

    fn report(&mut self, why: Defect, found: Sink<'_>) {
        // A stream without a single record is no trail: saying so once is enough.
        if self.records == 0 && self.broken > 0 && self.list == List::Top {
            return;
        }
        self.number += 1;
        self.broken += 1;
        found(Found::Broken {
            number: self.number,
            line: self.start_line,
            offset: self.start_offset,
            why,
        });
    }

    /// Looks for the next start of a record.
    fn lost(&mut self, bytes: &[u8], at: usize) -> usize {
        let Some(step) = memchr(b'{', bytes.get(at..).unwrap_or_default()) else {
            return bytes.len();
        };
        let at = at + step;
        let before = self.before_at(bytes, at);
        if self.list == List::Top && before.raw == b'\n' {
            return self.open(bytes, at);
        }
        if !before.newline && !matches!(before.solid, b',' | b'[' | b'}') {
            return at + 1;
        }
        let next = self.open(bytes, at);
        self.tentative = true;
        next
    }

    /// Keeps the part of the object being read that stands in this chunk.
    fn hold(&mut self, bytes: &[u8]) {
        let part = bytes.get(self.from..).unwrap_or_default();
        if self.held.len() + part.len() > MAX_RECORD {
            self.too_large = true;
            self.held = Vec::new();
        }
        if !self.too_large {
            self.held.extend_from_slice(part);
        }
    }

    fn start_here(&mut self, bytes: &[u8], at: usize) {
        self.count_lines(bytes, at);
        self.start_line = self.line;
        self.start_offset = self.offset + at as u64;
    }

    fn count_lines(&mut self, bytes: &[u8], to: usize) {
        self.line += memchr_iter(b'\n', bytes.get(self.counted..to).unwrap_or_default()).count() as u64;
        self.counted = to;
    }

    fn before_at(&self, bytes: &[u8], at: usize) -> Before {
        self.before.then(bytes.get(..at).unwrap_or_default())
    }
}

/// What an opening bracket inside an object does.
enum Bracket {
    Inner,
    Container,
    Wrong,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything found in `chunks`: records as `number@line: text`, breaks as `number@line! why`.
    fn found(chunks: &[&[u8]]) -> Vec<String> {
        let mut all = Vec::new();
        let mut splitter = Splitter::new();
        let mut sink = |found: Found<'_>| {
            all.push(match found {
                Found::Record {
                    text, number, line, ..
                } => {
                    format!("{number}@{line}: {}", String::from_utf8_lossy(text))
                }
                Found::Broken {
                    number, line, why, ..
                } => format!("{number}@{line}! {why:?}"),
            });
        };
        for chunk in chunks {
            splitter.push(chunk, &mut sink);
        }
        splitter.finish(&mut sink);
        all
    }

    fn texts(input: &str) -> Vec<String> {
        found(&[input.as_bytes()])
            .into_iter()
            .map(|line| line.split_once(' ').unwrap().1.to_owned())
            .collect()
    }

    const A: &str = r#"{"eventVersion":"1.11","eventName":"A","resources":[{"ARN":"a{]"},{"ARN":"\"b"}]}"#;
    const B: &str = r#"{"eventVersion":"1.11","eventName":"B","requestParameters":null}"#;
    const C: &str = r#"{"eventVersion":"1.11","eventName":"C","requestParameters":{"x":[[],{}]}}"#;

    #[test]
    fn every_shape_gives_the_same_records() {
        let pretty = |text: &str| {
            serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(text).unwrap()).unwrap()
        };
        for input in [
            format!(r#"{{"Records":[{A},{B},{C}]}}"#),
            format!(r#"{{"Records" : [ {A} , {B} , {C} ] }}"#),
            format!(
                r#"{{"NextToken":"Records","x":["Records"],"Events":[{A},{B},{C}],"more":{{"Events":[1]}}}}"#
            ),
            format!(r#"{{"messageType":"DATA_MESSAGE","logEvents":[{A},{B},{C}]}}"#),
            format!("[{A},{B},{C}]"),
            format!("[\n{A},\n{B},\n{C}\n]\n"),
            format!("{A}\n{B}\r\n\n{C}"),
            format!("{A}{B} {C}\n"),
            format!("\u{feff}{A}\n{B}\n{C}\n"),
            format!("\u{1e}{A}\n\u{1e}{B}\n\u{1e}{C}\n"),
            format!(r#"{{"Records":[{A},{B}]}}{{"Records":[{C}]}}"#),
            format!("{{\"Records\":[{A}]}}\n{{\"Records\":[]}}\n{{\"Records\":[{B},{C}]}}\n"),
            format!(r#"[{{"Records":[{A}]}},{B},{{"Events":[{C}]}}]"#),
            format!("[{A}][{B},{C}]"),
            format!(r#"{{"Records":[{A}],"Events":[{B},{C}]}}"#),
        ] {
            assert_eq!(texts(&input), [A, B, C], "{input}");
        }
        for input in [
            format!(
                "{{\n  \"Records\": [\n{},\n{},\n{}\n]\n}}",
                pretty(A),
                pretty(B),
                pretty(C)
            ),
            format!("{}\n{}\n{}\n", pretty(A), pretty(B), pretty(C)),
        ] {
            assert_eq!(texts(&input), [pretty(A), pretty(B), pretty(C)], "{input}");
        }
    }

    #[test]
    fn an_object_that_holds_records_deeper_or_as_text_is_a_record_itself() {
        for input in [
            r#"{"a":{"Records":[1]}}"#,
            r#"{"Records":"[]"}"#,
            r#"{"x\"Records":[]}"#,
            r#"{"Records":{"a":[]}}"#,
            r#"{"awsAccountId":"111122223333","digestStartTime":"x","logFiles":[{"s3Bucket":"b"}]}"#,
            "{}",
        ] {
            assert_eq!(texts(input), [input]);
        }
    }

    #[test]
    fn numbers_and_lines_are_those_of_the_stream() {
        assert_eq!(
            found(&[b"{\"Records\":[\n{\"a\":1},\n\n{\"b\"", b":\n2}\n,{\"c\":3}]}"]),
            ["1@2: {\"a\":1}", "2@4: {\"b\":\n2}", "3@6: {\"c\":3}"]
        );
    }

    #[test]
    fn offsets_point_at_the_records() {
        let input = format!(r#"{{"Records":[ {A},{B}]}}"#);
        for size in [1, 7, 1000] {
            let mut splitter = Splitter::new();
            let mut ranges = Vec::new();
            let mut sink = |found: Found<'_>| {
                if let Found::Record { text, offset, .. } = found {
                    ranges.push(offset as usize..offset as usize + text.len());
                }
            };
            input
                .as_bytes()
                .chunks(size)
                .for_each(|chunk| splitter.push(chunk, &mut sink));
            let texts: Vec<_> = ranges.into_iter().map(|range| &input[range]).collect();
            assert_eq!(texts, [A, B]);
        }
    }

    /// Ways to break the middle one of three records, and what is said of it.
    const BREAKS: [(&str, &str); 8] = [
        (
            "{\"eventVersion\":\"1.11\",\"eventName\":\"B\",\"x\":\"open}",
            "OpenString",
        ),
        (
            r#"{"eventVersion":"1.11","eventName":"B","x":{"y":1}"#,
            "Brackets",
        ),
        (r#"{"eventVersion":"1.11","eventName":"B","x":[1}"#, "Brackets"),
        (r#"{"eventVersion":"1.11","eventName":"B"}}"#, "NotJson"),
        (r#"{"eventVersion":"1.11","eventName":undefined}"#, "NotJson"),
        (r#"{'eventVersion':'1.11'}"#, "NotJson"),
        (r#"{"eventVersion":"1.11","eventName":"#, "Brackets"),
        ("xyz", "NotJson"),
    ];

    #[test]
    fn a_broken_record_costs_only_itself() {
        for (broken, why) in BREAKS {
            // On one line, an open string swallows the start of the next record.
            let lists = [
                (format!("{A}\n{broken}\n{C}\n{A}\n"), true),
                (format!("{{\"Records\":[{A},\n{broken},\n{C},\n{A}]}}"), true),
                (format!("[{A},{broken},{C},{A}]"), why != "OpenString"),
            ];
            for (input, whole) in lists {
                let all = texts(&input);
                assert_eq!(all.first().unwrap(), A, "{input}");
                if whole {
                    assert_eq!(
                        all.iter().filter(|text| *text == why).count(),
                        1,
                        "{input}\n{all:#?}"
                    );
                    // A value that is missing its end takes the next record for it.
                    let kept = if broken.ends_with(':') && !input.starts_with('{') {
                        1
                    } else {
                        2
                    };
                    assert!(
                        all.iter().filter(|text| text.starts_with('{')).count() > kept,
                        "{input}\n{all:#?}"
                    );
                }
                assert_eq!(all.last().unwrap(), A, "{input}");
            }
        }
    }

    #[test]
    fn an_early_end_is_said_and_what_came_before_is_kept() {
        for (input, why) in [
            (
                format!(r#"{{"Records":[{A},{{"eventVersion":"1.11","user"#),
                "EndsInRecord",
            ),
            (
                format!(r#"{{"Records":[{A},{{"eventVersion":"1.11","x":"#),
                "EndsInRecord",
            ),
            (format!(r#"{{"Records":[{A},{{"#), "EndsInRecord"),
            (format!(r#"{{"Records":[{A},"#), "EndsInList"),
            (format!(r#"{{"Records":[{A}]"#), "EndsInList"),
            (format!("[{A}"), "EndsInList"),
            (format!("{A}\n{{\"eventVersion\":\"1."), "EndsInRecord"),
        ] {
            assert_eq!(texts(&input), [A, why], "{input}");
        }
        assert!(texts("").is_empty() && texts(" \n").is_empty() && texts(r#"{"Records":[]}"#).is_empty());
    }

    #[test]
    fn what_is_plainly_not_json_is_said_once() {
        for input in [
            "2024-01-01 INFO started\n{ not json }\n[also] not\n"
                .repeat(50)
                .as_str(),
            "body {\n  color: red;\n}\n",
            "<?xml version=\"1.0\"?>\n<a>{\"b\"}</a>\n",
        ] {
            assert_eq!(texts(input), ["NotJson"], "{input}");
        }
        let binary: Vec<u8> = (0..=255u8).cycle().take(10_000).collect();
        assert_eq!(found(&[&binary]), ["1@1! NotJson"]);
    }

    #[test]
    fn a_truncated_file_before_a_good_one_does_not_take_it_along() {
        // Cut where a value was to come, the next file is that value.
        for cut in (20..A.len()).filter(|&cut| !A[..cut].ends_with([':', '[']) && !A[..cut].ends_with("},")) {
            let input = format!(r#"{{"Records":[{B},{}{{"Records":[{A},{C}]}}"#, &A[..cut]);
            let all = texts(&input);
            assert_eq!(all.last().unwrap(), C, "{input}\n{all:#?}");
        }
    }

    #[test]
    fn after_a_break_nested_objects_are_not_taken_for_records() {
        let broken = r#"{"eventVersion":"1.11","x":"y"z,"resources":[{"ARN":"a"},{"ARN":"b"}]}"#;
        assert_eq!(texts(&format!("[{A},{broken},{B}]")), [A, "NotJson", B]);
        // The first key is learnt where it is none of AWS's own.
        assert_eq!(
            texts(r#"[{"p":1},{"p":x,"q":[{"r":1},{"r":2}]},{"p":3}]"#),
            [r#"{"p":1}"#, "NotJson", r#"{"p":3}"#]
        );
    }
}
