//! Reads trails from files, folders and standard input, on several threads.
//!
//! The result does not depend on the threads or on the order of the inputs: files are read in
//! batches that are cut by path alone, each into an accumulator of its own, and those are merged in
//! the order of the paths. Memory holds the accumulators of one round of batches, and of each file
//! being read one chunk and one record.

use std::ops::Range;
use std::path::PathBuf;

use rayon::prelude::*;

use super::list::{Listed, Listing, list};
use super::progress::READING;
use super::report::{Counts, InputCounts, ReadReport, RunNotes};
use super::store::Store;
use super::stream::{FileReport, read_file};
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
    mut note: impl FnMut(&Listed, FileReport),
) -> A {
    // What comes over a network is mostly waited for.
    let threads = match threads {
        0 if !stores.is_empty() => std::thread::available_parallelism()
            .map_or(1, usize::from)
            .max(WAITING),
        threads => threads,
    };
    let batches = batches(listed);
    READING.begin(listed.iter().map(|file| file.size));
    let read = |batch: &Range<usize>| {
        let mut into = new();
        let mut chunk = Vec::new();
        let files = listed.get(batch.clone()).unwrap_or_default();
        let reports: Vec<FileReport> = files
            .iter()
            .map(|file| read_file(file, stores, &mut chunk, &mut into, &record))
            .zip(files)
            .map(|(report, file)| {
                READING.read(file.size, report.counts.records);
                report
            })
            .collect();
        (into, reports)
    };
    let mut all = new();
    let mut files = listed.iter();
    let mut take = |(part, reports): (A, Vec<FileReport>)| {
        merge(&mut all, part);
        for report in reports {
            if let Some(file) = files.next() {
                note(file, report);
            }
        }
    };
    // Where no threads can be had the work is done on this one.
    let pool = if threads == 1 {
        None
    } else {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().ok()
    };
    match pool {
        Some(pool) => {
            for round in batches.chunks(pool.current_num_threads() * ROUND) {
                let parts: Vec<_> = pool.install(|| round.par_iter().with_max_len(1).map(&read).collect());
                parts.into_iter().for_each(&mut take);
            }
        }
        None => batches.iter().map(read).for_each(&mut take),
    }
    all
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
        self.notes.say_all(report.diagnostics);
    }

    pub(super) fn finish(mut self, listing: &Listing) -> ReadReport {
        let mut report = ReadReport::default();
        for (at, (tally, input)) in self.inputs.into_iter().zip(&listing.inputs).enumerate() {
            let input = input.to_string_lossy().into_owned();
            let silent = tally.failed || listing.shared.contains(&at) || listing.failed.contains(&at);
            if tally.counts.records == 0 && !silent {
                self.notes.say_all(vec![nothing_found(&input, &tally.counts)]);
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

fn nothing_found(input: &str, counts: &Counts) -> Diagnostic {
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

    fn file(size: u64) -> Listed {
        Listed {
            input: 0,
            path: PathBuf::new(),
            name: String::new(),
            given: true,
            size,
            version: String::new(),
            stored: None,
        }
    }

    #[test]
    fn batches_are_cut_by_number_and_size() {
        assert!(batches(&[]).is_empty());
        let small: Vec<_> = (0..70).map(|_| file(10)).collect();
        assert_eq!(batches(&small), [0..32, 32..64, 64..70]);
        let mixed = [
            file(10),
            file(BATCH_BYTES),
            file(BATCH_BYTES * 3),
            file(1),
            file(2),
        ];
        assert_eq!(batches(&mixed), [0..1, 1..2, 2..3, 3..5]);
    }
}
