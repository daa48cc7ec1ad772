//! Reads `aws iam get-account-authorization-details`, as the CLI prints it or as the API returns
//! it (policy documents URL-encoded, pages one after the other).

use serde_json::Value;

use super::account::{Account, Group, Holder, HolderKind, Managed, is_aws_managed};
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::policy::Document;

/// Reads an account's grants from `text`; `file` is named in the diagnostics.
///
/// What cannot be read (a policy that is no policy, an entry without a name) is reported and left
/// out; the rest is kept. `None` where the text is no authorization details at all.
pub fn read_authorization_details(text: &str, file: &str) -> (Option<Account>, Vec<Diagnostic>) {
    let mut reader = Reader {
        file,
        account: Account::default(),
        diagnostics: Vec::new(),
        lists: 0,
    };
    for page in serde_json::Deserializer::from_str(text.trim_start_matches('\u{feff}')).into_iter::<Value>() {
        match page {
            Ok(Value::Array(pages)) => pages.iter().for_each(|page| reader.page(page)),
            Ok(page) => reader.page(&page),
            Err(error) => {
                let mut place = Place::file(file);
                place.line = Some(error.line() as u64);
                place.column = Some(error.column() as u64);
                reader.diagnostics.push(
                    Diagnostic::error(Code::GrantsShape, format!("not valid JSON: {error}"))
                        .at(place)
                        .help("give the output of `aws iam get-account-authorization-details`, or one policy with --policy"),
                );
                break;
            }
        }
    }
    reader.finish()
}

/// Reads an account's grants from pages of authorization details; `name` is named in the diagnostics.
///
/// As [`read_authorization_details`] otherwise.
pub fn read_authorization_pages(pages: &[Value], name: &str) -> (Option<Account>, Vec<Diagnostic>) {
    let mut reader = Reader {
        file: name,
        account: Account::default(),
        diagnostics: Vec::new(),
        lists: 0,
    };
    pages.iter().for_each(|page| reader.page(page));
    reader.finish()
}

struct Reader<'a> {
    file: &'a str,
    account: Account,
    diagnostics: Vec<Diagnostic>,
    lists: usize,
}

impl Reader<'_> {
    fn page(&mut self, page: &Value) {
        for entry in self.list(page, &["Policies", "AccountPolicies"]) {
            self.managed(entry);
        }
        for entry in self.list(page, &["GroupDetailList", "AccountGroups"]) {
            self.group(entry);
        }
        for entry in self.list(page, &["RoleDetailList", "AccountRoles"]) {
            self.holder(entry, HolderKind::Role);
        }
        for entry in self.list(page, &["UserDetailList", "AccountUsers"]) {
            self.holder(entry, HolderKind::User);
        }
    }

    fn list<'v>(&mut self, page: &'v Value, names: &[&str]) -> &'v [Value] {
        match names.iter().find_map(|name| page.get(name)) {
            Some(found) => {
                self.lists += 1;
                elements(Some(found))
            }
            None => &[],
        }
    }

    fn managed(&mut self, entry: &Value) {
        let Some(arn) = text(entry, "Arn") else {
            return self.nameless("managed policy", "Arn");
        };
        let default = text(entry, "DefaultVersionId");
        let versions = elements(entry.get("PolicyVersionList"));
        let version = versions
            .iter()
            .find(|version| version.get("IsDefaultVersion").and_then(Value::as_bool) == Some(true))
            .or_else(|| {
                versions
                    .iter()
                    .find(|version| default.is_some() && text(version, "VersionId") == default)
            });
        let Some(document) = version.and_then(|version| version.get("Document")) else {
            return;
        };
        if let Some(document) = self.document(document, arn) {
            let version = version
                .and_then(|version| text(version, "VersionId"))
                .or(default)
                .map(str::to_owned);
            self.account
                .managed
                .insert(arn.to_owned(), Managed { version, document });
        }
    }

    fn group(&mut self, entry: &Value) {
        let Some(name) = text(entry, "GroupName") else {
            return self.nameless("group", "GroupName");
        };
        let owner = format!("group {name}");
        let (inline, unread) = self.inline(entry, "GroupPolicyList", &owner);
        let group = Group {
            inline,
            unread,
            attached: self.attached(entry, &owner),
        };
        self.account.groups.insert(name.to_owned(), group);
    }

    fn holder(&mut self, entry: &Value, kind: HolderKind) {
        let (what, name_key, list) = match kind {
            HolderKind::Role => ("role", "RoleName", "RolePolicyList"),
            HolderKind::User => ("user", "UserName", "UserPolicyList"),
        };
        let Some(name) = text(entry, name_key) else {
            return self.nameless(what, name_key);
        };
        let Some(arn) = text(entry, "Arn") else {
            return self.nameless(what, "Arn");
        };
        let owner = format!("{what} {name}");
        let (inline, unread) = self.inline(entry, list, &owner);
        let boundary = entry
            .get("PermissionsBoundary")
            .and_then(|boundary| text(boundary, "PermissionsBoundaryArn"));
        let holder = Holder {
            kind,
            arn: arn.to_owned(),
            name: name.to_owned(),
            created: text(entry, "CreateDate").and_then(|date| date.replacen(' ', "T", 1).parse().ok()),
            inline,
            unread,
            attached: self.attached(entry, &owner),
            groups: elements(entry.get("GroupList"))
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            boundary: boundary.map(str::to_owned),
            tags: elements(entry.get("Tags"))
                .iter()
                .filter_map(|tag| Some((text(tag, "Key")?.to_owned(), text(tag, "Value")?.to_owned())))
                .collect(),
            trust: entry.get("AssumeRolePolicyDocument").and_then(trust),
        };
        self.account.holders.push(holder);
    }

    /// The inline policies of an entry, and the names of those that could not be read.
    fn inline(&mut self, entry: &Value, list: &str, owner: &str) -> (Vec<(String, Document)>, Vec<String>) {
        let (mut read, mut unread) = (Vec::new(), Vec::new());
        for policy in elements(entry.get(list)) {
            let name = text(policy, "PolicyName").unwrap_or("(unnamed)");
            let Some(document) = policy.get("PolicyDocument") else {
                self.nameless(&format!("inline policy {name} of {owner}"), "PolicyDocument");
                unread.push(name.to_owned());
                continue;
            };
            match self.document(document, &format!("inline policy {name} of {owner}")) {
                Some(document) => read.push((name.to_owned(), document)),
                None => unread.push(name.to_owned()),
            }
        }
        (read, unread)
    }

    fn attached(&mut self, entry: &Value, owner: &str) -> Vec<String> {
        let mut arns = Vec::new();
        for policy in elements(entry.get("AttachedManagedPolicies")) {
            match text(policy, "PolicyArn") {
                Some(arn) => arns.push(arn.to_owned()),
                None => self.nameless(&format!("attached policy of {owner}"), "PolicyArn"),
            }
        }
        arns
    }

    /// A policy document as text (URL-encoded by the API) or as an object (decoded by the CLI).
    fn document(&mut self, value: &Value, name: &str) -> Option<Document> {
        let place = format!("{}: {name}", self.file);
        let text = match value {
            Value::String(text) => text.clone(),
            other => serde_json::to_string_pretty(other).ok()?,
        };
        let (document, diagnostics) = crate::policy::parse(&text, &place);
        self.diagnostics.extend(diagnostics);
        if let Some(document) = document.as_ref().filter(|_| !is_aws_managed(name)) {
            self.diagnostics.extend(crate::lint::names(document, &place));
        }
        document
    }

    fn nameless(&mut self, what: &str, key: &str) {
        self.diagnostics.push(
            Diagnostic::error(
                Code::GrantsShape,
                format!("{} {what} without `{key}` was left out", article(what)),
            )
            .at(Place::file(self.file)),
        );
    }

    /// Groups of users that no page describes: output filtered by type leaves them out.
    fn missing_groups(&mut self) {
        for holder in &self.account.holders {
            let missing = holder
                .groups
                .iter()
                .filter(|group| !self.account.groups.contains_key(*group));
            for group in missing {
                let message = format!(
                    "user {} is in the group {group}, which is not in this file: what it grants is not known",
                    holder.name
                );
                self.diagnostics.push(
                    Diagnostic::warning(Code::PolicyNotGiven, message)
                        .at(Place::file(self.file))
                        .help(
                            "give the output of `aws iam get-account-authorization-details` without --filter",
                        ),
                );
            }
        }
    }

    fn finish(mut self) -> (Option<Account>, Vec<Diagnostic>) {
        if self.lists == 0 && !self.diagnostics.is_empty() {
            return (None, self.diagnostics);
        }
        if self.lists == 0 {
            self.diagnostics.push(
                Diagnostic::error(Code::GrantsShape, "these are no account authorization details")
                    .at(Place::file(self.file))
                    .help("expected UserDetailList, RoleDetailList, GroupDetailList, Policies; a single policy goes with --policy"),
            );
            return (None, self.diagnostics);
        }
        self.account.holders.sort_by(|a, b| a.arn.cmp(&b.arn));
        self.account.holders.dedup_by(|a, b| a.arn == b.arn);
        self.missing_groups();
        (Some(self.account), self.diagnostics)
    }
}

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key).and_then(Value::as_str)
}

/// The elements of a list; a single value stands for a list of one.
fn elements(list: Option<&Value>) -> &[Value] {
    match list {
        None | Some(Value::Null) => &[],
        Some(Value::Array(list)) => list,
        Some(one) => std::slice::from_ref(one),
    }
}

fn article(what: &str) -> &'static str {
    if what.starts_with(['a', 'i']) { "an" } else { "a" }
}

/// A trust policy. Who asks for it says what is wrong with one that cannot be read.
fn trust(value: &Value) -> Option<Document> {
    let text = match value {
        Value::String(text) => text.clone(),
        other => serde_json::to_string_pretty(other).ok()?,
    };
    crate::policy::parse(&text, "").0
}
