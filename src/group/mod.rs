//! Principals that use the same things, and one policy for them.
//!
//! A principal's profile is what it used: each action with the resource patterns that the rules of `recommend`
//! make of it, in which the value of one of its tags, or its user name, stands as a policy variable. Profiles
//! come together (`cluster`), and each group of three or more gets one policy that allows what any member
//! used. What each member gains by it beyond its own use is counted; a group is proposed only where that is
//! little and opens no known dangerous path, and where the policy was shown to allow each member's every use.

mod cluster;
mod gain;
mod profile;
mod view;

#[cfg(test)]
mod tests;

pub use view::{GainedOn, Group, MemberGain};

use std::collections::{BTreeMap, BTreeSet};

use crate::evaluate::{Compiled, Context, Decision, Layer, Lookup, PolicyIn, Request};
use crate::evidence::Evidence;
use crate::grants::HolderKind;
use crate::policy::{Document, Effect, Element, Statement, print, quota};
use crate::recommend::{Generalise, on_resources};

use cluster::{Cluster, clusters};
use profile::{Profile, drop_covered, literal, profile, variables};

/// Fewer principals are no group.
const LEAST_MEMBERS: usize = 3;
/// The most that members may gain for a group to be proposed, on average: of the policy's actions, and of its
/// pairs of action and resource, in percent.
const MOST_GAINED_ACTIONS: f64 = 20.0;
const MOST_GAINED_PAIRS: f64 = 34.0;
/// Patterns of one action that are named one by one.
const MOST_PATTERNS: usize = 24;

/// A principal with what it did.
#[derive(Debug, Clone)]
pub struct Member<'a> {
    /// Its ARN.
    pub arn: &'a str,
    /// Its name without path.
    pub name: &'a str,
    /// Role or user: the two never share a group.
    pub kind: HolderKind,
    /// Its tags.
    pub tags: &'a BTreeMap<String, String>,
    /// What it did.
    pub evidence: &'a Evidence,
    /// Its identity policies as they are now, by ARN or name.
    pub policies: Vec<String>,
}

/// The groups, those that are proposed first, then by members.
pub fn groups(members: &[Member<'_>]) -> Vec<Group> {
    let mut distinct: BTreeMap<(HolderKind, Profile), Vec<usize>> = BTreeMap::new();
    for (at, member) in members.iter().enumerate() {
        let profile = profile(member);
        if !profile.is_empty() {
            distinct.entry((member.kind, profile)).or_default().push(at);
        }
    }
    let mut found: Vec<Group> = clusters(&distinct)
        .iter()
        .filter(|cluster| cluster.members.len() >= LEAST_MEMBERS)
        .map(|cluster| group(cluster, &distinct, members))
        .collect();
    found.sort_by(|a, b| {
        let key = |own: &Group| (!own.proposed, std::cmp::Reverse(own.members.len()));
        key(a).cmp(&key(b)).then_with(|| a.first_arn().cmp(b.first_arn()))
    });
    let mut taken = BTreeSet::new();
    for own in &mut found {
        let base = own.name.clone();
        let mut numbered = (2..).map(|number| format!("{base}-{number}"));
        while !taken.insert(own.name.clone()) {
            own.name = numbered.next().unwrap_or_default();
        }
    }
    found
}

fn group(
    cluster: &Cluster,
    distinct: &BTreeMap<(HolderKind, Profile), Vec<usize>>,
    members: &[Member<'_>],
) -> Group {
    let own: Vec<&Member<'_>> = cluster.members.iter().filter_map(|at| members.get(*at)).collect();
    let same = same_tags(&own);
    let union = policy_of(cluster, &own, &same);
    let document = document(&union);
    let used = variables(&union);
    let profiles = distinct.iter().flat_map(|((_, profile), list)| {
        list.iter()
            .filter(|at| cluster.members.contains(at))
            .map(move |at| (*at, profile))
    });
    let gains = gain::gains(profiles, members, &union, &same);
    let refused = own
        .iter()
        .map(|member| refused(&document, member, &used))
        .sum::<usize>();
    let size = quota::size(&document);
    let mut group = Group {
        name: name(&own),
        kind: match cluster.kind {
            HolderKind::Role => "role",
            HolderKind::User => "user",
        },
        shared: cluster.shared.iter().cloned().collect(),
        actions: union.keys().cloned().collect(),
        variables: used.into_iter().collect(),
        policy: print::document_value(&document),
        size,
        policies_now: own
            .iter()
            .flat_map(|member| &member.policies)
            .collect::<BTreeSet<_>>()
            .len(),
        attachments_now: own.iter().map(|member| member.policies.len()).sum(),
        gained_actions_percent: gain::percent(&gains, union.len(), |own| own.actions.len()),
        gained_pairs_percent: gain::percent(&gains, pairs(&union), |own| own.pairs),
        members: gains,
        proposed: false,
        why_not: None,
    };
    group.why_not = why_not(&group, refused);
    group.proposed = group.why_not.is_none();
    group
}

/// Why a group is shown and not proposed.
fn why_not(group: &Group, refused: usize) -> Option<String> {
    if refused > 0 {
        return Some(format!("the policy would refuse {refused} observed uses"));
    }
    if group.size > quota::MANAGED_POLICY.limit {
        return Some(format!(
            "the policy does not fit into {} characters",
            quota::MANAGED_POLICY.limit
        ));
    }
    let opens: BTreeSet<&str> = group
        .members
        .iter()
        .flat_map(|own| own.dangers.iter().copied())
        .collect();
    if !opens.is_empty() {
        let list: Vec<&str> = opens.into_iter().collect();
        return Some(format!(
            "it would open a known dangerous path: {}",
            list.join(", ")
        ));
    }
    if group.gained_actions_percent > MOST_GAINED_ACTIONS || group.gained_pairs_percent > MOST_GAINED_PAIRS {
        return Some(format!(
            "its members would gain much: {:.0}% of its actions, {:.0}% of its actions on a resource",
            group.gained_actions_percent, group.gained_pairs_percent
        ));
    }
    None
}

fn pairs(union: &Profile) -> usize {
    union.values().map(BTreeSet::len).sum()
}

/// Tags that all members have with one value: the value says as much as the variable.
fn same_tags(members: &[&Member<'_>]) -> BTreeMap<String, String> {
    let Some((first, others)) = members.split_first() else {
        return BTreeMap::new();
    };
    let mut same = first.tags.clone();
    same.retain(|key, value| others.iter().all(|other| other.tags.get(key) == Some(value)));
    same
}

/// What the policy allows: what any member used, variables only where members differ.
fn policy_of(cluster: &Cluster, members: &[&Member<'_>], same: &BTreeMap<String, String>) -> Profile {
    let mut union = literal(&cluster.union, same);
    for (action, patterns) in &mut union {
        drop_covered(patterns);
        if patterns.len() > MOST_PATTERNS && !patterns.iter().any(|pattern| pattern.contains("${")) {
            let resources: BTreeSet<_> = members
                .iter()
                .flat_map(|member| member.evidence.used(action))
                .map(|(resource, _, _)| resource)
                .collect();
            let resources: Vec<_> = resources.into_iter().collect();
            *patterns = on_resources(action, &resources, Generalise::Rules)
                .0
                .patterns()
                .into_iter()
                .collect();
        }
    }
    union
}

/// One statement a set of resources.
fn document(union: &Profile) -> Document {
    let mut by_resources: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::new();
    for (action, patterns) in union {
        let patterns = patterns.iter().cloned().collect();
        by_resources.entry(patterns).or_default().push(action.clone());
    }
    let statements = by_resources.into_iter().map(|(resources, actions)| {
        Statement::new(
            Effect::Allow,
            Element::Only(actions),
            Some(Element::Only(resources)),
        )
    });
    Document::new(statements.collect())
}

/// Observed uses of the member that the policy refuses: none, or it is not proposed.
fn refused(document: &Document, member: &Member<'_>, variables: &BTreeSet<String>) -> usize {
    let policies = [PolicyIn {
        layer: Layer::Identity,
        document,
    }];
    let compiled = Compiled::new(&policies);
    let mut refused = 0;
    for action in member.evidence.actions.keys() {
        for (resource, context, _) in member.evidence.used(action) {
            let context = with_own(context, member, variables);
            let request = Request::new(action, resource.target(), &context);
            refused += usize::from(matches!(
                compiled.decide(&request),
                Decision::ImplicitDeny { .. } | Decision::ExplicitDeny { .. }
            ));
        }
    }
    refused
}

/// The context with the values of the policy's variables for this member.
fn with_own(context: &Context, member: &Member<'_>, variables: &BTreeSet<String>) -> Context {
    let mut context = context.clone();
    for variable in variables {
        let value = match variable.strip_prefix("aws:PrincipalTag/") {
            Some(tag) => member.tags.get(tag).map(String::as_str),
            None => Some(member.name),
        };
        let lookup = value.map_or(Lookup::Absent, |value| Lookup::Values(vec![value.to_owned()]));
        context.set(variable, lookup);
    }
    context
}

/// What the names begin with, else `group`.
fn name(members: &[&Member<'_>]) -> String {
    let mut names = members.iter().map(|member| member.name);
    let first = names.next().unwrap_or_default();
    let common = names.fold(first.len(), |length, name| {
        let alike = first.bytes().zip(name.bytes()).take_while(|(a, b)| a == b);
        length.min(alike.count())
    });
    let text = first.get(..common).unwrap_or_default();
    let text = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let text = text.trim_end_matches(['-', '_', '.', '/']);
    if text.len() < 3 {
        "group".to_owned()
    } else {
        text.to_owned()
    }
}
