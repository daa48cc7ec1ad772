//! Diagnostics in the shape one knows from cargo, pointing into the person's own file.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::diagnostic::{Diagnostic, Severity};

/// The diagnostic with its place and help, with ANSI styles.
pub(super) fn rendered(diagnostic: &Diagnostic) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let mut group = level
        .primary_title(&diagnostic.message)
        .id(diagnostic.code.as_str())
        .elements(Vec::<Origin<'_>>::new());
    if let Some(place) = &diagnostic.place {
        group = match &diagnostic.excerpt {
            Some(excerpt) => group.element(
                Snippet::source(&excerpt.text)
                    .line_start(place.line.unwrap_or(1) as usize)
                    .path(&place.file)
                    .annotation(AnnotationKind::Primary.span(excerpt.span.0..excerpt.span.1)),
            ),
            None => group.element(origin(place)),
        };
        if let (Some(record), None) = (place.record, &diagnostic.excerpt) {
            group = group.element(Level::NOTE.message(format!("record {record}")));
        }
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help));
    }
    let groups: [Group<'_>; 1] = [group];
    Renderer::styled().render(&groups).to_string()
}

fn origin(place: &crate::diagnostic::Place) -> Origin<'_> {
    let mut origin = Origin::path(&place.file);
    if let Some(line) = place.line {
        origin = origin.line(line as usize);
        if let Some(column) = place.column {
            origin = origin.char_column(column as usize);
        }
    }
    origin
}
