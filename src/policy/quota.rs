//! IAM's quotas, as data.

use super::Document;

/// One quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// What it limits.
    pub name: &'static str,
    /// In characters without white space (or in pieces).
    pub limit: usize,
    /// Where AWS says so.
    pub source: &'static str,
    /// When that was read (ISO date).
    pub read_on: &'static str,
}

const IAM: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html";
const ORGANIZATIONS: &str =
    "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html";
const READ_ON: &str = "2026-11-23";

const fn iam(name: &'static str, limit: usize) -> Quota {
    Quota {
        name,
        limit,
        source: IAM,
        read_on: READ_ON,
    }
}

const fn organizations(name: &'static str, limit: usize) -> Quota {
    Quota {
        name,
        limit,
        source: ORGANIZATIONS,
        read_on: READ_ON,
    }
}

/// The text of one managed policy, in characters without white space.
pub const MANAGED_POLICY: Quota = iam("a managed policy", 6_144);
/// All inline policies of a user together, in characters without white space.
pub const INLINE_OF_USER: Quota = iam("the inline policies of a user together", 2_048);
/// All inline policies of a group together, in characters without white space.
pub const INLINE_OF_GROUP: Quota = iam("the inline policies of a group together", 5_120);
/// All inline policies of a role together, in characters without white space.
pub const INLINE_OF_ROLE: Quota = iam("the inline policies of a role together", 10_240);
/// Versions of one managed policy.
pub const VERSIONS: Quota = iam("versions of a managed policy", 5);
/// Managed policies attached to a user, role or group, unless the account raised it.
pub const ATTACHED: Quota = iam("managed policies attached to one principal (default)", 10);
/// Managed policies attached to a role at most.
pub const ATTACHED_TO_ROLE_AT_MOST: Quota = iam("managed policies attached to a role (at most)", 25);
/// A role's trust policy, unless the account raised it.
pub const TRUST_POLICY: Quota = iam("a role trust policy (default)", 2_048);
/// One service control policy; white space counts. Until 2026-05-15 it was 5,120, which older copies of
/// the page still say.
pub const SCP: Quota = organizations("a service control policy", 10_240);
/// One resource control policy; white space counts.
pub const RCP: Quota = organizations("a resource control policy", 5_120);

/// Every quota.
pub const ALL: [Quota; 10] = [
    MANAGED_POLICY,
    INLINE_OF_USER,
    INLINE_OF_GROUP,
    INLINE_OF_ROLE,
    VERSIONS,
    ATTACHED,
    ATTACHED_TO_ROLE_AT_MOST,
    TRUST_POLICY,
    SCP,
    RCP,
];

/// The size of a document in canonical compact form as IAM counts it: characters without white
/// space between them. White space within a text counts here, which is never too few.
pub fn size(document: &Document) -> usize {
    super::print::document_value(document).to_string().chars().count()
}

/// The size of a policy's text as it stands: characters, but for white space outside of texts.
pub fn size_of_text(text: &str) -> usize {
    let (mut inside, mut escaped, mut size) = (false, false, 0);
    for c in text.chars() {
        if inside || !c.is_whitespace() {
            size += 1;
        }
        match c {
            _ if escaped => escaped = false,
            '\\' if inside => escaped = true,
            '"' => inside = !inside,
            _ => {}
        }
    }
    size
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::parse;

    #[test]
    fn white_space_between_does_not_count() {
        let text = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    { \"Effect\": \"Allow\", \"Action\": [\"s3:*\"], \"Resource\": \"*\", \"Sid\": \"a\\\" b\" }\n  ]\n}\n";
        let document = parse(text, "-").0.unwrap();
        let compact = r#"{"Version":"2012-10-17","Statement":[{"Sid":"a\" b","Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
        assert_eq!(size(&document), compact.chars().count());
        // The text as it stands keeps the brackets of the list of one.
        assert_eq!(size_of_text(text), compact.chars().count() + 2);
    }

    #[test]
    fn each_quota_has_its_source() {
        for quota in ALL {
            assert!(quota.limit > 0 && quota.source.starts_with("https://docs.aws.amazon.com/"));
            assert_eq!(quota.read_on.len(), 10);
        }
    }
}
