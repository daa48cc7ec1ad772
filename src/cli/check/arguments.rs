//! The arguments of `check`, each made a value before anything is read.

use std::path::PathBuf;

use crate::cli::output::Format;
use crate::cli::simulate::{Level, MOST_LEVELS, level};
use crate::evaluate::Layer;
use crate::pattern::ResourcePattern;

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("question").required(true).multiple(true).args(["against", "deny_access", "trail", "store"]))]
#[command(group = clap::ArgGroup::new("observed").multiple(true).args(["trail", "store"]))]
#[command(
    override_usage = "leastgrant check [OPTIONS] --policy <NEW>... <--against <OLD>...|--deny-access <ACTION>...|--trail <PATH>... --principal <WHO>>"
)]
#[command(
    after_help = "What is not found is proved: over every action, known or not, every resource and every condition; over the trail, use by use. Policies that name a Principal are compared as the policies of a resource, those of sts actions without a Resource as trust policies."
)]
pub(in crate::cli) struct Args {
    /// A new policy: a file, or the ARN or name of an AWS managed policy; - for standard input. Repeatable.
    #[arg(long, value_name = "FILE|ARN|NAME", required = true, num_args = 1..)]
    pub(super) policy: Vec<String>,
    /// An old policy: what the new ones allow beyond the old ones is found. Repeatable.
    #[arg(long, value_name = "FILE|ARN|NAME", num_args = 1..)]
    pub(super) against: Vec<String>,
    /// An action that must not be allowed; it may have wildcards: 's3:*Acl'. Repeatable.
    #[arg(long, value_name = "ACTION", num_args = 1.., value_parser = action)]
    pub(super) deny_access: Vec<String>,
    /// With --deny-access: only on these resources; wildcards as in a policy. Repeatable.
    #[arg(long, value_name = "ARN", num_args = 1.., requires = "deny_access", value_parser = resource)]
    pub(super) on: Vec<String>,
    /// CloudTrail records: what they show of --principal must stay allowed. A file or a folder, plain or
    /// gzipped; - for standard input. Repeatable.
    #[arg(long, value_name = "PATH", num_args = 1.., requires = "principal")]
    pub(super) trail: Vec<PathBuf>,
    /// Keep evidence in this folder, as `review --store` does: only files that are not in it yet are read.
    #[arg(long, value_name = "DIR", requires = "principal")]
    pub(super) store: Option<PathBuf>,
    /// Whose use: an ARN, role/NAME or user/NAME.
    #[arg(long, value_name = "ARN|role/NAME|user/NAME", requires = "observed")]
    pub(super) principal: Option<String>,
    /// The permissions boundary, of the old policies as of the new.
    #[arg(long, value_name = "FILE|ARN|NAME")]
    pub(super) boundary: Option<String>,
    /// The service control policies of one level, comma-separated, for the old policies as for the new.
    /// Repeat it for each level, from the root down.
    #[arg(long, value_name = "FILES", value_parser = level)]
    pub(super) scp: Vec<Level>,
    /// What the policies are attached to, where it is not to be guessed.
    #[arg(long, value_enum)]
    pub(super) kind: Option<Kind>,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    pub(super) format: Format,
    /// Exit with 3 where there are findings, undecided ones included.
    #[arg(long)]
    pub(super) exit_code: bool,
}

/// What a policy is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Kind {
    /// A user, a role or a group.
    Identity,
    /// A resource.
    Resource,
    /// A role, as its trust policy.
    Trust,
    /// A KMS key.
    Key,
}

impl Kind {
    pub(super) fn layer(self) -> Layer {
        match self {
            Self::Identity => Layer::Identity,
            Self::Resource => Layer::Resource,
            Self::Trust => Layer::Trust,
            Self::Key => Layer::Key,
        }
    }
}

impl Args {
    /// What is wrong with the arguments together.
    pub(super) fn contradiction(&self) -> Option<String> {
        if self.scp.len() > MOST_LEVELS {
            return Some(format!("an organization has {MOST_LEVELS} levels at most"));
        }
        let texts = self.policy.iter().chain(&self.against).chain(&self.boundary);
        let texts = texts.chain(self.scp.iter().flat_map(|level| &level.0));
        let paths = self.trail.iter().filter(|path| path.as_os_str() == "-");
        let standard_input = texts.filter(|file| *file == "-").count() + paths.count();
        (standard_input > 1).then(|| "standard input (-) can be read once only".to_owned())
    }

    /// Why the other options do not go with what the policies are attached to.
    pub(super) fn misfit(&self, kind: Layer) -> Option<&'static str> {
        if kind == Layer::Identity {
            return None;
        }
        if self.boundary.is_some() || !self.scp.is_empty() {
            return Some("--boundary and --scp limit identity policies: these policies stand on a resource");
        }
        (!self.trail.is_empty())
            .then_some("--trail is held against identity policies: these policies stand on a resource")
    }
}

fn action(text: &str) -> Result<String, String> {
    let text = text.trim();
    let parts = text.split_once(':');
    let is_name = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '*' | '?'))
    };
    if text == "*" || parts.is_some_and(|(service, name)| is_name(service) && is_name(name)) {
        Ok(text.to_owned())
    } else {
        Err("an action is such as s3:PutBucketAcl, s3:*Acl or *".to_owned())
    }
}

fn resource(text: &str) -> Result<String, String> {
    match ResourcePattern::new(text) {
        ResourcePattern::Unusual(_) => {
            Err("a resource is an ARN, with wildcards or without, or *".to_owned())
        }
        _ if text.contains("${") => Err("variables have no value here: write * for them".to_owned()),
        _ => Ok(text.to_owned()),
    }
}
