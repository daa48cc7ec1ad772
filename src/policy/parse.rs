//! Reads policy documents leniently, with positions.
//!
//! Lenient in form (single values, one statement without a list, URL encoding), never in content:
//! a statement that is not understood might be a Deny, so one error leaves no document.

use std::borrow::Cow;

use jsonc_parser::ast::{Object, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::errors::ParseErrorKind;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::position::Source;
use super::{Document, Span, Statement, Version, shape};
use crate::diagnostic::{Code, Diagnostic};

/// The longest text that is read as a policy, in bytes. IAM's largest quota is 10,240 characters;
/// AWS managed policies may be larger, none comes near this.
pub const MOST_BYTES: usize = 1 << 20;

/// Reads a policy document from `text`; `file` is named in the diagnostics.
///
/// Accepts single values where lists are usual, `Statement` as an object, a URL-encoded document
/// (as IAM's API returns it), a byte order mark. Comments and duplicate keys are errors with a
/// position. `None` where there is an error that leaves no policy to speak of; warnings leave one.
///
/// Positions count in [`Document::source`]: after decoding, without the byte order mark.
pub fn parse(text: &str, file: &str) -> (Option<Document>, Vec<Diagnostic>) {
    if text.len() > MOST_BYTES {
        let message = format!(
            "this policy has {} bytes; {MOST_BYTES} are read at most",
            text.len()
        );
        return (
            None,
            vec![Diagnostic::error(Code::PolicySyntax, message).at(crate::diagnostic::Place::file(file))],
        );
    }
    let decoded = decoded(text);
    let source = Source { text: &decoded, file };
    let value = match syntax(source) {
        Ok(value) => value,
        Err(diagnostic) => return (None, vec![*diagnostic]),
    };
    let mut found = Reading {
        source,
        diagnostics: Vec::new(),
    };
    found.duplicate_keys(&value);
    let document = found.document(&value);
    let failed = found
        .diagnostics
        .iter()
        .any(|d| d.severity == crate::diagnostic::Severity::Error);
    (document.filter(|_| !failed), found.diagnostics)
}

/// Without byte order mark and URL encoding.
fn decoded(text: &str) -> Cow<'_, str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let start = text.trim_start();
    if !start.starts_with('%') && !start.starts_with("{%") {
        return Cow::Borrowed(text);
    }
    percent_decoded(text.trim()).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// RFC 3986 percent decoding; `None` where the result is no UTF-8. A `+` stays: IAM encodes a
/// space as `%20`.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        let digits = (ahead.next().and_then(hex), ahead.next().and_then(hex));
        if let (b'%', (Some(high), Some(low))) = (byte, digits) {
            bytes.push(high << 4 | low);
            rest = ahead;
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|d| u8::try_from(d).ok())
}

/// The JSON value, or what is wrong with it.
pub(super) fn syntax(source: Source<'_>) -> Result<Value<'_>, Box<Diagnostic>> {
    let strict = ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    match parse_to_ast(source.text, &CollectOptions::default(), &strict) {
        Ok(parsed) => parsed.value.ok_or_else(|| {
            let diagnostic = Diagnostic::error(Code::PolicySyntax, "the policy is empty");
            Box::new(source.point(diagnostic, Span::default()))
        }),
        Err(error) => {
            let range = error.range();
            let span = Span {
                from: range.start,
                to: range.end.max(range.start + 1),
            };
            Err(Box::new(source.point(explained(error.kind()), span)))
        }
    }
}

/// What is wrong in our words, and what to do.
fn explained(kind: &ParseErrorKind) -> Diagnostic {
    use ParseErrorKind as K;
    let syntax = |message: &str| Diagnostic::error(Code::PolicySyntax, message);
    match kind {
        K::CommentsNotAllowed | K::UnterminatedCommentBlock => {
            Diagnostic::error(Code::Comment, "a policy is JSON, and JSON has no comments")
                .help("remove the comment; a statement's Sid can say what it is for")
        }
        K::TrailingCommasNotAllowed => {
            syntax("a comma with nothing after it").help("remove the comma before the closing bracket")
        }
        K::ExpectedComma => syntax("a comma is missing before this").help("put a comma between the two"),
        K::ExpectedColonAfterObjectKey => {
            syntax("a colon is missing after the key").help("write \"Key\": value")
        }
        K::SingleQuotedStringsNotAllowed => syntax("text stands in single quotes").help("use double quotes"),
        K::UnterminatedArray => syntax("this list is never closed").help("add the missing `]`"),
        K::UnterminatedObject => syntax("this object is never closed").help("add the missing `}`"),
        K::MultipleRootJsonValues => {
            syntax("something follows after the end of the policy").help("a file holds one policy")
        }
        K::ExpectedObjectValue => syntax("a value is missing after the colon"),
        K::NestingDepthExceeded => {
            syntax("more than 512 levels of brackets").help("a policy has fewer than ten")
        }
        K::UnexpectedWord
        | K::UnexpectedToken
        | K::UnexpectedTokenInObject
        | K::ExpectedStringObjectProperty => {
            syntax("this is not JSON here").help("text and keys stand in double quotes")
        }
        other => syntax(&lower_first(&other.to_string())),
    }
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map(|c| c.to_lowercase().chain(chars).collect())
        .unwrap_or_default()
}

/// One reading of one document: the source, and what was found so far.
pub(super) struct Reading<'a> {
    pub(super) source: Source<'a>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Reading<'_> {
    pub(super) fn error(&mut self, span: Span, diagnostic: Diagnostic) {
        self.diagnostics.push(self.source.point(diagnostic, span));
    }

    pub(super) fn shape(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.error(span, Diagnostic::error(Code::PolicyShape, message).help(help));
    }

    fn duplicate_keys(&mut self, value: &Value<'_>) {
        match value {
            Value::Object(object) => {
                let mut seen: Vec<&str> = Vec::new();
                for property in &object.properties {
                    let name = property.name.as_str();
                    if seen.contains(&name) {
                        let message = format!("the key \"{name}\" is twice in one object");
                        let help = "JSON leaves open which one counts, and IAM refuses it: merge the two";
                        let diagnostic = Diagnostic::error(Code::DuplicateKey, message).help(help);
                        self.error(span_of(&property.name), diagnostic);
                    }
                    seen.push(name);
                    self.duplicate_keys(&property.value);
                }
            }
            Value::Array(array) => array
                .elements
                .iter()
                .for_each(|element| self.duplicate_keys(element)),
            _ => {}
        }
    }

    fn document(&mut self, value: &Value<'_>) -> Option<Document> {
        let Value::Object(object) = value else {
            let help = "a policy is an object with Version and Statement";
            self.shape(span_of(value), "a policy is an object", help);
            return None;
        };
        self.known_keys(object, &["Version", "Id", "Statement"], "a policy");
        let version = self.version(object);
        let id = self.optional_text(object, "Id");
        let statements = self.statements(object)?;
        Some(Document {
            version,
            id,
            statements,
            source: self.source.text.into(),
        })
    }

    fn version(&mut self, object: &Object<'_>) -> Version {
        let Some(property) = object.get("Version") else {
            return Version::V2008;
        };
        match property.value.as_string_lit().map(|lit| &*lit.value) {
            Some("2012-10-17") => return Version::V2012,
            Some("2008-10-17") => return Version::V2008,
            _ => {}
        }
        let help = "\"2012-10-17\" is the current version of the language, not a date of your own";
        self.shape(span_of(&property.value), "this Version does not exist", help);
        Version::V2012
    }

    fn statements(&mut self, object: &Object<'_>) -> Option<Vec<Statement>> {
        let Some(property) = object.get("Statement") else {
            // A misspelt key has been named already.
            if self.diagnostics.is_empty() {
                let help = "add \"Statement\": [ … ]; a file of another kind is no policy";
                self.shape(span_of(object), "this policy has no Statement", help);
            }
            return None;
        };
        match &property.value {
            Value::Object(one) => Some(shape::statement(self, one).into_iter().collect()),
            Value::Array(array) => {
                let mut statements = Vec::with_capacity(array.elements.len());
                for element in &array.elements {
                    match element {
                        Value::Object(one) => statements.extend(shape::statement(self, one)),
                        other => self.not_a_statement(other),
                    }
                }
                Some(statements)
            }
            other => {
                self.not_a_statement(other);
                None
            }
        }
    }

    fn not_a_statement(&mut self, value: &Value<'_>) {
        let help = "a statement is an object with Effect, Action and Resource";
        self.shape(span_of(value), "a statement is an object", help);
    }

    pub(super) fn optional_text(&mut self, object: &Object<'_>, name: &str) -> Option<String> {
        let property = object.get(name)?;
        match &property.value {
            Value::StringLit(text) => Some(text.value.clone().into_owned()),
            other => {
                self.shape(
                    span_of(other),
                    format!("{name} is a text"),
                    format!("write \"{name}\": \"…\""),
                );
                None
            }
        }
    }

    /// An error for each key that does not exist, with the one that was probably meant.
    pub(super) fn known_keys(&mut self, object: &Object<'_>, known: &[&str], of: &str) {
        for property in &object.properties {
            let name = property.name.as_str();
            if known.contains(&name) {
                continue;
            }
            let help = match super::nearest(name, known.iter().copied()) {
                Some(near) => format!("did you mean \"{near}\"? Keys count upper and lower case"),
                None => format!("{of} has {}", known.join(", ")),
            };
            self.shape(span_of(&property.name), format!("{of} has no \"{name}\""), help);
        }
    }
}

pub(super) fn span_of(node: &impl Ranged) -> Span {
    Span {
        from: node.start(),
        to: node.end(),
    }
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
