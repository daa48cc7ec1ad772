//! What a proposal does to each policy, short enough to stand in a page beside thousands of others. The
//! whole of it is in the proposal's own file.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::diff::{Edit, StatementChange, StatementEdit};
use crate::recommend::{Change, Reason};

/// A policy that changes.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PolicyEditView {
    /// Which, as a person calls it.
    pub policy: String,
    /// What happens to it.
    pub change: Change,
    /// How many others hold it as well.
    pub shared_with: usize,
    /// Statements that stay to the letter.
    pub unchanged: usize,
    /// The others.
    pub statements: Vec<StatementEditView>,
}

/// A statement that changes. Lists of more than [`SHOWN`] entries end with how many more there are.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct StatementEditView {
    /// What happens.
    pub change: StatementChange,
    /// The statement before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What is made of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<Value>,
    /// Actions that stay by use; their events are those of `uses`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub used: Vec<String>,
    /// How many stay because their use would not have shown.
    pub unseen: usize,
    /// How many stay for another reason.
    pub otherwise: usize,
    /// How many go because they were not used.
    pub unused: usize,
    /// How many go because the boundary never allows them.
    pub ineffective: usize,
    /// How many go, although their use cannot be seen, because the caller decided so.
    pub left_out: usize,
}

/// Entries of a list that are shown.
const SHOWN: usize = 24;

/// The policies that change.
pub(super) fn changes(edits: Vec<Edit>) -> Vec<PolicyEditView> {
    edits
        .into_iter()
        .filter(|edit| edit.change != Change::Unchanged)
        .map(|edit| {
            let (same, changed): (Vec<StatementEdit>, Vec<StatementEdit>) = edit
                .statements
                .into_iter()
                .partition(|own| own.change == StatementChange::Unchanged);
            PolicyEditView {
                policy: edit.policy.to_string(),
                change: edit.change,
                shared_with: edit.shared_with.len(),
                unchanged: same.len(),
                statements: changed.into_iter().map(statement).collect(),
            }
        })
        .collect()
}

fn statement(edit: StatementEdit) -> StatementEditView {
    let mut used = Vec::new();
    let (mut unseen, mut otherwise) = (0, 0);
    for why in edit.why {
        match why.reason {
            reason if reason.is_use() => used.extend(why.actions),
            Reason::Unseen { .. } => unseen += why.actions.len(),
            _ => otherwise += why.actions.len(),
        }
    }
    used.sort_unstable();
    used.dedup();
    StatementEditView {
        change: edit.change,
        before: edit.before.map(cut),
        after: edit.after.into_iter().map(cut).collect(),
        used,
        unseen,
        otherwise,
        unused: edit.unused.len(),
        ineffective: edit.ineffective.len(),
        left_out: edit.left_out.len(),
    }
}

/// The statement with its long lists cut.
fn cut(mut statement: Value) -> Value {
    if let Some(elements) = statement.as_object_mut() {
        for own in elements.values_mut() {
            if let Some(list) = own.as_array_mut().filter(|list| list.len() > SHOWN) {
                let more = list.len() - SHOWN;
                list.truncate(SHOWN);
                list.push(Value::from(format!("… and {more} more")));
            }
        }
    }
    statement
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn long_lists_end_with_how_many_more_there_are() {
        let actions: Vec<String> = (0..30).map(|n| format!("s3:Action{n}")).collect();
        let short = cut(json!({"Effect": "Allow", "Action": actions, "Resource": "*"}));
        let list = short["Action"].as_array().unwrap();
        assert_eq!(list.len(), SHOWN + 1);
        assert_eq!(list[SHOWN], "… and 6 more");
        assert_eq!(short["Resource"], "*");
    }
}
