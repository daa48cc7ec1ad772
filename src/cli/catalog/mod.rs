//! `leastgrant catalog`: look something up, or hold a policy against the catalog.

mod facts;
mod lookup;
mod text;

use std::path::PathBuf;

use super::Exit;
use super::output::{Format, Output};
use crate::diagnostic::{Diagnostic, Severity};

/// The version of the JSON that the command prints.
const SCHEMA_VERSION: u32 = 1;

/// Arguments of `catalog`.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("question").required(true).args(["what", "event", "check"]))]
pub(super) struct Args {
    /// An action (s3:PutObject), an operation (CopyObject), a wildcard (s3:*Acl), a service (s3), an
    /// ARN, a condition key (s3:prefix) or an AWS managed policy.
    what: Option<String>,
    /// A CloudTrail event: SOURCE/NAME, as in lambda.amazonaws.com/UpdateFunctionCode20150331v2.
    #[arg(long, value_name = "SOURCE/NAME")]
    event: Option<String>,
    /// Hold a policy against the catalog: names that do not exist, actions and resources that never
    /// meet, condition keys that no action is asked with; - for standard input. Repeatable.
    #[arg(long, value_name = "FILE")]
    check: Vec<PathBuf>,
    /// Files of AWS's service reference, laid over the catalog.
    #[arg(long, value_name = "DIR")]
    service_reference: Option<PathBuf>,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    format: Format,
    /// With --check: exit with 3 where there are findings.
    #[arg(long, conflicts_with_all = ["what", "event"])]
    exit_code: bool,
}

/// Runs the command.
pub(super) fn run(args: &Args, output: &Output) -> Exit {
    let overlaid = super::overlay::lay(args.service_reference.as_deref());
    output.diagnostics(&overlaid);
    let exit = if args.check.is_empty() {
        look_up(args, output)
    } else {
        check(args, output)
    };
    let broken = overlaid.iter().any(|d| d.severity == Severity::Error);
    if broken && matches!(exit, Exit::Done | Exit::Findings) {
        return Exit::Partial;
    }
    exit
}

fn look_up(args: &Args, output: &Output) -> Exit {
    let answer = match (&args.event, &args.what) {
        (Some(event), _) => facts::event(event),
        (None, Some(what)) => lookup::of_name(what),
        (None, None) => Err("nothing to look up".to_owned()),
    };
    match answer {
        Ok(mut value) if args.format == Format::Json => {
            if let Some(object) = value.as_object_mut() {
                object.insert("schema_version".to_owned(), SCHEMA_VERSION.into());
            }
            output.json(&value)
        }
        Ok(value) => output.report(&text::of(&value)),
        Err(why) => {
            output.say(&format!("error: {why}"));
            Exit::Failed
        }
    }
}

/// Findings of one policy.
#[derive(serde::Serialize)]
struct Checked<'c> {
    file: String,
    findings: &'c [Diagnostic],
}

fn check(args: &Args, output: &Output) -> Exit {
    let mut files: Vec<(String, Vec<Diagnostic>)> = Vec::new();
    for path in &args.check {
        let file = path.to_string_lossy().into_owned();
        let found = match crate::source::read_text(path) {
            Ok(text) => {
                let (document, mut found) = crate::policy::parse(&text, &file);
                if let Some(document) = document {
                    found.extend(crate::lint::document(&document, &file));
                }
                found
            }
            Err(error) => vec![*error],
        };
        files.push((file, found));
    }
    let exit = match args.format {
        Format::Json => {
            let checked: Vec<Checked<'_>> = files
                .iter()
                .map(|(file, findings)| Checked {
                    file: file.clone(),
                    findings,
                })
                .collect();
            output.json(&serde_json::json!({"schema_version": SCHEMA_VERSION, "files": checked}))
        }
        Format::Terminal => {
            let all: Vec<Diagnostic> = files.iter().flat_map(|(_, found)| found.clone()).collect();
            let shown = output.findings(&all);
            let summary = match all.len() {
                0 => "nothing found".to_owned(),
                1 => "1 finding".to_owned(),
                many => format!("{many} findings"),
            };
            let policies = match files.len() {
                1 => "1 policy".to_owned(),
                many => format!("{many} policies"),
            };
            output.say(&format!("{policies} checked: {summary}"));
            shown
        }
    };
    if exit != Exit::Done {
        return exit;
    }
    let errors = |found: &[Diagnostic]| found.iter().any(|d| d.severity == Severity::Error);
    let broken = files.iter().filter(|(_, found)| errors(found)).count();
    if broken == files.len() {
        return Exit::Failed;
    }
    if broken > 0 {
        return Exit::Partial;
    }
    match args.exit_code && files.iter().any(|(_, found)| !found.is_empty()) {
        true => Exit::Findings,
        false => Exit::Done,
    }
}
