//! What a person may mean by a name.

use std::fmt::Write;

use serde_json::{Value, json};

use super::facts;
use crate::near;

/// The answer to a name of any kind.
///
/// # Errors
/// Nothing has that name; the text says what is like it.
pub(super) fn of_name(what: &str) -> Result<Value, String> {
    if let Some(policy) = facts::policy(what) {
        return Ok(policy);
    }
    if what.starts_with("arn:") {
        return facts::resource(what);
    }
    if let Some((service, action)) = action_catalog::action(what) {
        return Ok(facts::action(service, action));
    }
    let operations = action_catalog::operations(what);
    match operations.as_slice() {
        [] => {}
        [(service, operation)] => return Ok(facts::operation(service, operation)),
        many => {
            let list: Vec<Value> = many
                .iter()
                .map(|(service, operation)| facts::operation(service, operation))
                .collect();
            return Ok(json!({"operations": list}));
        }
    }
    if let Some(service) = action_catalog::service(what) {
        return Ok(facts::service(service));
    }
    if let Some(key) = facts::key(what) {
        return Ok(key);
    }
    let matching = action_catalog::matching(what);
    if !matching.is_empty() {
        let actions: Vec<Value> = matching
            .iter()
            .map(|(service, action)| {
                let name = format!("{}:{}", service.prefix, action.name);
                json!({"action": name, "access_level": action.level})
            })
            .collect();
        return Ok(json!({"pattern": what, "matching": actions}));
    }
    Err(unknown(what))
}

fn unknown(what: &str) -> String {
    let mut message = format!("the catalog knows no action, operation or match for `{what}`");
    let near: Vec<String> = match what.split_once(':') {
        Some((prefix, name)) => match action_catalog::service(prefix) {
            Some(service) => {
                let actions = service.actions.iter().map(|action| action.name.as_str());
                let operations = service.operations.iter().map(|o| o.name.as_str());
                near::several(name, actions.chain(operations), 3)
                    .into_iter()
                    .map(|name| format!("{}:{name}", service.prefix))
                    .collect()
            }
            None => near::several(prefix, action_catalog::prefixes(), 3)
                .into_iter()
                .map(|prefix| format!("{prefix}:…"))
                .collect(),
        },
        None => near_plain(what),
    };
    if !near.is_empty() {
        let _ = write!(message, "; near: {}", near.join(", "));
    }
    message
}

/// A word without prefix: a service, or an operation of any service.
fn near_plain(what: &str) -> Vec<String> {
    let prefixes = near::several(what, action_catalog::prefixes(), 3);
    if !prefixes.is_empty() {
        return prefixes.into_iter().map(|prefix| format!("{prefix}:*")).collect();
    }
    let services: Vec<_> = action_catalog::prefixes()
        .filter_map(action_catalog::service)
        .collect();
    let operations = services
        .iter()
        .flat_map(|service| service.operations.iter().map(|o| o.name.as_str()));
    near::several(what, operations, 3)
        .into_iter()
        .map(str::to_owned)
        .collect()
}
