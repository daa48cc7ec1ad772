//! Numbers, lists and times in words.

use std::collections::BTreeMap;

use serde_json::Value;

/// The actions themselves where they are few, else how many of how many services.
pub(super) fn fold(actions: &[String]) -> String {
    if actions.len() <= 8 {
        return actions.join(", ");
    }
    let mut services: BTreeMap<&str, usize> = BTreeMap::new();
    for action in actions {
        *services
            .entry(
                action
                    .split_once(':')
                    .map_or(action.as_str(), |(service, _)| service),
            )
            .or_default() += 1;
    }
    let total = services.len();
    let mut most: Vec<(&str, usize)> = services.into_iter().collect();
    most.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let named: Vec<String> = most
        .iter()
        .take(6)
        .map(|(service, count)| format!("{service} {count}"))
        .collect();
    let more = if total > 6 {
        format!(", and {} more services", grouped(total - 6))
    } else {
        String::new()
    };
    format!("{} actions ({}{more})", grouped(actions.len()), named.join(", "))
}

pub(super) fn few(list: &[String], most: usize) -> String {
    let shown: Vec<&str> = list.iter().take(most).map(String::as_str).collect();
    if list.len() > most {
        format!("{} and {} more", shown.join(", "), list.len() - most)
    } else {
        shown.join(", ")
    }
}

pub(super) fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

pub(super) fn compact(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

pub(super) fn day(time: &str) -> String {
    time.split('T').next().unwrap_or(time).to_owned()
}

pub(super) fn count(number: u64, what: &str) -> String {
    count_of(number, what, &format!("{what}s"))
}

pub(super) fn count_of(number: u64, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        grouped(number as usize),
        if number == 1 { one } else { many }
    )
}

/// `21830` as `21,830`.
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
