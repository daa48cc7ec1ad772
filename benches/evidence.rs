//! Records a second through trail, require and evidence: `cargo bench --bench evidence`.
//!
//! With `LEASTGRANT_BENCH_TRAIL=FOLDER` the folder is read as well, with one thread and with two: for
//! figures over a trail of real size.
#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark may ask where its trail lies"
)]

mod generated;

use std::path::PathBuf;

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use generated::{RECORDS, trail};
use leastgrant::evidence::{Interest, Ledger, PrincipalKey, Whose};
use leastgrant::source::read_ledger;
use leastgrant::trail::{Event, Found, Scratch, Splitter};

fn main() {
    divan::main();
}

fn fold(trail: &[u8], interest: &Interest) -> Ledger {
    let mut ledger = Ledger::default();
    let mut splitter = Splitter::new();
    let mut sink = |found: Found<'_>| {
        let Found::Record { text, .. } = found else { return };
        let mut scratch = Scratch::default();
        let Ok(event) = Event::parse(text, &mut scratch) else {
            return;
        };
        ledger.observe(&event);
        if interest.wants(&event.caller.principal) {
            ledger.add(&event, interest);
        }
    };
    trail
        .chunks(256 << 10)
        .for_each(|chunk| splitter.push(chunk, &mut sink));
    splitter.finish(&mut sink);
    ledger
}

/// Evidence of every principal.
#[divan::bench]
fn every_principal(bencher: Bencher<'_, '_>) {
    let trail = trail();
    bencher
        .counter(BytesCount::of_slice(&trail))
        .counter(ItemsCount::new(RECORDS))
        .bench_local(|| {
            let ledger = fold(black_box(&trail), &Interest::default());
            assert_eq!(
                ledger.mapped + ledger.not_authorized.values().sum::<u64>(),
                RECORDS as u64
            );
        });
}

/// Evidence of one principal in forty.
#[divan::bench]
fn one_principal(bencher: Bencher<'_, '_>) {
    let trail = trail();
    let arn = "arn:aws:iam::111122223333:role/apps/service-7";
    let whose = Whose::These([PrincipalKey::of_name(arn)].into());
    let interest = Interest {
        whose,
        ..Interest::default()
    };
    bencher
        .counter(BytesCount::of_slice(&trail))
        .counter(ItemsCount::new(RECORDS))
        .bench_local(|| {
            let ledger = fold(black_box(&trail), &interest);
            assert!(ledger.evidence(arn).is_some());
        });
}

/// A folder from disk: unpacked, split, parsed, mapped and folded.
#[divan::bench(args = [1, 2], sample_count = 3, sample_size = 1)]
fn folder(bencher: Bencher<'_, '_>, threads: usize) {
    let Some(folder) = std::env::var_os("LEASTGRANT_BENCH_TRAIL") else {
        return;
    };
    let paths = [PathBuf::from(folder)];
    let (_, report) = read_ledger(&paths, threads, &Interest::default());
    bencher
        .counter(BytesCount::new(report.total.text_bytes))
        .counter(ItemsCount::new(report.total.records))
        .bench_local(|| black_box(read_ledger(&paths, threads, &Interest::default())));
}
