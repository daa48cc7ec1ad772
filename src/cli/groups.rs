//! Groups for `review`.

use crate::evidence::{Evidence, Ledger};
use crate::grants::{Account, Holder};
use crate::group::{Group, Member, groups};

/// The groups among these principals.
pub(super) fn of(account: &Account, holders: &[&Holder], ledger: &Ledger) -> Vec<Group> {
    let none = Evidence::default();
    let editable = holders
        .iter()
        .filter(|holder| !super::recommend::is_fixed(&holder.arn));
    let members: Vec<Member<'_>> = editable
        .map(|holder| Member {
            arn: &holder.arn,
            name: &holder.name,
            kind: holder.kind,
            tags: &holder.tags,
            evidence: ledger.evidence(&holder.arn).unwrap_or(&none),
            policies: policies(account, holder),
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
