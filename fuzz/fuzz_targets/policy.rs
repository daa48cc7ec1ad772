//! Any bytes as a policy: read, pointed at, printed, read again, changed, linted.

#![no_main]

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use leastgrant::diagnostic::{Diagnostic, Severity};
use leastgrant::policy::{Document, Effect, Element, Statement, parse, print};
use libfuzzer_sys::fuzz_target;

fn url_encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~*".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Line and column lie in the text, and the excerpt is of that line. A place may be just behind the
/// last character.
fn placed(diagnostics: &[Diagnostic], text: &str) {
    let lines: Vec<&str> = text.split('\n').collect();
    for diagnostic in diagnostics {
        let place = diagnostic.place.as_ref().expect("a place");
        if let (Some(line), Some(column)) = (place.line, place.column) {
            assert!(line >= 1 && column >= 1);
            let own = lines.get(line as usize - 1).expect("the line is in the text");
            assert!(column as usize <= own.chars().count() + 1, "{column} in {own:?}");
            if let Some(excerpt) = &diagnostic.excerpt {
                assert_eq!(excerpt.text, own.strip_suffix('\r').unwrap_or(own));
            }
        }
        if let Some(excerpt) = &diagnostic.excerpt {
            let (from, to) = excerpt.span;
            assert!(excerpt.text.get(from..to).is_some(), "{excerpt:?}");
        }
    }
}

/// Shown to a person as `cli::diagnostics` does it: whatever the text holds, it can be drawn.
fn shown(diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics.iter().take(2) {
        let mut group = Level::ERROR
            .primary_title(&diagnostic.message)
            .id(diagnostic.code.as_str())
            .elements(Vec::<Origin<'_>>::new());
        if let (Some(place), Some(excerpt)) = (&diagnostic.place, &diagnostic.excerpt) {
            group = group.element(
                Snippet::source(&excerpt.text)
                    .line_start(place.line.unwrap_or(1) as usize)
                    .path(&place.file)
                    .annotation(AnnotationKind::Primary.span(excerpt.span.0..excerpt.span.1)),
            );
        }
        if let Some(help) = &diagnostic.help {
            group = group.element(Level::HELP.message(help));
        }
        let groups: [Group<'_>; 1] = [group];
        assert!(!Renderer::styled().render(&groups).is_empty());
    }
}

fn same(one: &Document, other: &Document) {
    assert_eq!(one.version, other.version);
    assert_eq!(one.id, other.id);
    assert_eq!(one.statements.len(), other.statements.len());
    for (one, other) in one.statements.iter().zip(&other.statements) {
        assert!(one.same_text_as(other), "{one:?}\n{other:?}");
    }
}

fn again(text: &str, document: &Document) -> Document {
    let (read, diagnostics) = parse(text, "again");
    let read = read.unwrap_or_else(|| panic!("not read again: {diagnostics:?}\n{text}"));
    same(document, &read);
    read
}

fn printed(document: &Document) {
    let canonical = print::document_value(document);
    let text = canonical.to_string();
    let read = again(&text, document);
    assert_eq!(print::document_value(&read), canonical);
    let text = print::document_text(document);
    let read = again(&text, document);
    assert_eq!(print::document_text(&read), text, "printing twice changes it");
    if document.source.trim().contains('\n') {
        assert_eq!(
            text.trim_end_matches(['\r', '\n']),
            document.source.trim_end_matches(['\r', '\n'])
        );
    }
}

/// What a proposal does to policies: entries go, statements go, come and move.
fn changed(document: &Document, how: u8) {
    let mut own = document.clone();
    let count = own.statements.len();
    let made = Statement::new(
        Effect::Allow,
        Element::Only(vec!["s3:GetObject".to_owned(), "s3:PutObject".to_owned()]),
        Some(Element::Only(vec!["arn:aws:s3:::b/*".to_owned()])),
    );
    if how & 1 != 0 && count > 0 {
        own.statements.remove(usize::from(how >> 3) % count);
    }
    if how & 2 != 0 {
        own.statements
            .insert(usize::from(how >> 3) % (own.statements.len() + 1), made);
    }
    let last = own.statements.len().saturating_sub(1);
    if let Some(statement) = own.statements.get_mut(usize::from(how >> 5).min(last)) {
        if how & 4 != 0 {
            let (Element::Only(list) | Element::Except(list)) = &mut statement.action;
            list.push("iam:PassRole".to_owned());
        }
        if how & 8 != 0 {
            statement.resource = Some(Element::Only(vec!["*".to_owned()]));
        }
        if how & 16 != 0 {
            statement.conditions.truncate(1);
            statement.sid = Some("a\"b".to_owned());
        }
        if how & 32 != 0 {
            let (Element::Only(list) | Element::Except(list)) = &mut statement.action;
            if list.len() > 1 {
                list.remove(0);
            }
        }
    }
    if how & 64 != 0 {
        own.statements.reverse();
    }
    again(&print::document_text(&own), &own);
}

/// Whether the reader takes the text as it is, neither mark nor encoding before it.
fn is_plain(text: &str) -> bool {
    let start = text.trim_start();
    !text.starts_with('\u{feff}') && !start.starts_with('%') && !start.starts_with("{%")
}

fn read(text: &str, how: u8) {
    let (document, diagnostics) = parse(text, "policy.json");
    if is_plain(text) {
        placed(&diagnostics, text);
    }
    shown(&diagnostics);
    let errors = diagnostics.iter().any(|own| own.severity == Severity::Error);
    assert_eq!(document.is_none(), errors);
    let Some(document) = document else { return };
    placed(&diagnostics, &document.source);
    placed(
        &leastgrant::lint::document(&document, "policy.json"),
        &document.source,
    );
    printed(&document);
    changed(&document, how);
}

fuzz_target!(|data: &[u8]| {
    let (how, data) = data.split_first().map_or((0, data), |(how, data)| (*how, data));
    let text = String::from_utf8_lossy(data);
    read(&text, how);
    let encoded = url_encoded(&text);
    if is_plain(&text) && encoded.starts_with('%') {
        // Encoded, it is the same policy, with the same errors in the same places.
        assert_eq!(parse(&encoded, "policy.json"), parse(&text, "policy.json"));
    }
    if how & 128 != 0 {
        read(&encoded, how);
    }
});
