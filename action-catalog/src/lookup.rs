//! Questions to the catalog.

use crate::pack;
use crate::service_reference::{Overlaid, ServiceReference};
use crate::types::{Action, NamedEvent, Operation, Origin, Service};

/// What a CloudTrail event needs.
#[derive(Debug, Clone)]
pub enum EventMapping {
    /// The call needs the operation's actions.
    Needs {
        /// The service that records the event.
        service: &'static Service,
        /// The operation, with at least one need.
        operation: &'static Operation,
        /// How the event came to its needs; differs from the operation's own origin where only the
        /// name without API date was known.
        origin: Origin,
        /// Where that is documented.
        cite: Option<&'static str>,
    },
    /// IAM does not authorize it.
    NotAuthorized {
        /// `sign-in`, `service-event`, `console-only`, `insight`, `no-permission-needed`, …
        class: String,
        /// One sentence for the reader.
        reason: String,
    },
    /// No source tells.
    Unmapped(Unmapped),
}

/// Why an event has no mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unmapped {
    /// The event source belongs to no known service.
    UnknownSource,
    /// The service is known, the event is not, or nothing tells which actions it needs.
    UnknownEvent,
}

/// Counts over the whole catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// IAM prefixes.
    pub services: usize,
    /// Actions.
    pub actions: usize,
    /// Resource types.
    pub resource_types: usize,
    /// Condition keys, counted once a service.
    pub keys: usize,
    /// Pairs of an action and an action that it may also need.
    pub dependents: usize,
    /// Actions that no API operation corresponds to.
    pub permission_only: usize,
    /// Operations.
    pub operations: usize,
    /// Operations that have at least one need.
    pub mapped_operations: usize,
    /// Event sources.
    pub event_sources: usize,
    /// AWS managed policies.
    pub managed_policies: usize,
    /// Bytes of the packed catalog in the binary.
    pub packed_bytes: usize,
}

/// All IAM prefixes, sorted; those that only an overlay knows come last.
pub fn prefixes() -> impl Iterator<Item = &'static str> {
    pack::index().services.iter().map(|s| s.prefix.as_str())
}

/// The full names of all actions (`s3:PutObject`), by service in the order of [`prefixes`]. Far less than the
/// services themselves is decoded for it.
pub fn action_names() -> &'static [String] {
    pack::action_names()
}

/// One service by IAM prefix, ASCII case folded; decoded when first asked.
pub fn service(prefix: &str) -> Option<&'static Service> {
    pack::service_at(pack::position(&prefix.to_ascii_lowercase())?)
}

/// One action by full name (`s3:PutObject`), ASCII case folded.
pub fn action(name: &str) -> Option<(&'static Service, &'static Action)> {
    let (prefix, name) = name.split_once(':')?;
    let service = service(prefix)?;
    Some((service, service.action(name)?))
}

/// All actions that an IAM action pattern matches (`s3:*Acl`, `*`, `ec2:Describe?pcs`), in catalog
/// order. Decodes only services that can match.
pub fn matching(pattern: &str) -> Vec<(&'static Service, &'static Action)> {
    let mut found = Vec::new();
    for (position, record) in pack::index().services.iter().enumerate() {
        let Some(rest) = rest_after_prefix(pattern, &record.prefix) else {
            continue;
        };
        let Some(service) = pack::service_at(position) else {
            continue;
        };
        let all = rest == "*";
        let text = |a: &Action| match pattern.contains(':') {
            true => a.name.clone(),
            false => format!("{}:{}", service.prefix, a.name),
        };
        found.extend(
            service
                .actions
                .iter()
                .filter(|a| all || matches(rest, &text(a)))
                .map(|a| (service, a)),
        );
    }
    found
}

/// What of the pattern is left to match an action of the service; `None` where none can match.
fn rest_after_prefix<'p>(pattern: &'p str, prefix: &str) -> Option<&'p str> {
    if let Some((head, rest)) = pattern.split_once(':') {
        return matches(head, prefix).then_some(rest);
    }
    // Without a colon only a wildcard can stand for it.
    let literal = pattern.find(['*', '?']).and_then(|at| pattern.get(..at))?;
    let head = literal.get(..literal.len().min(prefix.len()))?;
    prefix
        .get(..head.len())?
        .eq_ignore_ascii_case(head)
        .then_some(pattern)
}

/// IAM's wildcards, ASCII case folded: `*` is any run of characters, `?` exactly one.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while let Some(&byte) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p, t));
                p += 1;
            }
            Some(&c) if c == b'?' || c.eq_ignore_ascii_case(&byte) => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((star, from)) = retry else { return false };
                retry = Some((star, from + 1));
                p = star + 1;
                t = from + 1;
            }
        }
    }
    pattern
        .get(p..)
        .is_some_and(|rest| rest.iter().all(|&c| c == b'*'))
}

/// Operations of that name over all services (`CopyObject`, or `s3:CopyObject`), ASCII case folded,
/// in order of prefix.
pub fn operations(name: &str) -> Vec<(&'static Service, &'static Operation)> {
    if let Some((prefix, name)) = name.split_once(':') {
        return service(prefix)
            .and_then(|s| Some((s, s.operation(name)?)))
            .into_iter()
            .collect();
    }
    let packed = pack::positions_of_operation(&name.to_ascii_lowercase()).iter();
    let mut positions: Vec<usize> = packed.map(|&at| usize::from(at)).collect();
    positions.extend(pack::overlaid_positions());
    positions.sort_unstable();
    positions.dedup();
    positions
        .into_iter()
        .filter_map(pack::service_at)
        .filter_map(|s| Some((s, s.operation(name)?)))
        .collect()
}

/// Lays files of AWS's service reference over the catalog, for the rest of the process. What the
/// files changed is returned, by prefix.
///
/// # Errors
/// The catalog has been asked before; answers must not change under the reader.
pub fn overlay(files: Vec<ServiceReference>) -> Result<Vec<Overlaid>, AlreadyAsked> {
    match pack::install(files) {
        true => Ok(pack::overlaid()),
        false => Err(AlreadyAsked),
    }
}

/// The catalog has been asked before an overlay was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlreadyAsked;

impl std::fmt::Display for AlreadyAsked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the catalog was asked before the service reference was read")
    }
}

impl std::error::Error for AlreadyAsked {}

/// The IAM prefix of a CloudTrail event source (`monitoring.amazonaws.com` -> `cloudwatch`).
pub fn prefix_of_source(source: &str) -> Option<&'static str> {
    let sources = &pack::index().events.sources;
    let source = source.to_ascii_lowercase();
    let at = sources.binary_search_by(|(s, _)| s.as_str().cmp(&source)).ok()?;
    sources.get(at).map(|(_, prefix)| prefix.as_str())
}

/// What a CloudTrail event (`eventSource`, `eventName`) needs. In this order: rules for events that
/// IAM does not authorize; an event name that stands for another operation; the operation of that
/// name; the action of that name; the same two without the API date at its end.
pub fn event(source: &str, name: &str) -> EventMapping {
    let events = &pack::index().events;
    let refused = |r: &&crate::types::NotAuthorizedRule| matches(&r.source, source) && matches(&r.name, name);
    if let Some(rule) = events.not_authorized.iter().find(refused) {
        return EventMapping::NotAuthorized {
            class: rule.class.clone(),
            reason: rule.reason.clone(),
        };
    }
    let Some(position) = prefix_of_source(source).and_then(pack::position) else {
        return named(source, name).unwrap_or(EventMapping::Unmapped(Unmapped::UnknownSource));
    };
    named(source, name)
        .or_else(|| by_name(position, name, None))
        .or_else(|| by_name(position, without_api_date(name)?, Some(Origin::NameWithoutDate)))
        .unwrap_or(EventMapping::Unmapped(Unmapped::UnknownEvent))
}

/// The mapping of an event whose name stands for another operation.
fn named(source: &str, name: &str) -> Option<EventMapping> {
    let names = &pack::index().events.names;
    let same = |e: &&NamedEvent| e.source.eq_ignore_ascii_case(source) && e.name.eq_ignore_ascii_case(name);
    let entry = names.iter().find(same)?;
    let (prefix, operation) = match entry.operation.split_once(':') {
        Some((prefix, operation)) => (prefix, operation),
        None => (prefix_of_source(source)?, entry.operation.as_str()),
    };
    match by_name(pack::position(prefix)?, operation, Some(Origin::Override))? {
        EventMapping::Needs {
            service,
            operation,
            origin,
            cite,
        } => Some(EventMapping::Needs {
            service,
            operation,
            origin,
            cite: entry.cite.as_deref().or(cite),
        }),
        other => Some(other),
    }
}

fn by_name(position: usize, name: &str, origin: Option<Origin>) -> Option<EventMapping> {
    let service = pack::service_at(position)?;
    let operation = match service.operation(name) {
        Some(known) if known.needs.is_empty() && known.origin == Origin::Unmapped => return None,
        Some(known) if known.needs.is_empty() => {
            return Some(EventMapping::NotAuthorized {
                class: "no-permission-needed".to_owned(),
                reason: known.why.clone().unwrap_or_default(),
            });
        }
        Some(known) => known,
        None => pack::operation_of_action(position, name)?,
    };
    let origin = origin.unwrap_or(operation.origin);
    Some(EventMapping::Needs {
        service,
        operation,
        origin,
        cite: operation.cite.as_deref(),
    })
}

/// `UpdateFunctionCode` of `UpdateFunctionCode20150331v2`: cuts `\d{4}_?\d{2}_?\d{2}(v\d+)?` at the
/// end. Nothing shorter: 64 real actions end in a digit or `V2`.
fn without_api_date(name: &str) -> Option<&str> {
    let digits = |s: &str| s.bytes().rev().take_while(u8::is_ascii_digit).count();
    let cut = |s: &str, n: usize| s.len().checked_sub(n);
    let mut end = name;
    let version = digits(end);
    if let Some(head) = cut(end, version).and_then(|n| end.get(..n))
        && version > 0
        && let Some(head) = head.strip_suffix('v')
    {
        end = head;
    }
    for (index, width) in [2usize, 2, 4].into_iter().enumerate() {
        if digits(end) < width {
            return None;
        }
        end = cut(end, width).and_then(|n| end.get(..n))?;
        if index < 2 {
            end = end.strip_suffix('_').unwrap_or(end);
        }
    }
    (!end.is_empty()).then_some(end)
}

/// Counts over the whole catalog; decodes all of it.
pub fn stats() -> Stats {
    let index = pack::index();
    let mut stats = Stats {
        event_sources: index.events.sources.len(),
        managed_policies: index.policies.len(),
        packed_bytes: pack::SIZE,
        ..Stats::default()
    };
    for service in (0..index.services.len()).filter_map(pack::service_at) {
        stats.services += 1;
        stats.actions += service.actions.len();
        stats.resource_types += service.resource_types.len();
        stats.keys += service.keys.len();
        stats.dependents += service.actions.iter().map(|a| a.dependents.len()).sum::<usize>();
        stats.permission_only += service.actions.iter().filter(|a| a.permission_only).count();
        stats.operations += service.operations.len();
        stats.mapped_operations += service.operations.iter().filter(|o| !o.needs.is_empty()).count();
    }
    stats
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_are_iam_s() {
        for (pattern, text) in [
            ("*", ""),
            ("*", "x"),
            ("Get*", "getObject"),
            ("*Acl", "PutObjectAcl"),
            ("a?c", "abc"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("", "x"),
            ("?", ""),
            ("Get*", "PutGet"),
            ("a?c", "ac"),
            ("*Acl", "AclX"),
            ("abc", "ab"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
        assert!(matches("*a*b*", "xxaxxbxx") && !matches("*a*b*", "xxbxxaxx"));
        assert!(matches("a**", "a"));
    }

    #[test]
    fn many_wildcards_do_not_blow_up() {
        assert!(!matches(&"*a".repeat(50), &"a".repeat(49)));
    }

    #[test]
    fn an_api_date_is_cut_in_every_form() {
        assert_eq!(
            without_api_date("UpdateFunctionCode20150331v2"),
            Some("UpdateFunctionCode")
        );
        assert_eq!(without_api_date("ListFunctions20150331"), Some("ListFunctions"));
        assert_eq!(
            without_api_date("CreateInvalidation2020_05_31"),
            Some("CreateInvalidation")
        );
        assert_eq!(
            without_api_date("CreateDistribution2020_05_31v12"),
            Some("CreateDistribution")
        );
    }

    #[test]
    fn what_is_no_api_date_stays() {
        for name in [
            "ListPrincipalThingsV2",
            "ListObjectsV2",
            "Get2015",
            "Foo2015033",
            "20150331",
            "v2",
            "",
            "é20150331é",
        ] {
            assert_eq!(without_api_date(name), None, "{name}");
        }
    }

    #[test]
    fn a_pattern_reaches_only_services_that_it_can_match() {
        assert_eq!(rest_after_prefix("s3:Get*", "s3"), Some("Get*"));
        assert_eq!(rest_after_prefix("S3*:Get*", "s3-outposts"), Some("Get*"));
        assert_eq!(rest_after_prefix("s3:Get*", "s3-outposts"), None);
        assert_eq!(rest_after_prefix("*", "ec2"), Some("*"));
        assert_eq!(rest_after_prefix("e*", "ec2"), Some("e*"));
        assert_eq!(rest_after_prefix("e*", "s3"), None);
        assert_eq!(rest_after_prefix("ec2", "ec2"), None);
    }
}
