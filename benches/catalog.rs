//! How long a person waits for the catalog: `cargo bench --bench catalog`.
//!
//! The first look-up of a process inflates and decodes one service; it is printed before the others,
//! since a process has only one.
#![expect(clippy::disallowed_macros, reason = "the first look-up is timed and printed")]
#![expect(clippy::disallowed_methods, reason = "whole runs of the program are timed")]

use std::process::{Command, Stdio};
use std::time::Instant;

use divan::{Bencher, black_box};

fn main() {
    let start = Instant::now();
    let found = action_catalog::action(black_box("s3:GetObject")).is_some();
    println!(
        "first look-up, one service decoded: {:?} (found: {found})",
        start.elapsed()
    );
    let start = Instant::now();
    let found = action_catalog::action(black_box("ec2:RunInstances")).is_some();
    println!(
        "first of ec2, the largest service:  {:?} (found: {found})",
        start.elapsed()
    );
    println!("packed catalog: {} bytes", action_catalog::stats().packed_bytes);
    divan::main();
}

/// A look-up in a service that has been decoded.
#[divan::bench]
fn action(bencher: Bencher<'_, '_>) {
    bencher.bench(|| action_catalog::action(black_box("s3:GetObject")));
}

/// An event's mapping.
#[divan::bench]
fn event(bencher: Bencher<'_, '_>) {
    bencher.bench(|| {
        action_catalog::event(
            black_box("lambda.amazonaws.com"),
            black_box("UpdateFunctionCode20150331v2"),
        )
    });
}

fn process(arguments: &[&str]) {
    let status = Command::new(env!("CARGO_BIN_EXE_leastgrant"))
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(status.is_ok_and(|status| status.success()));
}

/// The whole program, from nothing to an answer.
#[divan::bench(args = ["s3:GetObject", "ec2:RunInstances", "CopyObject", "s3:*Acl"])]
fn process_catalog(what: &str) {
    process(&["catalog", what]);
}

/// The whole program without a question to the catalog.
#[divan::bench]
fn process_help() {
    process(&["--help"]);
}
