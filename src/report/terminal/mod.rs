//! The report for a terminal: meaning first, then the statements as one knows them from
//! `terraform plan`, the evidence at the side, then what could not be seen, then what to do.
//!
//! Every line says what it says without colour; colour only repeats it.

mod policies;
mod sections;
pub mod simulation;
mod style;
mod words;

use std::fmt::Write;

use super::Recommendation;
use crate::diff::Edit;
use style::{STRONG, styled};
use words::{count, day, grouped};

/// Writing to a `String` cannot fail.
macro_rules! line {
    ($out:expr) => { $out.push('\n') };
    ($out:expr, $($arg:tt)*) => {{ let _ = writeln!($out, $($arg)*); }};
}

use line;

/// The report, with ANSI styles in it; the caller strips them where colour is not wanted.
pub fn render(report: &Recommendation) -> String {
    let mut out = String::new();
    head(&mut out, report);
    let (unseen_only, others): (Vec<&Edit>, Vec<&Edit>) = report
        .edits
        .iter()
        .partition(|edit| policies::is_unseen_only(edit));
    for edit in others {
        policies::policy(&mut out, edit, report);
    }
    policies::unseen_policies(&mut out, &unseen_only, report);
    sections::refused(&mut out, report);
    sections::unseen(&mut out, report);
    sections::forced(&mut out, report);
    sections::dangers(&mut out, report);
    sections::proof(&mut out, report);
    sections::next(&mut out, report);
    out
}

/// Writing to a `String` cannot fail.
macro_rules! line {
    ($out:expr) => { $out.push('\n') };
    ($out:expr, $($arg:tt)*) => {{ let _ = writeln!($out, $($arg)*); }};
}

fn head(out: &mut String, report: &Recommendation) {
    let (summary, visibility) = (&report.summary, &report.visibility);
    line!(out, "{}", styled(STRONG, &report.principal.arn));
    let window = match (&summary.first, &summary.last) {
        (Some(first), Some(last)) => format!("{} to {}", day(first), day(last)),
        _ => "no events".to_owned(),
    };
    let days = visibility
        .days
        .map(|days| format!("; the trail reaches over {}", count(days, "day")))
        .unwrap_or_default();
    line!(
        out,
        "{}, {window}{days}, {}",
        count(summary.events, "event"),
        count(visibility.regions.len() as u64, "region")
    );
    line!(out);
    if !summary.changes {
        line!(out, "{}", styled(STRONG, "Nothing to change."));
        line!(out);
        return;
    }
    let mut parts = vec![format!(
        "{} actions → {}",
        grouped(summary.actions_before),
        grouped(summary.actions_after)
    )];
    if summary.actions_before > 0 {
        parts.push(format!("{} used", grouped(summary.used)));
        parts.push(format!("{} unseen, kept", grouped(summary.unseen)));
        parts.push(format!("{} unused, gone", grouped(summary.unused)));
    }
    parts.push(format!("{} observed calls lost", summary.observed_calls_lost));
    line!(out, "{}", styled(STRONG, &parts.join(" · ")));
    line!(out);
}
