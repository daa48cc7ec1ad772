//! Comma-separated values (RFC 4180), for spreadsheets.

use crate::review::Review;

/// One line a principal.
pub fn review(review: &Review) -> String {
    let head = [
        "rank",
        "arn",
        "standing",
        "created",
        "first",
        "last",
        "active_days",
        "events",
        "policies",
        "granted",
        "used",
        "unused",
        "unseen",
        "goes_list",
        "goes_read",
        "goes_write",
        "goes_tagging",
        "goes_permissions",
        "dangers",
        "dangers_closed",
        "refused_calls",
        "log2_before",
        "log2_after",
        "backtest_calls",
        "backtest_refused",
        "backtest_tickets",
        "file",
    ];
    let mut out = line(head.map(str::to_owned));
    for own in &review.principals {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let bits = |bits: Option<f64>| bits.map(|bits| bits.to_string()).unwrap_or_default();
        let test = |of: &dyn Fn(&crate::backtest::Outcome) -> u64| {
            own.backtest
                .as_ref()
                .map(|test| of(test).to_string())
                .unwrap_or_default()
        };
        out.push_str(&line([
            own.rank.to_string(),
            own.arn.clone(),
            own.standing.as_str().to_owned(),
            text(&own.created),
            text(&own.first),
            text(&own.last),
            own.active_days.to_string(),
            own.events.to_string(),
            own.holds.join("; "),
            own.granted.to_string(),
            own.used.to_string(),
            own.unused.to_string(),
            own.unseen.to_string(),
            own.goes.list.to_string(),
            own.goes.read.to_string(),
            own.goes.write.to_string(),
            own.goes.tagging.to_string(),
            own.goes.permissions.to_string(),
            own.dangers.join("; "),
            own.dangers_closed.join("; "),
            own.refused_calls.to_string(),
            bits(own.bits_before),
            bits(own.bits_after),
            test(&|test| test.calls),
            test(&|test| test.refused_calls),
            test(&|test| test.tickets),
            text(&own.file),
        ]));
    }
    out
}

fn line<const N: usize>(fields: [String; N]) -> String {
    format!("{}\r\n", fields.map(|field| quoted(&field)).join(","))
}

/// Quoted where it must be. A text that a spreadsheet would take for a formula begins with an apostrophe: names
/// come from outside.
fn quoted(field: &str) -> String {
    let formula = field.starts_with(['=', '+', '-', '@', '\t', '\r']) && field.parse::<f64>().is_err();
    let text = if formula {
        format!("'{field}")
    } else {
        field.to_owned()
    };
    if text.contains([',', '"', '\n', '\r', ';']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn fields_are_quoted_and_never_formulas() {
        assert_eq!(quoted("plain"), "plain");
        assert_eq!(quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(quoted("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(quoted("-1.5"), "-1.5");
        assert_eq!(quoted("@x"), "'@x");
    }
}
