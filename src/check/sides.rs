//! One side of a comparison: its policies, and where their statements stand.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Excerpt, Place};
use crate::evaluate::{PolicyIn, StatementRef};
use crate::measure::measure;
use crate::policy::position::Source;
use crate::policy::{Document, Element, Span, Statement};
use crate::simulate::Given;
use crate::simulate::answer::statements;
use crate::simulate::view::StatementView;

/// The old or the new policies, with the limits that bind both.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// The policies.
    pub policies: &'a [Given],
    /// How a message calls them: `old.json`, `the old policies`.
    pub name: &'a str,
    /// Whether the name is that of one policy.
    pub is_one: bool,
}

impl<'a> Side<'a> {
    pub(super) fn in_layers(&self) -> Vec<PolicyIn<'a>> {
        let policies = self.policies.iter();
        policies
            .map(|given| PolicyIn {
                layer: given.layer,
                document: &given.document,
            })
            .collect()
    }

    /// `allow`, or `allows`.
    pub fn verb(&self, one: &'static str, many: &'static str) -> &'static str {
        if self.is_one { one } else { many }
    }

    /// The binary logarithm of the requests that are permitted, to two places.
    pub fn requests_log2(&self) -> Option<f64> {
        let bits = measure(&self.in_layers()).bits?;
        Some((bits * 100.0).round() / 100.0)
    }

    pub(super) fn statement(&self, reference: StatementRef) -> Option<&'a Statement> {
        let given = self.policies.get(reference.policy)?;
        given.document.statements.get(reference.statement)
    }

    pub(super) fn view(&self, reference: StatementRef) -> Option<StatementView> {
        let own = statements(self.policies.get(reference.policy)?);
        own.into_iter().nth(reference.statement).map(|(_, view)| view)
    }

    /// The diagnostic at the entry of `Action` that matches the action.
    pub(super) fn point(
        &self,
        diagnostic: Diagnostic,
        reference: Option<StatementRef>,
        action: &str,
    ) -> Diagnostic {
        let given = reference.and_then(|reference| self.policies.get(reference.policy));
        let Some((reference, given)) = reference.zip(given) else {
            return diagnostic;
        };
        let Some(statement) = given
            .document
            .statements
            .get(reference.statement)
            .filter(|_| given.is_file)
        else {
            return diagnostic.at(Place::file(given.name.as_str()));
        };
        let source = Source {
            text: &given.document.source,
            file: &given.name,
        };
        let entries = statement.action.patterns().iter().zip(&statement.action_spans);
        let mut entries = entries.filter(|(entry, _)| crate::pattern::matches_ignore_case(entry, action));
        match (&statement.action, entries.next()) {
            (Element::Only(_), Some((_, span))) => source.point(diagnostic, *span),
            (Element::Except(_), _) => whole_line(source, diagnostic, statement),
            _ => source.point(diagnostic, statement.span),
        }
    }
}

/// What `NotAction` allows is none of its entries: the line on which they begin.
fn whole_line(source: Source<'_>, diagnostic: Diagnostic, statement: &Statement) -> Diagnostic {
    let first = statement.action_spans.first().copied().unwrap_or(statement.span);
    let Excerpt { text, .. } = source.excerpt(first);
    let from = text.len() - text.trim_start().len();
    let to = text.trim_end().len().max(from);
    let place = source.place(first);
    // The line begins where its text does, counted from the entry backwards.
    let start = source
        .text
        .get(..first.from)
        .map_or(0, |before| before.rfind('\n').map_or(0, |at| at + 1));
    let column = source.place(Span {
        from: start + from,
        to: start + to,
    });
    diagnostic
        .at(Place {
            column: column.column,
            ..place
        })
        .excerpt(Excerpt {
            text,
            span: (from, to),
        })
}

/// Condition keys as the policies write them, by their lower-case form.
pub(super) fn spelling<'d>(documents: impl Iterator<Item = &'d Document>) -> BTreeMap<String, String> {
    let statements = documents.flat_map(|document| &document.statements);
    let conditions = statements.flat_map(|statement| &statement.conditions);
    conditions
        .map(|condition| (condition.key.to_ascii_lowercase(), condition.key.clone()))
        .collect()
}
