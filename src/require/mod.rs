//! From an event to what must be allowed for it to succeed.
//!
//! The catalog says which actions a call needs; this module finds on which resources this very
//! call needed them: from the template that the catalog gives, from `resources[]`, or from the
//! parameters through the ARN templates of the action's resource types. What cannot be found is
//! [`Resource::Unknown`], which is a value of its own and never `*`.

mod context;
mod mapper;
mod parameters;
mod resource;
mod templates;

pub use context::context_of;
pub use mapper::Mapper;
pub use resource::{Resource, Widened};
pub(crate) use resource::{any_of_type, type_of};
pub(crate) use templates::starred;

use std::sync::Arc;

use action_catalog::{Certainty, Need, Operation};

use crate::trail::Event;

/// One thing that must be allowed for an event to succeed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Requirement {
    /// `s3:GetObject`, spelt as the catalog spells it.
    pub action: Arc<str>,
    /// On what.
    pub resource: Resource,
    /// Whether AWS documents it for this call with these parameters.
    pub certain: bool,
}

/// What an event comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mapped {
    /// It needs these; never empty.
    Requires(Vec<Requirement>),
    /// It is not a call that IAM authorizes.
    NotAuthorized {
        /// The class, as the catalog names it: `sign-in`, `service-event`, …
        class: String,
        /// Why.
        reason: String,
    },
    /// The catalog does not know it.
    Unmapped {
        /// `unknown-source` or `unknown-event`.
        reason: &'static str,
    },
}

/// What must be allowed for the event to succeed. For a refused call that names the missing action,
/// only that one: the others may never have been asked.
pub fn requirements(event: &Event<'_>) -> Mapped {
    Mapper::default().map(event).into_owned()
}

/// Event types that are never IAM-authorized API calls
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>, `eventType`).
fn class_by_type(kind: &str) -> Option<(&'static str, &'static str)> {
    match kind {
        "AwsServiceEvent" => Some(("service-event", "an AWS service reports something it did itself")),
        "AwsConsoleSignIn" => Some((
            "sign-in",
            "signing in to the console is not authorized by IAM actions",
        )),
        "AwsConsoleAction" => Some(("console-only", "a console action that is no API call")),
        "AwsVpceEvent" => Some((
            "network-activity",
            "the record of a VPC endpoint, beside the call's own record",
        )),
        "AwsCloudTrailInsight" => Some(("insight", "CloudTrail Insights: statistics, not a call")),
        _ => None,
    }
}

/// The needs of a call of which none applied. Where all needs are of one action, the call needs that
/// action, on what is not known. Where its parameters are not in the record, it needs some of them.
fn undecided(operation: &Operation, event: &Event<'_>) -> Vec<Requirement> {
    let unknown = |need: &Need, certain: bool| Requirement {
        action: spelt(&need.action),
        resource: Resource::Unknown,
        certain,
    };
    match operation.needs.as_slice() {
        [first, rest @ ..] if rest.iter().all(|need| need.action == first.action) => {
            vec![unknown(first, first.certainty == Certainty::Certain)]
        }
        needs if !event.request.is_present() => needs.iter().map(|need| unknown(need, false)).collect(),
        _ => Vec::new(),
    }
}

/// The action as the catalog spells it, or as it stands.
fn spelt(action: &str) -> Arc<str> {
    match action_catalog::action(action) {
        Some((service, known)) => format!("{}:{}", service.prefix, known.name).into(),
        None => action.into(),
    }
}

/// Of all that a refused call needs, what its refusal names. Where the refusal names an action that
/// the catalog did not expect, the refusal is right: it is taken as it stands.
fn only_refused(found: Vec<Requirement>, action: &str, resource: Option<&str>) -> Vec<Requirement> {
    let named: Vec<Requirement> = found
        .iter()
        .filter(|requirement| requirement.action.eq_ignore_ascii_case(action))
        .cloned()
        .collect();
    if !named.is_empty() {
        return on_refused(named, resource);
    }
    let resource = match resource {
        Some("*") => Resource::Any,
        Some(arn) if crate::arn::Arn::parse(arn).is_some() => Resource::Arn(arn.to_owned()),
        _ => Resource::Unknown,
    };
    vec![Requirement {
        action: spelt(action),
        resource,
        certain: true,
    }]
}

/// Where the parameters did not say on which resource, the refusal does. The other resources stay:
/// the call needs the action on each of them, and a refusal names the first that was missing.
fn on_refused(mut named: Vec<Requirement>, resource: Option<&str>) -> Vec<Requirement> {
    let Some(arn) = resource.filter(|arn| crate::arn::Arn::parse(arn).is_some()) else {
        return named;
    };
    let is_it = |requirement: &Requirement| match &requirement.resource {
        Resource::Arn(text) => text == arn,
        Resource::Pattern { pattern, .. } => crate::pattern::matches(pattern, arn),
        Resource::Any | Resource::Unknown => false,
    };
    if !named.iter().any(is_it) {
        for requirement in &mut named {
            if requirement.resource == Resource::Unknown {
                requirement.resource = Resource::Arn(arn.to_owned());
            }
        }
    }
    named
}

#[cfg(test)]
mod tests;
