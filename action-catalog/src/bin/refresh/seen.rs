//! By what events the use of an action can show in a trail. Cautious: what is not known to be
//! recorded counts as never recorded.

use std::collections::{BTreeMap, BTreeSet};

use crate::actions::Services;
use crate::operations::{Operations, reads, writes};
use crate::overrides::Overrides;
use crate::types::{Operation, Rw, Seen};

/// How calls of one operation are recorded.
enum Recorded {
    Management(Rw),
    Data(Vec<String>),
    Never(String),
}

/// Everything that says how calls are recorded.
pub(crate) struct Rules<'r> {
    pub(crate) overrides: &'r Overrides,
    /// Prefixes whose event source a source names (not only derived from a host name).
    pub(crate) documented: &'r BTreeSet<String>,
}

/// Fills [`Seen`] of every action.
pub(crate) fn fill(services: &mut Services, operations: &Operations, rules: &Rules<'_>) {
    let mut by_action: BTreeMap<String, Seen> = BTreeMap::new();
    for (prefix, by_name) in operations {
        for found in by_name.values() {
            let recorded = rules.recorded(prefix, &found.api, &found.operation);
            for need in &found.operation.needs {
                note(by_action.entry(need.action.clone()).or_default(), &recorded);
            }
        }
    }
    for service in services.values_mut() {
        for action in &mut service.actions {
            let full = format!("{}:{}", service.prefix, action.name);
            let seen = by_action.remove(&full);
            action.seen = match seen {
                Some(seen) if action.permission_only => Seen {
                    never: Some(
                        "permission-only: other calls need it, not all of which are known".to_owned(),
                    ),
                    ..seen
                },
                Some(seen) => seen,
                None if action.permission_only => {
                    never("permission-only: no API operation corresponds to it")
                }
                None => never("no known API operation needs it"),
            };
        }
    }
}

fn never(reason: &str) -> Seen {
    Seen {
        never: Some(reason.to_owned()),
        ..Seen::default()
    }
}

fn note(seen: &mut Seen, recorded: &Recorded) {
    match recorded {
        Recorded::Management(rw) => {
            seen.management = Some(match seen.management {
                Some(before) if before != *rw => Rw::Both,
                _ => *rw,
            });
        }
        Recorded::Data(types) => {
            seen.data.extend(types.iter().cloned());
            seen.data.sort();
            seen.data.dedup();
        }
        Recorded::Never(reason) => {
            // The least of several reasons, so that the order of operations does not matter.
            let keep = seen.never.as_ref().is_some_and(|old| old <= reason);
            if !keep {
                seen.never = Some(reason.clone());
            }
        }
    }
}

impl Rules<'_> {
    fn recorded(&self, prefix: &str, api: &str, operation: &Operation) -> Recorded {
        let rules = &self.overrides.data_events;
        let names = |list: &[String]| {
            list.iter()
                .any(|n| n == "*" || n.eq_ignore_ascii_case(&operation.name))
        };
        if let Some(rule) = rules
            .never
            .iter()
            .find(|r| r.prefix == prefix && names(&r.operations))
        {
            return Recorded::Never(rule.reason.clone());
        }
        let data = rules
            .data
            .iter()
            .filter(|r| r.prefix == prefix && names(&r.operations));
        let types: Vec<String> = data.map(|r| r.kind.clone()).collect();
        if !types.is_empty() {
            return Recorded::Data(types);
        }
        if is_data_plane(api) {
            return Recorded::Never("data-plane call; not known to be logged".to_owned());
        }
        if !self.documented.contains(prefix) {
            return Recorded::Never("no CloudTrail event source of the service is documented".to_owned());
        }
        Recorded::Management(rw(operation))
    }
}

/// Whether events of the operation are read or write events. CloudTrail's own idea of reading is not
/// IAM's (`kms:Decrypt` is a write to IAM and a read to CloudTrail), so only where the access level
/// and the verb of the name agree it is one of them.
fn rw(operation: &Operation) -> Rw {
    match operation.read_only {
        Some(true) if reads(&operation.name) => Rw::Read,
        Some(false) if writes(&operation.name) => Rw::Write,
        _ => Rw::Both,
    }
}

/// APIs that only carry data: their calls are no management events.
fn is_data_plane(api: &str) -> bool {
    const NAMED: [&str; 31] = [
        "apigatewaymanagementapi",
        "cloudfront-keyvaluestore",
        "cloudsearchdomain",
        "cloudtrail-data",
        "connectparticipant",
        "ds-data",
        "dynamodbstreams",
        "ebs",
        "forecastquery",
        "geo-maps",
        "geo-places",
        "geo-routes",
        "keyspacesstreams",
        "kinesis-video-archived-media",
        "kinesis-video-media",
        "kinesis-video-signaling",
        "kinesis-video-webrtc-storage",
        "location",
        "managedblockchain-query",
        "marketplace-entitlement",
        "mediastore-data",
        "neptunedata",
        "personalize-events",
        "qldb-session",
        "route53-recovery-cluster",
        "s3vectors",
        "sagemaker-edge",
        "sagemaker-metrics",
        "sdb",
        "simpledbv2",
        "workmailmessageflow",
    ];
    NAMED.contains(&api) || api.ends_with("-runtime") || api.ends_with("runtime") || api.ends_with("-data")
}
