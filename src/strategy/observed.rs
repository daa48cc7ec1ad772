//! What everybody of an account was seen to use: the yardstick of how much of it a strategy opens to a
//! principal that never used it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::evaluate::{Compiled, Context, Decision, PolicyIn, Request};
use crate::evidence::Evidence;
use crate::require::Resource;

/// A sample of the distinct pairs of action and resource that principals of an account used, each with the
/// context of one such call.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    pairs: Vec<(String, Resource, Context)>,
}

/// Resources of one action by the hash of their names, each with the context of one call.
type Pairs<'e> = BTreeMap<(u64, &'e str), (&'e Resource, &'e Context)>;

/// So many pairs are sampled at most, as many of each action as there are of all.
const SAMPLE: usize = 400;

/// Pairs that a set of policies permits, of all that the principal never used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Share {
    /// Those permitted.
    pub permitted: usize,
    /// All.
    pub of: usize,
}

impl Share {
    /// In percent.
    pub fn percent(self) -> f64 {
        self.permitted as f64 * 100.0 / self.of.max(1) as f64
    }
}

impl Observed {
    /// The sample of everybody's evidence. Which pairs are taken hangs on their names alone; calls that do
    /// not say on what resource, or are on none, are left out.
    pub fn of<'e>(everybody: impl IntoIterator<Item = &'e Evidence>) -> Self {
        let mut all: BTreeMap<&str, Pairs<'e>> = BTreeMap::new();
        for (action, own) in everybody.into_iter().flat_map(|evidence| &evidence.actions) {
            for (resource, context, _) in own.used() {
                if matches!(resource, Resource::Arn(_) | Resource::Pattern { .. }) {
                    let name = resource.shown();
                    let key = (crate::fnv::of(action, name), name);
                    all.entry(action)
                        .or_default()
                        .entry(key)
                        .or_insert((resource, context));
                }
            }
        }
        let each = (SAMPLE / all.len().max(1)).max(1);
        let pairs = all.into_iter().flat_map(|(action, resources)| {
            let some = resources.into_values().take(each);
            some.map(move |(resource, context)| (action.to_owned(), resource.clone(), context.clone()))
        });
        Self {
            pairs: pairs.collect(),
        }
    }

    /// Which part of it the policies certainly permit, of what none of `used` holds.
    pub fn permitted(&self, policies: &[PolicyIn<'_>], used: &[&Evidence]) -> Share {
        let compiled = Compiled::new(policies);
        let mut share = Share::default();
        for (action, resource, context) in &self.pairs {
            let is_own = |evidence: &&Evidence| evidence.used(action).any(|(own, _, _)| own == resource);
            if used.iter().any(is_own) {
                continue;
            }
            share.of += 1;
            let decision = compiled.decide(&Request::new(action, resource.target(), context));
            share.permitted += usize::from(matches!(decision, Decision::Allowed { .. }));
        }
        share
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::Layer;
    use crate::policy::parse;

    fn evidence(roles: &[String]) -> Evidence {
        let calls: Vec<_> = roles
            .iter()
            .map(|role| ("iam", "GetRole", serde_json::json!({"roleName": role})))
            .collect();
        crate::strategy::tests::evidence(&calls).0
    }

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn what_is_permitted_of_others_use_is_counted() {
        let own = evidence(&names(&["app-own"]));
        let other = evidence(&names(&["app-own", "app-other", "other"]));
        let observed = Observed::of([&own, &other]);
        let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::111122223333:role/app-*"}]}"#;
        let document = parse(text, "p").0.unwrap();
        let policies = [PolicyIn {
            layer: Layer::Identity,
            document: &document,
        }];
        let share = observed.permitted(&policies, &[&own]);
        assert_eq!(share, Share { permitted: 1, of: 2 });
    }

    #[test]
    fn the_sample_is_bounded_and_hangs_on_the_names_alone() {
        let all: Vec<String> = (0..900).map(|n| format!("r{n}")).collect();
        let (first, second) = all.split_at(500);
        let (one, other) = (evidence(first), evidence(second));
        let forth = Observed::of([&one, &other]);
        let back = Observed::of([&other, &one]);
        assert_eq!(forth.pairs.len(), SAMPLE);
        let names = |observed: &Observed| {
            let pairs = observed.pairs.iter();
            pairs.map(|(_, on, _)| on.shown().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names(&forth), names(&back));
    }
}
