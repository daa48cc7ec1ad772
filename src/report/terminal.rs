//! The report for a terminal: meaning first, then the statements as one knows them from
//! `terraform plan`, the evidence at the side, then what could not be seen, then what to do.
//!
//! Every line says what it says without colour; colour only repeats it.

use std::collections::BTreeMap;
use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use serde_json::Value;

use super::Recommendation;
use super::view::{CallsView, RefusedView, UsedView};
use crate::diff::{Edit, StatementChange, StatementEdit, Why};
use crate::grants::Origin;
use crate::policy::quota;
use crate::recommend::{Change, Narrowed, Reason, Settled};

const ADD: Style = AnsiColor::Green.on_default();
const CHANGE: Style = AnsiColor::Yellow.on_default();
const REMOVE: Style = AnsiColor::Red.on_default();
const STRONG: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();

/// Actions of one reason that are listed before the rest is counted.
const ACTIONS_SHOWN: usize = 60;
/// How the reason of an unrecorded data event begins.
const DATA_EVENT: &str = "a data event (";
/// Lines of a list that are shown before the rest is counted.
const LINES: usize = 12;

/// The report, with ANSI styles in it; the caller strips them where colour is not wanted.
pub fn render(report: &Recommendation) -> String {
    let mut out = String::new();
    head(&mut out, report);
    let (unseen_only, others): (Vec<&Edit>, Vec<&Edit>) =
        report.edits.iter().partition(|edit| is_unseen_only(edit));
    for edit in others {
        policy(&mut out, edit, report);
    }
    unseen_policies(&mut out, &unseen_only, report);
    refused(&mut out, report);
    unseen(&mut out, report);
    dangers(&mut out, report);
    proof(&mut out, report);
    next(&mut out, report);
    out
}

/// Writing to a `String` cannot fail.
macro_rules! line {
    ($out:expr) => { $out.push('\n') };
    ($out:expr, $($arg:tt)*) => {{ let _ = writeln!($out, $($arg)*); }};
}

fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

fn head(out: &mut String, report: &Recommendation) {
    let (summary, visibility) = (&report.summary, &report.visibility);
    line!(out, "{}", styled(STRONG, &report.principal.arn));
    let window = match (&summary.first, &summary.last) {
        (Some(first), Some(last)) => format!("{} to {}", day(first), day(last)),
        _ => "no events".to_owned(),
    };
    let days = visibility
        .days
        .map(|days| format!("; the trail reaches over {}", count(days, "day")))
        .unwrap_or_default();
    line!(
        out,
        "{}, {window}{days}, {}",
        count(summary.events, "event"),
        count(visibility.regions.len() as u64, "region")
    );
    line!(out);
    if !summary.changes {
        line!(out, "{}", styled(STRONG, "Nothing to change."));
        line!(out);
        return;
    }
    let mut parts = vec![format!(
        "{} actions → {}",
        grouped(summary.actions_before),
        grouped(summary.actions_after)
    )];
    if summary.actions_before > 0 {
        parts.push(format!("{} used", grouped(summary.used)));
        parts.push(format!("{} unseen, kept", grouped(summary.unseen)));
        parts.push(format!("{} unused, gone", grouped(summary.unused)));
    }
    parts.push(format!("{} observed calls lost", summary.observed_calls_lost));
    line!(out, "{}", styled(STRONG, &parts.join(" · ")));
    line!(out);
}

fn policy(out: &mut String, edit: &Edit, report: &Recommendation) {
    let (mark, style, what) = match edit.change {
        Change::Unchanged => (" ", FAINT, "unchanged"),
        Change::Edit => ("~", CHANGE, "edit"),
        Change::Detach => ("-", REMOVE, "detach"),
        Change::Delete => ("-", REMOVE, "remove: nothing of it is left"),
        Change::Create => ("+", ADD, "make and attach"),
    };
    let size = match (&edit.change, size_of(&edit.policy, report)) {
        (Change::Edit | Change::Create, Some(size)) => format!(" ({} characters)", grouped(size)),
        _ => String::new(),
    };
    line!(
        out,
        "{}  {what}{size}",
        styled(style, &format!("{mark} {}", edit.policy))
    );
    if !edit.shared_with.is_empty() {
        line!(out, "    shared with {}", few(&edit.shared_with, 4));
    }
    if edit.change == Change::Unchanged {
        line!(out);
        return;
    }
    let unchanged = edit
        .statements
        .iter()
        .filter(|statement| statement.change == StatementChange::Unchanged)
        .count();
    for statement in edit
        .statements
        .iter()
        .filter(|statement| statement.change != StatementChange::Unchanged)
    {
        statement_edit(out, statement, report, edit.change);
    }
    if unchanged > 0 {
        line!(
            out,
            "    {}",
            styled(
                FAINT,
                &format!("{} unchanged", count(unchanged as u64, "statement"))
            )
        );
    }
    line!(out);
}

/// Whether a new policy holds nothing but what is kept because it cannot be seen.
fn is_unseen_only(edit: &Edit) -> bool {
    let kept = |why: &Why| matches!(why.reason, Reason::Unseen { .. } | Reason::NotInCatalog);
    edit.change == Change::Create
        && edit
            .statements
            .iter()
            .flat_map(|statement| &statement.why)
            .all(kept)
        && edit.statements.iter().any(|statement| !statement.why.is_empty())
}

/// New policies of what cannot be seen, a line each: their reasons stand under their own heading.
fn unseen_policies(out: &mut String, edits: &[&Edit], report: &Recommendation) {
    if edits.len() > 3 {
        unseen_many(out, edits, report);
        return;
    }
    for edit in edits {
        let actions: Vec<String> = edit
            .statements
            .iter()
            .flat_map(|statement| &statement.why)
            .flat_map(|why| why.actions.clone())
            .collect();
        let size = size_of(&edit.policy, report).unwrap_or_default();
        line!(
            out,
            "{}  make and attach ({} characters)",
            styled(ADD, &format!("+ {}", edit.policy)),
            grouped(size)
        );
        line!(out, "    {}", fold(&actions));
    }
    if !edits.is_empty() {
        line!(
            out,
            "    {}",
            styled(
                FAINT,
                "kept, since this trail cannot show their use (below); --unseen used-services leaves out those of services never used"
            )
        );
        line!(out);
    }
}

fn unseen_many(out: &mut String, edits: &[&Edit], report: &Recommendation) {
    let (Some(first), Some(last)) = (edits.first(), edits.last()) else {
        return;
    };
    let whys = edits
        .iter()
        .flat_map(|edit| &edit.statements)
        .flat_map(|statement| &statement.why);
    let actions: Vec<String> = whys.flat_map(|why| why.actions.clone()).collect();
    let size: usize = edits
        .iter()
        .filter_map(|edit| size_of(&edit.policy, report))
        .sum();
    let names = format!(
        "+ {} new customer managed policies {} … {}",
        edits.len(),
        first.policy.name(),
        last.policy.name()
    );
    line!(
        out,
        "{}  make and attach ({} characters)",
        styled(ADD, &names),
        grouped(size)
    );
    line!(out, "    {}", fold(&actions));
    line!(
        out,
        "    {}",
        styled(
            FAINT,
            "kept, since this trail cannot show their use (see below), and apart, so that a person can decide:"
        )
    );
    line!(
        out,
        "    {}",
        styled(
            FAINT,
            "--unseen used-services leaves out those of services that were never used"
        )
    );
    line!(out);
}

fn size_of(origin: &Origin, report: &Recommendation) -> Option<usize> {
    report
        .policies
        .iter()
        .find(|policy| policy.origin == *origin)
        .map(|policy| policy.size)
}

fn statement_edit(out: &mut String, edit: &StatementEdit, report: &Recommendation, policy: Change) {
    if let Some(before) = &edit.before {
        let (mark, style) = match edit.change {
            StatementChange::Removed => ("-", REMOVE),
            _ => ("~", CHANGE),
        };
        line!(
            out,
            "  {}",
            styled(style, &format!("{mark} {}", sentence(before)))
        );
        gone(out, edit, policy);
    }
    for after in edit
        .after
        .iter()
        .filter(|_| edit.change == StatementChange::Added)
    {
        line!(out, "  {}", styled(ADD, &format!("+ {}", title(after))));
    }
    if edit.after.len() > 1 {
        let titles: Vec<String> = edit.after.iter().map(title).collect();
        line!(
            out,
            "      {}",
            styled(
                ADD,
                &format!("+ becomes {} statements: {}", titles.len(), titles.join(", "))
            )
        );
    }
    for why in &edit.why {
        reasons(out, why, report);
    }
    if let Some(conditions) = edit.after.first().and_then(|after| after.get("Condition")) {
        line!(out, "        when {}", compact(conditions));
    }
}

fn gone(out: &mut String, edit: &StatementEdit, policy: Change) {
    if !edit.unused.is_empty() {
        line!(
            out,
            "      {}",
            styled(REMOVE, &format!("- never used: {}", fold(&edit.unused)))
        );
    }
    if !edit.ineffective.is_empty() {
        let what = format!(
            "- never allowed by the permissions boundary: {}",
            fold(&edit.ineffective)
        );
        line!(out, "      {}", styled(REMOVE, &what));
    }
    if !edit.left_out.is_empty() {
        let what = format!(
            "- left out as asked, though this trail cannot show them: {}",
            fold(&edit.left_out)
        );
        line!(out, "      {}", styled(REMOVE, &what));
    }
    if policy == Change::Detach {
        line!(
            out,
            "      {}",
            styled(FAINT, "what is left of it stands in the new policies below")
        );
    }
}

/// `Allow NotAction iam:*, account:* on *`.
fn sentence(statement: &Value) -> String {
    let key = |name: &str| statement.get(name).map(|value| few(&strings(value), 4));
    let action = key("Action")
        .or_else(|| key("NotAction").map(|list| format!("everything but {list}")))
        .unwrap_or_default();
    let resource = key("Resource")
        .or_else(|| key("NotResource").map(|list| format!("all but {list}")))
        .unwrap_or_default();
    format!("{} {action} on {resource}", title(statement))
}

/// `ReadData: Allow`.
fn title(statement: &Value) -> String {
    let effect = statement
        .get("Effect")
        .and_then(Value::as_str)
        .unwrap_or_default();
    match statement.get("Sid").and_then(Value::as_str) {
        Some(sid) => format!("{sid}: {effect}"),
        None => effect.to_owned(),
    }
}

fn reasons(out: &mut String, why: &Why, report: &Recommendation) {
    let by_use = why.reason.is_use() || why.reason == Reason::Requested;
    if by_use {
        let width = why.actions.iter().map(String::len).max().unwrap_or(0).min(56);
        for action in why.actions.iter().take(ACTIONS_SHOWN) {
            let evidence = match why.reason {
                Reason::Requested => refusals_line(action, report),
                _ => report
                    .used
                    .iter()
                    .find(|used| used.action == *action)
                    .map_or_else(|| elsewhere(&why.reason), used_line),
            };
            line!(out, "      {action:<width$}  {}", styled(FAINT, &evidence));
        }
        rest(out, why.actions.len(), ACTIONS_SHOWN);
    } else {
        line!(out, "      {}", fold(&why.actions));
    }
    match &why.reason {
        Reason::Used => {}
        Reason::UsedOnUnknown => line!(out, "        resource as granted: not every call says on which"),
        Reason::UsedAndUnseen { why } => line!(
            out,
            "        resource as granted: other use would not have shown ({why})"
        ),
        Reason::Unseen { why, .. } => line!(out, "        kept: {why}"),
        Reason::Companion { of } => line!(out, "        kept: AWS lists it as needed by {of}"),
        Reason::NotInCatalog => line!(out, "        kept: the catalog does not know it"),
        Reason::Requested => line!(out, "        added as asked"),
    }
    for resource in why.resources.iter().take(LINES) {
        line!(out, "        on {}", on(resource));
    }
    rest(out, why.resources.len(), LINES);
    for forced in &why.forced {
        line!(
            out,
            "        {} to fit the quota; it admits {} unused",
            forced.wildcard,
            count(forced.admits.len() as u64, "action")
        );
    }
}

fn refusals_line(action: &str, report: &Recommendation) -> String {
    let refused = report
        .refused
        .iter()
        .filter(|refused| refused.action == action && refused.settled == Settled::Added);
    format!(
        "refused {}",
        count_of(refused.map(|refused| refused.count).sum(), "time", "times")
    )
}

/// For an action without use by this principal.
fn elsewhere(reason: &Reason) -> String {
    if reason.is_use() {
        "used by another principal that holds this policy".to_owned()
    } else {
        String::new()
    }
}

fn used_line(used: &UsedView) -> String {
    let mut text = calls(&used.calls);
    let services: Vec<&str> = used
        .calls
        .via
        .keys()
        .map(|service| service.trim_end_matches(".amazonaws.com"))
        .collect();
    if !services.is_empty() {
        let _ = write!(text, ", via {}", services.join(", "));
    }
    if !used.certain {
        text.push_str(", likely needed");
    }
    text
}

fn calls(calls: &CallsView) -> String {
    let mut parts = Vec::new();
    if calls.succeeded > 0 {
        parts.push(count(calls.succeeded, "call"));
    }
    if calls.failed > 0 {
        parts.push(format!("{} failed otherwise", grouped(calls.failed as usize)));
    }
    if calls.inconclusive > 0 {
        parts.push(format!(
            "{} without a result",
            grouped(calls.inconclusive as usize)
        ));
    }
    let last = calls
        .last
        .as_deref()
        .map(|last| format!(", last {}", day(last)))
        .unwrap_or_default();
    format!("{}{last}", parts.join(", "))
}

fn on(resource: &Narrowed) -> String {
    match (&resource.rule, resource.members) {
        (None, _) => resource.pattern.clone(),
        (Some(rule), members) => {
            let seen = format!("({}; {} seen)", rule.meaning(), grouped(members));
            format!("{}  {}", resource.pattern, styled(FAINT, &seen))
        }
    }
}

fn refused(out: &mut String, report: &Recommendation) {
    if report.refused.is_empty() {
        return;
    }
    line!(
        out,
        "{}",
        styled(STRONG, "Refused (a refused call is a request, not use)")
    );
    let mut groups: Vec<Vec<&RefusedView>> = Vec::new();
    for refused in &report.refused {
        let alike = |group: &&mut Vec<&RefusedView>| {
            group.first().is_some_and(|first| {
                first.action == refused.action
                    && first.settled == refused.settled
                    && first.layer == refused.layer
            })
        };
        match groups.iter_mut().find(alike) {
            Some(group) => group.push(refused),
            None => groups.push(vec![refused]),
        }
    }
    for group in groups.iter().take(LINES * 2) {
        let Some(first) = group.first() else { continue };
        let more = if group.len() > 1 {
            format!(" and {} more", group.len() - 1)
        } else {
            String::new()
        };
        line!(
            out,
            "  {} on {}{more}: {}",
            first.action,
            first.resource,
            refusal(first)
        );
    }
    rest(out, groups.len(), LINES * 2);
    line!(out);
}

fn refusal(refused: &RefusedView) -> String {
    let times = format!(
        "{}, last {}",
        count_of(refused.count, "time", "times"),
        refused.last.as_deref().map(day).unwrap_or_default()
    );
    let what = match refused.settled {
        Settled::Added => "added above, as asked".to_owned(),
        Settled::WouldHelp => "an identity statement would settle it: --include-denied".to_owned(),
        Settled::Dangerous => "dangerous: not added without --allow-dangerous".to_owned(),
        Settled::AllowedNow => {
            "the given grants allow it: something else refused it, or they changed since".to_owned()
        }
        Settled::ResourceUnknown => "the event does not say on which resource".to_owned(),
        Settled::Elsewhere => {
            format!(
                "refused by {}: no identity policy can help",
                refused.layer.as_deref().unwrap_or("another layer")
            )
        }
    };
    format!("{times}; {what}")
}

fn unseen(out: &mut String, report: &Recommendation) {
    if report.unseen.is_empty() {
        return;
    }
    let title = format!(
        "Kept because this trail cannot show their use: {}",
        count(report.unseen.len() as u64, "action")
    );
    line!(out, "{}", styled(STRONG, &title));
    let mut by_why: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for kept in &report.unseen {
        if let Reason::Unseen { why, .. } = &kept.reason {
            let why = if why.starts_with(DATA_EVENT) {
                "data events that this trail does not record here"
            } else {
                why
            };
            by_why.entry(why).or_default().push(kept.action.clone());
        }
    }
    let mut ordered: Vec<(&str, Vec<String>)> = by_why.into_iter().collect();
    ordered.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.0.cmp(b.0)));
    for (why, actions) in ordered.iter().take(LINES) {
        line!(out, "  {why}: {}", fold(actions));
    }
    rest(out, ordered.len(), LINES);
    let mut switches: Vec<(&String, &usize)> = report.visibility.switch_on.iter().collect();
    switches.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
    for (what, actions) in switches.iter().take(5) {
        line!(out, "  switch on {what} to see {} of them", grouped(**actions));
    }
    line!(out);
}

fn dangers(out: &mut String, report: &Recommendation) {
    if report.dangers.is_empty() {
        return;
    }
    line!(out, "{}", styled(STRONG, "Look at twice"));
    let mut by_kind: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for danger in &report.dangers {
        by_kind
            .entry(danger.kind)
            .or_default()
            .push(danger.action.clone());
    }
    for (kind, mut actions) in by_kind {
        actions.sort();
        actions.dedup();
        line!(out, "  {}: {}", kind.replace('-', " "), fold(&actions));
    }
    line!(out);
}

fn proof(out: &mut String, report: &Recommendation) {
    let proof = &report.proof;
    if !report.summary.changes {
        return;
    }
    line!(out, "{}", styled(STRONG, "Proof"));
    line!(
        out,
        "  {} observed uses evaluated again: {} allowed, {} as before, {} lost, {} undecided; {} new grants{}",
        grouped(proof.checked),
        grouped(proof.allowed),
        grouped(proof.carried.len()),
        grouped(proof.lost.len()),
        grouped(proof.unknown.len()),
        grouped(proof.new.len()),
        if proof.requested.is_empty() {
            String::new()
        } else {
            format!(", {} on request", proof.requested.len())
        }
    );
    for (title, list) in [
        ("lost", &proof.lost),
        ("undecided", &proof.unknown),
        ("not explained by these grants", &proof.unexplained),
    ] {
        for used in list.iter().take(LINES) {
            let missing = if used.missing.is_empty() {
                String::new()
            } else {
                format!(" (needs {})", used.missing.join(", "))
            };
            line!(out, "  {title}: {} on {}{missing}", used.action, used.resource);
        }
        rest(out, list.len(), LINES);
    }
    for gap in proof.new.iter().take(LINES) {
        line!(out, "  new: {} on {}", gap.action, gap.resource);
    }
    line!(out);
}

fn next(out: &mut String, report: &Recommendation) {
    if !report.unmapped.is_empty() {
        let names: Vec<String> = report
            .unmapped
            .iter()
            .map(|event| format!("{}/{} ({})", event.event_source, event.event_name, event.count))
            .collect();
        line!(out, "Events that the catalog does not know: {}", few(&names, 6));
        line!(out);
    }
    if report.summary.changes {
        line!(
            out,
            "Next: --format policy --out DIR writes the documents; --format json has every reason and event id."
        );
        if report.policies.iter().any(|policy| {
            policy.size > quota::MANAGED_POLICY.limit && matches!(policy.origin, Origin::File { .. })
        }) {
            line!(out, "A document is longer than a managed policy may be.");
        }
    }
}

fn rest(out: &mut String, all: usize, shown: usize) {
    if all > shown {
        line!(out, "        … and {} more", grouped(all - shown));
    }
}

/// The actions themselves where they are few, else how many of how many services.
fn fold(actions: &[String]) -> String {
    if actions.len() <= 8 {
        return actions.join(", ");
    }
    let mut services: BTreeMap<&str, usize> = BTreeMap::new();
    for action in actions {
        *services
            .entry(
                action
                    .split_once(':')
                    .map_or(action.as_str(), |(service, _)| service),
            )
            .or_default() += 1;
    }
    let total = services.len();
    let mut most: Vec<(&str, usize)> = services.into_iter().collect();
    most.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let named: Vec<String> = most
        .iter()
        .take(6)
        .map(|(service, count)| format!("{service} {count}"))
        .collect();
    let more = if total > 6 {
        format!(", and {} more services", grouped(total - 6))
    } else {
        String::new()
    };
    format!("{} actions ({}{more})", grouped(actions.len()), named.join(", "))
}

fn few(list: &[String], most: usize) -> String {
    let shown: Vec<&str> = list.iter().take(most).map(String::as_str).collect();
    if list.len() > most {
        format!("{} and {} more", shown.join(", "), list.len() - most)
    } else {
        shown.join(", ")
    }
}

fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn compact(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn day(time: &str) -> String {
    time.split('T').next().unwrap_or(time).to_owned()
}

fn count(number: u64, what: &str) -> String {
    count_of(number, what, &format!("{what}s"))
}

fn count_of(number: u64, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        grouped(number as usize),
        if number == 1 { one } else { many }
    )
}

/// `21830` as `21,830`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
