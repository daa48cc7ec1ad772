//! The table of `backtest` for a person.

use std::fmt::Write;

use super::line;
use super::style::{FAINT, LINES, STRONG, rest, styled};
use super::words::{count, count_of, day, few, grouped};
use crate::backtest::{Row, Table};
use crate::report::Recommendation;

/// Renders the table.
pub fn render(table: &Table) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{} to {}", day(&table.first), day(&table.last));
    let mut last: Option<(&str, i64)> = None;
    for row in &table.rows {
        if last != Some((&row.group, row.learnt_days)) {
            head(&mut out, row);
            last = Some((&row.group, row.learnt_days));
        }
        let _ = writeln!(
            out,
            "  {:<28}{:>9.2}%{:>10}{:>9}{:>9.2}%{:>10.2}%{:>9}{:>9}{:>8.1}{:>9}{}",
            row.name(),
            row.refused_percent,
            grouped(row.outcome.refused_pairs as usize),
            grouped(row.outcome.tickets as usize),
            row.excess_percent,
            row.resources_percent,
            grouped(row.beyond_grants),
            grouped(row.dangers),
            row.bits,
            grouped(row.size as usize),
            match row.overflow {
                0 => String::new(),
                count => format!("  {count} too long for IAM's quotas"),
            }
        );
    }
    let _ = writeln!(
        out,
        "\n{FAINT}refused: later calls that the policies would have refused · pairs: of action and resource · excess: actions\npermitted and never used, against the present grants · new: actions beyond the present grants · paths: known\ndangerous paths left open · log2: of the requests permitted, mean · size: characters, mean{FAINT:#}"
    );
    out
}

fn head(out: &mut String, row: &Row) {
    let principals = if row.principals == 1 {
        String::new()
    } else {
        format!(", {} principals", grouped(row.principals))
    };
    let _ = writeln!(
        out,
        "\n{STRONG}{}{STRONG:#}{principals}: learnt from {} days, judged by {} ({} calls, {} pairs)",
        row.group,
        row.learnt_days,
        row.judged_days,
        grouped(row.outcome.calls as usize),
        grouped(row.outcome.pairs as usize),
    );
    let _ = writeln!(
        out,
        "  {FAINT}{:<28}{:>10}{:>10}{:>9}{:>10}{:>11}{:>9}{:>9}{:>8}{:>9}{FAINT:#}",
        "strategy", "refused", "pairs", "tickets", "excess", "resources", "new", "paths", "log2", "size"
    );
}

/// What the proposal would have refused, had it been applied before the last days.
pub(super) fn of_proposal(out: &mut String, report: &Recommendation) {
    let Some(backtest) = report.backtest.as_ref().filter(|_| report.summary.changes) else {
        return;
    };
    let outcome = &backtest.outcome;
    line!(out, "{}", styled(STRONG, "Backtest"));
    let tickets = match outcome.tickets {
        0 => String::new(),
        tickets => format!(", in {}", count(tickets, "ticket")),
    };
    line!(
        out,
        "  had this been applied {} ago, learnt from the {} before: {} of {} refused{tickets}",
        count(backtest.judged_days.unsigned_abs(), "day"),
        count(backtest.learnt_days.unsigned_abs(), "day"),
        grouped(outcome.refused_calls as usize),
        count(outcome.calls, "call"),
    );
    if outcome.undecided_calls > 0 {
        let hang = "cannot be decided: what they hang on is not recorded";
        line!(out, "  {} {hang}", count(outcome.undecided_calls, "call"));
    }
    for refused in outcome.refused.iter().take(LINES) {
        let first = refused.first.as_deref().map(day).unwrap_or_default();
        let times = count_of(refused.calls, "time", "times");
        let events = styled(
            FAINT,
            &format!("({times} from {first}; {})", few(&refused.event_ids, 3)),
        );
        line!(out, "    {} on {}  {events}", refused.action, refused.resource);
    }
    rest(out, outcome.refused.len(), LINES);
    line!(out);
}
