//! AWS managed policies.

use crate::pack;
use crate::types::PolicyRecord;

/// An AWS managed policy in its default version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedPolicy {
    /// `AmazonS3ReadOnlyAccess`.
    pub name: &'static str,
    /// In partition `aws`. `None`: a deprecated policy whose path is not known.
    pub arn: Option<&'static str>,
    /// `v3`.
    pub version: &'static str,
    /// Whether AWS has withdrawn it: what has it attached keeps it, nothing new can attach it.
    pub deprecated: bool,
    /// JSON text, key order as published.
    pub document: &'static str,
}

/// The AWS managed policy of that ARN (in any partition) or name. Case-sensitive, as IAM is.
pub fn managed_policy(arn_or_name: &str) -> Option<ManagedPolicy> {
    let records = &pack::index().policies;
    if let Some(path) = arn_path(arn_or_name) {
        let same = |r: &&PolicyRecord| r.arn.as_deref().and_then(arn_path) == Some(path);
        if let Some(record) = records.iter().find(same) {
            return decode(record);
        }
        // The path of some deprecated policies is not known; their names are unique.
        let name = path.rsplit('/').next()?;
        return decode(by_name(name).filter(|r| r.arn.is_none())?);
    }
    decode(by_name(arn_or_name)?)
}

/// All AWS managed policies, sorted by name.
pub fn managed_policies() -> impl Iterator<Item = ManagedPolicy> {
    pack::index().policies.iter().filter_map(decode)
}

fn by_name(name: &str) -> Option<&'static PolicyRecord> {
    let records = &pack::index().policies;
    records.get(records.binary_search_by(|r| r.name.as_str().cmp(name)).ok()?)
}

/// `service-role/AWSLambdaRole` of `arn:aws:iam::aws:policy/service-role/AWSLambdaRole`.
fn arn_path(arn: &str) -> Option<&str> {
    let (partition, path) = arn.strip_prefix("arn:")?.split_once(":iam::aws:policy/")?;
    (!partition.contains(':')).then_some(path)
}

fn document(record: &PolicyRecord) -> Option<&'static str> {
    let start = usize::try_from(record.start).ok()?;
    let end = usize::try_from(record.end).ok()?;
    pack::policy_block(usize::try_from(record.block).ok()?)?.get(start..end)
}

fn decode(record: &'static PolicyRecord) -> Option<ManagedPolicy> {
    Some(ManagedPolicy {
        name: &record.name,
        arn: record.arn.as_deref(),
        version: &record.version,
        deprecated: record.deprecated,
        document: document(record)?,
    })
}

#[cfg(test)]
mod tests {
    use super::arn_path;

    #[test]
    fn only_arns_of_aws_s_own_policies_have_a_path() {
        assert_eq!(arn_path("arn:aws:iam::aws:policy/a/B"), Some("a/B"));
        assert_eq!(arn_path("arn:aws-cn:iam::aws:policy/B"), Some("B"));
        assert_eq!(arn_path("arn:aws:iam::111122223333:policy/B"), None);
        assert_eq!(arn_path("arn:x:y:iam::aws:policy/B"), None);
        assert_eq!(arn_path("B"), None);
    }
}
