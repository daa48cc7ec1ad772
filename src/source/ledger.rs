//! Reads trails into a ledger.

use std::path::PathBuf;

use super::{ReadReport, read_trail, seen::Ids};
use crate::evidence::{Interest, Ledger};
use crate::trail::{Event, Scratch};

/// Reads every record of `paths` (files, folders, `-`) into a ledger, with `threads` threads (0: as
/// many as the machine has). Each event of those who are of interest counts once, however often it
/// is there.
pub fn read_ledger(paths: &[PathBuf], threads: usize, interest: &Interest) -> (Ledger, ReadReport) {
    let seen = Ids::new();
    read_trail(
        paths,
        threads,
        Ledger::default,
        |ledger, record| {
            let mut scratch = Scratch::default();
            let event = Event::parse(record.text, &mut scratch)?;
            ledger.observe(&event);
            if interest.wants(&event.caller.principal) {
                if event.id.as_deref().is_none_or(|id| seen.insert(id)) {
                    ledger.add(&event, interest);
                } else {
                    ledger.duplicates += 1;
                }
            }
            Ok(())
        },
        Ledger::merge,
    )
}
