//! Conditions that held for every use of a statement, and so could be asked for.
//!
//! A condition is suggested only where the record knows the key in every call, its values are few, the same in
//! both halves of the trail, and the condition says something that the statement does not say already. The time
//! of day is never one of them: it says when people happened to work.
//!
//! A condition only narrows. It is written into a statement only when it is asked for by name, and only over
//! actions that stay by use: what else the statement holds stays apart without it.

mod found;
mod tried;
mod write;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::draft::Draft;
use super::finding::Reason;
use super::narrow::On;
use super::policies::Sheet;
use super::{Options, Subject};
use crate::evaluate::Layer;
use crate::evidence::{Circumstances, Visibility, date_of, day_of};
use crate::grants::Origin;
use crate::policy::{Condition, Effect, print};

pub use crate::evaluate::Network;
pub use tried::Tried;
pub(super) use write::{contexts, write};

use found::{Found, Used, find};

/// A kind of condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Name {
    /// `aws:SourceVpce`: through these VPC endpoints.
    SourceVpce,
    /// `aws:SourceIp`: from these networks.
    SourceIp,
    /// `aws:RequestedRegion`: in these regions.
    Region,
    /// `aws:MultiFactorAuthPresent`: with a second factor.
    Mfa,
    /// `aws:CalledViaLast`: only by these services on the principal's behalf.
    CalledVia,
    /// `kms:ViaService`: only by these services on the principal's behalf.
    KmsViaService,
    /// `aws:PrincipalTag/KEY`: only while the principal has the tag that the resources are named after.
    PrincipalTag,
}

impl Name {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::SourceVpce,
        Self::SourceIp,
        Self::Region,
        Self::Mfa,
        Self::CalledVia,
        Self::KmsViaService,
        Self::PrincipalTag,
    ];

    /// As the command line and JSON have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SourceVpce => "source-vpce",
            Self::SourceIp => "source-ip",
            Self::Region => "region",
            Self::Mfa => "mfa",
            Self::CalledVia => "called-via",
            Self::KmsViaService => "kms-via-service",
            Self::PrincipalTag => "principal-tag",
        }
    }

    /// Whether a trail can show that it held: no record has the tags of a principal.
    pub fn is_recorded(self) -> bool {
        self != Self::PrincipalTag
    }
}

/// What the caller knows, and which conditions are written.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// These are written into the policies; all that hold are suggested in any case.
    pub write: BTreeSet<Name>,
    /// The caller's own networks: addresses must lie in them. Where there are none, the /24 (of IPv6 the /64)
    /// of each address is taken.
    pub networks: Vec<Network>,
    /// The tags of the principal.
    pub tags: BTreeMap<String, String>,
}

/// A condition that held for every use of a statement.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Suggestion {
    /// Which.
    pub name: Name,
    /// The policy whose statement it is for; the statement may be written into another that replaces it.
    pub policy: Origin,
    /// The statement's `Sid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// Its actions that stay by use: the condition is for these.
    pub actions: Vec<String>,
    /// Its resources.
    pub resources: Vec<String>,
    /// Whether the statement holds other actions as well, which stay apart without the condition.
    pub split: bool,
    /// `Condition`, as a statement has it.
    pub condition: Value,
    /// `Condition` of a second statement with the same actions and resources, for the calls that a service
    /// makes on the principal's behalf: nobody can tell their address from the record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beside: Option<Value>,
    /// Calls that the condition was read from. A call that needs several of the actions counts for each.
    pub calls: u64,
    /// Days (UTC) with such calls.
    pub days: usize,
    /// Calls that services made on the principal's behalf.
    pub calls_by_services: u64,
    /// The values, with their calls.
    pub values: Vec<ValueSeen>,
    /// The share of all calls of the whole trail that it would have let through, in percent; absent where no
    /// record shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub let_through_percent: Option<f64>,
    /// Learnt from the earlier part of the trail, what it would have done in the later; absent where the trail
    /// is too short, or where the earlier part alone did not yet show it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backtest: Option<Tried>,
    /// What to know before it is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<&'static str>,
    /// Whether it is written into the proposed policies.
    pub written: bool,
    /// Where the statement stands among the drafts.
    #[serde(skip)]
    place: (usize, usize),
    #[serde(skip)]
    conditions: Vec<Condition>,
}

/// A value with its calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ValueSeen {
    /// The value, as the condition has it.
    pub value: String,
    /// Calls with it.
    pub calls: u64,
    /// The first day (UTC) with such a call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// The last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
}

/// Suggestions, and over all statements how each kind of condition does in a backtest.
#[derive(Debug, Clone, Default)]
pub(super) struct Conditions {
    pub(super) suggested: Vec<Suggestion>,
    pub(super) tried: Vec<Tried>,
}

/// Looks for conditions over the statements that stay. Nothing, where circumstances were not kept.
pub(super) fn suggest(
    sheets: &[Sheet],
    principal: &Subject<'_>,
    others: &[Subject<'_>],
    visibility: &Visibility,
    options: &Options,
) -> Conditions {
    let mut all = Conditions::default();
    let Some((from, until)) = visibility.window else {
        return all;
    };
    if principal.evidence.circumstances.is_empty() {
        return all;
    }
    let window = (day_of(from), day_of(until));
    let mut tried: BTreeMap<Name, Tried> = BTreeMap::new();
    for (at, sheet) in sheets
        .iter()
        .enumerate()
        .filter(|(_, sheet)| sheet.held.layer == Layer::Identity)
    {
        let circumstances = of_holders(sheet, principal, others);
        for (number, draft) in sheet.drafts.iter().enumerate() {
            let Some((used, split)) = used(draft) else {
                continue;
            };
            if granted_elsewhere(sheets, (at, number), &used) {
                continue;
            }
            let unasked = |name: &Name| !asks(draft, *name);
            for name in Name::ALL.into_iter().filter(unasked) {
                let trial = tried::of(name, &used, &circumstances, window, &options.conditions);
                if let Some(trial) = &trial {
                    tried
                        .entry(name)
                        .or_insert_with(|| Tried::none(name, trial))
                        .add(trial);
                }
                if let Some(found) = find(name, &used, &circumstances, window, &options.conditions) {
                    let suggestion = suggestion(sheet, draft, &used, (name, found, trial));
                    all.suggested.push(Suggestion {
                        split,
                        written: options.conditions.write.contains(&name),
                        place: (at, number),
                        ..suggestion
                    });
                }
            }
        }
    }
    all.tried = tried.into_values().collect();
    all
}

/// The circumstances of everybody whom the policy reaches.
fn of_holders(sheet: &Sheet, principal: &Subject<'_>, others: &[Subject<'_>]) -> Circumstances {
    let mut all = principal.evidence.circumstances.clone();
    let reached = |other: &&Subject<'_>| {
        let arn = other.grants.principal.as_ref();
        arn.is_some_and(|arn| sheet.held.holders.contains(arn))
    };
    for other in others.iter().filter(reached) {
        all.merge(other.evidence.circumstances.clone());
    }
    all
}

/// The actions of the draft that stay by use, and whether others stand beside them. Use that others would not
/// have shown is not enough: the call that is not seen may come from elsewhere.
fn used(draft: &Draft) -> Option<(Used, bool)> {
    if draft.template.effect != Effect::Allow {
        return None;
    }
    let by_use = |reason: &Reason| matches!(reason, Reason::Used | Reason::UsedOnUnknown);
    let kept: Vec<_> = draft.kept.iter().filter(|kept| by_use(&kept.reason)).collect();
    let On::These(_) = &kept.first()?.on else {
        return None;
    };
    let used = Used {
        actions: kept.iter().map(|kept| kept.action.clone()).collect(),
        resources: kept.first()?.on.patterns(),
    };
    Some((used, kept.len() < draft.kept.len()))
}

/// Whether another statement allows one of the actions on the same resources for a reason other than use: then
/// a condition here takes nothing away.
fn granted_elsewhere(sheets: &[Sheet], place: (usize, usize), used: &Used) -> bool {
    let drafts = sheets.iter().enumerate().flat_map(|(at, sheet)| {
        let numbered = sheet.drafts.iter().enumerate();
        numbered.map(move |(number, draft)| ((at, number), draft))
    });
    drafts.filter(|(own, _)| *own != place).any(|(_, draft)| {
        draft.template.effect == Effect::Allow
            && draft.kept.iter().any(|kept| {
                !kept.reason.is_use()
                    && used.actions.contains(&kept.action)
                    && used.resources.iter().any(|own| {
                        let patterns = kept.on.patterns();
                        patterns
                            .iter()
                            .any(|other| crate::pattern::resource_is_subset(own, other) == Some(true))
                    })
            })
    })
}

/// Whether the statement asks about the key already.
fn asks(draft: &Draft, name: Name) -> bool {
    let keys: &[&str] = match name {
        Name::SourceVpce | Name::SourceIp => &[
            "aws:sourceip",
            "aws:sourcevpce",
            "aws:sourcevpc",
            "aws:vpcsourceip",
            "aws:viaawsservice",
        ],
        Name::Region => &["aws:requestedregion"],
        Name::Mfa => &["aws:multifactorauthpresent", "aws:multifactorauthage"],
        Name::CalledVia => &["aws:calledvia", "aws:calledviafirst", "aws:calledvialast"],
        Name::KmsViaService => &["kms:viaservice"],
        Name::PrincipalTag => &["aws:principaltag/"],
    };
    draft.template.conditions.iter().any(|condition| {
        let own = condition.key.to_ascii_lowercase();
        keys.iter()
            .any(|key| own == *key || key.ends_with('/') && own.starts_with(key))
    })
}

fn suggestion(
    sheet: &Sheet,
    draft: &Draft,
    used: &Used,
    (name, found, trial): (Name, Found, Option<Tried>),
) -> Suggestion {
    let day = |day: i32| date_of(day).map(|date| date.to_string());
    let values = found.values.iter().map(|(value, days)| ValueSeen {
        value: value.clone(),
        calls: days.calls(),
        first: days.span().and_then(|(first, _)| day(first)),
        last: days.span().and_then(|(_, last)| day(last)),
    });
    let exempt = found.exempt && found.calls_by_services > 0;
    Suggestion {
        name,
        policy: sheet.held.origin.clone(),
        sid: draft.template.sid.clone(),
        actions: used.actions.clone(),
        resources: used.resources.clone(),
        split: false,
        condition: print::conditions_value(&found.conditions),
        beside: exempt.then(|| print::conditions_value(&[write::by_a_service()])),
        calls: found.calls,
        days: found.days,
        calls_by_services: found.calls_by_services,
        values: values.collect(),
        let_through_percent: name.is_recorded().then_some(100.0),
        backtest: trial,
        note: note(name, exempt),
        written: false,
        place: (0, 0),
        conditions: found.conditions,
    }
}

fn note(name: Name, exempt: bool) -> Option<&'static str> {
    match name {
        // One page of AWS says that the address of the caller is preserved, another that the service's is seen:
        // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_deny-ip.html>,
        // <https://repost.aws/knowledge-center/iam-restrict-calls-ip-addresses>.
        Name::SourceIp | Name::SourceVpce if exempt => Some(
            "services call on the principal's behalf as well: a second statement lets those calls through (aws:ViaAWSService)",
        ),
        // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourceip>
        Name::SourceIp => Some(
            "a call through a VPC endpoint carries no aws:SourceIp and would be refused; so would one that a service makes on the principal's behalf",
        ),
        Name::SourceVpce => Some(
            "a call that does not go through the endpoint would be refused; so would one that a service makes on the principal's behalf",
        ),
        Name::Mfa => Some(
            "long-term access keys carry no aws:MultiFactorAuthPresent: calls with them would be refused",
        ),
        Name::PrincipalTag => Some(
            "no record shows the tags of a principal: that the tag is there is known of the grants as they are now",
        ),
        Name::Region | Name::CalledVia | Name::KmsViaService => None,
    }
}
