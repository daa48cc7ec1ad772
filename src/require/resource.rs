//! The resource of a requirement.

use action_catalog::{Action, Need, On, ResourceType, Service};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smallvec::{SmallVec, smallvec};

use super::templates::{Filled, Template};
use super::{parameters, templates};
use crate::evaluate::Target;
use crate::trail::{Event, PrincipalKind};

/// On what a requirement is checked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Resource {
    /// The action has no resource: it is asked on `*`.
    Any,
    /// This very resource.
    Arn(String),
    /// Resources of this form: part of the name is not known or will be another next time.
    Pattern {
        /// The ARN with `*` and `?` where it varies.
        pattern: String,
        /// Why it is not exact.
        because: Widened,
    },
    /// The event does not say.
    Unknown,
}

/// Why a resource is a pattern.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Widened {
    /// AWS makes the id in this call; the next call gets another.
    GeneratedId,
    /// The catalog's template has a wildcard, with its reason.
    Template(String),
    /// So many resources that their variable parts were folded while the trail was read.
    Folded,
}

impl Resource {
    /// As the evaluator takes it.
    pub fn target(&self) -> Target<'_> {
        match self {
            Self::Any => Target::Any,
            Self::Arn(arn) => Target::Arn(arn),
            Self::Pattern { pattern, .. } => Target::Pattern(pattern),
            Self::Unknown => Target::Unknown,
        }
    }

    /// As a report shows it: the ARN, the pattern, `*`, or `unknown`.
    pub fn shown(&self) -> &str {
        match self {
            Self::Any => "*",
            Self::Arn(text) | Self::Pattern { pattern: text, .. } => text,
            Self::Unknown => "unknown",
        }
    }
}

/// Resources of one need: mostly one.
pub(super) type Resources = SmallVec<[Resource; 1]>;

/// A resource of a need, its template taken apart.
#[derive(Debug)]
pub(super) struct OnTemplate {
    on: &'static On,
    template: Template<'static>,
}

impl OnTemplate {
    pub(super) fn new(on: &'static On) -> Self {
        let template = Template::new(&on.template);
        Self { on, template }
    }
}

/// The resources of one need in this event; never empty.
pub(super) fn of_need(
    (need, ons): (&Need, &[OnTemplate]),
    known: Option<(&Service, &Action)>,
    event: &Event<'_>,
) -> Resources {
    let mut found = match ons {
        [] => return derived(need, known, event).into(),
        [on] => of_template(on, known, event),
        several => several
            .iter()
            .flat_map(|on| of_template(on, known, event))
            .collect(),
    };
    if found.len() > 1 {
        found.sort();
        found.dedup();
    }
    // One certain ARN beside an unfilled alternative template says nothing about the alternative.
    if found.len() > 1 && ons.len() > 1 && found.iter().any(|resource| matches!(resource, Resource::Arn(_))) {
        found.retain(|resource| *resource != Resource::Unknown);
    }
    found
}

fn of_template(
    OnTemplate { on, template }: &OnTemplate,
    known: Option<(&Service, &Action)>,
    event: &Event<'_>,
) -> Resources {
    match on.template.as_str() {
        "*" => return smallvec![Resource::Any],
        // The catalog knows that neither request nor response tells.
        "unknown" => return smallvec![Resource::Unknown],
        _ => {}
    }
    let Filled { whole, made, partly } = template.fill(event);
    let mut found: Resources = whole.into_iter().map(Resource::Arn).collect();
    if found.is_empty() || !made.is_empty() {
        found.extend(made_or_listed(made, on, known, event));
    }
    if partly {
        found.push(Resource::Unknown);
    }
    found
}

/// What was made of the template, or what `resources[]` says better.
fn made_or_listed(
    made: SmallVec<[String; 1]>,
    on: &On,
    known: Option<(&Service, &Action)>,
    event: &Event<'_>,
) -> Resources {
    if !made.is_empty() && on.because.is_none() {
        return made.into_iter().map(Resource::Arn).collect();
    }
    // The event's own resources[] resolve what a name alone cannot: an alias, a random suffix.
    if let Some(known) = known.filter(|_| on.because.as_deref() != Some("generated-id")) {
        let fits =
            |arn: &str| made.is_empty() || made.iter().any(|pattern| crate::pattern::matches(pattern, arn));
        let resolved = listed_resources(known, event, &fits);
        if !resolved.is_empty() {
            return resolved.into_iter().map(Resource::Arn).collect();
        }
    }
    if made.is_empty() {
        return smallvec![own_user(&on.template, event).map_or(Resource::Unknown, Resource::Arn)];
    }
    let because = match on.because.as_deref() {
        Some("generated-id") => Widened::GeneratedId,
        reason => Widened::Template(reason.unwrap_or_default().to_owned()),
    };
    made.into_iter()
        .map(|pattern| pattern_or_arn(pattern, because.clone()))
        .collect()
}

/// A call on a user that names none is on the user who signs it
/// (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUser.html>, `UserName`). Only of
/// calls that succeeded: a refused call may have lost its parameters.
fn own_user(template: &str, event: &Event<'_>) -> Option<String> {
    let principal = &event.caller.principal;
    let of_user = template.ends_with(":user/{userName}") && principal.kind == PrincipalKind::User;
    (of_user && principal.exact && event.outcome.is_success()).then(|| principal.name.clone())
}

fn pattern_or_arn(pattern: String, because: Widened) -> Resource {
    if pattern.contains(['*', '?']) {
        Resource::Pattern { pattern, because }
    } else {
        Resource::Arn(pattern)
    }
}

/// Through the action's resource types: `resources[]` first, then parameters.
fn derived(need: &Need, known: Option<(&Service, &Action)>, event: &Event<'_>) -> Vec<Resource> {
    let Some((service, action)) = known else {
        return vec![Resource::Unknown];
    };
    if action.resources.is_empty() {
        return vec![Resource::Any];
    }
    let listed = listed_resources((service, action), event, &|_| true);
    if !listed.is_empty() {
        return listed.into_iter().map(Resource::Arn).collect();
    }
    let mut found = Vec::new();
    let mut unfilled_required = false;
    for wanted in &action.resources {
        let Some(kind) = service.resource_type(&wanted.name) else {
            unfilled_required |= wanted.required;
            continue;
        };
        let filled: Vec<Resource> = kind
            .arns
            .iter()
            .flat_map(|arn| templates::fill_type(arn, need, event))
            .collect();
        unfilled_required |= wanted.required && filled.is_empty();
        found.extend(filled);
    }
    if found.is_empty() || unfilled_required {
        found.push(Resource::Unknown);
    }
    found.sort();
    found.dedup();
    found
}

/// The ARNs of `resources[]` that fit and whose type is one that the action takes. What fits is asked
/// first: a type is found by trying all of the service's.
fn listed_resources(
    (service, action): (&Service, &Action),
    event: &Event<'_>,
    fits: &dyn Fn(&str) -> bool,
) -> Vec<String> {
    let mut found: Vec<String> = event
        .resources
        .iter()
        .map(|resource| resource.arn.as_ref())
        .filter(|arn| !arn.contains(['*', '?']) && fits(arn) && takes(service, action, arn))
        .map(str::to_owned)
        .collect();
    found.sort();
    found.dedup();
    found
}

/// Whether the ARN is of a resource type that the action takes: one of the *best* fitting types of
/// the service must be one of the action's (an object's ARN also fits the looser template of a
/// bucket; an alias and a version of a function have the same form).
fn takes(service: &Service, action: &Action, arn: &str) -> bool {
    let Some((_, best)) = type_of(service, arn) else {
        return false;
    };
    let closest = templates::literal_length(best);
    action
        .resources
        .iter()
        .filter_map(|wanted| service.resource_type(&wanted.name))
        .flat_map(|kind| &kind.arns)
        .any(|template| templates::literal_length(template) == closest && templates::fits(template, arn))
}

/// The resource type of the service that describes the ARN best, with the template that fits.
pub(crate) fn type_of<'s>(service: &'s Service, arn: &str) -> Option<(&'s ResourceType, &'s str)> {
    service
        .resource_types
        .iter()
        .flat_map(|kind| kind.arns.iter().map(move |template| (kind, template.as_str())))
        .filter(|(_, template)| templates::fits(template, arn))
        .max_by_key(|(_, template)| templates::literal_length(template))
}

/// The ARN with the variable parts of its type's template replaced by `*`, after the fifth colon.
pub(crate) fn any_of_type(template: &str, arn: &str) -> Option<String> {
    let [.., name] = crate::arn::split_pattern(arn)?;
    let [.., form] = crate::arn::split_pattern(template)?;
    Some(format!("{}{}", arn.strip_suffix(name)?, templates::starred(form)))
}

/// The account and region that `${Account}` and `${Region}` stand for in this event.
pub(super) fn partition<'e>(event: &'e Event<'_>) -> &'e str {
    let arn = event
        .caller
        .arn
        .as_deref()
        .unwrap_or(&event.caller.principal.name);
    if let Some(arn) = crate::arn::Arn::parse(arn)
        && !arn.partition.is_empty()
    {
        return arn.partition;
    }
    parameters::partition_of_region(&event.region)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_taken(action: &str, arn: &str) -> bool {
        let (service, action) = action_catalog::action(action).unwrap();
        takes(service, action, arn)
    }

    #[test]
    fn a_bucket_is_no_object_and_an_object_no_bucket() {
        let (bucket, object) = ("arn:aws:s3:::acme", "arn:aws:s3:::acme/a/b");
        assert!(is_taken("s3:GetObject", object) && !is_taken("s3:GetObject", bucket));
        assert!(is_taken("s3:ListBucket", bucket) && !is_taken("s3:ListBucket", object));
        assert!(!is_taken(
            "s3:GetObject",
            "arn:aws:sqs:eu-west-1:111122223333:acme"
        ));
    }

    #[test]
    fn types_of_the_same_form_are_each_taken() {
        // `api` and `graphqlapi` have the same ARNs.
        let api = "arn:aws:appsync:eu-west-1:111122223333:apis/abc";
        assert!(is_taken("appsync:GetGraphqlApi", api) && is_taken("appsync:GetApi", api));
    }

    #[test]
    fn any_resource_of_a_type_keeps_partition_region_and_account() {
        assert_eq!(
            any_of_type(
                "arn:${Partition}:dynamodb:${Region}:${Account}:table/${TableName}",
                "arn:aws-cn:dynamodb:cn-north-1:111122223333:table/orders"
            )
            .as_deref(),
            Some("arn:aws-cn:dynamodb:cn-north-1:111122223333:table/*")
        );
    }
}
