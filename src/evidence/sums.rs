//! How parts of the evidence add up: every merge here is associative and commutative.

use std::collections::BTreeMap;

/// The first and the last moment of something.
pub(super) type Span = Option<(jiff::Timestamp, jiff::Timestamp)>;

/// Adds the counts of another part.
pub(super) fn add_counts<K: Ord>(into: &mut BTreeMap<K, u64>, from: BTreeMap<K, u64>) {
    for (key, count) in from {
        *into.entry(key).or_default() += count;
    }
}

/// Widens a span so that it holds another.
pub(super) fn widen(span: &mut Span, other: Span) {
    *span = match (*span, other) {
        (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
        (one, None) | (None, one) => one,
    };
}
