//! The binary: parse, run, exit code.
#![expect(clippy::disallowed_methods, reason = "arguments are read here")]

use std::process::ExitCode;

fn main() -> ExitCode {
    leastgrant::cli::run(std::env::args_os()).into()
}
