//! Reads one file of a trail as a stream: what it is, its records, what is wrong with it.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "an edge: this module reads files"
)]

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};

use flate2::bufread::MultiGzDecoder;

use super::files::RecordText;
use super::list::Listed;
use super::report::{Counts, FileNotes};
use super::store::Store;
use super::text::{GZIP, is_utf16, why_unreadable};
use crate::diagnostic::{Code, Diagnostic, Place, Severity};
use crate::trail::{Defect, Found, NotAnEvent, Splitter};

/// How many bytes are decompressed and looked at in one go.
const CHUNK: usize = 256 << 10;
/// How many bytes tell what a file is.
const HEAD: u64 = 4096;

/// What came of one file.
#[derive(Debug)]
pub(super) struct FileReport {
    /// The input it came with.
    pub(super) input: usize,
    pub(super) counts: Counts,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// What a file is, by its first bytes.
#[derive(Debug, PartialEq, Eq)]
enum Looks {
    Gzip,
    Text,
    /// Text without a line that could start JSON.
    OtherText,
    /// What it is instead.
    Binary(&'static str),
}

/// Reads one file into the accumulator. `chunk` is kept between files so that it is allocated once.
pub(super) fn read_file<A>(
    file: &Listed,
    stores: &[&dyn Store],
    chunk: &mut Vec<u8>,
    into: &mut A,
    record: &impl Fn(&mut A, &RecordText<'_>) -> Result<(), NotAnEvent>,
) -> FileReport {
    let mut reading = Reading {
        file,
        counts: Counts::default(),
        notes: FileNotes::new(&file.name),
        strange: 0,
    };
    if let Err(error) = reading.open_and_read(stores, chunk, into, record) {
        reading
            .notes
            .say_of_file(Severity::Error, Code::UnreadableFile, why_unreadable(&error));
    }
    reading.sum_up();
    FileReport {
        input: file.input,
        counts: reading.counts,
        diagnostics: reading.notes.finish(),
    }
}

struct Reading<'f> {
    file: &'f Listed,
    counts: Counts,
    notes: FileNotes,
    /// What says that this is no trail at all, rather than a broken one; part of `counts.broken`.
    strange: u64,
}

impl Reading<'_> {
    fn open_and_read<A>(
        &mut self,
        stores: &[&dyn Store],
        chunk: &mut Vec<u8>,
        into: &mut A,
        record: &impl Fn(&mut A, &RecordText<'_>) -> Result<(), NotAnEvent>,
    ) -> io::Result<()> {
        let stored = self
            .file
            .stored
            .and_then(|(store, item)| Some((stores.get(store)?, item)));
        let mut source: Box<dyn Read + '_> = match stored {
            Some((store, item)) => match store.open(item) {
                Ok(source) => source,
                Err(said) => {
                    if let Some(said) = said {
                        self.notes.say(*said);
                    }
                    return Ok(());
                }
            },
            None if self.file.name == "-" => Box::new(io::stdin().lock()),
            None => Box::new(File::open(&self.file.path)?),
        };
        let mut head = Vec::new();
        source.by_ref().take(HEAD).read_to_end(&mut head)?;
        let looks = looks(&head);
        let source = BufReader::new(Counted {
            source: Cursor::new(head).chain(source),
            bytes: 0,
        });
        match looks {
            Looks::Binary(what) => self.not_a_trail(what),
            Looks::OtherText if !self.file.given => self.not_a_trail("it is text, but not JSON"),
            Looks::Gzip => {
                let mut stream = MultiGzDecoder::new(source);
                let read = self.feed(&mut stream, chunk, into, record);
                let source = stream.get_ref();
                let at = source.get_ref().bytes - source.buffer().len() as u64;
                self.counts.bytes = source.get_ref().bytes;
                if let Err(error) = read {
                    self.broken_gzip(&error, at);
                }
            }
            Looks::Text | Looks::OtherText => {
                let mut source = source;
                let read = self.feed(&mut source, chunk, into, record);
                self.counts.bytes = source.get_ref().bytes;
                read?;
            }
        }
        Ok(())
    }

    /// From the stream through the splitter to the caller.
    fn feed<A>(
        &mut self,
        stream: &mut impl Read,
        chunk: &mut Vec<u8>,
        into: &mut A,
        record: &impl Fn(&mut A, &RecordText<'_>) -> Result<(), NotAnEvent>,
    ) -> io::Result<()> {
        self.counts.files = 1;
        chunk.resize(CHUNK, 0);
        let mut splitter = Splitter::new();
        loop {
            let read = match stream.read(chunk) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            self.counts.text_bytes += read as u64;
            let bytes = chunk.get(..read).unwrap_or_default();
            splitter.push(bytes, &mut |found| self.take(found, into, record));
        }
        splitter.finish(&mut |found| self.take(found, into, record));
        Ok(())
    }

    fn take<A>(
        &mut self,
        found: Found<'_>,
        into: &mut A,
        record: &impl Fn(&mut A, &RecordText<'_>) -> Result<(), NotAnEvent>,
    ) {
        match found {
            Found::Record {
                text, number, line, ..
            } => {
                let text = RecordText {
                    text,
                    number,
                    line,
                    file: &self.file.name,
                };
                match record(into, &text) {
                    Ok(()) => self.counts.records += 1,
                    Err(NotAnEvent::Insight) => self.counts.insights += 1,
                    Err(NotAnEvent::Digest) => self.counts.digests += 1,
                    Err(why) => {
                        self.strange += u64::from(why == NotAnEvent::Foreign);
                        self.broken(Code::BrokenRecord, &why.to_string(), number, line);
                    }
                }
            }
            Found::Broken {
                number, line, why, ..
            } => {
                self.strange += u64::from(matches!(why, Defect::NotJson | Defect::RestLost));
                self.broken(Code::BrokenJson, &why.to_string(), number, line);
            }
        }
    }

    fn broken(&mut self, code: Code, why: &str, record: u64, line: u64) {
        self.counts.broken += 1;
        let place = Place {
            file: self.file.name.clone(),
            record: Some(record),
            line: Some(line),
            column: None,
        };
        self.notes.say(Diagnostic::error(code, why).at(place));
    }

    fn broken_gzip(&mut self, error: &io::Error, at: u64) {
        self.counts.broken += 1;
        let how = if error.kind() == io::ErrorKind::UnexpectedEof {
            "ends early"
        } else {
            "is damaged"
        };
        let kept = match self.counts.records {
            0 => "no record of it could be read".to_owned(),
            1 => "the 1 record before was read".to_owned(),
            kept => format!("the {kept} records before were read"),
        };
        let message = format!("its gzip stream {how} at byte {at}: {kept}");
        let help = "fetch the file anew, and check its size against the original's";
        self.notes.say(
            Diagnostic::error(Code::BrokenGzip, message)
                .at(Place::file(self.file.name.as_str()))
                .help(help),
        );
    }

    fn not_a_trail(&mut self, what: &str) {
        // What lies beside a trail in a folder is no fault of the person who named the folder.
        let severity = if self.file.given {
            self.counts.broken = self.counts.broken.max(1);
            Severity::Error
        } else {
            self.counts = Counts {
                passed_over: 1,
                ..Counts::default()
            };
            Severity::Note
        };
        self.notes = FileNotes::new(&self.file.name);
        self.notes.say_of_file(
            severity,
            Code::NotATrail,
            format!("not a CloudTrail file: {what}"),
        );
    }

    /// What can only be said of the whole file.
    fn sum_up(&mut self) {
        let counts = self.counts;
        if counts.records + counts.digests + counts.insights == 0
            && self.strange > 0
            && counts.broken == self.strange
        {
            let foreign = self.notes.has(Code::BrokenRecord);
            self.not_a_trail(if foreign {
                "it is JSON, but holds no CloudTrail record"
            } else {
                "it is not JSON"
            });
        }
        if counts.digests > 0 {
            let message = "a CloudTrail digest was skipped: it holds signatures of log files, not events";
            self.notes.say_of_file(Severity::Note, Code::DigestFile, message);
        }
        if counts.insights > 0 {
            let message = format!(
                "{} CloudTrail Insights events were skipped: they hold statistics, not calls",
                counts.insights
            );
            self.notes.say_of_file(Severity::Note, Code::InsightFile, message);
        }
    }
}

/// Counts the bytes that are read through it.
struct Counted<R> {
    source: R,
    bytes: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(into)?;
        self.bytes += read as u64;
        Ok(read)
    }
}

fn looks(head: &[u8]) -> Looks {
    const MAGIC: [(&[u8], &str); 7] = [
        (b"PK\x03\x04", "it is a zip archive"),
        (b"PAR1", "it is Parquet"),
        (b"Obj\x01", "it is Avro"),
        (b"ORC", "it is ORC"),
        (b"\x28\xb5\x2f\xfd", "it is compressed with zstd"),
        (b"BZh", "it is compressed with bzip2"),
        (b"\xfd7zXZ", "it is compressed with xz"),
    ];
    if head.starts_with(&GZIP) {
        return Looks::Gzip;
    }
    if let Some((_, what)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Looks::Binary(what);
    }
    if is_utf16(head) {
        return Looks::Binary("it is UTF-16 (PowerShell writes that; `Out-File -Encoding utf8` does not)");
    }
    if head.contains(&0) {
        return Looks::Binary("it is a binary file");
    }
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let starts = |line: &[u8]| matches!(line.trim_ascii_start().first(), Some(b'{' | b'[' | 0x1e));
    let blank = head.iter().all(u8::is_ascii_whitespace);
    if blank || head.split(|&byte| byte == b'\n').any(starts) {
        Looks::Text
    } else {
        Looks::OtherText
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_apart_by_content() {
        for (head, expected) in [
            (&b"\x1f\x8b\x08"[..], Looks::Gzip),
            (b"  {\"Records\"", Looks::Text),
            (b"\xef\xbb\xbf[", Looks::Text),
            (b"# a comment\n{\"a\":1}", Looks::Text),
            (b"", Looks::Text),
            (b" \n", Looks::Text),
            (b"name,count\n", Looks::OtherText),
            (b"PAR1\0", Looks::Binary("it is Parquet")),
            (b"\x7fELF\0\0", Looks::Binary("it is a binary file")),
        ] {
            assert_eq!(looks(head), expected, "{head:?}");
        }
        assert!(matches!(looks(b"\xff\xfe{\0"), Looks::Binary(what) if what.contains("UTF-16")));
    }
}
