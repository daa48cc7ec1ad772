//! `leastgrant explain`: a refusal as people paste it in, the one change that ends it out.

use std::path::{Path, PathBuf};

use super::Exit;
use super::live::{AwsArgs, Live, is_live};
use super::output::Output;
use super::policies::{load_policy, read_account, read_organization};
use super::simulate::{LayerArgs, Loaded, incomplete};
use super::trails::{self, TrailArgs, Trails};
use crate::denial::{self, Reading};
use crate::diagnostic::{Code, Diagnostic};
use crate::evaluate::Layer;
use crate::evidence::Interest;
use crate::explain::{self, Known, Options, explain};
use crate::grants::Grants;
use crate::recommend::Allowed;
use crate::report::{markdown, terminal};
use crate::source::{read_paste, read_text};

/// Arguments of `explain`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The text may be a whole log: every refusal in it is answered, the same one once. Without --grants the answer rests on the text and the catalog; with them the statement that refuses is named, and what is already allowed is left out."
)]
pub(super) struct Args {
    /// The text itself, a file, or - for standard input (also when left out): a terminal or CI log, a
    /// stack trace, a CloudFormation event, a CloudTrail record, a decoded authorization message.
    #[arg(value_name = "MESSAGE|FILE|-")]
    message: Vec<String>,
    /// Who the caller is taken to be; it is said where the text names somebody else.
    #[arg(long, value_name = "role/NAME|user/NAME|ARN")]
    principal: Option<String>,
    /// The output of `aws iam get-account-authorization-details`; or aws: for the account itself, with its
    /// organization's policies, those of the resources refused, and what encoded messages say.
    #[arg(long, value_name = "FILE|aws:", help_heading = "Policies", conflicts_with_all = ["policy", "boundary"])]
    grants: Option<PathBuf>,
    #[command(flatten)]
    aws: AwsArgs,
    /// A policy that the caller holds: a file, or the ARN or name of an AWS managed policy. Repeatable.
    #[arg(long, value_name = "FILE|ARN|NAME", help_heading = "Policies")]
    policy: Vec<String>,
    /// The caller's permissions boundary: a file, or the ARN or name of an AWS managed policy.
    #[arg(long, value_name = "FILE|ARN|NAME", help_heading = "Policies")]
    boundary: Option<String>,
    #[command(flatten)]
    layers: LayerArgs,
    /// CloudTrail records of the account: what else was refused, and what others use that do the same. Also
    /// s3://BUCKET/PREFIX, or cloudtrail: for the event history. Repeatable.
    #[arg(long, value_name = "PATH|s3://…|cloudtrail:")]
    trail: Vec<PathBuf>,
    #[command(flatten)]
    trails: TrailArgs,
    /// Leave what is only likely to be needed next out of the change.
    #[arg(long)]
    only_certain: bool,
    /// Leave all but what was refused out of the change.
    #[arg(long, conflicts_with = "only_certain")]
    only_this: bool,
    /// Accept what the change opens, by the names under its dangers.
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', value_parser = super::dangerous::name)]
    allow_dangerous: Vec<String>,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Form::Terminal)]
    format: Form,
    /// Exit with 3 where there is a refusal.
    #[arg(long)]
    exit_code: bool,
}

/// How an explanation is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// For a person.
    Terminal,
    /// For a program; the schema is in the repository.
    Json,
    /// For the ticket: a summary, the details folded.
    Markdown,
}

/// Runs the command.
pub(super) fn run(args: &Args, output: &Output) -> Exit {
    if let Some(why) = args.contradiction() {
        return super::usage("explain", &why);
    }
    let text = match args.text() {
        Ok(text) => text,
        Err(problem) => {
            output.diagnostics(&[*problem]);
            return Exit::Failed;
        }
    };
    let mut reading = denial::read(&text);
    let live = Live::new(&args.aws);
    let (known, said) = match known(args, &mut reading, &live, output) {
        Ok(known) => known,
        Err(said) => {
            output.diagnostics(&said);
            return Exit::Failed;
        }
    };
    output.diagnostics(&said);
    let explained = explain(&reading, &known, &args.options());
    let written = match args.format {
        Form::Json => output.json(&explained),
        Form::Terminal => output.report(&terminal::explain::render(&explained)),
        Form::Markdown => output.bytes(markdown::render(&explained).as_bytes()),
    };
    if args.format != Form::Terminal && nothing(&reading) {
        output.say("no refusal found in this text");
    }
    match () {
        () if written != Exit::Done => written,
        () if incomplete(&said) => Exit::Partial,
        () if args.exit_code && !explained.refusals.is_empty() => Exit::Findings,
        () => Exit::Done,
    }
}

fn nothing(reading: &Reading) -> bool {
    reading.denials.is_empty() && reading.look_alikes.is_empty()
}

impl Args {
    fn contradiction(&self) -> Option<String> {
        let own = self
            .policy
            .iter()
            .chain(&self.boundary)
            .filter(|file| *file == "-")
            .count();
        let paths = self
            .grants
            .iter()
            .chain(&self.trail)
            .filter(|path| path.as_os_str() == "-")
            .count();
        let text = usize::from(self.reads_standard_input());
        if own + paths + text + self.layers.standard_input() > 1 {
            return Some("standard input (-) can be read once only".to_owned());
        }
        self.layers.contradiction()
    }

    fn reads_standard_input(&self) -> bool {
        match self.message.as_slice() {
            [] => true,
            [only] => only == "-",
            _ => false,
        }
    }

    fn text(&self) -> Result<String, Box<Diagnostic>> {
        if self.reads_standard_input() {
            return read_paste(Path::new("-"));
        }
        let text = self.message.join(" ");
        // A text of a megabyte is no path, and asking for it would be an error.
        let may_be_file = self.message.len() == 1 && text.len() < 4096 && !text.contains('\n');
        let path = Path::new(&text);
        if may_be_file && path.exists() {
            return read_paste(path);
        }
        if may_be_file && looks_like_path(&text) {
            return read_text(path);
        }
        Ok(text)
    }

    fn options(&self) -> Options {
        Options {
            only_certain: self.only_certain,
            only_this: self.only_this,
            allow_dangerous: match self.allow_dangerous.as_slice() {
                [] => Allowed::Nothing,
                names => Allowed::Named(names.iter().cloned().collect()),
            },
        }
    }
}

/// The role or user behind the refusals, where it is one.
fn one_caller(reading: &Reading) -> Option<&str> {
    let mut callers = reading
        .denials
        .iter()
        .filter_map(|denial| denial.principal.as_deref());
    let first = callers.next()?;
    callers.all(|other| other == first).then_some(first)
}

/// Whether somebody meant a file that is not there.
fn looks_like_path(text: &str) -> bool {
    let ends = [".json", ".log", ".txt", ".gz", ".out"];
    !text.contains(char::is_whitespace)
        && !text.contains("://")
        && (ends.iter().any(|end| text.ends_with(end)) || text.starts_with("./") || text.starts_with('/'))
}

/// What is known beside the text, and what is to be said of it.
fn known(
    args: &Args,
    reading: &mut Reading,
    live: &Live<'_>,
    output: &Output,
) -> Result<(Known, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut known = Known {
        holder: args.principal.clone(),
        ..Known::default()
    };
    let mut loaded = Loaded::default();
    loaded.around(&args.layers);
    for (layer, policy) in args.layers.policies() {
        loaded.policy(layer, policy);
    }
    loaded.full_access(&args.layers.scp, &args.layers.rcp);
    let mut said = std::mem::take(&mut loaded.said);
    if let Some(path) = &args.grants {
        let from_aws = is_live(path);
        if from_aws {
            said.extend(live.decode(reading)?);
        }
        let caller = args.principal.as_deref().or_else(|| one_caller(reading));
        let (account, diagnostics) = read_account(path, caller, live)?;
        said.extend(diagnostics);
        known.account = Some(account);
        if args.layers.scp.is_empty()
            && args.layers.rcp.is_empty()
            && let Some(organization) = read_organization(path, live)?
        {
            loaded.organization(organization);
            said.append(&mut loaded.said);
        }
        if from_aws {
            let (of_resources, diagnostics) = live.of_resources(&explain::resources(reading))?;
            known.of_resources = of_resources;
            said.extend(diagnostics);
        }
    }
    let own = args.policy.iter().map(|policy| (Layer::Identity, policy));
    let mut held = Vec::new();
    for (layer, policy) in own.chain(args.boundary.iter().map(|policy| (Layer::Boundary, policy))) {
        match load_policy(policy, layer, &mut said) {
            Some((origin, document)) => held.push((origin, layer, document)),
            None => loaded.setting.unknown.push(layer),
        }
    }
    if args.policy.is_empty() && !held.is_empty() {
        // A boundary alone says nothing of what the caller holds.
        let boundary = std::mem::take(&mut held);
        for (origin, layer, document) in boundary {
            loaded.policies.push(crate::simulate::Given {
                name: origin.to_string(),
                is_file: false,
                layer,
                document,
            });
        }
    }
    if !held.is_empty() {
        let mut grants = Grants::from_policies(args.principal.as_deref().unwrap_or_default(), held);
        grants.principal = args
            .principal
            .clone()
            .filter(|name| crate::arn::Arn::parse(name).is_some());
        known.grants = Some(grants);
    }
    known.policies = loaded.policies;
    known.setting = loaded.setting;
    if !args.trail.is_empty() {
        let interest = Interest::default();
        let mut trails = trails::read(&args.trail, &args.trails, 0, &interest, None, live, output)?;
        let ledger = trails.ledger();
        let Trails {
            read,
            said: of_trails,
            ..
        } = trails;
        said.extend(of_trails);
        said.extend(read.diagnostics.iter().cloned());
        if read.total.records == 0 {
            said.push(Diagnostic::error(
                Code::NothingFound,
                "there is no event in the trail",
            ));
            return Err(said);
        }
        known.trail = Some(ledger);
    }
    Ok((known, said))
}
