//! Byte offsets to lines, columns and excerpts.

use super::Span;
use crate::diagnostic::{Diagnostic, Excerpt, Place};

/// The text of a policy and the name of its file: what a diagnostic needs to point somewhere.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The text.
    pub text: &'a str,
    /// The file as the person named it.
    pub file: &'a str,
}

impl Source<'_> {
    /// The diagnostic with place and excerpt of `span`.
    #[must_use]
    pub fn point(&self, diagnostic: Diagnostic, span: Span) -> Diagnostic {
        diagnostic.at(self.place(span)).excerpt(self.excerpt(span))
    }

    /// File, line and column (in characters, from 1) of a span's first byte.
    pub fn place(&self, span: Span) -> Place {
        let before = self.text.get(..span.from).unwrap_or(self.text);
        let start = line_start(before);
        let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
        let column = before.get(start..).map_or(0, |part| part.chars().count()) + 1;
        Place {
            line: Some(line as u64),
            column: Some(column as u64),
            ..Place::file(self.file)
        }
    }

    /// The line on which a span begins, and the part of the span that is on it.
    pub fn excerpt(&self, span: Span) -> Excerpt {
        let start = line_start(self.text.get(..span.from).unwrap_or(self.text));
        let rest = self.text.get(start..).unwrap_or_default();
        let line = rest.split('\n').next().unwrap_or_default();
        let line = line.strip_suffix('\r').unwrap_or(line);
        let from = span.from.saturating_sub(start).min(line.len());
        let to = span.to.saturating_sub(start).clamp(from, line.len());
        Excerpt {
            text: line.to_owned(),
            span: (from, to),
        }
    }
}

fn line_start(before: &str) -> usize {
    before.rfind('\n').map_or(0, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_excerpts_count_bytes() {
        let source = Source {
            text: "{\r\n  \"é\": x\r\n}",
            file: "p.json",
        };
        let from = source.text.find('x').unwrap();
        let span = Span { from, to: from + 1 };
        assert_eq!(source.place(span).to_string(), "p.json:2:8");
        assert_eq!(
            source.excerpt(span),
            Excerpt {
                text: "  \"é\": x".into(),
                span: (8, 9)
            }
        );
    }

    #[test]
    fn a_span_over_lines_is_cut_at_the_first() {
        let source = Source {
            text: "ab\ncd",
            file: "-",
        };
        assert_eq!(
            source.excerpt(Span { from: 1, to: 5 }),
            Excerpt {
                text: "ab".into(),
                span: (1, 2)
            }
        );
        assert_eq!(source.excerpt(Span { from: 99, to: 100 }).text, "cd");
    }
}
