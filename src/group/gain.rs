//! What a member gains beyond its own use by the policy of its group.

use std::collections::{BTreeMap, BTreeSet};

use super::Member;
use super::profile::{Profile, literal};
use super::view::{GainedOn, MemberGain};
use crate::danger::opened;
use crate::pattern::resource_is_subset;

/// Gained pairs that are shown one by one.
const SHOWN: usize = 20;

/// The gain of each member, in the order of their ARNs.
pub(super) fn gains<'p>(
    profiles: impl Iterator<Item = (usize, &'p Profile)>,
    members: &[Member<'_>],
    union: &Profile,
    same: &BTreeMap<String, String>,
) -> Vec<MemberGain> {
    // Many members have one profile.
    let mut known: BTreeMap<&Profile, MemberGain> = BTreeMap::new();
    let mut all: Vec<MemberGain> = Vec::new();
    for (at, profile) in profiles {
        let Some(member) = members.get(at) else { continue };
        let gain = known
            .entry(profile)
            .or_insert_with(|| gain(&literal(profile, same), union));
        let mut gain = gain.clone();
        member.arn.clone_into(&mut gain.arn);
        all.push(gain);
    }
    all.sort_by(|a, b| a.arn.cmp(&b.arn));
    all
}

fn gain(own: &Profile, union: &Profile) -> MemberGain {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for (action, patterns) in union {
        let mine = own.get(action);
        let new = patterns.iter().filter(|pattern| {
            let covers = |own: &String| own == *pattern || resource_is_subset(pattern, own) == Some(true);
            !mine.is_some_and(|mine| mine.iter().any(covers))
        });
        pairs.extend(new.map(|pattern| (action.clone(), pattern.clone())));
    }
    let held = |action: &str| own.contains_key(action);
    let dangers: BTreeSet<&'static str> = opened(&held, &pairs).iter().map(|path| path.name).collect();
    MemberGain {
        arn: String::new(),
        actions: union
            .keys()
            .filter(|action| !own.contains_key(*action))
            .cloned()
            .collect(),
        pairs: pairs.len(),
        dangers: dangers.into_iter().collect(),
        on: pairs
            .into_iter()
            .take(SHOWN)
            .map(|(action, resource)| GainedOn { action, resource })
            .collect(),
    }
}

/// What members gain on average, in percent of the whole; to a tenth.
pub(super) fn percent(gains: &[MemberGain], whole: usize, of: impl Fn(&MemberGain) -> usize) -> f64 {
    let gained: usize = gains.iter().map(of).sum();
    let all = (whole * gains.len()).max(1);
    (gained as f64 * 1000.0 / all as f64).round() / 10.0
}
