//! Reads one file of a trail as a stream: what it is, its records, what is wrong with it.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "an edge: this module reads files"
)]

use std::fs::File;
use std::io::{self, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use libdeflater::Decompressor;
use memchr::memmem;

use super::files::RecordText;
use super::list::Listed;
use super::report::{Counts, FileNotes};
use super::store::Store;
use super::text::{GZIP, is_utf16, why_unreadable};
use crate::diagnostic::{Code, Diagnostic, Place, Severity};
use crate::trail::{Defect, Found, NotAnEvent, Splitter, walk};

/// How many bytes are decompressed and looked at in one go.
const CHUNK: usize = 256 << 10;
/// How many bytes tell what a file is.
const HEAD: usize = 4096;
/// How many bytes of a file are read first: most files of a trail have fewer.
const FIRST: usize = 128 << 10;
/// A buffer has at least so many bytes: one that grows from file to file leaves blocks of every size behind.
const ROOM: usize = 1 << 20;
/// Files of fewer bytes, packed and unpacked, are read in one go: CloudTrail's are. Each thread has room for one.
const MOST_PACKED: usize = 8 << 20;
const MOST_TEXT: usize = 24 << 20;
/// How a gzip member begins, deflate being its only method.
const MEMBER: [u8; 3] = [0x1f, 0x8b, 8];

/// What came of one file.
#[derive(Debug)]
pub(super) struct FileReport {
    /// The input it came with.
    pub(super) input: usize,
    /// The file's number in the order of the paths.
    pub(super) number: usize,
    pub(super) counts: Counts,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// What a file is, by its first bytes.
#[derive(Debug, PartialEq, Eq)]
enum Looks {
    Gzip,
    #[cfg(feature = "parquet")]
    Parquet,
    Text,
    /// Text without a line that could start JSON.
    OtherText,
    /// What it is instead.
    Binary(&'static str),
}

/// What records are taken into, on one thread.
pub(super) trait Taker {
    /// A file begins.
    fn begin(&mut self, _file: &Listed) {}

    /// A record that the splitter found.
    fn record(&mut self, record: &RecordText<'_>) -> Result<(), NotAnEvent>;

    /// The record that starts at `at`: where it ends, and what came of it. `None`, and nothing taken, where
    /// the splitter must find its end.
    fn walk(
        &mut self,
        text: &str,
        at: usize,
        number: u64,
        file: &str,
    ) -> Option<(usize, Result<(), NotAnEvent>)> {
        let end = walk::end_of_object(text, at)?;
        let record = RecordText {
            text: text.as_bytes().get(at..end)?,
            number,
            line: 1,
            file,
        };
        Some((end, self.record(&record)))
    }
}

/// A taker of a closure and what it takes records into.
pub(super) struct Closure<'r, A, R> {
    pub(super) into: A,
    pub(super) record: &'r R,
}

impl<A, R: Fn(&mut A, &RecordText<'_>) -> Result<(), NotAnEvent>> Taker for Closure<'_, A, R> {
    fn record(&mut self, record: &RecordText<'_>) -> Result<(), NotAnEvent> {
        (self.record)(&mut self.into, record)
    }
}

/// Kept between files so that it is allocated once; longer than what is in it.
#[derive(Default)]
pub(super) struct Buffers {
    packed: Vec<u8>,
    text: Vec<u8>,
    unzip: Decompressor,
}

/// Reads one file.
pub(super) fn read_file(
    file: &Listed,
    stores: &[&dyn Store],
    buffers: &mut Buffers,
    into: &mut impl Taker,
) -> FileReport {
    let name = file.name();
    let mut reading = Reading {
        file,
        name: &name,
        counts: Counts::default(),
        notes: FileNotes::new(&name),
        strange: 0,
    };
    into.begin(file);
    if let Err(error) = reading.open_and_read(stores, buffers, into) {
        reading
            .notes
            .say_of_file(Severity::Error, Code::UnreadableFile, why_unreadable(&error));
    }
    reading.sum_up();
    FileReport {
        input: file.input,
        number: file.number,
        counts: reading.counts,
        diagnostics: reading.notes.finish(),
    }
}

struct Reading<'f> {
    file: &'f Listed,
    name: &'f str,
    counts: Counts,
    notes: FileNotes,
    /// What says that this is no trail at all, rather than a broken one; part of `counts.broken`.
    strange: u64,
}

impl Reading<'_> {
    fn open_and_read(
        &mut self,
        stores: &[&dyn Store],
        buffers: &mut Buffers,
        into: &mut impl Taker,
    ) -> io::Result<()> {
        let stored = self
            .file
            .stored
            .and_then(|(store, item)| Some((stores.get(store)?, item)));
        let is_file = stored.is_none() && self.name != "-";
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
            None if !is_file => Box::new(io::stdin().lock()),
            None => Box::new(File::open(self.file.path())?),
        };
        let Buffers {
            packed: buffer,
            text,
            unzip,
        } = buffers;
        // What is no file may come slowly: no more of it is waited for than tells what it is.
        let first = if is_file { FIRST } else { HEAD };
        let mut length = 0;
        let ended = fill(&mut *source, buffer, &mut length, first)?;
        match looks(buffer.get(..length.min(HEAD)).unwrap_or_default()) {
            Looks::Binary(what) => self.not_a_trail(what),
            Looks::OtherText if !self.file.given => self.not_a_trail("it is text, but not JSON"),
            #[cfg(feature = "parquet")]
            Looks::Parquet => {
                let file = match is_file {
                    true => File::open(self.file.path())?,
                    // Its table of contents stands at the end.
                    false => spooled(buffer.get(..length).unwrap_or_default().chain(source))?,
                };
                self.parquet(file, into);
            }
            Looks::Gzip => {
                let rest = match ended {
                    true => Ok(true),
                    false => fill(&mut *source, buffer, &mut length, MOST_PACKED),
                };
                let packed = buffer.get(..length).unwrap_or_default();
                match unpacked(packed, text, unzip).filter(|_| rest.is_ok()) {
                    Some(length) => {
                        self.counts.bytes = packed.len() as u64;
                        self.whole(text.get(..length).unwrap_or_default(), into);
                    }
                    None => self.gzip(packed.chain(Rest(rest.err())).chain(source), text, into),
                }
            }
            Looks::Text | Looks::OtherText => {
                let rest = match ended || !is_file {
                    true => Ok(ended),
                    false => fill(&mut *source, buffer, &mut length, MOST_TEXT),
                };
                let packed = buffer.get(..length).unwrap_or_default();
                if is_file && rest.is_ok() && length < MOST_TEXT {
                    self.counts.bytes = length as u64;
                    self.whole(packed, into);
                    return Ok(());
                }
                let mut source = Counted {
                    source: packed.chain(Rest(rest.err())).chain(source),
                    bytes: 0,
                };
                let read = self.feed(&mut source, text, into);
                self.counts.bytes = source.bytes;
                read?;
            }
        }
        Ok(())
    }

    #[cfg(feature = "parquet")]
    fn parquet(&mut self, file: File, into: &mut impl Taker) {
        self.counts.files = 1;
        self.counts.bytes = file.metadata().map_or(0, |own| own.len());
        let rows = match super::parquet::Rows::open(file) {
            Ok(rows) => rows,
            Err(why) => return self.broken_parquet(&why),
        };
        let mut text = Vec::new();
        for (number, row) in (1..).zip(rows) {
            let row = match row {
                Ok(row) => row,
                Err(why) => return self.broken_parquet(&why),
            };
            text.clear();
            // Memory does not refuse what is written to it.
            let _ = serde_json::to_writer(&mut text, &row);
            self.counts.text_bytes += text.len() as u64;
            let record = RecordText {
                text: &text,
                number,
                line: number,
                file: self.name,
            };
            let read = into.record(&record);
            self.count(read, number, number);
        }
    }

    #[cfg(feature = "parquet")]
    fn broken_parquet(&mut self, why: &str) {
        self.counts.broken += 1;
        let kept = self.counts.records;
        let message = format!("its Parquet is damaged after {kept} rows: {why}");
        let help = "fetch the file anew, and check its size against the original's";
        let said = Diagnostic::error(Code::BrokenRecord, message);
        self.notes.say(said.at(Place::file(self.name)).help(help));
    }

    /// A gzip stream that is large, of several members or damaged.
    fn gzip(&mut self, source: impl Read, chunk: &mut Vec<u8>, into: &mut impl Taker) {
        let mut stream = MultiGzDecoder::new(BufReader::new(Counted { source, bytes: 0 }));
        let read = self.feed(&mut stream, chunk, into);
        let source = stream.get_ref();
        let at = source.get_ref().bytes - source.buffer().len() as u64;
        self.counts.bytes = source.get_ref().bytes;
        if let Err(error) = read {
            self.broken_gzip(&error, at);
        }
    }

    /// From the stream through the splitter to the caller.
    fn feed(&mut self, stream: &mut impl Read, chunk: &mut Vec<u8>, into: &mut impl Taker) -> io::Result<()> {
        self.counts.files = 1;
        if chunk.len() < CHUNK {
            chunk.resize(ROOM, 0);
        }
        let chunk = chunk.get_mut(..CHUNK).unwrap_or_default();
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
            splitter.push(bytes, &mut |found| self.take(found, into));
        }
        splitter.finish(&mut |found| self.take(found, into));
        Ok(())
    }

    /// All of a file at once: as far as it is `{"Records":[…` on one line it is walked over, and the rest is
    /// for the splitter.
    fn whole(&mut self, bytes: &[u8], into: &mut impl Taker) {
        self.counts.files = 1;
        self.counts.text_bytes += bytes.len() as u64;
        let (at, records) = match std::str::from_utf8(bytes) {
            Ok(text) => self.walk(text, into),
            Err(_) => (0, 0),
        };
        let rest = bytes.get(at..).unwrap_or_default();
        if rest == b"]}" {
            return;
        }
        let mut splitter = match records {
            0 => Splitter::new(),
            records => Splitter::after(bytes.get(..at).unwrap_or_default(), records),
        };
        splitter.push(rest, &mut |found| self.take(found, into));
        splitter.finish(&mut |found| self.take(found, into));
    }

    /// How far the walk came, and how many records that were. What it takes for a record the splitter
    /// would as well: an object of good JSON in the list.
    fn walk(&mut self, text: &str, into: &mut impl Taker) -> (usize, u64) {
        const LIST: &str = "{\"Records\":[";
        if !text.starts_with(LIST)
            || !text
                .get(LIST.len()..)
                .is_some_and(|rest| rest.starts_with(walk::START))
        {
            return (0, 0);
        }
        let (mut at, mut next, mut records) = (0, LIST.len(), 0);
        while let Some((end, read)) = into.walk(text, next, records + 1, self.name) {
            records += 1;
            self.count(read, records, 1);
            at = end;
            next = end + 1;
            if text.as_bytes().get(end) != Some(&b',') {
                break;
            }
        }
        (at, records)
    }

    fn take(&mut self, found: Found<'_>, into: &mut impl Taker) {
        match found {
            Found::Record {
                text, number, line, ..
            } => {
                let text = RecordText {
                    text,
                    number,
                    line,
                    file: self.name,
                };
                let read = into.record(&text);
                self.count(read, number, line);
            }
            Found::Broken {
                number, line, why, ..
            } => {
                self.strange += u64::from(matches!(why, Defect::NotJson | Defect::RestLost));
                self.broken(Code::BrokenJson, &why.to_string(), number, line);
            }
        }
    }

    fn count(&mut self, read: Result<(), NotAnEvent>, number: u64, line: u64) {
        match read {
            Ok(()) => self.counts.records += 1,
            Err(NotAnEvent::Insight) => self.counts.insights += 1,
            Err(NotAnEvent::Digest) => self.counts.digests += 1,
            Err(why) => {
                self.strange += u64::from(why == NotAnEvent::Foreign);
                self.broken(Code::BrokenRecord, &why.to_string(), number, line);
            }
        }
    }

    fn broken(&mut self, code: Code, why: &str, record: u64, line: u64) {
        self.counts.broken += 1;
        let place = Place {
            file: self.name.to_owned(),
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
                .at(Place::file(self.name))
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
        self.notes = FileNotes::new(self.name);
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

/// Reads on behind the `length` bytes that are there, until there are `most` or no more come: whether none come.
/// What was read before an error is there as well.
fn fill(source: &mut dyn Read, into: &mut Vec<u8>, length: &mut usize, most: usize) -> io::Result<bool> {
    while *length < most {
        if into.len() == *length {
            into.resize((*length * 2).clamp(ROOM, MOST_TEXT), 0);
        }
        let end = into.len().min(most);
        match source.read(into.get_mut(*length..end).unwrap_or_default()) {
            Ok(0) => return Ok(true),
            Ok(read) => *length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

/// The text of a gzip file of one member that is whole: how many bytes of the buffer it takes. `None` for
/// any other.
fn unpacked(packed: &[u8], text: &mut Vec<u8>, unzip: &mut Decompressor) -> Option<usize> {
    if packed.len() >= MOST_PACKED {
        return None;
    }
    // The last four bytes are the length, of one member.
    let length = u32::from_le_bytes(*packed.last_chunk()?);
    let length = usize::try_from(length)
        .ok()
        .filter(|&length| length < MOST_TEXT)?;
    // Where another member may begin the stream decides.
    if length / 1100 > packed.len() || memmem::find(packed.get(1..)?, &MEMBER).is_some() {
        return None;
    }
    if text.len() < length {
        text.resize(length.next_power_of_two().max(ROOM), 0);
    }
    let found = unzip.gzip_decompress(packed, text).ok()?;
    (found == length).then_some(found)
}

/// All of a stream in a file without a name.
#[cfg(feature = "parquet")]
fn spooled(mut source: impl Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(&mut source, &mut file)?;
    io::Seek::rewind(&mut file)?;
    Ok(file)
}

/// Ends a stream with the error that ended its reading before.
struct Rest(Option<io::Error>);

impl Read for Rest {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
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
        (
            b"PAR1",
            "it is Parquet, which this build of leastgrant does not read",
        ),
        (b"Obj\x01", "it is Avro"),
        (b"ORC", "it is ORC"),
        (b"\x28\xb5\x2f\xfd", "it is compressed with zstd"),
        (b"BZh", "it is compressed with bzip2"),
        (b"\xfd7zXZ", "it is compressed with xz"),
    ];
    if head.starts_with(&GZIP) {
        return Looks::Gzip;
    }
    #[cfg(feature = "parquet")]
    if head.starts_with(b"PAR1") {
        return Looks::Parquet;
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
            #[cfg(feature = "parquet")]
            (b"PAR1\0", Looks::Parquet),
            (b"PK\x03\x04", Looks::Binary("it is a zip archive")),
            (b"\x7fELF\0\0", Looks::Binary("it is a binary file")),
        ] {
            assert_eq!(looks(head), expected, "{head:?}");
        }
        assert!(matches!(looks(b"\xff\xfe{\0"), Looks::Binary(what) if what.contains("UTF-16")));
    }
}
