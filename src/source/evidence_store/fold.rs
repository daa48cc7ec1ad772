//! Reads objects and folds them by day, each event once over all that the store holds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::folder::{Segment, State};
use super::plan::{Reports, name_of};
use super::segment::{Folded, Object, Said, Unusable};
use super::{Store, Trouble};
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::evidence::{Interest, Whose, day_of};
use crate::require::Mapper;
use crate::source::files::read_listed;
use crate::source::list::Listed;
use crate::source::seen::{Ids, key, locked};
use crate::trail::{Event, Reader, Scratch};

/// Where and how to read.
pub(super) struct Source<'s> {
    pub(super) stores: &'s [&'s dyn Store],
    pub(super) threads: usize,
    pub(super) keys: &'s BTreeSet<String>,
}

/// What becomes a segment.
pub(super) struct Batch {
    pub(super) objects: Vec<Object>,
    pub(super) days: BTreeMap<i32, Folded>,
}

/// The ids of a day: those in segments, sorted, and those that are read now.
#[derive(Default)]
struct DayIds {
    stored: Vec<u128>,
    fresh: Ids,
}

/// The ids of the days that were met, looked up once each.
struct Known<'s> {
    segments: &'s [Segment],
    days: Mutex<BTreeMap<i32, Arc<DayIds>>>,
    trouble: Mutex<Option<(String, Unusable)>>,
}

/// A day while it is read.
struct Reading {
    ids: Arc<DayIds>,
    folded: Folded,
}

/// Days that are read, and what reads their events.
#[derive(Default)]
struct Days {
    reader: Reader,
    mapper: Mapper,
    days: BTreeMap<i32, Reading>,
}

impl Known<'_> {
    fn of(&self, day: i32) -> Arc<DayIds> {
        let mut days = locked(&self.days);
        if let Some(known) = days.get(&day) {
            return Arc::clone(known);
        }
        let mut ids = DayIds::default();
        for segment in self.segments {
            for own in segment.head.days.iter().filter(|own| own.day == day) {
                match segment.ids(own) {
                    Ok(more) => ids.stored.extend(more),
                    Err(why) => {
                        locked(&self.trouble).get_or_insert((segment.named.file.clone(), why));
                    }
                }
            }
        }
        ids.stored.sort_unstable();
        let ids = Arc::new(ids);
        days.insert(day, Arc::clone(&ids));
        ids
    }
}

impl Reading {
    fn take(&mut self, event: &Event<'_>, mapper: &mut Mapper, interest: &Interest) {
        let evidence = &mut self.folded.evidence;
        evidence.observe(event);
        let Some(id) = event.id.as_deref().map(key) else {
            evidence.add(event, &mapper.map(event), interest);
            return;
        };
        if self.ids.stored.binary_search(&id).is_ok() {
            self.folded.borrowed += 1;
            evidence.add_duplicate(event);
        } else if self.ids.fresh.insert_key(id) {
            self.folded.ids.push(id);
            evidence.add(event, &mapper.map(event), interest);
        } else {
            evidence.add_duplicate(event);
        }
    }
}

/// Reads files that no segment holds.
pub(super) fn fold(
    files: &[Listed],
    state: &State,
    source: &Source<'_>,
    reports: &mut Reports,
) -> Result<Batch, Trouble> {
    let interest = Interest {
        whose: Whose::Everybody,
        condition_keys: source.keys.clone(),
        by_day: true,
        circumstances: true,
        callers: true,
    };
    let known = Known {
        segments: &state.segments,
        days: Mutex::default(),
        trouble: Mutex::default(),
    };
    let mut objects = Vec::new();
    let mut broken_off = Vec::new();
    let days = read_listed(
        files,
        source.stores,
        source.threads,
        Days::default,
        |all: &mut Days, record| {
            let mut scratch = Scratch::default();
            let event = all.reader.read(record.text, &mut scratch)?;
            let day = day_of(event.time);
            let reading = all.days.entry(day).or_insert_with(|| Reading {
                ids: known.of(day),
                folded: Folded::default(),
            });
            reading.take(&event, &mut all.mapper, &interest);
            Ok(())
        },
        |all, more| {
            more.days
                .into_iter()
                .for_each(|(day, reading)| merge(&mut all.days, day, reading))
        },
        |file, report| {
            let unread = report
                .diagnostics
                .iter()
                .any(|said| said.code == Code::UnreadableFile);
            // What could not be opened is tried again next time. What broke off halfway must not be kept in part.
            match (report.counts.files > 0 || report.counts.passed_over > 0, unread) {
                (true, true) => broken_off.extend(report.diagnostics.iter().cloned()),
                (true, false) => objects.push(Object {
                    name: name_of(file),
                    size: file.size,
                    version: file.version(),
                    counts: report.counts,
                    said: report.diagnostics.iter().map(Said::of).collect(),
                }),
                (false, _) => {}
            }
            reports.add(file, report);
        },
    );
    if let Some(trouble) = known.trouble.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(trouble.into());
    }
    if !broken_off.is_empty() {
        return Err(Trouble::Failed(broken_off));
    }
    let days = days
        .days
        .into_iter()
        .map(|(day, reading)| (day, reading.folded))
        .collect();
    Ok(Batch { objects, days })
}

fn merge(all: &mut BTreeMap<i32, Reading>, day: i32, more: Reading) {
    match all.get_mut(&day) {
        Some(known) => known.folded.merge(more.folded),
        None => {
            all.insert(day, more);
        }
    }
}

impl Folded {
    fn merge(&mut self, more: Self) {
        self.ids.extend(more.ids);
        self.borrowed += more.borrowed;
        self.evidence.merge(more.evidence);
    }
}

/// What several segments hold, put together day by day: memory holds one day of each.
pub(super) fn together(
    segments: &[Segment],
) -> (
    Vec<Object>,
    impl Iterator<Item = Result<(i32, Folded), Trouble>> + '_,
) {
    let objects = segments.iter().flat_map(|segment| &segment.head.objects);
    let mut objects: Vec<Object> = objects.cloned().collect();
    objects.sort_by(|a, b| a.name.cmp(&b.name));
    let days = segments.iter().flat_map(|segment| &segment.head.days);
    let days: BTreeSet<i32> = days.map(|own| own.day).collect();
    let of_day = move |day: i32| {
        let mut all = Folded::default();
        for segment in segments {
            for own in segment.head.days.iter().filter(|own| own.day == day) {
                let read = || {
                    Ok(Folded {
                        ids: segment.ids(own)?,
                        borrowed: own.borrowed,
                        evidence: segment.evidence(own)?,
                    })
                };
                all.merge(read().map_err(|why: Unusable| (segment.named.file.clone(), why))?);
            }
        }
        Ok((day, all))
    };
    (objects, days.into_iter().map(of_day))
}

/// What is said of a file that is gone and is needed.
pub(super) fn gone(name: &str, because: &str) -> Diagnostic {
    let why = format!("it is needed ({because}), and it is no longer there");
    let said = Diagnostic::error(Code::EvidenceStore, why).at(Place::file(name));
    said.help("bring it back, or name a new folder for the store, which then holds what is still there")
}
