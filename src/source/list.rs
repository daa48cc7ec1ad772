//! Which files to read: inputs as they were given, folders as what lies in them.
#![expect(
    clippy::disallowed_methods,
    reason = "an edge: this module looks into folders"
)]

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Window;
use super::layout::{Scope, day_number};
use super::store::{Item, Store};
use super::text::why_unreadable;
use crate::diagnostic::{Code, Diagnostic, Place, Severity};

/// One file to read. A large trail has millions: each holds its name once, without its folder's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    /// Which input it came with: an index into the sorted inputs.
    pub(super) input: usize,
    /// The folder that it was found in, one text for all that lies there; empty for others.
    folder: Arc<Path>,
    /// Its name in the folder; of others the path, or what the store calls it.
    own: Box<OsStr>,
    /// Its place in the order of the paths.
    pub(super) number: usize,
    /// The day that its path tells, counted from 1970-01-01.
    pub(super) day: Option<i32>,
    /// Whether the person named it; otherwise it was found in a folder.
    pub(super) given: bool,
    /// Its size on disk; 0 where that is not known.
    pub(super) size: u64,
    version: Version,
    /// Where it is no file: which store it is in, and its number there.
    pub(super) stored: Option<(usize, usize)>,
}

/// What changes when a file's bytes do.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Version {
    /// Not known.
    None,
    /// The time of the last change, in nanoseconds since 1970.
    Changed(u64),
    /// As a store says it, an ETag.
    Tag(Box<str>),
}

impl Listed {
    /// A file in a folder; one that was given as it stands has no folder.
    fn file(input: usize, folder: &Arc<Path>, own: &OsStr, meta: Option<&fs::Metadata>) -> Self {
        let mut file = Self {
            input,
            folder: Arc::clone(folder),
            own: own.into(),
            number: 0,
            day: None,
            given: false,
            size: meta.map_or(0, fs::Metadata::len),
            version: meta.and_then(last_change).map_or(Version::None, Version::Changed),
            stored: None,
        };
        file.day = day_number(&file.name());
        file
    }

    /// A file that no input names.
    pub(super) fn on_disk(path: &Path, meta: &fs::Metadata) -> Self {
        Self::file(usize::MAX, &nowhere(), path.as_os_str(), Some(meta))
    }

    #[cfg(test)]
    pub(super) fn of_size(size: u64) -> Self {
        let mut file = Self::file(0, &nowhere(), OsStr::new("x"), None);
        file.size = size;
        file
    }

    fn item(input: usize, (store, number): (usize, usize), item: Item) -> Self {
        Self {
            input,
            folder: nowhere(),
            number: 0,
            day: day_number(&item.name),
            own: OsString::from(item.name).into(),
            given: false,
            size: item.size,
            version: match item.version.as_str() {
                "" => Version::None,
                tag => Version::Tag(tag.into()),
            },
            stored: Some((store, number)),
        }
    }

    /// Where the file lies.
    pub(super) fn path(&self) -> PathBuf {
        self.folder.join(&*self.own)
    }

    /// As it is said to the person.
    pub(super) fn name(&self) -> String {
        match self.stored {
            Some(_) => self.own.to_string_lossy().into_owned(),
            None => self.path().to_string_lossy().into_owned(),
        }
    }

    /// What changes when its bytes do: the time of the last change, or an ETag. Empty where that is not known.
    pub(super) fn version(&self) -> String {
        match &self.version {
            Version::None => String::new(),
            Version::Changed(nanos) => nanos.to_string(),
            Version::Tag(tag) => tag.to_string(),
        }
    }

    /// Whether it may hold something of the scope, as far as its path tells. What a person named is read.
    fn may_hold(&self, scope: &Scope) -> bool {
        let is_asked = self.stored.is_some() || self.given || *scope == Scope::default();
        is_asked || scope.may_hold(&self.name())
    }

    /// The order of the paths.
    fn cmp_path(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.folder, &other.folder) {
            return Path::new(&self.own).cmp(Path::new(&other.own));
        }
        fn parts(file: &Listed) -> impl Iterator<Item = std::path::Component<'_>> {
            file.folder.components().chain(Path::new(&file.own).components())
        }
        parts(self).cmp(parts(other))
    }
}

fn nowhere() -> Arc<Path> {
    Arc::from(Path::new(""))
}

/// What the inputs hold.
#[derive(Debug, Clone, Default)]
pub(super) struct Listing {
    /// The inputs, sorted, each once.
    pub(super) inputs: Vec<PathBuf>,
    /// The files, sorted by path, each once.
    pub(super) files: Vec<Listed>,
    /// Inputs of which something could not be looked at.
    pub(super) failed: BTreeSet<usize>,
    /// Inputs of which a file came with another input as well.
    pub(super) shared: BTreeSet<usize>,
    /// What could not be looked at, by input.
    pub(super) diagnostics: Vec<Diagnostic>,
    /// How many files were left out by their path, by input.
    pub(super) left_out: BTreeMap<usize, u64>,
}

/// Lists the files of `inputs`. The result does not depend on their order.
pub(super) fn list(inputs: &[PathBuf]) -> Listing {
    let unique: BTreeSet<&PathBuf> = inputs.iter().collect();
    let mut listing = Listing {
        inputs: unique.into_iter().cloned().collect(),
        ..Listing::default()
    };
    for (input, path) in listing.inputs.clone().iter().enumerate() {
        if path.as_os_str() == "-" {
            listing.give(input, path, None);
            continue;
        }
        match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => listing.walk(input, path),
            Ok(meta) => listing.give(input, path, Some(&meta)),
            Err(error) => listing.unreadable(input, path, &why_unreadable(&error)),
        }
    }
    listing
        .files
        .sort_by(|a, b| a.cmp_path(b).then(b.given.cmp(&a.given)));
    let shared = &mut listing.shared;
    listing.files.dedup_by(|later, first| {
        let same = later.cmp_path(first).is_eq();
        if same {
            shared.insert(later.input);
        }
        same
    });
    (0..)
        .zip(&mut listing.files)
        .for_each(|(number, file)| file.number = number);
    listing
}

impl Listing {
    /// Leaves out the files that hold nothing of the scope, as far as their paths tell.
    pub(super) fn narrow(&mut self, scope: &Scope) {
        let place = Scope {
            window: Window::default(),
            ..scope.clone()
        };
        let mut elsewhere = 0u64;
        let left_out = &mut self.left_out;
        self.files.retain(|file| {
            let kept = file.may_hold(scope);
            if !kept {
                *left_out.entry(file.input).or_default() += 1;
                elsewhere += u64::from(!file.may_hold(&place));
            }
            kept
        });
        if elsewhere > 0 {
            let why = format!("{elsewhere} files of other regions or accounts were not opened");
            self.diagnostics.push(Diagnostic::note(Code::LeftOut, why));
        }
    }

    /// The first and the last day that paths of the scope tell; `None` where the path of some file tells none.
    pub(super) fn days_of(&self, scope: &Scope) -> Option<(i32, i32)> {
        let files = self.files.iter().filter(|file| file.may_hold(scope));
        let mut days = files.map(|file| file.day);
        let first = days.next()??;
        days.try_fold((first, first), |(first, last), day| {
            day.map(|day| (first.min(day), last.max(day)))
        })
    }

    /// Of files whose paths tell a day, leaves those of the first and the last, and of so many days beside them.
    pub(super) fn keep_ends(&mut self, beside: i32) {
        let days = self.files.iter().filter_map(|file| file.day);
        if let Some((first, last)) = days.clone().min().zip(days.max()) {
            self.files.retain(|file| {
                file.day
                    .is_none_or(|day| day <= first + beside || day >= last - beside)
            });
        }
    }

    /// Puts the files in the order of their days, those that tell none first.
    pub(super) fn by_day(&mut self) {
        self.files.sort_by_key(|file| (file.day, file.number));
    }

    /// Adds what is in the stores, after the files and in the order that they give.
    pub(super) fn add_stores(&mut self, stores: &[&dyn Store]) {
        for (store, source) in stores.iter().enumerate() {
            let input = self.inputs.len();
            self.inputs.push(PathBuf::from(source.name()));
            let (items, diagnostics) = source.list();
            if diagnostics.iter().any(|said| said.severity == Severity::Error) {
                self.failed.insert(input);
            }
            self.diagnostics.extend(diagnostics);
            for (number, item) in items.into_iter().enumerate() {
                let mut file = Listed::item(input, (store, number), item);
                file.number = self.files.len();
                self.files.push(file);
            }
        }
    }

    fn give(&mut self, input: usize, path: &Path, meta: Option<&fs::Metadata>) {
        self.files.push(Listed {
            given: true,
            ..Listed::file(input, &nowhere(), path.as_os_str(), meta)
        });
    }

    fn unreadable(&mut self, input: usize, path: &Path, why: &str) {
        self.failed.insert(input);
        let place = Place::file(path.to_string_lossy());
        self.diagnostics
            .push(Diagnostic::error(Code::UnreadableFile, why).at(place));
    }

    /// Everything below a folder but what is hidden, in the order of the paths. Links to files are followed, links
    /// to folders are not: they may lead back.
    fn walk(&mut self, input: usize, root: &Path) {
        let mut open = vec![self.entries(input, root)];
        while let Some((folder, entries)) = open.last_mut() {
            let Some(entry) = entries.next() else {
                open.pop();
                continue;
            };
            let own = entry.file_name();
            let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
            let meta = match is_link {
                true => fs::metadata(folder.join(&own)),
                false => entry.metadata(),
            };
            match meta {
                Ok(meta) if meta.is_dir() && !is_link => {
                    let folder = folder.join(own);
                    open.push(self.entries(input, &folder));
                }
                Ok(meta) if meta.is_file() => {
                    let file = Listed::file(input, folder, &own, Some(&meta));
                    self.files.push(file);
                }
                Ok(_) => {}
                Err(error) => {
                    let path = folder.join(&own);
                    self.unreadable(input, &path, &why_unreadable(&error));
                }
            }
        }
    }

    /// What is in a folder, in order; nothing where it cannot be looked into, which is said.
    fn entries(&mut self, input: usize, folder: &Path) -> (Arc<Path>, std::vec::IntoIter<fs::DirEntry>) {
        let mut entries: Vec<_> = match fs::read_dir(folder) {
            Ok(entries) => entries.filter_map(Result::ok).collect(),
            Err(error) => {
                self.unreadable(input, folder, &why_unreadable(&error));
                Vec::new()
            }
        };
        entries.retain(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."));
        entries.sort_by_key(fs::DirEntry::file_name);
        (Arc::from(folder), entries.into_iter())
    }
}

/// When a file was last changed, in nanoseconds since 1970; `None` where the system does not say.
fn last_change(meta: &fs::Metadata) -> Option<u64> {
    let since = meta.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    u64::try_from(since.as_nanos()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{create_dir_all, write};

    #[test]
    fn folders_are_walked_in_order_without_what_is_hidden() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        create_dir_all(root.join("b/c")).unwrap();
        create_dir_all(root.join(".git")).unwrap();
        for name in [
            "z.json",
            "b/c/1",
            "b/2.json.gz",
            "b.json",
            ".hidden.json",
            ".git/x.json",
            "a.json",
        ] {
            write(root.join(name), "x").unwrap();
        }
        let listing = list(&[root.join("a.json"), root.to_owned(), root.to_owned()]);
        let names: Vec<_> = listing
            .files
            .iter()
            .map(|file| file.path().strip_prefix(root).unwrap().to_owned())
            .collect();
        assert_eq!(
            names,
            ["a.json", "b/2.json.gz", "b/c/1", "b.json", "z.json"].map(PathBuf::from)
        );
        assert_eq!(listing.inputs, [root.to_owned(), root.join("a.json")]);
        assert!(listing.files[0].given && !listing.files[1].given);
        assert_eq!((listing.files[0].input, listing.files[1].input), (1, 0));
        assert!(listing.diagnostics.is_empty());
    }

    #[test]
    fn the_order_of_the_inputs_does_not_matter() {
        let folder = tempfile::tempdir().unwrap();
        let [a, b] = ["a", "b"].map(|name| folder.path().join(name));
        write(&a, "1").unwrap();
        let one = list(&[a.clone(), "-".into(), b.clone()]);
        let other = list(&[b, a, "-".into()]);
        assert_eq!(
            (one.files, one.diagnostics.clone()),
            (other.files, other.diagnostics)
        );
        assert_eq!(one.diagnostics[0].code, Code::UnreadableFile);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_back_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path().join("a.json"), "{}").unwrap();
        std::os::unix::fs::symlink(folder.path(), folder.path().join("loop")).unwrap();
        std::os::unix::fs::symlink(folder.path().join("a.json"), folder.path().join("b.json")).unwrap();
        assert_eq!(list(&[folder.path().to_owned()]).files.len(), 2);
    }
}
