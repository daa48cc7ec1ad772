//! An account and its trail, read for all its principals at once.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;

use super::live::{AwsArgs, Live, is_live};
use super::observed::condition_keys;
use super::output::Output;
use super::policies::read_account;
use super::trails::{self, How, TrailArgs, Trails};
use crate::diagnostic::{Code, Diagnostic};
use crate::evidence::{Evidence, Interest, Ledger, Visibility, Whose};
use crate::grants::{Account, Holder, is_aws_managed, is_like};
use crate::source::ReadReport;

/// An account, its trail, and which of its principals.
#[derive(Debug, clap::Args)]
pub(super) struct AccountArgs {
    /// CloudTrail records, as `recommend` takes them. Repeatable.
    #[arg(
        long,
        value_name = "PATH|s3://…|cloudtrail:|athena:…",
        required_unless_present = "store"
    )]
    trail: Vec<PathBuf>,
    #[command(flatten)]
    trails: TrailArgs,
    /// The output of `aws iam get-account-authorization-details`; a snapshot's folder; or aws:.
    #[arg(long, value_name = "FILE|aws:")]
    pub(super) grants: PathBuf,
    #[command(flatten)]
    pub(super) aws: AwsArgs,
    /// What the trail is set to record: the output of `aws cloudtrail get-event-selectors`.
    #[arg(long, value_name = "FILE")]
    event_selectors: Option<PathBuf>,
    /// Threads to read with; 0 for as many as the machine has.
    #[arg(long, value_name = "N", default_value_t = 0)]
    threads: usize,
    /// Only principals like this: role/NAME, user/NAME or an ARN, with * and ?. Repeatable.
    #[arg(long, value_name = "PATTERN", help_heading = "Principals")]
    pub(super) only: Vec<String>,
    /// No principals like this. Repeatable.
    #[arg(long, value_name = "PATTERN", help_heading = "Principals")]
    pub(super) exclude: Vec<String>,
    /// Only principals with this tag. Repeatable: all of them.
    #[arg(long, value_name = "KEY=VALUE", help_heading = "Principals", value_parser = tag)]
    pub(super) tag: Vec<(String, String)>,
    /// Only principals that were made so long before the trail ends: 30d.
    #[arg(long, value_name = "DAYS", help_heading = "Principals", value_parser = days)]
    pub(super) min_age: Option<i64>,
}

fn tag(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .ok_or_else(|| "write KEY=VALUE".to_owned())
}

/// Days, as `30d` or `30`.
pub(super) fn days(text: &str) -> Result<i64, String> {
    text.strip_suffix('d')
        .unwrap_or(text)
        .parse()
        .ok()
        .filter(|days| (0..36_500).contains(days))
        .ok_or_else(|| "write a number of days: 30d".to_owned())
}

impl AccountArgs {
    /// Whether only some principals are looked at.
    pub(super) fn chooses(&self) -> bool {
        !(self.only.is_empty() && self.exclude.is_empty() && self.tag.is_empty() && self.min_age.is_none())
    }

    /// Whether a principal is one of them; `end` is when the trail ends.
    pub(super) fn takes(&self, holder: &Holder, end: Option<Timestamp>) -> bool {
        let like = |wanted: &String| is_like(&holder.arn, wanted);
        let old_enough = match (self.min_age, holder.created, end) {
            (Some(days), Some(created), Some(end)) => {
                end.duration_since(created).as_secs() >= days.saturating_mul(86_400)
            }
            _ => true,
        };
        (self.only.is_empty() || self.only.iter().any(like))
            && !self.exclude.iter().any(like)
            && self
                .tag
                .iter()
                .all(|(key, value)| holder.tags.get(key) == Some(value))
            && old_enough
    }
}

impl AccountArgs {
    /// What is to be said of patterns and tags that no principal of the account has.
    fn names_nobody(&self, holders: &[Holder]) -> Vec<Diagnostic> {
        let patterns = [("--only", &self.only), ("--exclude", &self.exclude)];
        let idle_patterns = patterns
            .into_iter()
            .flat_map(|(option, patterns)| patterns.iter().map(move |wanted| (option, wanted)))
            .filter(|(_, wanted)| !holders.iter().any(|holder| is_like(&holder.arn, wanted)))
            .map(|(option, wanted)| format!("{option} {wanted}"));
        let idle_tags = self
            .tag
            .iter()
            .filter(|(key, value)| !holders.iter().any(|holder| holder.tags.get(key) == Some(value)))
            .map(|(key, value)| format!("--tag {key}={value}"));
        idle_patterns
            .chain(idle_tags)
            .map(|option| {
                Diagnostic::warning(
                    Code::UnknownPrincipal,
                    format!("{option} matches no principal of the account"),
                )
                .help("write role/NAME, user/NAME or an ARN, with * and ?; tags as KEY=VALUE, case counts")
            })
            .collect()
    }

    /// What is to be said where the options leave nobody.
    pub(super) fn leaves_nobody(&self, chosen: usize, all: usize) -> Option<Diagnostic> {
        (chosen == 0 && all > 0).then(|| {
            Diagnostic::warning(
                Code::UnknownPrincipal,
                format!(
                    "no principal is left of {all}: --only, --exclude, --tag and --min-age are all to be met"
                ),
            )
        })
    }
}

/// An account with its trail in parts.
pub(super) struct WholeAccount {
    pub(super) account: Account,
    /// By time; one more than there are cuts.
    pub(super) parts: Vec<Ledger>,
    pub(super) cuts: Vec<Timestamp>,
    pub(super) read: ReadReport,
    pub(super) said: Vec<Diagnostic>,
}

/// Where to cut a trail, before it is read.
pub(super) struct Cuts<C> {
    /// Of so many days at least; `None` where it is not to be cut.
    pub(super) least_days: Option<i64>,
    /// Of this first and last event.
    pub(super) at: C,
}

/// Reads the account, then the trail; `by_day` keeps what was done on each day.
pub(super) fn read(
    (wanted, live): (&AccountArgs, &Live<'_>),
    by_day: bool,
    output: &Output,
    cuts: Cuts<impl Fn(Timestamp, Timestamp) -> Vec<Timestamp>>,
) -> Result<WholeAccount, Vec<Diagnostic>> {
    // Judging keeps to it as well as reading; where there are threads already (in tests), they stay.
    let _ = rayon::ThreadPoolBuilder::new()
        .num_threads(wanted.threads)
        .build_global();
    let (account, mut said) = read_account(&wanted.grants, None, live)?;
    said.extend(wanted.names_nobody(&account.holders));
    let given = wanted.event_selectors.as_deref();
    let given = given.map(super::recommend::load_selectors).transpose()?;
    let interest = Interest {
        whose: Whose::Everybody,
        condition_keys: keys(&account),
        by_day,
        callers: by_day,
        ..Interest::default()
    };
    let (cuts, files) = match cuts.least_days {
        None => (Vec::new(), None),
        Some(least_days) => {
            let _shown = output.reading();
            let (trails, threads) = (&wanted.trails, wanted.threads);
            let (span, files) = trails::span(&wanted.trail, trails, threads, &interest, least_days)?;
            let cuts = span.map(|(first, last)| (cuts.at)(first, last));
            (cuts.unwrap_or_default(), files)
        }
    };
    let Trails {
        mut parts,
        read,
        selectors,
        said: of_trails,
    } = trails::read_parts(
        &wanted.trail,
        &wanted.trails,
        How {
            threads: wanted.threads,
            cuts: &cuts,
            files,
        },
        &interest,
        None,
        live,
        output,
    )?;
    said.extend(of_trails);
    if read.total.records == 0 {
        said.extend(read.diagnostics.iter().cloned());
        return Err(said);
    }
    for part in &mut parts {
        part.visibility.selectors = given.clone().or_else(|| selectors.clone());
    }
    if is_live(&wanted.grants) {
        said.push(
            Diagnostic::note(
                Code::SharedPolicy,
                "IAM was not asked what each principal last used",
            )
            .help("`leastgrant recommend PRINCIPAL --grants aws:` asks, before you apply a change"),
        );
    }
    Ok(WholeAccount {
        account,
        parts,
        cuts,
        read,
        said,
    })
}

/// Condition keys that any policy of the account asks about.
fn keys(account: &Account) -> std::collections::BTreeSet<String> {
    let aws: std::collections::BTreeSet<&str> = account
        .holders
        .iter()
        .flat_map(|holder| holder.attached.iter().chain(&holder.boundary))
        .chain(account.groups.values().flat_map(|group| &group.attached))
        .map(String::as_str)
        .filter(|arn| is_aws_managed(arn))
        .collect();
    let mut keys = condition_keys(account.documents());
    for arn in aws {
        if let Some((_, document)) = crate::grants::managed_from_catalog(arn).0 {
            keys.extend(condition_keys(std::iter::once(&document)));
        }
    }
    keys
}

impl WholeAccount {
    /// What the parts in the range show of a principal together.
    pub(super) fn evidence(&self, arn: &str, range: std::ops::Range<usize>) -> Option<Cow<'_, Evidence>> {
        let parts = self.parts.get(range).unwrap_or_default();
        let own = parts.iter().filter_map(|part| part.evidence(arn));
        own.map(Cow::Borrowed).reduce(|all, more| {
            let mut all = all.into_owned();
            all.merge(more.into_owned());
            all.settle();
            Cow::Owned(all)
        })
    }

    /// The parts together, of each principal only what hygiene asks about: the evidence itself stays in the parts,
    /// for the whole of it twice is more than a large account's review may hold.
    pub(super) fn overview(&self) -> Ledger {
        let mut all = Ledger::default();
        for part in &self.parts {
            all.merge(part.of_each(|evidence| {
                let own = crate::hygiene::ASKED.iter();
                let own = own.filter_map(|action| evidence.actions.get_key_value(*action));
                Evidence {
                    actions: own.map(|(action, own)| (action.clone(), own.clone())).collect(),
                    callers: evidence.callers.clone(),
                    ..Evidence::default()
                }
            }));
        }
        all
    }

    /// What the first parts could have shown together.
    pub(super) fn visibility(&self, range: std::ops::Range<usize>) -> Visibility {
        let mut all = Visibility::default();
        for part in self.parts.get(range).unwrap_or_default() {
            all.merge(part.visibility.clone());
        }
        all
    }

    /// Events of principals that the account does not have, by name: those of other accounts, and of what
    /// was deleted.
    pub(super) fn strangers(&self) -> BTreeMap<String, u64> {
        let known: std::collections::BTreeSet<_> = self
            .account
            .holders
            .iter()
            .map(|holder| crate::evidence::PrincipalKey::of_name(&holder.arn))
            .collect();
        let mut found = BTreeMap::new();
        for part in &self.parts {
            for (key, entry) in &part.entries {
                if !known.contains(key) {
                    *found.entry(entry.principal.name.clone()).or_default() += entry.evidence.events;
                }
            }
        }
        found
    }
}
