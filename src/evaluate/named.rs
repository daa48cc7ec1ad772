//! The `Principal` element of a statement, against the principal of a request
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>).

use serde_json::Value;

use super::Truth;
use super::principal::{Principal, PrincipalKind, is_account};
use crate::arn::Arn;

/// How a statement names the principal of a request. What an Allow gives in the principal's own
/// account hangs on it
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Form {
    /// By its account: the grant is for the account to hand on.
    Account,
    /// As everybody.
    Everyone,
    /// By the role behind the session, or by the user behind the federated session.
    Behind,
    /// The very user, session, service or provider.
    Itself,
}

/// Every [`Form`], by its number.
pub(super) const FORMS: usize = 4;

/// One entry of `Principal`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Entry {
    /// `*`.
    Everyone,
    /// `{"AWS": "*"}`.
    EveryAws,
    /// An account's id or its root's ARN.
    Account(String),
    /// Account and name, path included.
    User(String, String),
    /// Account and name, path included.
    Role(String, String),
    /// Account, role and session.
    Session(String, String, String),
    /// Account and name.
    FederatedUser(String, String),
    /// A service's name.
    Service(String),
    /// An identity provider.
    Federated(String),
    /// `AIDA…`, `AROA…`: what became of an ARN whose principal is gone.
    UniqueId(String),
    /// Anything else, canonical user ids among it: whom it means is not known.
    Other(String),
}

/// `Principal` or `NotPrincipal`, compiled.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) except: bool,
    pub(super) entries: Vec<Entry>,
}

/// Whether a statement is about the principal, and in which form; forms that are not named are no.
pub(super) type Fit = [Truth; FORMS];

const NO: Fit = [Truth::False; FORMS];

fn as_form(form: Form, truth: Truth) -> Fit {
    let mut fit = NO;
    if let Some(slot) = fit.get_mut(form as usize) {
        *slot = truth;
    }
    fit
}

/// Whether the statement is about the principal in any form.
pub(super) fn any(fit: &Fit) -> Truth {
    fit.iter().copied().fold(Truth::False, Truth::or)
}

/// The same, with what is given to everybody given to the principal itself.
pub(super) fn everyone_is_itself(fit: Fit) -> Fit {
    let [account, everyone, behind, itself] = fit;
    [account, Truth::False, behind, itself.or(everyone)]
}

impl Named {
    pub(super) fn new(element: &Value, except: bool) -> Self {
        let mut entries = Vec::new();
        match element {
            Value::String(text) if text == "*" => entries.push(Entry::Everyone),
            Value::Object(kinds) => {
                for (kind, values) in kinds {
                    let texts: Vec<&str> = match values {
                        Value::String(text) => vec![text],
                        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
                        _ => Vec::new(),
                    };
                    entries.extend(texts.into_iter().map(|text| entry(kind, text)));
                }
            }
            other => entries.push(Entry::Other(other.to_string())),
        }
        Self { except, entries }
    }

    /// How the statement names `principal`. `boundary`: whether the principal has one, for
    /// `NotPrincipal` in a Deny refuses all who have.
    pub(super) fn fits(&self, principal: Option<&Principal>, deny: bool, boundary: Truth) -> Fit {
        if self.except {
            return self.all_but(principal, deny, boundary);
        }
        self.entries.iter().fold(NO, |mut fit, entry| {
            let (form, truth) = entry.names(principal, deny);
            if let Some(slot) = fit.get_mut(form as usize) {
                *slot = slot.or(truth);
            }
            fit
        })
    }

    fn all_but(&self, principal: Option<&Principal>, deny: bool, boundary: Truth) -> Fit {
        if !deny {
            // AWS does not support NotPrincipal with Allow.
            return as_form(Form::Everyone, Truth::Unknown);
        }
        let mut listed = self.entries.iter().map(|entry| entry.names(principal, deny));
        let by = |form: Form| {
            listed
                .clone()
                .filter(|(own, _)| *own == form)
                .fold(Truth::False, |all, (_, truth)| all.or(truth))
        };
        let (account, behind, itself) = (by(Form::Account), by(Form::Behind), by(Form::Itself));
        let unlisted = listed.all(|(_, truth)| truth == Truth::False);
        let truth = if unlisted {
            Truth::True
        } else {
            // All that AWS asks to be listed is listed: then it is exempt, but for a boundary.
            let session = principal.is_some_and(|p| p.kind == PrincipalKind::Session);
            let iam = principal.is_some_and(Principal::is_iam);
            let enough = match (iam, session) {
                (true, true) => account.and(behind).and(itself),
                (true, false) => account.and(itself),
                (false, _) => itself,
            };
            match enough {
                Truth::True => boundary,
                // AWS says that it "might" be refused where only a part is listed.
                _ => Truth::Unknown,
            }
        };
        as_form(Form::Everyone, truth)
    }
}

fn entry(kind: &str, text: &str) -> Entry {
    match kind {
        "AWS" => aws_entry(text),
        "Service" => Entry::Service(text.to_owned()),
        "Federated" => Entry::Federated(text.to_owned()),
        _ => Entry::Other(text.to_owned()),
    }
}

fn aws_entry(text: &str) -> Entry {
    if text == "*" {
        return Entry::EveryAws;
    }
    if is_account(text) {
        return Entry::Account(text.to_owned());
    }
    let unique = text.len() >= 16 && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if unique && (text.starts_with("AIDA") || text.starts_with("AROA")) {
        return Entry::UniqueId(text.to_owned());
    }
    known_arn(text).unwrap_or_else(|| Entry::Other(text.to_owned()))
}

/// An ARN of a documented form; a wildcard within an ARN is not allowed in `Principal`.
fn known_arn(text: &str) -> Option<Entry> {
    if text.contains(['*', '?']) {
        return None;
    }
    let arn = Arn::parse(text)?;
    let account = arn.account.to_owned();
    let (kind, name) = match arn.resource.split_once('/') {
        Some((kind, name)) => (kind, Some(name.to_owned()).filter(|name| !name.is_empty())),
        None => (arn.resource, None),
    };
    Some(match (arn.service, kind, name) {
        ("iam", "root", None) => Entry::Account(account),
        ("iam", "user", Some(name)) => Entry::User(account, name),
        ("iam", "role", Some(name)) => Entry::Role(account, name),
        ("sts", "federated-user", Some(name)) => Entry::FederatedUser(account, name),
        ("sts", "assumed-role", Some(name)) => {
            let (role, session) = name.split_once('/')?;
            Entry::Session(account, role.to_owned(), session.to_owned())
        }
        _ => return None,
    })
}

impl Entry {
    /// The form in which this entry would name the principal, and whether it does.
    pub(super) fn names(&self, principal: Option<&Principal>, deny: bool) -> (Form, Truth) {
        if matches!(self, Self::Everyone | Self::EveryAws) {
            let service = principal.is_some_and(|who| who.kind == PrincipalKind::Service);
            // A Deny for `*` reaches services, by AWS's own examples; the rest is not documented.
            let sure = !service || deny && *self == Self::Everyone;
            return (Form::Everyone, if sure { Truth::True } else { Truth::Unknown });
        }
        let Some(who) = principal else {
            return (Form::Itself, Truth::Unknown);
        };
        match self {
            Self::Everyone | Self::EveryAws => (Form::Everyone, Truth::True),
            Self::Account(account) => {
                let same = who.account.as_ref() == Some(account);
                let form = if who.kind == PrincipalKind::Root {
                    Form::Itself
                } else {
                    Form::Account
                };
                (form, same.into())
            }
            Self::User(account, name) => self.iam(who, PrincipalKind::User, account, name),
            Self::Role(account, name) => self.iam(who, PrincipalKind::Session, account, name),
            Self::FederatedUser(account, name) => self.iam(who, PrincipalKind::FederatedUser, account, name),
            Self::Session(account, role, session) => session_entry(who, account, role, session),
            Self::Service(name) if name == "*" => {
                let service = who.kind == PrincipalKind::Service;
                (Form::Itself, if service { Truth::Unknown } else { Truth::False })
            }
            Self::Service(name) => {
                let named = who.kind == PrincipalKind::Service && who.name == *name;
                (Form::Itself, named.into())
            }
            Self::Federated(provider) => {
                let named = who.kind == PrincipalKind::Federated && who.name == *provider;
                (Form::Itself, named.into())
            }
            Self::UniqueId(id) => unique(who, id),
            Self::Other(_) => (Form::Itself, Truth::Unknown),
        }
    }

    /// An entry for a user, a role or a federated user by name.
    fn iam(&self, who: &Principal, kind: PrincipalKind, account: &str, name: &str) -> (Form, Truth) {
        let same_account = who.account.as_deref() == Some(account);
        if who.kind == PrincipalKind::Account {
            return (
                Form::Itself,
                if same_account {
                    Truth::Unknown
                } else {
                    Truth::False
                },
            );
        }
        let full = |arn: &str| {
            Arn::parse(arn)
                .and_then(|arn| arn.resource.split_once('/'))
                .map(|(_, own)| own)
                == Some(name)
        };
        let last = |text: &str| text.rsplit('/').next().map(str::to_owned);
        match (kind, who.kind) {
            (PrincipalKind::Session, PrincipalKind::Session) => {
                // The session's ARN has no path; where the role's is not known, its name is enough:
                // names are unique in an account.
                let role = who
                    .role
                    .as_deref()
                    .is_some_and(|arn| full(arn) || !who.role_is_exact && last(arn) == last(name));
                (Form::Behind, (same_account && role).into())
            }
            (PrincipalKind::User, PrincipalKind::FederatedUser) if same_account && who.user.is_none() => {
                (Form::Behind, Truth::Unknown)
            }
            (PrincipalKind::User, PrincipalKind::FederatedUser) => (
                Form::Behind,
                (same_account && who.user.as_deref().is_some_and(full)).into(),
            ),
            (kind, own) => {
                let named = kind == own && same_account && full(&who.name);
                (Form::Itself, named.into())
            }
        }
    }
}

fn session_entry(who: &Principal, account: &str, role: &str, session: &str) -> (Form, Truth) {
    let same_account = who.account.as_deref() == Some(account);
    let truth = match who.kind {
        PrincipalKind::Account if same_account => Truth::Unknown,
        PrincipalKind::Session if same_account => {
            let same_role = who.role.as_deref().and_then(|arn| arn.rsplit('/').next()) == Some(role);
            match who.session() {
                Some(own) => (same_role && own == session).into(),
                None if same_role => Truth::Unknown,
                None => Truth::False,
            }
        }
        _ => Truth::False,
    };
    (Form::Itself, truth)
}

/// A unique id stands for the one principal that had it: another of the same name does not match.
fn unique(who: &Principal, id: &str) -> (Form, Truth) {
    let role = id.starts_with("AROA");
    let (form, fits) = match who.kind {
        PrincipalKind::Session => (Form::Behind, role),
        PrincipalKind::User => (Form::Itself, !role),
        PrincipalKind::FederatedUser if !role => return (Form::Behind, Truth::Unknown),
        PrincipalKind::Account => return (Form::Itself, Truth::Unknown),
        _ => (Form::Itself, false),
    };
    let truth = match &who.id {
        _ if !fits => Truth::False,
        None => Truth::Unknown,
        Some(own) => (own.split(':').next() == Some(id)).into(),
    };
    (form, truth)
}
