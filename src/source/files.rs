//! Reads trails from files, folders and standard input, on several threads.
//!
//! The result does not depend on the threads or on the order of the inputs: files are read in
//! batches that are cut by path alone, each into an accumulator of its own, and those are merged in
//! the order of the paths; or, where the order of merging does not matter either, into one accumulator a
//! thread. Memory holds the accumulators, and of each file being read its text (of a large one: a chunk
//! and a record).

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Mutex;

use rayon::prelude::*;

use super::list::{Listed, Listing, list};
use super::progress::READING;
use super::report::{Counts, InputCounts, ReadReport, RunNotes};
use super::store::Store;
use super::stream::{Buffers, Closure, FileReport, Taker, read_file};
use crate::diagnostic::{Code, Diagnostic, Place, Severity};
use crate::trail::NotAnEvent;

/// A batch has at most so many files,
const BATCH_FILES: usize = 32;
/// and grows no further once its files have so many bytes on disk.
const BATCH_BYTES: u64 = 4 << 20;
/// So many threads at least read what comes over a network.
const WAITING: usize = 8;
/// Batches a thread and round: enough to even out their sizes.
const ROUND: usize = 8;
/// Batches a round where nothing is kept of a batch. What is decided between rounds must not depend on the
/// threads.
const FOLD_ROUND: usize = 64;

/// One record, as it stands in its file.
#[derive(Debug, Clone, Copy)]
pub struct RecordText<'a> {
    /// Its text: one JSON object.
    pub text: &'a [u8],
    /// Its number in the file, from 1.
    pub number: u64,
    /// The line where it starts, from 1.
    pub line: u64,
    /// The file, as it is said to the person; `-` for standard input.
    pub file: &'a str,
}

/// Reads every record of `inputs`: files, folders (with all below them but what is hidden) and `-`
/// for standard input, plain or gzipped.
///
/// - `threads`: how many to use; 0 for as many as the machine has.
/// - `new`: an empty accumulator.
/// - `record`: takes one record in. What it refuses is counted and said: digests and Insights events
///   by what they are, the rest as broken records.
/// - `merge`: takes a later accumulator into an earlier one. It must be associative, with `new` as
///   its unit.
///
/// Nothing is an error here: what cannot be read is in the report, and the rest is read.
pub fn read_trail<A: Send>(
    inputs: &[PathBuf],
    threads: usize,
    new: impl Fn() -> A + Sync,
    record: impl Fn(&mut A, &RecordText<'_>) -> Result<(), NotAnEvent> + Sync,
    merge: impl FnMut(&mut A, A),
) -> (A, ReadReport) {
    read_trails(inputs, &[], threads, new, record, merge)
}

/// As [`read_trail`], with what lies in stores besides.
pub fn read_trails<A: Send>(
    inputs: &[PathBuf],
    stores: &[&dyn Store],
    threads: usize,
    new: impl Fn() -> A + Sync,
    record: impl Fn(&mut A, &RecordText<'_>) -> Result<(), NotAnEvent> + Sync,
    merge: impl FnMut(&mut A, A),
) -> (A, ReadReport) {
    let mut listing = list(inputs);
    listing.add_stores(stores);
    let mut summary = Summary::new(&listing);
    let note = |_: &Listed, report: FileReport| summary.add(report);
    let all = read_listed(&listing.files, stores, threads, new, record, merge, note);
    let mut report = summary.finish(&listing);
    report.cut_short = stores.iter().filter_map(|store| store.cut_short()).collect();
    (all, report)
}

/// Reads files that were listed; `note` gets each with its report, in order.
pub(super) fn read_listed<A: Send>(
    listed: &[Listed],
    stores: &[&dyn Store],
    threads: usize,
    new: impl Fn() -> A + Sync,
    record: impl Fn(&mut A, &RecordText<'_>) -> Result<(), NotAnEvent> + Sync,
    mut merge: impl FnMut(&mut A, A),
    note: impl FnMut(&Listed, FileReport),
) -> A {
    let pool = pool(threads, stores);
    let round = pool.as_ref().map_or(1, |pool| pool.current_num_threads()) * ROUND;
    let read = |files: &[Listed]| {
        let mut taker = Closure {
            into: new(),
            record: &record,
        };
        let reports = read_batch(files, stores, &mut Buffers::default(), &mut taker);
        (taker.into, reports)
    };
    let mut all = new();
    let take = |part| merge(&mut all, part);
    run(listed, (pool, round), read, take, note, |_| {});
    all
}

/// Reads every record of what is listed into as many takers as threads come to need: whichever is free takes
/// the next batch, so what they come to must not depend on who takes what.
///
/// Files are read in the order of their days. From time to time `between` is told on which day the files
/// begin that are still to be read; `None` where that is not known, or nothing is left.
pub(super) fn fold<T: Taker + Send>(
    mut listing: Listing,
    stores: &[&dyn Store],
    threads: usize,
    new: impl Fn() -> T + Sync,
    mut between: impl FnMut(Option<i32>),
) -> (Vec<T>, ReadReport) {
    listing.by_day();
    let idle = Mutex::new(Vec::new());
    let free = || idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let read = |files: &[Listed]| {
        let own = free().pop();
        let (mut buffers, mut taker) = own.unwrap_or_else(|| (Buffers::default(), new()));
        let reports = read_batch(files, stores, &mut buffers, &mut taker);
        free().push((buffers, taker));
        ((), reports)
    };
    let mut summary = Summary::new(&listing);
    run(
        &listing.files,
        (pool(threads, stores), FOLD_ROUND),
        read,
        |()| {},
        |_, report| summary.add(report),
        |rest| between(rest.first().and_then(|file| file.day)),
    );
    let mut report = summary.finish(&listing);
    report.cut_short = stores.iter().filter_map(|store| store.cut_short()).collect();
    let idle = idle
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    (idle.into_iter().map(|(_, taker)| taker).collect(), report)
}

/// The threads to read with; `None` where the work is done on this one, as where no others can be had.
fn pool(threads: usize, stores: &[&dyn Store]) -> Option<rayon::ThreadPool> {
    // What comes over a network is mostly waited for.
    let threads = match threads {
        0 if !stores.is_empty() => std::thread::available_parallelism()
            .map_or(1, usize::from)
            .max(WAITING),
        threads => threads,
    };
    if threads == 1 {
        return None;
    }
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().ok()
}

fn read_batch(
    files: &[Listed],
    stores: &[&dyn Store],
    buffers: &mut Buffers,
    taker: &mut impl Taker,
) -> Vec<FileReport> {
    let read = |file: &Listed| {
        let report = read_file(file, stores, buffers, taker);
        READING.read(file.size, report.counts.records);
        report
    };
    files.iter().map(read).collect()
}

/// Reads the files batch by batch and round by round: `take` is given the parts in order, `note` each file with its
/// report, `between` what is still to be read.
fn run<P: Send>(
    listed: &[Listed],
    (pool, round): (Option<rayon::ThreadPool>, usize),
    read: impl Fn(&[Listed]) -> (P, Vec<FileReport>) + Sync,
    mut take: impl FnMut(P),
    mut note: impl FnMut(&Listed, FileReport),
    mut between: impl FnMut(&[Listed]),
) {
    let batches = batches(listed);
    READING.begin(listed.iter().map(|file| file.size));
    let read = |batch: &Range<usize>| read(listed.get(batch.clone()).unwrap_or_default());
    let mut files = listed.iter();
    let mut taken = |(part, reports): (P, Vec<FileReport>)| {
        take(part);
        for (report, file) in reports.into_iter().zip(files.by_ref()) {
            note(file, report);
        }
    };
    for round in batches.chunks(round) {
        match &pool {
            Some(pool) => {
                let parts: Vec<_> = pool.install(|| round.par_iter().with_max_len(1).map(&read).collect());
                parts.into_iter().for_each(&mut taken);
            }
            None => round.iter().map(&read).for_each(&mut taken),
        }
        let read_so_far = round.last().map_or(0, |batch| batch.end);
        between(listed.get(read_so_far..).unwrap_or_default());
    }
}

/// Cuts the files into batches, by their sizes alone.
fn batches(files: &[Listed]) -> Vec<Range<usize>> {
    let mut batches = Vec::new();
    let mut start = 0;
    let mut bytes = 0;
    for (at, file) in files.iter().enumerate() {
        // What is no file and does not know its size is a region's history, or a query: long, and waited for.
        let size = match file.stored {
            Some(_) if file.size == 0 => BATCH_BYTES,
            _ => file.size,
        };
        if at > start && (at - start >= BATCH_FILES || bytes + size > BATCH_BYTES) {
            batches.push(start..at);
            (start, bytes) = (at, 0);
        }
        bytes += size;
    }
    if start < files.len() {
        batches.push(start..files.len());
    }
    batches
}

/// What is said of the whole run, as it grows.
pub(super) struct Summary {
    inputs: Vec<Tally>,
    notes: RunNotes,
    /// What was said of files, by their numbers: said in the order of their paths.
    said: Vec<(usize, Vec<Diagnostic>)>,
}

#[derive(Clone, Default)]
struct Tally {
    counts: Counts,
    /// Whether an error was said of one of its files.
    failed: bool,
}

impl Summary {
    pub(super) fn new(listing: &Listing) -> Self {
        let mut notes = RunNotes::default();
        notes.say_all(listing.diagnostics.clone());
        Self {
            inputs: vec![Tally::default(); listing.inputs.len()],
            notes,
            said: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, report: FileReport) {
        if let Some(tally) = self.inputs.get_mut(report.input) {
            tally.counts += report.counts;
            tally.failed |= report
                .diagnostics
                .iter()
                .any(|said| said.severity == Severity::Error);
        }
        if !report.diagnostics.is_empty() {
            self.said.push((report.number, report.diagnostics));
        }
    }

    pub(super) fn finish(mut self, listing: &Listing) -> ReadReport {
        let mut report = ReadReport::default();
        self.said.sort_by_key(|(number, _)| *number);
        self.said
            .into_iter()
            .for_each(|(_, said)| self.notes.say_all(said));
        for (at, (tally, input)) in self.inputs.into_iter().zip(&listing.inputs).enumerate() {
            let input = input.to_string_lossy().into_owned();
            let silent = tally.failed || listing.shared.contains(&at) || listing.failed.contains(&at);
            if tally.counts.records == 0 && !silent {
                self.notes.say_all(vec![nothing_found(
                    &input,
                    &tally.counts,
                    listing.left_out.get(&at).copied(),
                )]);
            }
            report.total += tally.counts;
            report.inputs.push(InputCounts {
                input,
                counts: tally.counts,
            });
        }
        report.diagnostics = self.notes.finish();
        report
    }
}

fn nothing_found(input: &str, counts: &Counts, left_out: Option<u64>) -> Diagnostic {
    if let Some(files) = left_out {
        let why = format!(
            "none of the events asked for is in it: {files} files are of other days, regions or accounts"
        );
        return Diagnostic::error(Code::NothingFound, why)
            .at(Place::file(input))
            .help("widen --since, --until or --region");
    }
    let found =
        Diagnostic::error(Code::NothingFound, "there is no CloudTrail record in it").at(Place::file(input));
    if counts.digests + counts.insights > 0 {
        found.help("log files lie beside digests and Insights, under `AWSLogs/ACCOUNT/CloudTrail/`")
    } else {
        found.help("name a CloudTrail log file, or a folder of them (`.json` or `.json.gz`)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_cut_by_number_and_size() {
        assert!(batches(&[]).is_empty());
        let small: Vec<_> = (0..70).map(|_| Listed::of_size(10)).collect();
        assert_eq!(batches(&small), [0..32, 32..64, 64..70]);
        let mixed = [
            Listed::of_size(10),
            Listed::of_size(BATCH_BYTES),
            Listed::of_size(BATCH_BYTES * 3),
            Listed::of_size(1),
            Listed::of_size(2),
        ];
        assert_eq!(batches(&mixed), [0..1, 1..2, 2..3, 3..5]);
    }
}
