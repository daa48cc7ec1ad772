//! What a change opens.

use super::Options;
use super::view::{Change, Danger};
use crate::danger::{Holding, opened};
use crate::denial::DeniedBy;
use crate::evaluate::Layer;
use crate::grants::Grants;
use crate::recommend::Allowed;

/// What the changes of identity policies open; a change that opens what is not accepted is not ready.
pub(super) fn dangers<'c>(
    changes: impl Iterator<Item = &'c mut Change>,
    grants: Option<&Grants>,
    options: &Options,
) -> Vec<Danger> {
    let held = |action: &str| {
        let identity = grants
            .into_iter()
            .flat_map(|grants| grants.in_layer(Layer::Identity));
        Holding::of(identity.flat_map(|held| &held.document.statements), action)
    };
    let mut found: Vec<Danger> = Vec::new();
    for change in changes {
        if !matches!(change.layer, DeniedBy::Identity | DeniedBy::Boundary) {
            continue;
        }
        let added = pairs(&change.statements);
        let opened = opened(&held, &added);
        let mut refused: Vec<&str> = Vec::new();
        for opened in opened {
            let allowed = match &options.allow_dangerous {
                Allowed::Nothing => false,
                Allowed::Named(names) => names.contains(opened.name),
                Allowed::Everything => true,
            };
            if !allowed {
                refused.push(opened.name);
            }
            if !found.iter().any(|own| own.opened.name == opened.name) {
                found.push(Danger { opened, allowed });
            }
        }
        if !refused.is_empty() {
            change.ready = false;
            change.how.push(format!(
                "it opens what the dangers say: --allow-dangerous {} accepts that",
                refused.join(",")
            ));
        }
    }
    found.sort_by_key(|own| own.opened.name);
    found
}

/// Action and resource of each grant in statements.
pub(super) fn pairs(statements: &[serde_json::Value]) -> Vec<(String, String)> {
    let texts = |value: Option<&serde_json::Value>| -> Vec<String> {
        match value {
            Some(serde_json::Value::String(one)) => vec![one.clone()],
            Some(serde_json::Value::Array(list)) => list
                .iter()
                .filter_map(|own| own.as_str().map(str::to_owned))
                .collect(),
            _ => Vec::new(),
        }
    };
    let mut found = Vec::new();
    for statement in statements {
        for action in texts(statement.get("Action")) {
            found.extend(
                texts(statement.get("Resource"))
                    .into_iter()
                    .map(|on| (action.clone(), on)),
            );
        }
    }
    found
}
