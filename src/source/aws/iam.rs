//! What principals hold, from IAM: all of the account at once, or one principal by the narrow calls where
//! the wide one is refused.

use std::collections::BTreeSet;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::client::{Call, Client};
use super::document::{list, text};
use super::failure::Failure;
use super::operation::{self, Operation};
use crate::diagnostic::{Code, Diagnostic, Severity};

/// Pages of authorization details, as `aws iam get-account-authorization-details` prints them.
#[derive(Debug, Clone, Default)]
pub struct AuthorizationDetails {
    /// The pages.
    pub pages: Vec<Value>,
    /// Whether they are of the whole account; otherwise of one principal, and those who share its policies.
    pub whole: bool,
    /// What is to be said.
    pub said: Vec<Diagnostic>,
}

/// The most that IAM gives at once
/// (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html>).
const PAGE: u32 = 1000;
/// Of so many others who share a policy the grants are read.
const MOST_SHARERS: usize = 50;

impl Client {
    /// What everybody holds; or, where that is refused, what `principal` holds.
    ///
    /// # Errors
    /// [`Failure`] of the wide call, and where a principal is named of the narrow ones as well.
    pub fn authorization_details(
        &self,
        principal: Option<&str>,
    ) -> Result<AuthorizationDetails, Vec<Failure>> {
        match (self.whole_account(), principal) {
            (Ok(mut pages), _) => {
                let said = self.missing_texts(&mut pages).map_err(|failure| vec![failure])?;
                Ok(AuthorizationDetails {
                    pages,
                    whole: true,
                    said,
                })
            }
            (Err(failure), Some(principal)) if !failure.is_hopeless() => {
                let said = failure.diagnostic(
                    Severity::Warning,
                    "the principal is read alone, by the narrow calls",
                );
                let narrow = Narrow::new(self).read(principal);
                let mut found = narrow.map_err(|other| vec![failure, other])?;
                found.said.insert(0, said);
                Ok(found)
            }
            (Err(failure), _) => Err(vec![failure]),
        }
    }

    /// Reads the texts of attached AWS managed policies that the details name and do not hold.
    fn missing_texts(&self, pages: &mut Vec<Value>) -> Result<Vec<Diagnostic>, Failure> {
        let known: BTreeSet<&str> = pages
            .iter()
            .flat_map(|page| list(page, &["Policies"]))
            .filter_map(|policy| text(policy, &["Arn"]))
            .collect();
        let lists = ["UserDetailList", "RoleDetailList", "GroupDetailList"];
        let holders = pages
            .iter()
            .flat_map(|page| lists.iter().flat_map(|name| list(page, &[name])));
        let missing: BTreeSet<String> = holders
            .flat_map(|holder| {
                let boundary = text(holder, &["PermissionsBoundary", "PermissionsBoundaryArn"]);
                let attached = list(holder, &["AttachedManagedPolicies"]);
                let attached = attached
                    .into_iter()
                    .filter_map(|policy| text(policy, &["PolicyArn"]));
                boundary.into_iter().chain(attached).collect::<Vec<_>>()
            })
            .filter(|arn| !known.contains(arn))
            .map(str::to_owned)
            .collect();
        let mut narrow = Narrow::new(self);
        let mut said = Vec::new();
        for arn in &missing {
            match narrow.managed(arn) {
                Ok(()) => {}
                Err(failure) if failure.is_hopeless() => return Err(failure),
                Err(failure) => {
                    let known = "its text is taken from the catalog, where that has it";
                    said.push(failure.diagnostic(Severity::Warning, known));
                }
            }
        }
        if !narrow.policies.is_empty() {
            pages.push(json!({ "Policies": narrow.policies }));
        }
        Ok(said)
    }

    fn whole_account(&self) -> Result<Vec<Value>, Failure> {
        self.pages(
            &operation::GET_ACCOUNT_AUTHORIZATION_DETAILS,
            json!({ "MaxItems": PAGE }),
        )
    }

    /// All pages of an IAM call.
    pub(super) fn pages(
        &self,
        operation: &'static Operation,
        parameters: Value,
    ) -> Result<Vec<Value>, Failure> {
        let mut pages = Vec::new();
        let mut call = Call::new(operation, parameters);
        call.on = subject(&call.parameters);
        loop {
            let mut page = self.call(&call)?;
            tidy(&mut page);
            let next = match page.get("IsTruncated").and_then(Value::as_bool) {
                Some(true) => text(&page, &["Marker"]).map(str::to_owned),
                _ => None,
            };
            pages.push(page);
            match next {
                Some(marker) => set(&mut call.parameters, "Marker", json!(marker)),
                None => return Ok(pages),
            }
        }
    }

    pub(super) fn iam(&self, operation: &'static Operation, parameters: Value) -> Result<Value, Failure> {
        let mut pages = self.pages(operation, parameters)?;
        Ok(pages.pop().unwrap_or_default())
    }
}

/// The principal, group or policy that parameters of IAM are about, for messages.
pub(super) fn subject(parameters: &Value) -> Option<String> {
    let names = ["RoleName", "UserName", "GroupName", "PolicyArn"];
    names
        .iter()
        .find_map(|name| text(parameters, &[name]).map(str::to_owned))
}

/// Sets a field of an object.
pub(super) fn set(object: &mut Value, name: &str, value: Value) {
    if let Value::Object(fields) = object {
        fields.insert(name.to_owned(), value);
    }
}

/// Texts that stand for booleans become such, and documents are decoded: the form of the AWS CLI.
pub(super) fn tidy(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                match value.as_str() {
                    Some("true") if name.starts_with("Is") => *value = json!(true),
                    Some("false") if name.starts_with("Is") => *value = json!(false),
                    Some(document) if name.ends_with("Document") => {
                        let decoded = percent_decode_str(document).decode_utf8_lossy().into_owned();
                        *value = serde_json::from_str(&decoded).unwrap_or(Value::String(decoded));
                    }
                    _ => tidy(value),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(tidy),
        _ => {}
    }
}

/// How a kind of principal is asked about.
struct Kind {
    /// `role` or `user`, as a name may begin.
    word: &'static str,
    get: &'static Operation,
    list: &'static Operation,
    policy: &'static Operation,
    attached: &'static Operation,
    name: &'static str,
    /// Its field in the answer of `get`, and its list in authorization details.
    entry: &'static str,
    details: &'static str,
    inline: &'static str,
}

static ROLE: Kind = Kind {
    word: "role",
    get: &operation::GET_ROLE,
    list: &operation::LIST_ROLE_POLICIES,
    policy: &operation::GET_ROLE_POLICY,
    attached: &operation::LIST_ATTACHED_ROLE_POLICIES,
    name: "RoleName",
    entry: "Role",
    details: "RoleDetailList",
    inline: "RolePolicyList",
};

static USER: Kind = Kind {
    word: "user",
    get: &operation::GET_USER,
    list: &operation::LIST_USER_POLICIES,
    policy: &operation::GET_USER_POLICY,
    attached: &operation::LIST_ATTACHED_USER_POLICIES,
    name: "UserName",
    entry: "User",
    details: "UserDetailList",
    inline: "UserPolicyList",
};

/// Reads principals one by one into a page of authorization details.
struct Narrow<'c> {
    client: &'c Client,
    roles: Vec<Value>,
    users: Vec<Value>,
    groups: Vec<Value>,
    policies: Vec<Value>,
    said: Vec<Diagnostic>,
}

impl<'c> Narrow<'c> {
    fn new(client: &'c Client) -> Self {
        Self {
            client,
            roles: Vec::new(),
            users: Vec::new(),
            groups: Vec::new(),
            policies: Vec::new(),
            said: Vec::new(),
        }
    }

    fn read(mut self, principal: &str) -> Result<AuthorizationDetails, Failure> {
        let resource = crate::arn::Arn::parse(principal).map_or(principal, |arn| arn.resource);
        // `assumed-role/NAME/SESSION` is a session of role/NAME.
        let role = resource
            .strip_prefix("assumed-role/")
            .and_then(|session| session.split('/').next())
            .map(|name| format!("role/{name}"));
        let resource = role.as_deref().unwrap_or(resource);
        let name = resource.rsplit('/').next().unwrap_or(resource);
        let kind = [&ROLE, &USER]
            .into_iter()
            .find(|kind| resource.starts_with(&format!("{}/", kind.word)));
        match kind {
            Some(kind) => self.principal(kind, name)?,
            None => match self.principal(&ROLE, name) {
                Err(failure) if failure.is_not_found() => self.principal(&USER, name)?,
                other => other?,
            },
        }
        self.sharers();
        let mut page = Map::new();
        page.insert("RoleDetailList".to_owned(), Value::Array(self.roles));
        page.insert("UserDetailList".to_owned(), Value::Array(self.users));
        page.insert("GroupDetailList".to_owned(), Value::Array(self.groups));
        page.insert("Policies".to_owned(), Value::Array(self.policies));
        Ok(AuthorizationDetails {
            pages: vec![Value::Object(page)],
            whole: false,
            said: self.said,
        })
    }

    fn principal(&mut self, kind: &Kind, name: &str) -> Result<(), Failure> {
        let of = json!({ kind.name: name });
        let found = self.client.iam(kind.get, of.clone())?;
        let mut entry = found.get(kind.entry).cloned().unwrap_or_default();
        let inline = self.inline(kind.list, kind.policy, &of)?;
        set(&mut entry, kind.inline, Value::Array(inline));
        let attached = self.attached(kind.attached, &of)?;
        set(&mut entry, "AttachedManagedPolicies", Value::Array(attached));
        if let Some(arn) = text(&entry, &["PermissionsBoundary", "PermissionsBoundaryArn"]) {
            let arn = arn.to_owned();
            self.managed(&arn)?;
        }
        if kind.word == "user" {
            let mut names = Vec::new();
            for page in self.client.pages(&operation::LIST_GROUPS_FOR_USER, of)? {
                for group in list(&page, &["Groups"]) {
                    if let Some(name) = text(group, &["GroupName"]) {
                        names.push(name.to_owned());
                    }
                }
            }
            for name in &names {
                self.group(name)?;
            }
            set(&mut entry, "GroupList", json!(names));
        }
        match kind.details {
            "RoleDetailList" => self.roles.push(entry),
            _ => self.users.push(entry),
        }
        Ok(())
    }

    fn group(&mut self, name: &str) -> Result<(), Failure> {
        let known = |group: &Value| text(group, &["GroupName"]) == Some(name);
        if self.groups.iter().any(known) {
            return Ok(());
        }
        let of = json!({ "GroupName": name });
        let inline = self.inline(&operation::LIST_GROUP_POLICIES, &operation::GET_GROUP_POLICY, &of)?;
        let attached = self.attached(&operation::LIST_ATTACHED_GROUP_POLICIES, &of)?;
        self.groups.push(json!({
            "GroupName": name,
            "GroupPolicyList": inline,
            "AttachedManagedPolicies": attached,
        }));
        Ok(())
    }

    fn inline(
        &self,
        names: &'static Operation,
        policy: &'static Operation,
        of: &Value,
    ) -> Result<Vec<Value>, Failure> {
        let mut policies = Vec::new();
        for page in self.client.pages(names, of.clone())? {
            for name in list(&page, &["PolicyNames"]) {
                let mut of = of.clone();
                set(&mut of, "PolicyName", name.clone());
                let found = self.client.iam(policy, of)?;
                let document = found.get("PolicyDocument").cloned().unwrap_or_default();
                policies.push(json!({ "PolicyName": name, "PolicyDocument": document }));
            }
        }
        Ok(policies)
    }

    fn attached(&mut self, names: &'static Operation, of: &Value) -> Result<Vec<Value>, Failure> {
        let mut attached = Vec::new();
        for page in self.client.pages(names, of.clone())? {
            for policy in list(&page, &["AttachedPolicies"]) {
                if let Some(arn) = text(policy, &["PolicyArn"]) {
                    self.managed(arn)?;
                }
                attached.push(policy.clone());
            }
        }
        Ok(attached)
    }

    fn managed(&mut self, arn: &str) -> Result<(), Failure> {
        let known = |policy: &Value| text(policy, &["Arn"]) == Some(arn);
        if self.policies.iter().any(known) {
            return Ok(());
        }
        let found = self
            .client
            .iam(&operation::GET_POLICY, json!({ "PolicyArn": arn }))?;
        let mut policy = found.get("Policy").cloned().unwrap_or_default();
        let Some(version) = text(&policy, &["DefaultVersionId"]).map(str::to_owned) else {
            return Ok(());
        };
        let found = self.client.iam(
            &operation::GET_POLICY_VERSION,
            json!({ "PolicyArn": arn, "VersionId": version }),
        )?;
        let version = found.get("PolicyVersion").cloned().unwrap_or_default();
        set(&mut policy, "PolicyVersionList", json!([version]));
        self.policies.push(policy);
        Ok(())
    }

    /// Everybody else who holds one of the customer managed policies: what they use must stay as well.
    fn sharers(&mut self) {
        let own: Vec<(String, u64)> = self
            .policies
            .iter()
            .filter_map(|policy| {
                let arn = text(policy, &["Arn"])?;
                let others = text(policy, &["AttachmentCount"]).and_then(|count| count.parse().ok());
                (!crate::grants::is_aws_managed(arn)).then(|| (arn.to_owned(), others.unwrap_or(0)))
            })
            .collect();
        for (arn, count) in own {
            if count < 2 {
                continue;
            }
            if let Err(failure) = self.holders_of(&arn) {
                let known =
                    "who else holds it is not known: a change of its text may take from others what they use";
                self.said.push(failure.diagnostic(Severity::Warning, known));
            }
        }
        for name in self
            .groups
            .clone()
            .iter()
            .filter_map(|group| text(group, &["GroupName"]))
        {
            self.said.push(
                Diagnostic::warning(
                    Code::SharedPolicy,
                    format!("who else is in group {name} is not known: only the whole account's grants tell"),
                )
                .help("a change of the group's policies may take from others what they use"),
            );
        }
    }

    fn holders_of(&mut self, arn: &str) -> Result<(), Failure> {
        let pages = self
            .client
            .pages(&operation::LIST_ENTITIES_FOR_POLICY, json!({ "PolicyArn": arn }))?;
        for page in pages {
            for (kind, field) in [(&ROLE, "PolicyRoles"), (&USER, "PolicyUsers")] {
                for holder in list(&page, &[field]) {
                    let Some(name) = text(holder, &[kind.name]) else {
                        continue;
                    };
                    let read = if kind.word == "role" {
                        &self.roles
                    } else {
                        &self.users
                    };
                    if read.iter().any(|entry| text(entry, &[kind.name]) == Some(name)) {
                        continue;
                    }
                    if self.roles.len() + self.users.len() > MOST_SHARERS {
                        self.said.push(Diagnostic::warning(
                            Code::SharedPolicy,
                            format!("more than {MOST_SHARERS} principals share its policies; the others were not read"),
                        ));
                        return Ok(());
                    }
                    self.principal(kind, name)?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_as_the_cli_prints_them() {
        let mut page = json!({
            "IsTruncated": "false",
            "UserDetailList": [{"UserName": "true", "PolicyDocument": "%7B%22Statement%22%3A%5B%5D%7D"}],
            "Policies": [{"PolicyVersionList": [{"IsDefaultVersion": "true", "Document": "%7B%7D"}]}],
        });
        tidy(&mut page);
        assert_eq!(
            page,
            json!({
                "IsTruncated": false,
                "UserDetailList": [{"UserName": "true", "PolicyDocument": {"Statement": []}}],
                "Policies": [{"PolicyVersionList": [{"IsDefaultVersion": true, "Document": {}}]}],
            })
        );
    }
}
