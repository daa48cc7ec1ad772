//! `leastgrant review`: every principal of an account, ranked, each with its proposal.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use rayon::prelude::*;

use super::Exit;
use super::hygiene::{self, HygieneArgs, Texts};
use super::live::Live;
use super::output::Output;
use super::trails;
use super::whole_account::{self, AccountArgs, Cuts, WholeAccount, days};
use crate::backtest::Adding;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::evaluate::Layer;
use crate::evidence::{Evidence, Visibility};
use crate::exception::{Exceptions, Judged};
use crate::grants::{Grants, Holder, short_name};
use crate::hygiene::Finding;
use crate::recommend::{Options, Subject, Unseen};
use crate::report;
use crate::review::{
    Baseline, Case, Earlier, Moment, PrincipalReview, Review, add_prices, apart, assemble, compare,
    leave_alone, of_principal, read_baseline,
};
use crate::source::read_text;
use crate::strategy::{ManagedPolicies, Price};

/// Arguments of `review`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Ranked by the known dangerous paths that the proposal closes, then by the actions that go, the most powerful access level first. Of principals that were never used all counts as going."
)]
pub(super) struct Args {
    #[command(flatten)]
    account: AccountArgs,
    #[command(flatten)]
    hygiene: HygieneArgs,
    /// Call a principal dormant that has no event in so many days before the end of the trail.
    #[arg(long, value_name = "DAYS", default_value = "45d", value_parser = days)]
    dormant: i64,
    /// Judge each proposal by so many last days, learnt from the days before them; 0 for not at all.
    #[arg(long, value_name = "DAYS", default_value = "30d", value_parser = days)]
    backtest: i64,
    /// Of granted actions whose use this trail cannot show, keep only those of services that are used.
    #[arg(long)]
    used_services: bool,
    /// Show which principals use the same things, and one policy for each group of them.
    #[arg(long)]
    groups: bool,
    /// Price each way to run IAM as well, for each principal and for all: learnt and judged as --backtest is.
    #[arg(long)]
    strategies: bool,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    format: Format,
    /// How many principals, and how many findings, to show on a terminal and in Markdown.
    #[arg(long, value_name = "N", default_value_t = 30)]
    top: usize,
    /// Write each proposal into this folder, as `recommend --format json` prints it: `leastgrant apply` takes it.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// What to leave alone, each with a reason and a last day: a TOML file of [[exception]] entries.
    #[arg(long, value_name = "FILE")]
    exceptions: Option<PathBuf>,
    /// Show only what changed since this earlier review, as --format json printed it.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Exit with 3 where there is something to change, or a finding of a warning or worse; with --baseline, where
    /// any of it is new.
    #[arg(long)]
    exit_code: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For a person.
    Terminal,
    /// One self-contained page.
    Html,
    /// For a pull request or an issue, as GitHub shows it.
    Markdown,
    /// One line a principal.
    Csv,
    /// For a program; the schema is in the repository.
    Json,
    /// The findings as SARIF 2.1.0, for dashboards of code scanning.
    Sarif,
}

/// A principal made so many days before the end of the trail, without events, is new.
const NEW_DAYS: i64 = 30;

/// Runs the command.
pub(super) fn run(args: &Args, output: &Output) -> Exit {
    let cuts = Cuts {
        least_days: (args.backtest > 0).then(|| trails::least_days(args.backtest)),
        at: |first, last| {
            let cut = trails::last_days(args.backtest, (first, last));
            cut.into_iter().collect()
        },
    };
    let baseline = match args.baseline.as_deref().map(baseline).transpose() {
        Ok(read) => read,
        Err(said) => {
            output.diagnostics(&[*said]);
            return Exit::Failed;
        }
    };
    let exceptions = match args
        .exceptions
        .as_deref()
        .map(super::exceptions::read)
        .transpose()
    {
        Ok(read) => read.unwrap_or_default(),
        Err(said) => {
            output.diagnostics(&said);
            return Exit::Failed;
        }
    };
    let live = Live::new(&args.account.aws);
    let (texts, of_reports) = match args.hygiene.texts(&args.account.grants, &live) {
        Ok(texts) => texts,
        Err(said) => {
            output.diagnostics(&said);
            return Exit::Failed;
        }
    };
    let whole = match whole_account::read((&args.account, &live), true, output, cuts) {
        Ok(mut whole) => {
            whole.said.extend(of_reports);
            whole
        }
        Err(said) => {
            output.diagnostics(&said);
            return Exit::Failed;
        }
    };
    if let Some(folder) = &args.out
        && let Err(error) = std::fs::create_dir_all(folder)
    {
        output.say(&format!("error: {} cannot be made: {error}", folder.display()));
        return Exit::Failed;
    }
    match reviewed(args, &whole, (exceptions, &texts), output) {
        Ok(mut review) => {
            if let Some(baseline) = &baseline {
                let in_account = |arn: &str| whole.account.holders.iter().any(|holder| holder.arn == arn);
                compare(&mut review, baseline, &in_account);
            }
            print(args, &review, &whole, output)
        }
        Err(said) => {
            output.diagnostics(&said);
            Exit::Failed
        }
    }
}

/// All that a principal is looked at with.
struct Desk<'w> {
    whole: &'w WholeAccount,
    /// Of principals that share a policy all they did, once that was asked for.
    sharing: Mutex<BTreeMap<String, Arc<Evidence>>>,
    visibility: &'w Visibility,
    earlier: Option<Visibility>,
    by_arn: BTreeMap<&'w str, &'w Holder>,
    moment: Moment,
    options: Options,
    exceptions: Judged,
    out: Option<&'w Path>,
    /// Where each way to run IAM is to be priced.
    managed: Option<ManagedPolicies>,
}

fn baseline(path: &Path) -> Result<Baseline, Box<Diagnostic>> {
    let text = read_text(path)?;
    read_baseline(&text, &path.to_string_lossy())
}

fn reviewed(
    args: &Args,
    whole: &WholeAccount,
    (exceptions, texts): (Exceptions, &Texts),
    output: &Output,
) -> Result<Review, Vec<Diagnostic>> {
    let mut all = whole.overview();
    all.visibility.selectors = whole
        .parts
        .first()
        .and_then(|part| part.visibility.selectors.clone());
    let Some((_, end)) = all.visibility.window else {
        return Err(whole.read.diagnostics.clone());
    };
    let desk = Desk {
        whole,
        sharing: Mutex::default(),
        visibility: &all.visibility,
        earlier: (!whole.cuts.is_empty()).then(|| whole.visibility(0..1)),
        by_arn: whole
            .account
            .holders
            .iter()
            .map(|holder| (holder.arn.as_str(), holder))
            .collect(),
        moment: Moment {
            end,
            dormant_days: args.dormant,
            new_days: NEW_DAYS,
        },
        options: Options {
            unseen: if args.used_services {
                Unseen::UsedServices
            } else {
                Unseen::Keep
            },
            ..Options::default()
        },
        exceptions: exceptions.judged(end),
        out: args.out.as_deref(),
        managed: args.strategies.then(ManagedPolicies::default),
    };
    let holders = whole
        .account
        .holders
        .iter()
        .filter(|holder| args.account.takes(holder, Some(end)));
    let holders: Vec<&Holder> = holders.collect();
    let steps = output.steps("judging", "principals", holders.len());
    let look = |holder: &&Holder| {
        let looked = desk.look(holder);
        steps.done();
        looked
    };
    let looked: Vec<Looked> = holders.par_iter().map(look).collect();
    drop(steps);
    let mut said = whole.said.clone();
    said.extend(
        args.account
            .leaves_nobody(holders.len(), whole.account.holders.len()),
    );
    said.extend(whole.read.diagnostics.iter().cloned());
    let strangers = whole.strangers();
    if !strangers.is_empty() {
        let most = strangers
            .iter()
            .max_by_key(|(name, events)| (**events, std::cmp::Reverse(*name)));
        let message = format!(
            "{} principals in the trail are not in the grants ({} has most events)",
            strangers.len(),
            most.map(|(name, _)| name.as_str()).unwrap_or_default()
        );
        said.push(
            Diagnostic::note(Code::UnknownPrincipal, message)
                .help("they are of other accounts, or were deleted"),
        );
    }
    let mut principals = Vec::new();
    let mut adding = Adding::default();
    let days = desk.days();
    for own in looked {
        said.extend(own.said);
        principals.push(own.review);
        add_prices(&mut adding, &own.prices, days);
    }
    let (findings, of_hygiene) = hygiene::findings(texts, &args.account, whole, &all, &holders);
    said.extend(of_hygiene);
    let (findings, excepted_findings) = apart(findings, &desk.exceptions);
    let mut left_alone: Vec<(&str, BTreeSet<u64>)> = principals
        .iter()
        .map(|own: &PrincipalReview| {
            let lines = own.excepted.iter().map(|excepted| excepted.line);
            (own.arn.as_str(), lines.collect())
        })
        .collect();
    let of_findings = excepted_findings.iter();
    left_alone.extend(of_findings.map(|own| (own.subject.as_str(), BTreeSet::from([own.line]))));
    let (exceptions, of_exceptions) = desk.exceptions.told(&whole.account.holders, &left_alone);
    said.extend(of_exceptions);
    if args.backtest > 0 && whole.cuts.is_empty() {
        let message = format!(
            "the trail is too short to judge proposals by its last {} days",
            args.backtest
        );
        said.push(Diagnostic::note(Code::ShortWindow, message));
    }
    let mut review = assemble(principals, findings, &all.visibility, said);
    review.exceptions = exceptions;
    review.excepted_findings = excepted_findings;
    review.groups = args.groups.then(|| super::groups::of(whole, &holders));
    review.strategies = adding.rows();
    Ok(review)
}

/// What came of a principal, with what is to be said of it.
struct Looked {
    review: PrincipalReview,
    prices: Vec<Price>,
    said: Vec<Diagnostic>,
}

impl Desk<'_> {
    /// Days that are learnt from, and days that are judged by.
    fn days(&self) -> (i64, i64) {
        let between = |from: Timestamp, to: Timestamp| to.duration_since(from).as_hours() / 24;
        match (self.visibility.window, self.whole.cuts.first()) {
            (Some((first, last)), Some(cut)) => (between(first, *cut), between(*cut, last)),
            _ => (0, 0),
        }
    }

    fn look(&self, holder: &Holder) -> Looked {
        let grants = self.whole.account.grants(holder);
        let sharing = self.sharing(&grants, &holder.arn);
        let none = Evidence::default();
        let of_others: Vec<Arc<Evidence>> = sharing.iter().map(|grants| self.of_sharing(grants)).collect();
        let pairs = sharing.iter().zip(&of_others);
        let others: Vec<Subject<'_>> = pairs
            .map(|(grants, evidence)| Subject { grants, evidence })
            .collect();
        let parts = self.whole.parts.len();
        let later = self.whole.evidence(&holder.arn, 1..parts).unwrap_or_default();
        let learnt = self
            .whole
            .parts
            .first()
            .and_then(|part| part.evidence(&holder.arn));
        let earlier = self
            .earlier
            .as_ref()
            .zip(learnt)
            .map(|(visibility, learnt)| Earlier {
                learnt,
                visibility,
                later: &later,
            });
        let evidence = self.whole.evidence(&holder.arn, 0..parts);
        let evidence = evidence.as_deref();
        let case = Case {
            holder,
            grants: &grants,
            evidence,
            others: &others,
            earlier,
            managed: self.managed.as_ref(),
        };
        let options = Options {
            keep: self.exceptions.keeps(&holder.arn),
            ..self.options.clone()
        };
        let mut looked = of_principal(case, self.visibility, self.moment, &options);
        if let Some(exception) = self.exceptions.of_proposal(&holder.arn) {
            leave_alone(&mut looked.review, exception);
        }
        let failed = |said: &&Diagnostic| said.severity == Severity::Error;
        let mut said: Vec<Diagnostic> = looked
            .proposal
            .diagnostics
            .iter()
            .filter(failed)
            .map(|own| {
                let mut own = own.clone();
                own.message = format!("{}: {}", holder.arn, own.message);
                own
            })
            .collect();
        if said.iter().any(|own| own.code == Code::ProofFailed) {
            // What is not proved is not proposed.
            looked.review.changes = false;
            looked.review.edits.clear();
            looked.review.diff.clear();
            return Looked {
                review: looked.review,
                prices: looked.prices,
                said,
            };
        }
        if let Some(folder) = self.out.filter(|_| looked.review.changes) {
            let report = report::recommendation(
                &holder.arn,
                &grants,
                evidence.unwrap_or(&none),
                self.visibility,
                &looked.proposal,
                Vec::new(),
            );
            match write(folder, &holder.arn, &report) {
                Ok(path) => looked.review.file = Some(path),
                Err(error) => said.push(Diagnostic::error(
                    Code::UnreadableFile,
                    format!("the proposal for {} cannot be written: {error}", holder.arn),
                )),
            }
        }
        Looked {
            review: looked.review,
            prices: looked.prices,
            said,
        }
    }

    /// What a principal did that shares a policy with others: each of them asks.
    fn of_sharing(&self, grants: &Grants) -> Arc<Evidence> {
        let arn = grants.principal.as_deref().unwrap_or_default();
        let known = || self.sharing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known().get(arn) {
            return Arc::clone(found);
        }
        let found = self.whole.evidence(arn, 0..self.whole.parts.len());
        let found = Arc::new(found.map(Cow::into_owned).unwrap_or_default());
        known().insert(arn.to_owned(), Arc::clone(&found));
        found
    }

    /// The grants of those who share a policy that is edited.
    fn sharing(&self, grants: &Grants, own: &str) -> Vec<Grants> {
        let mut arns: Vec<&str> = grants
            .in_layer(Layer::Identity)
            .flat_map(|held| &held.holders)
            .map(String::as_str)
            .filter(|arn| *arn != own)
            .collect();
        arns.sort_unstable();
        arns.dedup();
        arns.into_iter()
            .filter_map(|arn| self.by_arn.get(arn))
            .map(|holder| self.whole.account.grants(holder))
            .collect()
    }
}

/// The proposal into a file named after the principal.
fn write(folder: &Path, arn: &str, report: &report::Recommendation) -> std::io::Result<String> {
    let name = short_name(arn).unwrap_or_else(|| arn.to_owned());
    // IAM's names hold no character that a file name may not, but for the slash of the kind
    // (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-names>).
    let safe: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "+=,.@-_".contains(c) {
                c
            } else {
                '.'
            }
        })
        .collect();
    let path = folder.join(format!("{safe}.json"));
    let text = serde_json::to_string_pretty(report).map_err(std::io::Error::other)?;
    std::fs::write(&path, format!("{text}\n"))?;
    Ok(path.to_string_lossy().into_owned())
}

fn print(args: &Args, review: &Review, whole: &WholeAccount, output: &Output) -> Exit {
    output.diagnostics(&review.diagnostics);
    let written = match args.format {
        Format::Terminal => output.report(&report::terminal::review::render(review, args.top)),
        Format::Markdown => output.bytes(report::github::review::render(review, args.top).as_bytes()),
        Format::Html => output.bytes(report::html::review(review).as_bytes()),
        Format::Csv => output.bytes(report::csv::review(review).as_bytes()),
        Format::Json => output.json(review),
        Format::Sarif => output.json(&report::sarif::findings(&review.findings)),
    };
    let failed = |code: Option<Code>| {
        review
            .diagnostics
            .iter()
            .any(|said| said.severity == Severity::Error && code.is_none_or(|code| said.code == code))
    };
    if written != Exit::Done {
        return written;
    }
    if failed(Some(Code::ProofFailed)) {
        return Exit::Failed;
    }
    if whole.read.total.broken > 0 || failed(None) {
        return Exit::Partial;
    }
    let found = match &review.changes {
        Some(changes) => {
            let is_new = |own: &Finding| own.is_new == Some(true) && own.severity != Severity::Note;
            changes.to_look_at > 0 || review.findings.iter().any(is_new)
        }
        None => {
            let found = review.totals.findings;
            review.totals.with_change > 0 || found.error + found.warning > 0
        }
    };
    if args.exit_code && found {
        Exit::Findings
    } else {
        Exit::Done
    }
}
