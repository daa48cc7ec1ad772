//! Reads trails into a ledger.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use rustc_hash::FxHashMap;

use super::files::fold;
use super::layout::Scope;
use super::list::{Listed, Listing, list};
use super::seen::{Ids, locked};
use super::store::Store;
use super::stream::Taker;
use super::{ReadReport, RecordText};
use crate::diagnostic::{Code, Diagnostic};
use crate::evidence::{Entry, Interest, Ledger, Noted, PrincipalKey};
use crate::require::Mapper;
use crate::trail::{Caller, Event, NotAnEvent, Principal, Reader, Scratch};

/// Which events count: from (inclusive), until (exclusive).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// Nothing before.
    pub from: Option<Timestamp>,
    /// Nothing at or after.
    pub until: Option<Timestamp>,
}

impl Window {
    /// Whether an event of this time counts.
    pub fn holds(&self, time: Timestamp) -> bool {
        self.from.is_none_or(|from| time >= from) && self.until.is_none_or(|until| time < until)
    }
}

/// Reads every record of `paths` (files, folders, `-`) into a ledger, with `threads` threads (0: as
/// many as the machine has). Each event of those who are of interest counts once, however often it
/// is there.
pub fn read_ledger(paths: &[PathBuf], threads: usize, interest: &Interest) -> (Ledger, ReadReport) {
    read_ledgers(paths, &[], threads, interest, Window::default())
}

/// As [`read_ledger`], with what lies in stores besides, and of a window only.
pub fn read_ledgers(
    paths: &[PathBuf],
    stores: &[&dyn Store],
    threads: usize,
    interest: &Interest,
    window: Window,
) -> (Ledger, ReadReport) {
    let (mut parts, report) = read_parts(paths, stores, threads, interest, window, &[]);
    (parts.pop().unwrap_or_default(), report)
}

/// Files, listed once: what is asked of a trail first and what is read of it then are the same files.
#[derive(Debug, Clone)]
pub struct Files(Listing);

impl Files {
    /// The files of `paths`: files, folders, `-`. What cannot be looked at is said when they are read.
    pub fn list(paths: &[PathBuf]) -> Self {
        Self(list(paths))
    }
}

/// The first and the last event of a window; `None` where there is none. What is wrong with the files is not
/// said here: reading them says it.
///
/// Where paths tell days, only files of the first two and the last two are looked into: an event is delivered
/// minutes after it happened, at times on the day after. Where the paths tell that the window reaches over
/// fewer than `least_days` days, nothing is read and there is no answer.
pub fn read_window(
    files: &Files,
    threads: usize,
    window: Window,
    least_days: i64,
) -> Option<(Timestamp, Timestamp)> {
    let scope = Scope {
        window,
        ..Scope::default()
    };
    let is_short = |(first, last)| i64::from(last - first) + 1 + i64::from(DELIVERY_DAYS) < least_days;
    if files.0.days_of(&scope).is_some_and(is_short) {
        return None;
    }
    let mut listing = files.0.clone();
    listing.narrow(&scope);
    listing.keep_ends(DELIVERY_DAYS);
    let new = || Ends {
        reader: Reader::new(),
        window,
        found: None,
    };
    let (parts, _) = fold(listing, &[], threads, new, |_| {});
    parts
        .into_iter()
        .filter_map(|ends| ends.found)
        .reduce(|(first, last), (from, to)| (first.min(from), last.max(to)))
}

/// A day's file may hold events of so many days before it.
const DELIVERY_DAYS: i32 = 1;

/// Looks for the first and the last event.
struct Ends {
    reader: Reader,
    window: Window,
    found: Option<(Timestamp, Timestamp)>,
}

impl Ends {
    fn take(&mut self, event: &Event<'_>) {
        if self.window.holds(event.time) {
            let (from, to) = self.found.unwrap_or((event.time, event.last));
            self.found = Some((from.min(event.time), to.max(event.last)));
        }
    }
}

impl Taker for Ends {
    fn record(&mut self, record: &RecordText<'_>) -> Result<(), NotAnEvent> {
        let mut scratch = Scratch::default();
        let event = self.reader.read(record.text, &mut scratch)?;
        self.take(&event);
        Ok(())
    }

    fn walk(&mut self, text: &str, at: usize, _: u64, _: &str) -> Option<(usize, Result<(), NotAnEvent>)> {
        // An event is large: it stays where the walk puts it.
        let walked = self.reader.walk(text, at);
        let (end, event) = walked.as_ref()?;
        let own = text.as_bytes().get(at..*end).unwrap_or_default();
        let read = taken(event.as_ref(), own, |event| self.take(event));
        Some((*end, read))
    }
}

/// Takes the event that the walk found in the text, or what it could not read there.
fn taken(walked: Option<&Event<'_>>, text: &[u8], take: impl FnOnce(&Event<'_>)) -> Result<(), NotAnEvent> {
    if let Some(event) = walked {
        take(event);
        return Ok(());
    }
    let mut scratch = Scratch::default();
    take(&Event::parse(text, &mut scratch)?);
    Ok(())
}

/// As [`read_ledgers`], with a ledger of its own for each part of the window between `cuts` (sorted): an
/// event at the very time of a cut is of the later part. There is one ledger more than there are cuts.
pub fn read_parts(
    paths: &[PathBuf],
    stores: &[&dyn Store],
    threads: usize,
    interest: &Interest,
    window: Window,
    cuts: &[Timestamp],
) -> (Vec<Ledger>, ReadReport) {
    let scope = Scope {
        window,
        ..Scope::default()
    };
    read_scope(Files::list(paths), stores, threads, interest, &scope, cuts)
}

/// As [`read_parts`], of some regions or one account only, as far as the paths of files tell them.
pub fn read_scope(
    files: Files,
    stores: &[&dyn Store],
    threads: usize,
    interest: &Interest,
    scope: &Scope,
    cuts: &[Timestamp],
) -> (Vec<Ledger>, ReadReport) {
    let Files(mut listing) = files;
    listing.narrow(scope);
    listing.add_stores(stores);
    read_listing(listing, stores, threads, (interest, scope.window, cuts), MOST_IDS)
}

/// `most_ids`: beyond so many, the ids of days of which no more files come are forgotten.
fn read_listing(
    listing: Listing,
    stores: &[&dyn Store],
    threads: usize,
    (interest, window, cuts): (&Interest, Window, &[Timestamp]),
    most_ids: usize,
) -> (Vec<Ledger>, ReadReport) {
    let seen = Ids::new();
    let shared: Vec<Shared> = (0..=cuts.len()).map(|_| Shared::default()).collect();
    let new = || Fold {
        reader: Reader::new(),
        interest,
        window,
        cuts,
        seen: &seen,
        shared: &shared,
        dated: false,
        ledgers: (0..=cuts.len()).map(|_| Default::default()).collect(),
        known: FxHashMap::default(),
        mapper: Mapper::default(),
    };
    let (folds, mut report) = fold(listing, stores, threads, new, |rest| {
        if let Some(day) = rest
            && seen.len() > most_ids
        {
            seen.forget_before(day - DELIVERY_DAYS);
        }
    });
    if seen.late() > 0 {
        report.diagnostics.push(late(seen.late()));
    }
    let mut all = vec![Ledger::default(); cuts.len() + 1];
    for mut fold in folds {
        fold.settle();
        all.iter_mut()
            .zip(fold.ledgers)
            .for_each(|(all, (more, _))| all.merge(more));
    }
    for (ledger, shared) in all.iter_mut().zip(shared) {
        ledger.entries = shared.into_entries();
        ledger.settle();
    }
    (all, report)
}

/// Evidence by principal, which all threads add to: a copy for each of them would take its memory as often.
#[derive(Default)]
struct Shared(Mutex<FxHashMap<PrincipalKey, Arc<Mutex<Entry>>>>);

impl Shared {
    fn of(&self, principal: &Principal) -> Arc<Mutex<Entry>> {
        let mut all = locked(&self.0);
        let entry = all
            .entry(PrincipalKey::of(principal))
            .or_insert_with(|| Arc::new(Mutex::new(Entry::new(principal))));
        Arc::clone(entry)
    }

    fn into_entries(self) -> BTreeMap<PrincipalKey, Entry> {
        let owned = |entry: Arc<Mutex<Entry>>| match Arc::try_unwrap(entry) {
            Ok(entry) => Mutex::into_inner(entry).unwrap_or_else(PoisonError::into_inner),
            Err(held) => locked(&held).clone(),
        };
        let all = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        all.into_iter().map(|(key, entry)| (key, owned(entry))).collect()
    }
}

/// So many ids are kept whatever their days, some 14 bytes each; beyond, those of days of which no more
/// files come are forgotten.
const MOST_IDS: usize = 500_000;

fn late(events: u64) -> Diagnostic {
    let why = format!(
        "{events} events were delivered more than a day after they happened: where a file of their own day holds a copy, it counts twice"
    );
    Diagnostic::note(Code::LateDelivery, why)
        .help("ids are kept for all days of a trail as long as they are at most half a million; read less at once with --since and --until")
}

/// Folds records into ledgers, on one thread.
struct Fold<'r> {
    reader: Reader,
    interest: &'r Interest,
    window: Window,
    cuts: &'r [Timestamp],
    seen: &'r Ids,
    /// Of each part.
    shared: &'r [Shared],
    /// Whether the path of the file being read tells its day.
    dated: bool,
    /// Of each part, with what its visibility has noted.
    ledgers: Vec<(Ledger, Noted)>,
    /// Callers, by where the reader keeps them.
    known: FxHashMap<usize, Known>,
    mapper: Mapper,
}

/// What need not be asked again of a caller.
struct Known {
    /// Holds the place by which it is known.
    caller: Arc<Caller>,
    wanted: bool,
    parts: Vec<KnownPart>,
}

/// A caller in one part of the window.
#[derive(Default, Clone)]
struct KnownPart {
    /// Events that are still to be counted.
    events: u64,
    /// What its events are added to, once there was one.
    entry: Option<Arc<Mutex<Entry>>>,
}

/// So many callers are known at once: as many as a table of 1,024 places holds.
const MOST_KNOWN: usize = 896;

impl Fold<'_> {
    fn take(&mut self, event: &Event<'_>) {
        if !self.window.holds(event.time) {
            return;
        }
        let part = self.cuts.partition_point(|cut| *cut <= event.time);
        let Some((ledger, noted)) = self.ledgers.get_mut(part) else {
            return;
        };
        let place = Arc::as_ptr(&event.caller).addr();
        let known = self.known.entry(place).or_insert_with(|| Known {
            wanted: self.interest.wants(&event.caller.principal),
            parts: vec![KnownPart::default(); self.cuts.len() + 1],
            caller: Arc::clone(&event.caller),
        });
        let Some(own) = known.parts.get_mut(part) else {
            return;
        };
        own.events += event.times;
        ledger.observe_of_counted(event, noted);
        if known.wanted {
            let is_new = |id: &str| match self.dated {
                true => self.seen.insert_within(id, event.time),
                false => self.seen.insert_on(id, event.time),
            };
            if event.id.as_deref().is_none_or(is_new) {
                let mapped = self.mapper.map(event);
                ledger.count_mapped(event, &mapped, self.interest);
                if Entry::is_kept_of(&known.caller.principal)
                    && let Some(shared) = self.shared.get(part)
                {
                    let entry = own
                        .entry
                        .get_or_insert_with(|| shared.of(&known.caller.principal));
                    locked(entry).add(event, &mapped, self.interest);
                }
            } else {
                ledger.duplicates += 1;
            }
        }
        if self.known.len() >= MOST_KNOWN {
            self.settle();
        }
    }

    /// Counts what is still to be counted.
    fn settle(&mut self) {
        for (_, known) in self.known.drain() {
            for ((ledger, _), own) in self.ledgers.iter_mut().zip(&known.parts) {
                if own.events > 0 {
                    ledger.count(&known.caller.principal, own.events);
                }
            }
        }
    }
}

impl Taker for Fold<'_> {
    fn begin(&mut self, file: &Listed) {
        self.dated = file.day.is_some();
    }

    fn record(&mut self, record: &RecordText<'_>) -> Result<(), NotAnEvent> {
        let mut scratch = Scratch::default();
        // The event borrows neither from the reader nor from this.
        let event = self.reader.read(record.text, &mut scratch)?;
        self.take(&event);
        Ok(())
    }

    fn walk(&mut self, text: &str, at: usize, _: u64, _: &str) -> Option<(usize, Result<(), NotAnEvent>)> {
        // An event is large: it stays where the walk puts it.
        let walked = self.reader.walk(text, at);
        let (end, event) = walked.as_ref()?;
        let own = text.as_bytes().get(at..*end).unwrap_or_default();
        let read = taken(event.as_ref(), own, |event| self.take(event));
        Some((*end, read))
    }
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
