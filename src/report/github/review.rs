//! A review for a pull request or an issue: the totals, the principals to look at first, and each folded with its
//! proposal and its evidence.

use std::fmt::Write;

use super::{code, codes, day, day_of, fenced, folded, html_code, line, prose, rest};
use crate::diagnostic::Severity;
use crate::exception::Holds;
use crate::grants::short_name;
use crate::hygiene::Finding;
use crate::review::{Compared, PrincipalReview, Review};

/// GitHub cuts comments at 65,536 characters: of each list the first so many are shown.
const ROWS: usize = 12;
/// So many names in a row.
const NAMES: usize = 8;
/// So many ids of events.
const IDS: usize = 2;

/// The review, its first `most` principals one by one.
pub fn render(review: &Review, most: usize) -> String {
    let mut out = String::new();
    head(&mut out, review);
    let shown: Vec<&PrincipalReview> = review.principals.iter().filter(|own| is_shown(own)).collect();
    if !shown.is_empty() {
        table(&mut out, &shown, most);
    }
    if shown.len() > most {
        line!(
            out,
            "… and {} more: `--top N` shows more, `--format json` all.\n",
            shown.len() - most
        );
    }
    for own in shown.iter().take(most) {
        let summary = format!("{}. {}: {}", own.rank, html_code(&name(own)), in_short(own));
        folded(&mut out, &summary, |out| principal(out, own));
    }
    findings(&mut out, review, most);
    exceptions(&mut out, review);
    said(&mut out, review);
    out
}

fn is_shown(own: &PrincipalReview) -> bool {
    own.since
        .as_ref()
        .is_none_or(|since| since.compared != Compared::Unchanged)
}

fn name(own: &PrincipalReview) -> String {
    short(&own.arn)
}

fn head(out: &mut String, review: &Review) {
    let totals = &review.totals;
    line!(out, "## Review of {} principals\n", totals.principals);
    line!(
        out,
        "{} events, {} to {} ({} days, {} regions).\n",
        review.events,
        day_of(&review.first),
        day_of(&review.last),
        review.days.unwrap_or_default(),
        review.regions.len()
    );
    line!(
        out,
        "| principals | active | dormant | never used | new | not editable | with a change |"
    );
    line!(out, "|--:|--:|--:|--:|--:|--:|--:|");
    line!(
        out,
        "| {} | {} | {} | {} | {} | {} | **{}** |\n",
        totals.principals,
        totals.active,
        totals.dormant,
        totals.never_used,
        totals.new,
        totals.fixed,
        totals.with_change
    );
    line!(
        out,
        "| grants of an action | used | unused | not to be seen | refused calls |"
    );
    line!(out, "|--:|--:|--:|--:|--:|");
    line!(
        out,
        "| {} | {} | {} | {} | {} |\n",
        totals.granted,
        totals.used,
        totals.unused,
        totals.unseen,
        totals.refused_calls
    );
    if let Some(changes) = &review.changes {
        line!(
            out,
            "**Since {}:** {} to look at · {} new · {} first reviewed · {} changed · {} gone · {} unchanged (not shown)\n",
            changes.since.as_deref().map_or("the baseline", day),
            changes.to_look_at,
            changes.new,
            changes.first_reviewed,
            changes.changed,
            changes.gone.len(),
            changes.unchanged
        );
        if !changes.gone.is_empty() {
            line!(out, "Gone: {}\n", codes(&changes.gone, NAMES));
        }
    }
}

fn table(out: &mut String, shown: &[&PrincipalReview], most: usize) {
    let with_since = shown.iter().any(|own| own.since.is_some());
    let (title, rule) = if with_since {
        (" since |", "---|")
    } else {
        ("", "")
    };
    line!(
        out,
        "| # | principal | standing | last used | granted | used | goes | dangers closed | refused calls |{title}"
    );
    line!(out, "|--:|---|---|---|--:|--:|--:|--:|--:|{rule}");
    for own in shown.iter().take(most) {
        let since = own
            .since
            .as_ref()
            .map_or_else(String::new, |since| format!(" {} |", since.compared.as_str()));
        line!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} | {} of {} | {} |{since}",
            own.rank,
            code(&name(own)),
            own.standing.as_str(),
            day_of(&own.last),
            own.granted,
            own.used,
            own.goes.total(),
            own.dangers_closed.len(),
            own.dangers.len(),
            own.refused_calls
        );
    }
    line!(out);
}

fn in_short(own: &PrincipalReview) -> String {
    match (own.changes, own.goes.total()) {
        (false, _) => format!("no change; {} of {} actions used", own.used, own.granted),
        (true, goes) => format!("{goes} of {} actions go", own.granted),
    }
}

fn principal(out: &mut String, own: &PrincipalReview) {
    line!(out, "{}, made {}\n", code(&own.arn), day_of(&own.created));
    if let Some(since) = &own.since {
        for (kind, list) in since.in_words(own.standing) {
            line!(out, "- **{kind}:** {}", codes(&list, NAMES));
        }
        line!(out);
    }
    for excepted in &own.excepted {
        line!(
            out,
            "- **excepted** ({}): {}, until {}; instead of: {}",
            code(&excepted.what),
            prose(&excepted.reason),
            excepted.until,
            codes(&excepted.instead_of, NAMES)
        );
    }
    proposal(out, own);
    uses(out, own);
    refusals(out, own);
}

fn proposal(out: &mut String, own: &PrincipalReview) {
    if !own.edits.is_empty() {
        line!(out, "\n**Proposal**\n");
    }
    for edit in &own.edits {
        line!(out, "- {}", code(edit));
    }
    let going: Vec<_> = own
        .services
        .iter()
        .filter(|service| service.goes.total() > 0)
        .collect();
    for service in going.iter().take(ROWS) {
        let names = if service.unused.is_empty() {
            "all that would have shown".to_owned()
        } else {
            codes(&service.unused, NAMES)
        };
        line!(
            out,
            "  - {}: {} go: {names}",
            code(&service.service),
            service.goes.total()
        );
    }
    if going.len() > ROWS {
        line!(out, "  - and of {} more services", going.len() - ROWS);
    }
    if let Some(others) = own
        .other_services
        .as_ref()
        .filter(|others| others.goes.total() > 0)
    {
        line!(
            out,
            "  - of {} services without use: {} go",
            others.services.len(),
            others.goes.total()
        );
    }
    if !own.dangers_closed.is_empty() {
        let names: Vec<String> = own.dangers_closed.iter().map(|name| (*name).to_owned()).collect();
        line!(out, "- closes {}", codes(&names, NAMES));
    }
    if let Some(test) = &own.backtest {
        line!(
            out,
            "- had this been applied before: {} of {} calls refused, in {} tickets",
            test.refused_calls,
            test.calls,
            test.tickets
        );
    }
    if let Some(file) = &own.file {
        line!(out, "- in full: {}", code(file));
    }
}

fn uses(out: &mut String, own: &PrincipalReview) {
    if own.uses.is_empty() {
        return;
    }
    line!(
        out,
        "\n**Used**\n\n| action | calls | last | resources | event ids |"
    );
    line!(out, "|---|--:|---|--:|---|");
    for used in own.uses.iter().take(ROWS) {
        line!(
            out,
            "| {} | {} | {} | {} | {} |",
            code(&used.action),
            used.calls,
            day_of(&used.last),
            used.resources,
            codes(&used.event_ids, IDS)
        );
    }
    rest(out, own.uses.len(), ROWS);
}

fn refusals(out: &mut String, own: &PrincipalReview) {
    if own.refusals.is_empty() {
        return;
    }
    line!(out, "\n**Refused**\n\n| action | on | calls | last | event ids |");
    line!(out, "|---|---|--:|---|---|");
    for refused in own.refusals.iter().take(ROWS) {
        line!(
            out,
            "| {} | {} | {} | {} | {} |",
            code(&refused.action),
            code(&refused.resource),
            refused.calls,
            day_of(&refused.last),
            codes(&refused.event_ids, IDS)
        );
    }
    rest(out, own.refusals.len(), ROWS);
}

/// What is wrong with the account's hygiene: a table, and each folded with its evidence and what to do.
fn findings(out: &mut String, review: &Review, most: usize) {
    let settled = review.changes.iter().flat_map(|own| &own.findings_settled);
    let settled: Vec<String> = settled
        .map(|own| format!("{} of {}", own.code, short(&own.subject)))
        .collect();
    let shown: Vec<&Finding> = review.findings.iter().filter(|own| own.is_shown()).collect();
    if shown.is_empty() && settled.is_empty() {
        return;
    }
    line!(out, "### Findings\n");
    if !settled.is_empty() {
        line!(out, "Settled since: {}\n", codes(&settled, NAMES));
    }
    if shown.is_empty() {
        return;
    }
    line!(out, "| | finding | of | what |\n|---|---|---|---|");
    for own in shown.iter().take(most) {
        line!(
            out,
            "| {} | {} | {} | {} |",
            how_bad(own.severity),
            code(own.code),
            code(&short(&own.subject)),
            prose(&own.message)
        );
    }
    line!(out);
    for own in shown.iter().take(most) {
        let summary = format!("{}: {}", html_code(own.code), html_code(&short(&own.subject)));
        folded(out, &summary, |out| finding(out, own));
    }
    if shown.len() > most {
        line!(
            out,
            "… and {} more findings: `--top N` shows more, `--format json` and `sarif` all.\n",
            shown.len() - most
        );
    }
}

fn finding(out: &mut String, own: &Finding) {
    line!(out, "{}\n", code(&own.subject));
    for proof in own.evidence.iter().take(ROWS) {
        let ids = match proof.event_ids.as_slice() {
            [] => String::new(),
            ids => format!(" ({})", codes(ids, IDS)),
        };
        line!(out, "- {}: {}{ids}", proof.source, prose(&proof.detail));
    }
    rest(out, own.evidence.len(), ROWS);
    line!(out, "\n**Do:** {}\n", prose(&own.fix));
    if !own.commands.is_empty() {
        fenced(out, "sh", &own.commands.join("\n"));
    }
    line!(out, "<{}>", own.reference);
}

fn short(arn: &str) -> String {
    short_name(arn).unwrap_or_else(|| arn.to_owned())
}

fn how_bad(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn exceptions(out: &mut String, review: &Review) {
    if review.exceptions.is_empty() {
        return;
    }
    line!(
        out,
        "### Exceptions\n\n| excepts | principals | reason | until | of principals |"
    );
    line!(out, "|---|---|---|---|--:|");
    for own in &review.exceptions {
        let what = if own.actions.is_empty() {
            code(&own.excepts)
        } else {
            codes(&own.actions, NAMES)
        };
        let until = match own.holds {
            Holds::InForce => own.until.clone(),
            Holds::EndsSoon => format!("{} (soon)", own.until),
            Holds::Expired => format!("**expired** after {}", own.until),
        };
        line!(
            out,
            "| {what} | {} | {} | {until} | {} |",
            codes(&own.principals, NAMES),
            prose(&own.reason),
            own.matched
        );
    }
    line!(out);
}

/// What else is to be said.
fn said(out: &mut String, review: &Review) {
    if review.diagnostics.is_empty() {
        return;
    }
    let summary = format!("Said about the input: {}", review.diagnostics.len());
    folded(out, &summary, |out| {
        for own in review.diagnostics.iter().take(ROWS * 2) {
            let help = own
                .help
                .as_deref()
                .map_or(String::new(), |help| format!(" ({})", prose(help)));
            line!(out, "- {}: {}{help}", how_bad(own.severity), prose(&own.message));
        }
    });
}
