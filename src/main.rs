//! The binary: parse, run, exit code.
#![expect(clippy::disallowed_methods, reason = "arguments are read here")]

use std::process::ExitCode;

/// A review makes and drops many small things, on all threads at once: it spent a third of its time in the C
/// library's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    leastgrant::cli::run(std::env::args_os()).into()
}
