//! Whether the actions and the resources of a statement can meet.

use action_catalog::{Action, ResourceType, Service};

use super::Matched;
use crate::diagnostic::{Code, Diagnostic};
use crate::pattern::{resource_intersects, resource_is_subset};
use crate::policy::lint::pointed;
use crate::policy::position::Source;
use crate::policy::{Document, Element, Statement};
use crate::require::starred;

/// Resources that no action of the statement works on, and actions that work on none of its resources.
/// Nothing is said of `NotAction` and `NotResource`, nor where an action is `*` or not known.
pub(super) fn of_resources(
    document: &Document,
    statement: &Statement,
    actions: Option<&[Matched<'_>]>,
    file: &str,
) -> Vec<Diagnostic> {
    let source = Source {
        text: &document.source,
        file,
    };
    let (Some(actions), Some(Element::Only(resources))) = (actions, &statement.resource) else {
        return Vec::new();
    };
    if actions.iter().any(|matched| matched.actions.is_empty()) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (number, resource) in resources.iter().enumerate() {
        if is_everything(resource) {
            continue;
        }
        let mut all = actions.iter().flat_map(|matched| &matched.actions);
        if !all.any(|(service, action)| works_on(service, action, resource)) {
            let diagnostic = unsupported_resource(resource, actions);
            let span = statement.resource_spans.get(number).copied();
            found.push(pointed(source, diagnostic, span));
        }
    }
    if resources.iter().any(|resource| is_everything(resource)) {
        return found;
    }
    for (number, matched) in actions.iter().enumerate() {
        // A wildcard is meant to sweep up what it can; a name was written on purpose.
        let [(service, action)] = matched.actions.as_slice() else {
            continue;
        };
        let meets = |resource: &String| works_on(service, action, resource);
        if !matched.entry.contains(['*', '?']) && !resources.iter().any(meets) {
            let diagnostic = homeless_action(matched.entry, service, action);
            let span = statement.action_spans.get(number).copied();
            found.push(pointed(source, diagnostic, span));
        }
    }
    found
}

fn is_everything(resource: &str) -> bool {
    // What is no ARN, or holds a variable, may be anything.
    resource == "*" || resource.contains("${") || crate::arn::split_pattern(resource).is_none()
}

/// Whether some resource that the pattern stands for is one that the action works on.
fn works_on(service: &Service, action: &Action, resource: &str) -> bool {
    let of_action = action
        .resources
        .iter()
        .filter_map(|wanted| service.resource_type(&wanted.name));
    of_action
        .flat_map(|kind| kind.arns.iter())
        .any(|arn| can_be(service, arn, resource))
        || (action.resources.is_empty() && is_asked_on(service, action, resource))
}

/// Whether a call is known to ask the action on a resource that the pattern can stand for, though AWS
/// lists no such type for it: refusals of `logs:DescribeLogGroups` name log groups.
fn is_asked_on(service: &Service, action: &Action, resource: &str) -> bool {
    let full = format!("{}:{}", service.prefix, action.name);
    let needs = service.operations.iter().flat_map(|operation| &operation.needs);
    needs
        .filter(|need| need.action == full)
        .flat_map(|need| &need.on)
        .filter(|on| on.template.starts_with("arn:"))
        .any(|on| resource_intersects(&filled_with_stars(&on.template), resource) == Some(true))
}

/// An ARN template of the catalog's own with `*` for every placeholder.
fn filled_with_stars(template: &str) -> String {
    let mut form = String::new();
    let mut rest = template;
    while let Some((text, tail)) = rest.split_once('{') {
        form.push_str(text.strip_suffix('$').unwrap_or(text));
        form.push('*');
        rest = tail.split_once('}').map_or("", |(_, after)| after);
    }
    form.push_str(rest);
    form
}

/// Whether the pattern can stand for a resource with that ARN template: they have matches in common,
/// and the pattern does not lie whole in a type of closer description (`bucket/*` is of objects, though
/// a bucket's template alone would take it). Closer by a further `/` only: what follows a function's name
/// after a colon is a version or an alias of that function.
fn can_be(service: &Service, template: &str, resource: &str) -> bool {
    let form = starred(template);
    if resource_intersects(&form, resource) != Some(true) {
        return false;
    }
    let closer = |kind: &ResourceType| {
        kind.arns.iter().any(|other| {
            let other = starred(other);
            slashes(&other) > slashes(&form)
                && resource_is_subset(&other, &form) == Some(true)
                && resource_is_subset(resource, &other) == Some(true)
        })
    };
    !service.resource_types.iter().any(closer)
}

fn slashes(form: &str) -> usize {
    form.bytes().filter(|byte| *byte == b'/').count()
}

fn unsupported_resource(resource: &str, actions: &[Matched<'_>]) -> Diagnostic {
    let message = match actions {
        [one] => format!("{} does not work on \"{resource}\"", one.entry),
        _ => format!("no action of this statement works on \"{resource}\""),
    };
    let mut forms: Vec<String> = actions
        .iter()
        .flat_map(|matched| &matched.actions)
        .flat_map(|(service, action)| forms(service, action))
        .collect();
    forms.sort();
    forms.dedup();
    let help = listed(&forms)
        .unwrap_or_else(|| "its actions are asked on \"*\" only: no ARN allows or refuses them".to_owned());
    Diagnostic::warning(Code::UnsupportedResource, message).help(help)
}

fn homeless_action(entry: &str, service: &Service, action: &Action) -> Diagnostic {
    let help = listed(&forms(service, action)).unwrap_or_else(|| {
        format!("{entry} is asked on \"*\" only: put it in a statement with \"Resource\": \"*\"")
    });
    let message = format!("{entry} works on no resource of this statement");
    Diagnostic::warning(Code::UnsupportedResource, message).help(help)
}

/// The first forms; `None` where there is none.
fn listed(forms: &[String]) -> Option<String> {
    let shown = forms.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
    (!forms.is_empty()).then(|| format!("AWS lists {shown}"))
}

/// `object (arn:…)`, one for each resource type of the action.
fn forms(service: &Service, action: &Action) -> Vec<String> {
    let kinds = action
        .resources
        .iter()
        .filter_map(|wanted| service.resource_type(&wanted.name));
    kinds
        .filter_map(|kind| Some(format!("{} ({})", kind.name, kind.arns.first()?)))
        .collect()
}
