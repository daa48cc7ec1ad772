//! A group as a review shows it.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// Principals that use the same things, and one policy for them.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Group {
    /// What the names of its members begin with, or `group`; unique.
    pub name: String,
    /// `role` or `user`.
    pub kind: &'static str,
    /// Whether it is proposed: the members gain little, and no known dangerous path.
    pub proposed: bool,
    /// Why it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why_not: Option<String>,
    /// The members, by ARN, each with what it would gain beyond its own use.
    pub members: Vec<MemberGain>,
    /// Actions that every member used.
    pub shared: Vec<String>,
    /// Actions that the policy allows: any member used them.
    pub actions: Vec<String>,
    /// Policy variables in its resources, by condition key: `aws:PrincipalTag/team`. Each member has the tag
    /// now; what it stands for moves with the tag.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<String>,
    /// The policy. It allows what was used, and nothing that this trail cannot show.
    pub policy: Value,
    /// Its size as IAM counts it.
    pub size: usize,
    /// Distinct identity policies that the members hold now.
    pub policies_now: usize,
    /// Those counted for each member that holds them: so many attachments one of each member's would replace.
    pub attachments_now: usize,
    /// Actions that a member gains on average, in percent of the policy's.
    pub gained_actions_percent: f64,
    /// Pairs of action and resource that a member gains on average, in percent of the policy's.
    pub gained_pairs_percent: f64,
}

/// What a member would gain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MemberGain {
    /// The member.
    pub arn: String,
    /// Actions that it never used.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<String>,
    /// Pairs of action and resource pattern that go beyond its own.
    pub pairs: usize,
    /// The first of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub on: Vec<GainedOn>,
    /// Known dangerous paths that they would open, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dangers: Vec<&'static str>,
}

/// An action on a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct GainedOn {
    /// The action.
    pub action: String,
    /// The resource pattern.
    pub resource: String,
}

impl Group {
    /// The ARN of the first member.
    pub fn first_arn(&self) -> &str {
        self.members.first().map_or("", |own| own.arn.as_str())
    }
}
