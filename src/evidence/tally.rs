//! Counts of one action on one resource in one context.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::counts::Counts;
use super::event_id::EventId;
use super::fold;
use super::rare::Rare;
use super::resources::Resources;
use super::sums::widen;
use crate::evaluate::{Context, Lookup};
use crate::require::Resource;
use crate::trail::{Event, Outcome, RefusedBy};

/// How an action was refused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Refusal {
    /// Which layer the message names.
    pub by: RefusedBy,
    /// Whether it names an explicit deny.
    pub explicit: bool,
}

/// An event behind a count, to look it up by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Sample {
    /// `eventTime`.
    #[serde(with = "super::times::one")]
    pub time: jiff::Timestamp,
    /// `eventID`.
    pub id: EventId,
}

/// How often, with which outcome, when, and which events stand behind it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Calls that succeeded.
    pub succeeded: u64,
    /// Calls that failed after authorization, as far as one can tell.
    pub failed: u64,
    /// Calls whose error says nothing about permission (throttled, expired).
    pub inconclusive: u64,
    /// Refused calls, by what refused them.
    pub refused: Rare<Refusal>,
    /// Whether AWS documents the requirement for at least one of these calls.
    pub certain: bool,
    /// The operations that needed it, with how often: `s3.amazonaws.com/HeadObject`.
    pub operations: Counts<Arc<str>>,
    /// Calls that a service made on the principal's behalf (forwarded access sessions), by service.
    pub via: Rare<String>,
    /// The first and the last call.
    #[serde(with = "super::times::span")]
    pub seen: Option<(jiff::Timestamp, jiff::Timestamp)>,
    /// The earliest few events.
    pub samples: SmallVec<[Sample; 1]>,
}

/// Events kept as evidence behind each count: enough to look into, few enough to hold.
const SAMPLES: usize = 3;

impl Tally {
    /// Adds an event, as merging its own tally would: nothing is allocated for what is known already, `names` among it.
    fn count(&mut self, event: &Event<'_>, certain: bool, names: &Counts<Arc<str>>) {
        let times = event.times;
        self.certain |= certain;
        widen(&mut self.seen, Some((event.time, event.last)));
        match &event.outcome {
            Outcome::Succeeded => self.succeeded += times,
            Outcome::Failed { .. } => self.failed += times,
            Outcome::Inconclusive { .. } => self.inconclusive += times,
            Outcome::Refused { by, explicit, .. } => {
                let refusal = Refusal {
                    by: *by,
                    explicit: *explicit,
                };
                self.refused.add(refusal, times);
            }
        }
        if !self
            .operations
            .add_known(|known| is_operation(known, event), times)
        {
            let mut names = names.iter().map(|(name, _)| name);
            let name = match names.find(|name| is_operation(name, event)) {
                Some(name) => Arc::clone(name),
                None => format!("{}/{}", event.source, event.name).into(),
            };
            self.operations.add(name, times);
        }
        if let Some(service) = &event.caller.invoked_by
            && !self.via.add_known(service.as_str(), times)
        {
            self.via.add(service.clone(), times);
        }
        if let Some(id) = &event.id {
            self.sample(event.time, id);
        }
    }

    /// Keeps the event if it is one of the earliest.
    fn sample(&mut self, time: jiff::Timestamp, id: &str) {
        let is_full = self.samples.len() == SAMPLES;
        if is_full && self.samples.last().is_some_and(|last| last.time < time) {
            return;
        }
        self.keep(Sample {
            time,
            id: EventId::new(id),
        });
    }

    fn keep(&mut self, sample: Sample) {
        let Err(at) = self.samples.binary_search(&sample) else {
            return;
        };
        if at == SAMPLES {
            return;
        }
        self.samples.truncate(SAMPLES - 1);
        // Room for all at once, and for no more.
        if !self.samples.is_empty() && !self.samples.spilled() {
            self.samples.reserve_exact(SAMPLES - 1);
        }
        self.samples.insert(at, sample);
    }

    /// The ids of [`Self::samples`].
    pub fn event_ids(&self) -> Vec<String> {
        self.samples.iter().map(|sample| sample.id.to_string()).collect()
    }

    /// Whether this is use: anything but refusals.
    pub fn is_use(&self) -> bool {
        self.used() > 0
    }

    /// Calls that were not refused.
    pub fn used(&self) -> u64 {
        self.succeeded + self.failed + self.inconclusive
    }

    /// Refused calls.
    pub fn refusals(&self) -> u64 {
        self.refused.total()
    }

    /// Adds another tally.
    pub fn merge(&mut self, other: Self) {
        self.succeeded += other.succeeded;
        self.failed += other.failed;
        self.inconclusive += other.inconclusive;
        self.certain |= other.certain;
        self.refused.merge(other.refused);
        self.operations.merge(other.operations);
        self.via.merge(other.via);
        widen(&mut self.seen, other.seen);
        other.samples.into_iter().for_each(|sample| self.keep(sample));
    }
}

/// Whether `SOURCE/NAME` is the event's operation.
fn is_operation(known: &str, event: &Event<'_>) -> bool {
    known
        .strip_prefix(&*event.source)
        .and_then(|rest| rest.strip_prefix('/'))
        == Some(&*event.name)
}

/// One action: on which resources, in which contexts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionEvidence {
    resources: Resources,
    /// Over all resources, each call once however many resources it names.
    calls: Tally,
    /// How far resource names were folded to bound memory; 0 is not at all.
    level: usize,
}

/// Distinct resources of one action that are kept as they are; more are folded. A job that reads
/// dated S3 keys would otherwise hold one entry an object.
const MOST_RESOURCES: usize = 512;
/// Distinct contexts of one action on one resource; more are folded into "not known".
const MOST_CONTEXTS: usize = 512;

impl ActionEvidence {
    /// Adds a tally.
    pub fn add(&mut self, resource: Resource, context: Context, tally: Tally) {
        self.add_folded(folded(resource, 0, self.level), context, tally);
    }

    fn add_folded(&mut self, resource: Resource, context: Context, tally: Tally) {
        let contexts = self.resources.of(resource);
        match contexts.get_mut(&context) {
            Some(known) => known.merge(tally),
            None => {
                contexts.add(context, tally);
                contexts.bound();
                self.bound_resources();
            }
        }
    }

    /// Adds an event on a resource.
    pub fn add_event(&mut self, resource: &Resource, context: &Context, event: &Event<'_>, certain: bool) {
        let resource = fold::at_level(resource, self.level);
        let contexts = self.resources.get_mut(&resource);
        if let Some(known) = contexts.and_then(|contexts| contexts.get_mut(context)) {
            known.count(event, certain, &self.calls.operations);
            return;
        }
        let mut tally = Tally::default();
        tally.count(event, certain, &self.calls.operations);
        self.add_folded(resource.into_owned(), context.clone(), tally);
    }

    /// Counts a call, whose resources are added with [`Self::add_event`].
    pub fn count_event(&mut self, event: &Event<'_>, certain: bool) {
        self.calls.count(event, certain, &Counts::default());
    }

    /// Counts a call, whose resources are added with [`Self::add`].
    pub fn count(&mut self, tally: Tally) {
        self.calls.merge(tally);
    }

    /// Takes in another part's evidence of the same action.
    pub fn merge(&mut self, other: Self) {
        self.calls.merge(other.calls);
        if other.level > self.level {
            self.fold_to(other.level);
        }
        for (resource, contexts) in other.resources {
            let into = self.resources.of(folded(resource, other.level, self.level));
            into.merge(contexts);
        }
        self.bound_resources();
    }

    /// Forgets what other condition keys than these said.
    pub fn keep_keys(&mut self, keys: &BTreeSet<String>) {
        for contexts in self.resources.values_mut() {
            for (mut context, tally) in std::mem::take(contexts).0 {
                context.retain(|key| keys.contains(key) || key == FOLDED);
                contexts.add(context, tally);
            }
        }
    }

    /// Every resource and context with its tally, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Resource, &Context, &Tally)> {
        self.resources.iter().flat_map(|(resource, contexts)| {
            let own = contexts.0.iter();
            own.map(move |(context, tally)| (resource, context, tally))
        })
    }

    /// Puts the resources in order: until then each telling does.
    pub fn settle(&mut self) {
        self.resources.settle();
    }

    /// Only those with use.
    pub fn used(&self) -> impl Iterator<Item = (&Resource, &Context, &Tally)> {
        let uses = || self.iter().filter(|(_, _, tally)| tally.is_use());
        // A throttled call often has no parameters: beside calls that say their resource, the same
        // call tried again, it says nothing more.
        let says_something = |resource: &Resource, tally: &Tally| {
            *resource != Resource::Unknown || tally.succeeded + tally.failed > 0
        };
        let any = uses().any(|(resource, _, tally)| says_something(resource, tally));
        uses().filter(move |(resource, _, tally)| !any || says_something(resource, tally))
    }

    /// Over all resources and contexts, each call once.
    pub fn calls(&self) -> &Tally {
        &self.calls
    }

    fn bound_resources(&mut self) {
        while self.resources.len() > MOST_RESOURCES && self.level < fold::LAST_LEVEL {
            self.fold_to(self.level + 1);
        }
    }

    fn fold_to(&mut self, level: usize) {
        let from = std::mem::replace(&mut self.level, level);
        for (resource, contexts) in std::mem::take(&mut self.resources) {
            let into = self.resources.of(folded(resource, from, level));
            into.merge(contexts);
        }
    }
}

fn folded(resource: Resource, from: usize, level: usize) -> Resource {
    match fold::deeper(&resource, from, level) {
        Cow::Owned(folded) => folded,
        Cow::Borrowed(_) => resource,
    }
}

/// Tallies by context, in order. Most resources are used in one, for which a tree would hold the place of eleven.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Contexts(Vec<(Context, Tally)>);

impl Contexts {
    fn get_mut(&mut self, context: &Context) -> Option<&mut Tally> {
        let at = self.0.binary_search_by(|(own, _)| own.cmp(context)).ok()?;
        self.0.get_mut(at).map(|(_, tally)| tally)
    }

    fn add(&mut self, context: Context, tally: Tally) {
        match self.0.binary_search_by(|(own, _)| own.cmp(&context)) {
            Ok(at) => {
                if let Some((_, known)) = self.0.get_mut(at) {
                    known.merge(tally);
                }
            }
            Err(at) => {
                if self.0.is_empty() {
                    self.0.reserve_exact(1);
                }
                self.0.insert(at, (context, tally));
            }
        }
    }

    fn merge(&mut self, other: Self) {
        if self.0.is_empty() {
            *self = other;
        } else {
            other
                .0
                .into_iter()
                .for_each(|(context, tally)| self.add(context, tally));
        }
        self.bound();
    }

    /// Too many contexts become one in which every key is unknown: less is known, nothing is invented.
    /// Once folded, a resource stays folded, so that the order of merging does not matter.
    fn bound(&mut self) {
        // The mark sorts before every other key: only the context without keys stands before it.
        let is_folded = self.0.len() > 1 && self.0.iter().take(2).any(|(context, _)| context.names(FOLDED));
        if self.0.len() <= MOST_CONTEXTS && !is_folded {
            return;
        }
        let mut total = Tally::default();
        for (_, tally) in std::mem::take(&mut self.0) {
            total.merge(tally);
        }
        self.add(folded_context(), total);
    }
}

/// A key that no policy can name.
const FOLDED: &str = "(folded)";

/// The mark of a folded context: [`FOLDED`], explicitly unknown.
fn folded_context() -> Context {
    let mut context = Context::default();
    context.set(FOLDED, Lookup::Unknown);
    context
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(second: i64) -> Tally {
        let time = jiff::Timestamp::from_second(second).unwrap();
        let id = EventId::new(&format!("{second:04}"));
        Tally {
            succeeded: 1,
            seen: Some((time, time)),
            samples: SmallVec::from_buf([Sample { time, id }]),
            ..Tally::default()
        }
    }

    fn object(number: usize) -> Resource {
        Resource::Arn(format!(
            "arn:aws:s3:::acme/dt=2026-08-{:02}/part-{number:05}.parquet",
            number % 28 + 1
        ))
    }

    #[test]
    fn merging_in_any_order_gives_the_same() {
        let parts: Vec<ActionEvidence> = (0..3)
            .map(|part| {
                let mut evidence = ActionEvidence::default();
                for number in 0..1000 {
                    evidence.add(
                        object(part * 1000 + number),
                        Context::default(),
                        tally(number as i64),
                    );
                    evidence.count(tally(number as i64));
                }
                evidence
            })
            .collect();
        let merged = |order: [usize; 3]| {
            let mut all = ActionEvidence::default();
            order.iter().for_each(|part| all.merge(parts[*part].clone()));
            all
        };
        let first = merged([0, 1, 2]);
        assert_eq!(first, merged([2, 1, 0]));
        assert_eq!(first, merged([1, 2, 0]));
        assert_eq!(first.calls().succeeded, 3000);
        assert_eq!(
            first.iter().map(|(_, _, tally)| tally.succeeded).sum::<u64>(),
            3000
        );
        assert!(first.iter().count() <= MOST_RESOURCES);
    }

    #[test]
    fn a_throttled_call_without_parameters_says_nothing_beside_others() {
        let mut evidence = ActionEvidence::default();
        let throttled = Tally {
            succeeded: 0,
            inconclusive: 1,
            ..tally(1)
        };
        evidence.add(Resource::Unknown, Context::default(), throttled);
        assert_eq!(evidence.used().count(), 1);
        evidence.add(object(1), Context::default(), tally(2));
        assert_eq!(
            evidence
                .used()
                .map(|(resource, ..)| resource.clone())
                .collect::<Vec<_>>(),
            [object(1)]
        );
    }

    #[test]
    fn samples_are_the_earliest_few() {
        let mut total = tally(9);
        for second in [3, 7, 1, 5] {
            total.merge(tally(second));
        }
        assert_eq!(
            total
                .samples
                .iter()
                .map(|sample| sample.id.to_string())
                .collect::<Vec<_>>(),
            ["0001", "0003", "0005"]
        );
        assert_eq!(total.succeeded, 5);
    }

    #[test]
    fn too_many_contexts_become_unknown_and_stay_so() {
        let mut evidence = ActionEvidence::default();
        for number in 0..=MOST_CONTEXTS {
            let mut context = Context::default();
            context.set("aws:CurrentTime", Lookup::Values(vec![number.to_string()]));
            evidence.add(Resource::Any, context, tally(number as i64));
        }
        evidence.add(Resource::Any, Context::default(), tally(0));
        let all: Vec<_> = evidence.iter().collect();
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].1.get("aws:CurrentTime"), &Lookup::Unknown);
        assert_eq!(all[0].2.succeeded, MOST_CONTEXTS as u64 + 2);
    }
}
