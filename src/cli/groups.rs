//! Groups for `review`.

use std::borrow::Cow;

use super::whole_account::WholeAccount;
use crate::evidence::Evidence;
use crate::grants::{Account, Holder};
use crate::group::{Group, Member, groups};

/// The groups among these principals.
pub(super) fn of(whole: &WholeAccount, holders: &[&Holder]) -> Vec<Group> {
    let none = Evidence::default();
    let editable = holders
        .iter()
        .filter(|holder| !super::recommend::is_fixed(&holder.arn));
    let found: Vec<(&Holder, Cow<'_, Evidence>)> = editable
        .map(|holder| {
            let evidence = whole.evidence(&holder.arn, 0..whole.parts.len());
            (*holder, evidence.unwrap_or(Cow::Borrowed(&none)))
        })
        .collect();
    let members: Vec<Member<'_>> = found
        .iter()
        .map(|(holder, evidence)| Member {
            arn: &holder.arn,
            name: &holder.name,
            kind: holder.kind,
            tags: &holder.tags,
            evidence,
            policies: policies(&whole.account, holder),
        })
        .collect();
    groups(&members)
}

/// The identity policies of a principal: ARNs of managed ones; inline ones by their holder, since two of one
/// name are two.
fn policies(account: &Account, holder: &Holder) -> Vec<String> {
    let inline = holder
        .inline
        .iter()
        .map(|(name, _)| format!("{}/{name}", holder.arn));
    let groups = holder
        .groups
        .iter()
        .filter_map(|name| Some((name, account.groups.get(name)?)));
    let of_groups = groups.flat_map(|(name, group)| {
        let inline = group
            .inline
            .iter()
            .map(move |(own, _)| format!("group/{name}/{own}"));
        inline.chain(group.attached.iter().cloned())
    });
    let mut all: Vec<String> = inline
        .chain(holder.attached.iter().cloned())
        .chain(of_groups)
        .collect();
    all.sort();
    all.dedup();
    all
}
