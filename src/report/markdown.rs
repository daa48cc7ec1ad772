//! The answers of `explain` for a ticket: a summary of three lines, the details folded.

use std::fmt::Write;

use crate::denial::{DeniedBy, Kind};
use crate::explain::view::{Change, Explained, Helps, Refusal, Want};

/// Writing to a `String` cannot fail.
macro_rules! line {
    ($out:expr) => { $out.push('\n') };
    ($out:expr, $($arg:tt)*) => {{ let _ = writeln!($out, $($arg)*); }};
}

/// How what is not in the change is called.
const POSSIBLE: &str = "possible, not in the change";

/// The answers as GitHub, GitLab and Jira show them.
pub fn render(explained: &Explained) -> String {
    let mut out = String::new();
    for (number, refusal) in explained.refusals.iter().enumerate() {
        if number > 0 {
            line!(out, "\n---\n");
        }
        one(&mut out, refusal);
    }
    for own in &explained.look_alikes {
        line!(
            out,
            "**No refusal:** {} (line {}): {}\n",
            code(&own.what),
            own.line,
            text(&own.means)
        );
    }
    if out.is_empty() {
        line!(out, "No refusal found in this text.");
    }
    out
}

fn one(out: &mut String, refusal: &Refusal) {
    let action = refusal
        .action
        .as_deref()
        .map_or("an action that is not named".to_owned(), code);
    let on = refusal.resource.as_deref().or(refusal.resource_arn.as_deref());
    let on = on.map_or("a resource that is not named".to_owned(), code);
    let caller = refusal.holder.as_deref().or(refusal.principal.as_deref());
    line!(
        out,
        "**Denied:** {action} on {on} for {}  ",
        caller.map_or("a caller that is not named".to_owned(), code)
    );
    let owner = refusal
        .owner
        .as_deref()
        .map_or(String::new(), |owner| format!("; mended by {}", text(owner)));
    line!(out, "**Refused by:** {}{owner}  ", text(&by_whom(refusal)));
    line!(out, "**Change:** {}", text(&summary(refusal)));
    line!(out);
    if !refusal.dangers.is_empty() {
        line!(out, "**What it opens:**\n");
        for danger in &refusal.dangers {
            line!(
                out,
                "- {}: {} ([source]({}))",
                code(danger.opened.name),
                danger.opened.title,
                danger.opened.source
            );
        }
        line!(out);
    }
    for change in refusal.change.iter().chain(&refusal.also) {
        folded_change(out, change);
    }
    if !refusal.next.certain.is_empty()
        || !refusal.next.likely.is_empty()
        || !refusal.next.possible.is_empty()
    {
        line!(
            out,
            "<details><summary>What would have been refused next</summary>\n"
        );
        line!(out, "| | action | on | why |\n|---|---|---|---|");
        for (kind, list) in [
            ("certain", &refusal.next.certain),
            ("likely", &refusal.next.likely),
            (POSSIBLE, &refusal.next.possible),
        ] {
            let shown = if kind == POSSIBLE { 8 } else { usize::MAX };
            list.iter().take(shown).for_each(|want| row(out, kind, want));
        }
        line!(out, "\n</details>\n");
    }
    if !refusal.findings.is_empty() {
        line!(out, "<details><summary>Notes</summary>\n");
        for finding in &refusal.findings {
            let help = finding
                .help
                .as_deref()
                .map_or(String::new(), |help| format!(" ({})", text(help)));
            line!(out, "- {}{help}", text(&finding.text));
        }
        line!(out, "\n</details>\n");
    }
    if let Some(encoded) = &refusal.encoded {
        line!(
            out,
            "<details><summary>Encoded message</summary>\n\n{}\n",
            text(&encoded.note)
        );
        if let Some(command) = &encoded.command {
            line!(out, "```sh\n{command}\n```\n");
        }
        line!(out, "</details>\n");
    }
}

fn row(out: &mut String, kind: &str, want: &Want) {
    let why = match &want.source {
        Some(source) => format!("{} ([source]({source}))", cell(&want.why)),
        None => cell(&want.why),
    };
    line!(
        out,
        "| {kind} | {} | {} | {why} |",
        code(&want.action),
        code(&want.resource)
    );
}

fn folded_change(out: &mut String, change: &Change) {
    let ready = if change.ready {
        "ready to apply"
    } else {
        "not ready"
    };
    line!(
        out,
        "<details><summary>{} ({ready})</summary>\n",
        text(&change.policy)
    );
    for how in &change.how {
        line!(out, "- {}", text(how));
    }
    if !change.statements.is_empty() {
        let statements = serde_json::to_string_pretty(&change.statements).unwrap_or_default();
        line!(out, "\n```json\n{statements}\n```");
    }
    line!(out, "\n</details>\n");
}

/// What refused, in words.
pub(super) fn by_whom(refusal: &Refusal) -> String {
    let layer = match refusal.layer {
        DeniedBy::Identity => "the caller's identity policies",
        DeniedBy::Resource => "the resource's policy",
        DeniedBy::Boundary => "the permissions boundary",
        DeniedBy::Session => "a session policy",
        DeniedBy::Scp => "a service control policy",
        DeniedBy::Rcp => "a resource control policy",
        DeniedBy::Endpoint => "a VPC endpoint policy",
        DeniedBy::Trust => "the role's trust policy",
        DeniedBy::Key => "the key policy",
        DeniedBy::Unknown => "a layer that the text does not name",
    };
    let kind = match refusal.kind {
        Kind::Implicit => ": no statement allows it",
        Kind::Explicit => ": a Deny",
        Kind::Unknown => "",
    };
    let which = refusal
        .policy_arn
        .as_deref()
        .map_or(String::new(), |arn| format!(" ({arn})"));
    format!("{layer}{kind}{which}")
}

/// The change in one line.
pub(super) fn summary(refusal: &Refusal) -> String {
    let Some(change) = &refusal.change else {
        return match (refusal.identity_change_helps, &refusal.action) {
            (_, None) => "none: the text does not name the action that is missing".to_owned(),
            (Helps::No, _) => "no policy of the caller helps; see the notes".to_owned(),
            _ => "none that can be written from this text".to_owned(),
        };
    };
    if change.statements.is_empty() {
        return format!("change the Deny in the {}", change.policy);
    }
    let more = refusal.next.certain.len() + refusal.next.likely.len();
    let ahead = if more == 0 {
        String::new()
    } else {
        format!(
            ", with what comes next ({} certain, {} likely)",
            refusal.next.certain.len(),
            refusal.next.likely.len()
        )
    };
    let also = if refusal.also.is_empty() {
        String::new()
    } else {
        format!("; and {} more", refusal.also.len())
    };
    let ready = if change.ready {
        ""
    } else {
        " (not ready: see below)"
    };
    format!("{}{ahead}{also}{ready}", change.policy)
}

fn code(what: &str) -> String {
    format!("`{}`", what.replace(['`', '\n', '\r', '|'], " "))
}

/// Text from a paste is shown, and never read as markup.
fn text(what: &str) -> String {
    what.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('\n', " ")
}

fn cell(what: &str) -> String {
    text(what).replace('|', "\\|")
}
