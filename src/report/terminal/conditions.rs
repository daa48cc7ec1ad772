//! Conditions that held for every use of a statement.

use std::fmt::Write;

use super::line;
use super::style::{FAINT, LINES, STRONG, rest, styled};
use super::words::{compact, count, few, fold, grouped};
use crate::recommend::conditions::{Suggestion, Tried};
use crate::report::Recommendation;

/// Resources that are named before the rest is counted.
const RESOURCES: usize = 2;

pub(super) fn section(out: &mut String, report: &Recommendation) {
    if report.conditions.is_empty() {
        return;
    }
    let title = "Conditions that held for every use (written only with --conditions)";
    line!(out, "{}", styled(STRONG, title));
    let mut alike: Vec<Vec<&Suggestion>> = Vec::new();
    for own in &report.conditions {
        let same = |list: &&mut Vec<&Suggestion>| {
            list.first()
                .is_some_and(|first| first.name == own.name && first.condition == own.condition)
        };
        match alike.iter_mut().find(same) {
            Some(list) => list.push(own),
            None => alike.push(vec![own]),
        }
    }
    for list in &alike {
        one(out, list);
    }
    for own in report.conditions_tried.iter().filter(|own| own.refused > 0) {
        line!(out, "  {} did not hold later: {}", own.name.as_str(), tried(own));
    }
    line!(out);
}

fn one(out: &mut String, list: &[&Suggestion]) {
    let Some(first) = list.first() else { return };
    let written = if first.written { " (written)" } else { "" };
    line!(
        out,
        "  {}{written}: {}",
        first.name.as_str(),
        compact(&first.condition)
    );
    for own in list.iter().take(LINES) {
        statement(out, own);
    }
    rest(out, list.len(), LINES);
    let mut notes: Vec<&str> = list.iter().filter_map(|own| own.note).collect();
    notes.dedup();
    for note in notes {
        line!(out, "    {note}");
    }
}

fn statement(out: &mut String, own: &Suggestion) {
    let apart = if own.split {
        "; its other actions stay apart"
    } else {
        ""
    };
    let shown = own
        .let_through_percent
        .map(|percent| format!(", {percent:.0}% let through"))
        .unwrap_or_default();
    let by_services = match own.calls_by_services {
        0 => String::new(),
        calls => format!(" and {} by services", grouped(calls as usize)),
    };
    let later = own
        .backtest
        .as_ref()
        .map(|own| format!("; {}", tried(own)))
        .unwrap_or_default();
    let seen = format!(
        "{}{by_services} on {}{shown}{later}",
        count(own.calls, "call"),
        count(own.days as u64, "day")
    );
    line!(
        out,
        "    {} on {}{apart} {}",
        fold(&own.actions),
        few(&own.resources, RESOURCES),
        styled(FAINT, &format!("({seen})"))
    );
    if let Some(beside) = &own.beside {
        line!(out, "      and a second statement with {}", compact(beside));
    }
}

fn tried(own: &Tried) -> String {
    format!(
        "learnt from {} it refuses {} of {} in the next {}",
        count(u64::try_from(own.learnt_days).unwrap_or_default(), "day"),
        grouped(own.refused as usize),
        count(own.calls, "call"),
        count(u64::try_from(own.judged_days).unwrap_or_default(), "day")
    )
}
