//! A refusal as a request: the caller, and the resource as an ARN.

use action_catalog::{Action, Service};

use super::Places;
use crate::arn::{Arn, split_pattern};
use crate::denial::Denial;
use crate::evaluate::Principal;

/// What was asked for, as far as it is known.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    pub(super) principal: Option<Principal>,
    pub(super) action: Option<String>,
    /// An ARN, a pattern where a part is not known, or `*`.
    pub(super) resource: Option<String>,
    /// Whether the resource is what was refused, to the letter.
    pub(super) exact: bool,
    /// `${Partition}`, `${Region}`, `${Account}`: where the call was made.
    pub(super) place: Places,
}

impl Asked {
    pub(super) fn of(denial: &Denial) -> Self {
        let principal = denial.principal.as_deref().and_then(Principal::parse);
        let mut asked = Self {
            place: place(denial, principal.as_ref()),
            principal,
            action: denial.action.clone(),
            resource: None,
            exact: false,
        };
        (asked.resource, asked.exact) = match resource(denial, &asked) {
            Some(found) => {
                let exact = !found.contains('*') || Some(&found) == denial.resource.as_ref();
                (Some(found), exact)
            }
            None => (None, false),
        };
        asked
    }

    pub(super) fn account(&self) -> Option<&str> {
        self.principal
            .as_ref()?
            .account
            .as_deref()
            .filter(|own| is_account(own))
    }

    /// The account of the resource, where its ARN says so.
    pub(super) fn owner(&self) -> Option<&str> {
        let [_, _, _, _, account, _] = split_pattern(self.resource.as_deref()?)?;
        Some(account).filter(|account| is_account(account))
    }

    /// Whether caller and resource are known to be in different accounts.
    pub(super) fn crosses_accounts(&self) -> bool {
        matches!((self.account(), self.owner()), (Some(own), Some(other)) if own != other)
    }
}

pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The action in the catalog.
pub(super) fn known(action: &str) -> Option<(&'static Service, &'static Action)> {
    action_catalog::action(action)
}

/// Partition, region and account of the call.
fn place(denial: &Denial, principal: Option<&Principal>) -> Places {
    let mut place = Places::default();
    let arns = [
        denial.resource.as_deref(),
        denial.principal.as_deref(),
        denial.policy_arn.as_deref(),
    ];
    for arn in arns.into_iter().flatten().filter_map(Arn::parse) {
        if arn.partition.starts_with("aws") && !arn.partition.contains(['*', '<']) {
            place.set_default("Partition", arn.partition);
        }
        if is_region(arn.region) {
            place.set_default("Region", arn.region);
        }
    }
    if let Some(region) = denial
        .context
        .get("aws:requestedregion")
        .and_then(|list| list.first())
    {
        place.set_default("Region", region);
    }
    let near = denial.beside.iter().filter_map(|text| Arn::parse(text));
    for arn in near.filter(|arn| is_region(arn.region)) {
        place.set_default("Region", arn.region);
    }
    // Resources that a caller makes and names stand in its own account; a refused one may not.
    let own = principal.and_then(|principal| principal.account.as_deref());
    let other = denial
        .resource
        .as_deref()
        .and_then(Arn::parse)
        .map(|arn| arn.account);
    for account in [own, other]
        .into_iter()
        .flatten()
        .filter(|account| is_account(account))
    {
        place.set_default("Account", account);
    }
    place.set_default("Partition", "aws");
    place
}

fn is_region(text: &str) -> bool {
    text.len() > 6
        && text.split('-').count() >= 3
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// The refused resource as an ARN. `None`: nobody knows which one.
fn resource(denial: &Denial, asked: &Asked) -> Option<String> {
    let known = denial.action.as_deref().and_then(known);
    let has_none = known.is_some_and(|(_, action)| action.resources.is_empty());
    match denial.resource.as_deref().map(str::trim) {
        Some("*") => Some("*".to_owned()),
        Some(text) if Arn::parse(text).is_some() => Some(unhidden(text)),
        Some(text) => named(text, known, &asked.place).or_else(|| has_none.then(|| "*".to_owned())),
        None if has_none => Some("*".to_owned()),
        None => beside(denial, asked),
    }
}

/// Parts that somebody made unreadable stand for anything.
fn unhidden(arn: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    for part in arn.splitn(6, ':') {
        let hidden = part.contains("***")
            || (part.starts_with('<') && part.ends_with('>'))
            || (part.len() >= 4 && part.bytes().all(|byte| matches!(byte, b'x' | b'X')));
        parts.push(if hidden { stars(part) } else { part.to_owned() });
    }
    parts.join(":")
}

/// `role/***` is `role/*`.
fn stars(part: &str) -> String {
    if !part.contains('*') {
        return "*".to_owned();
    }
    let mut out = String::new();
    for letter in part.chars() {
        if !(letter == '*' && out.ends_with('*')) {
            out.push(letter);
        }
    }
    out
}

/// `role deploy`, `https://sqs.…/jobs`, a bare name: the ARN of the action's own resource type.
fn named(text: &str, known: Option<(&Service, &Action)>, place: &Places) -> Option<String> {
    let (service, action) = known?;
    let mut place = place.clone();
    let mut words = text.split_whitespace();
    let (first, rest) = (words.next()?, words.next_back());
    let (kind, mut name) = match rest {
        Some(last) => (Some(text.get(..text.len() - last.len())?.trim()), last),
        None => (None, first),
    };
    if let Some(url) = name.strip_prefix("https://").filter(|_| service.prefix == "sqs") {
        let mut parts = url.split('/');
        if let Some(region) = parts.next()?.split('.').nth(1) {
            place = overriding(&place, "Region", region);
        }
        if let Some(account) = parts.next().filter(|part| is_account(part)) {
            place = overriding(&place, "Account", account);
        }
        name = parts.next()?;
    }
    let fitting = |kind_name: &str| match kind {
        Some(kind) => {
            kind_name.eq_ignore_ascii_case(&kind.replace(' ', "-")) || kind_name.eq_ignore_ascii_case(kind)
        }
        None => true,
    };
    let mut types = action
        .resources
        .iter()
        .filter(|own| fitting(&own.name))
        .filter_map(|own| service.resource_type(&own.name));
    let found = types.next()?;
    if kind.is_none() && types.next().is_some() {
        return None;
    }
    let template = found.arns.first()?;
    // IAM's templates have the path and the name in one variable.
    let variables: Vec<&str> = template
        .split("${")
        .skip(1)
        .filter_map(|part| part.split_once('}').map(|(name, _)| name))
        .filter(|name| !matches!(*name, "Partition" | "Region" | "Account"))
        .collect();
    let [only] = variables.as_slice() else { return None };
    place.set_default(only, name.trim_start_matches('/'));
    Some(place.fill(template))
}

fn overriding(place: &Places, name: &str, value: &str) -> Places {
    let mut new = Places::default();
    new.set_default(name, value);
    new.add(place);
    new
}

/// A plain refusal of S3 names nothing; the bucket often stands beside it.
fn beside(denial: &Denial, asked: &Asked) -> Option<String> {
    let action = denial.action.as_deref()?;
    let (service, own) = known(action)?;
    let mut arns: Vec<&String> = denial
        .beside
        .iter()
        .filter(|text| Arn::parse(text).is_some_and(|arn| arn.service == service.prefix))
        .collect();
    arns.dedup();
    if let [only] = arns.as_slice() {
        return Some((*only).clone());
    }
    if service.prefix != "s3" {
        return None;
    }
    let mut buckets = denial.beside.iter().filter_map(|text| bucket_of(text));
    let (bucket, key) = buckets.next()?;
    if buckets.any(|(other, _)| other != bucket) {
        return None;
    }
    let partition = asked.place.get("Partition").unwrap_or("aws");
    let on_object = own.resources.iter().any(|kind| kind.name == "object");
    Some(match (on_object, key) {
        (false, _) => format!("arn:{partition}:s3:::{bucket}"),
        (true, Some(key)) if !key.ends_with('/') => format!("arn:{partition}:s3:::{bucket}/{key}"),
        (true, _) => format!("arn:{partition}:s3:::{bucket}/*"),
    })
}

/// `s3://bucket/key`, `https://bucket.s3.eu-west-1.amazonaws.com/key`, a bare bucket.
fn bucket_of(text: &str) -> Option<(&str, Option<&str>)> {
    let rest = text.strip_prefix("s3://")?;
    let (bucket, key) = match rest.split_once('/') {
        Some((bucket, key)) => (bucket, Some(key).filter(|key| !key.is_empty())),
        None => (rest, None),
    };
    (!bucket.is_empty()).then_some((bucket, key))
}
