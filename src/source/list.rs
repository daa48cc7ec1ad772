//! Which files to read: inputs as they were given, folders as what lies in them.
#![expect(
    clippy::disallowed_methods,
    reason = "an edge: this module looks into folders"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::Window;
use super::layout::{Scope, day_number};
use super::store::Store;
use super::text::why_unreadable;
use crate::diagnostic::{Code, Diagnostic, Place, Severity};

/// One file to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    /// Which input it came with: an index into the sorted inputs.
    pub(super) input: usize,
    pub(super) path: PathBuf,
    /// The path as it is said to the person.
    pub(super) name: String,
    /// Its place in the order of the paths.
    pub(super) number: usize,
    /// The day that its path tells, counted from 1970-01-01.
    pub(super) day: Option<i32>,
    /// Whether the person named it; otherwise it was found in a folder.
    pub(super) given: bool,
    /// Its size on disk; 0 where that is not known.
    pub(super) size: u64,
    /// What changes when its bytes do: the time of the last change, or an ETag. Empty where that is not known.
    pub(super) version: String,
    /// Where it is no file: which store it is in, and its number there.
    pub(super) stored: Option<(usize, usize)>,
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
            listing.add(input, path, true, None);
            continue;
        }
        match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => listing.walk(input, path),
            Ok(meta) => listing.add(input, path, true, Some(&meta)),
            Err(error) => listing.unreadable(input, path, &why_unreadable(&error)),
        }
    }
    listing
        .files
        .sort_by(|a, b| (&a.path, !a.given).cmp(&(&b.path, !b.given)));
    let shared = &mut listing.shared;
    listing.files.dedup_by(|later, first| {
        let same = later.path == first.path;
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
            let kept = file.stored.is_some() || file.given || scope.may_hold(&file.name);
            if !kept {
                *left_out.entry(file.input).or_default() += 1;
                elsewhere += u64::from(!place.may_hold(&file.name));
            }
            kept
        });
        if elsewhere > 0 {
            let why = format!("{elsewhere} files of other regions or accounts were not opened");
            self.diagnostics.push(Diagnostic::note(Code::LeftOut, why));
        }
    }

    /// The first and the last day that paths tell; `None` where the path of some file tells none.
    pub(super) fn days(&self) -> Option<(i32, i32)> {
        let mut days = self.files.iter().map(|file| file.day);
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
                self.files.push(Listed {
                    input,
                    path: PathBuf::new(),
                    number: self.files.len(),
                    day: day_number(&item.name),
                    name: item.name,
                    given: false,
                    size: item.size,
                    version: item.version,
                    stored: Some((store, number)),
                });
            }
        }
    }

    fn add(&mut self, input: usize, path: &Path, given: bool, meta: Option<&fs::Metadata>) {
        let name = path.to_string_lossy().into_owned();
        self.files.push(Listed {
            input,
            path: path.to_owned(),
            number: 0,
            day: day_number(&name),
            name,
            given,
            size: meta.map_or(0, fs::Metadata::len),
            version: meta.map(last_change).unwrap_or_default(),
            stored: None,
        });
    }

    fn unreadable(&mut self, input: usize, path: &Path, why: &str) {
        self.failed.insert(input);
        let place = Place::file(path.to_string_lossy());
        self.diagnostics
            .push(Diagnostic::error(Code::UnreadableFile, why).at(place));
    }

    /// Everything below a folder but what is hidden. Links to files are followed, links to folders
    /// are not: they may lead back.
    fn walk(&mut self, input: usize, folder: &Path) {
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) => {
                    self.unreadable(input, &folder, &why_unreadable(&error));
                    continue;
                }
            };
            let mut paths: Vec<PathBuf> = entries
                .filter_map(|entry| entry.ok().map(|entry| entry.path()))
                .collect();
            paths.sort();
            for path in paths {
                let hidden = path
                    .file_name()
                    .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
                if hidden {
                    continue;
                }
                match fs::metadata(&path) {
                    Ok(meta) if meta.is_dir() && !path.is_symlink() => folders.push(path),
                    Ok(meta) if meta.is_file() => self.add(input, &path, false, Some(&meta)),
                    Ok(_) => {}
                    Err(error) => self.unreadable(input, &path, &why_unreadable(&error)),
                }
            }
        }
    }
}

/// When a file was last changed, in nanoseconds since 1970; empty where the system does not say.
pub(super) fn last_change(meta: &fs::Metadata) -> String {
    let since = meta
        .modified()
        .ok()
        .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    since
        .map(|since| since.as_nanos().to_string())
        .unwrap_or_default()
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
            .map(|file| file.path.strip_prefix(root).unwrap())
            .collect();
        assert_eq!(names, ["a.json", "b/2.json.gz", "b/c/1", "z.json"].map(Path::new));
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
