//! The policies of `simulate`, read.

use std::path::Path;

use super::arguments::{Args, LayerArgs, Level};
use crate::cli::live::Live;
use crate::cli::policies::{load_account, load_policy, not_given, read_organization};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::evaluate::{Layer, Setting};
use crate::grants::{Organization, Origin};
use crate::policy::{Document, Effect};
use crate::simulate::Given;

/// What the policies are.
#[derive(Debug, Default)]
pub(in crate::cli) struct Loaded {
    pub(in crate::cli) policies: Vec<Given>,
    pub(in crate::cli) setting: Setting,
    /// Whose grants are given: its ARN.
    pub(super) holder: Option<String>,
    pub(in crate::cli) said: Vec<Diagnostic>,
}

/// Reads all policies. A policy that cannot be read leaves its layer in force, and unknown.
///
/// `Err`: there is nothing to ask.
pub(super) fn load(args: &Args, live: &Live<'_>) -> Result<Loaded, Vec<Diagnostic>> {
    let mut loaded = Loaded::default();
    loaded.around(&args.layers);
    if let (Some(path), Some(holder)) = (&args.grants, &args.holder) {
        loaded.grants(path, holder, live)?;
        if args.layers.scp.is_empty()
            && args.layers.rcp.is_empty()
            && let Some(organization) = read_organization(path, live)?
        {
            loaded.organization(organization);
        }
    }
    let own = args.policy.iter().map(|policy| (Layer::Identity, policy));
    let boundary = args.boundary.iter().map(|policy| (Layer::Boundary, policy));
    for (layer, policy) in own.chain(boundary).chain(args.layers.policies()) {
        loaded.policy(layer, policy);
    }
    if loaded.policies.is_empty() && loaded.holder.is_none() {
        return Err(loaded.said);
    }
    loaded.full_access(&args.layers.scp, &args.layers.rcp);
    Ok(loaded)
}

pub(in crate::cli) fn levels(
    levels: &[Level],
    layer: impl Fn(u8) -> Layer,
) -> impl Iterator<Item = (Layer, &String)> {
    let numbered = (0_u8..).zip(levels);
    numbered.flat_map(move |(number, level)| {
        let layer = layer(number);
        level.0.iter().map(move |policy| (layer, policy))
    })
}

impl Loaded {
    /// What is said of the layers beside their policies.
    pub(in crate::cli) fn around(&mut self, layers: &LayerArgs) {
        self.setting
            .management_account
            .clone_from(&layers.management_account);
        self.setting.unknown.clone_from(&layers.unknown_layer);
    }

    fn grants(&mut self, path: &Path, holder: &str, live: &Live<'_>) -> Result<(), Vec<Diagnostic>> {
        let (_, grants, said) = load_account(path, holder, live)?;
        self.said.extend(said);
        self.said
            .extend(not_given(&grants, "what it says is not known here"));
        let unknown = grants.not_given.iter().map(|origin| match origin {
            Origin::Boundary { .. } => Layer::Boundary,
            _ => Layer::Identity,
        });
        self.setting.unknown.extend(unknown);
        self.holder = grants.principal;
        self.policies.extend(grants.held.into_iter().map(|held| Given {
            name: held.origin.to_string(),
            is_file: false,
            layer: held.layer,
            document: held.document,
        }));
        Ok(())
    }

    /// The policies that the organization lays over the account.
    pub(in crate::cli) fn organization(&mut self, found: Organization) {
        if self.setting.management_account.is_none() {
            self.setting.management_account = found.management_account;
        }
        self.setting.unknown.extend(found.unknown);
        self.said.extend(found.said);
        for (layer, name, document) in found.policies {
            self.add(&name, false, layer, document);
        }
    }

    pub(in crate::cli) fn policy(&mut self, layer: Layer, policy: &str) {
        if let Some(document) = own(layer, policy) {
            return self.add(policy, false, layer, document);
        }
        match load_policy(policy, layer, &mut self.said) {
            Some((Origin::AwsManaged { arn, .. } | Origin::Boundary { arn }, document))
                if arn.starts_with("arn:") =>
            {
                self.add(&managed(&arn), false, layer, document);
            }
            Some((_, document)) => self.add(policy, true, layer, document),
            None => self.setting.unknown.push(layer),
        }
    }

    fn add(&mut self, name: &str, is_file: bool, layer: Layer, document: Document) {
        self.policies.push(Given {
            name: name.to_owned(),
            is_file,
            layer,
            document,
        });
    }

    /// `RCPFullAWSAccess` stands on every level and cannot be detached
    /// (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_evaluation.html>).
    /// `FullAWSAccess` can: where nothing allows, that is said.
    pub(in crate::cli) fn full_access(&mut self, scp: &[Level], rcp: &[Level]) {
        let levels = (0_u8..).zip(rcp).map(|(level, _)| Layer::Rcp(level));
        for layer in levels.chain((0_u8..).zip(scp).map(|(level, _)| Layer::Scp(level))) {
            if self.setting.unknown.contains(&layer) || self.allows(layer) {
                continue;
            }
            if let (Layer::Rcp(_), Some(document)) = (layer, own(layer, RCP_FULL_ACCESS)) {
                self.add(RCP_FULL_ACCESS, false, layer, document);
            } else if let Layer::Scp(level) = layer {
                let message = format!(
                    "the service control policies of level {} allow nothing",
                    level + 1
                );
                let help = "where FullAWSAccess is attached as well, name it: --scp FullAWSAccess,FILE";
                self.said
                    .push(Diagnostic::warning(Code::PolicyNotGiven, message).help(help));
            }
        }
    }

    fn allows(&self, layer: Layer) -> bool {
        let policies = self.policies.iter().filter(|given| given.layer == layer);
        let mut statements = policies.flat_map(|given| &given.document.statements);
        statements.any(|statement| statement.effect == Effect::Allow)
    }
}

/// How an AWS managed policy is called.
pub(in crate::cli) fn managed(arn: &str) -> String {
    format!("AWS managed policy {}", arn.rsplit('/').next().unwrap_or(arn))
}

const FULL_ACCESS: &str = "FullAWSAccess";
const RCP_FULL_ACCESS: &str = "RCPFullAWSAccess";

/// The policies that AWS Organizations has of its own, by name, id (`p-FullAWSAccess`) or ARN
/// (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html>).
fn own(layer: Layer, policy: &str) -> Option<Document> {
    let name = match policy.strip_prefix("arn:") {
        Some(arn) => arn.rsplit('/').next().unwrap_or(arn),
        None if Path::new(policy).exists() => return None,
        None => policy,
    };
    let name = name.strip_prefix("p-").unwrap_or(name);
    let text = match layer {
        Layer::Scp(_) if name == FULL_ACCESS => {
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#
        }
        Layer::Rcp(_) if name == RCP_FULL_ACCESS => {
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#
        }
        _ => return None,
    };
    crate::policy::parse(text, policy).0
}

/// Whether something could not be read.
pub(in crate::cli) fn incomplete(said: &[Diagnostic]) -> bool {
    said.iter()
        .any(|diagnostic| diagnostic.severity == Severity::Error)
}
