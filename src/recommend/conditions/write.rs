//! Conditions into statements, and the contexts that prove them.

use std::collections::BTreeSet;

use super::Suggestion;
use crate::evaluate::{Context, Lookup};
use crate::evidence::{Circumstances, Key, Values};
use crate::policy::Condition;
use crate::recommend::draft::Draft;
use crate::recommend::policies::Sheet;

/// Writes the suggestions that are to be written. Gives the keys that the statements ask about now.
pub(in crate::recommend) fn write(sheets: &mut [Sheet], suggested: &[Suggestion]) -> BTreeSet<Key> {
    let mut keys = BTreeSet::new();
    for (at, sheet) in sheets.iter_mut().enumerate() {
        let chosen = |number: usize| {
            let mine =
                move |own: &&Suggestion| own.written && own.place == (at, number) && !own.actions.is_empty();
            suggested.iter().filter(mine).collect::<Vec<_>>()
        };
        let mut drafts = Vec::new();
        for (number, draft) in std::mem::take(&mut sheet.drafts).into_iter().enumerate() {
            let own = chosen(number);
            if own.is_empty() {
                drafts.push(draft);
                continue;
            }
            keys.extend(own.iter().filter_map(|own| super::found::key_of(own.name)));
            keys.insert(Key::ViaService);
            drafts.extend(parts(draft, &own));
        }
        sheet.drafts = drafts;
    }
    keys
}

/// The statement with the conditions over what was used, the same for calls by services where a network is
/// asked for, and what else it holds.
fn parts(draft: Draft, chosen: &[&Suggestion]) -> Vec<Draft> {
    let used: BTreeSet<&String> = chosen.iter().flat_map(|own| &own.actions).collect();
    let (mine, rest): (Vec<_>, Vec<_>) = draft
        .kept
        .iter()
        .cloned()
        .partition(|kept| used.contains(&kept.action));
    let with = |conditions: Vec<Condition>| {
        let mut own = Draft {
            kept: mine.clone(),
            untouched: false,
            ..draft.clone()
        };
        own.template.conditions.extend(conditions);
        own
    };
    let all = chosen.iter().flat_map(|own| own.conditions.iter().cloned());
    let mut parts = vec![with(all.collect())];
    if chosen.iter().any(|own| own.beside.is_some()) {
        let elsewhere = chosen.iter().filter(|own| own.beside.is_none());
        let mut conditions: Vec<Condition> = elsewhere
            .flat_map(|own| own.conditions.iter().cloned())
            .filter(|own| !is_network(own))
            .collect();
        conditions.push(by_a_service());
        parts.push(with(conditions));
    }
    if !rest.is_empty() {
        parts.push(Draft {
            kept: rest,
            untouched: false,
            ..draft
        });
    }
    parts
}

fn is_network(condition: &Condition) -> bool {
    [Key::SourceIp, Key::SourceVpce]
        .iter()
        .any(|key| key.name() == condition.key)
}

/// `Bool: {"aws:ViaAWSService": "true"}`.
pub(super) fn by_a_service() -> Condition {
    Condition {
        operator: "Bool".to_owned(),
        key: Key::ViaService.name().to_owned(),
        values: vec!["true".to_owned()],
    }
}

/// The recorded context of a use of the action, filled with what its circumstances say of `keys`: several, so
/// that each value comes up in one at least. A condition is over one key, so it holds in all calls where it
/// holds in these. What the context says itself stays.
pub(in crate::recommend) fn contexts(
    recorded: &Context,
    circumstances: &Circumstances,
    action: &str,
    keys: &BTreeSet<Key>,
) -> Vec<Context> {
    let mut found = Vec::new();
    for by_service in ["false", "true"] {
        let made = circumstances.get(action, Key::ViaService).is_some_and(|values| {
            values
                .iter()
                .any(|(value, days)| value == by_service && !days.is_empty())
        });
        if !made {
            continue;
        }
        let lists: Vec<(Key, Vec<Lookup>)> = keys
            .iter()
            .filter(|key| !recorded.is_set(key.name()))
            .map(|key| (*key, lookups(circumstances.get(action, *key), *key, by_service)))
            .collect();
        let rounds = lists.iter().map(|(_, list)| list.len()).max().unwrap_or(1);
        for round in 0..rounds.max(1) {
            let mut context = recorded.clone();
            for (key, list) in &lists {
                if let Some(value) = round.checked_rem(list.len()).and_then(|at| list.get(at)) {
                    context.set(key.name(), value.clone());
                }
            }
            found.push(context);
        }
    }
    found
}

fn lookups(values: Option<&Values>, key: Key, by_service: &str) -> Vec<Lookup> {
    let one = |value: &str| Lookup::Values(vec![value.to_owned()]);
    if key == Key::ViaService {
        return vec![one(by_service)];
    }
    // Of a call that a service makes nobody knows the network; what is never set is unknown.
    let Some(values) = values.filter(|_| !(key.is_network() && by_service == "true")) else {
        return Vec::new();
    };
    let direct_only = key == Key::CalledViaLast || key == Key::KmsViaService;
    let mut found: Vec<Lookup> = values
        .iter()
        .filter(|_| !(direct_only && by_service == "false"))
        .map(|(value, _)| one(first_address(value)))
        .collect();
    if !values.absent.is_empty() {
        found.push(Lookup::Absent);
    }
    if !values.unknown.is_empty() || values.is_many() {
        found.push(Lookup::Unknown);
    }
    found
}

/// A network that stands for its addresses is asked for by its first.
fn first_address(value: &str) -> &str {
    match value.split_once('/') {
        Some((address, bits)) if bits == "24" || bits == "64" => address,
        _ => value,
    }
}
