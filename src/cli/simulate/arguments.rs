//! The arguments of `simulate`, each made a value before anything is read.

use std::path::PathBuf;

use crate::cli::live::AwsArgs;
use crate::cli::output::Format;
use crate::evaluate::{Layer, Principal};
use crate::simulate::{read_action, read_principal, read_resource};

/// Arguments of `simulate`.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("asked").required(true).args(["action", "requests"]))]
#[command(group = clap::ArgGroup::new("policies").required(true).multiple(true).args([
    "policy", "grants", "boundary", "session_policy", "scp", "rcp", "resource_policy", "trust_policy",
    "key_policy", "endpoint_policy",
]))]
#[command(group = clap::ArgGroup::new("of_resource").args(["resource_policy", "trust_policy", "key_policy"]))]
#[command(override_usage = "leastgrant simulate [OPTIONS] <ACTION|--requests <FILE>> <POLICIES>")]
#[command(
    after_help = "Only the layers that are named are in force. What is neither given nor follows from the principal is unknown, and a decision that hangs on it is unknown, too; the answer says what would decide it.\n\nA file of requests is {\"requests\": [{\"action\": \"s3:GetObject\", \"resource\": \"arn:…\", \"principal\": \"arn:…\", \"context\": {\"aws:SourceIp\": \"203.0.113.7\"}}]}; what a request does not say is taken from the options."
)]
pub(in crate::cli) struct Args {
    /// The action: s3:GetObject.
    #[arg(value_parser = action)]
    pub(super) action: Option<String>,
    /// The resource's ARN, or * where the action is asked on none in particular.
    #[arg(long, value_name = "ARN|*", value_parser = read_resource)]
    pub(super) resource: Option<String>,
    /// Who asks: an ARN, a service (lambda.amazonaws.com), an account id, or anonymous.
    #[arg(long, value_name = "ARN|SERVICE|ACCOUNT|anonymous", value_parser = principal)]
    pub(super) principal: Option<Principal>,
    /// The account that owns the resource, where its ARN does not say.
    #[arg(long, value_name = "ID", value_parser = account)]
    pub(super) resource_account: Option<String>,
    /// A condition key and its value; several values by repeating the key; KEY= for an empty one. Repeatable.
    #[arg(long, value_name = "KEY=VALUE", value_parser = context)]
    pub(super) context: Vec<(String, String)>,
    /// A condition key that the request does not carry. Repeatable.
    #[arg(long, value_name = "KEY", value_parser = key)]
    pub(super) absent: Vec<String>,
    /// Condition keys that are not named are absent; without it they are unknown.
    #[arg(long)]
    pub(super) complete: bool,
    /// A file of requests; - for standard input.
    #[arg(long, value_name = "FILE")]
    pub(super) requests: Option<PathBuf>,
    /// An identity policy: a file, or the ARN or name of an AWS managed policy. Repeatable.
    #[arg(long, value_name = "FILE|ARN|NAME", help_heading = "Policies")]
    pub(super) policy: Vec<String>,
    /// The output of `aws iam get-account-authorization-details`; or aws: for the account itself, with its
    /// organization's policies.
    #[arg(
        long,
        value_name = "FILE|aws:",
        help_heading = "Policies",
        requires = "holder",
        conflicts_with = "boundary"
    )]
    pub(super) grants: Option<PathBuf>,
    /// Whose identity policies, groups and boundary in --grants; without --principal it is who asks.
    #[arg(
        long,
        value_name = "role/NAME|user/NAME|ARN",
        help_heading = "Policies",
        requires = "grants"
    )]
    pub(super) holder: Option<String>,
    /// The permissions boundary: a file, or the ARN or name of an AWS managed policy.
    #[arg(long, value_name = "FILE|ARN|NAME", help_heading = "Policies")]
    pub(super) boundary: Option<String>,
    #[command(flatten)]
    pub(super) layers: LayerArgs,
    #[command(flatten)]
    pub(super) aws: AwsArgs,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    pub(super) format: Format,
    /// With several requests: each in full.
    #[arg(long)]
    pub(super) verbose: bool,
    /// Exit with 3 where a request is not certainly allowed.
    #[arg(long)]
    pub(super) exit_code: bool,
}

/// Policies of the layers around a principal's own.
#[derive(Debug, Default, clap::Args)]
pub(in crate::cli) struct LayerArgs {
    /// A session policy: a file, or the ARN or name of an AWS managed policy. Repeatable.
    #[arg(long, value_name = "FILE|ARN|NAME", help_heading = "Policies")]
    pub(in crate::cli) session_policy: Vec<String>,
    /// The service control policies of one level, comma-separated; FullAWSAccess is AWS's own.
    /// Repeat it for each level, from the root down.
    #[arg(long, value_name = "FILES", help_heading = "Policies", value_parser = level)]
    pub(in crate::cli) scp: Vec<Level>,
    /// The resource control policies of one level, comma-separated, beside RCPFullAWSAccess. Repeat it
    /// for each level, from the root down.
    #[arg(long, value_name = "FILES", help_heading = "Policies", value_parser = level)]
    pub(in crate::cli) rcp: Vec<Level>,
    /// The resource's own policy.
    #[arg(long, value_name = "FILE", help_heading = "Policies")]
    pub(in crate::cli) resource_policy: Option<String>,
    /// The trust policy of the role that is assumed.
    #[arg(long, value_name = "FILE", help_heading = "Policies")]
    pub(in crate::cli) trust_policy: Option<String>,
    /// The key policy of the KMS key.
    #[arg(long, value_name = "FILE", help_heading = "Policies")]
    pub(in crate::cli) key_policy: Option<String>,
    /// The policy of the VPC endpoint that the request goes through.
    #[arg(long, value_name = "FILE", help_heading = "Policies")]
    pub(in crate::cli) endpoint_policy: Option<String>,
    /// The organization's management account, which SCPs and RCPs do not bind.
    #[arg(long, value_name = "ID", help_heading = "Policies", value_parser = account)]
    pub(in crate::cli) management_account: Option<String>,
    /// A layer that is in force but whose text is not known: identity, boundary, session, scp:0 (the
    /// root), rcp:0, resource, trust, key, endpoint. Repeatable.
    #[arg(long, value_name = "LAYER", help_heading = "Policies", value_parser = layer)]
    pub(in crate::cli) unknown_layer: Vec<Layer>,
}

impl LayerArgs {
    /// The policies with their layers.
    pub(in crate::cli) fn policies(&self) -> impl Iterator<Item = (Layer, &String)> {
        let session = self.session_policy.iter().map(|policy| (Layer::Session, policy));
        let single = [
            (Layer::Resource, &self.resource_policy),
            (Layer::Trust, &self.trust_policy),
            (Layer::Key, &self.key_policy),
            (Layer::Endpoint, &self.endpoint_policy),
        ];
        let single = single
            .into_iter()
            .filter_map(|(layer, policy)| Some((layer, policy.as_ref()?)));
        session
            .chain(super::load::levels(&self.scp, Layer::Scp))
            .chain(super::load::levels(&self.rcp, Layer::Rcp))
            .chain(single)
    }

    /// What is wrong with them together.
    pub(in crate::cli) fn contradiction(&self) -> Option<String> {
        let deepest = self.scp.len().max(self.rcp.len());
        let what = "the root, five levels of organizational units, the account";
        (deepest > MOST_LEVELS).then(|| format!("an organization has {MOST_LEVELS} levels at most: {what}"))
    }

    /// How many of them are to be read from standard input.
    pub(in crate::cli) fn standard_input(&self) -> usize {
        self.policies().filter(|(_, policy)| *policy == "-").count()
    }
}

/// The policies of one level of the organization.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Level(pub(in crate::cli) Vec<String>);

impl Args {
    /// What is wrong with the arguments together.
    pub(super) fn contradiction(&self) -> Option<String> {
        let named: Vec<&String> = self.context.iter().map(|(key, _)| key).collect();
        if let Some(key) = self.absent.iter().find(|key| named.contains(key)) {
            return Some(format!("{key} is given by --context, and absent by --absent"));
        }
        if let Some(why) = self.layers.contradiction() {
            return Some(why);
        }
        let own = self
            .policy
            .iter()
            .chain(&self.boundary)
            .filter(|file| *file == "-");
        let paths = [&self.requests, &self.grants].into_iter().flatten();
        let standard_input =
            own.count() + paths.filter(|path| path.as_os_str() == "-").count() + self.layers.standard_input();
        (standard_input > 1).then(|| "standard input (-) can be read once only".to_owned())
    }
}

/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>
pub(in crate::cli) const MOST_LEVELS: usize = 7;

fn action(text: &str) -> Result<String, String> {
    read_action(text).map_err(|why| {
        let near = services_with(text);
        if near.is_empty() {
            why
        } else {
            format!("{why}; did you mean {}?", near.join(", "))
        }
    })
}

/// Actions of this name, whatever the service.
fn services_with(name: &str) -> Vec<String> {
    let services = action_catalog::prefixes().filter_map(action_catalog::service);
    let found = services.filter_map(|service| {
        let mut actions = service.actions.iter();
        let action = actions.find(|action| action.name.eq_ignore_ascii_case(name))?;
        Some(format!("{}:{}", service.prefix, action.name))
    });
    found.take(3).collect()
}

fn principal(text: &str) -> Result<Principal, String> {
    // An identity provider asks for a session (AssumeRoleWithSAML, AssumeRoleWithWebIdentity).
    if crate::arn::Arn::parse(text).is_some_and(|arn| {
        arn.service == "iam"
            && (arn.resource.starts_with("saml-provider/") || arn.resource.starts_with("oidc-provider/"))
    }) {
        return Ok(Principal::federated(text));
    }
    read_principal(text)
}

fn account(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("an account id has twelve digits".to_owned())
    }
}

fn context(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("write KEY=VALUE, as in aws:SourceIp=203.0.113.7; a key without a value is --absent KEY")?;
    Ok((key(name)?, value.to_owned()))
}

/// In lower case: names of condition keys do not count it.
fn key(text: &str) -> Result<String, String> {
    let key = text.trim();
    if !key.contains(':') || key.contains(char::is_whitespace) || key.contains('=') {
        return Err("a condition key is such as aws:SourceIp or s3:prefix".to_owned());
    }
    Ok(key.to_ascii_lowercase())
}

pub(in crate::cli) fn level(text: &str) -> Result<Level, String> {
    let files: Vec<String> = text.split(',').map(|file| file.trim().to_owned()).collect();
    if files.iter().any(String::is_empty) {
        return Err("name files, with a comma between two".to_owned());
    }
    Ok(Level(files))
}

fn layer(text: &str) -> Result<Layer, String> {
    Layer::parse(text).ok_or_else(|| {
        "layers are identity, boundary, session, scp:0, rcp:0, resource, trust, key, endpoint".to_owned()
    })
}
