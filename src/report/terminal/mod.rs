//! The report for a terminal: meaning first, then the statements as one knows them from
//! `terraform plan`, the evidence at the side, then what could not be seen, then what to do.
//!
//! Every line says what it says without colour; colour only repeats it.

pub mod backtest;
pub mod check;
mod conditions;
pub mod explain;
mod findings;
mod groups;
mod policies;
pub mod review;
mod review_options;
mod sections;
pub mod simulation;
pub mod strategies;
mod style;
mod words;

use std::fmt::Write;

use super::view::StrategyView;
use super::{PermitsView, Recommendation};
use crate::diff::Edit;
use style::{FAINT, STRONG, styled};
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
    conditions::section(&mut out, report);
    sections::proof(&mut out, report);
    backtest::of_proposal(&mut out, report);
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
        permits(out, &summary.permits);
        line!(out);
        return;
    }
    if let Some(strategy) = &report.strategy {
        self::strategy(out, strategy);
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
    permits(out, &summary.permits);
    line!(out);
}

/// The strategy that was asked for, and what it permits beyond the grants and the use.
fn strategy(out: &mut String, strategy: &StrategyView) {
    let price = &strategy.price;
    line!(out, "{}: {}", styled(STRONG, &price.name()), strategy.meaning);
    line!(
        out,
        "permits {}: {} never used, {} beyond the present grants, {} that manage permissions; {} dangerous; takes away {}",
        count(price.actions as u64, "action"),
        grouped(price.excess),
        grouped(price.beyond_grants),
        grouped(price.permissions_management),
        count(price.dangers.len() as u64, "path"),
        grouped(strategy.loses)
    );
}

/// How much is permitted, before and after.
fn permits(out: &mut String, permits: &PermitsView) {
    let (before, after) = (permits.before.requests_log2, permits.after.requests_log2);
    requests(out, before, after, permits.meaning);
}

fn requests(out: &mut String, before: Option<f64>, after: Option<f64>, meaning: &str) {
    let what = match (before, after) {
        (None, None) => "permits no request of the catalog's actions".to_owned(),
        (Some(_), None) => format!("permits {} → no requests", power(before, after)),
        (None, Some(_)) => format!("permits {} requests", power(after, before)),
        _ if before == after => format!("permits {} requests", power(after, before)),
        _ => format!(
            "permits {} → {} requests",
            power(before, after),
            power(after, before)
        ),
    };
    line!(out, "{what} {}", styled(FAINT, &format!("({meaning})")));
}

/// `2^71`; to as many places as it takes to tell it from the other.
fn power(bits: Option<f64>, other: Option<f64>) -> String {
    let (bits, other) = (bits.unwrap_or_default(), other.unwrap_or(f64::INFINITY));
    let differs = |places: &usize| format!("{bits:.places$}") != format!("{other:.places$}");
    let places = (0..2).find(differs).unwrap_or(if bits == other { 0 } else { 2 });
    format!("2^{bits:.places$}")
}
