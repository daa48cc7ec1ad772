//! A live account on the command line: how to reach it, and what is read from it in place of files.

#[cfg(feature = "aws")]
use std::cell::OnceCell;
use std::path::{Path, PathBuf};

#[cfg(feature = "aws")]
use super::trails::regions_said;
use super::trails::{Opened, TrailArgs};
#[cfg(feature = "aws")]
use crate::denial::EncodedState;
use crate::denial::Reading;
#[cfg(feature = "aws")]
use crate::diagnostic::Severity;
use crate::diagnostic::{Code, Diagnostic};
use crate::evidence::LastAccessed;
use crate::explain::OfResource;
use crate::grants::Account;
#[cfg(feature = "aws")]
use crate::grants::{Organization, read_authorization_pages};
#[cfg(feature = "aws")]
use crate::source::Scope;
use crate::source::Window;
#[cfg(feature = "aws")]
use crate::source::aws::{
    AccountReports, AthenaTrail, Attribute, AuthorizationDetails, BucketTrail, Client, EventHistory, Failure,
    Settings, Wanted, history_selectors,
};

/// How to reach an account.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct AwsArgs {
    /// The profile of the AWS configuration files; otherwise as the AWS CLI chooses.
    #[arg(long, value_name = "NAME", help_heading = "AWS")]
    pub(super) profile: Option<String>,
    /// The regions, comma-separated; otherwise the one that the AWS CLI would take.
    #[arg(long, value_name = "REGION,…", help_heading = "AWS", value_delimiter = ',')]
    pub(super) region: Vec<String>,
    /// A role to assume first.
    #[arg(long, value_name = "ARN", help_heading = "AWS")]
    pub(super) role_arn: Option<String>,
    /// The external id to assume it with.
    #[arg(long, value_name = "ID", help_heading = "AWS", requires = "role_arn")]
    pub(super) external_id: Option<String>,
}

/// Whether grants are to be read from the account itself.
pub(super) fn is_live(path: &Path) -> bool {
    path.as_os_str() == "aws:"
}

/// The account behind the arguments, connected to when first asked.
#[cfg(feature = "aws")]
pub(super) struct Live<'a> {
    args: &'a AwsArgs,
    client: OnceCell<Client>,
    identity: OnceCell<(String, String)>,
}

#[cfg(feature = "aws")]
impl<'a> Live<'a> {
    pub(super) fn new(args: &'a AwsArgs) -> Self {
        Self {
            args,
            client: OnceCell::new(),
            identity: OnceCell::new(),
        }
    }

    /// The regions of files to read, where nothing else can be meant: no account was reached.
    pub(super) fn regions_of_files(&self) -> Vec<String> {
        match self.client.get() {
            Some(_) => Vec::new(),
            None => self.args.region.clone(),
        }
    }

    /// The connection.
    pub(super) fn client(&self) -> Result<&Client, Vec<Diagnostic>> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let settings = Settings {
            profile: self.args.profile.clone(),
            region: self.args.region.first().cloned(),
            role_arn: self.args.role_arn.clone(),
            external_id: self.args.external_id.clone(),
        };
        let client =
            Client::connect(&settings).map_err(|why| vec![Diagnostic::error(Code::AwsFailed, why)])?;
        Ok(self.client.get_or_init(|| client))
    }

    /// The regions to ask.
    fn regions(&self) -> Result<Vec<String>, Vec<Diagnostic>> {
        if !self.args.region.is_empty() {
            return Ok(self.args.region.clone());
        }
        let client = self.client()?;
        if client.region_chosen() {
            return Ok(vec![client.region().to_owned()]);
        }
        let said = Diagnostic::error(Code::AwsFailed, "no region is chosen");
        Err(vec![said.help(
            "name every region that is in use: --region us-east-1,eu-west-1",
        )])
    }

    /// The account's event history in a window.
    pub(super) fn history(&self, window: Window) -> Result<EventHistory<'_>, Vec<Diagnostic>> {
        let (account, _) = self.identity()?;
        let regions = self.regions()?;
        Ok(EventHistory::new(
            self.client()?,
            account,
            regions,
            None,
            window,
            None,
        ))
    }

    /// The account's id and the caller's ARN.
    pub(super) fn identity(&self) -> Result<&(String, String), Vec<Diagnostic>> {
        if let Some(identity) = self.identity.get() {
            return Ok(identity);
        }
        let identity = self.client()?.identity().map_err(failed)?;
        Ok(self.identity.get_or_init(|| identity))
    }

    /// Authorization details as they came.
    pub(super) fn details(&self, principal: Option<&str>) -> Result<AuthorizationDetails, Vec<Diagnostic>> {
        let details = self.client()?.authorization_details(principal);
        details.map_err(|failures| failures.into_iter().flat_map(failed).collect())
    }

    /// The account's principals, or the one principal and who shares its policies.
    pub(super) fn account(
        &self,
        principal: Option<&str>,
    ) -> Result<(Account, Vec<Diagnostic>), Vec<Diagnostic>> {
        let details = self.client()?.authorization_details(principal);
        let details =
            details.map_err(|failures| failures.into_iter().flat_map(failed).collect::<Vec<_>>())?;
        let (account, diagnostics) = read_authorization_pages(&details.pages, "aws:");
        let mut said = details.said;
        said.extend(diagnostics);
        match account {
            Some(account) => Ok((account, said)),
            None => Err(said),
        }
    }

    /// The policies of resources; what could not be read is unknown, and said.
    pub(super) fn of_resources(
        &self,
        resources: &[String],
    ) -> Result<(Vec<OfResource>, Vec<Diagnostic>), Vec<Diagnostic>> {
        let client = self.client()?;
        let mut found: Vec<OfResource> = Vec::new();
        let mut said = Vec::new();
        for resource in resources {
            match client.resource_policy(resource) {
                Ok(Some(policy)) if found.iter().any(|own| own.bearer == policy.bearer) => {}
                Ok(Some(policy)) => found.push(OfResource {
                    bearer: policy.bearer,
                    layer: policy.layer,
                    document: Some(policy.document),
                }),
                Ok(None) => {}
                Err(failure) => {
                    said.push(failure.diagnostic(Severity::Warning, "what its policy says is not known"))
                }
            }
        }
        Ok((found, said))
    }

    /// What IAM says a principal last used; empty, and said, where it may not be asked.
    pub(super) fn last_accessed(
        &self,
        arn: &str,
        said: &mut Vec<Diagnostic>,
    ) -> Result<LastAccessed, Vec<Diagnostic>> {
        match self.client()?.last_accessed(arn) {
            Ok(found) => Ok(found),
            Err(failure) if failure.is_denied() || failure.is_other() => {
                let known = "what was used before the trail begins is not known";
                said.push(failure.diagnostic(Severity::Warning, known));
                Ok(LastAccessed::default())
            }
            Err(failure) => Err(failed(failure)),
        }
    }

    /// Has EC2's encoded messages decoded.
    pub(super) fn decode(&self, reading: &mut Reading) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
        let mut said = Vec::new();
        for denial in &mut reading.denials {
            let whole = denial
                .encoded
                .as_ref()
                .filter(|own| own.state == EncodedState::Whole);
            let Some(blob) = whole.map(|own| own.blob.clone()) else {
                continue;
            };
            match self.client()?.decode(&blob) {
                Ok(Some(message)) => {
                    denial.decoded(&message);
                }
                Ok(None) => {}
                Err(failure) => {
                    said.push(failure.diagnostic(Severity::Warning, "the encoded message is not read"));
                }
            }
        }
        Ok(said)
    }

    /// The account's reports and settings, for findings of hygiene.
    pub(super) fn reports(&self) -> Result<AccountReports, Vec<Diagnostic>> {
        self.client()?.account_reports().map_err(failed)
    }

    /// The policies that the organization lays over the account.
    pub(super) fn organization(&self) -> Result<Organization, Vec<Diagnostic>> {
        let (account, _) = self.identity()?;
        self.client()?.organization(account).map_err(failed)
    }
}

#[cfg(feature = "aws")]
pub(super) fn failed(failure: Failure) -> Vec<Diagnostic> {
    vec![failure.diagnostic(Severity::Error, "")]
}

/// Opens the trails that lie in the account.
#[cfg(feature = "aws")]
pub(super) fn open_trails<'c>(
    paths: &[PathBuf],
    window: &Window,
    args: &TrailArgs,
    principal: Option<&str>,
    live: &'c Live<'_>,
) -> Result<Opened<'c>, Vec<Diagnostic>> {
    let client = live.client()?;
    let mut opened = Opened {
        stores: Vec::new(),
        selectors_text: None,
        said: Vec::new(),
        before: Vec::new(),
    };
    for path in paths {
        let address = path.to_string_lossy();
        if address == "cloudtrail:" {
            let regions = live.regions()?;
            opened.said.extend(regions_said(&regions));
            opened.selectors_text = Some(history_selectors());
            let (account, _) = live.identity()?;
            opened.stores.push(Box::new(EventHistory::new(
                client,
                account,
                regions,
                principal.and_then(narrowing),
                *window,
                args.keep.clone(),
            )));
            continue;
        }
        let named = principal
            .and_then(crate::arn::Arn::parse)
            .map(|arn| arn.account.to_owned());
        let account = match named {
            Some(account) if !account.is_empty() => Some(account),
            _ if principal.is_some() => Some(live.identity()?.0.clone()),
            _ => None,
        };
        let scope = Scope {
            window: *window,
            regions: live.args.region.clone(),
            account,
        };
        let wanted = Wanted {
            scope,
            keep: args.keep.clone(),
        };
        if address.starts_with("athena:") {
            let most = args.max_scan;
            let trail =
                AthenaTrail::new(client, &address, wanted, principal, most).map_err(|said| vec![*said])?;
            opened.before.push(trail.estimate().map_err(|said| vec![*said])?);
            opened.stores.push(Box::new(trail));
            continue;
        }
        let trail = BucketTrail::new(client, &address, wanted)
            .map_err(|why| vec![Diagnostic::error(Code::UnreadableFile, why)])?;
        let (selectors, said) = client.selectors_of(trail.bucket()).map_err(failed)?;
        opened.said.extend(said);
        opened.selectors_text = selectors;
        opened.stores.push(Box::new(trail));
    }
    Ok(opened)
}

/// A user's events bear the user's name; those of a role bear its sessions' names, which differ.
#[cfg(feature = "aws")]
fn narrowing(principal: &str) -> Option<Attribute> {
    let resource = crate::arn::Arn::parse(principal).map_or(principal, |arn| arn.resource);
    let name = resource.strip_prefix("user/")?.rsplit('/').next()?;
    Some(Attribute {
        key: "Username".to_owned(),
        value: name.to_owned(),
    })
}

#[cfg(not(feature = "aws"))]
mod absent {
    //! A build without the feature `aws`: every question to an account is answered by saying so.

    use super::*;
    use crate::grants::Organization;

    pub(in crate::cli) struct Live<'a>(std::marker::PhantomData<&'a AwsArgs>);

    fn missing() -> Vec<Diagnostic> {
        let said = Diagnostic::error(Code::Unsupported, "this build of leastgrant cannot ask AWS");
        vec![said.help("give files, or build it with the feature `aws`")]
    }

    impl<'a> Live<'a> {
        pub(in crate::cli) fn new(_: &'a AwsArgs) -> Self {
            Self(std::marker::PhantomData)
        }

        pub(in crate::cli) fn regions_of_files(&self) -> Vec<String> {
            Vec::new()
        }

        pub(in crate::cli) fn account(
            &self,
            _: Option<&str>,
        ) -> Result<(Account, Vec<Diagnostic>), Vec<Diagnostic>> {
            Err(missing())
        }

        pub(in crate::cli) fn of_resources(
            &self,
            _: &[String],
        ) -> Result<(Vec<OfResource>, Vec<Diagnostic>), Vec<Diagnostic>> {
            Err(missing())
        }

        pub(in crate::cli) fn last_accessed(
            &self,
            _: &str,
            _: &mut Vec<Diagnostic>,
        ) -> Result<LastAccessed, Vec<Diagnostic>> {
            Err(missing())
        }

        pub(in crate::cli) fn decode(&self, _: &mut Reading) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
            Err(missing())
        }

        pub(in crate::cli) fn organization(&self) -> Result<Organization, Vec<Diagnostic>> {
            Err(missing())
        }
    }

    pub(in crate::cli) fn open_trails<'c>(
        _: &[PathBuf],
        _: &Window,
        _: &TrailArgs,
        _: Option<&str>,
        _: &'c Live<'_>,
    ) -> Result<Opened<'c>, Vec<Diagnostic>> {
        Err(missing())
    }
}
#[cfg(not(feature = "aws"))]
pub(super) use absent::{Live, open_trails};
