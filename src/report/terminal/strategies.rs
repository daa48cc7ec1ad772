//! `recommend --strategy all` for a person.

use std::fmt::Write;

use super::line;
use super::style::{FAINT, STRONG, styled};
use super::words::{count, day, grouped};
use crate::strategy::{Compared, SideBySide};

/// Renders the strategies, a line each.
pub fn render(all: &SideBySide) -> String {
    let mut out = String::new();
    line!(out, "{}", styled(STRONG, &all.principal));
    let window = match (&all.first, &all.last) {
        (Some(first), Some(last)) => format!(", trail from {} to {}", day(first), day(last)),
        _ => String::new(),
    };
    line!(out, "{}{window}", count(all.events, "event"));
    line!(out);
    let head = format!(
        "  {:<28}{:>9}{:>9}{:>9}{:>7}{:>9}{:>8}{:>11}{:>10}{:>9}{:>10}{:>9}",
        "strategy",
        "permits",
        "excess",
        "new",
        "paths",
        "manages",
        "log2",
        "resources",
        "policies",
        "size",
        "refused",
        "tickets"
    );
    line!(out, "{}", styled(FAINT, &head));
    for own in &all.strategies {
        row(&mut out, own);
    }
    line!(out);
    for own in &all.strategies {
        line!(out, "  {:<28}{}", own.price.name(), own.meaning);
    }
    line!(out);
    let judged = all.strategies.iter().find_map(|own| own.judged.as_ref());
    let backtest = match judged {
        Some(judged) => format!(
            "refused, tickets: of {} calls in the last {} days, had it been applied before them, learnt from the {} before",
            grouped(judged.outcome.calls as usize),
            judged.judged_days,
            judged.learnt_days
        ),
        None => "refused, tickets: not known, the trail is too short to judge by its last 30 days".to_owned(),
    };
    let legend = [
        "permits: actions · excess: of those, never used · new: beyond the present grants · paths: known dangerous paths".to_owned(),
        "left open · manages: actions that manage permissions · log2: of the requests permitted · resources: of what others".to_owned(),
        "were seen to use and this principal never did, the part permitted".to_owned(),
        format!(
            "IAM takes {} managed policies of {} characters; {backtest}",
            all.quotas.policies,
            grouped(all.quotas.characters)
        ),
    ];
    legend
        .iter()
        .for_each(|text| line!(out, "{}", styled(FAINT, text)));
    line!(out);
    line!(
        out,
        "Next: --strategy NAME prints one with its policies; `leastgrant backtest --by TAG` prices them for a group."
    );
    out
}

fn row(out: &mut String, own: &Compared) {
    let price = &own.price;
    let dash = || "-".to_owned();
    let refused = own.judged.as_ref().map(|judged| &judged.outcome);
    let overflow = if price.overflow { "  does not fit" } else { "" };
    line!(
        out,
        "  {:<28}{:>9}{:>9}{:>9}{:>7}{:>9}{:>8}{:>11}{:>10}{:>9}{:>10}{:>9}{overflow}",
        price.name(),
        grouped(price.actions),
        grouped(price.excess),
        grouped(price.beyond_grants),
        price.dangers.len(),
        grouped(price.permissions_management),
        price.bits.map_or_else(dash, |bits| format!("{bits:.1}")),
        price
            .resources
            .map_or_else(dash, |share| format!("{:.1}%", share.percent())),
        price.policies.len(),
        grouped(price.size),
        refused.map_or_else(dash, |outcome| grouped(outcome.refused_calls as usize)),
        refused.map_or_else(dash, |outcome| grouped(outcome.tickets as usize)),
    );
}
