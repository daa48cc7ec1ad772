//! `leastgrant backtest`: the price of each way to run IAM, from the trail itself.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use rayon::prelude::*;

use super::Exit;
use super::live::Live;
use super::output::{Format, Output};
use super::whole_account::{self, AccountArgs, Cuts, WholeAccount, days};
use crate::backtest::{Adding, Priced, SCHEMA_VERSION, Table};
use crate::diagnostic::{Code, Diagnostic};
use crate::grants::Holder;
use crate::recommend::{Generalise, Subject};
use crate::report;
use crate::strategy::{ALL, Choice, ManagedPolicies, Observed, Strategy, candidate, price};

/// Arguments of `backtest`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A later call that was allowed and that the learnt policies refuse is a refusal. Its ticket counts once for all that one service refuses first on the same day."
)]
pub(super) struct Args {
    #[command(flatten)]
    account: AccountArgs,
    /// How many days to learn from; the rest of the trail judges.
    #[arg(long, value_name = "DAYS,…", default_value = "30,60,90", value_delimiter = ',', value_parser = days)]
    learn: Vec<i64>,
    /// Only these strategies. (`recommend PRINCIPAL --strategy NAME` prints one with its policies.)
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    strategy: Vec<Strategy>,
    /// How far the minimal strategies widen resources: exact, rules, wide, type; each is priced.
    #[arg(long, value_name = "HOW,…", value_delimiter = ',', default_value = "rules", value_parser = super::recommend::generalise)]
    generalise: Vec<Generalise>,
    /// Add principals up by the value of this tag; else each of a few by itself, and many all together.
    #[arg(long, value_name = "TAG")]
    by: Option<String>,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    format: Format,
}

/// So many principals are shown one by one.
const ONE_BY_ONE: usize = 5;
const DAY_SECONDS: i64 = 86_400;

/// Runs the command.
pub(super) fn run(args: &Args, output: &Output) -> Exit {
    let mut learn = args.learn.clone();
    learn.sort_unstable();
    learn.dedup();
    let cuts = Cuts {
        least_days: Some(1),
        at: |first: Timestamp, last| {
            let after = |days: &i64| first.saturating_add(SignedDuration::from_hours(days * 24)).ok();
            learn.iter().filter_map(after).filter(|cut| *cut < last).collect()
        },
    };
    match whole_account::read(
        (&args.account, &Live::new(&args.account.aws)),
        false,
        output,
        cuts,
    ) {
        Ok(whole) => answer(args, &learn, whole, output),
        Err(said) => {
            output.diagnostics(&said);
            Exit::Failed
        }
    }
}

fn answer(args: &Args, learn: &[i64], whole: WholeAccount, output: &Output) -> Exit {
    let seen = whole.visibility(0..whole.parts.len()).window;
    let mut said = whole.said.clone();
    said.extend(whole.read.diagnostics.iter().cloned());
    let Some((first, last)) = seen else {
        output.diagnostics(&said);
        return Exit::Failed;
    };
    if whole.cuts.is_empty() {
        said.push(
            Diagnostic::error(
                Code::ShortWindow,
                "the trail is too short to learn from one part and judge by another",
            )
            .help(
                "give a longer trail, or fewer days with --learn (a trail on standard input cannot be cut)",
            ),
        );
        output.diagnostics(&said);
        return Exit::Failed;
    }
    let holders: Vec<&Holder> = whole
        .account
        .holders
        .iter()
        .filter(|holder| args.account.takes(holder, Some(last)) && !super::recommend::is_fixed(&holder.arn))
        .collect();
    let strategies = if args.strategy.is_empty() {
        ALL.to_vec()
    } else {
        args.strategy.clone()
    };
    let mut levels = args.generalise.clone();
    levels.sort_unstable();
    levels.dedup();
    let choices: Vec<Choice> = strategies
        .iter()
        .flat_map(|strategy| Choice::all(*strategy, &levels))
        .collect();
    let everybody = whole.parts.iter().flat_map(|part| part.entries.values());
    let observed = Observed::of(everybody.map(|entry| &entry.evidence));
    let managed = ManagedPolicies::default();
    let steps = output.steps("pricing", "principals", holders.len());
    let by = By {
        choices: &choices,
        managed: &managed,
        observed: &observed,
    };
    let of_holder = |holder: &&Holder| {
        let mut found = Vec::new();
        for (at, days) in (1..).zip(learn).take(whole.cuts.len()) {
            found.extend(priced(&whole, holder, (at, *days), last, by));
        }
        steps.done();
        found
    };
    let all: Vec<Vec<Priced>> = holders.par_iter().map(of_holder).collect();
    drop(steps);
    let mut adding = Adding::default();
    for (holder, prices) in holders.iter().zip(&all) {
        let groups = groups(args, holder, holders.len());
        prices.iter().for_each(|priced| adding.add(&groups, priced));
    }
    let silent = all.iter().filter(|prices| prices.is_empty()).count();
    if silent > 0 {
        let message = format!("{silent} principals have no events to learn from, and are left out");
        said.push(Diagnostic::note(Code::NoEvents, message));
    }
    let table = Table {
        schema_version: SCHEMA_VERSION,
        first: first.to_string(),
        last: last.to_string(),
        rows: adding.rows(),
        diagnostics: said,
    };
    output.diagnostics(&table.diagnostics);
    let printed = match args.format {
        Format::Terminal => output.report(&report::terminal::backtest::render(&table)),
        Format::Json => output.json(&table),
    };
    if printed == Exit::Done && whole.read.total.broken > 0 {
        return Exit::Partial;
    }
    printed
}

fn groups(args: &Args, holder: &Holder, count: usize) -> BTreeSet<String> {
    let mut groups = BTreeSet::new();
    if let Some(tag) = &args.by {
        let value = holder.tags.get(tag);
        groups.insert(value.map_or_else(|| format!("no tag {tag}"), Clone::clone));
        groups.insert("all".to_owned());
    } else if count <= ONE_BY_ONE {
        groups.insert(holder.arn.clone());
    } else {
        groups.insert("all".to_owned());
    }
    groups
}

/// What is priced, and by what.
#[derive(Clone, Copy)]
struct By<'b> {
    choices: &'b [Choice],
    managed: &'b ManagedPolicies,
    observed: &'b Observed,
}

/// The prices of a principal at one cut; none where the earlier part shows nothing of it.
fn priced(
    whole: &WholeAccount,
    holder: &Holder,
    (cut, learnt_days): (usize, i64),
    last: Timestamp,
    by: By<'_>,
) -> Vec<Priced> {
    let Some(evidence) = whole.evidence(&holder.arn, 0..cut) else {
        return Vec::new();
    };
    let later = whole
        .evidence(&holder.arn, cut..whole.parts.len())
        .unwrap_or_default();
    let visibility = whole.visibility(0..cut);
    let grants = whole.account.grants(holder);
    let subject = Subject {
        grants: &grants,
        evidence: &evidence,
    };
    let judged = whole
        .cuts
        .get(cut - 1)
        .map_or(0, |from| last.duration_since(*from).as_secs() / DAY_SECONDS);
    let of = |choice| {
        price(
            choice,
            &candidate(choice, subject, &visibility, by.managed),
            subject,
            Some(&later),
            Some(by.observed),
        )
    };
    let as_it_is = Choice {
        strategy: Strategy::Present,
        generalise: None,
    };
    let present = of(as_it_is).excess;
    by.choices
        .iter()
        .map(|choice| Priced {
            learnt_days,
            judged_days: judged,
            price: of(*choice),
            present_excess: present,
        })
        .collect()
}
