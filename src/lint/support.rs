//! Whether the actions and the resources of a statement can meet.

use action_catalog::{Action, ResourceType, Service};

use crate::diagnostic::{Code, Diagnostic};
use crate::pattern::{resource_intersects, resource_is_subset};
use crate::policy::lint::pointed;
use crate::policy::position::Source;
use crate::policy::{Document, Element, Statement};
use crate::require::starred;

/// Resources that no action of the statement works on, and actions that work on none of its resources.
/// Nothing is said of `NotAction` and `NotResource`, nor where an action is `*` or not known.
pub(super) fn of_resources(document: &Document, statement: &Statement, file: &str) -> Vec<Diagnostic> {
    let source = Source {
        text: &document.source,
        file,
    };
    let (Element::Only(entries), Some(Element::Only(resources))) = (&statement.action, &statement.resource)
    else {
        return Vec::new();
    };
    let Some(actions) = actions(entries) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (number, resource) in resources.iter().enumerate() {
        if is_everything(resource) {
            continue;
        }
        let meets = |(service, action): &&(&Service, &Action)| works_on(service, action, resource);
        if !actions
            .iter()
            .any(|(_, of_entry)| of_entry.iter().any(|a| meets(&a)))
        {
            let diagnostic = unsupported_resource(resource, entries, &actions);
            found.push(pointed(
                source,
                diagnostic,
                statement.resource_spans.get(number).copied(),
            ));
        }
    }
    if resources.iter().any(|resource| is_everything(resource)) {
        return found;
    }
    for (number, entry) in entries.iter().enumerate() {
        // A wildcard is meant to sweep up what it can; a name was written on purpose.
        if entry.contains(['*', '?']) {
            continue;
        }
        let of_entry = actions
            .get(number)
            .map(|(_, list)| list.as_slice())
            .unwrap_or_default();
        let [(service, action)] = of_entry else { continue };
        if !resources
            .iter()
            .any(|resource| works_on(service, action, resource))
        {
            let diagnostic = homeless_action(entry, service, action);
            found.push(pointed(
                source,
                diagnostic,
                statement.action_spans.get(number).copied(),
            ));
        }
    }
    found
}

/// What each entry of `Action` matches; `None` where one matches everything or nothing.
#[expect(clippy::type_complexity, reason = "a local pairing")]
fn actions(entries: &[String]) -> Option<Vec<(&str, Vec<(&'static Service, &'static Action)>)>> {
    let mut all = Vec::new();
    for entry in entries {
        if entry == "*" || entry == "*:*" {
            return None;
        }
        let matching = action_catalog::matching(entry);
        if matching.is_empty() {
            return None;
        }
        all.push((entry.as_str(), matching));
    }
    Some(all)
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

type Matched<'e> = (&'e str, Vec<(&'static Service, &'static Action)>);

fn unsupported_resource(resource: &str, entries: &[String], actions: &[Matched<'_>]) -> Diagnostic {
    let message = match entries {
        [one] => format!("{one} does not work on \"{resource}\""),
        _ => format!("no action of this statement works on \"{resource}\""),
    };
    let of_all = actions.iter().flat_map(|(_, list)| list);
    let mut forms: Vec<String> = of_all
        .flat_map(|(service, action)| forms(service, action))
        .collect();
    forms.sort();
    forms.dedup();
    let help = match forms.as_slice() {
        [] => "its actions are asked on \"*\" only: no ARN allows or refuses them".to_owned(),
        forms => format!(
            "AWS lists {}",
            forms.iter().take(3).cloned().collect::<Vec<_>>().join(", ")
        ),
    };
    Diagnostic::warning(Code::UnsupportedResource, message).help(help)
}

fn homeless_action(entry: &str, service: &Service, action: &Action) -> Diagnostic {
    let forms = forms(service, action);
    let help = match forms.as_slice() {
        [] => format!("{entry} is asked on \"*\" only: put it in a statement with \"Resource\": \"*\""),
        forms => format!(
            "AWS lists {}",
            forms.iter().take(3).cloned().collect::<Vec<_>>().join(", ")
        ),
    };
    let message = format!("{entry} works on no resource of this statement");
    Diagnostic::warning(Code::UnsupportedResource, message).help(help)
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
