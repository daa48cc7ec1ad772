//! Condition keys that a CloudTrail record lets one know.
//!
//! Facts are from AWS's page on global condition keys
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>). A key
//! that no record shows is left unset, which the evaluator reads as *unknown*.

use std::borrow::Cow;
use std::net::IpAddr;

use serde_json::Value;

use super::parameters::{Path, at, strings};
use crate::evaluate::{Context, Lookup};
use crate::trail::{Event, PrincipalKind};

/// The values of the `wanted` condition keys (lower case) in this event.
pub fn context_of<'k>(event: &Event<'_>, wanted: impl IntoIterator<Item = &'k str>) -> Context {
    let mut context = Context::default();
    for key in wanted {
        if let Some(value) = lookup(event, key) {
            context.set(key, value);
        }
    }
    context
}

/// What the record says of a key; `None` where it does not say.
fn lookup(event: &Event<'_>, key: &str) -> Option<Lookup> {
    let caller = &event.caller;
    match key {
        "aws:requestedregion" => one(&event.region),
        "aws:currenttime" => one(&event.time.to_string()),
        "aws:epochtime" => one(&event.time.as_second().to_string()),
        "aws:useragent" => event.user_agent.as_deref().and_then(one),
        "aws:sourceip" => source_ip(event),
        "aws:securetransport" => event.tls.then(|| values(["true"])),
        "aws:viaawsservice" => one(if caller.invoked_by.is_some() {
            "true"
        } else {
            "false"
        }),
        "aws:calledvialast" => Some(
            caller
                .invoked_by
                .as_deref()
                .map_or(Lookup::Absent, |service| values([service])),
        ),
        "aws:calledvia" | "aws:calledviafirst" if caller.invoked_by.is_none() => Some(Lookup::Absent),
        "aws:principalarn" => principal_arn(event),
        "aws:principalaccount" => caller.account.as_deref().and_then(one),
        "aws:principaltype" => principal_type(caller.principal.kind),
        "aws:userid" => caller.principal_id.as_deref().and_then(one),
        "aws:username" => user_name(event),
        "aws:multifactorauthpresent" => mfa(event),
        "aws:sourcevpce" => Some(
            event
                .vpc_endpoint
                .as_deref()
                .map_or(Lookup::Absent, |endpoint| values([endpoint])),
        ),
        "aws:sourcevpc" | "aws:vpcsourceip" if event.vpc_endpoint.is_none() => Some(Lookup::Absent),
        "kms:viaservice" => via_service(event),
        "s3:prefix" | "s3:delimiter" | "s3:max-keys" => s3_parameter(event, key),
        _ => None,
    }
}

fn values<'v>(texts: impl IntoIterator<Item = &'v str>) -> Lookup {
    Lookup::Values(texts.into_iter().map(str::to_owned).collect())
}

fn one(text: &str) -> Option<Lookup> {
    (!text.is_empty()).then(|| values([text]))
}

/// Through a VPC endpoint `aws:SourceIp` is not in the request; a service's name in its place says
/// nothing about the key.
fn source_ip(event: &Event<'_>) -> Option<Lookup> {
    if event.vpc_endpoint.is_some() {
        return Some(Lookup::Absent);
    }
    let text = event.source_ip.as_deref()?;
    text.parse::<IpAddr>().ok().map(|_| values([text]))
}

/// The role of a session, the user, root; for a federated user the session itself, not who made it.
fn principal_arn(event: &Event<'_>) -> Option<Lookup> {
    let caller = &event.caller;
    match caller.principal.kind {
        PrincipalKind::FederatedUser => caller.arn.as_deref().and_then(one),
        _ if caller.principal.exact => one(&caller.principal.name),
        _ => None,
    }
}

fn principal_type(kind: PrincipalKind) -> Option<Lookup> {
    match kind {
        PrincipalKind::Role => one("AssumedRole"),
        PrincipalKind::User => one("User"),
        PrincipalKind::Root => one("Account"),
        PrincipalKind::FederatedUser => one("FederatedUser"),
        _ => None,
    }
}

/// `aws:username` is there for IAM users alone.
fn user_name(event: &Event<'_>) -> Option<Lookup> {
    match event.caller.principal.kind {
        PrincipalKind::User => event.caller.user_name.as_deref().and_then(one),
        PrincipalKind::Role | PrincipalKind::Root | PrincipalKind::FederatedUser => Some(Lookup::Absent),
        _ => None,
    }
}

/// Requests signed with long-term access keys do not carry the key at all.
fn mfa(event: &Event<'_>) -> Option<Lookup> {
    match (event.caller.mfa, event.caller.principal.kind) {
        (Some(mfa), _) => one(if mfa { "true" } else { "false" }),
        (None, PrincipalKind::User) => Some(Lookup::Absent),
        _ => None,
    }
}

/// `kms:ViaService` is `SERVICE.REGION.amazonaws.com`, absent when the principal calls KMS itself
/// (<https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html>).
fn via_service(event: &Event<'_>) -> Option<Lookup> {
    if event.source != "kms.amazonaws.com" {
        return None;
    }
    let Some(service) = event.caller.invoked_by.as_deref() else {
        return Some(Lookup::Absent);
    };
    // S3 calls KMS as `fas.s3.amazonaws.com`; the key holds `s3.REGION.amazonaws.com` all the same.
    let service = service.strip_suffix(".amazonaws.com")?.trim_start_matches("fas.");
    one(&format!("{service}.{}.amazonaws.com", event.region))
}

fn s3_parameter(event: &Event<'_>, key: &str) -> Option<Lookup> {
    if event.source != "s3.amazonaws.com" || !event.request.is_present() {
        return None;
    }
    let name = key.trim_start_matches("s3:");
    let found = strings(event, &Path::new(name));
    if !found.is_empty() {
        return Some(Lookup::Values(found.into_iter().map(Cow::into_owned).collect()));
    }
    match at(event.request.value(), name).as_slice() {
        [] => Some(Lookup::Absent),
        // Given and empty: policies ask for "" to allow the root of a bucket to be listed.
        [Value::String(_)] => Some(values([""])),
        _ => None,
    }
}

#[cfg(test)]
#[path = "context_tests.rs"]
mod tests;
