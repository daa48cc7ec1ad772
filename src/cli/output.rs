//! Where a command writes: the report to standard output, the rest to standard error.

use std::io::{self, Write};

use anstream::{AutoStream, ColorChoice};

use super::Exit;
use super::diagnostics;
use super::progress::{self, Reading, Steps};
use crate::diagnostic::{Diagnostic, Severity};

/// How a command prints what it found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// For a person.
    Terminal,
    /// For a program; the schema is in the repository.
    Json,
}

/// The two streams, with their colours decided.
pub(super) struct Output {
    color: ColorChoice,
    quiet: bool,
}

impl Output {
    pub(super) fn new(color: ColorChoice, quiet: bool) -> Self {
        Self { color, quiet }
    }

    /// Shows how far the reading of trails is, until it is dropped.
    pub(super) fn reading(&self) -> Reading {
        Reading::shown(progress::wanted(self.quiet))
    }

    /// Shows how many of `count` things are done, until it is dropped.
    pub(super) fn steps(&self, doing: &str, what: &str, count: usize) -> Steps {
        Steps::shown(progress::wanted(self.quiet), doing, what, count)
    }

    /// Writes a report that may hold ANSI styles.
    pub(super) fn report(&self, text: &str) -> Exit {
        let mut stream = AutoStream::new(io::stdout(), self.color).lock();
        written(stream.write_all(text.as_bytes()).and_then(|()| stream.flush()))
    }

    /// Writes bytes as they are.
    pub(super) fn bytes(&self, bytes: &[u8]) -> Exit {
        let mut stream = io::stdout().lock();
        written(stream.write_all(bytes).and_then(|()| stream.flush()))
    }

    /// Writes a value as JSON.
    pub(super) fn json(&self, value: &impl serde::Serialize) -> Exit {
        match serde_json::to_string_pretty(value) {
            Ok(text) => self.bytes(format!("{text}\n").as_bytes()),
            Err(error) => {
                self.say(&format!(
                    "error: the report could not be written as JSON: {error}"
                ));
                Exit::Failed
            }
        }
    }

    /// Says one line to the person.
    pub(super) fn say(&self, text: &str) {
        let mut stream = AutoStream::new(io::stderr(), self.color).lock();
        // Where standard error is gone there is nobody left to tell.
        let _ = writeln!(stream, "{text}");
    }

    /// Writes diagnostics that are the report itself.
    pub(super) fn findings(&self, diagnostics: &[Diagnostic]) -> Exit {
        let text: String = diagnostics
            .iter()
            .map(|diagnostic| format!("{}\n", diagnostics::rendered(diagnostic)))
            .collect();
        self.report(&text)
    }

    /// Says diagnostics, each with its place; notes only where nobody asked for quiet.
    pub(super) fn diagnostics(&self, diagnostics: &[Diagnostic]) {
        let said = |diagnostic: &&Diagnostic| !self.quiet || diagnostic.severity != Severity::Note;
        for diagnostic in diagnostics.iter().filter(said) {
            self.say(&diagnostics::rendered(diagnostic));
        }
    }
}

/// A reader that has seen enough is no failure.
fn written(result: io::Result<()>) -> Exit {
    match result {
        Ok(()) => Exit::Done,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
        Err(_) => Exit::Failed,
    }
}
