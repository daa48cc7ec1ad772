//! What came of reading: counts and diagnostics, in the order of the files.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

use crate::diagnostic::{Code, Diagnostic, Place, Severity};

/// How many diagnostics of one code a file may have.
const PER_FILE: u64 = 20;
/// How many notes of one code a whole run may have: a folder may hold thousands of digests.
const NOTES: u64 = 20;

/// Counts of one input, or of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Files that were read, standard input among them.
    pub files: u64,
    /// Files in folders that were passed over: neither JSON nor gzip.
    pub passed_over: u64,
    /// Bytes read, as they lie in the files.
    pub bytes: u64,
    /// Bytes of JSON, after decompression.
    pub text_bytes: u64,
    /// Records that the caller accepted.
    pub records: u64,
    /// Records that could not be used, and breaks in the files.
    pub broken: u64,
    /// CloudTrail digests.
    pub digests: u64,
    /// CloudTrail Insights events.
    pub insights: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.files += other.files;
        self.passed_over += other.passed_over;
        self.bytes += other.bytes;
        self.text_bytes += other.text_bytes;
        self.records += other.records;
        self.broken += other.broken;
        self.digests += other.digests;
        self.insights += other.insights;
    }
}

/// The counts of one input, as the person named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputCounts {
    /// The file or folder; `-` for standard input.
    pub input: String,
    /// What was in it.
    pub counts: Counts,
}

/// What came of reading, whatever the number of threads and the order of the inputs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReadReport {
    /// By input, sorted by name.
    pub inputs: Vec<InputCounts>,
    /// Of all inputs.
    pub total: Counts,
    /// What there is to say, in the order of the files and the records in them.
    pub diagnostics: Vec<Diagnostic>,
    /// Why the reading ended before its end, where it did: what was not read may hold anything.
    pub cut_short: Vec<Diagnostic>,
}

/// The diagnostics of one file, at most [`PER_FILE`] of a code.
#[derive(Debug)]
pub(super) struct FileNotes {
    file: String,
    said: Vec<Diagnostic>,
    by_code: BTreeMap<(Code, Severity), u64>,
}

impl FileNotes {
    pub(super) fn new(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            said: Vec::new(),
            by_code: BTreeMap::new(),
        }
    }

    /// Says it, unless this file has said the like often enough.
    pub(super) fn say(&mut self, diagnostic: Diagnostic) {
        let count = self
            .by_code
            .entry((diagnostic.code, diagnostic.severity))
            .or_default();
        *count += 1;
        if *count <= PER_FILE {
            self.said.push(diagnostic);
        }
    }

    /// Says it of the whole file.
    pub(super) fn say_of_file(&mut self, severity: Severity, code: Code, message: impl fmt::Display) {
        let message = message.to_string();
        let diagnostic = match severity {
            Severity::Error => Diagnostic::error(code, message),
            Severity::Warning => Diagnostic::warning(code, message),
            Severity::Note => Diagnostic::note(code, message),
        };
        self.say(diagnostic.at(Place::file(self.file.as_str())));
    }

    /// Whether something of this code was said.
    pub(super) fn has(&self, code: Code) -> bool {
        self.said.iter().any(|said| said.code == code)
    }

    /// All of it, with a last word for what was left out.
    pub(super) fn finish(mut self) -> Vec<Diagnostic> {
        for ((code, severity), count) in self.by_code {
            if count > PER_FILE {
                self.said
                    .push(and_more(code, severity, count - PER_FILE).at(Place::file(self.file.as_str())));
            }
        }
        self.said
    }
}

/// The diagnostics of a run: notes are cut at [`NOTES`] of a code.
#[derive(Debug, Default)]
pub(super) struct RunNotes {
    said: Vec<Diagnostic>,
    notes: BTreeMap<Code, u64>,
}

impl RunNotes {
    pub(super) fn say_all(&mut self, diagnostics: Vec<Diagnostic>) {
        for diagnostic in diagnostics {
            if diagnostic.severity == Severity::Note {
                let count = self.notes.entry(diagnostic.code).or_default();
                *count += 1;
                if *count > NOTES {
                    continue;
                }
            }
            self.said.push(diagnostic);
        }
    }

    pub(super) fn finish(mut self) -> Vec<Diagnostic> {
        for (code, count) in self.notes {
            if count > NOTES {
                self.said.push(and_more(code, Severity::Note, count - NOTES));
            }
        }
        self.said
    }
}

fn and_more(code: Code, severity: Severity, count: u64) -> Diagnostic {
    let message = format!("and {count} more of {}", code.as_str());
    Diagnostic {
        severity,
        ..Diagnostic::note(code, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_the_same_at_most_twenty_times() {
        let mut notes = FileNotes::new("a.json");
        for n in 0..25 {
            notes.say_of_file(Severity::Error, Code::BrokenRecord, n);
        }
        notes.say_of_file(Severity::Error, Code::BrokenJson, "once");
        let said = notes.finish();
        assert_eq!(said.len(), 22);
        assert_eq!(said[21].message, "and 5 more of broken-record");
        assert_eq!(said[21].severity, Severity::Error);
        assert_eq!(said[21].place, Some(Place::file("a.json")));
    }

    #[test]
    fn a_run_cuts_notes_but_never_errors() {
        let mut run = RunNotes::default();
        for _ in 0..30 {
            run.say_all(vec![
                Diagnostic::note(Code::DigestFile, "d"),
                Diagnostic::error(Code::BrokenGzip, "g"),
            ]);
        }
        let said = run.finish();
        assert_eq!(said.iter().filter(|d| d.code == Code::BrokenGzip).count(), 30);
        assert_eq!(said.iter().filter(|d| d.code == Code::DigestFile).count(), 21);
        assert_eq!(said.last().unwrap().message, "and 10 more of digest-file");
    }
}
