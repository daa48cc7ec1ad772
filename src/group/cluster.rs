//! How profiles come together.
//!
//! Each distinct profile begins as a cluster of its own. In order (most members first, then most actions, then
//! by name) a cluster joins the one before it that it is most alike, if it is alike enough; and so again, until
//! nothing joins. Two are alike where
//! - the actions of both are at least [`CUT`] of the actions of either (Jaccard),
//! - every member uses at least [`CUT`] of the actions of both together, so that nobody gains more than the
//!   rest, and
//! - of the actions of both at least [`AGREE`] are used on resources that overlap.
//!
//! Candidates are found by an index of actions, so principals that share nothing are never compared.

use std::collections::{BTreeMap, BTreeSet};

use super::profile::Profile;
use crate::grants::HolderKind;
use crate::pattern::resource_intersects;

/// The least share of actions in common, in percent.
pub(super) const CUT: usize = 60;
/// The least share of common actions on overlapping resources, in percent.
pub(super) const AGREE: usize = 67;
/// Rounds in which clusters may still come together.
const ROUNDS: usize = 4;
/// Patterns of one action that are compared one by one.
const COMPARED: usize = 32;

/// Principals that are alike.
#[derive(Debug, Clone)]
pub(super) struct Cluster {
    pub(super) kind: HolderKind,
    /// Numbers of the members, sorted.
    pub(super) members: BTreeSet<usize>,
    /// What any of them used.
    pub(super) union: Profile,
    /// Actions that each of them used.
    pub(super) shared: BTreeSet<String>,
    /// The fewest actions of a member.
    least: usize,
}

/// The clusters of these profiles, each with the numbers of its members.
pub(super) fn clusters(distinct: &BTreeMap<(HolderKind, Profile), Vec<usize>>) -> Vec<Cluster> {
    let mut all: Vec<Cluster> = distinct
        .iter()
        .map(|((kind, profile), members)| Cluster {
            kind: *kind,
            members: members.iter().copied().collect(),
            shared: profile.keys().cloned().collect(),
            least: profile.len(),
            union: profile.clone(),
        })
        .collect();
    for _ in 0..ROUNDS {
        let before = all.len();
        all = joined(all);
        if all.len() == before {
            break;
        }
    }
    all
}

fn joined(mut all: Vec<Cluster>) -> Vec<Cluster> {
    all.sort_by(|a, b| {
        let key = |own: &Cluster| {
            (
                std::cmp::Reverse(own.members.len()),
                std::cmp::Reverse(own.union.len()),
            )
        };
        key(a)
            .cmp(&key(b))
            .then_with(|| a.union.cmp(&b.union))
            .then_with(|| a.kind.cmp(&b.kind))
    });
    let mut done: Vec<Cluster> = Vec::new();
    let mut index: BTreeMap<(HolderKind, String), Vec<usize>> = BTreeMap::new();
    for own in all {
        let nearest = nearest(&own, &done, &index);
        let at = nearest.unwrap_or(done.len());
        for action in own.union.keys() {
            let known = done.get(at).is_some_and(|into| into.union.contains_key(action));
            if !known {
                index.entry((own.kind, action.clone())).or_default().push(at);
            }
        }
        match done.get_mut(at) {
            Some(into) => into.take_in(own),
            None => done.push(own),
        }
    }
    done
}

/// The cluster that is most alike, the earliest of equals.
fn nearest(
    own: &Cluster,
    done: &[Cluster],
    index: &BTreeMap<(HolderKind, String), Vec<usize>>,
) -> Option<usize> {
    let mut shared: BTreeMap<usize, usize> = BTreeMap::new();
    for action in own.union.keys() {
        for at in index.get(&(own.kind, action.clone())).into_iter().flatten() {
            *shared.entry(*at).or_default() += 1;
        }
    }
    let mut near: Vec<(usize, usize, usize)> = shared
        .into_iter()
        .filter_map(|(at, common)| {
            let other = done.get(at)?;
            let all = own.union.len() + other.union.len() - common;
            let least = own.least.min(other.least).min(common);
            (least * 100 >= CUT * all).then_some((common * 10_000 / all.max(1), at, common))
        })
        .collect();
    near.sort_by_key(|(likeness, at, _)| (std::cmp::Reverse(*likeness), *at));
    near.into_iter()
        .find(|(_, at, common)| done.get(*at).is_some_and(|other| agree(own, other, *common)))
        .map(|(_, at, _)| at)
}

/// Whether enough of the common actions are used on overlapping resources.
fn agree(one: &Cluster, other: &Cluster, common: usize) -> bool {
    let both = one
        .union
        .iter()
        .filter_map(|(action, own)| Some((own, other.union.get(action)?)));
    let overlapping = both.filter(|(own, others)| overlap(own, others)).count();
    overlapping * 100 >= AGREE * common
}

fn overlap(one: &BTreeSet<String>, other: &BTreeSet<String>) -> bool {
    !one.is_disjoint(other)
        || one.iter().take(COMPARED).any(|own| {
            other
                .iter()
                .take(COMPARED)
                .any(|theirs| resource_intersects(own, theirs) == Some(true))
        })
}

impl Cluster {
    fn take_in(&mut self, other: Self) {
        self.members.extend(other.members);
        self.shared.retain(|action| other.shared.contains(action));
        self.least = self.least.min(other.least);
        for (action, patterns) in other.union {
            self.union.entry(action).or_default().extend(patterns);
        }
    }
}
