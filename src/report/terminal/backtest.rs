//! The table of `backtest` for a person.

use std::fmt::Write;

use super::style::{FAINT, STRONG};
use super::words::grouped;
use crate::backtest::{Row, Table};

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
            "  {:<22}{:>9.2}%{:>10}{:>9}{:>9.2}%{:>9}{:>9}{:>8.1}{:>9}{}",
            row.strategy.as_str(),
            row.refused_percent,
            grouped(row.outcome.refused_pairs as usize),
            grouped(row.outcome.tickets as usize),
            row.excess_percent,
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
        "  {FAINT}{:<22}{:>10}{:>10}{:>9}{:>10}{:>9}{:>9}{:>8}{:>9}{FAINT:#}",
        "strategy", "refused", "pairs", "tickets", "excess", "new", "paths", "log2", "size"
    );
}

fn day(time: &str) -> &str {
    time.get(..10).unwrap_or(time)
}
