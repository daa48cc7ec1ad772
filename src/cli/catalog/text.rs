//! The same facts for a person.

use std::fmt::Write;

use anstyle::Style;
use serde_json::Value;

const STRONG: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();

/// Names that are shown of a long list before the rest is counted.
const MOST: usize = 40;
/// Where a line of names is broken.
const WIDTH: usize = 96;

/// What is known, with ANSI styles.
pub(super) fn of(value: &Value) -> String {
    let mut out = String::new();
    let list = |name: &str| value.get(name).and_then(Value::as_array);
    if let Some(matching) = list("matching") {
        for action in matching {
            let _ = writeln!(
                out,
                "{:<56} {}",
                text(action, "action"),
                level(text(action, "access_level"))
            );
        }
    } else if let Some(operations) = list("operations") {
        for (number, operation) in operations.iter().enumerate() {
            if number > 0 {
                out.push('\n');
            }
            self::operation(&mut out, operation);
        }
    } else if value.get("prefix").is_some() {
        service(&mut out, value);
    } else if value.get("resource").is_some() {
        resource(&mut out, value);
    } else if value.get("condition_key").is_some() {
        key(&mut out, value);
    } else if value.get("managed_policy").is_some() {
        policy(&mut out, value);
    } else if value.get("action").is_some() {
        action(&mut out, value);
    } else if value.get("class").is_some() {
        class(&mut out, value);
    } else {
        if value.get("event").is_some() {
            heading(&mut out, "event", text(value, "event"), &[]);
        }
        operation(&mut out, value);
    }
    out
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn number(value: &Value, name: &str) -> u64 {
    value.get(name).and_then(Value::as_u64).unwrap_or_default()
}

fn items<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value
        .get(name)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

fn words<'v>(value: &'v Value, name: &str) -> Vec<&'v str> {
    items(value, name).iter().filter_map(Value::as_str).collect()
}

fn level(level: &str) -> &str {
    match level {
        "PermissionsManagement" => "Permissions management",
        other => other,
    }
}

fn heading(out: &mut String, kind: &str, name: &str, rest: &[&str]) {
    let rest: String = rest
        .iter()
        .filter(|part| !part.is_empty())
        .map(|part| format!(" · {part}"))
        .collect();
    let _ = writeln!(out, "{kind} {STRONG}{name}{STRONG:#}{rest}");
}

/// A label, and what belongs to it on as many lines as it needs.
fn row(out: &mut String, label: &str, lines: &[String]) {
    for (number, line) in lines.iter().enumerate() {
        let label = if number == 0 { label } else { "" };
        let _ = writeln!(out, "  {FAINT}{label:<12}{FAINT:#}{line}");
    }
}

/// Names, several a line.
fn wrapped(names: &[&str]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for name in names.iter().take(MOST) {
        match lines.last_mut() {
            Some(line) if line.len() + name.len() + 2 <= WIDTH => {
                line.push_str(", ");
                line.push_str(name);
            }
            _ => lines.push((*name).to_owned()),
        }
    }
    if names.len() > MOST {
        lines.push(format!("… and {} more", names.len() - MOST));
    }
    lines
}

fn action(out: &mut String, value: &Value) {
    let only = value.get("permission_only") == Some(&Value::Bool(true));
    heading(
        out,
        "action",
        text(value, "action"),
        &[
            text(value, "service"),
            level(text(value, "access_level")),
            if only {
                "permission only: no API operation of this name"
            } else {
                ""
            },
        ],
    );
    let resources: Vec<String> = items(value, "resources")
        .iter()
        .map(|resource| {
            let required = resource.get("required") == Some(&Value::Bool(true));
            let mark = if required { " (required)" } else { "" };
            format!(
                "{}{mark}  {}",
                text(resource, "type"),
                words(resource, "arns").join("  ")
            )
        })
        .collect();
    match resources.is_empty() {
        true => row(out, "resources", &["* only".to_owned()]),
        false => row(out, "resources", &resources),
    }
    row(out, "conditions", &wrapped(&words(value, "condition_keys")));
    row(out, "dependents", &wrapped(&words(value, "dependent_actions")));
    row(out, "risks", &wrapped(&words(value, "risks")));
    row(out, "shows in", &seen(value.get("seen").unwrap_or(&Value::Null)));
    row(out, "needed by", &wrapped(&words(value, "needed_by")));
    if let Some(own) = value.get("operation") {
        out.push('\n');
        operation(out, own);
    }
}

fn seen(seen: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    let management = text(seen, "management_events");
    if !management.is_empty() {
        lines.push(format!("management events ({management})"));
    }
    let data = words(seen, "data_events");
    if !data.is_empty() {
        lines.push(format!(
            "data events of {}: off unless a trail selects them",
            data.join(", ")
        ));
    }
    if seen.get("network_activity_events") == Some(&Value::Bool(true)) {
        lines.push(
            "network activity events, for calls through a VPC endpoint: off unless selected".to_owned(),
        );
    }
    let never = text(seen, "not_recorded");
    if !never.is_empty() {
        lines.push(format!("not always shown: {never}"));
    }
    lines
}

fn operation(out: &mut String, value: &Value) {
    let reads = match value.get("read_only").and_then(Value::as_bool) {
        Some(true) => "reads",
        Some(false) => "writes",
        None => "",
    };
    heading(
        out,
        "operation",
        text(value, "operation"),
        &[text(value, "service"), reads, text(value, "origin")],
    );
    row(out, "source", &one(text(value, "cite")));
    row(out, "recorded by", &wrapped(&words(value, "event_sources")));
    row(out, "needs", &one(text(value, "why")));
    for (number, need) in items(value, "actions").iter().enumerate() {
        let label = if number == 0 { "needs" } else { "" };
        let likely = text(need, "certainty") == "likely";
        let mut head = text(need, "action").to_owned();
        if likely {
            head.push_str(" (likely)");
        }
        let condition = text(need, "when");
        if !condition.is_empty() {
            let _ = write!(head, "  when {condition}");
        }
        row(out, label, &[head]);
        for resource in items(need, "resources") {
            row(out, "", &[format!("    on {}", template(resource))]);
        }
    }
    for (number, companion) in items(value, "companions").iter().enumerate() {
        let label = if number == 0 { "comes with" } else { "" };
        let head = format!(
            "{}  by {}: {}",
            text(companion, "action"),
            text(companion, "by"),
            text(companion, "because")
        );
        row(out, label, &[head]);
        for resource in items(companion, "resources") {
            row(out, "", &[format!("    on {}", template(resource))]);
        }
        let condition = text(companion, "when");
        if !condition.is_empty() {
            row(out, "", &[format!("    when {condition}")]);
        }
        for (key, wanted) in companion
            .get("conditions")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            row(
                out,
                "",
                &[format!(
                    "    with {key} = {}",
                    wanted.as_str().unwrap_or_default()
                )],
            );
        }
        row(
            out,
            "",
            &[format!("    {FAINT}{}{FAINT:#}", text(companion, "cite"))],
        );
    }
}

fn template(resource: &Value) -> String {
    let mut line = text(resource, "arn").to_owned();
    for name in ["type", "because"] {
        let value = text(resource, name);
        if !value.is_empty() {
            let _ = write!(line, "  ({name} {value})");
        }
    }
    line
}

fn class(out: &mut String, value: &Value) {
    let class = match text(value, "class") {
        "unmapped" => "not mapped",
        class => class,
    };
    heading(out, "event", text(value, "event"), &[class]);
    row(out, "reason", &one(text(value, "reason")));
}

fn service(out: &mut String, value: &Value) {
    heading(out, "service", text(value, "prefix"), &[text(value, "service")]);
    row(out, "recorded by", &wrapped(&words(value, "event_sources")));
    row(out, "recorded in", &one(text(value, "recorded_in")));
    let levels = [
        ("list", "list"),
        ("read", "read"),
        ("write", "write"),
        ("tagging", "tagging"),
        ("permissions_management", "permissions management"),
    ]
    .map(|(name, word)| format!("{} {word}", number(value, name)));
    row(
        out,
        "actions",
        &[format!("{}: {}", number(value, "actions"), levels.join(", "))],
    );
    let unmapped = words(value, "operations_unmapped");
    row(
        out,
        "operations",
        &[format!(
            "{}: {} mapped by hand, {} not mapped",
            number(value, "operations"),
            number(value, "operations_by_hand"),
            unmapped.len()
        )],
    );
    row(out, "not mapped", &wrapped(&unmapped));
    let types: Vec<String> = items(value, "resource_types")
        .iter()
        .map(|kind| format!("{}  {}", text(kind, "type"), words(kind, "arns").join("  ")))
        .collect();
    row(out, "resources", &types);
}

fn resource(out: &mut String, value: &Value) {
    heading(
        out,
        "resource",
        text(value, "resource"),
        &[text(value, "service"), text(value, "type")],
    );
    row(out, "form", &one(text(value, "template")));
    row(out, "conditions", &wrapped(&words(value, "condition_keys")));
    row(out, "actions", &wrapped(&words(value, "actions")));
}

fn key(out: &mut String, value: &Value) {
    heading(
        out,
        "condition key",
        text(value, "condition_key"),
        &[text(value, "service"), text(value, "type")],
    );
    row(out, "asked by", &wrapped(&words(value, "actions")));
}

fn policy(out: &mut String, value: &Value) {
    let deprecated = value.get("deprecated") == Some(&Value::Bool(true));
    heading(
        out,
        "AWS managed policy",
        text(value, "managed_policy"),
        &[
            text(value, "version"),
            if deprecated {
                "withdrawn by AWS: what has it keeps it"
            } else {
                ""
            },
        ],
    );
    row(out, "arn", &one(text(value, "arn")));
    if let Some(document) = value.get("document")
        && let Ok(pretty) = serde_json::to_string_pretty(document)
    {
        let _ = writeln!(out, "{pretty}");
    }
}

/// One line, or none where there is nothing to say.
fn one(text: &str) -> Vec<String> {
    match text.is_empty() {
        true => Vec::new(),
        false => vec![text.to_owned()],
    }
}
