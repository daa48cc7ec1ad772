//! Evidence kept between runs: `--store DIR`. Tomorrow's run reads tomorrow's files, and folds them into what
//! is there.
//!
//! A store *is* a trail: all that was ever given to it. A question is answered from all of it, within a window
//! of whole days (UTC), whether the files still exist or not. The format is in [`folder`] and [`segment`].
//!
//! - An object (a file, an object in a bucket) is known by its name, size and time of change or ETag. One that
//!   changed in place is folded anew, with all that was folded beside it.
//! - Each event counts once, in whichever objects and runs its copies are: the ids of a day are kept, 16 bytes
//!   each (they are random, and no smaller in any other form). An id counts within its day (UTC), as it does in
//!   a plain read: copies of an event have its time.
//! - Evidence is kept of everybody, with the condition keys that any question has asked for so far. One that
//!   asks for more has the window's objects read again where they still are; where they are not, the key is
//!   unknown of these events, which is said.
//! - What was folded by another version of the program or another catalog is folded anew.
//! - What a question came to over days that are over is kept too ([`answers`]): asked again it costs the new days.
//! - Damage is named. Where all objects concerned are still there they are read again, else nothing is
//!   answered: a part of a trail shows nothing unused.

mod answers;
mod fold;
pub mod folder;
mod plan;
pub mod segment;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use self::answers::Answers;
use self::fold::{Source, fold};
use self::folder::{Folder, Segment, State};
use self::plan::{Plan, Reports};
use super::list::{Listing, list};
use super::{ReadReport, Store, Window};
use crate::diagnostic::{Code, Diagnostic};
use crate::evidence::{Interest, Ledger, day_of};

/// What is asked of a store.
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    /// Of whom, and with which condition keys.
    pub interest: &'q Interest,
    /// Held to whole days: from the day of its beginning, until the end of the day of its end.
    pub window: Window,
    /// Where to cut it (sorted): at the beginning of the day.
    pub cuts: &'q [Timestamp],
    /// Threads to read with; 0 for as many as the machine has.
    pub threads: usize,
}

/// What a store answers.
#[derive(Debug)]
pub struct Answer {
    /// One more than there are cuts.
    pub parts: Vec<Ledger>,
    /// Of everything that the store holds.
    pub read: ReadReport,
    /// The first and the last event of the window.
    pub span: Option<(Timestamp, Timestamp)>,
    /// What is to be said of the store.
    pub said: Vec<Diagnostic>,
}

/// A folder that keeps evidence.
#[derive(Debug, Clone)]
pub struct EvidenceStore {
    folder: Folder,
}

/// So many bytes, as they lie in files, make a segment: it is held in memory until it is written, some ten times
/// as large.
const SEGMENT_BYTES: u64 = 32 << 20;
/// More segments than these are put together,
const MOST_SEGMENTS: usize = 24;
/// so many at a time.
const TOGETHER: usize = 16;

impl EvidenceStore {
    /// The store in a folder; it need not exist yet.
    pub fn at(folder: &Path) -> Self {
        Self {
            folder: Folder::new(folder),
        }
    }

    /// Reads what of the inputs is not in the store yet, keeps it, and answers from all that the store holds.
    ///
    /// # Errors
    /// Why there is no answer: the store cannot be read or written, or part of what it must rest on is lost.
    pub fn answer(
        &self,
        inputs: &[PathBuf],
        stores: &[&dyn Store],
        question: &Question<'_>,
    ) -> Result<Answer, Vec<Diagnostic>> {
        let mut listing = list(inputs);
        listing.add_stores(stores);
        let mut said = Vec::new();
        let mut found = Found::default();
        // A writer may remove segments under a reader; damage is found when a part is read.
        loop {
            let updated = self.update(&listing, stores, question, &found.damaged);
            let (state, reports, more) = match updated {
                Ok(updated) => updated,
                Err(Trouble::Damaged(file, why)) => {
                    self.note_damage(&mut found, &mut said, file, &why)?;
                    continue;
                }
                Err(Trouble::Failed(why)) => return Err(why),
            };
            match Answers::new(&self.folder, &state, question).gather() {
                Ok((parts, of_answers)) => {
                    said.extend(more.into_iter().chain(of_answers));
                    return Ok(Answer {
                        parts,
                        read: reports.finish(&listing, &self.folder.name(), stores),
                        span: span(&state, question),
                        said,
                    });
                }
                Err((file, why)) => self.note_damage(&mut found, &mut said, file, &why)?,
            }
        }
    }

    /// The first and the last event of the question's window, once the inputs are in the store.
    ///
    /// # Errors
    /// As [`Self::answer`].
    pub fn span(
        &self,
        inputs: &[PathBuf],
        question: &Question<'_>,
    ) -> Result<Option<(Timestamp, Timestamp)>, Vec<Diagnostic>> {
        let listing = list(inputs);
        let mut found = Found::default();
        loop {
            match self.update(&listing, &[], question, &found.damaged) {
                Ok((state, ..)) => return Ok(span(&state, question)),
                Err(Trouble::Failed(why)) => return Err(why),
                Err(Trouble::Damaged(file, why)) => {
                    self.note_damage(&mut found, &mut Vec::new(), file, &why)?;
                }
            }
        }
    }

    /// What is damaged is read again, once, where that can be done. What is gone was replaced by another run.
    fn note_damage(
        &self,
        found: &mut Found,
        said: &mut Vec<Diagnostic>,
        file: String,
        why: &segment::Unusable,
    ) -> Result<(), Vec<Diagnostic>> {
        if *why == segment::Unusable::Gone && found.gone < MOST_GONE {
            found.gone += 1;
            return Ok(());
        }
        if !matches!(why, segment::Unusable::Damaged(_)) || found.damaged.contains(&file) {
            return Err(vec![*self.folder.lost(&file, why)]);
        }
        let message = format!("{file}: {why}; what it held was read again");
        said.push(Diagnostic::warning(Code::EvidenceStore, message).at(self.place()));
        found.damaged.insert(file);
        Ok(())
    }

    fn place(&self) -> crate::diagnostic::Place {
        crate::diagnostic::Place::file(self.folder.name())
    }

    /// Brings the store up to date.
    fn update(
        &self,
        listing: &Listing,
        stores: &[&dyn Store],
        question: &Question<'_>,
        damaged: &BTreeSet<String>,
    ) -> Result<(State, Reports, Vec<Diagnostic>), Trouble> {
        let plan_of = |state: &State| Plan::of(state, listing, question, damaged, &self.folder);
        let state = self.folder.state()?;
        let plan = plan_of(&state)?;
        if plan.is_empty() {
            return Ok((state, plan.reports, plan.said));
        }
        // Somebody else may have read it meanwhile: what there is to do is asked again under the lock.
        let _lock = self.folder.lock()?;
        let mut state = self.folder.state()?;
        let mut plan = plan_of(&state)?;
        let keys = plan.keys(&state, question);
        state
            .segments
            .retain(|segment| !plan.stale.contains(&segment.named.file));
        // What replaces something is committed with it; what is new is kept as soon as it is read.
        let at_once = plan.stale.is_empty();
        let todo = std::mem::take(&mut plan.todo);
        for files in chunks(&todo) {
            let source = Source {
                stores,
                threads: question.threads,
                keys: &keys,
            };
            let folded = fold(files, &state, &source, &mut plan.reports)?;
            if folded.objects.is_empty() {
                continue;
            }
            let generation = state.manifest.generation + 1;
            let segment = self.folder.write(
                generation,
                keys.clone(),
                folded.objects,
                folded.days.into_iter().map(Ok),
            )?;
            state.segments.push(segment);
            if at_once {
                self.folder.commit(&mut state)?;
            }
        }
        if !at_once {
            self.folder.commit(&mut state)?;
        }
        self.put_together(&mut state)?;
        let cut_short: Vec<Diagnostic> = stores.iter().filter_map(|store| store.cut_short()).collect();
        match cut_short.is_empty() {
            true => Ok((state, plan.reports, plan.said)),
            false => Err(Trouble::Failed(cut_short)),
        }
    }

    /// Puts the smallest segments together where there are many.
    fn put_together(&self, state: &mut State) -> Result<(), Trouble> {
        while state.segments.len() > MOST_SEGMENTS {
            let mut by_size: Vec<usize> = (0..state.segments.len()).collect();
            by_size.sort_by_key(|at| state.segments.get(*at).map(|segment| segment.named.bytes));
            let Some(first) = by_size.first().and_then(|at| state.segments.get(*at)) else {
                return Ok(());
            };
            let like = (first.head.basis.clone(), first.head.keys.clone());
            let alike = |at: &usize| {
                let segment = state.segments.get(*at);
                segment.is_some_and(|own| (&own.head.basis, &own.head.keys) == (&like.0, &like.1))
            };
            let chosen: BTreeSet<usize> = by_size.into_iter().filter(alike).take(TOGETHER).collect();
            if chosen.len() < 2 {
                return Ok(());
            }
            let (some, others): (Vec<_>, Vec<_>) = std::mem::take(&mut state.segments)
                .into_iter()
                .enumerate()
                .partition(|(at, _)| chosen.contains(at));
            let some: Vec<Segment> = some.into_iter().map(|(_, segment)| segment).collect();
            state.segments = others.into_iter().map(|(_, segment)| segment).collect();
            let (objects, days) = fold::together(&some);
            let generation = state.manifest.generation + 1;
            let segment = self.folder.write(generation, like.1, objects, days)?;
            state.segments.push(segment);
            self.folder.commit(state)?;
        }
        Ok(())
    }
}

/// What was found wrong while a question is answered.
#[derive(Default)]
struct Found {
    damaged: BTreeSet<String>,
    /// How often a segment was gone.
    gone: usize,
}

/// So often in one answer another run may replace what is being read.
const MOST_GONE: usize = 8;

/// Why a store was not brought up to date.
enum Trouble {
    /// This segment is not what was written: it can be tried without it.
    Damaged(String, segment::Unusable),
    Failed(Vec<Diagnostic>),
}

impl From<Box<Diagnostic>> for Trouble {
    fn from(why: Box<Diagnostic>) -> Self {
        Self::Failed(vec![*why])
    }
}

impl From<Vec<Diagnostic>> for Trouble {
    fn from(why: Vec<Diagnostic>) -> Self {
        Self::Failed(why)
    }
}

impl From<(String, segment::Unusable)> for Trouble {
    fn from((file, why): (String, segment::Unusable)) -> Self {
        Self::Damaged(file, why)
    }
}

impl Question<'_> {
    /// Whether the window begins, ends and is cut at midnight (UTC).
    pub fn whole_days(&self) -> bool {
        let ends = [self.window.from, self.window.until];
        let midnight = |time: &Timestamp| time.as_nanosecond().rem_euclid(86_400_000_000_000) == 0;
        ends.iter().flatten().chain(self.cuts).all(midnight)
    }

    /// Whether a day is within the window.
    fn holds(&self, day: i32) -> bool {
        let until = self
            .window
            .until
            .and_then(|until| until.checked_sub(jiff::SignedDuration::from_nanos(1)).ok());
        self.window.from.is_none_or(|from| day >= day_of(from))
            && until.is_none_or(|last| day <= day_of(last))
    }

    /// Which part a day is of.
    fn part(&self, day: i32) -> usize {
        self.cuts.partition_point(|cut| day_of(*cut) <= day)
    }
}

/// Files in groups of which each becomes a segment.
fn chunks(files: &[super::list::Listed]) -> Vec<&[super::list::Listed]> {
    let mut chunks = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (at, file) in files.iter().enumerate() {
        if at > start && bytes + file.size > SEGMENT_BYTES {
            chunks.extend(files.get(start..at));
            (start, bytes) = (at, 0);
        }
        bytes += file.size;
    }
    chunks.extend(files.get(start..).filter(|rest| !rest.is_empty()));
    chunks
}

/// The first and the last event of the window.
fn span(state: &State, question: &Question<'_>) -> Option<(Timestamp, Timestamp)> {
    let days = state.segments.iter().flat_map(|segment| &segment.head.days);
    let windows = days
        .filter(|day| question.holds(day.day))
        .filter_map(|day| day.window);
    windows.reduce(|(first, last), (from, to)| (first.min(from), last.max(to)))
}
