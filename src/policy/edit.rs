//! Writes changed statements into the text that a document was read from.

use jsonc_parser::ast::{Object, ObjectProp, Value as Node};
use jsonc_parser::common::Ranged;

use super::parse::{span_of, syntax};
use super::position::Source;
use super::print::{pretty, statement_members, statement_value};
use super::{Document, Span, Statement};

/// How a text is laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Style {
    /// One level of indentation.
    pub(super) unit: String,
    /// `\n` or `\r\n`.
    pub(super) newline: &'static str,
}

impl Style {
    /// The style of a text: its first indented line gives the unit.
    pub(super) fn of(text: &str) -> Self {
        let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let indents = text
            .lines()
            .skip(1)
            .filter(|line| !line.trim().is_empty())
            .map(indent_of);
        let unit = indents
            .filter(|indent| !indent.is_empty())
            .min_by_key(|i| i.len())
            .unwrap_or("  ");
        Self {
            unit: unit.to_owned(),
            newline,
        }
    }
}

fn indent_of(line: &str) -> &str {
    line.get(..line.len() - line.trim_start_matches([' ', '\t']).len())
        .unwrap_or_default()
}

/// The document's source with its statements put in; `None` where the source has no lines to
/// keep, or where more than statements changed.
pub(super) fn edited(document: &Document, style: &Style) -> Option<String> {
    let source = &*document.source;
    if !source.trim().contains('\n') {
        return None;
    }
    let (before, _) = super::parse(source, "");
    let before = before?;
    if (before.version, &before.id) != (document.version, &document.id) {
        return None;
    }
    let root = syntax(Source {
        text: source,
        file: "",
    })
    .ok()?;
    let node = &root.as_object()?.get("Statement")?.value;
    let page = Page {
        source,
        style,
        before: &before,
        node,
    };
    let statements = page.statements(&document.statements)?;
    let whole = span_of(node);
    Some(format!(
        "{}{statements}{}",
        source.get(..whole.from)?,
        source.get(whole.to..)?
    ))
}

/// A source and its value of `Statement`.
struct Page<'a> {
    source: &'a str,
    style: &'a Style,
    before: &'a Document,
    node: &'a Node<'a>,
}

impl<'a> Page<'a> {
    /// The value of `Statement`, anew.
    fn statements(&self, after: &[Statement]) -> Option<String> {
        let whole = span_of(self.node);
        let margin = self.margin_at(whole.from);
        let nodes = match self.node {
            Node::Array(array) => &*array.elements,
            one => std::slice::from_ref(one),
        };
        let slot = |s: &Statement| {
            nodes
                .iter()
                .position(|n| s.span != Span::default() && span_of(n) == s.span)
        };
        if let (Node::Object(_), [one]) = (self.node, after) {
            return self.statement(one, nodes, slot(one), &margin);
        }
        if after.is_empty() {
            return Some("[]".to_owned());
        }
        let inner = match (self.node, nodes.first()) {
            (Node::Array(_), Some(first)) => self.margin_at(span_of(first).from),
            _ => format!("{margin}{}", self.style.unit),
        };
        let fresh = format!("{}{inner}", self.style.newline);
        let (mut open, mut close) = (fresh.clone(), format!("{}{margin}", self.style.newline));
        if let (Node::Array(_), Some(first), Some(last)) = (self.node, nodes.first(), nodes.last()) {
            open = self.between(whole.from + 1, span_of(first).from)?.to_owned();
            close = self
                .between(span_of(last).to, whole.to.checked_sub(1)?)?
                .to_owned();
        }
        let usual = match nodes {
            [first, second, ..] => self.between(span_of(first).to, span_of(second).from)?.to_owned(),
            _ if open.contains('\n') => format!(",{fresh}"),
            _ => ", ".to_owned(),
        };
        let mut text = format!("[{open}");
        let mut last = None;
        for (number, statement) in after.iter().enumerate() {
            let own = slot(statement);
            if number > 0 {
                text.push_str(self.kept_separator(nodes, last, own).unwrap_or(&usual));
            }
            text.push_str(&self.statement(statement, nodes, own, &inner)?);
            last = own;
        }
        text.push_str(&close);
        text.push(']');
        Some(text)
    }

    /// What stands between two statements that followed each other before.
    fn kept_separator(&self, nodes: &[Node<'_>], one: Option<usize>, next: Option<usize>) -> Option<&'a str> {
        let (one, next) = (one?, next?);
        (one + 1 == next).then_some(())?;
        self.between(span_of(nodes.get(one)?).to, span_of(nodes.get(next)?).from)
    }

    /// One statement: its bytes, its bytes with the changed elements replaced, or a new text.
    fn statement(
        &self,
        after: &Statement,
        nodes: &[Node<'a>],
        slot: Option<usize>,
        margin: &str,
    ) -> Option<String> {
        let kept =
            slot.and_then(|slot| Some((nodes.get(slot)?.as_object()?, self.before.statements.get(slot)?)));
        match kept {
            Some((object, before)) if before.same_text_as(after) => Some(object.text(self.source).to_owned()),
            Some((object, before)) => self
                .rewritten(object, before, after)
                .or_else(|| Some(pretty(&statement_value(after), self.style, margin))),
            None => Some(pretty(&statement_value(after), self.style, margin)),
        }
    }

    /// The statement's own text with changed values put in their places; `None` where elements
    /// come or go.
    fn rewritten(&self, object: &Object<'_>, before: &Statement, after: &Statement) -> Option<String> {
        let (old, new) = (statement_members(before), statement_members(after));
        let plain = |key: &str| key.strip_prefix("Not").unwrap_or(key).to_owned();
        let names = |members: &[(&str, _)]| members.iter().map(|(key, _)| plain(key)).collect::<Vec<_>>();
        let mut text = String::new();
        let mut at = object.start();
        // An empty Condition is an element in the text and none in the statement.
        if names(&old) != names(&new) || object.properties.len() != old.len() {
            return None;
        }
        for property in &object.properties {
            let key = plain(property.name.as_str());
            let find = |members: &[(&'static str, serde_json::Value)]| {
                members.iter().find(|(name, _)| plain(name) == key).cloned()
            };
            let ((old_key, old_value), (new_key, new_value)) = (find(&old)?, find(&new)?);
            if old_key != new_key {
                text.push_str(self.between(at, property.name.start())?);
                text.push_str(&format!("\"{new_key}\""));
                at = property.name.end();
            }
            if old_value != new_value {
                text.push_str(self.between(at, property.value.start())?);
                text.push_str(&self.value(object, property, &new_value));
                at = property.value.end();
            }
        }
        text.push_str(self.between(at, object.end())?);
        Some(text)
    }

    /// A new value in the layout of the one before: a list stays a list, on one line or on many.
    fn value(&self, object: &Object<'_>, property: &ObjectProp<'_>, value: &serde_json::Value) -> String {
        let margin = self.margin_of(property);
        let entries = match (value, &property.value) {
            (serde_json::Value::Array(list), _) => list.clone(),
            (serde_json::Value::String(_), Node::Array(_)) => vec![value.clone()],
            _ => return pretty(value, self.style, &margin),
        };
        let was = property.value.text(self.source);
        let layout = if property.value.as_array().is_some() {
            was
        } else {
            object.text(self.source)
        };
        if !layout.contains('\n') {
            let gap = if was.contains("\",\"") { "," } else { ", " };
            let line = entries
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(gap);
            return if was.starts_with("[ ") {
                format!("[ {line} ]")
            } else {
                format!("[{line}]")
            };
        }
        let first = property.value.as_array().and_then(|array| array.elements.first());
        let inner = first
            .map(|first| self.margin_at(first.start()))
            .filter(|inner| inner.len() > margin.len());
        let inner = inner.unwrap_or_else(|| format!("{margin}{}", self.style.unit));
        let newline = self.style.newline;
        let lines: Vec<String> = entries
            .iter()
            .map(|entry| format!("{newline}{inner}{entry}"))
            .collect();
        format!("[{}{newline}{margin}]", lines.join(","))
    }

    /// How far an element is indented: its line, or one level more where its line begins with
    /// something else.
    fn margin_of(&self, property: &ObjectProp<'_>) -> String {
        let line = self.margin_at(property.start());
        let before = self.source.get(..property.start()).unwrap_or_default();
        if before.ends_with(&line) && before.trim_end_matches([' ', '\t']).ends_with('\n') {
            line
        } else {
            format!("{line}{}", self.style.unit)
        }
    }

    fn between(&self, from: usize, to: usize) -> Option<&'a str> {
        self.source.get(from..to)
    }

    /// The indentation of the line that holds this byte.
    fn margin_at(&self, at: usize) -> String {
        let before = self.source.get(..at).unwrap_or_default();
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        indent_of(self.source.get(start..).unwrap_or_default()).to_owned()
    }
}
