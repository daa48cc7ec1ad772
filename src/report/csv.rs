//! Comma-separated values (RFC 4180), for spreadsheets.

use std::collections::BTreeMap;

use crate::review::{Levels, PrincipalReview, Review};

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
        "services_granted",
        "services_used",
        "services_used_names",
        "granted_list",
        "granted_read",
        "granted_write",
        "granted_tagging",
        "granted_permissions",
        "used_list",
        "used_read",
        "used_write",
        "used_tagging",
        "used_permissions",
        "proposed_edits",
        "exceptions",
        "since",
        "since_what",
        "findings",
    ];
    let mut of_principal: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for own in &review.findings {
        of_principal.entry(&own.subject).or_default().push(own.code);
    }
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
        let (granted, used) = levels(own);
        let used_services: Vec<&str> = services_used(own).collect();
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
            services_granted(own).to_string(),
            used_services.len().to_string(),
            used_services.join("; "),
            granted.list.to_string(),
            granted.read.to_string(),
            granted.write.to_string(),
            granted.tagging.to_string(),
            granted.permissions.to_string(),
            used.list.to_string(),
            used.read.to_string(),
            used.write.to_string(),
            used.tagging.to_string(),
            used.permissions.to_string(),
            own.edits.join("; "),
            exceptions(own),
            own.since
                .as_ref()
                .map_or_else(String::new, |since| since.compared.as_str().to_owned()),
            since(own),
            of_principal
                .get(own.arn.as_str())
                .map_or_else(String::new, |codes| codes.join("; ")),
        ]));
    }
    out
}

/// Granted and used actions by access level, over all services.
fn levels(own: &PrincipalReview) -> (Levels, Levels) {
    let (mut granted, mut used) = (Levels::default(), Levels::default());
    for service in &own.services {
        granted.plus(service.granted);
        used.plus(service.used);
    }
    if let Some(others) = &own.other_services {
        granted.plus(others.granted);
    }
    (granted, used)
}

/// How many services anything is granted of.
fn services_granted(own: &PrincipalReview) -> usize {
    let alone = own.services.iter().filter(|service| service.granted.total() > 0);
    let together = own
        .other_services
        .as_ref()
        .map_or(0, |others| others.services.len());
    alone.count() + together
}

/// Services of which calls were made.
fn services_used(own: &PrincipalReview) -> impl Iterator<Item = &str> {
    own.services
        .iter()
        .filter(|service| service.calls > 0)
        .map(|service| service.service.as_str())
}

fn exceptions(own: &PrincipalReview) -> String {
    let each = own
        .excepted
        .iter()
        .map(|own| format!("{}: {} (until {})", own.what, own.reason, own.until));
    each.collect::<Vec<_>>().join("; ")
}

/// What changed since the earlier review, in words.
fn since(own: &PrincipalReview) -> String {
    let words = own.since.iter().flat_map(|since| since.in_words(own.standing));
    let each = words.map(|(kind, list)| format!("{kind}: {}", list.join(", ")));
    each.collect::<Vec<_>>().join("; ")
}

fn line<const N: usize>(fields: [String; N]) -> String {
    format!("{}\r\n", fields.map(|field| quoted(&field)).join(","))
}

/// Quoted where it must be. A text that a spreadsheet would take for a formula begins with an apostrophe: names
/// come from outside (<https://owasp.org/www-community/attacks/CSV_Injection>).
fn quoted(field: &str) -> String {
    let first = field.trim_start_matches(' ');
    let formula = first.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
        && !is_number(field);
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

fn is_number(field: &str) -> bool {
    let digits = field.strip_prefix('-').unwrap_or(field);
    digits.starts_with(|c: char| c.is_ascii_digit()) && digits.chars().all(|c| c.is_ascii_digit() || c == '.')
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
        assert_eq!(quoted("+1+cmd|' /C calc'!A0"), "'+1+cmd|' /C calc'!A0");
        assert_eq!(quoted("-1+1"), "'-1+1");
        assert_eq!(quoted("-inf"), "'-inf");
        assert_eq!(quoted("  =1"), "'  =1");
        assert_eq!(quoted("\t=1"), "'\t=1");
        assert_eq!(quoted("＝1"), "'＝1");
        assert_eq!(quoted("\n=1"), "\"'\n=1\"");
    }
}
