//! A store's folder: the manifest, which says what counts, and the segments that it names.
//!
//! ```text
//! manifest.json           which segments count; replaced as a whole
//! lock                    held by the run that writes
//! segments/*.segment      written once; those that the manifest does not name do not count
//! answers/*.ledger        what may be read in their place: see [`super::answers`]
//! ```
//! A file is written beside its place, synced, renamed into it, and the folder is synced. A run that is killed
//! leaves the manifest as it was before or as it is after. Readers take no lock: what they read is named by the
//! manifest that they read first, and where a writer has replaced it meanwhile they begin again.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "an edge: this module keeps files"
)]

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::Trouble;
use super::segment::{Folded, Head, Object, Parts, Unusable, encode, read_head, read_packed};
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::evidence::{DayEvidence, Ledger};

/// The version of the folder's format.
pub const STORE_VERSION: u32 = 1;

/// `manifest.json`, with a checksum over the rest of it.
#[derive(Serialize, Deserialize)]
struct Sealed {
    checksum: String,
    manifest: Manifest,
}

/// Which segments count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) store_version: u32,
    /// Raised with every change.
    pub(super) generation: u64,
    pub(super) segments: Vec<Named>,
}

/// A segment as the manifest names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Named {
    pub(super) file: String,
    /// The checksum of its head.
    pub(super) head: String,
    /// Its size.
    pub(super) bytes: u64,
    /// How many objects it holds.
    pub(super) objects: usize,
}

/// A segment, opened.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    pub(super) named: Named,
    pub(super) head: Head,
    path: PathBuf,
    /// Where its parts begin.
    begin: u64,
}

impl Segment {
    pub(super) fn ids(&self, day: &super::segment::Day) -> Result<Vec<u128>, Unusable> {
        day.read_ids(&mut File::open(&self.path)?, self.begin)
    }

    pub(super) fn evidence(&self, day: &super::segment::Day) -> Result<DayEvidence, Unusable> {
        day.read_evidence(&mut File::open(&self.path)?, self.begin)
    }
}

/// The manifest with its segments.
pub(super) struct State {
    pub(super) manifest: Manifest,
    pub(super) segments: Vec<Segment>,
}

/// The folder.
#[derive(Debug, Clone)]
pub(super) struct Folder(PathBuf);

/// Held while a store is written.
pub(super) struct Lock(#[expect(dead_code, reason = "the lock goes with the file")] File);

impl Folder {
    pub(super) fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    pub(super) fn name(&self) -> String {
        self.0.to_string_lossy().into_owned()
    }

    fn segments(&self) -> PathBuf {
        self.0.join("segments")
    }

    fn path_of(&self, file: &str) -> PathBuf {
        self.segments().join(file)
    }

    /// Waits until nobody else writes, and keeps others from it.
    pub(super) fn lock(&self) -> Result<Lock, Box<Diagnostic>> {
        let lock = || {
            fs::create_dir_all(self.segments())?;
            let file = OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .open(self.0.join("lock"))?;
            file.lock()?;
            Ok(Lock(file))
        };
        let lock = lock().map_err(|error| self.unwritable(&error))?;
        let manifest = self.manifest()?;
        if manifest.generation == 0 && self.files("").iter().all(|file| file != "manifest.json") {
            self.put(&manifest)?;
        }
        Ok(lock)
    }

    /// What counts now. An empty folder is an empty store.
    pub(super) fn state(&self) -> Result<State, Box<Diagnostic>> {
        let mut last = None;
        // A writer may replace the manifest, and remove what it no longer names, between two reads.
        for _ in 0..8 {
            let manifest = self.manifest()?;
            let opened: Result<Vec<_>, _> = manifest.segments.iter().map(|named| self.open(named)).collect();
            match opened {
                Ok(segments) => return Ok(State { manifest, segments }),
                Err((file, why)) => {
                    let again = why == Unusable::Gone && last.as_ref() != Some(&manifest);
                    if !again {
                        return Err(self.lost(&file, &why));
                    }
                    last = Some(manifest);
                }
            }
        }
        Err(self.lost("manifest.json", &Unusable::Gone))
    }

    fn open(&self, named: &Named) -> Result<Segment, (String, Unusable)> {
        let path = self.path_of(&named.file);
        let open = || {
            let file = File::open(&path)?;
            let (head, sum, begin) = read_head(&mut BufReader::new(file))?;
            if hex(sum) != named.head {
                return Err(Unusable::Damaged("it is another segment".to_owned()));
            }
            Ok((head, begin))
        };
        let (head, begin) = open().map_err(|why| (named.file.clone(), why))?;
        Ok(Segment {
            named: named.clone(),
            head,
            path,
            begin,
        })
    }

    fn manifest(&self) -> Result<Manifest, Box<Diagnostic>> {
        let path = self.0.join("manifest.json");
        // Looked at before the manifest: another run may write the first one meanwhile.
        let before = (self.files(""), self.files("segments"));
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return self.none(&before.0, &before.1),
            Err(error) => return Err(self.lost("manifest.json", &error.into())),
        };
        let damaged = |why: String| self.lost("manifest.json", &Unusable::Damaged(why));
        // The version comes first: another one may look otherwise.
        let value: serde_json::Value =
            serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
        let version = value
            .pointer("/manifest/store_version")
            .and_then(serde_json::Value::as_u64);
        if let Some(other) = version.filter(|version| *version != u64::from(STORE_VERSION)) {
            let why = format!("the store is of version {other}; this program reads version {STORE_VERSION}");
            return Err(self.said(why).into());
        }
        let sealed: Sealed = serde_json::from_value(value).map_err(|error| damaged(error.to_string()))?;
        if seal(&sealed.manifest) != sealed.checksum {
            return Err(damaged("its checksum differs".to_owned()));
        }
        Ok(sealed.manifest)
    }

    /// No manifest: a new store, unless there are segments, which one must have named.
    fn none(&self, files: &[String], segments: &[String]) -> Result<Manifest, Box<Diagnostic>> {
        let manifest = Manifest {
            store_version: STORE_VERSION,
            generation: 0,
            segments: Vec::new(),
        };
        // The first run writes a manifest before it writes anything else.
        if segments.iter().any(|file| file.ends_with(".segment")) {
            return Err(self.lost("manifest.json", &Unusable::Gone));
        }
        if files
            .iter()
            .any(|file| !matches!(file.as_str(), "lock" | "segments" | "answers"))
        {
            let why = "the folder holds something else than a store";
            let said = Diagnostic::error(Code::EvidenceStore, why).at(Place::file(self.name()));
            return Err(Box::new(said.help("name an empty or a new folder")));
        }
        Ok(manifest)
    }

    /// The names in a folder of the store; none where there is no such folder.
    fn files(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.0.join(folder)).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.filter(|name| !name.contains(".new-")).collect()
    }

    /// Writes a segment, each day as it comes; it does not count yet.
    pub(super) fn write(
        &self,
        generation: u64,
        keys: BTreeSet<String>,
        objects: Vec<Object>,
        days: impl IntoIterator<Item = Result<(i32, Folded), Trouble>>,
    ) -> Result<Segment, Trouble> {
        let unwritable = |error: io::Error| Trouble::from(self.unwritable(&error));
        let beside = self.path_of(&format!("parts.new-{}", std::process::id()));
        let _removed = Removed(&beside);
        let parts = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&beside);
        let mut parts = Parts::new(BufWriter::new(parts.map_err(unwritable)?));
        for day in days {
            let (day, folded) = day?;
            parts.add(day, folded).map_err(unwritable)?;
        }
        let (parts, days) = parts.finish().map_err(unwritable)?;
        let mut parts = parts
            .into_inner()
            .map_err(|error| unwritable(error.into_error()))?;
        let (start, head, sum) = encode(keys, objects, days).map_err(unwritable)?;
        let file = format!("{generation:08}-{}.segment", hex(sum));
        let path = self.path_of(&file);
        let bytes = parts
            .rewind()
            .and_then(|()| write_whole(&path, &mut start.as_slice().chain(parts)))
            .map_err(unwritable)?;
        let named = Named {
            file,
            head: hex(sum),
            bytes,
            objects: head.objects.len(),
        };
        Ok(Segment {
            named,
            head,
            path,
            begin: start.len() as u64,
        })
    }

    /// Makes these segments, and no others, count. To be called with the lock held.
    pub(super) fn commit(&self, state: &mut State) -> Result<(), Box<Diagnostic>> {
        state.manifest.generation += 1;
        state.manifest.segments = state
            .segments
            .iter()
            .map(|segment| segment.named.clone())
            .collect();
        self.put(&state.manifest)?;
        self.sweep(&state.manifest);
        Ok(())
    }

    fn put(&self, manifest: &Manifest) -> Result<(), Box<Diagnostic>> {
        let sealed = Sealed {
            checksum: seal(manifest),
            manifest: manifest.clone(),
        };
        let text = serde_json::to_string_pretty(&sealed).unwrap_or_default();
        let path = self.0.join("manifest.json");
        write_whole(&path, &mut text.as_bytes())
            .map(|_| ())
            .map_err(|error| self.unwritable(&error))
    }

    /// Removes what no longer counts. What cannot be removed takes room and nothing else.
    fn sweep(&self, manifest: &Manifest) {
        let half_written = [self.0.clone(), self.answers()];
        for entry in half_written
            .iter()
            .filter_map(|folder| fs::read_dir(folder).ok())
            .flatten()
            .flatten()
        {
            if entry.file_name().to_string_lossy().contains(".new-") {
                let _ = fs::remove_file(entry.path());
            }
        }
        for entry in fs::read_dir(self.segments()).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let counts = manifest
                .segments
                .iter()
                .any(|named| name.to_str() == Some(&named.file));
            if !counts {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn answers(&self) -> PathBuf {
        self.0.join("answers")
    }

    pub(super) fn has_answer(&self, name: &str) -> bool {
        self.answers().join(name).is_file()
    }

    /// A ledger that was kept; it counts as used now.
    pub(super) fn answer(&self, name: &str) -> Result<Ledger, Unusable> {
        let mut file = File::open(self.answers().join(name))?;
        let ledger = read_packed(&mut BufReader::new(&mut file))?;
        // Where the system keeps no time, what goes first is another one.
        let _ = file.set_modified(std::time::SystemTime::now());
        Ok(ledger)
    }

    /// Keeps a ledger's bytes. They are not synced: what a crash leaves of them is known by its checksum.
    pub(super) fn keep_answer(&self, name: &str, mut bytes: &[u8]) -> io::Result<()> {
        fs::create_dir_all(self.answers())?;
        write_beside(&self.answers().join(name), &mut bytes, |_| Ok(()))?;
        Ok(())
    }

    pub(super) fn remove_answer(&self, name: &str) {
        let _ = fs::remove_file(self.answers().join(name));
    }

    /// Removes ledgers that were not used this time, those not used for longest first, while all together are more
    /// than `most` bytes.
    pub(super) fn bound_answers(&self, used: &BTreeSet<String>, most: u64) {
        let entries = fs::read_dir(self.answers()).into_iter().flatten().flatten();
        let of_entry = |entry: fs::DirEntry| {
            let meta = entry.metadata().ok()?;
            let name = entry.file_name().to_string_lossy().into_owned();
            Some((meta.modified().ok()?, name, meta.len()))
        };
        let mut all: Vec<_> = entries.filter_map(of_entry).collect();
        all.sort();
        let mut bytes: u64 = all.iter().map(|(.., bytes)| bytes).sum();
        for (_, name, own) in all.iter().filter(|(_, name, _)| !used.contains(name)) {
            if bytes <= most {
                return;
            }
            self.remove_answer(name);
            bytes = bytes.saturating_sub(*own);
        }
    }

    fn said(&self, why: String) -> Diagnostic {
        let said = Diagnostic::error(Code::EvidenceStore, why).at(Place::file(self.name()));
        said.help("name a new folder: it is built from the trail")
    }

    /// What cannot be mended from the trail that is at hand.
    pub(super) fn lost(&self, file: &str, why: &Unusable) -> Box<Diagnostic> {
        let mut said = self.said(format!("{file} cannot be used: {why}"));
        if let Unusable::Unreadable(_) = why {
            said.help = None;
        }
        Box::new(said)
    }

    fn unwritable(&self, error: &io::Error) -> Box<Diagnostic> {
        let why = format!("the store cannot be written ({error}); it is as it was before");
        Box::new(Diagnostic::error(Code::EvidenceStore, why).at(Place::file(self.name())))
    }
}

fn hex(sum: u64) -> String {
    format!("{sum:016x}")
}

fn seal(manifest: &Manifest) -> String {
    hex(xxh3_64(
        serde_json::to_string(manifest).unwrap_or_default().as_bytes(),
    ))
}

/// Removes a file at the end, however it comes.
struct Removed<'p>(&'p Path);

impl Drop for Removed<'_> {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.0);
    }
}

/// Writes a file so that at any moment its old bytes or its new ones stand there: how many there are.
fn write_whole(path: &Path, bytes: &mut impl Read) -> io::Result<u64> {
    let written = write_beside(path, bytes, File::sync_all)?;
    sync_folder(path.parent().unwrap_or(Path::new(".")))?;
    Ok(written)
}

/// Writes a file beside its place, makes of it what `done` says, and renames it into the place.
fn write_beside(
    path: &Path,
    bytes: &mut impl Read,
    done: impl FnOnce(&File) -> io::Result<()>,
) -> io::Result<u64> {
    // Several threads of a program may write at once.
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let beside = path.with_extension(format!("new-{}-{number}", std::process::id()));
    let _removed = Removed(&beside);
    let mut file = File::create(&beside)?;
    let written = io::copy(bytes, &mut file)?;
    done(&file)?;
    fs::rename(&beside, path)?;
    Ok(written)
}

/// A rename lasts once its folder is synced.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()
    } else {
        Ok(())
    }
}
