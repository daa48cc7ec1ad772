//! One day of a trail, folded so that later questions can be answered from it: everybody's evidence, each
//! principal's apart, since a question may be about some of them only.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Activity, Callers, Circumstances, Happenings, Interest, Ledger};
use crate::require::Mapped;
use crate::trail::{Event, Principal};

/// Raise it with every change of what an event is folded into, or of the types that hold it: what was kept
/// by another version is then folded anew and never misread.
pub const FOLD_VERSION: u32 = 6;

/// What a day shows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayEvidence {
    /// What is noted of every copy of every event.
    seen: Ledger,
    /// What is noted of an event once, by principal as the events name it.
    kept: BTreeMap<Principal, Ledger>,
}

impl DayEvidence {
    /// Takes note of an event, be it a copy or not.
    pub fn observe(&mut self, event: &Event<'_>) {
        self.seen.observe(event);
    }

    /// Adds an event that is not there yet, of which it is known what it needs.
    pub fn add(&mut self, event: &Event<'_>, mapped: &Mapped, interest: &Interest) {
        self.of(&event.caller.principal)
            .add_mapped(event, mapped, interest);
    }

    /// Counts a copy of an event that is there.
    pub fn add_duplicate(&mut self, event: &Event<'_>) {
        self.of(&event.caller.principal).duplicates += 1;
    }

    fn of(&mut self, principal: &Principal) -> &mut Ledger {
        self.kept.entry(principal.clone()).or_default()
    }

    /// Takes in another part of the same day.
    pub fn merge(&mut self, other: Self) {
        self.seen.merge(other.seen);
        for (principal, ledger) in other.kept {
            self.kept.entry(principal).or_default().merge(ledger);
        }
    }

    /// The ledger as reading the events with this interest would have given it. `folded_with` are the
    /// condition keys that were asked for when they were folded.
    pub fn into_ledger(self, interest: &Interest, folded_with: &BTreeSet<String>) -> Ledger {
        let mut all = self.seen;
        for (principal, mut ledger) in self.kept {
            if !interest.wants(&principal) {
                continue;
            }
            for entry in ledger.entries.values_mut() {
                if !interest.by_day {
                    entry.evidence.activity = Activity::default();
                }
                if !interest.circumstances {
                    entry.evidence.circumstances = Circumstances::default();
                }
                if !interest.callers {
                    entry.evidence.callers = Callers::default();
                }
                if *folded_with != interest.condition_keys {
                    let actions = entry.evidence.actions.values_mut();
                    actions.for_each(|action| action.keep_keys(&interest.condition_keys));
                }
            }
            if !interest.callers {
                ledger.happenings = Happenings::default();
            }
            all.merge(ledger);
        }
        all
    }

    /// The first and the last event.
    pub fn window(&self) -> Option<(jiff::Timestamp, jiff::Timestamp)> {
        self.seen.visibility.window
    }
}

#[cfg(test)]
#[path = "day_tests.rs"]
mod tests;
