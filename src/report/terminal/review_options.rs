//! What exceptions leave alone, and what changed since an earlier review.

use std::fmt::Write;

use super::line;
use super::style::{FAINT, STRONG, styled};
use super::words::{day, few, grouped};
use crate::exception::Holds;
use crate::review::{Changes, Compared, PrincipalReview, Review};

/// So many of one kind are named before the rest is counted.
const NAMES: usize = 4;

/// The line over the principals, where an earlier review was given.
pub(super) fn changes(out: &mut String, changes: &Changes) {
    let since = changes
        .since
        .as_deref()
        .map_or_else(|| "the baseline".to_owned(), day);
    line!(
        out,
        "{}: {} to look at · {} new · {} first reviewed · {} changed · {} gone · {} unchanged",
        styled(STRONG, &format!("Since {since}")),
        grouped(changes.to_look_at),
        grouped(changes.new),
        grouped(changes.first_reviewed),
        grouped(changes.changed),
        grouped(changes.gone.len()),
        grouped(changes.unchanged)
    );
    if !changes.gone.is_empty() {
        line!(out, "      gone: {}", few(&changes.gone, NAMES));
    }
}

/// Whether a principal is shown: with an earlier review only where something changed.
pub(super) fn is_shown(own: &PrincipalReview) -> bool {
    own.since
        .as_ref()
        .is_none_or(|since| since.compared != Compared::Unchanged)
}

/// What changed of a principal, and what of it exceptions leave alone.
pub(super) fn of_principal(out: &mut String, own: &PrincipalReview) {
    if let Some(since) = &own.since {
        if matches!(since.compared, Compared::New | Compared::FirstReviewed) {
            line!(out, "      {}", styled(STRONG, since.compared.as_str()));
        }
        for (kind, list) in since.in_words(own.standing) {
            line!(out, "      {}: {}", styled(STRONG, kind), few(&list, NAMES));
        }
    }
    for excepted in &own.excepted {
        line!(
            out,
            "      excepted: {} ({}; {}, until {})",
            excepted.what,
            few(&excepted.instead_of, NAMES),
            excepted.reason,
            excepted.until
        );
    }
}

/// The exceptions that were given, and the findings that they leave alone.
pub(super) fn exceptions(out: &mut String, review: &Review) {
    if review.exceptions.is_empty() {
        return;
    }
    line!(out);
    for own in &review.excepted_findings {
        line!(
            out,
            "      excepted: {} of {} ({}, until {})",
            own.code,
            own.subject,
            own.reason,
            own.until
        );
    }
    line!(out, "{}", styled(STRONG, "Exceptions"));
    for own in &review.exceptions {
        let what = if own.actions.is_empty() {
            own.excepts.clone()
        } else {
            few(&own.actions, NAMES)
        };
        let holds = match own.holds {
            Holds::InForce => "until",
            Holds::EndsSoon => "ends soon, after",
            Holds::Expired => "EXPIRED after",
        };
        line!(
            out,
            "  {} for {}: {} {}, {} ({})",
            what,
            few(&own.principals, NAMES),
            holds,
            own.until,
            matched(own.matched),
            styled(FAINT, &own.reason)
        );
    }
}

fn matched(count: usize) -> String {
    match count {
        0 => "leaves nothing alone".to_owned(),
        1 => "of 1 principal".to_owned(),
        many => format!("of {} principals", grouped(many)),
    }
}
