//! The answers of `explain` for a terminal: what refused and who can mend it, the change, why each
//! line of it is there, then what it opens.

use std::fmt::Write;

use super::line;
use super::style::{ADD, CHANGE, FAINT, REMOVE, STRONG, styled};
use crate::denial::{DeniedBy, Kind};
use crate::explain::view::{Change, Explained, Helps, Refusal, Want};
use crate::report::markdown::{by_whom, summary};

/// The answers, with ANSI styles in them.
pub fn render(explained: &Explained) -> String {
    let mut out = String::new();
    for (number, refusal) in explained.refusals.iter().enumerate() {
        if number > 0 {
            line!(out);
        }
        one(&mut out, refusal);
    }
    if !explained.look_alikes.is_empty() {
        if !explained.refusals.is_empty() {
            line!(out);
        }
        line!(out, "{}", styled(STRONG, "No refusal, though it looks like one"));
        for own in &explained.look_alikes {
            line!(
                out,
                "  line {}  {}: {}",
                own.line,
                plain(&own.what),
                plain(&own.means)
            );
        }
    }
    if explained.refusals.is_empty() && explained.look_alikes.is_empty() {
        line!(out, "No refusal found in this text.");
        line!(
            out,
            "Paste the whole error: the line with \"is not authorized to perform\", AccessDenied or 403."
        );
    }
    out
}

fn one(out: &mut String, refusal: &Refusal) {
    let action = refusal
        .action
        .as_deref()
        .unwrap_or("an action that the text does not name");
    let on = refusal
        .resource
        .as_deref()
        .or(refusal.resource_arn.as_deref())
        .unwrap_or("a resource that the text does not name");
    line!(
        out,
        "{}  {}",
        styled(REMOVE.bold(), "denied"),
        styled(STRONG, &plain(&format!("{action} on {on}")))
    );
    let mut fact =
        |name: &str, text: &str| line!(out, "  {} {}", styled(FAINT, &format!("{name:<9}")), plain(text));
    fact("caller", &called(refusal));
    if let Some(operation) = &refusal.operation {
        fact("call", operation);
    }
    fact("refused", &by_whom(refusal));
    if let Some(owner) = &refusal.owner {
        fact("mended by", owner);
    }
    fact(
        "identity",
        match (refusal.identity_change_helps, refusal.kind) {
            (Helps::Yes, Kind::Explicit) => {
                "an identity policy denies it: that one must change, no Allow helps"
            }
            (Helps::Yes, _) => "a change of the caller's identity policies settles this",
            (Helps::No, _) => "no change of the caller's identity policies settles this",
            (Helps::Unknown, _) => {
                "it is not known whether a change of the caller's identity policies settles this"
            }
        },
    );
    if refusal.times > 1 {
        let lines: Vec<String> = refusal.lines.iter().take(8).map(ToString::to_string).collect();
        fact(
            "seen",
            &format!("{} times, lines {}", refusal.times, lines.join(", ")),
        );
    }
    if let Some(encoded) = &refusal.encoded {
        fact("encoded", &encoded.note);
        if let Some(command) = &encoded.command {
            line!(out, "    {}", plain(command));
        }
    }
    for finding in &refusal.findings {
        line!(out, "  {} {}", styled(CHANGE, "note     "), plain(&finding.text));
        if let Some(help) = &finding.help {
            line!(out, "            {}", plain(help));
        }
    }
    dangers(out, refusal);
    if let Some(own) = &refusal.change {
        line!(out);
        change(out, "The change", own);
    }
    for own in &refusal.also {
        line!(out);
        change(out, "And", own);
    }
    next(out, refusal);
    if refusal.change.is_none() {
        line!(out);
        line!(out, "  {}", plain(&summary(refusal)));
    }
}

fn called(refusal: &Refusal) -> String {
    match (&refusal.principal, &refusal.holder) {
        (Some(principal), Some(holder)) if principal != holder => format!("{principal} ({holder})"),
        (Some(principal), _) => principal.clone(),
        (None, Some(holder)) => holder.clone(),
        (None, None) => "the text does not say".to_owned(),
    }
}

fn dangers(out: &mut String, refusal: &Refusal) {
    if refusal.dangers.is_empty() {
        return;
    }
    line!(out);
    line!(out, "  {}", styled(REMOVE.bold(), "What the change opens"));
    for danger in &refusal.dangers {
        let accepted = if danger.allowed { " (accepted)" } else { "" };
        line!(
            out,
            "    {}: {}{accepted}",
            styled(STRONG, danger.opened.name),
            danger.opened.title
        );
        let mut by = danger.opened.new.join(", ");
        if !danger.opened.held.is_empty() {
            by.push_str(&format!(", with {} that is held", danger.opened.held.join(", ")));
        }
        line!(
            out,
            "      {}",
            styled(
                FAINT,
                &plain(&format!(
                    "{}, by {by}; {}",
                    danger.opened.kind, danger.opened.source
                ))
            )
        );
    }
}

fn change(out: &mut String, head: &str, change: &Change) {
    let ready = match (change.ready, change.layer) {
        (true, _) => styled(ADD, "ready to apply"),
        (false, _) => styled(CHANGE, "not ready"),
    };
    let who = if change.layer == DeniedBy::Identity {
        String::new()
    } else {
        format!(", by {}", change.owner)
    };
    line!(
        out,
        "  {}: {}{}  {ready}",
        styled(STRONG, head),
        plain(&change.policy),
        plain(&who)
    );
    for how in &change.how {
        line!(out, "    {} {}", styled(CHANGE, "·"), plain(how));
    }
    if !change.statements.is_empty() {
        let text = serde_json::to_string_pretty(&change.statements).unwrap_or_default();
        for text in text.lines() {
            line!(out, "    {}", styled(ADD, &plain(text)));
        }
    }
}

fn next(out: &mut String, refusal: &Refusal) {
    let next = &refusal.next;
    let lists = [
        ("Would have been refused next, for certain", &next.certain, "+"),
        ("Likely to be refused next", &next.likely, "+"),
        ("Needed now and then: not in the change", &next.possible, " "),
    ];
    for (head, list, sign) in lists {
        if list.is_empty() {
            continue;
        }
        line!(out);
        line!(out, "  {}", styled(STRONG, head));
        let shown = if sign == " " { 8 } else { usize::MAX };
        for want in list.iter().take(shown) {
            wanted(out, want, sign);
        }
        if list.len() > shown {
            line!(
                out,
                "      … and {} more (--format json lists all)",
                list.len() - shown
            );
        }
    }
}

fn wanted(out: &mut String, want: &Want, sign: &str) {
    line!(
        out,
        "    {} {} on {}",
        styled(ADD, sign),
        plain(&want.action),
        plain(&want.resource)
    );
    line!(out, "        {}", styled(FAINT, &plain(&want.why)));
}

/// What a paste brings is not to command the terminal.
fn plain(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() { '\u{fffd}' } else { letter })
        .collect()
}
