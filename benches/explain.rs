//! Refusals found in a log and answered: `cargo bench --bench explain`.
//!
//! The log is ten megabytes of what a pipeline writes, with forty distinct refusals a thousand times
//! over. A second case has no refusal in it, a third is one message.
#![expect(clippy::disallowed_macros, reason = "what the log comes to is printed")]

use std::fmt::Write;

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use leastgrant::denial;
use leastgrant::explain::{Known, Options, explain};

const SIZE: usize = 10_000_000;

fn main() {
    let log = log(true);
    let explained = answer(&log);
    println!("{} bytes, {} refusals", log.len(), explained);
    divan::main();
}

fn answer(text: &str) -> usize {
    explain(&denial::read(text), &Known::default(), &Options::default())
        .refusals
        .len()
}

const MESSAGE: &str = "An error occurred (AccessDenied) when calling the GetObject operation: User: arn:aws:sts::111122223333:assumed-role/deploy/ci is not authorized to perform: s3:GetObject on resource: \"arn:aws:s3:::acme/config.json\" because no identity-based policy allows the s3:GetObject action";

fn log(refused: bool) -> String {
    let actions = ["GetObject", "PutObject", "DeleteObject", "GetObjectTagging"];
    let mut text = String::with_capacity(SIZE + 1000);
    let mut number = 0_usize;
    while text.len() < SIZE {
        let second = number % 60;
        let _ = writeln!(
            text,
            "2026-11-23T10:12:{second:02}.123Z [info] step {number}: aws s3 cp ./dist/{number}.js s3://acme-site/{number}.js done in 12 ms"
        );
        if refused && number.is_multiple_of(10) {
            let bucket = number / 40 % 10;
            let Some(action) = actions.get(number / 10 % actions.len()) else {
                continue;
            };
            let _ = writeln!(
                text,
                "2026-11-23T10:12:{second:02}.456Z [error] An error occurred (AccessDenied) when calling the {action} operation: User: arn:aws:sts::111122223333:assumed-role/deploy/ci is not authorized to perform: s3:{action} on resource: \"arn:aws:s3:::acme-{bucket}/config.json\" because no identity-based policy allows the s3:{action} action"
            );
        }
        number += 1;
    }
    text
}

#[divan::bench(args = [true, false], sample_count = 5)]
fn ten_megabytes(bencher: Bencher<'_, '_>, refused: bool) {
    let log = log(refused);
    bencher
        .counter(BytesCount::of_str(&log))
        .bench(|| answer(black_box(&log)));
}

#[divan::bench]
fn one_message(bencher: Bencher<'_, '_>) {
    bencher.bench(|| answer(black_box(MESSAGE)));
}
