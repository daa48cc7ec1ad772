//! Access Analyzer beside our own findings and our own proof, where `--access-analyzer` asks for it.
#![cfg(feature = "aws")]

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::live::Live;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::evaluate::Layer;
use crate::policy::{Document, print};
use crate::recommend::{Change, Proposal, Reason, State};
use crate::source::aws::{Client, Failure};

/// What Access Analyzer says of a proposal. What it cannot be asked is said, and nothing else hangs on it.
pub(super) fn second_opinion(
    proposal: &Proposal,
    principal: &str,
    live: &Live<'_>,
) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
    let client = live.client()?;
    let mut said = Vec::new();
    for question in [validated, nothing_new, not_granted, unused] {
        match question(client, proposal, principal) {
            Ok(answers) => said.extend(answers),
            Err(failure) => {
                said.push(failure.diagnostic(Severity::Warning, "Access Analyzer's opinion is missing"));
            }
        }
    }
    Ok(said)
}

fn validated(client: &Client, proposal: &Proposal, _: &str) -> Result<Vec<Diagnostic>, Failure> {
    let mut said = Vec::new();
    for policy in &proposal.policies {
        let (Change::Edit | Change::Create, Some(after)) = (policy.change, &policy.after) else {
            continue;
        };
        let mut by_code: BTreeMap<String, (u32, Diagnostic)> = BTreeMap::new();
        for finding in client.validate_policy(&print::document_value(after).to_string())? {
            let message = format!(
                "{}: Access Analyzer finds {}: {}",
                policy.origin, finding.code, finding.message
            );
            let diagnostic = match finding.kind.as_str() {
                "ERROR" | "SECURITY_WARNING" => Diagnostic::warning(Code::AccessAnalyzer, message),
                _ => Diagnostic::note(Code::AccessAnalyzer, message),
            };
            let diagnostic = match finding.link {
                Some(link) => diagnostic.help(link),
                None => diagnostic,
            };
            by_code.entry(finding.code).or_insert((0, diagnostic)).0 += 1;
        }
        for (count, mut diagnostic) in by_code.into_values() {
            if count > 1 {
                diagnostic.message = format!("{} ({count} times)", diagnostic.message);
            }
            said.push(diagnostic);
        }
    }
    Ok(said)
}

/// All identity policies of one side as one document: Access Analyzer compares two.
fn together<'d>(documents: impl Iterator<Item = &'d Document>) -> Value {
    let mut statements = Vec::new();
    for document in documents {
        for statement in &document.statements {
            let mut statement = print::statement_value(statement);
            if let Value::Object(fields) = &mut statement {
                // Sids of several policies may be the same.
                fields.shift_remove("Sid");
            }
            statements.push(statement);
        }
    }
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn sides(proposal: &Proposal) -> (Value, Value) {
    let own = || {
        proposal
            .policies
            .iter()
            .filter(|policy| policy.layer == Layer::Identity)
    };
    (
        together(own().filter_map(|policy| policy.before.as_ref())),
        together(own().filter_map(|policy| policy.after.as_ref())),
    )
}

fn asks_for_more(proposal: &Proposal) -> bool {
    proposal
        .actions
        .values()
        .any(|state| matches!(state, State::Kept(Reason::Requested)))
}

fn nothing_new(client: &Client, proposal: &Proposal, _: &str) -> Result<Vec<Diagnostic>, Failure> {
    if !proposal.changes_anything() || asks_for_more(proposal) {
        return Ok(Vec::new());
    }
    let (before, after) = sides(proposal);
    let checked = client.check_no_new_access(&before.to_string(), &after.to_string())?;
    Ok(vec![if checked.passed {
        Diagnostic::note(
            Code::AccessAnalyzer,
            "Access Analyzer agrees: nothing is granted that was not granted before",
        )
    } else {
        disagrees(&format!(
            "it sees new access, leastgrant's proof none: {}",
            checked.message
        ))
    }])
}

fn not_granted(client: &Client, proposal: &Proposal, _: &str) -> Result<Vec<Diagnostic>, Failure> {
    let gone: Vec<String> = proposal
        .actions
        .iter()
        .filter(|(_, state)| !matches!(state, State::Kept(_)))
        .map(|(action, _)| action.clone())
        .collect();
    if gone.is_empty() {
        return Ok(Vec::new());
    }
    let (_, after) = sides(proposal);
    let checked = client.check_access_not_granted(&after.to_string(), &gone)?;
    Ok(vec![if checked.passed {
        Diagnostic::note(
            Code::AccessAnalyzer,
            format!(
                "Access Analyzer agrees: of what goes ({} actions, the first 100 asked about) nothing is granted any more",
                gone.len()
            ),
        )
    } else {
        disagrees(&format!(
            "it sees access that leastgrant has taken away: {}",
            checked.message
        ))
    }])
}

fn disagrees(how: &str) -> Diagnostic {
    Diagnostic::warning(Code::AccessAnalyzer, format!("ACCESS ANALYZER DISAGREES: {how}"))
        .help("one of the two is wrong: do not apply it before you know which")
}

fn unused(client: &Client, proposal: &Proposal, principal: &str) -> Result<Vec<Diagnostic>, Failure> {
    let Some(unused) = client.unused_access(principal)? else {
        return Ok(Vec::new());
    };
    let named = |action: &str| {
        let action = action.to_ascii_lowercase();
        let service = action.split(':').next().unwrap_or_default();
        unused
            .iter()
            .any(|own| own.eq_ignore_ascii_case(&action) || own.eq_ignore_ascii_case(service))
    };
    let kept: Vec<&String> = proposal
        .actions
        .iter()
        .filter(|(action, state)| matches!(state, State::Kept(Reason::Unseen { .. })) && named(action))
        .map(|(action, _)| action)
        .collect();
    let used: Vec<&String> = proposal
        .actions
        .iter()
        .filter(|(action, state)| matches!(state, State::Kept(reason) if reason.is_use()) && named(action))
        .map(|(action, _)| action)
        .collect();
    let mut said = Vec::new();
    if !kept.is_empty() {
        let few: Vec<&str> = kept.iter().take(5).map(|action| action.as_str()).collect();
        let more = if kept.len() > few.len() { ", …" } else { "" };
        said.push(Diagnostic::note(
            Code::AccessAnalyzer,
            format!(
                "Access Analyzer calls {} actions unused that stay because this trail cannot show them: {}{more}",
                kept.len(),
                few.join(", ")
            ),
        ));
    }
    if let Some(first) = used.first() {
        let how = format!("it calls {first} unused, which this trail shows in use");
        said.push(disagrees(&how));
    }
    Ok(said)
}
