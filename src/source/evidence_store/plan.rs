//! What there is to read so that a store can answer: what is new, and what must be folded anew.
#![expect(clippy::disallowed_methods, reason = "an edge: this module looks at files")]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

use super::Question;
use super::fold::gone;
use super::folder::{Folder, Segment, State};
use super::segment::{Basis, Object};
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::source::files::Summary;
use crate::source::list::{Listed, Listing};
use crate::source::stream::FileReport;
use crate::source::{ReadReport, Store};

/// What to do.
pub(super) struct Plan {
    /// Segments that are replaced, by file.
    pub(super) stale: BTreeSet<String>,
    /// What to read.
    pub(super) todo: Vec<Listed>,
    pub(super) reports: Reports,
    pub(super) said: Vec<Diagnostic>,
}

/// What is known of each object, read now or before.
#[derive(Default)]
pub(super) struct Reports {
    by_name: BTreeMap<String, (Vec<Object>, Vec<FileReport>)>,
}

/// A file's name in a store: absolute, so that it is the same from any folder.
pub(super) fn name_of(file: &Listed) -> String {
    if file.stored.is_some() {
        return file.name();
    }
    let path = file.path();
    std::path::absolute(&path)
        .unwrap_or(path)
        .to_string_lossy()
        .into_owned()
}

impl Plan {
    pub(super) fn of(
        state: &State,
        listing: &Listing,
        question: &Question<'_>,
        damaged: &BTreeSet<String>,
        folder: &Folder,
    ) -> Result<Self, Vec<Diagnostic>> {
        let holders: HashMap<&str, (&Segment, &Object)> = state
            .segments
            .iter()
            .flat_map(|segment| {
                segment
                    .head
                    .objects
                    .iter()
                    .map(move |object| (object.name.as_str(), (segment, object)))
            })
            .collect();
        let listed: BTreeMap<String, &Listed> =
            listing.files.iter().map(|file| (name_of(file), file)).collect();
        let mut must: BTreeMap<&str, String> = BTreeMap::new();
        let own = Basis::own();
        for segment in &state.segments {
            let file = segment.named.file.as_str();
            if damaged.contains(file) {
                must.insert(file, format!("{file} is damaged"));
            } else if segment.head.basis != own && within(segment, question) {
                must.insert(
                    file,
                    "another version of leastgrant, or of its catalog, folded it".to_owned(),
                );
            }
        }
        for (name, file) in &listed {
            if let Some((segment, object)) = holders.get(name.as_str())
                && (object.size, object.version.as_str()) != (file.size, file.version().as_str())
            {
                must.insert(
                    &segment.named.file,
                    format!("{name} has changed since it was read"),
                );
            }
        }
        let mut stale = with_borrowers(state, must.keys().copied().collect());
        let (mut again, lost) = objects_of(state, &stale, &listed);
        if !lost.is_empty() {
            let because = must.values().next().map_or("", String::as_str);
            return Err(lost.iter().map(|name| gone(name, because)).collect());
        }
        let mut said = Vec::new();
        // Condition keys that nobody has asked for so far.
        let fewer = |segment: &&Segment| {
            within(segment, question) && !question.interest.condition_keys.is_subset(&segment.head.keys)
        };
        let asking: BTreeSet<&str> = state
            .segments
            .iter()
            .filter(fewer)
            .map(|segment| segment.named.file.as_str())
            .collect();
        if !asking.is_empty() {
            let all = with_borrowers(state, asking.union(&stale).copied().collect());
            let (more, lost) = objects_of(state, &all, &listed);
            if lost.is_empty() {
                (stale, again) = (all, more);
            } else {
                said.push(unknown_keys(state, question, lost.len(), folder));
            }
        }
        let stale: BTreeSet<String> = stale.into_iter().map(str::to_owned).collect();
        let new = listed
            .iter()
            .filter(|(name, _)| !holders.contains_key(name.as_str()));
        let mut todo: Vec<Listed> = new.map(|(_, file)| (*file).clone()).chain(again).collect();
        todo.sort_by_cached_key(|file| (file.stored, file.path(), file.name()));
        let mut reports = Reports::default();
        let kept = state
            .segments
            .iter()
            .filter(|segment| !stale.contains(&segment.named.file));
        for object in kept.flat_map(|segment| &segment.head.objects) {
            reports
                .by_name
                .entry(object.name.clone())
                .or_default()
                .0
                .push(object.clone());
        }
        Ok(Self {
            stale,
            todo,
            reports,
            said,
        })
    }

    /// Whether the store is up to date.
    pub(super) fn is_empty(&self) -> bool {
        self.stale.is_empty() && self.todo.is_empty()
    }

    /// The condition keys to fold with: all that any question has asked for.
    pub(super) fn keys(&self, state: &State, question: &Question<'_>) -> BTreeSet<String> {
        let asked = question.interest.condition_keys.iter().cloned();
        let before = state
            .segments
            .iter()
            .flat_map(|segment| segment.head.keys.iter().cloned());
        asked.chain(before).collect()
    }
}

fn within(segment: &Segment, question: &Question<'_>) -> bool {
    segment.head.days.iter().any(|day| question.holds(day.day))
}

/// With the segments that left out events which these may have had first.
fn with_borrowers<'s>(state: &'s State, mut stale: BTreeSet<&'s str>) -> BTreeSet<&'s str> {
    loop {
        let of = |stale: &BTreeSet<&str>, segment: &Segment| stale.contains(segment.named.file.as_str());
        let days: BTreeSet<i32> = state
            .segments
            .iter()
            .filter(|segment| of(&stale, segment))
            .flat_map(|segment| segment.head.days.iter().map(|day| day.day))
            .collect();
        let borrows = |segment: &&Segment| {
            let mut own = segment.head.days.iter();
            !of(&stale, segment) && own.any(|day| day.borrowed > 0 && days.contains(&day.day))
        };
        let more: Vec<&str> = state
            .segments
            .iter()
            .filter(borrows)
            .map(|segment| segment.named.file.as_str())
            .collect();
        if more.is_empty() {
            return stale;
        }
        stale.extend(more);
    }
}

/// The objects of these segments as they are now, and the names of those that are nowhere any more.
fn objects_of(
    state: &State,
    stale: &BTreeSet<&str>,
    listed: &BTreeMap<String, &Listed>,
) -> (Vec<Listed>, Vec<String>) {
    let (mut found, mut lost) = (Vec::new(), Vec::new());
    let segments = state
        .segments
        .iter()
        .filter(|segment| stale.contains(segment.named.file.as_str()));
    for object in segments.flat_map(|segment| &segment.head.objects) {
        match listed.get(&object.name) {
            Some(file) => found.push((*file).clone()),
            None => match on_disk(&object.name) {
                Some(file) => found.push(file),
                None => lost.push(object.name.clone()),
            },
        }
    }
    (found, lost)
}

/// A file that was given another time.
fn on_disk(name: &str) -> Option<Listed> {
    let path = PathBuf::from(name);
    let meta = std::fs::metadata(&path)
        .ok()
        .filter(|meta| meta.is_file() && path.is_absolute())?;
    Some(Listed::on_disk(&path, &meta))
}

fn unknown_keys(state: &State, question: &Question<'_>, lost: usize, folder: &Folder) -> Diagnostic {
    let known: Vec<_> = state
        .segments
        .iter()
        .filter(|segment| within(segment, question))
        .collect();
    let missing: Vec<&str> = question
        .interest
        .condition_keys
        .iter()
        .filter(|key| known.iter().any(|segment| !segment.head.keys.contains(*key)))
        .map(String::as_str)
        .collect();
    let why = format!(
        "of {} the store does not know the values: policies did not ask for it when the trail was read, and {lost} of its files are no longer there",
        missing.join(", ")
    );
    Diagnostic::note(Code::EvidenceStore, why).at(Place::file(folder.name()))
}

impl Reports {
    pub(super) fn add(&mut self, file: &Listed, report: FileReport) {
        self.by_name.entry(name_of(file)).or_default().1.push(report);
    }

    /// What is to be said of all that the store holds, as a plain read of it would.
    pub(super) fn finish(mut self, listing: &Listing, store: &str, stores: &[&dyn Store]) -> ReadReport {
        let mut inputs = listing.clone();
        let rest = inputs.inputs.len();
        let mut reports = Vec::new();
        for file in &listing.files {
            if let Some((objects, fresh)) = self.by_name.remove(&name_of(file)) {
                let known = objects.iter().map(|object| report_of(object, &file.name()));
                reports.extend(known.chain(fresh).map(|report| FileReport {
                    input: file.input,
                    ..report
                }));
            }
        }
        if !self.by_name.is_empty() {
            inputs.inputs.push(PathBuf::from(store));
        }
        for (name, (objects, fresh)) in self.by_name {
            let known = objects.iter().map(|object| report_of(object, &name));
            reports.extend(known.chain(fresh).map(|report| FileReport {
                input: rest,
                ..report
            }));
        }
        let mut summary = Summary::new(&inputs);
        for (number, report) in reports.into_iter().enumerate() {
            summary.add(FileReport { number, ..report });
        }
        let mut report = summary.finish(&inputs);
        report.cut_short = stores.iter().filter_map(|store| store.cut_short()).collect();
        report
    }
}

fn report_of(object: &Object, name: &str) -> FileReport {
    FileReport {
        input: 0,
        number: 0,
        counts: object.counts,
        diagnostics: object.said.iter().map(|said| said.diagnostic(name)).collect(),
    }
}
