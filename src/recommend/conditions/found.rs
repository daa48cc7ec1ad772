//! What held over all uses of a statement's actions.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::{Name, Network, Wanted};
use crate::arn::split_pattern;
use crate::evidence::{Circumstances, Days, Key, network_of};
use crate::policy::Condition;

/// Calls that it takes to speak of a habit.
const LEAST_CALLS: u64 = 20;
/// Days with such calls.
const LEAST_DAYS: usize = 10;
/// Days that the trail reaches over.
const LEAST_WINDOW: i32 = 28;
/// Values of a condition; more are no habit.
const MOST_VALUES: usize = 3;
/// Networks: an office or two.
const MOST_NETWORKS: usize = 2;
/// Characters of a tag's value that may be a part of a name for another reason than the tag.
const SHORT_TAG: usize = 3;

/// The actions of a statement that stay by use, and its resources.
#[derive(Debug, Clone)]
pub(super) struct Used {
    pub(super) actions: Vec<String>,
    pub(super) resources: Vec<String>,
}

/// A condition, with what it was read from.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) conditions: Vec<Condition>,
    pub(super) values: BTreeMap<String, Days>,
    pub(super) calls: u64,
    pub(super) days: usize,
    pub(super) calls_by_services: u64,
    /// Whether calls that services make on the principal's behalf are to be let through beside it.
    pub(super) exempt: bool,
}

/// The condition of this name that held, stable over the window (its first and last day), for all uses of the
/// actions; `None` where none did, or where it would say nothing.
pub(super) fn find(
    name: Name,
    used: &Used,
    circumstances: &Circumstances,
    window: (i32, i32),
    wanted: &Wanted,
) -> Option<Found> {
    if window.1.saturating_sub(window.0) < LEAST_WINDOW {
        return None;
    }
    if name == Name::PrincipalTag {
        return tag(used, circumstances, wanted);
    }
    let key = key_of(name)?;
    let applies = match name {
        Name::Region => says_more_than_the_resources(used),
        Name::CalledVia => !used.actions.iter().all(|action| is_of_kms(action)),
        Name::KmsViaService => used.actions.iter().all(|action| is_of_kms(action)),
        _ => true,
    };
    let mut values = applies.then(|| gather(used, key, circumstances)).flatten()?;
    let most = match name {
        Name::SourceIp => {
            values = networks(&values, wanted)?;
            MOST_NETWORKS
        }
        _ => MOST_VALUES,
    };
    let fits = match name {
        Name::Mfa => values.keys().all(|value| value == "true"),
        Name::CalledVia => values
            .keys()
            .all(|value| FILLS_CALLED_VIA.contains(&value.as_str())),
        _ => true,
    };
    let (calls, days) = total(values.values());
    if !fits || values.is_empty() || values.len() > most || calls < LEAST_CALLS || days < LEAST_DAYS {
        return None;
    }
    if !values.values().all(|days| in_both_halves(days, window)) {
        return None;
    }
    Some(Found {
        conditions: vec![Condition {
            operator: operator(name).to_owned(),
            key: key.name().to_owned(),
            values: values.keys().cloned().collect(),
        }],
        values,
        calls,
        days,
        calls_by_services: by_services(used, circumstances),
        exempt: key.is_network(),
    })
}

/// The key that a condition is over.
pub(super) fn key_of(name: Name) -> Option<Key> {
    match name {
        Name::SourceVpce => Some(Key::SourceVpce),
        Name::SourceIp => Some(Key::SourceIp),
        Name::Region => Some(Key::RequestedRegion),
        Name::Mfa => Some(Key::Mfa),
        Name::CalledVia => Some(Key::CalledViaLast),
        Name::KmsViaService => Some(Key::KmsViaService),
        Name::PrincipalTag => None,
    }
}

fn operator(name: Name) -> &'static str {
    match name {
        Name::SourceIp => "IpAddress",
        // Not BoolIfExists: it is true for long-term keys, which carry no such key.
        Name::Mfa => "Bool",
        _ => "StringEquals",
    }
}

/// Services that are documented to fill `aws:CalledVia`; of others a record shows who called, but not whether
/// the request carried the key.
/// Source: <https://aws.amazon.com/blogs/security/how-to-define-least-privileged-permissions-for-actions-called-by-aws-services/>,
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-calledvia>
const FILLS_CALLED_VIA: [&str; 4] = [
    "athena.amazonaws.com",
    "cloudformation.amazonaws.com",
    "dynamodb.amazonaws.com",
    "kms.amazonaws.com",
];

/// All values of the key over all uses; `None` where one is not known, not there, or there are too many.
fn gather(used: &Used, key: Key, circumstances: &Circumstances) -> Option<BTreeMap<String, Days>> {
    let mut all: BTreeMap<String, Days> = BTreeMap::new();
    for action in &used.actions {
        // Every call says whether a service made it: where that is missing, circumstances were not kept.
        circumstances.get(action, Key::ViaService)?;
        let Some(values) = circumstances.get(action, key) else {
            // All its calls were made by services.
            if key.is_network() {
                continue;
            }
            return None;
        };
        if values.is_many() || !values.absent.is_empty() || !values.unknown.is_empty() {
            return None;
        }
        for (value, days) in values.iter() {
            all.entry(value.to_owned()).or_default().merge(days.clone());
        }
    }
    Some(all)
}

/// Calls and days with calls.
fn total<'d>(all: impl Iterator<Item = &'d Days>) -> (u64, usize) {
    let mut calls = 0;
    let mut days = BTreeSet::new();
    for own in all {
        calls += own.calls();
        days.extend(own.iter().map(|(day, _)| day));
    }
    (calls, days.len())
}

/// Whether a value was there in the first half of the window and still in the second: none has come up of late,
/// none has gone.
fn in_both_halves(days: &Days, (first, last): (i32, i32)) -> bool {
    let middle = first.saturating_add(last.saturating_sub(first) / 2);
    days.span()
        .is_some_and(|(from, until)| from < middle && until >= middle)
}

/// Calls that services made on the principal's behalf.
pub(super) fn by_services(used: &Used, circumstances: &Circumstances) -> u64 {
    let of = |action: &String| circumstances.get(action, Key::ViaService);
    let via = used
        .actions
        .iter()
        .filter_map(of)
        .flat_map(|values| values.iter());
    via.filter(|(value, _)| *value == "true")
        .map(|(_, days)| days.calls())
        .sum()
}

/// The networks that all addresses lie in: the caller's own, or each one's /24. `None` where an address is not
/// public, or in none of the caller's own.
fn networks(values: &BTreeMap<String, Days>, wanted: &Wanted) -> Option<BTreeMap<String, Days>> {
    let mut all: BTreeMap<String, Days> = BTreeMap::new();
    for (value, days) in values {
        let network = network_for(value, wanted)?;
        all.entry(network).or_default().merge(days.clone());
    }
    Some(all)
}

/// The network of a condition that an address, or a network that stands for many, falls into.
pub(super) fn network_for(value: &str, wanted: &Wanted) -> Option<String> {
    let own = Network::parse(value)?;
    if !is_public(own.address()) {
        return None;
    }
    if wanted.networks.is_empty() {
        return network_of(value).or_else(|| Some(value.to_owned()));
    }
    let mut given = wanted.networks.iter();
    given
        .find(|network| network.covers(&own))
        .map(ToString::to_string)
}

/// Whether `aws:SourceIp` can be an address like this: it never holds a private one
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourceip>).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(own) => {
            let shared = matches!(own.octets(), [100, 64..=127, ..]);
            !(own.is_private() || own.is_loopback() || own.is_link_local() || own.is_unspecified() || shared)
        }
        IpAddr::V6(own) => {
            !(own.is_unique_local()
                || own.is_unicast_link_local()
                || own.is_loopback()
                || own.is_unspecified())
        }
    }
}

fn is_of_kms(action: &str) -> bool {
    action.starts_with("kms:")
}

/// Whether a region would say something: not of services whose calls all go to one region whatever the caller
/// does, and not where each resource names its region.
fn says_more_than_the_resources(used: &Used) -> bool {
    let named = |pattern: &String| {
        split_pattern(pattern)
            .is_some_and(|[_, _, _, region, ..]| !region.is_empty() && !region.contains(['*', '?', '$']))
    };
    !used.actions.iter().any(|action| is_global(action)) && !used.resources.iter().all(named)
}

/// Global services report one region of the partition; so do some actions of regional ones
/// (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_general.html#example-scp-deny-region>).
fn is_global(action: &str) -> bool {
    let Some((service, own)) = action_catalog::action(action) else {
        return true;
    };
    let some_of_s3 = || {
        own.name == "ListAllMyBuckets"
            || own.name == "GetBucketLocation"
            || own.name.contains("AccountPublicAccessBlock")
            || own.name.contains("MultiRegionAccessPoint")
    };
    service.global
        || matches!(
            service.prefix.as_str(),
            "sts"
                | "support"
                | "health"
                | "ce"
                | "budgets"
                | "account"
                | "waf"
                | "shield"
                | "globalaccelerator"
                | "trustedadvisor"
                | "chime"
                | "networkmanager"
                | "route53domains"
        )
        || service.prefix == "s3" && some_of_s3()
}

/// The tag after which all resources are named.
fn tag(used: &Used, circumstances: &Circumstances, wanted: &Wanted) -> Option<Found> {
    let names = |value: &str| {
        value.len() >= SHORT_TAG && used.resources.iter().all(|pattern| has_part(pattern, value))
    };
    let (key, value) = wanted.tags.iter().find(|(_, value)| names(value))?;
    let mut all = Days::default();
    for action in &used.actions {
        let values = circumstances.get(action, Key::ViaService)?;
        values.iter().for_each(|(_, days)| all.merge(days.clone()));
    }
    let (calls, days) = total(std::iter::once(&all));
    (calls >= LEAST_CALLS && days >= LEAST_DAYS).then(|| Found {
        conditions: vec![Condition {
            operator: "StringEquals".to_owned(),
            key: format!("aws:PrincipalTag/{key}"),
            values: vec![value.clone()],
        }],
        values: BTreeMap::from([(value.clone(), all)]),
        calls,
        days,
        calls_by_services: by_services(used, circumstances),
        exempt: false,
    })
}

/// Whether the name of the resource has the text as a part of its own: between characters that are no letters
/// or digits.
pub(crate) fn has_part(pattern: &str, part: &str) -> bool {
    let name = split_pattern(pattern).map_or(pattern, |[.., name]| name);
    name.match_indices(part).any(|(at, found)| {
        let before = name.get(..at).and_then(|text| text.chars().next_back());
        let after = name.get(at + found.len()..).and_then(|text| text.chars().next());
        let apart = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        apart(before) && apart(after)
    })
}
