//! One segment of a store: the evidence of some objects, folded by day. It is written once and never changed.
//!
//! ```text
//! 8 bytes   "lgstore\n"
//! 4 bytes   version of the format, little-endian, as all numbers here
//! 8 bytes   length of the head
//! 8 bytes   checksum of the head (XXH3, 64 bits)
//! …         the head: postcard, deflated (zlib)
//! …         the parts of the days, where the head says, counted from the end of the head:
//!           ids: 16 bytes each, sorted, of the events that were folded first here
//!           evidence: postcard of `evidence::DayEvidence`, deflated (zlib)
//! ```
//! Each part has its length and checksum in the head, so a day is read without the others, and what is damaged
//! is known before it is used.

use std::collections::BTreeSet;
use std::io::{Read, Seek, SeekFrom, Write};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::diagnostic::{Code, Diagnostic, Place, Severity};
use crate::evidence::{DayEvidence, FOLD_VERSION};
use crate::source::Counts;

const MAGIC: [u8; 8] = *b"lgstore\n";
const FORMAT: u32 = 1;
/// Magic, format, length and checksum.
const PREFIX: usize = 28;
/// No head or part is larger: what says so is damaged, and is not believed with memory.
const MOST: u64 = 8 << 30;

/// What folding depends on besides the records: another basis, another evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Basis {
    /// The program's version.
    pub(super) program: String,
    /// [`FOLD_VERSION`].
    pub(super) fold: u32,
    /// The catalog's fingerprint.
    pub(super) catalog: u64,
}

impl Basis {
    /// That of this program.
    pub(super) fn own() -> Self {
        Self {
            program: env!("CARGO_PKG_VERSION").to_owned(),
            fold: FOLD_VERSION,
            catalog: action_catalog::fingerprint(),
        }
    }
}

/// A file or an object that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Object {
    /// Its absolute path, or `s3://bucket/key`.
    pub(super) name: String,
    /// Its size in bytes.
    pub(super) size: u64,
    /// When it was last changed, or its ETag.
    pub(super) version: String,
    /// What was in it.
    pub(super) counts: Counts,
    /// What there was to say of it.
    pub(super) said: Vec<Said>,
}

/// A diagnostic of an object, without the object's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Said {
    severity: Severity,
    code: Code,
    message: String,
    place: Option<(Option<u64>, Option<u64>, Option<u64>)>,
    help: Option<String>,
}

impl Said {
    pub(super) fn of(said: &Diagnostic) -> Self {
        let place = said.place.as_ref();
        Self {
            severity: said.severity,
            code: said.code,
            message: said.message.clone(),
            place: place.map(|place| (place.record, place.line, place.column)),
            help: said.help.clone(),
        }
    }

    /// As it is said of the object under the name that it has now.
    pub(super) fn diagnostic(&self, name: &str) -> Diagnostic {
        let place = self.place.map(|(record, line, column)| Place {
            file: name.to_owned(),
            record,
            line,
            column,
        });
        Diagnostic {
            severity: self.severity,
            code: self.code,
            message: self.message.clone(),
            place,
            help: self.help.clone(),
            excerpt: None,
        }
    }
}

/// Where a part lies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    at: u64,
    len: u64,
    sum: u64,
}

/// A day of a segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Day {
    /// Counted from 1970-01-01 (UTC).
    pub(super) day: i32,
    /// The first and the last event.
    pub(super) window: Option<(Timestamp, Timestamp)>,
    /// Events that were left out since an earlier segment has them.
    pub(super) borrowed: u64,
    ids: Part,
    evidence: Part,
}

/// What a segment holds, without the evidence itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) basis: Basis,
    /// The condition keys that the events were asked for.
    pub(super) keys: BTreeSet<String>,
    pub(super) objects: Vec<Object>,
    pub(super) days: Vec<Day>,
}

/// What is folded of one day, to be written.
#[derive(Debug, Default)]
pub(super) struct Folded {
    /// Of events that no earlier segment has.
    pub(super) ids: Vec<u128>,
    pub(super) borrowed: u64,
    pub(super) evidence: DayEvidence,
}

/// Why a segment cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unusable {
    /// It is not there.
    #[error("it is not there")]
    Gone,
    /// It is not what was written.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// It is of another format.
    #[error("its format is version {0}; this program reads version {FORMAT}")]
    Format(u32),
    /// The system does not give it.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
}

impl From<std::io::Error> for Unusable {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::NotFound => Self::Gone,
            std::io::ErrorKind::UnexpectedEof => Self::Damaged("it ends early".to_owned()),
            _ => Self::Unreadable(error.to_string()),
        }
    }
}

/// The parts of a segment while they are written, one day after the other: a segment may be larger than memory.
pub(super) struct Parts<W> {
    out: W,
    at: u64,
    days: Vec<Day>,
}

impl<W: Write> Parts<W> {
    pub(super) fn new(out: W) -> Self {
        Self {
            out,
            at: 0,
            days: Vec::new(),
        }
    }

    fn put(&mut self, bytes: &[u8]) -> std::io::Result<Part> {
        self.out.write_all(bytes)?;
        let part = Part {
            at: self.at,
            len: bytes.len() as u64,
            sum: xxh3_64(bytes),
        };
        self.at += part.len;
        Ok(part)
    }

    /// Writes a day.
    pub(super) fn add(&mut self, day: i32, mut folded: Folded) -> std::io::Result<()> {
        folded.ids.sort_unstable();
        let ids: Vec<u8> = folded.ids.iter().flat_map(|id| id.to_le_bytes()).collect();
        let day = Day {
            day,
            window: folded.evidence.window(),
            borrowed: folded.borrowed,
            ids: self.put(&ids)?,
            evidence: self.put(&packed(&folded.evidence)?)?,
        };
        self.days.push(day);
        Ok(())
    }

    /// What was written to, and the days that are in it.
    pub(super) fn finish(mut self) -> std::io::Result<(W, Vec<Day>)> {
        self.out.flush()?;
        Ok((self.out, self.days))
    }
}

/// What stands before the parts; also the head itself and its checksum.
pub(super) fn encode(
    keys: BTreeSet<String>,
    objects: Vec<Object>,
    days: Vec<Day>,
) -> std::io::Result<(Vec<u8>, Head, u64)> {
    let head = Head {
        basis: Basis::own(),
        keys,
        objects,
        days,
    };
    let (bytes, sum) = sealed(&head)?;
    Ok((bytes, head, sum))
}

/// A value behind what every file of the store begins with; also its checksum.
pub(super) fn sealed<T: Serialize>(value: &T) -> std::io::Result<(Vec<u8>, u64)> {
    let packed = packed(value)?;
    let sum = xxh3_64(&packed);
    let mut bytes = Vec::with_capacity(PREFIX + packed.len());
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&FORMAT.to_le_bytes());
    bytes.extend_from_slice(&(packed.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes.extend_from_slice(&packed);
    Ok((bytes, sum))
}

/// The value of a file that is nothing but [`sealed`].
pub(super) fn read_packed<T: DeserializeOwned>(source: &mut impl Read) -> Result<T, Unusable> {
    let (bytes, _) = read_sealed(source)?;
    unpacked(&bytes)
}

fn packed<T: Serialize>(value: &T) -> std::io::Result<Vec<u8>> {
    let plain = postcard::to_allocvec(value).map_err(std::io::Error::other)?;
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&plain)?;
    encoder.finish()
}

fn unpacked<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Unusable> {
    // Texts that are much alike: most become four times as long. Growing step by step touches twice the memory.
    let mut plain = Vec::with_capacity(bytes.len().saturating_mul(4));
    ZlibDecoder::new(bytes)
        .take(MOST)
        .read_to_end(&mut plain)
        .map_err(|error| Unusable::Damaged(error.to_string()))?;
    postcard::from_bytes(&plain).map_err(|error| Unusable::Damaged(error.to_string()))
}

/// Reads the head; also its checksum, and where the parts begin.
pub(super) fn read_head(source: &mut impl Read) -> Result<(Head, u64, u64), Unusable> {
    let (bytes, sum) = read_sealed(source)?;
    Ok((unpacked(&bytes)?, sum, PREFIX as u64 + bytes.len() as u64))
}

fn read_sealed(source: &mut impl Read) -> Result<(Vec<u8>, u64), Unusable> {
    let mut prefix = [0u8; PREFIX];
    source.read_exact(&mut prefix)?;
    let number = |at: usize| {
        let bytes = prefix.get(at..at + 8).and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0, u64::from_le_bytes)
    };
    if prefix.get(..8) != Some(&MAGIC[..]) {
        return Err(Unusable::Damaged(
            "it does not begin as a segment does".to_owned(),
        ));
    }
    let format = (number(8) & 0xffff_ffff) as u32;
    if format != FORMAT {
        return Err(Unusable::Format(format));
    }
    let (len, sum) = (number(12), number(20));
    let bytes = read_exactly(source, len)?;
    if xxh3_64(&bytes) != sum {
        return Err(Unusable::Damaged("the checksum of its head differs".to_owned()));
    }
    Ok((bytes, sum))
}

fn read_exactly(source: &mut impl Read, len: u64) -> Result<Vec<u8>, Unusable> {
    if len > MOST {
        return Err(Unusable::Damaged("a length in it is impossible".to_owned()));
    }
    let mut bytes = Vec::new();
    source.take(len).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != len {
        return Err(Unusable::Damaged("it ends early".to_owned()));
    }
    Ok(bytes)
}

fn read_part(source: &mut (impl Read + Seek), begin: u64, part: Part) -> Result<Vec<u8>, Unusable> {
    source.seek(SeekFrom::Start(begin + part.at))?;
    let bytes = read_exactly(source, part.len)?;
    if xxh3_64(&bytes) == part.sum {
        return Ok(bytes);
    }
    Err(Unusable::Damaged("a checksum in it differs".to_owned()))
}

impl Day {
    /// Length and checksum of its evidence: what is made of it is named by them.
    pub(super) fn fingerprint(&self) -> [u64; 2] {
        [self.evidence.len, self.evidence.sum]
    }

    /// The ids of its events, sorted; `begin` is where the parts begin.
    pub(super) fn read_ids(
        &self,
        source: &mut (impl Read + Seek),
        begin: u64,
    ) -> Result<Vec<u128>, Unusable> {
        let bytes = read_part(source, begin, self.ids)?;
        let ids = bytes.as_chunks::<16>().0;
        Ok(ids.iter().map(|id| u128::from_le_bytes(*id)).collect())
    }

    /// Its evidence.
    pub(super) fn read_evidence(
        &self,
        source: &mut (impl Read + Seek),
        begin: u64,
    ) -> Result<DayEvidence, Unusable> {
        unpacked(&read_part(source, begin, self.evidence)?)
    }
}
