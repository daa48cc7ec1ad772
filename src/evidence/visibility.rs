//! What a trail could have shown: without this, absence proves nothing.
//!
//! Given event selectors say it exactly. Without them it is read from the trail itself, and then
//! cautiously: a kind of event counts as recorded only where the trail shows one of it, reads and
//! writes apart, and data events only for the containers (bucket, table, function, queue, topic) of
//! which it shows one.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};

use action_catalog::{Action, Level, Rw, Service};
use rustc_hash::{FxHashSet, FxHasher};
use serde::{Deserialize, Serialize};

use super::Selectors;
use super::sums::widen;
use crate::arn::{before, split_pattern};
use crate::pattern;
use crate::trail::{Event, PrincipalKind};

/// What the trail could have shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visibility {
    /// The first and the last event of the trail.
    pub window: Option<(jiff::Timestamp, jiff::Timestamp)>,
    /// All events.
    pub events: u64,
    /// Regions with events.
    pub regions: BTreeSet<String>,
    /// Accounts with events.
    pub accounts: BTreeSet<String>,
    /// Whether the trail shows management events that read.
    pub management_read: bool,
    /// Whether the trail shows management events that write.
    pub management_write: bool,
    /// Event sources seen.
    pub sources: BTreeSet<String>,
    /// Containers of which the trail shows data events, by resource type.
    pub data: BTreeMap<String, BTreeSet<String>>,
    /// Resource types of which the trail shows data events that read.
    pub data_read: BTreeSet<String>,
    /// Resource types of which the trail shows data events that write.
    pub data_write: BTreeSet<String>,
    /// What the trail is set to record, where that is known.
    pub selectors: Option<Selectors>,
}

/// Whether the use of an action on resources of a pattern would have shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// It would have shown.
    Visible,
    /// It may have happened unseen.
    Unseen {
        /// Why.
        why: String,
        /// What to switch on so that it shows; `None` where nothing can.
        switch_on: Option<String>,
    },
}

/// Containers remembered a type, the first by name, so that the order of reading does not matter; a
/// trail that shows more is read as if it showed none of the others.
const MOST_CONTAINERS: usize = 10_000;

/// Management event sources that a trail can leave out
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-management-events-with-cloudtrail.html>).
const EXCLUDABLE: [(&str, &str); 2] = [
    ("kms", "kms.amazonaws.com"),
    ("rds-data", "rdsdata.amazonaws.com"),
];

impl Visibility {
    /// Takes note of one event.
    pub fn add(&mut self, event: &Event<'_>) {
        self.count(event);
        self.note(event);
    }

    /// As [`Self::add`]; what `noted` says was noted here before is not noted again.
    pub fn add_new(&mut self, event: &Event<'_>, noted: &mut Noted) {
        self.count(event);
        if noted.is_new(event) {
            self.note(event);
        }
    }

    fn count(&mut self, event: &Event<'_>) {
        self.events += event.times;
        widen(&mut self.window, Some((event.time, event.last)));
    }

    /// What hangs on no more of the event than [`Noted::is_new`] looks at.
    fn note(&mut self, event: &Event<'_>) {
        note(&mut self.regions, &event.region);
        if is_of_service_itself(event) {
            return;
        }
        if let Some(account) = event.account.as_deref() {
            note(&mut self.accounts, account);
        }
        if is_data(event) {
            self.add_data(event);
            return;
        }
        note(&mut self.sources, &event.source);
        match event.read_only {
            Some(true) => self.management_read = true,
            Some(false) => self.management_write = true,
            None => {}
        }
    }

    fn add_data(&mut self, event: &Event<'_>) {
        for resource in &event.resources {
            let Some(kind) = &resource.kind else { continue };
            match event.read_only {
                Some(true) => note(&mut self.data_read, kind),
                Some(false) => note(&mut self.data_write, kind),
                None => {}
            }
            let containers = match self.data.get_mut(&**kind) {
                Some(known) => known,
                None => self.data.entry(kind.to_string()).or_default(),
            };
            let container = container(&resource.arn);
            if !containers.contains(container) {
                containers.insert(container.to_owned());
                bound(containers);
            }
        }
    }

    /// Takes in another part of the trail.
    pub fn merge(&mut self, other: Self) {
        self.events += other.events;
        widen(&mut self.window, other.window);
        self.regions.extend(other.regions);
        self.accounts.extend(other.accounts);
        self.management_read |= other.management_read;
        self.management_write |= other.management_write;
        self.sources.extend(other.sources);
        for (kind, containers) in other.data {
            let known = self.data.entry(kind).or_default();
            known.extend(containers);
            bound(known);
        }
        self.data_read.extend(other.data_read);
        self.data_write.extend(other.data_write);
        self.selectors = self.selectors.take().or(other.selectors);
    }

    /// How long the trail reaches, in days.
    pub fn days(&self) -> Option<f64> {
        let (first, last) = self.window?;
        Some(last.duration_since(first).as_secs_f64() / 86_400.0)
    }

    /// Whether the use of the action on resources that match `resource` would have shown.
    pub fn sight(&self, service: &Service, action: &Action, resource: &str) -> Sight {
        if let Some(why) = &action.seen.never {
            return Sight::Unseen {
                why: why.clone(),
                switch_on: None,
            };
        }
        if let Some(side) = action.seen.management
            && let Some(unseen) = self.management_unseen(service, side)
        {
            return unseen;
        }
        let reads = matches!(action.level, Level::List | Level::Read);
        for kind in &action.seen.data {
            if !self.data_visible(kind, reads, resource) {
                return Sight::Unseen {
                    why: format!("a data event ({kind}), which this trail does not record here"),
                    switch_on: Some(format!("data events of {kind}")),
                };
            }
        }
        if action.seen.management.is_none() && action.seen.data.is_empty() {
            return Sight::Unseen {
                why: "no CloudTrail event is known for it".to_owned(),
                switch_on: None,
            };
        }
        Sight::Visible
    }

    fn management_unseen(&self, service: &Service, side: Rw) -> Option<Sight> {
        let (read, write) = match &self.selectors {
            Some(selectors) => (selectors.management_read, selectors.management_write),
            None => (self.management_read, self.management_write),
        };
        let unseen = |why: &str, switch_on: &str| {
            Some(Sight::Unseen {
                why: why.to_owned(),
                switch_on: Some(switch_on.to_owned()),
            })
        };
        if matches!(side, Rw::Read | Rw::Both) && !read {
            return unseen(
                "a management event that reads, of which this trail shows none",
                "management events, read",
            );
        }
        if matches!(side, Rw::Write | Rw::Both) && !write {
            return unseen(
                "a management event that writes, of which this trail shows none",
                "management events, write",
            );
        }
        if let Some((_, source)) = EXCLUDABLE.iter().find(|(prefix, _)| *prefix == service.prefix) {
            let left_out = match &self.selectors {
                Some(selectors) => selectors.excluded_sources.contains(*source),
                None => !self.sources.contains(*source),
            };
            if left_out {
                return unseen(
                    &format!("{source} can be left out of a trail, and this one shows no event of it"),
                    &format!("management events of {source}"),
                );
            }
        }
        if service.global && !self.shows_global_events() {
            return unseen(
                "recorded in us-east-1 only, of which this trail shows nothing",
                "a trail of all regions, or one in us-east-1",
            );
        }
        None
    }

    /// Events of global services are recorded in us-east-1 (in the other partitions in a region of
    /// their own), so a trail of another region alone does not show them.
    fn shows_global_events(&self) -> bool {
        const HOMES: [&str; 3] = ["us-east-1", "us-gov-west-1", "cn-northwest-1"];
        const SOURCES: [&str; 4] = [
            "iam.amazonaws.com",
            "cloudfront.amazonaws.com",
            "route53.amazonaws.com",
            "organizations.amazonaws.com",
        ];
        HOMES.iter().any(|home| self.regions.contains(*home))
            || SOURCES.iter().any(|source| self.sources.contains(*source))
    }

    /// Whether data events of the type are recorded for *all* resources that match the pattern.
    fn data_visible(&self, kind: &str, reads: bool, resource: &str) -> bool {
        match &self.selectors {
            Some(selectors) => {
                let side = if reads {
                    &selectors.data_read
                } else {
                    &selectors.data_write
                };
                side.get(kind).is_some_and(|scope| {
                    scope.all
                        || scope
                            .patterns
                            .iter()
                            .any(|covered| pattern::resource_is_subset(resource, covered) == Some(true))
                })
            }
            None => {
                // A trail can record the reads alone, or the writes.
                let side = if reads { &self.data_read } else { &self.data_write };
                side.contains(kind)
                    && self
                        .data
                        .get(kind)
                        .is_some_and(|containers| within_a_container(resource, containers))
            }
        }
    }
}

/// Which events one [`Visibility`] has noted already: nearly every event is like one before it. Of each kind of
/// event 64 bits are kept.
#[derive(Debug, Default)]
pub struct Noted(FxHashSet<u64>);

impl Noted {
    /// So many kinds of events are remembered: as many as a table of 4,096 places holds.
    const MOST: usize = 3584;

    fn is_new(&mut self, event: &Event<'_>) -> bool {
        let mut hasher = FxHasher::default();
        let is_of_service_itself = is_of_service_itself(event);
        (&event.region, is_of_service_itself).hash(&mut hasher);
        if !is_of_service_itself {
            (&event.account, &event.source, event.read_only, event.management).hash(&mut hasher);
            match event.management {
                Some(true) => {}
                Some(false) => {
                    for resource in &event.resources {
                        (&resource.kind, container(&resource.arn)).hash(&mut hasher);
                    }
                }
                // Whether it is one of data hangs on the operation.
                None => return true,
            }
        }
        if self.0.len() >= Self::MOST {
            self.0.clear();
        }
        self.0.insert(hasher.finish())
    }
}

/// Whether a service reports something that it did itself.
fn is_of_service_itself(event: &Event<'_>) -> bool {
    event.caller.principal.kind == PrincipalKind::Service && event.kind != "AwsApiCall"
}

fn is_data(event: &Event<'_>) -> bool {
    event
        .management
        .map_or_else(|| is_data_call(event), |management| !management)
}

/// Records before version 1.07 do not say whether they are data events: the catalog then does. That
/// other services' management events need the action too (`s3:GetObject` to deploy a function) makes
/// this call no management event.
fn is_data_call(event: &Event<'_>) -> bool {
    let action_catalog::EventMapping::Needs {
        service, operation, ..
    } = action_catalog::event(&event.source, &event.name)
    else {
        return false;
    };
    operation
        .needs
        .first()
        .and_then(|need| action_catalog::action(&need.action))
        .is_some_and(|(own, action)| own.prefix == service.prefix && !action.seen.data.is_empty())
}

fn bound(containers: &mut BTreeSet<String>) {
    while containers.len() > MOST_CONTAINERS {
        containers.pop_last();
    }
}

fn note(set: &mut BTreeSet<String>, text: &str) {
    if !set.contains(text) {
        set.insert(text.to_owned());
    }
}

/// Whether all that the pattern matches lies in one of the containers.
fn within_a_container(resource: &str, containers: &BTreeSet<String>) -> bool {
    let Some(parts) = split_pattern(resource) else {
        return false;
    };
    if parts.iter().take(5).any(|part| part.contains(['*', '?'])) {
        return false;
    }
    let own = container(resource);
    !own.contains(['*', '?']) && containers.contains(own)
}

/// The bucket of an object, the table of an index or stream; else the resource itself.
fn container(arn: &str) -> &str {
    let Some([_, _, service, _, _, name]) = split_pattern(arn) else {
        return arn;
    };
    let kept = match service {
        "s3" | "s3express" => before(name, b'/'),
        "dynamodb" => match name.strip_prefix("table/") {
            Some(rest) => name
                .get(.."table/".len() + before(rest, b'/').len())
                .unwrap_or(name),
            None => name,
        },
        "lambda" => match name.strip_prefix("function:") {
            Some(rest) => name
                .get(.."function:".len() + before(rest, b':').len())
                .unwrap_or(name),
            None => name,
        },
        _ => name,
    };
    arn.get(..arn.len() - name.len() + kept.len()).unwrap_or(arn)
}

#[cfg(test)]
#[path = "visibility_tests.rs"]
mod tests;
