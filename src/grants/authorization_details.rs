//! Reads `aws iam get-account-authorization-details`, as the CLI prints it or as the API returns
//! it (policy documents URL-encoded, pages one after the other).

use serde_json::Value;

use super::account::{Account, Group, Holder, HolderKind, Managed};
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
        match names
            .iter()
            .find_map(|name| page.get(name))
            .and_then(Value::as_array)
        {
            Some(list) => {
                self.lists += 1;
                list
            }
            None => &[],
        }
    }

    fn managed(&mut self, entry: &Value) {
        let Some(arn) = text(entry, "Arn") else {
            return self.nameless("managed policy", "Arn");
        };
        let default = text(entry, "DefaultVersionId");
        let versions = entry
            .get("PolicyVersionList")
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
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
        let group = Group {
            inline: self.inline(entry, "GroupPolicyList", &format!("group {name}")),
            attached: attached(entry),
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
        let groups = entry
            .get("GroupList")
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        let boundary = entry
            .get("PermissionsBoundary")
            .and_then(|boundary| text(boundary, "PermissionsBoundaryArn"));
        let holder = Holder {
            kind,
            arn: arn.to_owned(),
            name: name.to_owned(),
            created: text(entry, "CreateDate").and_then(|date| date.replacen(' ', "T", 1).parse().ok()),
            inline: self.inline(entry, list, &format!("{what} {name}")),
            attached: attached(entry),
            groups: groups
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            boundary: boundary.map(str::to_owned),
        };
        self.account.holders.push(holder);
    }

    fn inline(&mut self, entry: &Value, list: &str, owner: &str) -> Vec<(String, Document)> {
        let policies = entry
            .get(list)
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        let mut read = Vec::new();
        for policy in policies {
            let name = text(policy, "PolicyName").unwrap_or("(unnamed)");
            if let Some(document) = policy.get("PolicyDocument")
                && let Some(document) = self.document(document, &format!("inline policy {name} of {owner}"))
            {
                read.push((name.to_owned(), document));
            }
        }
        read
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
        if let Some(document) = document
            .as_ref()
            .filter(|_| !name.starts_with("arn:aws:iam::aws:"))
        {
            self.diagnostics.extend(super::lint(document, &place));
        }
        document
    }

    fn nameless(&mut self, what: &str, key: &str) {
        self.diagnostics.push(
            Diagnostic::error(
                Code::GrantsShape,
                format!("a {what} without `{key}` was left out"),
            )
            .at(Place::file(self.file)),
        );
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
        (Some(self.account), self.diagnostics)
    }
}

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key).and_then(Value::as_str)
}

fn attached(entry: &Value) -> Vec<String> {
    let list = entry
        .get("AttachedManagedPolicies")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    list.iter()
        .filter_map(|policy| text(policy, "PolicyArn"))
        .map(str::to_owned)
        .collect()
}
