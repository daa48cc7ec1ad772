//! `leastgrant snapshot DIR`: an account in a folder.
#![cfg(feature = "aws")]

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::{Span, Timestamp};
use serde_json::Value;

use super::Exit;
use super::live::{AwsArgs, Live};
use super::output::Output;
use super::trails::{TrailArgs, fetched};
use crate::diagnostic::{Code, Diagnostic, Place, Severity};
use crate::source::aws::write_whole;
use crate::source::snapshot::{AccountFile, Manifest, SNAPSHOT_VERSION, Snapshot, organization_value};
use crate::source::{RecordText, Store, read_trails};
use crate::trail::{Event, NotAnEvent, Scratch, mask};

/// Arguments of `snapshot`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "`--grants DIR` and `--trail DIR` of the other commands read it, without credentials. Run again on the same folder it goes on where the last run ended. Secrets in records and the ids of access keys are masked."
)]
pub(super) struct Args {
    /// The folder; made where it is not there.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The trails: cloudtrail: for the event history, s3://BUCKET/PREFIX. Repeatable.
    #[arg(long, value_name = "s3://…|cloudtrail:")]
    trail: Vec<PathBuf>,
    #[command(flatten)]
    trails: TrailArgs,
    #[command(flatten)]
    aws: AwsArgs,
}

/// Events arrive late in trails: so much of what an earlier run read is read again.
const OVERLAP_HOURS: i64 = 2;

/// Runs the command.
pub(super) fn run(args: &Args, output: &Output) -> Exit {
    match snapshot(args, output) {
        Ok(exit) => exit,
        Err(said) => {
            output.diagnostics(&said);
            Exit::Failed
        }
    }
}

fn snapshot(args: &Args, output: &Output) -> Result<Exit, Vec<Diagnostic>> {
    if args.trails.store.is_some() {
        let said = Diagnostic::error(Code::Unsupported, "a snapshot keeps records, not evidence");
        return Err(vec![
            said.help("give --store to the command that reads the snapshot"),
        ]);
    }
    let live = Live::new(&args.aws);
    let (account, _) = live.identity()?.clone();
    let before = before(&args.folder, &account)?;
    let mut said = Vec::new();
    let details = live.details(None)?;
    said.extend(details.said);
    let organization = live.organization()?;
    said.extend(organization.said.iter().cloned());
    write(&args.folder, "grants.json", &Value::Array(details.pages))?;
    write(
        &args.folder,
        "organization.json",
        &organization_value(&organization),
    )?;
    let reports = live.reports()?;
    said.extend(reports.said);
    let read = [
        (AccountFile::CredentialReport, reports.credential_report),
        (AccountFile::Summary, reports.summary),
        (AccountFile::PasswordPolicy, reports.password_policy),
        (AccountFile::Trails, reports.trails),
        (AccountFile::Config, reports.config),
    ];
    for (file, value) in read {
        // What an earlier run could read and this one could not is not today's.
        match value {
            Some(value) => write(&args.folder, file.name(), &value)?,
            None => remove(&args.folder, file.name())?,
        }
    }
    let now = Timestamp::now();
    let runs = before.as_ref().map_or(1, |before| before.runs + 1);
    let mut manifest = Manifest {
        snapshot_version: SNAPSHOT_VERSION,
        account,
        taken: now,
        since: before.as_ref().and_then(|before| before.since),
        until: before.as_ref().and_then(|before| before.until),
        runs,
        trails: args
            .trail
            .iter()
            .map(|trail| trail.to_string_lossy().into_owned())
            .collect(),
    };
    let mut unread = false;
    if !args.trail.is_empty() {
        let mut window = fetched(&args.trails, now);
        if let (None, Some(until)) = (args.trails.since, manifest.until) {
            window.from = until.checked_sub(Span::new().hours(OVERLAP_HOURS)).ok();
        }
        let opened = super::live::open_trails(&args.trail, &window, &args.trails, None, &live)?;
        said.extend(opened.said);
        output.diagnostics(&opened.before);
        if let Some(selectors) = &opened.selectors_text {
            write(&args.folder, "event-selectors.json", selectors)?;
        }
        let stores: Vec<&dyn Store> = opened.stores.iter().map(|store| &**store as &dyn Store).collect();
        let mut days = Days::new(&args.folder, runs);
        let (_, read) = read_trails(
            &[],
            &stores,
            0,
            Vec::new,
            |lines, record| take(lines, record, &window),
            |_, lines| days.add(lines),
        );
        said.extend(read.diagnostics.iter().cloned());
        if !read.cut_short.is_empty() {
            said.extend(read.cut_short);
            return Err(said);
        }
        unread = read.total.broken > 0 || read.diagnostics.iter().any(|own| own.severity == Severity::Error);
        let kept = days.kept;
        days.finish()?;
        manifest.since = [manifest.since, window.from].into_iter().flatten().min();
        manifest.until = [manifest.until, window.until].into_iter().flatten().max();
        output.say(&format!("{kept} records"));
    }
    let value = serde_json::to_value(&manifest).unwrap_or_default();
    write(&args.folder, "snapshot.json", &value)?;
    output.diagnostics(&said);
    output.say(&format!(
        "account {} is in {}",
        manifest.account,
        args.folder.display()
    ));
    Ok(if unread { Exit::Partial } else { Exit::Done })
}

/// What an earlier run left; another account's folder is not written into.
fn before(folder: &Path, account: &str) -> Result<Option<Manifest>, Vec<Diagnostic>> {
    let Some(snapshot) = Snapshot::at(folder) else {
        return Ok(None);
    };
    let manifest = snapshot.manifest().map_err(|problem| vec![*problem])?;
    if manifest.account == account {
        return Ok(Some(manifest));
    }
    let why = format!(
        "the folder holds account {}; these credentials are of account {account}",
        manifest.account
    );
    let said = Diagnostic::error(Code::Stale, why).at(Place::file(folder.to_string_lossy()));
    Err(vec![said.help("name another folder")])
}

fn write(folder: &Path, name: &str, value: &Value) -> Result<(), Vec<Diagnostic>> {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    let path = folder.join(name);
    write_whole(&path, format!("{text}\n").as_bytes()).map_err(|error| unwritable(&path, &error))
}

fn remove(folder: &Path, name: &str) -> Result<(), Vec<Diagnostic>> {
    let path = folder.join(name);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(unwritable(&path, &error)),
        _ => Ok(()),
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Vec<Diagnostic> {
    let said = Diagnostic::error(Code::UnreadableFile, format!("it cannot be written: {error}"));
    vec![said.at(Place::file(path.to_string_lossy()))]
}

/// A record of the window as a line, with the region and the day that it belongs to.
struct Line {
    region: String,
    day: String,
    text: String,
}

fn take(
    lines: &mut Vec<Line>,
    record: &RecordText<'_>,
    window: &crate::source::Window,
) -> Result<(), NotAnEvent> {
    let mut scratch = Scratch::default();
    let event = Event::parse(record.text, &mut scratch)?;
    if !window.holds(event.time) {
        return Ok(());
    }
    let Ok(mut value) = serde_json::from_slice::<Value>(record.text) else {
        return Ok(());
    };
    mask(&mut value);
    lines.push(Line {
        region: event.region.to_string(),
        day: event.time.to_string().chars().take(10).collect(),
        text: value.to_string(),
    });
    Ok(())
}

/// The files of this run, by region and day. None has its name before it is whole.
struct Days {
    folder: PathBuf,
    run: u32,
    kept: u64,
    files: BTreeMap<(String, String), GzEncoder<Vec<u8>>>,
}

impl Days {
    fn new(folder: &Path, run: u32) -> Self {
        Self {
            folder: folder.join("trail"),
            run,
            kept: 0,
            files: BTreeMap::new(),
        }
    }

    fn add(&mut self, lines: Vec<Line>) {
        for line in lines {
            self.kept += 1;
            let file = self
                .files
                .entry((line.region, line.day))
                .or_insert_with(|| GzEncoder::new(Vec::new(), Compression::default()));
            // Memory does not refuse what is written to it.
            let _ = file.write_all(format!("{}\n", line.text).as_bytes());
        }
    }

    fn finish(self) -> Result<(), Vec<Diagnostic>> {
        for ((region, day), file) in self.files {
            // A region comes from a record: it must not lead out of the folder.
            let region: String = region
                .chars()
                .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
                .collect();
            let path = self
                .folder
                .join(region)
                .join(format!("{day}-{:04}.jsonl.gz", self.run));
            let bytes = file.finish().map_err(|error| unwritable(&path, &error))?;
            write_whole(&path, &bytes).map_err(|error| unwritable(&path, &error))?;
        }
        Ok(())
    }
}
