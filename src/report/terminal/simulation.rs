//! The answers of `simulate` for a terminal: the decision first, then who said what.

use std::borrow::Cow;
use std::fmt::Write;

use anstyle::Style;

use super::line;
use super::style::{ADD, CHANGE, FAINT, LINES, REMOVE, STRONG, rest, styled};
use super::words::{count as counted, grouped};
use crate::evaluate::{Layer, Stand};
use crate::policy::Effect;
use crate::simulate::view::{Answer, LayerView, OpenView, Outcome, PrincipalView, Simulation, StatementView};
use crate::simulate::{Policies, TEXT_NOT_KNOWN};

/// The answers, with ANSI styles in them. Several are a line each, unless they are to be in full.
pub fn render(simulation: &Simulation, policies: &Policies, in_full: bool) -> String {
    let mut out = String::new();
    let blocks = in_full || simulation.answers.len() == 1;
    for (number, answer) in simulation.answers.iter().enumerate() {
        if blocks && number > 0 {
            line!(out);
        }
        head(&mut out, answer, policies);
        if blocks {
            block(&mut out, answer, policies);
        }
    }
    out
}

/// How many of the requests are allowed, denied, unknown.
pub fn count(answers: &[Answer]) -> String {
    let of = |wanted: fn(Outcome) -> bool| {
        grouped(answers.iter().filter(|answer| wanted(answer.decision)).count())
    };
    format!(
        "{}: {} allowed, {} denied, {} unknown",
        counted(answers.len() as u64, "request"),
        of(|decision| decision == Outcome::Allowed),
        of(|decision| matches!(decision, Outcome::ExplicitDeny | Outcome::ImplicitDeny)),
        of(|decision| decision == Outcome::Unknown),
    )
}

fn head(out: &mut String, answer: &Answer, policies: &Policies) {
    let (style, word) = match answer.decision {
        Outcome::Allowed => (ADD, "allowed"),
        Outcome::ExplicitDeny | Outcome::ImplicitDeny => (REMOVE, "denied"),
        Outcome::Unknown => (CHANGE, "unknown"),
    };
    let request = &answer.request;
    let on = match request.resource.as_deref() {
        None => "a resource that is not known",
        Some(resource) => resource,
    };
    let layer = answer.layer.map(in_prose).unwrap_or_default();
    let why = match answer.decision {
        Outcome::Allowed => String::new(),
        Outcome::ExplicitDeny => format!("   explicitly, by the {layer}"),
        Outcome::ImplicitDeny => format!("   implicitly, by the {layer}"),
        Outcome::Unknown => format!("   hangs on {}", missing(&answer.missing, answer, policies)),
    };
    let what = format!("{} on {}", plain(&request.action), plain(on));
    line!(
        out,
        "{}  {}{why}",
        styled(bold(style), &format!("{word:<7}")),
        styled(STRONG, &what)
    );
}

fn bold(style: Style) -> Style {
    style.bold()
}

fn block(out: &mut String, answer: &Answer, policies: &Policies) {
    if let Some(principal) = &answer.request.principal {
        line!(out, "         by {}", plain(&called(principal)));
    }
    line!(out);
    let names: Vec<String> = answer.layers.iter().map(|own| of_layer(own.layer)).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    for (own, name) in answer.layers.iter().zip(names) {
        let (style, stand) = stand(own, answer, policies);
        line!(out, "  {name:<width$}   {}", styled(style, &stand));
        statements(out, own, answer, policies);
    }
    if answer.decision == Outcome::Unknown {
        hints(out, answer, policies);
    }
}

fn called(principal: &PrincipalView) -> String {
    match principal {
        PrincipalView::Text(text) | PrincipalView::Federated { federated: text } => {
            if text.contains(":role/") {
                format!("a session of {text}")
            } else {
                text.clone()
            }
        }
        PrincipalView::Full { arn, role, user, .. } => match role.as_ref().or(user.as_ref()) {
            Some(behind) => format!("{arn} ({behind})"),
            None => arn.clone(),
        },
    }
}

fn stand(own: &LayerView, answer: &Answer, policies: &Policies) -> (Style, String) {
    let note = own.note.as_deref().unwrap_or_default();
    match own.stand {
        Stand::Allows => (ADD, "allows".to_owned()),
        Stand::Delegates => (CHANGE, "allows the account, which must hand it on".to_owned()),
        Stand::ImplicitDeny => (REMOVE, "no statement allows it".to_owned()),
        Stand::ExplicitDeny => (REMOVE, "denies".to_owned()),
        Stand::DoesNotBind => (FAINT, format!("does not bind: {note}")),
        Stand::Unknown => {
            let open = own.open.iter().flat_map(|open| open.missing.iter().cloned());
            let mut all: Vec<String> = open.collect();
            all.sort_unstable();
            all.dedup();
            let mut what = missing(&all, answer, policies);
            if note == TEXT_NOT_KNOWN {
                what = if what.is_empty() {
                    note.to_owned()
                } else {
                    format!("{what}, {note}")
                };
            }
            (CHANGE, format!("not known: {what}"))
        }
    }
}

fn statements(out: &mut String, own: &LayerView, answer: &Answer, policies: &Policies) {
    let mut lines: Vec<String> = Vec::new();
    for statement in &own.denied_by {
        lines.push(format!("{} {}", styled(REMOVE, "Deny "), place(statement)));
    }
    for OpenView {
        at,
        effect,
        missing: open,
    } in &own.open
    {
        let word = match effect {
            Effect::Allow => "Allow",
            Effect::Deny => "Deny ",
        };
        let hangs = styled(FAINT, &format!("if {} fits", missing(open, answer, policies)));
        lines.push(format!("{} {}  {hangs}", styled(CHANGE, word), place(at)));
    }
    for statement in &own.allowed_by {
        lines.push(format!("{} {}", styled(ADD, "Allow"), place(statement)));
    }
    for text in lines.iter().take(LINES) {
        line!(out, "      {text}");
    }
    rest(out, lines.len(), lines.len().min(LINES));
}

/// `policy.json:4 ReadObjects`, `AWS managed policy ReadOnlyAccess, statement 1`.
fn place(statement: &StatementView) -> String {
    let policy = plain(&statement.policy);
    let place = match statement.line {
        Some(line) => format!("{policy}:{line}"),
        None => policy.into_owned(),
    };
    match &statement.sid {
        Some(sid) => format!("{place}  {}", plain(sid)),
        None => format!("{place}  statement {}", statement.statement),
    }
}

/// Names of what is missing, as one says them.
fn missing(names: &[String], answer: &Answer, policies: &Policies) -> String {
    let names = names.iter().map(|name| match unread_layer(name, answer) {
        Some(layer) => format!("the text of the {}", in_prose(layer)),
        None if name.contains(':') => plain(policies.spelled(name)).into_owned(),
        None => format!("the {}", plain(name)),
    });
    names.collect::<Vec<_>>().join(", ")
}

/// The layer that a missing name stands for. `resource` is one only where the resource is known.
fn unread_layer(name: &str, answer: &Answer) -> Option<Layer> {
    let layer = Layer::parse(name)?;
    let unread = |own: &&LayerView| own.layer == layer && own.note.as_deref() == Some(TEXT_NOT_KNOWN);
    answer.layers.iter().find(unread).map(|own| own.layer)
}

/// What to add to the command for a decision.
fn hints(out: &mut String, answer: &Answer, policies: &Policies) {
    let mut lines: Vec<String> = Vec::new();
    for name in &answer.missing {
        let hint = match name.as_str() {
            _ if unread_layer(name, answer).is_some() => {
                let layer = unread_layer(name, answer).unwrap_or(Layer::Identity);
                format!("{}   in full", option(layer))
            }
            "resource" if answer.request.resource.is_none() => "--resource ARN".to_owned(),
            "principal" if answer.request.principal.is_none() => "--principal ARN".to_owned(),
            "resource account" => "--resource-account ID".to_owned(),
            key if key.contains(':') && !answer.request.context.contains_key(key) => {
                let key = policies.spelled(key);
                format!("--context {}=…   or --absent {}", plain(key), plain(key))
            }
            _ => continue,
        };
        lines.push(hint);
    }
    line!(out);
    if lines.is_empty() {
        line!(out, "  AWS's documents do not say how this is decided.");
        return;
    }
    line!(out, "  What would decide it:");
    for hint in &lines {
        line!(out, "      {hint}");
    }
}

/// The option that gives a layer its policies.
fn option(layer: Layer) -> &'static str {
    match layer {
        Layer::Identity => "--policy FILE",
        Layer::Boundary => "--boundary FILE",
        Layer::Session => "--session-policy FILE",
        Layer::Scp(_) => "--scp FILES",
        Layer::Rcp(_) => "--rcp FILES",
        Layer::Endpoint => "--endpoint-policy FILE",
        Layer::Resource => "--resource-policy FILE",
        Layer::Trust => "--trust-policy FILE",
        Layer::Key => "--key-policy FILE",
    }
}

/// A layer in AWS's words; levels count from 1, the root.
fn of_layer(layer: Layer) -> String {
    let name = match layer {
        Layer::Scp(level) => return format!("service control policies, level {}", u16::from(level) + 1),
        Layer::Rcp(level) => return format!("resource control policies, level {}", u16::from(level) + 1),
        Layer::Endpoint => "VPC endpoint policy",
        Layer::Boundary => "permissions boundary",
        Layer::Session => "session policies",
        Layer::Trust => "trust policy",
        Layer::Key => "key policy",
        Layer::Resource => "resource policy",
        Layer::Identity => "identity policies",
    };
    name.to_owned()
}

/// The same within a sentence.
fn in_prose(layer: Layer) -> String {
    of_layer(layer).replace(", level", " of level")
}

/// The text without characters that would move a terminal's cursor.
fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let shown = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c });
    Cow::Owned(shown.collect())
}
