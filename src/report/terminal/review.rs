//! A review for a person: the totals, then the principals to look at first.

use std::fmt::Write;

use super::line;
use super::review_options;
use super::style::{FAINT, REMOVE, STRONG, styled};
use super::words::{day, few, grouped};
use crate::review::{PrincipalReview, Review, Standing};

/// Dangerous paths that are named before the rest is counted.
const PATHS: usize = 3;

/// The review, its first `most` principals one by one.
pub fn render(review: &Review, most: usize) -> String {
    let mut out = String::new();
    let totals = &review.totals;
    let time = |time: &Option<String>| time.as_deref().map(day).unwrap_or_default();
    line!(
        out,
        "{} events, {} to {} ({} days, {} regions)",
        grouped(review.events as usize),
        time(&review.first),
        time(&review.last),
        review.days.unwrap_or_default(),
        review.regions.len()
    );
    line!(
        out,
        "{} principals: {} active · {} dormant · {} never used · {} new · {} not editable",
        styled(STRONG, &grouped(totals.principals)),
        grouped(totals.active),
        grouped(totals.dormant),
        grouped(totals.never_used),
        grouped(totals.new),
        grouped(totals.fixed)
    );
    line!(
        out,
        "{} grants of an action: {} used · {} unused · {} not to be seen · {} principals with a change · {} refused calls",
        grouped(totals.granted),
        grouped(totals.used),
        grouped(totals.unused),
        grouped(totals.unseen),
        grouped(totals.with_change),
        grouped(totals.refused_calls as usize)
    );
    if let Some(changes) = &review.changes {
        review_options::changes(&mut out, changes);
    }
    line!(out);
    line!(
        out,
        "{}",
        styled(
            FAINT,
            "rank  principal                                    standing    last        granted   used   goes  log2 permitted"
        )
    );
    let shown: Vec<&PrincipalReview> = review
        .principals
        .iter()
        .filter(|own| review_options::is_shown(own))
        .collect();
    for own in shown.iter().take(most) {
        one(&mut out, own);
    }
    let rest = shown.len().saturating_sub(most);
    if rest > 0 {
        line!(
            out,
            "… and {} more; --top N shows more, --format html, csv and json all",
            grouped(rest)
        );
    }
    review_options::exceptions(&mut out, review);
    super::groups::section(&mut out, review);
    super::findings::section(&mut out, &review.findings, most);
    out
}

fn one(out: &mut String, own: &PrincipalReview) {
    let name = crate::grants::short_name(&own.arn).unwrap_or_else(|| own.arn.clone());
    let bits = |bits: Option<f64>| bits.map_or_else(|| "nothing".to_owned(), |bits| format!("2^{bits:.0}"));
    let permitted = if own.changes {
        format!("{} → {}", bits(own.bits_before), bits(own.bits_after))
    } else {
        bits(own.bits_before)
    };
    line!(
        out,
        "{:>4}  {name:<44} {:<11} {:<10} {:>8} {:>6} {:>6}  {permitted}",
        own.rank,
        own.standing.as_str(),
        own.last.as_deref().map_or_else(|| "never".to_owned(), day),
        grouped(own.granted),
        grouped(own.used),
        grouped(own.goes.total()),
    );
    if own.standing == Standing::NeverUsed {
        let paths = match own.dangers.len() {
            0 => String::new(),
            count => format!("; it holds {} known dangerous paths", grouped(count)),
        };
        line!(
            out,
            "      never used in this trail: can it go altogether?{paths}"
        );
    }
    if !own.dangers_closed.is_empty() {
        let names: Vec<String> = own.dangers_closed.iter().map(|name| (*name).to_owned()).collect();
        line!(out, "      closes {}", styled(REMOVE, &few(&names, PATHS)));
    }
    if let Some(test) = own.backtest.as_ref().filter(|test| test.refused_calls > 0) {
        line!(
            out,
            "      had this been applied before: {} of {} calls refused, in {} tickets",
            grouped(test.refused_calls as usize),
            grouped(test.calls as usize),
            grouped(test.tickets as usize)
        );
    }
    if own.refused_calls > 0 {
        let names: Vec<String> = own
            .refusals
            .iter()
            .map(|refusal| refusal.action.clone())
            .collect();
        line!(
            out,
            "      refused {} calls: {}",
            grouped(own.refused_calls as usize),
            few(&names, PATHS)
        );
    }
    review_options::of_principal(out, own);
}
