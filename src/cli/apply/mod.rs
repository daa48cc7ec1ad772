//! `leastgrant apply` and `leastgrant rollback`: the only commands that change anything.
//!
//! `apply` shows what it will do and asks; it refuses where the account is not as the proposal was made from,
//! or a guard rail stands before it. The way back is on disk before the first change. Where a step fails, or
//! the program is told to stop, the steps before it are taken back.
#![cfg(feature = "aws")]

mod guard;
mod rollback;
mod show;

pub(super) use rollback::{Args as RollbackArgs, run as rollback};

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Exit;
use super::live::{AwsArgs, Live, failed};
use super::output::Output;
use crate::diagnostic::{Code, Diagnostic, Place, Severity};
use crate::plan::{Plan, Restore, Rollback, SCHEMA_VERSION, Step};
use crate::source::aws::{Client, Standing, write_whole};
use crate::source::read_text;

/// Arguments of `apply`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "It is done for one principal as a whole: where a step fails, the steps before it are taken back. The rollback file is written before the first change, and `leastgrant rollback FILE` restores what stood before."
)]
pub(crate) struct Args {
    /// The output of `leastgrant recommend --format json --grants …`; - for standard input.
    #[arg(value_name = "PROPOSAL.json")]
    proposal: PathBuf,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    /// Show what would be done, check that it can be, and change nothing.
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Where a policy has as many versions as IAM keeps, delete the oldest that is not the default.
    #[arg(long)]
    prune_versions: bool,
    /// Go past the guard rails: principals younger than 90 days, policies changed in the last 14 days, the
    /// operator's own grants.
    #[arg(long)]
    force: bool,
    /// The rollback file; otherwise one named by account, principal and time, in this folder.
    #[arg(long, value_name = "FILE")]
    rollback_file: Option<PathBuf>,
    /// Where what was applied is logged, a line of JSON each.
    #[arg(long, value_name = "FILE", default_value = "leastgrant-applied.jsonl")]
    log: PathBuf,
    #[command(flatten)]
    aws: AwsArgs,
}

/// A step, and the way back from it.
struct Ready<'p> {
    step: &'p Step,
    back: Restore,
}

/// Runs `apply`.
pub(super) fn run(args: &Args, output: &Output) -> Exit {
    match apply(args, output) {
        Ok(exit) => exit,
        Err(said) => {
            output.diagnostics(&said);
            Exit::Failed
        }
    }
}

fn apply(args: &Args, output: &Output) -> Result<Exit, Vec<Diagnostic>> {
    let plan = read_plan(&args.proposal)?;
    let live = Live::new(&args.aws);
    let client = live.client()?;
    let (account, caller) = live.identity()?;
    if *account != plan.account {
        let message = format!(
            "the proposal is for account {}; these credentials are of account {account}",
            plan.account
        );
        return Err(vec![
            Diagnostic::error(Code::Stale, message)
                .help("choose the other account's --profile or --role-arn"),
        ]);
    }
    let ready = ready(client, &plan, args.prune_versions)?;
    if ready.is_empty() {
        output.say(&format!(
            "{}: all of it is done already; nothing to do",
            plan.principal
        ));
        return Ok(Exit::Done);
    }
    let steps: Vec<&Step> = ready.iter().map(|ready| ready.step).collect();
    let guards = guard::guards(client, &plan, &steps, caller, Timestamp::now())?;
    output.report(&show::steps(&plan, &steps));
    output.diagnostics(&guards);
    if guards.iter().any(|guard| guard.severity == Severity::Error) {
        return Ok(Exit::Failed);
    }
    if !guards.is_empty() && !args.force {
        return Err(vec![
            Diagnostic::error(
                Code::GuardRail,
                "nothing was changed: a guard rail stands before it",
            )
            .help("--force goes past it"),
        ]);
    }
    if args.dry_run {
        output.say("nothing was changed: --dry-run");
        return Ok(Exit::Done);
    }
    if !args.yes && !confirmed(&args.proposal, output)? {
        output.say("nothing was changed");
        return Ok(Exit::Done);
    }
    carry_out(args, client, &plan, &ready, caller, output)
}

fn read_plan(path: &Path) -> Result<Plan, Vec<Diagnostic>> {
    let text = read_text(path).map_err(|error| vec![*error])?;
    let wrong = |why: String| {
        let said = Diagnostic::error(Code::GrantsShape, why).at(Place::file(path.to_string_lossy()));
        vec![said.help("give what `leastgrant recommend PRINCIPAL --grants … --format json` prints")]
    };
    let value: Value =
        serde_json::from_str(&text).map_err(|error| wrong(format!("not valid JSON: {error}")))?;
    let lost = value
        .get("summary")
        .and_then(|summary| summary.get("observed_calls_lost"));
    if lost.and_then(Value::as_u64).is_some_and(|lost| lost > 0) {
        return Err(wrong("the proposal's own proof failed".to_owned()));
    }
    let Some(plan) = value.get("plan") else {
        let why = if value.get("principal").is_some() {
            "the proposal has nothing to apply: nothing changes, or its policies came as files"
        } else {
            "there is no plan in it"
        };
        return Err(wrong(why.to_owned()));
    };
    serde_json::from_value(plan.clone()).map_err(|error| wrong(format!("its plan cannot be read: {error}")))
}

/// The steps that are still to be done. All that speaks against one is said at once.
fn ready<'p>(client: &Client, plan: &'p Plan, prune: bool) -> Result<Vec<Ready<'p>>, Vec<Diagnostic>> {
    let mut ready = Vec::new();
    let mut said = Vec::new();
    for step in &plan.steps {
        match client.standing(plan, step, prune).map_err(failed)? {
            Standing::Ready(back) => ready.push(Ready { step, back }),
            Standing::Done => {}
            Standing::Stale(why) => said.push(
                Diagnostic::error(Code::Stale, why)
                    .help("nothing was changed; make the proposal again from the grants as they are now"),
            ),
            Standing::NoRoom(why) => {
                said.push(Diagnostic::error(Code::Quota, why).help("nothing was changed"))
            }
        }
    }
    if said.is_empty() { Ok(ready) } else { Err(said) }
}

fn confirmed(proposal: &Path, output: &Output) -> Result<bool, Vec<Diagnostic>> {
    let input = std::io::stdin();
    if proposal.as_os_str() == "-" || !input.is_terminal() {
        let said = Diagnostic::error(
            Code::GuardRail,
            "nobody can be asked: standard input is no terminal",
        );
        return Err(vec![
            said.help("nothing was changed; --yes does it without asking"),
        ]);
    }
    output.say("apply this? only `yes` is taken for an answer:");
    let mut answer = String::new();
    let read = input.read_line(&mut answer);
    Ok(read.is_ok() && answer.trim() == "yes")
}

fn carry_out(
    args: &Args,
    client: &Client,
    plan: &Plan,
    ready: &[Ready<'_>],
    caller: &str,
    output: &Output,
) -> Result<Exit, Vec<Diagnostic>> {
    let now = Timestamp::now();
    let path = args
        .rollback_file
        .clone()
        .unwrap_or_else(|| default_name(plan, now));
    let rollback = Rollback {
        schema_version: SCHEMA_VERSION,
        account: plan.account.clone(),
        principal: plan.principal.clone(),
        written: now.to_string(),
        restore: ready.iter().rev().map(|ready| ready.back.clone()).collect(),
    };
    write_rollback(&path, &rollback)?;
    output.say(&format!("the way back is in {}", path.display()));
    let stop = client.interrupted();
    for (number, ready) in ready.iter().enumerate() {
        let done = step(client, plan, ready, &stop);
        let Err(mut why) = done else {
            output.say(&format!("done: {}", ready.step));
            continue;
        };
        why.extend(undo(client, &rollback, number + 1, &path, output));
        return Err(why);
    }
    log(args, plan, ready, caller, now, &path, output);
    output.say(&format!(
        "applied; `leastgrant rollback {}` takes it back",
        path.display()
    ));
    Ok(Exit::Done)
}

/// One step, after a last look at what stands.
fn step(
    client: &Client,
    plan: &Plan,
    ready: &Ready<'_>,
    stop: &Arc<AtomicBool>,
) -> Result<(), Vec<Diagnostic>> {
    if stop.load(Ordering::SeqCst) {
        return Err(vec![Diagnostic::error(Code::Interrupted, "it was told to stop")]);
    }
    let prune = matches!(&ready.back, Restore::Version { pruned: Some(_), .. });
    match client.standing(plan, ready.step, prune).map_err(failed)? {
        Standing::Ready(back) if back == ready.back => {}
        Standing::Done => return Ok(()),
        Standing::Stale(why) | Standing::NoRoom(why) => {
            return Err(vec![Diagnostic::error(Code::Stale, why)]);
        }
        Standing::Ready(_) => {
            let why = format!("somebody changed something meanwhile: {}", ready.step);
            return Err(vec![Diagnostic::error(Code::Stale, why)]);
        }
    }
    client.step(plan, ready.step, &ready.back).map_err(failed)
}

/// Takes back what was done before a step failed, that step included: it may have been done in part.
fn undo(client: &Client, rollback: &Rollback, tried: usize, path: &Path, output: &Output) -> Vec<Diagnostic> {
    let skipped = rollback.restore.len().saturating_sub(tried);
    let mut said = Vec::new();
    for back in rollback.restore.iter().skip(skipped) {
        match client.restore(back) {
            Ok(true) => output.say(&format!("taken back: {}", show::back(back))),
            Ok(false) => {}
            Err(failure) => said.push(failure.diagnostic(Severity::Error, "it was not taken back")),
        }
    }
    said.push(if said.is_empty() {
        Diagnostic::note(
            Code::Interrupted,
            "nothing is left of it: what was done has been taken back",
        )
    } else {
        let help = format!("`leastgrant rollback {}` restores the rest", path.display());
        Diagnostic::error(
            Code::Interrupted,
            "part of it was applied and could not be taken back",
        )
        .help(help)
    });
    said
}

fn write_rollback(path: &Path, rollback: &Rollback) -> Result<(), Vec<Diagnostic>> {
    let said = |why: String| {
        let said = Diagnostic::error(
            Code::UnreadableFile,
            format!("the rollback file cannot be written: {why}"),
        );
        vec![
            said.at(Place::file(path.to_string_lossy()))
                .help("nothing was changed"),
        ]
    };
    if path.exists() {
        return Err(said("there is such a file, and it may be needed".to_owned()));
    }
    let text = serde_json::to_string_pretty(rollback).map_err(|error| said(error.to_string()))?;
    write_whole(path, format!("{text}\n").as_bytes()).map_err(|error| said(error.to_string()))
}

fn default_name(plan: &Plan, now: Timestamp) -> PathBuf {
    let name = crate::grants::short_name(&plan.principal)
        .unwrap_or_default()
        .replace('/', "-");
    let time: String = now
        .to_string()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(15)
        .collect();
    PathBuf::from(format!("leastgrant-rollback-{}-{name}-{time}.json", plan.account))
}

/// What was applied, when and by whom, for those who come after.
fn log(
    args: &Args,
    plan: &Plan,
    ready: &[Ready<'_>],
    caller: &str,
    now: Timestamp,
    rollback: &Path,
    output: &Output,
) {
    let steps: Vec<String> = ready.iter().map(|ready| ready.step.to_string()).collect();
    let line = json!({
        "time": now.to_string(),
        "account": plan.account,
        "principal": plan.principal,
        "by": caller,
        "steps": steps,
        "rollback": rollback.to_string_lossy(),
    });
    let written = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(&args.log)
        .and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
    if let Err(error) = written {
        output.say(&format!(
            "warning: {} cannot be written: {error}",
            args.log.display()
        ));
    }
}
