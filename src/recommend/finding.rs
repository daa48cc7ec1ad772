//! What is said of each granted action: used, unused, unseen, or kept for another reason.

use std::collections::{BTreeMap, BTreeSet};

use action_catalog::{Action, Service};
use schemars::JsonSchema;
use serde::Serialize;

use super::Options;
use super::narrow::Kept;
use super::resources::Generalise;
use crate::evaluate::condition::holds;
use crate::evaluate::{Context, Truth};
use crate::evidence::{Evidence, Sight, Visibility};
use crate::grants::is_like;
use crate::pattern;
use crate::policy::{Condition, Version};
use crate::require::Resource;

/// Why an action stays in a statement.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(tag = "because", rename_all = "kebab-case")]
pub enum Reason {
    /// It was used, on resources that are known.
    Used,
    /// It was used, and at least one call does not say on which resource.
    UsedOnUnknown,
    /// It was used here, and other use would not have shown.
    UsedAndUnseen {
        /// Why other use would not have shown.
        why: String,
    },
    /// Its use would not have shown.
    Unseen {
        /// Why.
        why: String,
        /// What to switch on so that it shows.
        #[serde(skip_serializing_if = "Option::is_none")]
        switch_on: Option<String>,
    },
    /// AWS lists it as needed by an action that was used.
    Companion {
        /// The action that was used.
        of: String,
    },
    /// IAM says that it was used, before the trail begins or where the trail does not show it.
    LastAccessed {
        /// On which day (UTC).
        when: String,
        /// Whether IAM says so of the action itself; otherwise of its service, whose actions it does not
        /// tell apart.
        exact: bool,
    },
    /// It would go, or be narrowed, but an exception says that it stays as it is granted.
    Excepted {
        /// Why, as the exception says.
        why: String,
        /// The last day (UTC) on which the exception holds.
        until: String,
        /// The line of the file of exceptions where it begins.
        line: u64,
        /// Whether it was used all the same.
        used: bool,
    },
    /// The catalog does not know the action: nothing can be said.
    NotInCatalog,
    /// It was not used, but a wildcard that a quota forced names it.
    Forced {
        /// The wildcard.
        wildcard: String,
    },
    /// It was refused and is asked for.
    Requested,
    /// It was not used, and the strategy that was asked for keeps it.
    Strategy {
        /// Which.
        strategy: String,
    },
    /// It is not granted today, and the strategy that was asked for permits it.
    Beyond {
        /// Which.
        strategy: String,
    },
}

impl Reason {
    /// Whether the reason is use.
    pub fn is_use(&self) -> bool {
        matches!(
            self,
            Self::Used | Self::UsedOnUnknown | Self::UsedAndUnseen { .. } | Self::Excepted { used: true, .. }
        )
    }
}

/// Actions of some principals that a person decided to keep as they are granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keep {
    /// The principals, as patterns of [`crate::grants::is_like`]. A policy that reaches one of them keeps the actions.
    pub principals: Vec<String>,
    /// But not for the sake of this one (its ARN).
    pub but: Option<String>,
    /// The actions, as patterns.
    pub actions: Vec<String>,
    /// Why.
    pub why: String,
    /// The last day (UTC) on which this holds: for the report.
    pub until: String,
    /// Where it is written: for the report.
    pub line: u64,
}

impl Keep {
    fn is_for(&self, arn: &str) -> bool {
        self.but.as_deref() != Some(arn) && self.principals.iter().any(|wanted| is_like(arn, wanted))
    }
}

/// The evidence a policy is judged by: of everybody whom the policy reaches.
pub(super) struct Judge<'a> {
    pub(super) visibility: &'a Visibility,
    pub(super) evidence: Vec<&'a Evidence>,
    /// Actions listed by AWS as needed by an action that was used, with that action.
    companions: BTreeMap<String, String>,
    unseen: Unseen,
    pub(super) generalise: Generalise,
    /// Prefixes of the services of which anything was used.
    used_services: BTreeSet<String>,
    /// What a person decided to keep in this policy.
    keep: Vec<&'a Keep>,
}

/// What becomes of actions whose use this trail cannot show. A person's decision: nothing observed
/// can make it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unseen {
    /// They all stay.
    #[default]
    Keep,
    /// Those of services stay of which anything was used; the others go.
    UsedServices,
}

impl<'a> Judge<'a> {
    pub(super) fn new(visibility: &'a Visibility, evidence: Vec<&'a Evidence>, options: &Options) -> Self {
        let mut companions = BTreeMap::new();
        let mut used_services = BTreeSet::new();
        for action in evidence
            .iter()
            .flat_map(|evidence| evidence.actions.iter())
            .filter(|(_, found)| found.used().next().is_some())
        {
            let Some((service, known)) = action_catalog::action(action.0) else {
                continue;
            };
            used_services.insert(service.prefix.clone());
            for dependent in &known.dependents {
                companions
                    .entry(dependent.to_ascii_lowercase())
                    .or_insert_with(|| action.0.clone());
            }
        }
        Self {
            visibility,
            evidence,
            companions,
            unseen: options.unseen,
            generalise: options.generalise,
            used_services,
            keep: Vec::new(),
        }
    }

    /// With what a person decided to keep for the holders of the policy.
    pub(super) fn keeping(mut self, keep: &'a [Keep], holders: &[&str]) -> Self {
        let concerns = |own: &&Keep| holders.iter().any(|arn| own.is_for(arn));
        self.keep = keep.iter().filter(concerns).collect();
        self
    }

    /// The decision that an action stays as it is granted.
    pub(super) fn excepted(&self, action: &str, used: bool) -> Option<Reason> {
        let named = |own: &&&Keep| {
            let mut patterns = own.actions.iter();
            patterns.any(|pattern| pattern::matches_ignore_case(pattern, action))
        };
        self.keep.iter().find(named).map(|own| Reason::Excepted {
            why: own.why.clone(),
            until: own.until.clone(),
            line: own.line,
            used,
        })
    }

    /// Resources on which the action was used, by anybody, in a context in which the conditions may
    /// hold: a use that a statement certainly did not allow is no reason to keep it.
    pub(super) fn used_on(
        &self,
        action: &str,
        conditions: &[Condition],
        version: Version,
    ) -> BTreeSet<&'a Resource> {
        let may_hold = |context: &Context| {
            conditions
                .iter()
                .all(|condition| holds(condition, version, context, &mut Vec::new()) != Truth::False)
        };
        let used = self.evidence.iter().flat_map(|evidence| evidence.used(action));
        used.filter(|(_, context, _)| may_hold(context))
            .map(|(resource, _, _)| resource)
            .collect()
    }

    /// The used action that AWS says may need this one.
    pub(super) fn companion(&self, action: &str) -> Option<&str> {
        self.companions
            .get(&action.to_ascii_lowercase())
            .map(String::as_str)
    }

    /// What IAM's own record says for an action that the trail does not show.
    pub(super) fn last_accessed(&self, action: &str) -> Option<Reason> {
        let window = self.visibility.window.map(|(first, _)| first);
        let said = self
            .evidence
            .iter()
            .filter_map(|evidence| evidence.last_accessed.speaks_for(action, window));
        let (when, exact) = said.max_by_key(|(when, exact)| (*exact, *when))?;
        Some(Reason::LastAccessed {
            when: jiff::tz::Offset::UTC.to_datetime(when).date().to_string(),
            exact,
        })
    }

    /// Whether the caller decided that this unseen action goes. What AWS lists as needed by
    /// something that was used stays in any case.
    pub(super) fn leaves_out(&self, kept: &Kept, service: &Service) -> bool {
        self.unseen == Unseen::UsedServices
            && matches!(kept.reason, Reason::Unseen { .. })
            && !self.used_services.contains(&service.prefix)
            && self.companion(&kept.action).is_none()
            && self.last_accessed(&kept.action).is_none()
    }

    pub(super) fn sight(&self, service: &Service, action: &Action, resource: &str) -> Sight {
        self.visibility.sight(service, action, resource)
    }
}
