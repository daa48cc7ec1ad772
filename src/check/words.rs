//! Actions, resources and requests in words.

use std::collections::{BTreeMap, BTreeSet};

use super::view::ActionsView;
use crate::evaluate::{Layer, Principal, PrincipalKind};
use crate::pattern::matches_ignore_case;
use crate::policy::{Element, Statement};
use crate::simulate::view::{ContextView, PrincipalView, RequestView, StatementView};

/// Names that are shown before the rest is counted.
const SHOWN: usize = 4;

/// The actions as a reader knows them: an entry of the statement where all that it matches is meant,
/// else names.
pub(super) fn actions(statement: Option<&Statement>, actions: &ActionsView) -> String {
    let parts = parts(statement, &actions.known);
    let folded = services(&parts);
    let joined = |parts: &[(String, usize)]| folded.clone().unwrap_or_else(|| joined(parts));
    let unknown = actions.unknown.as_deref();
    let Some(unknown) = unknown else {
        return joined(&parts);
    };
    let exact = |own: &Statement| {
        own.action
            .patterns()
            .iter()
            .any(|e| e.eq_ignore_ascii_case(unknown))
    };
    match (parts.is_empty(), statement.is_some_and(exact)) {
        (true, true) => format!("{unknown} (which the catalog does not know)"),
        (true, false) => format!("actions that the catalog does not know, such as {unknown},"),
        (false, true) => format!(
            "{} (and {unknown}, which the catalog does not know)",
            joined(&parts)
        ),
        (false, false) => format!("{} (also ones that the catalog does not know)", joined(&parts)),
    }
}

/// Each part with the number of actions it stands for.
fn parts(statement: Option<&Statement>, known: &[String]) -> Vec<(String, usize)> {
    let mut left: BTreeSet<&str> = known.iter().map(String::as_str).collect();
    let all = left.clone();
    let mut parts = Vec::new();
    let entries = match statement.map(|own| &own.action) {
        Some(Element::Only(entries)) => entries.as_slice(),
        _ => &[],
    };
    for entry in entries.iter().filter(|entry| entry.contains(['*', '?'])) {
        let matched = action_catalog::matching(entry);
        let names: Vec<String> = matched
            .iter()
            .map(|(service, action)| format!("{}:{}", service.prefix, action.name))
            .collect();
        if names.is_empty() || !names.iter().all(|name| all.contains(name.as_str())) {
            continue;
        }
        let before = left.len();
        for name in &names {
            left.remove(name.as_str());
        }
        if left.len() < before {
            parts.push((entry.clone(), before - left.len()));
        }
    }
    parts.extend(left.into_iter().map(|name| (name.to_owned(), 1)));
    parts
}

/// `15077 actions of 430 services (ec2 503, sagemaker 300 and others)`, where names would say little.
fn services(parts: &[(String, usize)]) -> Option<String> {
    let mut services: BTreeMap<&str, usize> = BTreeMap::new();
    for (text, count) in parts {
        let (service, _) = text.split_once(':')?;
        *services.entry(service).or_default() += count;
    }
    if services.len() <= SHOWN {
        return None;
    }
    let total: usize = services.values().sum();
    let number = services.len();
    let mut most: Vec<(&str, usize)> = services.into_iter().collect();
    most.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let named: Vec<String> = most
        .iter()
        .take(SHOWN)
        .map(|(service, count)| format!("{service} {count}"))
        .collect();
    Some(format!(
        "{total} actions of {number} services ({} and others)",
        named.join(", ")
    ))
}

fn joined(parts: &[(String, usize)]) -> String {
    let shown: Vec<&str> = parts.iter().take(SHOWN).map(|(text, _)| text.as_str()).collect();
    let rest: usize = parts.iter().skip(SHOWN).map(|(_, count)| count).sum();
    match rest {
        0 => listed(&shown),
        1 => format!("{} and 1 more action", shown.join(", ")),
        many => format!("{} and {many} more actions", shown.join(", ")),
    }
}

/// `a, b and c`.
fn listed(texts: &[&str]) -> String {
    match texts {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Some of the texts, and how many more there are.
pub(super) fn few(texts: &[String], most: usize) -> String {
    let shown: Vec<&str> = texts.iter().take(most).map(String::as_str).collect();
    match texts.len().saturating_sub(most) {
        0 => listed(&shown),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// ` on …`, or nothing where the policy says of no resource.
pub(super) fn on(statement: Option<&Statement>, resources: &[String]) -> String {
    match statement.map(|own| &own.resource) {
        Some(Some(Element::Except(_))) => format!(" on all resources but {}", few(resources, SHOWN)),
        _ if resources.is_empty() => String::new(),
        _ => format!(" on {}", few(resources, SHOWN)),
    }
}

/// `s3:PutObject on arn:… by arn:… with aws:SourceVpce = vpce-1, without aws:SourceIp`.
pub(super) fn request(request: &RequestView, spelling: &BTreeMap<String, String>) -> String {
    let mut text = request.action.clone();
    if let Some(resource) = &request.resource {
        text.push_str(&format!(" on {resource}"));
    }
    match &request.principal {
        Some(PrincipalView::Text(name)) => text.push_str(&format!(" by {name}")),
        Some(PrincipalView::Full { arn, .. }) => text.push_str(&format!(" by {arn}")),
        Some(PrincipalView::Federated { federated }) => text.push_str(&format!(" by {federated}")),
        None => {}
    }
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for (key, value) in &request.context {
        let key = spelling.get(key).unwrap_or(key);
        match value {
            ContextView::Values(values) => match values.as_slice() {
                [one] if one.is_empty() => with.push(format!("{key} = \"\"")),
                [one] => with.push(format!("{key} = {one}")),
                many => with.push(format!("{key} = {many:?}")),
            },
            ContextView::Absent(()) => without.push(key.clone()),
            ContextView::Unknown { .. } => {}
        }
    }
    if !with.is_empty() {
        let with: Vec<&str> = with.iter().map(String::as_str).collect();
        text.push_str(&format!(" with {}", listed(&with)));
    }
    if !without.is_empty() {
        let comma = if with.is_empty() { "" } else { "," };
        text.push_str(&format!("{comma} without {}", without.join(", ")));
    }
    text
}

/// `statement 2 (Sid) of old.json:14`.
pub(super) fn statement(at: &StatementView) -> String {
    let sid = at.sid.as_ref().map(|sid| format!(" ({sid})")).unwrap_or_default();
    let line = at.line.map(|line| format!(":{line}")).unwrap_or_default();
    format!("statement {}{sid} of {}{line}", at.statement, at.policy)
}

/// Which statements a layer's are.
pub(super) fn of_layer(layer: Layer) -> String {
    match layer {
        Layer::Boundary => "the boundary".to_owned(),
        Layer::Scp(level) => format!("the service control policies of level {}", u32::from(level) + 1),
        // The one that is compared: the message has its name.
        _ => String::new(),
    }
}

/// What an undecided comparison hangs on.
pub(super) fn about(text: &str) -> String {
    if let Some((_, name)) = text
        .strip_prefix("Principal ")
        .and_then(|rest| rest.rsplit_once(" for "))
    {
        let who = Principal::parse(name).map_or_else(|| name.to_owned(), |principal| called(&principal));
        return format!("whether the statement's Principal takes in {who}");
    }
    text.replacen("resource V2012 ", "resource ", 1)
        .replacen("resource V2008 ", "resource ", 1)
}

/// How a principal of a comparison is called: it may stand for many.
pub(super) fn called(principal: &Principal) -> String {
    let somebody = principal.name.ends_with(":user/somebody-else");
    match (&principal.account, principal.kind) {
        (Some(account), PrincipalKind::User) if somebody && account == "999999999999" => {
            "any other account".to_owned()
        }
        (Some(account), PrincipalKind::User) if somebody => format!("account {account}"),
        (_, PrincipalKind::Anonymous) => "anonymous callers".to_owned(),
        (_, PrincipalKind::Service) if principal.name.starts_with("some-service.") => {
            "any AWS service".to_owned()
        }
        (_, PrincipalKind::Session) => principal.role.clone().unwrap_or_else(|| principal.name.clone()),
        _ => principal.name.clone(),
    }
}

/// The text without characters that would move a terminal's cursor.
pub(super) fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

/// The patterns that match one of the actions.
pub(super) fn matching(patterns: &[String], actions: &ActionsView) -> Vec<String> {
    let mut names = actions.known.iter().chain(&actions.unknown);
    let names: Vec<&String> = names.by_ref().collect();
    let matches = |pattern: &&String| names.iter().any(|name| matches_ignore_case(pattern, name));
    patterns.iter().filter(matches).cloned().collect()
}
