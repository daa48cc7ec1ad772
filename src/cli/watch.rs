//! `leastgrant watch`: refusals as they arrive, each answered once.
#![cfg(feature = "aws")]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use jiff::{Span, Timestamp};
use serde_json::{Value, json};

use super::Exit;
use super::live::{AwsArgs, Live, failed, is_live};
use super::output::Output;
use super::policies::{read_account, read_organization};
use super::simulate::Loaded;
use crate::denial::{self, Denial, Reading};
use crate::diagnostic::{Code, Diagnostic};
use crate::explain::{self, Known, Options, explain};
use crate::report::{markdown, terminal};
use crate::source::aws::{Client, Message};
use crate::source::{Store, Window};

/// Arguments of `watch`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A queue is fed by an EventBridge rule on CloudTrail's events, such as {\"detail-type\": [\"AWS API Call via CloudTrail\"], \"detail\": {\"errorCode\": [\"AccessDenied\", \"Client.UnauthorizedOperation\", {\"wildcard\": \"AccessDenied*\"}]}}. Messages are deleted once they are answered."
)]
pub(super) struct Args {
    /// The SQS queue to read: its URL. Without it CloudTrail's event history is asked again and again.
    #[arg(long, value_name = "URL")]
    queue: Option<String>,
    /// The account's grants, for exact answers: aws:, a snapshot's folder, or a file of authorization details.
    #[arg(long, value_name = "aws:|DIR|FILE")]
    grants: Option<PathBuf>,
    /// How often the event history is asked, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    interval: u64,
    /// Where to look back to at the start.
    #[arg(long, value_name = "MINUTES", default_value_t = 15)]
    back: u32,
    /// Stop after so many rounds.
    #[arg(long, value_name = "N")]
    rounds: Option<u64>,
    /// How to print each answer.
    #[arg(long, value_enum, default_value_t = Form::Terminal)]
    format: Form,
    /// Also send each answer there by POST, as {"text": MARKDOWN, "refusals": […]}. https, or http on this machine.
    #[arg(long, value_name = "URL", value_parser = webhook)]
    webhook: Option<String>,
    #[command(flatten)]
    aws: AwsArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// For a person.
    Terminal,
    /// A line of JSON each.
    Json,
}

/// An answer names roles and resources: it does not cross a network in the clear.
fn webhook(text: &str) -> Result<String, String> {
    let local = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
    let at_end = |rest: &str| rest.is_empty() || rest.starts_with([':', '/']);
    let is_local = local
        .iter()
        .any(|host| text.strip_prefix(host).is_some_and(at_end));
    if text.starts_with("https://") || is_local {
        Ok(text.to_owned())
    } else {
        Err("a webhook is an https:// address".to_owned())
    }
}

/// CloudTrail delivers most events within a few minutes, some later: each round looks back so far.
const LATE_MINUTES: i64 = 20;

/// Runs the command.
pub(super) fn run(args: &Args, output: &Output) -> Exit {
    match watch(args, output) {
        Ok(exit) => exit,
        Err(said) => {
            output.diagnostics(&said);
            Exit::Failed
        }
    }
}

fn watch(args: &Args, output: &Output) -> Result<Exit, Vec<Diagnostic>> {
    let live = Live::new(&args.aws);
    let client = live.client()?;
    let mut watcher = Watcher {
        args,
        output,
        live: &live,
        known: known(args, &live, output)?,
        answered: BTreeSet::new(),
        events: BTreeSet::new(),
    };
    let stop = client.interrupted();
    let mut from = Timestamp::now()
        .saturating_sub(Span::new().minutes(i64::from(args.back)))
        .ok();
    let mut round = 0;
    while !stop.load(Ordering::SeqCst) && args.rounds.is_none_or(|rounds| round < rounds) {
        round += 1;
        let began = Instant::now();
        match &args.queue {
            Some(queue) => watcher.queue(client, queue)?,
            None => {
                let now = Timestamp::now();
                watcher.history(Window { from, until: None })?;
                from = now.saturating_sub(Span::new().minutes(LATE_MINUTES)).ok();
            }
        }
        let last = args.rounds == Some(round);
        let rest = Duration::from_secs(args.interval).checked_sub(began.elapsed());
        let mut rest = rest.filter(|_| args.queue.is_none() && !last).unwrap_or_default();
        // In pieces, so that Ctrl-C is heard.
        while !rest.is_zero() && !stop.load(Ordering::SeqCst) {
            let piece = rest.min(Duration::from_millis(200));
            client.sleep(piece);
            rest -= piece;
        }
    }
    Ok(Exit::Done)
}

fn known(args: &Args, live: &Live<'_>, output: &Output) -> Result<Known, Vec<Diagnostic>> {
    let mut known = Known::default();
    if let Some(path) = &args.grants {
        let (account, said) = read_account(path, None, live)?;
        output.diagnostics(&said);
        known.account = Some(account);
        if let Some(organization) = read_organization(path, live)? {
            let mut loaded = Loaded::default();
            loaded.organization(organization);
            output.diagnostics(&loaded.said);
            known.policies = loaded.policies;
            known.setting = loaded.setting;
        }
    }
    Ok(known)
}

struct Watcher<'a> {
    args: &'a Args,
    output: &'a Output,
    live: &'a Live<'a>,
    known: Known,
    /// Refusals that were answered: who, what, on what, by which layer.
    answered: BTreeSet<String>,
    /// Events that were seen.
    events: BTreeSet<String>,
}

impl Watcher<'_> {
    fn history(&mut self, window: Window) -> Result<(), Vec<Diagnostic>> {
        let history = self.live.history(window)?;
        let records = std::cell::RefCell::new(Vec::new());
        let (items, _) = history.list();
        for item in 0..items.len() {
            let Ok(mut pages) = history.open(item) else {
                continue;
            };
            let mut text = String::new();
            // What breaks off is said below; what came before is answered.
            let _ = std::io::Read::read_to_string(&mut pages, &mut text);
            records.borrow_mut().extend(text.lines().map(str::to_owned));
        }
        if let Some(said) = history.cut_short() {
            if said.code == Code::AwsCredentials {
                return Err(vec![said]);
            }
            self.output.diagnostics(&[said]);
        }
        // The history is newest first.
        for record in records.into_inner().iter().rev() {
            self.record(record);
        }
        Ok(())
    }

    fn queue(&mut self, client: &Client, queue: &str) -> Result<(), Vec<Diagnostic>> {
        let wait = if self.args.rounds.is_some() { 1 } else { 20 };
        for Message { body, receipt } in client.receive(queue, wait).map_err(failed)? {
            let event: Value = serde_json::from_str(&body).unwrap_or_default();
            // SNS in between wraps the event once more.
            let inner = event.get("Message").and_then(Value::as_str);
            let inner: Option<Value> = inner.and_then(|text| serde_json::from_str(text).ok());
            let event = inner.unwrap_or(event);
            match event.get("detail") {
                Some(record) => self.record(&record.to_string()),
                None => self
                    .output
                    .say("a message of the queue is no event of EventBridge; it was left out"),
            }
            client.delete_message(queue, &receipt).map_err(failed)?;
        }
        Ok(())
    }

    /// Answers what was refused in a record, unless it was answered before.
    fn record(&mut self, record: &str) {
        let Ok(value) = serde_json::from_str::<Value>(record) else {
            return;
        };
        if let Some(id) = value.get("eventID").and_then(Value::as_str)
            && !self.events.insert(id.to_owned())
        {
            return;
        }
        if value.get("errorCode").is_none() {
            return;
        }
        let reading = denial::read(record);
        for denial in reading.denials {
            if self.answered.insert(key(&denial)) {
                self.answer(denial);
            }
        }
    }

    fn answer(&mut self, denial: Denial) {
        let mut reading = Reading {
            denials: vec![denial],
            look_alikes: Vec::new(),
        };
        if self.args.grants.as_deref().is_some_and(is_live) {
            let decoded = self.live.decode(&mut reading);
            self.output.diagnostics(&decoded.unwrap_or_else(|said| said));
            match self.live.of_resources(&explain::resources(&reading)) {
                Ok((found, said)) => {
                    self.known.of_resources = found;
                    self.output.diagnostics(&said);
                }
                Err(said) => self.output.diagnostics(&said),
            }
        }
        let explained = explain(&reading, &self.known, &Options::default());
        match self.args.format {
            Form::Terminal => {
                self.output.report(&terminal::explain::render(&explained));
            }
            Form::Json => {
                let line = serde_json::to_string(&explained).unwrap_or_default();
                self.output.bytes(format!("{line}\n").as_bytes());
            }
        }
        let Some(webhook) = &self.args.webhook else { return };
        let body = json!({ "text": markdown::render(&explained), "refusals": explained.refusals });
        let sent = self.live.client().map(|client| client.post(webhook, &body));
        if let Ok(Err(why)) = sent {
            let said = Diagnostic::warning(Code::AwsUnreachable, format!("the webhook was not told: {why}"));
            self.output.diagnostics(&[said]);
        }
    }
}

fn key(denial: &Denial) -> String {
    format!(
        "{:?}|{:?}|{:?}|{:?}|{:?}",
        denial.principal.as_deref().map(role_of),
        denial.action,
        denial.resource,
        denial.layer,
        denial.kind
    )
}

/// Sessions of one role ask for the same.
fn role_of(principal: &str) -> &str {
    match principal.split_once(":assumed-role/") {
        Some((_, session)) => {
            let end = principal.len() - session.len() + session.find('/').unwrap_or(session.len());
            principal.get(..end).unwrap_or(principal)
        }
        None => principal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_of_one_role_are_one() {
        let of = |session: &str| format!("arn:aws:sts::111122223333:assumed-role/app{session}");
        assert_eq!(role_of(&of("/a")), of(""));
        assert_eq!(role_of(&of("")), of(""));
        assert_eq!(
            role_of("arn:aws:iam::111122223333:user/ann"),
            "arn:aws:iam::111122223333:user/ann"
        );
    }

    #[test]
    fn webhooks_are_https_or_here() {
        for good in [
            "https://hooks.example.com/x",
            "http://127.0.0.1:8080/x",
            "http://localhost/",
        ] {
            assert!(webhook(good).is_ok(), "{good}");
        }
        for bad in ["http://example.com", "http://localhost.example.com/", "ftp://x"] {
            assert!(webhook(bad).is_err(), "{bad}");
        }
    }
}
