//! What stands below the policies: refusals, what could not be seen, dangers, the proof, what next.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::line;
use super::style::{DATA_EVENT, LINES, STRONG, rest, styled};
use super::words::{count, count_of, day, few, fold, grouped};
use crate::grants::Origin;
use crate::policy::quota;
use crate::recommend::{Reason, Settled};
use crate::report::Recommendation;
use crate::report::view::RefusedView;

pub(super) fn refused(out: &mut String, report: &Recommendation) {
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
        Settled::Dangerous if refused.opens.is_empty() => {
            "dangerous: not added without --allow-dangerous".to_owned()
        }
        Settled::Dangerous => format!(
            "dangerous: not added without --allow-dangerous={}",
            refused.opens.join(",")
        ),
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

pub(super) fn unseen(out: &mut String, report: &Recommendation) {
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

/// Unused actions that stay granted because a wildcard had to stand for their service.
pub(super) fn forced(out: &mut String, report: &Recommendation) {
    let mut by_wildcard: BTreeMap<&str, usize> = BTreeMap::new();
    for kept in &report.kept_otherwise {
        if let Reason::Forced { wildcard } = &kept.reason {
            *by_wildcard.entry(wildcard).or_default() += 1;
        }
    }
    if by_wildcard.is_empty() {
        return;
    }
    line!(out, "{}", styled(STRONG, "Unused, but kept to fit IAM's quota"));
    for (wildcard, actions) in by_wildcard {
        line!(
            out,
            "  {wildcard} stands for what cannot be seen, and names {} more",
            count(actions as u64, "action")
        );
    }
    line!(out);
}

pub(super) fn dangers(out: &mut String, report: &Recommendation) {
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

pub(super) fn proof(out: &mut String, report: &Recommendation) {
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

pub(super) fn next(out: &mut String, report: &Recommendation) {
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
