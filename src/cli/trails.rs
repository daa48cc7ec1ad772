//! Trails on the command line: files and folders, the event history, buckets.

use std::path::PathBuf;

use jiff::{Span, Timestamp, civil::Date};
use serde_json::Value;

use super::live::Live;
use super::output::Output;
use crate::diagnostic::{Code, Diagnostic};
use crate::evidence::{Interest, Ledger, Selectors, read_selectors};
use crate::source::snapshot::Snapshot;
use crate::source::{
    EvidenceStore, Files, Question, ReadReport, Scope, Store, Window, read_text, read_window,
};

/// Which part of a trail, and where it is kept.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct TrailArgs {
    /// Only events from then on: a date, a time, or how long ago (90d, 12h). cloudtrail: and s3:// begin 90
    /// days ago unless it says otherwise.
    #[arg(long, value_name = "WHEN", help_heading = "Trail", value_parser = when)]
    pub(super) since: Option<When>,
    /// Only events before: a date, a time, or how long ago.
    #[arg(long, value_name = "WHEN", help_heading = "Trail", value_parser = when)]
    pub(super) until: Option<When>,
    /// Keep what is fetched from cloudtrail: and s3:// in this folder; a later run fetches only what is missing.
    #[arg(long, value_name = "DIR", help_heading = "Trail")]
    pub(super) keep: Option<PathBuf>,
    /// Keep evidence in this folder: a later run reads only files that are not in it yet, and answers from all
    /// that it was ever given. Windows are of whole days (UTC) then.
    #[arg(long, value_name = "DIR", help_heading = "Trail")]
    pub(super) store: Option<PathBuf>,
    /// The most that a query of athena: may scan: 500MB, 100GB, 2TB.
    #[arg(long, value_name = "SIZE", help_heading = "Trail", default_value = "100GB", value_parser = size)]
    pub(super) max_scan: u64,
}

/// A time as a person gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// At this time.
    At(Timestamp),
    /// So many hours before now.
    Ago(i64),
}

/// How far back AWS's event history goes
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html>).
const HISTORY_HOURS: i64 = 90 * 24;

/// Bytes, in the units in which AWS bills.
fn size(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u64); 5] = [
        ("kb", 1_000),
        ("mb", 1_000_000),
        ("gb", 1_000_000_000),
        ("tb", 1_000_000_000_000),
        ("b", 1),
    ];
    let lower = text.to_ascii_lowercase();
    let (number, unit) = UNITS
        .iter()
        .find_map(|(name, unit)| Some((lower.strip_suffix(name)?, *unit)))
        .unwrap_or((&lower, 1));
    let number: u64 = number
        .trim()
        .parse()
        .map_err(|_| "write 500MB, 100GB or 2TB".to_owned())?;
    Ok(number.saturating_mul(unit))
}

fn when(text: &str) -> Result<When, String> {
    let number = |unit: char| {
        text.strip_suffix(unit)
            .and_then(|number| number.parse::<i64>().ok())
    };
    if let Some(days) = number('d').filter(|days| (0..36_500).contains(days)) {
        return Ok(When::Ago(days * 24));
    }
    if let Some(hours) = number('h').filter(|hours| (0..876_000).contains(hours)) {
        return Ok(When::Ago(hours));
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(When::At(time));
    }
    let midnight = |date: Date| jiff::tz::Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok();
    text.parse::<Date>()
        .ok()
        .and_then(midnight)
        .map(When::At)
        .ok_or_else(|| "write 2026-11-24, 2026-11-24T08:00:00Z, 90d or 12h".to_owned())
}

impl When {
    fn time(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(time) => time,
            Self::Ago(hours) => now.saturating_sub(Span::new().hours(hours)).unwrap_or(now),
        }
    }
}

/// What was read of all trails.
pub(super) struct Trails {
    /// By time; one more than there are cuts.
    pub(super) parts: Vec<Ledger>,
    pub(super) read: ReadReport,
    /// What they are set to record, where that is known.
    pub(super) selectors: Option<Selectors>,
    pub(super) said: Vec<Diagnostic>,
}

/// The trails that are no files, by their words.
pub(super) fn is_remote(path: &std::path::Path) -> bool {
    let text = path.to_string_lossy();
    text == "cloudtrail:" || text.starts_with("s3://") || text.starts_with("athena:")
}

impl Trails {
    /// All of it.
    pub(super) fn ledger(&mut self) -> Ledger {
        let mut all = Ledger::default();
        self.parts.drain(..).for_each(|part| all.merge(part));
        all.settle();
        all
    }
}

/// The files among the paths as they are read, and the window that the arguments ask for.
pub(super) fn files_and_window(
    paths: &[PathBuf],
    args: &TrailArgs,
    now: Timestamp,
) -> (Vec<PathBuf>, Window) {
    let of_snapshot = |path: &PathBuf| Snapshot::at(path).map_or_else(|| path.clone(), |own| own.trail());
    let window = Window {
        from: args.since.map(|when| when.time(now)),
        until: args.until.map(|when| when.time(now)),
    };
    (paths.iter().map(of_snapshot).collect(), window)
}

/// Reads the trails. `principal` narrows the event history where it is a user, and a bucket to the
/// principal's account.
pub(super) fn read(
    paths: &[PathBuf],
    args: &TrailArgs,
    threads: usize,
    interest: &Interest,
    principal: Option<&str>,
    live: &Live<'_>,
    output: &Output,
) -> Result<Trails, Vec<Diagnostic>> {
    let how = How {
        threads,
        ..How::default()
    };
    read_parts(paths, args, how, interest, principal, live, output)
}

/// How trails are read.
#[derive(Default)]
pub(super) struct How<'c> {
    pub(super) threads: usize,
    /// Where to cut them (sorted).
    pub(super) cuts: &'c [Timestamp],
    /// The files, where [`span`] has listed them.
    pub(super) files: Option<Files>,
}

/// As [`read`], with a ledger for each part between the cuts.
pub(super) fn read_parts(
    paths: &[PathBuf],
    args: &TrailArgs,
    how: How<'_>,
    interest: &Interest,
    principal: Option<&str>,
    live: &Live<'_>,
    output: &Output,
) -> Result<Trails, Vec<Diagnostic>> {
    let How {
        threads,
        cuts,
        files: listed,
    } = how;
    let (remote, mut files): (Vec<PathBuf>, Vec<PathBuf>) =
        paths.iter().cloned().partition(|path| is_remote(path));
    let now = Timestamp::now();
    let from = args.since.map(|when| when.time(now));
    let until = args.until.map(|when| when.time(now));
    let window = Window { from, until };
    let mut said = Vec::new();
    let mut selectors = None;
    for path in &mut files {
        if let Some(snapshot) = Snapshot::at(path) {
            *path = snapshot.trail();
            if let Some(file) = snapshot.selectors() {
                let text = read_text(&file).map_err(|error| vec![*error])?;
                let (found, diagnostics) = read_selectors(&text, &file.to_string_lossy());
                selectors = found;
                said.extend(diagnostics);
            }
        }
    }
    if let Some(folder) = &args.store {
        let store = Stored {
            folder,
            files: &files,
            remote: &remote,
            selectors: selectors.filter(|_| files.len() == 1 && remote.is_empty()),
        };
        let question = Question {
            interest,
            window: if files.is_empty() && !remote.is_empty() {
                fetched(args, now)
            } else {
                window
            },
            cuts,
            threads,
        };
        return store.read(args, now, &question, live, output);
    }
    if remote.is_empty() {
        let selectors = selectors.filter(|_| files.len() == 1);
        let _shown = output.reading();
        let scope = Scope {
            window,
            regions: live.regions_of_files(),
            account: principal.and_then(account_of),
        };
        let listed = listed.unwrap_or_else(|| Files::list(&files));
        let (parts, read) = crate::source::read_scope(listed, &[], threads, interest, &scope, cuts);
        return Ok(Trails {
            parts,
            read,
            selectors,
            said,
        });
    }
    let fetched = fetched(args, now);
    let trails = super::live::open_trails(&remote, &fetched, args, principal, live)?;
    // What it costs is said before it runs.
    output.diagnostics(&trails.before);
    let stores: Vec<&dyn Store> = trails.stores.iter().map(|store| &**store as &dyn Store).collect();
    let window = if files.is_empty() { fetched } else { window };
    let shown = output.reading();
    let (parts, read) = crate::source::read_parts(&files, &stores, threads, interest, window, cuts);
    drop(shown);
    let one = trails
        .selectors_text
        .as_ref()
        .filter(|_| files.is_empty() && stores.len() == 1);
    let selectors = one.and_then(|text| read_selectors(&text.to_string(), "GetEventSelectors").0);
    said.extend(trails.said);
    if !read.cut_short.is_empty() {
        // Whatever was not read may hold a use: no answer can rest on a part.
        said.extend(read.cut_short);
        return Err(said);
    }
    Ok(Trails {
        parts,
        read,
        selectors,
        said,
    })
}

/// A store of evidence, and the trails that are read into it.
struct Stored<'s> {
    folder: &'s std::path::Path,
    files: &'s [PathBuf],
    remote: &'s [PathBuf],
    selectors: Option<Selectors>,
}

impl Stored<'_> {
    fn read(
        self,
        args: &TrailArgs,
        now: Timestamp,
        question: &Question<'_>,
        live: &Live<'_>,
        output: &Output,
    ) -> Result<Trails, Vec<Diagnostic>> {
        let paths: Vec<PathBuf> = self.files.iter().chain(self.remote).cloned().collect();
        not_storable(&paths)?;
        let store = EvidenceStore::at(self.folder);
        let whole = question.whole_days();
        let (answer, mut said) = if self.remote.is_empty() {
            (store.answer(self.files, &[], question)?, Vec::new())
        } else {
            // Everybody's events are kept: the account's whole trail, not the principal's part of it.
            let trails = super::live::open_trails(self.remote, &fetched(args, now), args, None, live)?;
            output.diagnostics(&trails.before);
            let stores: Vec<&dyn Store> = trails.stores.iter().map(|store| &**store as &dyn Store).collect();
            (store.answer(self.files, &stores, question)?, trails.said)
        };
        said.extend(answer.said);
        if !whole {
            said.push(Diagnostic::note(
                Code::EvidenceStore,
                "a store keeps whole days (UTC): the days in which the window begins, ends or is cut count as wholes",
            ));
        }
        Ok(Trails {
            parts: answer.parts,
            read: answer.read,
            selectors: self.selectors,
            said,
        })
    }
}

/// What a store cannot keep: what is no object with a name, a size and a version.
pub(super) fn not_storable(paths: &[PathBuf]) -> Result<(), Vec<Diagnostic>> {
    let wrong = paths.iter().filter(|path| {
        let text = path.to_string_lossy();
        text == "-" || is_remote(path) && !text.starts_with("s3://")
    });
    let said: Vec<Diagnostic> = wrong
        .map(|path| {
            let why = format!(
                "{} cannot be kept in a store: files, folders and s3:// can",
                path.display()
            );
            Diagnostic::error(Code::Unsupported, why)
                .help("write it into a file first, or take a `leastgrant snapshot` and name its folder")
        })
        .collect();
    if said.is_empty() { Ok(()) } else { Err(said) }
}

/// The account of a principal that is named by its ARN.
fn account_of(principal: &str) -> Option<String> {
    let account = crate::arn::Arn::parse(principal)?.account;
    (!account.is_empty()).then(|| account.to_owned())
}

/// A first and a last event.
type Ends = (Timestamp, Timestamp);

/// The first and last event, before anything is read: of files they are looked up, of a window that is fetched
/// they are known. `None` for standard input, which can be read once only, and where the paths of files tell
/// that there are fewer than `least_days` days between them. With the files, where they had to be listed.
pub(super) fn span(
    paths: &[PathBuf],
    args: &TrailArgs,
    threads: usize,
    interest: &Interest,
    least_days: i64,
) -> Result<(Option<Ends>, Option<Files>), Vec<Diagnostic>> {
    let now = Timestamp::now();
    if paths.iter().any(|path| path.as_os_str() == "-") {
        return Ok((None, None));
    }
    if paths.iter().any(|path| is_remote(path)) {
        let window = fetched(args, now);
        return Ok((window.from.zip(window.until), None));
    }
    let (files, window) = files_and_window(paths, args, now);
    let Some(store) = &args.store else {
        let files = Files::list(&files);
        return Ok((read_window(&files, threads, window, least_days), Some(files)));
    };
    let question = Question {
        interest,
        window,
        cuts: &[],
        threads,
    };
    Ok((EvidenceStore::at(store).span(&files, &question)?, None))
}

/// The earlier part of a trail is learnt from where it reaches over so many days.
const LEARN_DAYS: i64 = 14;

/// A trail that reaches over fewer days is not cut before its last `days`.
pub(super) fn least_days(days: i64) -> i64 {
    days + LEARN_DAYS
}

/// Where the last so many days of a trail begin; `None` where too little lies before them.
pub(super) fn last_days(days: i64, (first, last): (Timestamp, Timestamp)) -> Option<Timestamp> {
    let cut = last
        .checked_sub(jiff::SignedDuration::from_hours(days * 24))
        .ok()?;
    (days > 0 && cut.duration_since(first).as_hours() >= LEARN_DAYS * 24).then_some(cut)
}

/// Trails in an account, opened.
pub(super) struct Opened<'c> {
    pub(super) stores: Vec<Box<dyn Store + 'c>>,
    /// What the last one is set to record, as `aws cloudtrail get-event-selectors` prints it.
    pub(super) selectors_text: Option<Value>,
    pub(super) said: Vec<Diagnostic>,
    /// What is to be said before anything is read.
    pub(super) before: Vec<Diagnostic>,
}

/// The window that is fetched where a trail lies in the account: a fixed end, since what arrives meanwhile is
/// for the next run.
pub(super) fn fetched(args: &TrailArgs, now: Timestamp) -> Window {
    let from = args.since.unwrap_or(When::Ago(HISTORY_HOURS));
    Window {
        from: Some(from.time(now)),
        until: Some(args.until.map_or(now, |when| when.time(now))),
    }
}

/// What to say where the event history of one region is asked for.
#[cfg(feature = "aws")]
pub(super) fn regions_said(regions: &[String]) -> Option<Diagnostic> {
    let has_global = regions.iter().any(|region| region == "us-east-1");
    // <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html#cloudtrail-concepts-global-service-events>
    (!has_global).then(|| {
        Diagnostic::note(
            Code::OneRegion,
            format!("the event history of {} only was read: events of IAM, STS's global endpoint, CloudFront and Route 53 are in us-east-1", regions.join(", ")),
        )
        .help("name every region that is in use: --region us-east-1,eu-west-1")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_that_aws_bills() {
        assert_eq!(size("100GB"), Ok(100_000_000_000));
        assert_eq!(size("2 tb"), Ok(2_000_000_000_000));
        assert_eq!(size("7"), Ok(7));
        assert!(size("much").is_err());
    }

    #[test]
    fn times_are_given_in_several_ways() {
        assert_eq!(when("90d"), Ok(When::Ago(2160)));
        assert_eq!(when("12h"), Ok(When::Ago(12)));
        let midnight: Timestamp = "2026-11-24T00:00:00Z".parse().unwrap();
        assert_eq!(when("2026-11-24"), Ok(When::At(midnight)));
        assert_eq!(when("2026-11-24T00:00:00Z"), Ok(When::At(midnight)));
        assert!(when("yesterday").is_err() && when("-3d").is_err());
        let now = midnight;
        assert_eq!(When::Ago(24).time(now), "2026-11-23T00:00:00Z".parse().unwrap());
    }
}
