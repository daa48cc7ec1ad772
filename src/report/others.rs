//! What a rule admits of the resources that others were seen to use.

use std::collections::BTreeSet;

use super::Recommendation;
use crate::evidence::{Evidence, Ledger, PrincipalKey};
use crate::pattern;
use crate::require::Resource;

/// Counts it for each pattern of the report that is wider than what was observed.
pub fn count_others(report: &mut Recommendation, ledger: &Ledger) {
    let own = PrincipalKey::of_name(&report.principal.arn);
    let others: Vec<&Evidence> = ledger
        .entries
        .iter()
        .filter(|(key, _)| **key != own)
        .map(|(_, entry)| &entry.evidence)
        .collect();
    let mine = ledger.entries.get(&own).map(|entry| &entry.evidence);
    let whys = report
        .edits
        .iter_mut()
        .flat_map(|edit| &mut edit.statements)
        .flat_map(|own| &mut own.why);
    for why in whys {
        let (mut theirs, mut known) = (BTreeSet::new(), BTreeSet::new());
        for action in &why.actions {
            for evidence in &others {
                theirs.extend(named(evidence, action));
            }
            known.extend(mine.into_iter().flat_map(|evidence| named(evidence, action)));
        }
        for resource in why.resources.iter_mut().filter(|own| own.rule.is_some()) {
            let admitted = theirs
                .difference(&known)
                .filter(|name| pattern::resource_matches(&resource.pattern, name) == Some(true));
            resource.others = Some(admitted.count());
        }
    }
}

fn named<'e>(evidence: &'e Evidence, action: &str) -> impl Iterator<Item = &'e str> {
    evidence
        .used(action)
        .filter_map(|(resource, _, _)| match resource {
            Resource::Arn(arn) => Some(arn.as_str()),
            _ => None,
        })
}
