//! What a policy says that its author probably did not mean.

use jsonc_parser::ast::Value;

use super::operator::{OPERATORS, Operator};
use super::parse::{span_of, syntax};
use super::position::Source;
use super::{Document, Span, Statement, nearest};
use crate::diagnostic::{Code, Diagnostic};

/// What the catalog says of an action, or of a pattern of actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActionKnown {
    /// The action exists; a pattern matches at least one.
    Known,
    /// There is no such service prefix.
    UnknownService {
        /// Prefixes that look like it, best first.
        near: Vec<String>,
    },
    /// The service exists, but no such action; a pattern matches none.
    UnknownAction {
        /// Actions that look like it, best first.
        near: Vec<String>,
    },
}

impl ActionKnown {
    /// What is wrong with the action, or pattern of actions, that the answer is about: the code, a
    /// sentence, and what looks like it.
    pub(crate) fn problem<'k>(&'k self, action: &str) -> Option<(Code, String, &'k [String])> {
        match self {
            Self::Known => None,
            Self::UnknownService { near } => {
                let prefix = action.split(':').next().unwrap_or(action);
                let message = format!("no service has the prefix \"{prefix}\"");
                Some((Code::UnknownService, message, near))
            }
            Self::UnknownAction { near } => {
                let message = if action.contains(['*', '?']) {
                    format!("\"{action}\" matches no action")
                } else {
                    format!("there is no action \"{action}\"")
                };
                Some((Code::UnknownAction, message, near))
            }
        }
    }
}

/// Warnings on a document: actions that `known` does not know, resources that are neither `*` nor
/// an ARN of six parts, condition operators that do not exist. `file` is named in the places.
///
/// `known` is asked with each entry of `Action` and `NotAction` as written; `*` is not asked.
pub fn lint(document: &Document, file: &str, known: &dyn Fn(&str) -> ActionKnown) -> Vec<Diagnostic> {
    let source = Source {
        text: &document.source,
        file,
    };
    let mut found = Vec::new();
    for statement in &document.statements {
        let actions = statement.action.patterns().iter();
        for (action, span) in actions.zip(spans(&statement.action_spans)) {
            found.extend(action_warning(action, known).map(|d| pointed(source, d, span)));
        }
        let resources = statement.resource.iter().flat_map(|resource| resource.patterns());
        for (resource, span) in resources.zip(spans(&statement.resource_spans)) {
            found.extend(resource_warning(resource).map(|d| pointed(source, d, span)));
        }
        found.extend(operator_warnings(statement, source));
    }
    found
}

/// The spans, and no more of them once they run out.
fn spans(known: &[Span]) -> impl Iterator<Item = Option<Span>> {
    known.iter().copied().map(Some).chain(std::iter::repeat(None))
}

/// The diagnostic at a span of the text, or at the file where there is none.
pub(crate) fn pointed(source: Source<'_>, diagnostic: Diagnostic, span: Option<Span>) -> Diagnostic {
    match span {
        Some(span) => source.point(diagnostic, span),
        None => diagnostic.at(crate::diagnostic::Place::file(source.file)),
    }
}

fn action_warning(action: &str, known: &dyn Fn(&str) -> ActionKnown) -> Option<Diagnostic> {
    if action == "*" {
        return None;
    }
    let known = known(action);
    let (code, message, near) = known.problem(action)?;
    let help = match near {
        [] => "it may be newer than this catalog, or misspelt: it is kept as it is".to_owned(),
        near => format!("did you mean {}?", near.join(" or ")),
    };
    Some(Diagnostic::warning(code, message).help(help))
}

fn resource_warning(resource: &str) -> Option<Diagnostic> {
    if resource == "*" || crate::arn::split_pattern(resource).is_some() {
        return None;
    }
    let message = format!("\"{resource}\" is neither \"*\" nor an ARN of six parts");
    let help = "AWS does not document what it matches, so whether it allows or refuses is unknown; \
                an ARN is arn:partition:service:region:account:resource";
    Some(Diagnostic::warning(Code::UnusualResource, message).help(help))
}

fn operator_warnings(statement: &Statement, source: Source<'_>) -> Vec<Diagnostic> {
    let mut seen: Vec<&str> = Vec::new();
    let mut found = Vec::new();
    for condition in &statement.conditions {
        let name = condition.operator.as_str();
        if Operator::parse(name).is_some() || seen.contains(&name) {
            continue;
        }
        seen.push(name);
        let base = name.rsplit(':').next().unwrap_or(name);
        let base = base.strip_suffix("IfExists").unwrap_or(base);
        let help = match nearest(base, OPERATORS.iter().map(|(known, ..)| *known)) {
            Some(near) if near != base => format!("did you mean {near}?"),
            _ => {
                "an operator is [ForAllValues:|ForAnyValue:]Name[IfExists]; Null takes no IfExists".to_owned()
            }
        };
        let message = format!("there is no condition operator \"{name}\"");
        let diagnostic = Diagnostic::warning(Code::UnknownOperator, message).help(help);
        found.push(pointed(
            source,
            diagnostic,
            condition_span(statement, name, None, source),
        ));
    }
    found
}

/// Where a condition's operator stands, or a key of it: looked up in the source, because statements
/// keep no span for them.
pub(crate) fn condition_span(
    statement: &Statement,
    operator: &str,
    key: Option<&str>,
    source: Source<'_>,
) -> Option<Span> {
    let root = syntax(source).ok()?;
    let statements = &root.as_object()?.get("Statement")?.value;
    let all = match statements {
        Value::Array(array) => &*array.elements,
        one => std::slice::from_ref(one),
    };
    let own = all.iter().find(|value| span_of(*value) == statement.span)?;
    let block = own.as_object()?.get_object("Condition")?;
    let property = block.get(operator)?;
    match key {
        None => Some(span_of(&property.name)),
        Some(key) => property
            .value
            .as_object()?
            .get(key)
            .map(|property| span_of(&property.name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::parse;

    fn catalog(action: &str) -> ActionKnown {
        match action {
            "s3:GetObject" | "s3:Get*" => ActionKnown::Known,
            a if a.starts_with("s3:") => ActionKnown::UnknownAction {
                near: vec!["s3:GetObject".into()],
            },
            _ => ActionKnown::UnknownService { near: Vec::new() },
        }
    }

    fn linted(text: &str) -> Vec<String> {
        let (document, errors) = parse(text, "p.json");
        assert_eq!(errors, []);
        let line = |d: Diagnostic| {
            let place = d.place.map(|p| p.to_string()).unwrap_or_default();
            format!(
                "{place} {}: {}; {}",
                d.code.as_str(),
                d.message,
                d.help.unwrap_or_default()
            )
        };
        lint(&document.unwrap(), "p.json", &catalog)
            .into_iter()
            .map(line)
            .collect()
    }

    #[test]
    fn each_oddity_is_shown_where_it_stands() {
        let text = "{\"Statement\": {\"Effect\": \"Allow\",\n \"Action\": [\"s3:Get*\", \"s3:GetObjct\", \"s5:X\", \"s3:Z*\", \"*\"],\n \"Resource\": [\"*\", \"bucket\"],\n \"Condition\": {\"StringEqual\": {\"a:b\": \"1\", \"a:c\": \"2\"},\n  \"NullIfExists\": {\"a:b\": \"true\"}}}}";
        let got = linted(text);
        assert_eq!(got.len(), 6, "{got:#?}");
        assert_eq!(
            got[0],
            "p.json:2:24 unknown-action: there is no action \"s3:GetObjct\"; did you mean s3:GetObject?"
        );
        assert!(got[1].starts_with("p.json:2:39 unknown-service: no service has the prefix \"s5\""));
        assert!(got[2].starts_with("p.json:2:47 unknown-action: \"s3:Z*\" matches no action"));
        assert!(got[3].starts_with("p.json:3:20 unusual-resource"));
        assert!(
            got[4].starts_with("p.json:4:16 unknown-operator")
                && got[4].ends_with("did you mean StringEquals?")
        );
        assert!(got[5].starts_with("p.json:5:3 unknown-operator"));
    }

    #[test]
    fn a_sound_policy_has_no_warnings() {
        let text = r#"{"Statement": [{"Effect": "Deny", "NotAction": "s3:GetObject", "NotResource": "arn:aws:s3:::b",
            "Condition": {"ForAnyValue:StringLikeIfExists": {"aws:TagKeys": "a"}, "Null": {"a:b": true}}}]}"#;
        assert_eq!(linted(text), Vec::<String>::new());
    }
}
