//! Principals that use the same things.

use std::fmt::Write;

use super::line;
use super::style::{FAINT, LINES, STRONG, rest, styled};
use super::words::{count, few, fold, grouped};
use crate::group::Group;
use crate::review::Review;

/// Members that are named before the rest is counted.
const MEMBERS: usize = 4;

pub(super) fn section(out: &mut String, review: &Review) {
    let Some(groups) = &review.groups else { return };
    line!(out);
    if groups.is_empty() {
        line!(out, "No three principals use the same things.");
        return;
    }
    line!(out, "{}", styled(STRONG, "Principals that use the same things"));
    for own in groups.iter().take(LINES) {
        one(out, own);
    }
    rest(out, groups.len(), LINES);
    line!(
        out,
        "A group's policy allows what was used, and nothing that this trail cannot show; --format json has it."
    );
}

fn one(out: &mut String, own: &Group) {
    let what = match &own.why_not {
        None => "one policy for all".to_owned(),
        Some(why) => format!("not proposed: {why}"),
    };
    line!(
        out,
        "  {} ({}): {what}",
        styled(STRONG, &own.name),
        count(own.members.len() as u64, own.kind)
    );
    let names: Vec<String> = own
        .members
        .iter()
        .map(|member| crate::grants::short_name(&member.arn).unwrap_or_else(|| member.arn.clone()))
        .collect();
    line!(out, "    {}", styled(FAINT, &few(&names, MEMBERS)));
    line!(
        out,
        "    {} used by any, {} by all: {}",
        count(own.actions.len() as u64, "action"),
        grouped(own.shared.len()),
        fold(&own.actions)
    );
    if !own.variables.is_empty() {
        line!(out, "    resources by {}", own.variables.join(", "));
    }
    line!(
        out,
        "    {} characters in place of {} ({}); a member gains {:.1}% of its actions, {:.1}% of its actions on a resource",
        grouped(own.size),
        count(own.attachments_now as u64, "attachment"),
        if own.policies_now == 1 {
            "1 policy".to_owned()
        } else {
            format!("{} policies", grouped(own.policies_now))
        },
        own.gained_actions_percent,
        own.gained_pairs_percent
    );
}
