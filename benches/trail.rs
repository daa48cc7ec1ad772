//! How fast records are found in bytes, and read: `cargo bench --bench trail`.

mod generated;

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use generated::{RECORDS, trail};
use leastgrant::trail::{Event, Found, Scratch, Splitter};

fn main() {
    divan::main();
}

const CHUNK: usize = 256 << 10;

fn split(trail: &[u8], found: &mut dyn FnMut(&[u8])) {
    let mut splitter = Splitter::new();
    let mut sink = |each: Found<'_>| {
        if let Found::Record { text, .. } = each {
            found(text);
        }
    };
    trail
        .chunks(CHUNK)
        .for_each(|chunk| splitter.push(chunk, &mut sink));
    splitter.finish(&mut sink);
}

/// Finding the records.
#[divan::bench]
fn splitter(bencher: Bencher<'_, '_>) {
    let trail = trail();
    bencher
        .counter(BytesCount::of_slice(&trail))
        .counter(ItemsCount::new(RECORDS))
        .bench_local(|| {
            let mut count = 0;
            split(black_box(&trail), &mut |_| count += 1);
            assert_eq!(count, RECORDS);
        });
}

/// Finding the records and reading them.
#[divan::bench]
fn splitter_and_event(bencher: Bencher<'_, '_>) {
    let trail = trail();
    bencher
        .counter(BytesCount::of_slice(&trail))
        .counter(ItemsCount::new(RECORDS))
        .bench_local(|| {
            let mut count = 0;
            split(black_box(&trail), &mut |text| {
                let mut scratch = Scratch::default();
                count += usize::from(black_box(Event::parse(text, &mut scratch)).is_ok());
            });
            assert_eq!(count, RECORDS);
        });
}

/// The same, with the request parsed as well.
#[divan::bench]
fn splitter_event_and_request(bencher: Bencher<'_, '_>) {
    let trail = trail();
    bencher
        .counter(BytesCount::of_slice(&trail))
        .counter(ItemsCount::new(RECORDS))
        .bench_local(|| {
            let mut count = 0;
            split(black_box(&trail), &mut |text| {
                let mut scratch = Scratch::default();
                let event = Event::parse(text, &mut scratch);
                count += usize::from(event.is_ok_and(|event| black_box(event.request.value()).is_object()));
            });
            assert_eq!(count, RECORDS);
        });
}
