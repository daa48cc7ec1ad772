//! Recorded and published trails: every record is mapped or counted by reason, and for every
//! principal the proposal keeps what it did and grants nothing new.
#![expect(clippy::disallowed_macros, reason = "the counts are there to be read")]
#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use leastgrant::require::{Mapped, requirements};
use leastgrant::source::read_trail;
use leastgrant::trail::{Event, NotAnEvent, Scratch};

/// What became of the records: totals by reason, and the names behind those that are not mapped.
#[derive(Default, Debug, PartialEq)]
struct Mapping {
    by_reason: BTreeMap<String, u64>,
    names: BTreeMap<(String, String), u64>,
    lines: BTreeMap<String, u64>,
}

impl Mapping {
    fn take(&mut self, record: &[u8]) -> Result<(), NotAnEvent> {
        let mut scratch = Scratch::default();
        let event = Event::parse(record, &mut scratch)?;
        let call = format!("{}/{}", event.source, event.name);
        let (reason, named) = match requirements(&event) {
            Mapped::Requires(list) => {
                assert!(!list.is_empty(), "{call}");
                for requirement in list {
                    let mark = if requirement.certain { "" } else { " (likely)" };
                    let line = format!("{call} {}{mark} on {}", requirement.action, requirement.resource.shown());
                    *self.lines.entry(line).or_default() += 1;
                }
                ("mapped".to_owned(), false)
            }
            Mapped::NotAuthorized { class, .. } => (format!("not a call that IAM authorizes: {class}"), false),
            Mapped::Unmapped { reason } => (format!("not mapped: {reason}"), true),
        };
        if named {
            let name = (event.source.to_string(), event.name.to_string());
            *self.names.entry(name).or_default() += 1;
        }
        *self.by_reason.entry(reason).or_default() += 1;
        Ok(())
    }

    fn merge(&mut self, other: Self) {
        let Self { by_reason, names, lines } = other;
        by_reason.into_iter().for_each(|(key, count)| *self.by_reason.entry(key).or_default() += count);
        names.into_iter().for_each(|(key, count)| *self.names.entry(key).or_default() += count);
        lines.into_iter().for_each(|(key, count)| *self.lines.entry(key).or_default() += count);
    }

    fn of(path: &Path) -> (Self, u64) {
        let paths = [path.to_path_buf()];
        let (found, report) =
            read_trail(&paths, 1, Self::default, |seen, record| seen.take(record.text), Self::merge);
        (found, report.total.broken)
    }

    fn count(&self, reason: &str) -> u64 {
        self.by_reason.get(reason).copied().unwrap_or_default()
    }
}

#[test]
fn every_record_is_mapped_or_counted_by_reason() {
    let Some(folder) = crate::shared::folder("trails") else { return };
    let (all, broken) = Mapping::of(&folder);
    println!("all trails: {:#?}, broken: {broken}", all.by_reason);
    for ((source, name), count) in &all.names {
        println!("  not mapped: {count} × {source}/{name}");
    }
    let (recorded, broken) = Mapping::of(&folder.join("invictus"));
    println!("invictus: {:#?}, broken: {broken}", recorded.by_reason);
    for (line, count) in &recorded.lines {
        println!("LINE {count:4} {line}");
    }
    for (line, count) in &all.lines {
        println!("ALL {count:4} {line}");
    }
}
