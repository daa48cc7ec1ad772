//! Values and statements as HCL, laid out as `terraform fmt` leaves them.

use serde_json::{Map, Value};

use super::super::terraform::quoted;

/// A value; all lines but the first begin with `margin`.
pub(super) fn value(own: &Value, margin: &str) -> String {
    let inner = format!("{margin}  ");
    match own {
        Value::String(text) => quoted(text),
        Value::Array(list) => match list.as_slice() {
            [] => "[]".to_owned(),
            [one] => format!("[{}]", value(one, margin)),
            several => {
                let lines: Vec<String> = several
                    .iter()
                    .map(|own| format!("{inner}{},\n", value(own, &inner)))
                    .collect();
                format!("[\n{}{margin}]", lines.concat())
            }
        },
        Value::Object(members) => format!("{{\n{}{margin}}}", attributes(members, &inner)),
        other => other.to_string(),
    }
}

/// Lines of `key = value`; those of one line that follow each other are aligned.
pub(super) fn attributes(members: &Map<String, Value>, margin: &str) -> String {
    let written: Vec<(String, String)> = members
        .iter()
        .map(|(key, own)| (name(key), value(own, margin)))
        .collect();
    let flat = |at: usize| written.get(at).is_some_and(|(_, text)| !text.contains('\n'));
    let mut out = String::new();
    for (at, (key, text)) in written.iter().enumerate() {
        let run = |step: &dyn Fn(usize) -> Option<usize>| {
            let mut widest = 0;
            let mut next = step(at);
            while let Some(own) = next.filter(|own| flat(*own)) {
                widest = widest.max(written.get(own).map_or(0, |(key, _)| key.chars().count()));
                next = step(own);
            }
            widest
        };
        let width = if flat(at) {
            let up = run(&|own| own.checked_sub(1));
            let down = run(&|own| Some(own + 1));
            up.max(down).max(key.chars().count())
        } else {
            key.chars().count()
        };
        out.push_str(&format!("{margin}{key:<width$} = {text}\n"));
    }
    out
}

fn name(key: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let starts = key.starts_with(|c: char| c.is_ascii_alphabetic());
    if starts && key.chars().all(plain) {
        key.to_owned()
    } else {
        quoted(key)
    }
}
