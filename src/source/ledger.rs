//! Reads trails into a ledger.

use std::path::PathBuf;

use jiff::Timestamp;

use super::files::read_trails;
use super::store::Store;
use super::{ReadReport, seen::Ids};
use crate::evidence::{Interest, Ledger};
use crate::trail::{Event, Scratch};

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

/// The first and the last event of a window; `None` where there is none. What is wrong with the files is not
/// said here: reading them says it.
pub fn read_window(paths: &[PathBuf], threads: usize, window: Window) -> Option<(Timestamp, Timestamp)> {
    let widened = |span: &mut Option<(Timestamp, Timestamp)>, (from, to): (Timestamp, Timestamp)| {
        *span = Some(span.map_or((from, to), |(first, last)| (first.min(from), last.max(to))));
    };
    let (span, _) = read_trails(
        paths,
        &[],
        threads,
        || None,
        |span, record| {
            let mut scratch = Scratch::default();
            let event = Event::parse(record.text, &mut scratch)?;
            if window.holds(event.time) {
                widened(span, (event.time, event.last));
            }
            Ok(())
        },
        |all, more| {
            if let Some(more) = more {
                widened(all, more);
            }
        },
    );
    span
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
    let seen = Ids::new();
    read_trails(
        paths,
        stores,
        threads,
        || vec![Ledger::default(); cuts.len() + 1],
        |ledgers, record| {
            let mut scratch = Scratch::default();
            let event = Event::parse(record.text, &mut scratch)?;
            if !window.holds(event.time) {
                return Ok(());
            }
            let part = cuts.partition_point(|cut| *cut <= event.time);
            let Some(ledger) = ledgers.get_mut(part) else {
                return Ok(());
            };
            ledger.observe(&event);
            if interest.wants(&event.caller.principal) {
                if event
                    .id
                    .as_deref()
                    .is_none_or(|id| seen.insert_on(id, event.time))
                {
                    ledger.add(&event, interest);
                } else {
                    ledger.duplicates += 1;
                }
            }
            Ok(())
        },
        |all, more| all.iter_mut().zip(more).for_each(|(all, more)| all.merge(more)),
    )
}
