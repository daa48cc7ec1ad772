//! Requirements folded a principal: what it used, what it was refused, when, and what this trail
//! could have shown.
//!
//! The fold is associative and commutative, so neither the order of files nor the number of threads
//! changes the answer.

mod activity;
mod callers;
mod circumstances;
mod counts;
mod day;
mod event_id;
mod fold;
mod happenings;
mod last_accessed;
mod ledger;
mod rare;
mod resources;
mod selectors;
mod sessions;
mod sums;
mod tally;
mod times;
mod visibility;

pub use activity::{Activity, date_of, day_of};
pub use callers::{Callers, Named, agent_of, installation_of, is_by_hand};
pub use circumstances::{Circumstances, Days, Key, Values, network_of};
pub use counts::Counts;
pub use day::{DayEvidence, FOLD_VERSION};
pub use event_id::EventId;
pub use happenings::{Happened, Happening, Happenings, Matter};
pub use last_accessed::{LastAccessed, of_page as last_accessed_of_page, read_last_accessed};
pub use ledger::{Entry, Interest, Ledger, PrincipalKey, Whose, is_named};
pub use rare::Rare;
pub use selectors::{Scope, Selectors, read_selectors};
pub use sessions::{SessionPolicy, Sessions};
pub use tally::{ActionEvidence, Refusal, Sample, Tally};
pub use visibility::{Noted, Sight, Visibility};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use sums::{add_counts, widen};

use crate::evaluate::Context;
use crate::require::{Mapped, Resource};
use crate::trail::Event;

/// All that a trail shows of one principal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// By action, as the catalog spells it.
    pub actions: BTreeMap<String, ActionEvidence>,
    /// Events that the catalog does not know: (source, name, reason) and how often.
    pub unmapped: BTreeMap<(String, String, String), u64>,
    /// Events that IAM does not authorize: class and how often.
    pub not_authorized: BTreeMap<String, u64>,
    /// All events, whatever became of them.
    pub events: u64,
    /// The first and the last event.
    #[serde(with = "times::span")]
    pub seen: Option<(jiff::Timestamp, jiff::Timestamp)>,
    /// What IAM itself says of its use; empty where it was not asked.
    pub last_accessed: LastAccessed,
    /// By service and day; empty unless it is asked for ([`Interest::by_day`]).
    pub activity: Activity,
    /// In which circumstances; empty unless it is asked for ([`Interest::circumstances`]).
    pub circumstances: Circumstances,
    /// With which credentials and programs; empty unless it is asked for ([`Interest::callers`]).
    pub callers: Callers,
}

impl Evidence {
    /// Adds one event. `context` holds the condition keys that the grants ask about.
    pub fn add(&mut self, event: &Event<'_>, mapped: &Mapped, context: &Context) {
        self.events += event.times;
        widen(&mut self.seen, Some((event.time, event.last)));
        match mapped {
            Mapped::Requires(requirements) => {
                // Requirements are sorted by action: each action of a call is counted once.
                for of_action in requirements.chunk_by(|a, b| a.action == b.action) {
                    let Some(first) = of_action.first() else { continue };
                    let certain = of_action.iter().any(|requirement| requirement.certain);
                    let entry = match self.actions.get_mut(&*first.action) {
                        Some(known) => known,
                        None => self.actions.entry(first.action.to_string()).or_default(),
                    };
                    entry.count_event(event, certain);
                    for requirement in of_action {
                        entry.add_event(&requirement.resource, context, event, requirement.certain);
                    }
                }
            }
            Mapped::NotAuthorized { class, .. } => {
                *self.not_authorized.entry(class.clone()).or_default() += event.times
            }
            Mapped::Unmapped { reason } => {
                let key = (
                    event.source.to_string(),
                    event.name.to_string(),
                    (*reason).to_owned(),
                );
                *self.unmapped.entry(key).or_default() += event.times;
            }
        }
    }

    /// Takes in what another part of the trail shows of the same principal.
    pub fn merge(&mut self, other: Self) {
        self.events += other.events;
        widen(&mut self.seen, other.seen);
        add_counts(&mut self.unmapped, other.unmapped);
        add_counts(&mut self.not_authorized, other.not_authorized);
        self.last_accessed.merge(other.last_accessed);
        self.activity.merge(other.activity);
        self.circumstances.merge(other.circumstances);
        self.callers.merge(other.callers);
        for (action, evidence) in other.actions {
            self.actions.entry(action).or_default().merge(evidence);
        }
    }

    /// To be called once nothing is added any more: the resources of each action are in order then.
    pub fn settle(&mut self) {
        self.actions.values_mut().for_each(ActionEvidence::settle);
    }

    /// What was observed of an action in use (refused calls are not use): resources with the
    /// contexts in which they were used.
    pub fn used(&self, action: &str) -> impl Iterator<Item = (&Resource, &Context, &Tally)> {
        self.actions
            .get(action)
            .into_iter()
            .flat_map(ActionEvidence::used)
    }

    /// Whether the action was used at all.
    pub fn is_used(&self, action: &str) -> bool {
        self.used(action).next().is_some()
    }
}

#[cfg(test)]
mod tests;
