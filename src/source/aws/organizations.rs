//! The service and resource control policies above an account, from the root of its organization down.

use serde_json::{Value, json};

use super::client::{Call, Client};
use super::document::{list, text};
use super::failure::{Failure, Kind};
use super::operation::{self, Operation};
use crate::diagnostic::Severity;
use crate::evaluate::Layer;
use crate::grants::Organization;
use crate::policy::Document;

/// Service control policies and resource control policies, as Organizations filters them.
type Filter = (&'static str, fn(u8) -> Layer);
const KINDS: [Filter; 2] = [
    ("SERVICE_CONTROL_POLICY", Layer::Scp),
    ("RESOURCE_CONTROL_POLICY", Layer::Rcp),
];

impl Client {
    /// Which account the credentials belong to, and as whom: account id and ARN.
    ///
    /// # Errors
    /// [`Failure`]: no credentials, or none that AWS accepts.
    pub fn identity(&self) -> Result<(String, String), Failure> {
        let answer = self.call(&Call::new(&operation::GET_CALLER_IDENTITY, json!({})))?;
        match (text(&answer, &["Account"]), text(&answer, &["Arn"])) {
            (Some(account), Some(arn)) => Ok((account.to_owned(), arn.to_owned())),
            _ => Err(Failure::new(
                &operation::GET_CALLER_IDENTITY,
                Kind::Garbled,
                "",
                "it names no account",
            )),
        }
    }

    /// The policies above `account`. What may not be read is in `unknown`, and said: an account of an
    /// organization can seldom read them itself.
    ///
    /// # Errors
    /// [`Failure`], where nothing more can be asked at all: no credentials, or no answer.
    pub fn organization(&self, account: &str) -> Result<Organization, Failure> {
        let mut found = Organization::default();
        let answer = match self.call(&Call::new(&operation::DESCRIBE_ORGANIZATION, json!({}))) {
            Ok(answer) => answer,
            // AWSOrganizationsNotInUseException
            Err(failure) if failure.is_not_found() => return Ok(found),
            Err(failure) => {
                return without(
                    found,
                    failure,
                    "whether service and resource control policies limit the account is not known",
                    &KINDS.map(|(_, layer)| layer(0)),
                );
            }
        };
        let management = ["MasterAccountId", "ManagementAccountId"]
            .iter()
            .find_map(|name| text(&answer, &["Organization", name]));
        found.management_account = management.map(str::to_owned);
        if management == Some(account) {
            // <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>
            return Ok(found);
        }
        let path = match self.path(account) {
            Ok(path) => path,
            Err(failure) => {
                let known = "which service and resource control policies limit the account is not known";
                return without(found, failure, known, &KINDS.map(|(_, layer)| layer(0)));
            }
        };
        for (level, target) in (0_u8..).zip(&path) {
            for (filter, layer) in KINDS {
                match self.policies_of(target, filter) {
                    Ok(policies) => {
                        let policies = policies.into_iter();
                        found
                            .policies
                            .extend(policies.map(|(name, document)| (layer(level), name, document)));
                    }
                    // A kind of policy that the organization has not switched on limits nothing.
                    Err(failure) if failure.code.starts_with("PolicyTypeNot") => {}
                    Err(failure) => {
                        found = without(
                            found,
                            failure,
                            "what it limits there is not known",
                            &[layer(level)],
                        )?;
                    }
                }
            }
        }
        Ok(found)
    }

    /// The root, the organizational units and the account, from above.
    fn path(&self, account: &str) -> Result<Vec<String>, Failure> {
        let mut path = vec![account.to_owned()];
        // Five levels of units at most; a loop here would never end otherwise.
        for _ in 0..8 {
            let child = path.last().cloned().unwrap_or_default();
            let call = Call::new(&operation::LIST_PARENTS, json!({ "ChildId": child })).on(&child);
            let answer = self.call(&call)?;
            let parents = list(&answer, &["Parents"]);
            let Some(id) = parents.first().and_then(|parent| text(parent, &["Id"])) else {
                break;
            };
            path.push(id.to_owned());
            if parents.first().and_then(|parent| text(parent, &["Type"])) == Some("ROOT") {
                break;
            }
        }
        path.reverse();
        Ok(path)
    }

    fn policies_of(&self, target: &str, filter: &str) -> Result<Vec<(String, Document)>, Failure> {
        let parameters = json!({ "TargetId": target, "Filter": filter });
        let mut found = Vec::new();
        for page in self.by_token(&operation::LIST_POLICIES_FOR_TARGET, parameters, target)? {
            for policy in list(&page, &["Policies"]) {
                let Some(id) = text(policy, &["Id"]) else { continue };
                let name = text(policy, &["Name"]).unwrap_or(id);
                let call = Call::new(&operation::DESCRIBE_POLICY, json!({ "PolicyId": id })).on(name);
                let answer = self.call(&call)?;
                let content = text(&answer, &["Policy", "Content"]).unwrap_or_default();
                if let (Some(document), _) = crate::policy::parse(content, name) {
                    found.push((name.to_owned(), document));
                }
            }
        }
        found.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(found)
    }

    /// All pages of a call whose pages follow by `NextToken`.
    pub(super) fn by_token(
        &self,
        operation: &'static Operation,
        parameters: Value,
        on: &str,
    ) -> Result<Vec<Value>, Failure> {
        let mut call = Call::new(operation, parameters).on(on);
        let mut pages = Vec::new();
        loop {
            let page = self.call(&call)?;
            let next = text(&page, &["NextToken"]).map(str::to_owned);
            pages.push(page);
            match next {
                Some(token) => super::iam::set(&mut call.parameters, "NextToken", json!(token)),
                None => return Ok(pages),
            }
        }
    }
}

/// Goes on without what a failure kept from being read, unless nothing else can be asked either.
fn without(
    mut found: Organization,
    failure: Failure,
    consequence: &str,
    layers: &[Layer],
) -> Result<Organization, Failure> {
    if failure.is_hopeless() {
        return Err(failure);
    }
    found
        .said
        .push(failure.diagnostic(Severity::Warning, consequence));
    found.unknown.extend(layers);
    Ok(found)
}
