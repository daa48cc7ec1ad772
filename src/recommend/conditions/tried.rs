//! What a condition would have cost: learnt from the earlier part of a trail, judged by the later.

use schemars::JsonSchema;
use serde::Serialize;

use super::found::{Found, Used, find, key_of, network_for};
use super::{Name, Wanted};
use crate::evidence::{Circumstances, Key, Values};

/// How a condition that the earlier part of the trail shows does in the later part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Tried {
    /// Which.
    pub name: Name,
    /// Days that it was learnt from.
    pub learnt_days: i32,
    /// Days that it was judged by.
    pub judged_days: i32,
    /// Statements for which the earlier part shows it.
    pub statements: usize,
    /// Later calls of the actions that the earlier part shows. A call that needs several counts for each.
    pub calls: u64,
    /// Of those, calls that it would have refused.
    pub refused: u64,
}

/// The shortest trail that is cut in two.
const LEAST_WINDOW: i32 = 42;

impl Tried {
    /// Nothing yet, over the same days.
    pub(super) fn none(name: Name, like: &Self) -> Self {
        Self {
            name,
            learnt_days: like.learnt_days,
            judged_days: like.judged_days,
            statements: 0,
            calls: 0,
            refused: 0,
        }
    }

    /// Adds another statement's, or another principal's.
    pub fn add(&mut self, other: &Self) {
        self.statements += other.statements;
        self.calls += other.calls;
        self.refused += other.refused;
    }

    /// The share of later calls that it would have let through, in percent.
    pub fn let_through_percent(&self) -> f64 {
        if self.calls == 0 {
            100.0
        } else {
            (self.calls - self.refused) as f64 * 100.0 / self.calls as f64
        }
    }
}

/// Learns from the first two thirds of the window, judges by the last; `None` where the window is too short or
/// the condition did not hold in the first part.
pub(super) fn of(
    name: Name,
    used: &Used,
    circumstances: &Circumstances,
    (first, last): (i32, i32),
    wanted: &Wanted,
) -> Option<Tried> {
    let length = last.saturating_sub(first);
    let key = key_of(name).filter(|_| length >= LEAST_WINDOW)?;
    let cut = first.saturating_add(length / 3 * 2);
    let earlier = circumstances.on_days(|day| day < cut);
    // What was first used later would not be in the statement at all.
    let known = |action: &&String| {
        let calls = earlier.get(action, Key::ViaService);
        calls.is_some_and(|values| values.iter().next().is_some())
    };
    let used = Used {
        actions: used.actions.iter().filter(known).cloned().collect(),
        resources: used.resources.clone(),
    };
    let found = find(name, &used, &earlier, (first, cut.saturating_sub(1)), wanted)?;
    let later = circumstances.on_days(|day| day >= cut);
    let (calls, refused) = judge(key, &found, &used, &later, wanted);
    Some(Tried {
        name,
        learnt_days: cut - first,
        judged_days: last - cut + 1,
        statements: 1,
        calls,
        refused,
    })
}

/// Later calls, and those of them that the condition refuses.
fn judge(key: Key, found: &Found, used: &Used, later: &Circumstances, wanted: &Wanted) -> (u64, u64) {
    let passes = |value: &str| match key {
        Key::SourceIp => network_for(value, wanted).is_some_and(|own| found.values.contains_key(&own)),
        _ => found.values.contains_key(value),
    };
    let exempt = found.exempt && found.calls_by_services > 0;
    let (mut calls, mut refused) = (0, 0);
    for action in &used.actions {
        for (value, days) in later
            .get(action, Key::ViaService)
            .into_iter()
            .flat_map(Values::iter)
        {
            calls += days.calls();
            if value == "true" && key.is_network() && !exempt {
                refused += days.calls();
            }
        }
        let Some(values) = later.get(action, key) else {
            continue;
        };
        refused += values.absent.calls();
        let others = values.iter().filter(|(value, _)| !passes(value));
        refused += others.map(|(_, days)| days.calls()).sum::<u64>();
    }
    (calls, refused)
}
