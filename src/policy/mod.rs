//! IAM policy documents: read leniently with positions, printed with what was not touched left as
//! it was, measured against IAM's quotas.

pub mod document;
mod edit;
pub mod lint;
pub mod operator;
pub mod parse;
pub mod position;
pub mod print;
pub mod quota;
mod shape;

pub use document::{Condition, Document, Effect, Element, Span, Statement, Version};
pub use lint::{ActionKnown, lint};
pub use operator::Operator;
pub use parse::parse;

/// The one of `known` that `name` was probably meant to be: the same but for case, or the nearest
/// by edits (a swap counts one), at most a third of its length away.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_ascii_lowercase();
    known
        .into_iter()
        .map(|candidate| {
            (
                strsim::osa_distance(&lower, &candidate.to_ascii_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, candidate)| distance * 3 <= candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
