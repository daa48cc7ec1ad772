//! Every record of the recorded trails is read, or named by what it is.
#![expect(clippy::disallowed_macros, reason = "the counts are there to be read")]

use std::collections::BTreeMap;

use leastgrant::diagnostic::Code;
use leastgrant::source::read_trail;
use leastgrant::trail::{Event, NotAnEvent, Outcome, Scratch};

#[derive(Default, PartialEq, Debug)]
struct Seen(BTreeMap<String, u64>);

impl Seen {
    fn count(&mut self, what: impl Into<String>) {
        *self.0.entry(what.into()).or_default() += 1;
    }

    fn take(&mut self, record: &[u8]) -> Result<(), NotAnEvent> {
        let mut scratch = Scratch::default();
        let event =
            Event::parse(record, &mut scratch).inspect_err(|why| self.count(format!("not: {why}")))?;
        self.count(match &event.outcome {
            Outcome::Succeeded => "succeeded".to_owned(),
            Outcome::Refused { by, .. } => format!("refused by {by:?}"),
            Outcome::Failed { .. } => "failed otherwise".to_owned(),
            Outcome::Inconclusive { .. } => "inconclusive".to_owned(),
        });
        self.count(format!("principal {:?}", event.caller.principal.kind));
        self.count(if event.request.value().is_null() {
            "no request"
        } else {
            "request"
        });
        assert!(!event.caller.principal.name.is_empty() && !event.name.is_empty());
        Ok(())
    }

    fn merge(&mut self, other: Self) {
        for (what, count) in other.0 {
            *self.0.entry(what).or_default() += count;
        }
    }
}

#[test]
fn every_recorded_record_is_read_or_named() {
    let Some(folder) = crate::shared::folder("trails") else {
        return;
    };
    let read = |threads| {
        read_trail(
            std::slice::from_ref(&folder),
            threads,
            Seen::default,
            |seen, record| seen.take(record.text),
            Seen::merge,
        )
    };
    let (seen, report) = read(1);
    println!("{:#?}\n{:#?}", report.total, seen.0);
    for said in &report.diagnostics {
        println!(
            "{}: {} at {}",
            said.code.as_str(),
            said.message,
            said.place.clone().unwrap_or_default()
        );
    }
    assert_eq!(read(2), (seen, report.clone()));
    // As the folder's index counts them; 13 records, made by hand, lack a time or an identity.
    let total = report.total;
    assert_eq!(
        (total.records, total.broken, total.passed_over, total.files),
        (1425, 13, 1, 12)
    );
    assert!(
        report
            .diagnostics
            .iter()
            .all(|said| matches!(said.code, Code::BrokenRecord | Code::NotATrail))
    );

    let (_, invictus) = read_trail(
        &[folder.join("invictus")],
        0,
        Seen::default,
        |seen: &mut Seen, record| seen.take(record.text),
        Seen::merge,
    );
    assert_eq!(
        (
            invictus.total.records,
            invictus.total.broken,
            invictus.total.files
        ),
        (927, 0, 5)
    );
    assert!(invictus.diagnostics.is_empty());
}
