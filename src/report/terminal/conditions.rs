//! Conditions that held for every use of a statement.

use std::fmt::Write;

use super::line;
use super::style::{FAINT, LINES, STRONG, rest, styled};
use super::words::{compact, count, few, fold};
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
    for own in report.conditions.iter().take(LINES) {
        one(out, own);
    }
    rest(out, report.conditions.len(), LINES);
    let refusing = report.conditions_tried.iter().filter(|own| own.refused > 0);
    for own in refusing {
        line!(out, "  {} would not have held: {}", own.name.as_str(), tried(own));
    }
    line!(out);
}

fn one(out: &mut String, own: &Suggestion) {
    let written = if own.written { " (written)" } else { "" };
    line!(
        out,
        "  {}{written}: {}",
        own.name.as_str(),
        compact(&own.condition)
    );
    let apart = if own.split {
        "; the statement's other actions stay apart without it"
    } else {
        ""
    };
    line!(
        out,
        "    for {} on {}{apart}",
        fold(&own.actions),
        few(&own.resources, RESOURCES)
    );
    let shown = match own.let_through_percent {
        Some(percent) => format!(", {percent:.0}% of which it lets through"),
        None => String::new(),
    };
    let later = own
        .backtest
        .as_ref()
        .map(|own| format!("; {}", tried(own)))
        .unwrap_or_default();
    let seen = format!(
        "seen in {} on {}{shown}{later}",
        count(own.calls, "call"),
        count(own.days as u64, "day")
    );
    line!(out, "    {}", styled(FAINT, &seen));
    if let Some(beside) = &own.beside {
        line!(
            out,
            "    beside it: {} for {} by services",
            compact(beside),
            count(own.calls_by_services, "call")
        );
    }
    if let Some(note) = own.note {
        line!(out, "    {note}");
    }
}

fn tried(own: &Tried) -> String {
    format!(
        "learnt from the first {} it refuses {} of {} in the next {}",
        count(u64::try_from(own.learnt_days).unwrap_or_default(), "day"),
        own.refused,
        count(own.calls, "call"),
        count(u64::try_from(own.judged_days).unwrap_or_default(), "day")
    )
}
