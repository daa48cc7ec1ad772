//! By what events the use of an action can show in a trail. Cautious: what is not known to be
//! recorded counts as never recorded.

use std::collections::{BTreeMap, BTreeSet};

use crate::actions::Services;
use crate::map::normal;
use crate::operations::{Operations, reads, writes};
use crate::overrides::Overrides;
use crate::types::{Operation, Rw, Seen};

/// Services whose reading calls have been recorded with `readOnly: false`.
///
/// Source: the `ListWebACLs` record that AWS WAF's documentation shows, as kept in the test data of
/// panther-labs/panther-analysis.
const MIXED: [&str; 3] = ["waf", "waf-regional", "wafv2"];

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
                // KMS records the calls that other services make for the caller as events of its own.
                // https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html
                if prefix != "kms" && need.action.starts_with("kms:") {
                    continue;
                }
                note(by_action.entry(need.action.clone()).or_default(), &recorded);
            }
        }
    }
    for service in services.values_mut() {
        for action in &mut service.actions {
            let full = format!("{}:{}", service.prefix, action.name);
            let seen = by_action.remove(&full);
            // What no API model has (device and console calls, CQL statements) is recorded under the
            // action's name, beside the operations that need it.
            let by_rule = rules.by_rule(&service.prefix, &action.name);
            action.seen = match (seen, by_rule) {
                (Some(seen), _) if action.permission_only => Seen {
                    never: Some(
                        "permission-only: other calls need it, not all of which are known".to_owned(),
                    ),
                    ..seen
                },
                (seen, Some(recorded)) => {
                    let mut seen = seen.unwrap_or_default();
                    note(&mut seen, &recorded);
                    seen
                }
                (Some(seen), None) => seen,
                (None, None) if action.permission_only => {
                    never("permission-only: no API operation corresponds to it")
                }
                (None, None) => never("no known API operation needs it"),
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
    /// How calls of that name are recorded, where an override says it.
    fn by_rule(&self, prefix: &str, name: &str) -> Option<Recorded> {
        let rules = &self.overrides.data_events;
        let names = |list: &[String]| list.iter().any(|n| n == "*" || n.eq_ignore_ascii_case(name));
        if let Some(rule) = rules
            .never
            .iter()
            .find(|r| r.prefix == prefix && names(&r.operations))
        {
            return Some(Recorded::Never(rule.reason.clone()));
        }
        let data = rules
            .data
            .iter()
            .filter(|r| r.prefix == prefix && names(&r.operations));
        let types: Vec<String> = data.map(|r| r.kind.clone()).collect();
        (!types.is_empty()).then_some(Recorded::Data(types))
    }

    fn recorded(&self, prefix: &str, api: &str, operation: &Operation) -> Recorded {
        if let Some(recorded) = self.by_rule(prefix, &operation.name) {
            return recorded;
        }
        let management = self.overrides.data_events.management.iter();
        let by_rule = management
            .filter(|r| r.prefix == prefix)
            .flat_map(|r| &r.operations)
            .any(|name| name.eq_ignore_ascii_case(&operation.name));
        if by_rule {
            return Recorded::Management(rw(operation));
        }
        if is_data_plane(api) {
            return Recorded::Never("data-plane call; not known to be logged".to_owned());
        }
        if !self.documented.contains(prefix) {
            return Recorded::Never("no CloudTrail event source of the service is documented".to_owned());
        }
        Recorded::Management(if MIXED.contains(&prefix) {
            Rw::Both
        } else {
            rw(operation)
        })
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

/// APIs that only carry data: their calls are no management events. By botocore's name, or by the SDK
/// service of the map.
fn is_data_plane(api: &str) -> bool {
    const NAMED: [&str; 35] = [
        "apigatewaymanagementapi",
        "bedrockagentcore",
        "chimesdkmessaging",
        "cloudfrontkeyvaluestore",
        "cloudsearchdomain",
        "cloudtraildata",
        "connectparticipant",
        "dsdata",
        "dynamodbstreams",
        "ebs",
        "forecastquery",
        "forecastqueryservice",
        "geomaps",
        "geoplaces",
        "georoutes",
        "iotjobsdataplane",
        "keyspacesstreams",
        "kinesisvideoarchivedmedia",
        "kinesisvideomedia",
        "kinesisvideosignaling",
        "kinesisvideowebrtcstorage",
        "location",
        "managedblockchainquery",
        "marketplaceentitlement",
        "neptunedata",
        "personalizeevents",
        "qldbsession",
        "route53recoverycluster",
        "s3vectors",
        "sagemakeredge",
        "sagemakermetrics",
        "sdb",
        "simpledb",
        "simpledbv2",
        "workmailmessageflow",
    ];
    let api = normal(api);
    NAMED.contains(&api.as_str()) || api.ends_with("runtime") || api.ends_with("data")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ways_of_being_recorded_add_up() {
        let mut seen = Seen::default();
        note(&mut seen, &Recorded::Management(Rw::Read));
        assert_eq!(seen.management, Some(Rw::Read));
        note(&mut seen, &Recorded::Management(Rw::Write));
        note(&mut seen, &Recorded::Data(vec!["B".to_owned(), "A".to_owned()]));
        note(&mut seen, &Recorded::Data(vec!["A".to_owned()]));
        assert_eq!(
            (seen.management, seen.data.clone(), seen.never.clone()),
            (Some(Rw::Both), vec!["A".to_owned(), "B".to_owned()], None)
        );
        note(&mut seen, &Recorded::Never("b".to_owned()));
        note(&mut seen, &Recorded::Never("a".to_owned()));
        assert_eq!(seen.never.as_deref(), Some("a"));
    }

    #[test]
    fn data_planes_are_recognised() {
        assert!(
            is_data_plane("bedrock-runtime") && is_data_plane("iot-data") && is_data_plane("dynamodbstreams")
        );
        assert!(is_data_plane("QLDBSession") && is_data_plane("IoTEventsData") && is_data_plane("sdb"));
        assert!(!is_data_plane("dynamodb") && !is_data_plane("ec2") && !is_data_plane(""));
    }
}
