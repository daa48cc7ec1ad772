//! `leastgrant recommend`: a trail and the current grants in, the smallest policy change out.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::Exit;
use super::earlier::{self, InParts};
use super::live::{AwsArgs, Live, is_live};
use super::observed::{condition_keys, only_principal};
use super::output::Output;
use super::policies::{load_account, load_policy, not_given};
use super::strategies::{self, Case, Wanted};
use super::trails::{self, How, TrailArgs, Trails};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::evaluate::Layer;
use crate::evidence::{
    Evidence, Interest, Ledger, PrincipalKey, Whose, is_named, read_last_accessed, read_selectors,
};
use crate::grants::{Account, Grants};
use crate::recommend::{Change, Generalise, Keep, Options, Proposal, Subject, Unseen, nothing_to_go_by};
use crate::report::{self, Recommendation, infrastructure, policy_files};
use crate::source::{ReadReport, read_text};
use crate::strategy::{Choice, ManagedPolicies, SideBySide, Strategy};

/// Arguments of `recommend`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Without --grants and --policy the proposal is a policy from nothing: what the principal was seen to use. A group of principals is priced by `leastgrant backtest --only PATTERN --by TAG`."
)]
pub(super) struct Args {
    /// Whom: an ARN, role/NAME or user/NAME.
    principal: String,
    /// CloudTrail records: a file or a folder, plain or gzipped; - for standard input; s3://BUCKET/PREFIX;
    /// cloudtrail: for the account's event history; athena:WORKGROUP/DATABASE.TABLE. Repeatable.
    #[arg(
        long,
        value_name = "PATH|s3://…|cloudtrail:|athena:…",
        required_unless_present = "store"
    )]
    trail: Vec<PathBuf>,
    #[command(flatten)]
    trails: TrailArgs,
    /// The output of `aws iam get-account-authorization-details`; a snapshot's folder; or aws: for
    /// the account itself.
    #[arg(long, value_name = "FILE|aws:", conflicts_with = "policy")]
    grants: Option<PathBuf>,
    /// What IAM itself says was last used, which then stays: the output of `aws iam
    /// get-service-last-accessed-details`; aws: to ask (with --grants aws: it is asked in any case).
    #[arg(long, value_name = "FILE|aws:")]
    last_accessed: Option<PathBuf>,
    /// Ask IAM Access Analyzer as well: its findings on each policy, its checks beside the proof (each costs a
    /// fraction of a cent), what it calls unused.
    #[cfg(feature = "aws")]
    #[arg(long)]
    access_analyzer: bool,
    #[command(flatten)]
    aws: AwsArgs,
    /// A policy that the principal holds: a file, or the ARN or name of an AWS managed policy. Repeatable.
    #[arg(long, value_name = "FILE|ARN")]
    policy: Vec<String>,
    /// The principal's permissions boundary: a file, or the ARN or name of an AWS managed policy.
    #[arg(long, value_name = "FILE|ARN", conflicts_with = "grants")]
    boundary: Option<String>,
    /// What the trail is set to record: the output of `aws cloudtrail get-event-selectors`.
    #[arg(long, value_name = "FILE")]
    event_selectors: Option<PathBuf>,
    /// Files of AWS's service reference, laid over the catalog.
    #[arg(long, value_name = "DIR")]
    service_reference: Option<PathBuf>,
    /// Add what was refused, where an identity statement settles it.
    #[arg(long)]
    include_denied: bool,
    /// With --include-denied: add dangerous permissions as well; with names, only what opens these paths.
    #[arg(
        long,
        value_name = "NAME,…",
        requires = "include_denied",
        num_args = 0..=1,
        require_equals = true,
        value_delimiter = ',',
        value_parser = super::dangerous::name
    )]
    allow_dangerous: Option<Vec<String>>,
    /// Which way to run IAM: minimal (what is proposed without this), minimal-used-services, service, managed,
    /// job-function, power-user; or all, side by side, each with its price.
    #[arg(long, value_name = "NAME", value_parser = strategies::wanted)]
    strategy: Option<Wanted>,
    /// Read what all others did as well, to count which of their resources each rule admits.
    #[arg(long)]
    count_others: bool,
    /// What becomes of granted actions whose use this trail cannot show.
    #[arg(long, value_enum, conflicts_with = "strategy", default_value_t = UnseenArg::Keep)]
    unseen: UnseenArg,
    /// Write conditions that held for every use into the statements: source-vpce, source-ip, region, mfa,
    /// called-via, kms-via-service, principal-tag; all for those that a trail shows. They are listed in any case.
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', value_parser = super::conditions::names)]
    conditions: Vec<super::conditions::Names>,
    /// A network of your own, as 203.0.113.0/24: for the condition on the source address, which is otherwise
    /// suggested for the /24 of each address. Repeatable.
    #[arg(long, value_name = "CIDR", value_parser = super::conditions::network)]
    network: Vec<crate::evaluate::Network>,
    /// Actions that stay as they are granted: a file of exceptions, as `review` takes it.
    #[arg(long, value_name = "FILE")]
    exceptions: Option<PathBuf>,
    /// How far resources are widened beyond those seen: exact (only what was seen), rules (dates, ids, regions,
    /// versions, tenants, siblings: each named), wide (from two alike on, and one level up), type (any resource
    /// of the type). `leastgrant backtest --generalise` prices each.
    #[arg(long, value_name = "HOW", default_value = "rules", value_parser = generalise)]
    generalise: Generalise,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    format: Format,
    /// With --format policy: write each document into this folder instead of printing it.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// With --format terraform: a folder with your own Terraform files. Prints a patch of them that `git apply`
    /// takes; what cannot be placed comes as a file of its own.
    #[arg(long, value_name = "DIR")]
    terraform: Option<PathBuf>,
    /// Exit with 3 where there is something to change.
    #[arg(long)]
    exit_code: bool,
    /// Threads to read with; 0 for as many as the machine has.
    #[arg(long, value_name = "N", default_value_t = 0)]
    threads: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For a person.
    Terminal,
    /// For a program; the schema is in the repository.
    Json,
    /// For a pull request or an issue, as GitHub shows it.
    Markdown,
    /// The policy documents alone, ready for the AWS CLI.
    Policy,
    /// Terraform: resources, and import blocks for what stands already.
    Terraform,
    /// A CloudFormation template.
    Cloudformation,
    /// JSON with each policy, its attachment, and a document as CDK's `PolicyDocument.fromJson` takes it.
    CdkJson,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum UnseenArg {
    /// They all stay.
    Keep,
    /// Only those of services stay of which the principal used anything.
    UsedServices,
}

/// A level of generalisation by its name.
pub(super) fn generalise(text: &str) -> Result<Generalise, String> {
    let names = Generalise::ALL.map(Generalise::as_str).join(", ");
    let found = Generalise::ALL.into_iter().find(|own| own.as_str() == text);
    found.ok_or_else(|| format!("write one of {names}"))
}

/// What is known of the grants before the trail is read.
struct Known {
    account: Option<Account>,
    grants: Grants,
    diagnostics: Vec<Diagnostic>,
}

/// Runs the command.
pub(super) fn run(args: &Args, output: &Output) -> Exit {
    if let Some(why) = misused(args) {
        return super::usage("recommend", why);
    }
    let overlaid = super::overlay::lay(args.service_reference.as_deref());
    let live = Live::new(&args.aws);
    let known = match load_grants(args, &live) {
        Ok(mut known) => {
            known.diagnostics.splice(0..0, overlaid);
            known
        }
        Err(diagnostics) => {
            output.diagnostics(&overlaid);
            output.diagnostics(&diagnostics);
            return Exit::Failed;
        }
    };
    let selectors = match args.event_selectors.as_deref().map(load_selectors).transpose() {
        Ok(selectors) => selectors,
        Err(diagnostics) => {
            output.diagnostics(&diagnostics);
            return Exit::Failed;
        }
    };
    let others = others(&known);
    let interest = interest(args, &known, &others);
    let mut said = known.diagnostics.clone();
    // Where others hold the same policies, their use counts as well: nobody's is left out then.
    let principal = (others.is_empty()).then(|| known.grants.principal.as_deref().unwrap_or(&args.principal));
    let (cut, files) = match earlier::cut(&args.trail, &args.trails, args.threads, &interest) {
        Ok(cut) => cut,
        Err(why) => {
            said.extend(why);
            output.diagnostics(&said);
            return Exit::Failed;
        }
    };
    let cuts: Vec<Timestamp> = cut.iter().copied().collect();
    let how = How {
        threads: args.threads,
        cuts: &cuts,
        files,
    };
    let mut trails = match trails::read_parts(
        &args.trail,
        &args.trails,
        how,
        &interest,
        principal,
        &live,
        output,
    ) {
        Ok(trails) => trails,
        Err(why) => {
            said.extend(why);
            output.diagnostics(&said);
            return Exit::Failed;
        }
    };
    let parts = InParts::new(cut, &trails.parts);
    let mut ledger = trails.ledger();
    let Trails {
        read,
        selectors: recorded,
        said: of_trails,
        ..
    } = trails;
    ledger.visibility.selectors = selectors.or(recorded);
    let parts = parts.seen_by(&ledger.visibility);
    said.extend(of_trails);
    if let Err(why) = last_accessed(args, &known, &others, &mut ledger, &live, &mut said) {
        said.extend(why);
        output.diagnostics(&said);
        return Exit::Failed;
    }
    said.extend(read.diagnostics.iter().cloned());
    if read.total.records == 0 {
        // A report over no events at all would read as if nothing had to change.
        output.diagnostics(&said);
        return Exit::Failed;
    }
    let answer = answer(args, &known, &others, (&ledger, &parts), said);
    match answer {
        Ok(Answer::All(all)) => side_by_side(args, &all, &read, output),
        Ok(Answer::One(one)) => {
            let (mut report, proposal) = *one;
            match opinion(args, &proposal, &report.principal.arn, &live) {
                Ok(said) | Err(said) => report.diagnostics.extend(said),
            }
            print(args, output, &report, &proposal, &read)
        }
        Err(diagnostics) => {
            output.diagnostics(&diagnostics);
            Exit::Failed
        }
    }
}

/// What cannot be asked for together.
fn misused(args: &Args) -> Option<&'static str> {
    let narrowed = matches!(
        args.strategy,
        None | Some(Wanted::One(Strategy::Minimal | Strategy::MinimalUsedServices))
    );
    if args.strategy == Some(Wanted::All) && !matches!(args.format, Format::Terminal | Format::Json) {
        return Some("--strategy all compares: choose one to print its policies");
    }
    if args.include_denied && !narrowed {
        return Some("--include-denied goes with the minimal strategies only");
    }
    if args.service_reference.is_some() && args.trails.store.is_some() {
        return Some("--service-reference changes what events are mapped to: it goes without --store");
    }
    if args.terraform.is_some() && args.format != Format::Terraform {
        return Some("--terraform goes with --format terraform");
    }
    let from_nothing = args.grants.is_none() && args.policy.is_empty();
    if from_nothing && !narrowed {
        return Some("this strategy stands in for present grants: give --grants or --policy");
    }
    None
}

fn side_by_side(args: &Args, all: &SideBySide, read: &ReadReport, output: &Output) -> Exit {
    output.diagnostics(&all.diagnostics);
    let written = match args.format {
        Format::Json => output.json(all),
        _ => output.report(&report::terminal::strategies::render(all)),
    };
    if written == Exit::Done && read.total.broken > 0 {
        return Exit::Partial;
    }
    written
}

/// What there is to print.
enum Answer {
    One(Box<(Recommendation, Proposal)>),
    All(Box<SideBySide>),
}

fn load_grants(args: &Args, live: &Live<'_>) -> Result<Known, Vec<Diagnostic>> {
    match &args.grants {
        Some(path) => from_account(path, &args.principal, live),
        None => from_policies(args),
    }
}

fn from_account(path: &Path, principal: &str, live: &Live<'_>) -> Result<Known, Vec<Diagnostic>> {
    let (account, grants, mut diagnostics) = load_account(path, principal, live)?;
    let help = "what it allows is not known here, so calls may look unexplained";
    diagnostics.extend(not_given(&grants, help));
    Ok(Known {
        account: Some(account),
        grants,
        diagnostics,
    })
}

fn from_policies(args: &Args) -> Result<Known, Vec<Diagnostic>> {
    let mut policies = Vec::new();
    let mut diagnostics = Vec::new();
    let mut failed = false;
    let layers = args.policy.iter().map(|policy| (policy, Layer::Identity));
    for (policy, layer) in layers.chain(args.boundary.iter().map(|policy| (policy, Layer::Boundary))) {
        match load_policy(policy, layer, &mut diagnostics) {
            Some((origin, document)) => policies.push((origin, layer, document)),
            None => failed = true,
        }
    }
    if failed {
        return Err(diagnostics);
    }
    let mut grants = Grants::from_policies(&args.principal, policies);
    if crate::arn::Arn::parse(&args.principal).is_none() {
        grants.principal = None;
    }
    Ok(Known {
        account: None,
        grants,
        diagnostics,
    })
}

pub(super) fn load_selectors(path: &Path) -> Result<crate::evidence::Selectors, Vec<Diagnostic>> {
    let text = read_text(path).map_err(|error| vec![*error])?;
    let (selectors, diagnostics) = read_selectors(&text, &path.to_string_lossy());
    selectors.ok_or(diagnostics)
}

/// What Access Analyzer says, where it is asked.
#[cfg(feature = "aws")]
fn opinion(
    args: &Args,
    proposal: &Proposal,
    principal: &str,
    live: &Live<'_>,
) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
    if args.access_analyzer {
        super::analyzer::second_opinion(proposal, principal, live)
    } else {
        Ok(Vec::new())
    }
}

#[cfg(not(feature = "aws"))]
fn opinion(_: &Args, _: &Proposal, _: &str, _: &Live<'_>) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
    Ok(Vec::new())
}

/// Of so many others who share a policy IAM is asked; its reports take seconds each.
const MOST_REPORTS: usize = 25;

/// Takes in what IAM itself says of the principal's use, and of those who share its policies.
fn last_accessed(
    args: &Args,
    known: &Known,
    others: &[Grants],
    ledger: &mut Ledger,
    live: &Live<'_>,
    said: &mut Vec<Diagnostic>,
) -> Result<(), Vec<Diagnostic>> {
    let asked = args
        .last_accessed
        .as_deref()
        .or_else(|| args.grants.as_deref().filter(|path| is_live(path)));
    let Some(source) = asked else {
        return Ok(());
    };
    if !is_live(source) {
        let text = read_text(source).map_err(|error| vec![*error])?;
        let (found, diagnostics) = read_last_accessed(&text, &source.to_string_lossy());
        let found = found.ok_or(diagnostics)?;
        let own = known
            .grants
            .principal
            .clone()
            .unwrap_or_else(|| args.principal.clone());
        for entry in ledger
            .entries
            .values_mut()
            .filter(|entry| is_named(&entry.principal.name, &own))
        {
            entry.evidence.last_accessed.merge(found.clone());
        }
        return Ok(());
    }
    let subjects = std::iter::once(&known.grants).chain(others);
    let arns: Vec<&str> = subjects
        .filter_map(|grants| grants.principal.as_deref())
        .collect();
    if arns.len() > MOST_REPORTS {
        let message = format!(
            "IAM was not asked what {} others last used",
            arns.len() - MOST_REPORTS
        );
        said.push(Diagnostic::warning(Code::SharedPolicy, message));
    }
    for arn in arns.into_iter().take(MOST_REPORTS) {
        let Some(entry) = ledger.entries.get_mut(&PrincipalKey::of_name(arn)) else {
            continue;
        };
        entry.evidence.last_accessed.merge(live.last_accessed(arn, said)?);
    }
    Ok(())
}

/// The grants of everybody who holds one of the principal's policies as well.
fn others(known: &Known) -> Vec<Grants> {
    let Some(account) = &known.account else {
        return Vec::new();
    };
    let sharing: BTreeSet<&String> = known
        .grants
        .in_layer(Layer::Identity)
        .flat_map(|held| &held.holders)
        .collect();
    account
        .holders
        .iter()
        .filter(|holder| {
            sharing.contains(&holder.arn) && Some(&holder.arn) != known.grants.principal.as_ref()
        })
        .map(|holder| account.grants(holder))
        .collect()
}

fn interest(args: &Args, known: &Known, others: &[Grants]) -> Interest {
    let whose = match &known.account {
        _ if args.count_others || args.strategy == Some(Wanted::All) => Whose::Everybody,
        Some(_) => {
            let arns = std::iter::once(&known.grants)
                .chain(others)
                .filter_map(|grants| grants.principal.as_deref());
            Whose::These(arns.map(PrincipalKey::of_name).collect())
        }
        None => Whose::Named(args.principal.clone()),
    };
    let held = std::iter::once(&known.grants)
        .chain(others)
        .flat_map(|grants| &grants.held);
    let condition_keys = condition_keys(held.map(|held| &held.document));
    Interest {
        whose,
        condition_keys,
        circumstances: true,
        ..Interest::default()
    }
}

fn answer(
    args: &Args,
    known: &Known,
    others: &[Grants],
    (ledger, parts): (&Ledger, &InParts),
    mut said: Vec<Diagnostic>,
) -> Result<Answer, Vec<Diagnostic>> {
    let (arn, evidence) = match whom(args, known, ledger) {
        Ok(found) => found,
        Err(problem) => {
            said.push(*problem);
            return Err(said);
        }
    };
    let mut grants = known.grants.clone();
    grants.principal.get_or_insert_with(|| arn.clone());
    for held in &mut grants.held {
        if known.account.is_none() {
            held.holders = vec![arn.clone()];
        }
    }
    said.extend(cautions(&grants, evidence, ledger));
    if evidence.is_some() {
        parts.say_why_not(args.trail.iter().any(|path| path.as_os_str() == "-"), &mut said);
    }
    let none = Evidence::default();
    let Some(evidence) = evidence.filter(|_| !is_fixed(&arn)) else {
        let proposal = nothing_to_go_by(&grants);
        let evidence = evidence.unwrap_or(&none);
        let report = report::recommendation(&arn, &grants, evidence, &ledger.visibility, &proposal, said);
        return Ok(Answer::One(Box::new((report, proposal))));
    };
    let options = Options {
        include_denied: args.include_denied,
        allow_dangerous: super::dangerous::allowed(args.allow_dangerous.as_deref()),
        unseen: match args.unseen {
            UnseenArg::Keep => Unseen::Keep,
            UnseenArg::UsedServices => Unseen::UsedServices,
        },
        generalise: args.generalise,
        keep: kept_by_exceptions(args, &arn, ledger, &mut said)?,
        conditions: super::conditions::wanted(&args.conditions, &args.network, tags(known, &arn)),
    };
    let case = Case {
        subject: Subject {
            grants: &grants,
            evidence,
        },
        others,
        ledger,
        parts,
        options: &options,
        managed: &ManagedPolicies::default(),
    };
    let strategy = match (args.strategy, options.unseen) {
        (Some(Wanted::All), _) => {
            let mut all = case.side_by_side(args.generalise);
            all.diagnostics.splice(0..0, said);
            return Ok(Answer::All(Box::new(all)));
        }
        (Some(Wanted::One(strategy)), _) => strategy,
        (None, Unseen::Keep) => Strategy::Minimal,
        (None, Unseen::UsedServices) => Strategy::MinimalUsedServices,
    };
    let Some(choice) = Choice::all(strategy, &[args.generalise]).pop() else {
        return Err(said);
    };
    let proposal = case.proposal(choice);
    let mut report = report::recommendation(&arn, &grants, evidence, &ledger.visibility, &proposal, said);
    // It takes a proposal of its own, and files of policies have no place for it.
    if matches!(args.format, Format::Terminal | Format::Json | Format::Markdown) {
        report.backtest = case.backtest(choice);
    }
    report.strategy = args.strategy.map(|_| case.view(choice, &proposal));
    if args.count_others {
        report::count_others(&mut report, ledger);
    }
    Ok(Answer::One(Box::new((report, proposal))))
}

/// The tags of a principal of the account.
fn tags(known: &Known, arn: &str) -> std::collections::BTreeMap<String, String> {
    let holders = known.account.iter().flat_map(|account| &account.holders);
    let mut own = holders.filter(|holder| holder.arn == arn);
    own.next().map(|holder| holder.tags.clone()).unwrap_or_default()
}

/// What exceptions that hold at the end of the trail keep.
fn kept_by_exceptions(
    args: &Args,
    arn: &str,
    ledger: &Ledger,
    said: &mut Vec<Diagnostic>,
) -> Result<Vec<Keep>, Vec<Diagnostic>> {
    let (Some(path), Some((_, end))) = (&args.exceptions, ledger.visibility.window) else {
        return Ok(Vec::new());
    };
    let judged = super::exceptions::read(path)?.judged(end);
    if let Some(exception) = judged.of_proposal(arn) {
        let message = format!(
            "`review` leaves this principal alone: {}, until {}",
            exception.reason, exception.until
        );
        said.push(Diagnostic::note(Code::ExceptionInForce, message));
    }
    said.extend(judged.expired_of(arn));
    Ok(judged.keeps(arn))
}

/// The principal's ARN and evidence; no evidence where it has no events.
fn whom<'l>(
    args: &Args,
    known: &Known,
    ledger: &'l Ledger,
) -> Result<(String, Option<&'l Evidence>), Box<Diagnostic>> {
    if let Some(arn) = known
        .grants
        .principal
        .as_ref()
        .filter(|_| known.account.is_some())
    {
        return Ok((arn.clone(), ledger.evidence(arn)));
    }
    only_principal(ledger, &args.principal).map(|(arn, evidence)| (arn, Some(evidence)))
}

/// Service-linked roles belong to their service
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html>).
pub(super) fn is_fixed(arn: &str) -> bool {
    arn.contains(":role/aws-service-role/")
}

/// A window shorter than about a quarter misses what runs once a quarter. A little slack, since the
/// first and the last day of a trail are seldom whole.
const QUARTER_DAYS: f64 = 85.0;

fn cautions(grants: &Grants, evidence: Option<&Evidence>, ledger: &Ledger) -> Vec<Diagnostic> {
    let mut said = Vec::new();
    let arn = grants.principal.as_deref().unwrap_or_default();
    if is_fixed(arn) {
        said.push(
            Diagnostic::note(
                Code::NotEditable,
                "this is a service-linked role: its policies belong to the service",
            )
            .help("nothing is proposed"),
        );
    } else if arn.contains(":role/aws-reserved/sso.amazonaws.com/") {
        said.push(
            Diagnostic::note(
                Code::NotEditable,
                "this role is made by IAM Identity Center from a permission set",
            )
            .help("make the change in the permission set; a change to the role itself is refused"),
        );
    }
    if evidence.is_none() {
        said.push(
            Diagnostic::warning(Code::NoEvents, format!("{arn} has no events in this trail"))
                .help("nothing is proposed: without events there is nothing to go by"),
        );
        return said;
    }
    match ledger.visibility.days() {
        Some(days) if days < QUARTER_DAYS => said.push(
            Diagnostic::warning(
                Code::ShortWindow,
                format!("the trail reaches over {} only", span(days)),
            )
            .help("what runs once a month or a quarter does not show in it"),
        ),
        _ => {}
    }
    if let [region] = ledger.visibility.regions.iter().collect::<Vec<_>>().as_slice() {
        said.push(
            Diagnostic::note(Code::OneRegion, format!("the trail shows events of {region} only"))
                .help("unless it is a trail of all regions, use in other regions would not have shown: check before you tighten"),
        );
    }
    said
}

fn span(days: f64) -> String {
    if days >= 2.0 {
        format!("{days:.0} days")
    } else {
        format!("{:.1} hours", days * 24.0)
    }
}

fn print(
    args: &Args,
    output: &Output,
    report: &Recommendation,
    proposal: &Proposal,
    read: &ReadReport,
) -> Exit {
    output.diagnostics(&report.diagnostics);
    let incomplete = report
        .diagnostics
        .iter()
        .any(|diagnostic| diagnostic.code == Code::ProofFailed);
    if incomplete {
        return Exit::Failed;
    }
    let written = match args.format {
        Format::Terminal => output.report(&report::terminal::render(report)),
        Format::Json => output.json(report),
        Format::Markdown => output.bytes(report::github::recommend::render(report).as_bytes()),
        Format::Policy => write_policies(args, output, proposal),
        Format::Terraform if args.terraform.is_some() => {
            let folder = args.terraform.as_deref().unwrap_or(Path::new("."));
            super::terraform::run(folder, proposal, &report.principal.arn, output)
        }
        Format::Terraform => {
            let text = infrastructure::terraform::render(&proposal.policies, &report.principal.arn);
            output.bytes(text.as_bytes())
        }
        Format::CdkJson => output.json(&infrastructure::cdk::render(
            &proposal.policies,
            &report.principal.arn,
        )),
        Format::Cloudformation => output.json(&infrastructure::cloudformation::template(
            &proposal.policies,
            &report.principal.arn,
        )),
    };
    if written != Exit::Done {
        return written;
    }
    let unread = report
        .diagnostics
        .iter()
        .any(|diagnostic| diagnostic.severity == Severity::Error);
    if unread || read.total.broken > 0 {
        output.say(&format!(
            "{} records read; {} could not be read and were left out",
            read.total.records, read.total.broken
        ));
        return Exit::Partial;
    }
    if args.exit_code && report.summary.changes {
        Exit::Findings
    } else {
        Exit::Done
    }
}

fn write_policies(args: &Args, output: &Output, proposal: &Proposal) -> Exit {
    let files = policy_files::policy_files(&proposal.policies);
    for policy in proposal
        .policies
        .iter()
        .filter(|policy| policy.change == Change::Attach)
    {
        output.say(&format!("attach {}", policy.origin.arn().unwrap_or_default()));
    }
    let Some(folder) = &args.out else {
        if files.len() > 1 {
            output.say(&format!(
                "{} documents follow, one after the other; --out DIR writes each into a file",
                files.len()
            ));
        }
        let text: String = files.iter().map(|file| file.text.as_str()).collect();
        return output.bytes(text.as_bytes());
    };
    if let Err(error) = std::fs::create_dir_all(folder) {
        output.say(&format!("error: {} cannot be made: {error}", folder.display()));
        return Exit::Failed;
    }
    for file in &files {
        let path = folder.join(&file.file_name);
        if let Err(error) = std::fs::write(&path, &file.text) {
            output.say(&format!("error: {} cannot be written: {error}", path.display()));
            return Exit::Failed;
        }
        output.say(&format!("{}: {}", path.display(), file.title));
    }
    Exit::Done
}
