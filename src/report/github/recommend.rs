//! A recommendation for a pull request or an issue: each policy as a diff, the evidence under it, what could not be
//! seen, the dangers, the proof.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{code, codes, day_of, fenced, folded, html_code, line, prose, rest};
use crate::diff::{Edit, StatementChange, StatementEdit, Why};
use crate::recommend::{Change, Reason, Settled};
use crate::report::Recommendation;
use crate::report::view::CallsView;

/// Of each list the first so many are shown.
const ROWS: usize = 40;
const NAMES: usize = 10;
/// So many ids of events.
const IDS: usize = 2;

/// The recommendation.
pub fn render(report: &Recommendation) -> String {
    let mut out = String::new();
    let summary = &report.summary;
    line!(out, "## {}\n", code(&report.principal.arn));
    line!(
        out,
        "{} events, {} to {}; the trail reaches over {} days.\n",
        summary.events,
        day_of(&summary.first),
        day_of(&summary.last),
        report.visibility.days.unwrap_or_default()
    );
    if summary.changes {
        line!(
            out,
            "**{} actions → {}** · {} used · {} unseen, kept · {} unused, gone · {} observed calls lost\n",
            summary.actions_before,
            summary.actions_after,
            summary.used,
            summary.unseen,
            summary.unused,
            summary.observed_calls_lost
        );
    } else {
        line!(out, "**Nothing to change.**\n");
    }
    let changed = |edit: &&Edit| edit.change != Change::Unchanged;
    for edit in report.edits.iter().filter(changed) {
        policy(&mut out, edit, report);
    }
    refused(&mut out, report);
    unseen(&mut out, report);
    dangers(&mut out, report);
    conditions(&mut out, report);
    backtest(&mut out, report);
    proof(&mut out, report);
    out
}

/// Conditions that held for every use, by name.
fn conditions(out: &mut String, report: &Recommendation) {
    if report.conditions.is_empty() {
        return;
    }
    let summary = format!("Conditions that held for every use: {}", report.conditions.len());
    folded(out, &summary, |out| {
        line!(out, "Written only with `--conditions`.\n");
        line!(
            out,
            "| condition | actions | calls | days | let through | later refused |"
        );
        line!(out, "|---|---|--:|--:|--:|--:|");
        for own in report.conditions.iter().take(ROWS) {
            let written = if own.written { " (written)" } else { "" };
            let share = own.let_through_percent.map(|share| format!("{share:.0} %"));
            let later = own.backtest.as_ref();
            let later = later.map(|own| format!("{} of {}", own.refused, own.calls));
            line!(
                out,
                "| {}{written} {} | {} | {} | {} | {} | {} |",
                own.name.as_str(),
                code(&own.condition.to_string()),
                codes(&own.actions, 4),
                own.calls,
                own.days,
                share.unwrap_or_default(),
                later.unwrap_or_default()
            );
        }
        rest(out, report.conditions.len(), ROWS);
    });
}

/// What the proposal would have refused, had it been made before the last days.
fn backtest(out: &mut String, report: &Recommendation) {
    let Some(test) = report.backtest.as_ref().filter(|_| report.summary.changes) else {
        return;
    };
    let outcome = &test.outcome;
    line!(
        out,
        "**Backtest:** had this been applied {} days ago, learnt from the {} days before: {} of {} calls refused, in {} tickets; {} cannot be decided.\n",
        test.judged_days,
        test.learnt_days,
        outcome.refused_calls,
        outcome.calls,
        outcome.tickets,
        outcome.undecided_calls
    );
    if outcome.refused.is_empty() {
        return;
    }
    folded(out, &format!("Refused later: {}", outcome.refused.len()), |out| {
        line!(
            out,
            "| action | on | calls | first | event ids |\n|---|---|--:|---|---|"
        );
        for own in outcome.refused.iter().take(ROWS) {
            line!(
                out,
                "| {} | {} | {} | {} | {} |",
                code(&own.action),
                code(&own.resource),
                own.calls,
                day_of(&own.first),
                codes(&own.event_ids, IDS)
            );
        }
        rest(out, outcome.refused.len(), ROWS);
    });
}

fn policy(out: &mut String, edit: &Edit, report: &Recommendation) {
    let what = match edit.change {
        Change::Unchanged => "unchanged",
        Change::Edit => "edit",
        Change::Detach => "detach",
        Change::Delete => "remove: nothing of it is left",
        Change::Create => "make and attach",
        Change::Attach => "attach",
    };
    line!(out, "### {} — {what}\n", code(&edit.policy.to_string()));
    if !edit.shared_with.is_empty() {
        line!(out, "Shared with {}.\n", codes(&edit.shared_with, NAMES));
    }
    match (&edit.text, document(edit, report)) {
        (Some(text), _) => fenced(out, "diff", text),
        (None, Some(text)) => fenced(out, "json", &text),
        (None, None) => {}
    }
    let changed = |statement: &&StatementEdit| statement.change != StatementChange::Unchanged;
    let statements: Vec<&StatementEdit> = edit.statements.iter().filter(changed).collect();
    if statements.is_empty() {
        return;
    }
    folded(
        out,
        &format!("Evidence for {}", html_code(&edit.policy.to_string())),
        |out| {
            for statement in statements {
                evidence(out, statement, report);
            }
        },
    );
}

/// The whole text of a policy that is made.
fn document(edit: &Edit, report: &Recommendation) -> Option<String> {
    let made = edit.change == Change::Create;
    let found = report
        .policies
        .iter()
        .find(|policy| made && policy.origin == edit.policy)?;
    serde_json::to_string_pretty(&found.document).ok()
}

fn evidence(out: &mut String, statement: &StatementEdit, report: &Recommendation) {
    let text = statement.before.as_ref().or(statement.after.first());
    let sid = text
        .and_then(|own| own.get("Sid"))
        .and_then(serde_json::Value::as_str);
    let fate = match statement.change {
        StatementChange::Unchanged => "stays",
        StatementChange::Narrowed => "is narrowed",
        StatementChange::Widened => "is widened as asked",
        StatementChange::Removed => "goes",
        StatementChange::Added => "is made",
    };
    line!(
        out,
        "**{} {fate}**\n",
        sid.map_or_else(|| "A statement".to_owned(), code)
    );
    if !statement.why.is_empty() {
        line!(
            out,
            "| stays | because | calls | last | event ids | on |\n|---|---|--:|---|---|---|"
        );
        let rows = statement
            .why
            .iter()
            .flat_map(|why| why.actions.iter().map(move |action| (why, action)));
        for (why, action) in rows.take(ROWS) {
            row(out, why, action, report);
        }
        let all: usize = statement.why.iter().map(|why| why.actions.len()).sum();
        if all > ROWS {
            line!(out, "\n… and {} more, in `--format json`.", all - ROWS);
        }
        line!(out);
    }
    for (what, list) in [
        ("unused, could have been seen", &statement.unused),
        (
            "never allowed by the permissions boundary",
            &statement.ineffective,
        ),
        ("left out as asked: their use cannot be seen", &statement.left_out),
    ] {
        if !list.is_empty() {
            line!(out, "- {} go ({what}): {}", list.len(), codes(list, NAMES));
        }
    }
    line!(out);
}

fn row(out: &mut String, why: &Why, action: &str, report: &Recommendation) {
    let patterns: Vec<String> = why.resources.iter().map(|own| own.pattern.clone()).collect();
    let refused = report.refused.iter().find(|own| own.action == action);
    let used = report.used.iter().find(|own| own.action == action);
    let (calls, last, ids) = match (&why.reason, used, refused) {
        (Reason::Requested, _, Some(own)) => (own.count, day_of(&own.last), codes(&own.event_ids, IDS)),
        (_, Some(own), _) => (
            all_calls(&own.calls),
            day_of(&own.calls.last),
            codes(&own.calls.event_ids, IDS),
        ),
        _ => (0, "–", String::new()),
    };
    line!(
        out,
        "| {} | {} | {calls} | {last} | {ids} | {} |",
        code(action),
        because(&why.reason),
        codes(&patterns, 4)
    );
}

fn all_calls(calls: &CallsView) -> u64 {
    calls.succeeded + calls.failed + calls.inconclusive
}

fn because(reason: &Reason) -> String {
    match reason {
        Reason::Used => "used".to_owned(),
        Reason::UsedOnUnknown => "used; not every call says on which resource".to_owned(),
        Reason::UsedAndUnseen { why } => format!("used; other use would not have shown: {}", prose(why)),
        Reason::Unseen { why, .. } => prose(why),
        Reason::Companion { of } => format!("AWS lists it as needed by {}", code(of)),
        Reason::LastAccessed { when, exact: true } => format!("IAM says that it was last used on {when}"),
        Reason::LastAccessed { when, .. } => format!("IAM says that its service was last used on {when}"),
        Reason::Excepted { why, until, .. } => {
            format!("kept by an exception: {}, until {until}", prose(why))
        }
        Reason::NotInCatalog => "the catalog does not know it".to_owned(),
        Reason::Forced { wildcard } => format!("{} names it, which a quota forced", code(wildcard)),
        Reason::Requested => "refused, and asked for".to_owned(),
        Reason::Strategy { strategy } => format!("not used; the strategy {strategy} keeps it"),
        Reason::Beyond { strategy } => format!("not granted today; the strategy {strategy} permits it"),
    }
}

fn refused(out: &mut String, report: &Recommendation) {
    if report.refused.is_empty() {
        return;
    }
    line!(
        out,
        "### Refused\n\n| action | on | calls | last | event ids | what would settle it |"
    );
    line!(out, "|---|---|--:|---|---|---|");
    for own in report.refused.iter().take(ROWS) {
        let settled = match own.settled {
            Settled::Added => "added as asked".to_owned(),
            Settled::WouldHelp => "an identity statement: `--include-denied`".to_owned(),
            Settled::Dangerous => "an identity statement, which is dangerous: `--allow-dangerous`".to_owned(),
            Settled::AllowedNow => "nothing: allowed by the given grants".to_owned(),
            Settled::Elsewhere => match &own.layer {
                Some(layer) => format!("no identity statement: {}", prose(layer)),
                None => "no identity statement".to_owned(),
            },
            Settled::ResourceUnknown => "not to be said: the event names no resource".to_owned(),
        };
        line!(
            out,
            "| {} | {} | {} | {} | {} | {settled} |",
            code(&own.action),
            code(&own.resource),
            own.count,
            day_of(&own.last),
            codes(&own.event_ids, IDS)
        );
    }
    if report.refused.len() > ROWS {
        line!(
            out,
            "\n… and {} more, in `--format json`.",
            report.refused.len() - ROWS
        );
    }
    line!(out);
}

fn unseen(out: &mut String, report: &Recommendation) {
    if report.unseen.is_empty() {
        return;
    }
    let summary = format!(
        "Kept because this trail cannot show their use: {} actions",
        report.unseen.len()
    );
    folded(out, &summary, |out| {
        let mut by_why: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for kept in &report.unseen {
            if let Reason::Unseen { why, .. } = &kept.reason {
                by_why.entry(why).or_default().push(kept.action.clone());
            }
        }
        for (why, actions) in by_why.iter().take(ROWS) {
            line!(
                out,
                "- {} ({}): {}",
                prose(why),
                actions.len(),
                codes(actions, NAMES)
            );
        }
        for (what, actions) in &report.visibility.switch_on {
            line!(out, "- switch on {} to see {actions} of them", prose(what));
        }
    });
}

fn dangers(out: &mut String, report: &Recommendation) {
    if report.dangers.is_empty() {
        return;
    }
    line!(out, "### Look at twice\n");
    for own in report.dangers.iter().take(ROWS) {
        let title = own.title.map_or(String::new(), |title| format!(": {title}"));
        let source = own
            .source
            .map_or(String::new(), |source| format!(" ([source]({source}))"));
        line!(
            out,
            "- {} on {} ({}{title}){source}, in {}",
            code(&own.action),
            code(&own.resource),
            own.kind,
            code(&own.policy.to_string())
        );
    }
    if report.dangers.len() > ROWS {
        line!(out, "- and {} more", report.dangers.len() - ROWS);
    }
    line!(out);
}

fn proof(out: &mut String, report: &Recommendation) {
    let proof = &report.proof;
    line!(
        out,
        "**Proof:** {} observed uses evaluated before and after; {} allowed after, {} lost, {} not to be decided; {} grants wider than before.",
        proof.checked,
        proof.allowed,
        proof.lost.len(),
        proof.unknown.len() + proof.carried.len(),
        proof.new.len()
    );
}
