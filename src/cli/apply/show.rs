//! Steps for a person: each with what changes in the text.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use crate::plan::{Plan, Restore, Step};

/// All steps, each with its diff.
pub(super) fn steps(plan: &Plan, steps: &[&Step]) -> String {
    let mut text = format!("{} in account {}\n", plan.principal, plan.account);
    for step in steps {
        let _ = writeln!(text, "\n{step}");
        let (before, after) = match step {
            Step::Create { after, .. } => (None, Some(after)),
            Step::Version { before, after, .. } => (Some(before), Some(after)),
            Step::Inline { before, after, .. } => (before.as_ref(), after.as_ref()),
            Step::Detach { .. } => continue,
        };
        text.push_str(&diff(&pretty(before), &pretty(after)));
    }
    text
}

fn pretty(document: Option<&Value>) -> String {
    document
        .and_then(|document| serde_json::to_string_pretty(document).ok())
        .map(|text| text + "\n")
        .unwrap_or_default()
}

fn diff(before: &str, after: &str) -> String {
    const AROUND: usize = 3;
    let diff = TextDiff::from_lines(before, after);
    let mut text = String::new();
    for (number, group) in diff.grouped_ops(AROUND).iter().enumerate() {
        if number > 0 {
            text.push_str("    …\n");
        }
        for change in group.iter().flat_map(|operation| diff.iter_changes(operation)) {
            let (sign, style) = match change.tag() {
                ChangeTag::Delete => ("-", AnsiColor::Red.on_default()),
                ChangeTag::Insert => ("+", AnsiColor::Green.on_default()),
                ChangeTag::Equal => (" ", Style::new()),
            };
            let line = change.value().trim_end_matches('\n');
            let _ = writeln!(text, "  {style}{sign} {line}{style:#}");
        }
    }
    text
}

/// What a step back does.
pub(super) fn back(back: &Restore) -> String {
    let short = |arn: &str| arn.rsplit('/').next().unwrap_or(arn).to_owned();
    match back {
        Restore::Remove { policy_arn, .. } => format!(
            "customer managed policy {} is detached and deleted",
            short(policy_arn)
        ),
        Restore::Version {
            policy_arn, version, ..
        } => {
            format!(
                "customer managed policy {} is as in version {version}",
                short(policy_arn)
            )
        }
        Restore::Inline {
            of,
            name,
            text: Some(_),
            ..
        } => format!("inline policy {name} of {of} has its text again"),
        Restore::Inline { of, name, .. } => format!("inline policy {name} of {of} is deleted"),
        Restore::Attach { of, policy_arn } => format!("{} is attached to {of}", short(policy_arn)),
    }
}
