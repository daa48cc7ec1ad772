//! Where CloudTrail writes a request parameter.
//!
//! The SDKs' member names and CloudTrail's differ, mostly by case alone. A path that recorded events
//! show is taken before one that is only derived from the API model.

use std::collections::{BTreeMap, BTreeSet};

use crate::Outcome;
use crate::botocore::Api;
use crate::sources::{Sources, field};

/// Parameter paths seen in recorded events.
#[derive(Default)]
pub(crate) struct Observed {
    /// (IAM prefix, lower-cased event name) -> paths.
    paths: BTreeMap<(String, String), BTreeSet<String>>,
}

impl Observed {
    /// Reads them; `prefix_of` gives an event source's IAM prefix.
    pub(crate) fn read(sources: &Sources, prefix_of: impl Fn(&str) -> Option<String>) -> Outcome<Self> {
        let mut observed = Self::default();
        for row in sources.csv("derived/observed_request_parameters.csv")? {
            let Some(prefix) = prefix_of(field(&row, 0)) else {
                continue;
            };
            let name = field(&row, 1).to_ascii_lowercase();
            // Lambda and CloudFront put an API date after the name.
            let plain = name
                .find("20")
                .filter(|_| name.ends_with(|c: char| c.is_ascii_digit()));
            let name = plain.and_then(|at| name.get(..at)).unwrap_or(&name).to_owned();
            observed
                .paths
                .entry((prefix, name))
                .or_default()
                .insert(field(&row, 2).to_owned());
        }
        Ok(observed)
    }

    /// The observed spelling of one of the candidates, or of one of them inside a wrapper
    /// (`CreateNatGatewayRequest.SubnetId`).
    fn find(&self, api: &Api<'_>, candidates: &[String]) -> Option<String> {
        let key = (api.model.prefix.clone(), api.name.to_ascii_lowercase());
        let paths = self.paths.get(&key)?;
        let plain = |path: &str| path.trim_end_matches("[]").to_ascii_lowercase();
        for candidate in candidates {
            let wanted = plain(candidate);
            let wrapped = format!(".{wanted}");
            let exact = paths.iter().find(|p| plain(p) == wanted);
            let inside = || {
                paths.iter().find(|p| {
                    let p = plain(p);
                    p.ends_with(&wrapped) && p.matches('.').count() == wrapped.matches('.').count()
                })
            };
            if let Some(found) = exact.or_else(inside) {
                let list = candidate.ends_with("[]");
                return Some(format!(
                    "{}{}",
                    found.trim_end_matches("[]"),
                    if list { "[]" } else { "" }
                ));
            }
        }
        None
    }
}

/// The paths, best first, at which CloudTrail may write the parameter with that path in member names.
pub(crate) fn paths(observed: &Observed, api: &Api<'_>, path: &str) -> Vec<String> {
    let candidates = candidates(api, path);
    match observed.find(api, &candidates) {
        Some(found) if found.starts_with(&format!("{}Request.", api.name)) => vec![wrapped_list(found)],
        Some(found) => vec![found],
        None => candidates.into_iter().map(wrapped_list).collect(),
    }
}

/// EC2's newer calls are recorded as `<Operation>Request`, each list element as `{content, tag}`.
fn wrapped_list(path: String) -> String {
    match path.strip_suffix("[]") {
        Some(list) if list.contains("Request.") => format!("{list}[].content"),
        _ => path,
    }
}

fn candidates(api: &Api<'_>, path: &str) -> Vec<String> {
    let plain = lower_first(path);
    let top = !path.contains('.');
    let member = api.member(path).filter(|_| top);
    let wire = member
        .map(|m| m.location_name.to_owned())
        .filter(|name| !name.is_empty());
    let mut found = match (api.model.service.as_str(), api.model.protocol.as_str()) {
        ("s3", _) => vec![s3(path, wire)],
        (_, "ec2") => ec2(api.name, path, wire),
        // Paths and query strings often have another name than the member: EKS' `clusterName` is `name`.
        (_, "rest-json") => std::iter::once(plain).chain(wire).collect(),
        _ => vec![plain],
    };
    let mut seen = BTreeSet::new();
    found.retain(|path| seen.insert(path.to_ascii_lowercase()));
    found
}

/// S3 records the bucket as `bucketName`, and headers and query parameters by their names.
fn s3(path: &str, wire: Option<String>) -> String {
    match path {
        "Bucket" => "bucketName".to_owned(),
        "Key" => "key".to_owned(),
        _ => wire.unwrap_or_else(|| path.to_owned()),
    }
}

/// EC2 records older calls member by member, newer ones inside `<Operation>Request`.
fn ec2(operation: &str, path: &str, wire: Option<String>) -> Vec<String> {
    let list = path.strip_suffix("[]").filter(|name| !name.contains('.'));
    let mut found = list.map_or_else(|| vec![lower_first(path)], ec2_list);
    if !path.contains('.') {
        let member = path.trim_end_matches("[]");
        let wire = wire.unwrap_or_else(|| member.to_owned());
        let mut chars = wire.chars();
        let first = chars.next().map(|c| c.to_ascii_uppercase()).into_iter();
        let name: String = first.chain(chars).collect();
        found.push(format!(
            "{operation}Request.{name}{}",
            if list.is_some() { "[]" } else { "" }
        ));
    }
    found
}

/// `InstanceIds` is recorded as `instancesSet.items[].instanceId`, `RouteTableIds` as
/// `routeTableIdSet.items[].routeTableId`.
fn ec2_list(name: &str) -> Vec<String> {
    let name = lower_first(name);
    let one = name.strip_suffix('s').unwrap_or(&name);
    let stem = one.strip_suffix("Id").unwrap_or(one);
    vec![
        format!("{stem}sSet.items[].{one}"),
        format!("{stem}Set.items[].{one}"),
        format!("{one}Set.items[].{one}"),
    ]
}

/// `BudgetName` -> `budgetName`, each segment.
fn lower_first(path: &str) -> String {
    let lower = |segment: &str| {
        let mut chars = segment.chars();
        chars
            .next()
            .map(|c| format!("{}{}", c.to_ascii_lowercase(), chars.as_str()))
            .unwrap_or_default()
    };
    path.split('.').map(lower).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_recorded_in_lower_camel_case() {
        assert_eq!(lower_first("Budget.BudgetName"), "budget.budgetName");
        assert_eq!(lower_first("A.Bs[].C"), "a.bs[].c");
        assert_eq!(lower_first(""), "");
    }

    #[test]
    fn newer_ec2_calls_are_wrapped() {
        let wire = Some("FlowLogId".to_owned());
        let found = ec2("DeleteFlowLogs", "FlowLogIds[]", wire);
        assert_eq!(
            found.last().map(String::as_str),
            Some("DeleteFlowLogsRequest.FlowLogId[]")
        );
        assert_eq!(
            wrapped_list(found[3].clone()),
            "DeleteFlowLogsRequest.FlowLogId[].content"
        );
        assert_eq!(
            ec2("X", "SubnetId", Some("subnetId".to_owned())),
            ["subnetId", "XRequest.SubnetId"]
        );
        assert_eq!(ec2("X", "A.B", None), ["a.b"]);
    }

    #[test]
    fn s3_has_names_of_its_own() {
        assert_eq!(s3("Bucket", Some("Bucket".to_owned())), "bucketName");
        assert_eq!(
            s3("CopySource", Some("x-amz-copy-source".to_owned())),
            "x-amz-copy-source"
        );
        assert_eq!(s3("Delete.Objects[].Key", None), "Delete.Objects[].Key");
    }

    #[test]
    fn ec2_lists_are_sets_of_items() {
        assert_eq!(ec2_list("InstanceIds")[0], "instancesSet.items[].instanceId");
        assert!(ec2_list("RouteTableIds").contains(&"routeTableIdSet.items[].routeTableId".to_owned()));
        assert!(ec2_list("SnapshotIds").contains(&"snapshotSet.items[].snapshotId".to_owned()));
    }
}
