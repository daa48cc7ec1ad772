//! How much of the API is mapped, by service and origin.

use std::fmt::Write as _;

use crate::types::{Operation, Origin, Service};

/// The columns, after service, operations and unmapped operations.
const COLUMNS: [(&str, Origin); 7] = [
    ("override", Origin::Override),
    ("service reference", Origin::ServiceReference),
    ("map", Origin::Map),
    ("HTTP verb", Origin::HttpVerb),
    ("same name", Origin::SameName),
    ("API documentation", Origin::ApiDocumentation),
    ("not signed", Origin::ApiModel),
];

/// Operations by service and origin as CSV: one line a service that has any, in the order given, and
/// a last one of totals.
pub fn coverage<'s>(services: impl IntoIterator<Item = &'s Service>) -> String {
    let mut text = String::from("service,operations,unmapped");
    for (name, _) in COLUMNS {
        let _ = write!(text, ",{name}");
    }
    text.push('\n');
    let mut total = [0; COLUMNS.len() + 2];
    for service in services.into_iter().filter(|s| !s.operations.is_empty()) {
        let row = row(&service.operations);
        for (sum, count) in total.iter_mut().zip(row) {
            *sum += count;
        }
        line(&mut text, &service.prefix, row);
    }
    line(&mut text, "(all)", total);
    text
}

fn row(operations: &[Operation]) -> [usize; COLUMNS.len() + 2] {
    let of = |origin: Origin| operations.iter().filter(|o| o.origin == origin).count();
    let mut row = [0; COLUMNS.len() + 2];
    let counts = [operations.len(), of(Origin::Unmapped)];
    let by_origin = COLUMNS.iter().map(|(_, origin)| of(*origin));
    for (cell, count) in row.iter_mut().zip(counts.into_iter().chain(by_origin)) {
        *cell = count;
    }
    row
}

fn line(text: &mut String, name: &str, row: [usize; COLUMNS.len() + 2]) {
    text.push_str(name);
    for count in row {
        let _ = write!(text, ",{count}");
    }
    text.push('\n');
}
