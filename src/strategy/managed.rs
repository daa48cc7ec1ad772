//! The strategies that stand on AWS's own policies.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use super::shapes::{additions, fitted, pages, used};
use super::{Candidate, limits};
use crate::evaluate::{Compiled, Decision, Layer, PolicyIn, Request};
use crate::policy::{Document, Effect, Element, Statement, quota};
use crate::recommend::Subject;
use crate::require::Resource;

/// AWS managed policies with the actions that each allows on every resource; made once, for all principals,
/// when first asked.
#[derive(Debug, Default)]
pub struct ManagedPolicies {
    known: OnceLock<Known>,
}

#[derive(Debug)]
struct Known {
    numbers: Numbers,
    policies: Vec<Managed>,
}

#[derive(Debug)]
struct Managed {
    name: &'static str,
    /// Actions by their number.
    actions: BTreeSet<u32>,
    document: Document,
}

/// Each action of the catalog by a number.
type Numbers = FxHashMap<(&'static str, &'static str), u32>;

/// Policies for job functions
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_job-functions.html>).
const JOB_FUNCTIONS: [&str; 11] = [
    "AdministratorAccess",
    "Billing",
    "DatabaseAdministrator",
    "DataScientist",
    "NetworkAdministrator",
    "PowerUserAccess",
    "ReadOnlyAccess",
    "SecurityAudit",
    "SupportUser",
    "SystemAdministrator",
    "ViewOnlyAccess",
];

/// So much of the quota of attached policies is left for one's own.
const KEPT_FREE: usize = 1;

impl Known {
    /// Those of the catalog that can still be attached by anybody: service-linked roles' cannot.
    fn new() -> Self {
        let all = action_catalog::matching("*");
        let numbers: Numbers = (0..)
            .zip(&all)
            .map(|(number, (service, action))| ((service.prefix.as_str(), action.name.as_str()), number))
            .collect();
        let mut named = Named {
            numbers: &numbers,
            patterns: FxHashMap::default(),
        };
        let mut policies = Vec::new();
        for policy in action_catalog::managed_policies() {
            let linked = policy.arn.is_some_and(|arn| arn.contains("/aws-service-role/"));
            if policy.deprecated || linked {
                continue;
            }
            let (Some(document), _) = crate::policy::parse(policy.document, policy.name) else {
                continue;
            };
            policies.push(Managed {
                name: policy.name,
                actions: named.everywhere(&document),
                document,
            });
        }
        Self { numbers, policies }
    }

    fn wanted(&self, subject: Subject<'_>) -> BTreeSet<u32> {
        used(subject.evidence)
            .filter_map(action_catalog::action)
            .filter_map(|(service, action)| {
                self.numbers.get(&(service.prefix.as_str(), action.name.as_str()))
            })
            .copied()
            .collect()
    }
}

impl ManagedPolicies {
    fn known(&self) -> &Known {
        self.known.get_or_init(Known::new)
    }

    /// The fewest of them that cover the use: each time the one that adds most for what it permits besides.
    pub(super) fn cover(&self, subject: Subject<'_>) -> Candidate {
        let known = self.known();
        let mut open = known.wanted(subject);
        let mut chosen: Vec<&Managed> = Vec::new();
        let mut permitted: BTreeSet<u32> = BTreeSet::new();
        while !open.is_empty() && chosen.len() < quota::ATTACHED.limit - KEPT_FREE {
            let scored = known.policies.iter().filter_map(|policy| {
                let gain = open.intersection(&policy.actions).count();
                let besides = policy.actions.difference(&permitted).count() - gain;
                (gain > 0).then(|| (gain as f64 / (besides as f64 + 4.0).sqrt(), policy))
            });
            let best = scored.reduce(|a, b| if b.0 > a.0 { b } else { a });
            let Some((_, policy)) = best else { break };
            open.retain(|action| !policy.actions.contains(action));
            permitted.extend(&policy.actions);
            chosen.push(policy);
        }
        with_additions(&chosen, Vec::new(), subject)
    }

    /// The job function whose actions are most like those used, and what it lacks.
    pub(super) fn job_function(&self, subject: Subject<'_>) -> Candidate {
        let known = self.known();
        let wanted = known.wanted(subject);
        let functions = known
            .policies
            .iter()
            .filter(|policy| JOB_FUNCTIONS.contains(&policy.name));
        // By how much of the use it covers first: what is added by hand is what a job function is to spare.
        let best = functions
            .map(|policy| {
                let covered = wanted.intersection(&policy.actions).count();
                (covered as f64 / (policy.actions.len() as f64).sqrt(), policy)
            })
            .reduce(|a, b| if b.0 > a.0 { b } else { a });
        match best {
            Some((score, policy)) if score > 0.0 => with_additions(&[policy], Vec::new(), subject),
            _ => with_additions(&[], Vec::new(), subject),
        }
    }

    /// PowerUserAccess with a Deny of each service that was never used.
    pub(super) fn power_user(&self, subject: Subject<'_>) -> Candidate {
        let services: BTreeSet<&str> = used(subject.evidence)
            .filter_map(|action| action.split_once(':'))
            .map(|(prefix, _)| prefix)
            .collect();
        let never = action_catalog::prefixes().filter(|prefix| !services.contains(prefix));
        let entries: Vec<String> = never.map(|prefix| format!("{prefix}:*")).collect();
        let deny = Statement::new(
            Effect::Deny,
            Element::Only(entries),
            Some(Element::Only(vec!["*".to_owned()])),
        );
        let base: Vec<&Managed> = self
            .known()
            .policies
            .iter()
            .filter(|policy| policy.name == "PowerUserAccess")
            .collect();
        with_additions(&base, vec![deny], subject)
    }
}

/// Actions that patterns name, each pattern looked up once: AWS's policies share most of theirs.
struct Named<'n> {
    numbers: &'n Numbers,
    patterns: FxHashMap<String, Vec<u32>>,
}

impl Named<'_> {
    fn pattern(&mut self, pattern: &str) -> &[u32] {
        let numbers = self.numbers;
        self.patterns.entry(pattern.to_owned()).or_insert_with(|| {
            let matching = action_catalog::matching(pattern).into_iter();
            matching
                .filter_map(|(service, action)| {
                    numbers
                        .get(&(service.prefix.as_str(), action.name.as_str()))
                        .copied()
                })
                .collect()
        })
    }

    fn element(&mut self, element: &Element) -> BTreeSet<u32> {
        let mut found = BTreeSet::new();
        for pattern in element.patterns() {
            found.extend(self.pattern(pattern));
        }
        if element.is_except() {
            let all = self.numbers.values().copied();
            found = all.filter(|number| !found.contains(number)).collect();
        }
        found
    }

    /// Actions that the document allows on every resource without a condition.
    fn everywhere(&mut self, document: &Document) -> BTreeSet<u32> {
        let mut found = BTreeSet::new();
        for statement in &document.statements {
            let all =
                matches!(&statement.resource, Some(Element::Only(list)) if list.iter().any(|own| own == "*"));
            if statement.effect == Effect::Allow && all && statement.conditions.is_empty() {
                found.extend(self.element(&statement.action));
            }
        }
        for statement in document
            .statements
            .iter()
            .filter(|own| own.effect == Effect::Deny)
        {
            for number in self.element(&statement.action) {
                found.remove(&number);
            }
        }
        found
    }
}

/// The chosen policies, and a policy of one's own for what they do not allow of the use.
fn with_additions(chosen: &[&Managed], mut own: Vec<Statement>, subject: Subject<'_>) -> Candidate {
    let mut policies: Vec<(String, Document)> = chosen
        .iter()
        .map(|policy| (policy.name.to_owned(), policy.document.clone()))
        .collect();
    let layers: Vec<PolicyIn<'_>> = policies
        .iter()
        .map(|(_, document)| PolicyIn {
            layer: Layer::Identity,
            document,
        })
        .chain(limits(subject.grants))
        .collect();
    let compiled = Compiled::new(&layers);
    let mut lacking: BTreeMap<&str, Vec<&Resource>> = BTreeMap::new();
    for action in used(subject.evidence) {
        for (resource, context, _) in subject.evidence.used(action) {
            let request = Request::new(action, resource.target(), context);
            if !matches!(compiled.decide(&request), Decision::Allowed { .. }) {
                lacking.entry(action).or_default().push(resource);
            }
        }
    }
    own.extend(additions(&lacking));
    let attached = policies.len();
    policies.extend(pages("additions", own));
    let mut candidate = fitted(policies);
    // AWS's own policies may be longer than one's own may be.
    let own_fit = candidate
        .policies
        .iter()
        .skip(attached)
        .all(|(_, document)| quota::size(document) <= quota::MANAGED_POLICY.limit);
    candidate.overflow = candidate.policies.len() > quota::ATTACHED.limit || !own_fit;
    candidate
}
