//! What earlier questions came to over runs of days that are over: a question that is asked again, a day later,
//! costs that day and not all days anew.
//!
//! ```text
//! answers/FIRST-LAST-DIGEST.ledger   first and last day; what it was made of
//! ```
//! A ledger is made of the evidence of its days as the question takes it ([`Interest`]); the digest is of both, so a
//! ledger of other days, of days that were folded anew, or of another interest has another name and is never met.
//! Runs are aligned to powers of two, as in a segment tree: any window and any part of it is a few of them and a few
//! single days, and tomorrow's nearly the same ones. The newest day is in none: its files are still to come.
//!
//! Nothing rests on them. They are written without the lock, may be missing, and are made anew where they are
//! damaged. Together they take no more room than the segments; those that were not used for longest go first.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeBounds;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;
use xxhash_rust::xxh3::Xxh3;

use super::folder::{Folder, Segment, State};
use super::segment::{Basis, Day, Unusable};
use super::{Question, segment};
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::evidence::Ledger;
use crate::source::seen::locked;

/// A shorter run is read day by day as fast.
const LEAST_DAYS: i32 = 4;
/// No run is longer: years of it are a few.
const MOST_DAYS: i32 = 512;

/// A day of the store: where its evidence lies.
type Parts<'s> = Vec<(&'s Segment, &'s Day)>;
type Damaged = (String, Unusable);

/// Answers of a store to one question.
pub(super) struct Answers<'s> {
    folder: &'s Folder,
    question: &'s Question<'s>,
    /// Of the whole store: a run is of all its days or it is none, so that tomorrow's window has the same ones.
    days: BTreeMap<i32, Parts<'s>>,
    /// What all of them depend on besides the days.
    basis: Vec<u8>,
    /// Bytes that may be kept.
    most: u64,
    used: Mutex<BTreeSet<String>>,
    said: Mutex<Vec<Diagnostic>>,
}

/// What a ledger is put together of.
enum Piece {
    Day(i32),
    /// A run whose ledger is kept under this name.
    Kept(Run, String),
}

/// Days of the store from a first to a last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    first: i32,
    last: i32,
    /// How many days the aligned run has that these are in.
    length: i32,
}

impl<'s> Answers<'s> {
    pub(super) fn new(folder: &'s Folder, state: &'s State, question: &'s Question<'s>) -> Self {
        let mut days: BTreeMap<i32, Parts<'_>> = BTreeMap::new();
        for segment in &state.segments {
            for day in &segment.head.days {
                days.entry(day.day).or_default().push((segment, day));
            }
        }
        let basis = (Basis::own(), question.interest);
        Self {
            folder,
            question,
            days,
            // It is of texts, numbers and flags: that cannot fail.
            basis: postcard::to_allocvec(&basis).unwrap_or_default(),
            most: state.segments.iter().map(|segment| segment.named.bytes).sum(),
            used: Mutex::default(),
            said: Mutex::default(),
        }
    }

    /// The ledgers of the question's parts; and what is to be said of those that were kept.
    pub(super) fn gather(self) -> Result<(Vec<Ledger>, Vec<Diagnostic>), Damaged> {
        let mut parts = Vec::new();
        for part in 0..=self.question.cuts.len() {
            let is_own = |day: &&i32| self.question.holds(**day) && self.question.part(**day) == part;
            let own = self.days.keys().filter(is_own);
            let mut ledger = self.of_days(&own.copied().collect::<Vec<_>>())?;
            ledger.settle();
            parts.push(ledger);
        }
        let used = self.used.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.folder.bound_answers(&used, self.most);
        let mut said = self.said.into_inner().unwrap_or_else(PoisonError::into_inner);
        // Threads meet them in any order.
        said.sort_by(|a, b| a.message.cmp(&b.message));
        Ok((parts, said))
    }

    /// The ledger of days, of which no day that the store has between them is left out.
    fn of_days(&self, days: &[i32]) -> Result<Ledger, Damaged> {
        let mut pieces = Vec::new();
        let mut made = Ledger::default();
        let mut rest = days;
        while let [day, ..] = rest {
            let run = self.longest_from(rest);
            match run {
                None => pieces.push(Piece::Day(*day)),
                Some(run) => match self.kept(run) {
                    Ok(name) => pieces.push(Piece::Kept(run, name)),
                    Err(name) => {
                        let ledger = self.merged(&self.pieces_of(run))?;
                        self.keep(&name, &ledger);
                        made.merge(ledger);
                    }
                },
            }
            let last = run.map_or(*day, |run| run.last);
            rest = rest
                .get(rest.partition_point(|day| *day <= last)..)
                .unwrap_or_default();
        }
        made.merge(self.merged(&pieces)?);
        Ok(made)
    }

    /// The longest aligned run of days that are over, whose first is the first of these and which has no others.
    fn longest_from(&self, days: &[i32]) -> Option<Run> {
        let (first, last) = (*days.first()?, *days.last()?);
        let (newest, _) = self.days.last_key_value()?;
        let lengths = std::iter::successors(Some(MOST_DAYS), |length| Some(length / 2));
        let mut runs = lengths
            .take_while(|length| *length >= LEAST_DAYS)
            .filter_map(|length| self.run(first.div_euclid(length) * length, length));
        runs.find(|run| run.first == first && run.last <= last && run.last < *newest)
    }

    /// The days of the store in an aligned run; `None` where they are fewer than two.
    fn run(&self, start: i32, length: i32) -> Option<Run> {
        let mut own = self.days.range(start..start.checked_add(length)?);
        let (first, _) = own.next()?;
        let (last, _) = own.next_back()?;
        Some(Run {
            first: *first,
            last: *last,
            length,
        })
    }

    /// The name under which the run's ledger is kept; as an error where it is not.
    fn kept(&self, run: Run) -> Result<String, String> {
        let name = self.name(run);
        match self.folder.has_answer(&name) {
            true => Ok(name),
            false => Err(name),
        }
    }

    fn name(&self, run: Run) -> String {
        let mut digest = Xxh3::new();
        digest.update(&self.basis);
        for (day, parts) in self.days.range(run.first..=run.last) {
            for (segment, own) in parts {
                digest.update(&day.to_le_bytes());
                own.fingerprint()
                    .iter()
                    .for_each(|number| digest.update(&number.to_le_bytes()));
                for key in &segment.head.keys {
                    digest.update(key.as_bytes());
                    digest.update(b"\n");
                }
            }
        }
        format!("{}-{}-{:032x}.ledger", run.first, run.last, digest.digest128())
    }

    /// What a run can be put together of: the longest runs in it that are kept, and days.
    fn pieces_of(&self, run: Run) -> Vec<Piece> {
        let half = run.length / 2;
        if half < LEAST_DAYS {
            return self.singly(run.first..=run.last);
        }
        let start = run.first.div_euclid(run.length) * run.length;
        let of_half = |start: i32| match self.run(start, half) {
            None => self.singly(start..start.saturating_add(half)),
            Some(own) => match self.kept(own) {
                Ok(name) => vec![Piece::Kept(own, name)],
                Err(_) => self.pieces_of(own),
            },
        };
        let mut pieces = of_half(start);
        pieces.extend(of_half(start + half));
        pieces
    }

    fn singly(&self, days: impl RangeBounds<i32>) -> Vec<Piece> {
        self.days.range(days).map(|(day, _)| Piece::Day(*day)).collect()
    }

    fn merged(&self, pieces: &[Piece]) -> Result<Ledger, Damaged> {
        let read = |mut all: Ledger, piece: &Piece| {
            match piece {
                Piece::Day(day) => self.add_day(*day, &mut all)?,
                Piece::Kept(run, name) => match self.read(name) {
                    Some(ledger) => all.merge(ledger),
                    None => {
                        let mut days = self.days.range(run.first..=run.last);
                        days.try_for_each(|(day, _)| self.add_day(*day, &mut all))?;
                    }
                },
            }
            Ok(all)
        };
        let merge = |mut all: Ledger, more: Ledger| {
            all.merge(more);
            Ok(all)
        };
        let folded = pieces.par_iter().try_fold(Ledger::default, read);
        folded.try_reduce(Ledger::default, merge)
    }

    fn add_day(&self, day: i32, into: &mut Ledger) -> Result<(), Damaged> {
        for (segment, own) in self.days.get(&day).into_iter().flatten() {
            let evidence = segment
                .evidence(own)
                .map_err(|why| (segment.named.file.clone(), why))?;
            into.merge(evidence.into_ledger(self.question.interest, &segment.head.keys));
        }
        Ok(())
    }

    /// A ledger that is kept; `None` where it cannot be used, which is said.
    fn read(&self, name: &str) -> Option<Ledger> {
        match self.folder.answer(name) {
            Ok(ledger) => {
                locked(&self.used).insert(name.to_owned());
                Some(ledger)
            }
            // Another run had no room for it.
            Err(Unusable::Gone) => None,
            Err(why) => {
                let message = format!("answers/{name}: {why}; it was put together again from the segments");
                let place = Place::file(self.folder.name());
                locked(&self.said).push(Diagnostic::warning(Code::EvidenceStore, message).at(place));
                self.folder.remove_answer(name);
                None
            }
        }
    }

    /// Keeps a ledger; where that cannot be done the next question makes it again.
    fn keep(&self, name: &str, ledger: &Ledger) {
        let kept = segment::sealed(ledger).and_then(|(bytes, _)| self.folder.keep_answer(name, &bytes));
        if kept.is_ok() {
            locked(&self.used).insert(name.to_owned());
        }
    }
}
