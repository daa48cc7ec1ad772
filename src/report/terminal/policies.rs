//! What happens to each policy, statement by statement.

use std::fmt::Write;

use serde_json::Value;

use super::line;
use super::style::{ACTIONS_SHOWN, ADD, CHANGE, FAINT, LINES, REMOVE, rest, styled};
use super::words::{compact, count, count_of, day, few, fold, grouped, strings};
use crate::diff::{Edit, StatementChange, StatementEdit, Why};
use crate::grants::Origin;
use crate::recommend::{Change, Narrowed, Reason, Settled};
use crate::report::Recommendation;
use crate::report::view::{CallsView, UsedView};

pub(super) fn policy(out: &mut String, edit: &Edit, report: &Recommendation) {
    let (mark, style, what) = match edit.change {
        Change::Unchanged => (" ", FAINT, "unchanged"),
        Change::Edit => ("~", CHANGE, "edit"),
        Change::Detach => ("-", REMOVE, "detach"),
        Change::Delete => ("-", REMOVE, "remove: nothing of it is left"),
        Change::Create => ("+", ADD, "make and attach"),
        Change::Attach => ("+", ADD, "attach"),
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
pub(super) fn is_unseen_only(edit: &Edit) -> bool {
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
pub(super) fn unseen_policies(out: &mut String, edits: &[&Edit], report: &Recommendation) {
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
        Reason::UsedOnUnknown => line!(out, "        not every call says on which resource"),
        Reason::UsedAndUnseen { why } => line!(
            out,
            "        resource as granted: other use would not have shown ({why})"
        ),
        Reason::Unseen { why, .. } => line!(out, "        kept: {why}"),
        Reason::Companion { of } => line!(out, "        kept: AWS lists it as needed by {of}"),
        Reason::LastAccessed { when, exact: true } => {
            line!(out, "        kept: IAM says that it was last used on {when}")
        }
        Reason::LastAccessed { when, .. } => {
            line!(
                out,
                "        kept: IAM says that its service was last used on {when}, before this trail, and not by which action"
            )
        }
        Reason::Excepted { why, until, .. } => {
            line!(out, "        kept by an exception: {why}, until {until}")
        }
        Reason::NotInCatalog => line!(out, "        kept: the catalog does not know it"),
        Reason::Forced { wildcard } => line!(out, "        kept: {wildcard} names it, which a quota forced"),
        Reason::Requested => line!(out, "        added as asked"),
        Reason::Strategy { strategy } => line!(out, "        never used; {strategy} keeps it"),
        Reason::Beyond { strategy } => line!(out, "        not granted today; {strategy} permits it"),
    }
    for resource in why.resources.iter().take(LINES) {
        line!(out, "        on {}", on(resource));
        if let Some(also) = &resource.also {
            let others = match resource.others {
                Some(others) if others > 0 => {
                    format!("; of what others were seen to use, {}", grouped(others))
                }
                _ => String::new(),
            };
            let admits = format!("admits as well, not seen: {also}{others}");
            line!(out, "             {}", styled(FAINT, &admits));
        }
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
        (Some(rule), 0) => format!(
            "{}  {}",
            resource.pattern,
            styled(FAINT, &format!("({})", rule.meaning()))
        ),
        (Some(rule), members) => {
            let seen = format!("({}; {} seen)", rule.meaning(), grouped(members));
            format!("{}  {}", resource.pattern, styled(FAINT, &seen))
        }
    }
}
