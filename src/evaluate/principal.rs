//! Who asks: the principal of a request, and the condition keys that follow from it.

use super::{Context, Lookup};
use crate::arn::Arn;

/// Which kind of principal asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PrincipalKind {
    /// The account's root user.
    Root,
    /// An IAM user.
    User,
    /// A role session.
    Session,
    /// A federated user session (`GetFederationToken`).
    FederatedUser,
    /// Somebody in an account, of whom no more is known.
    Account,
    /// An AWS service with its own permission.
    Service,
    /// Who calls `AssumeRoleWithSAML` or `AssumeRoleWithWebIdentity`: the identity provider.
    Federated,
    /// A request without signature.
    Anonymous,
}

/// The principal of a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Principal {
    /// Which kind.
    pub kind: PrincipalKind,
    /// Its ARN (of the session, not of the role); a service's name, an identity provider's name or
    /// ARN, an account's id, `anonymous`.
    pub name: String,
    /// Its account, where it has one.
    pub account: Option<String>,
    /// The role behind a session. Made from the session's ARN, it has no path.
    pub role: Option<String>,
    /// Whether the role's ARN was given as such, path included.
    pub role_is_exact: bool,
    /// The IAM user that called `GetFederationToken`.
    pub user: Option<String>,
    /// `aws:userid`: `AIDA…`, or `AROA…:session-name`.
    pub id: Option<String>,
}

impl Principal {
    /// Reads an ARN (user, role session, federated user, root), an account id, a service
    /// (`lambda.amazonaws.com`) or `anonymous`. A role's ARN stands for a session of that role whose
    /// name is not known.
    ///
    /// `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "anonymous" {
            return Some(Self::new(PrincipalKind::Anonymous, text, None));
        }
        if is_account(text) {
            return Some(Self::new(PrincipalKind::Account, text, Some(text)));
        }
        let Some(arn) = Arn::parse(text) else {
            return is_service(text).then(|| Self::new(PrincipalKind::Service, text, None));
        };
        let account = Some(arn.account).filter(|account| !account.is_empty());
        let (kind, rest) = arn.resource.split_once('/').unwrap_or((arn.resource, ""));
        match (arn.service, kind) {
            ("iam", "root") if rest.is_empty() => Some(Self::new(PrincipalKind::Root, text, account)),
            ("iam", "user") if !rest.is_empty() => Some(Self::new(PrincipalKind::User, text, account)),
            ("iam", "role") if !rest.is_empty() => {
                let mut session = Self::new(PrincipalKind::Session, text, account);
                session.role = Some(text.to_owned());
                session.role_is_exact = true;
                Some(session)
            }
            ("sts", "federated-user") if !rest.is_empty() => {
                Some(Self::new(PrincipalKind::FederatedUser, text, account))
            }
            ("sts", "assumed-role") => {
                let (role, _) = rest.split_once('/')?;
                let mut session = Self::new(PrincipalKind::Session, text, account);
                session.role = Some(format!("arn:{}:iam::{}:role/{role}", arn.partition, arn.account));
                Some(session)
            }
            _ => None,
        }
    }

    /// Takes over from the ARN of the policies' holder what this principal's own does not say: a session's
    /// ARN has no path, the role's may have one; a federated user's ARN does not say whose it is. An ARN
    /// of somebody else changes nothing.
    pub fn as_held_by(&mut self, holder: &str) {
        let last = |arn: Option<&str>| arn.and_then(|arn| arn.rsplit('/').next()).map(str::to_owned);
        let Some(held) = Self::parse(holder).filter(|held| held.account == self.account) else {
            return;
        };
        match (self.kind, held.kind) {
            (PrincipalKind::Session, PrincipalKind::Session)
                if last(self.role.as_deref()) == last(Some(holder)) =>
            {
                self.role = held.role;
            }
            (PrincipalKind::FederatedUser, PrincipalKind::User) if self.user.is_none() => {
                self.user = Some(holder.to_owned());
            }
            _ => {}
        }
    }

    /// An identity provider, as the caller of `AssumeRoleWithSAML` or `AssumeRoleWithWebIdentity`.
    pub fn federated(provider: &str) -> Self {
        Self::new(PrincipalKind::Federated, provider, None)
    }

    fn new(kind: PrincipalKind, name: &str, account: Option<&str>) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            account: account.map(str::to_owned),
            role: None,
            role_is_exact: false,
            user: None,
            id: None,
        }
    }

    /// Whether it is a session of a service-linked role: known by the role's path
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html>).
    pub fn is_service_linked(&self) -> bool {
        self.role
            .as_deref()
            .is_some_and(|role| role.contains(":role/aws-service-role/"))
    }

    /// Whether it has policies of its own: an IAM principal, not a service, a provider or nobody.
    pub(super) fn is_iam(&self) -> bool {
        !matches!(
            self.kind,
            PrincipalKind::Service | PrincipalKind::Federated | PrincipalKind::Anonymous
        )
    }

    /// The session's name is not known where the principal was named by its role.
    pub(super) fn session(&self) -> Option<&str> {
        let arn = Arn::parse(&self.name)?;
        arn.resource
            .strip_prefix("assumed-role/")?
            .split_once('/')
            .map(|(_, name)| name)
    }

    /// Sets the condition keys that follow from the principal, but for those that are set already
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>, table
    /// of principal key values, and
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>).
    pub fn fill(&self, context: &mut Context) {
        let one = |text: &str| Lookup::Values(vec![text.to_owned()]);
        let optional = |text: Option<&str>| text.map_or(Lookup::Unknown, one);
        let account = || self.account.as_deref().map_or(Lookup::Absent, one);
        let service = self.kind == PrincipalKind::Service;
        let mut set = |key: &str, value: Lookup| {
            if !context.is_set(key) {
                context.set(key, value);
            }
        };
        set(
            "aws:principalisawsservice",
            one(if service { "true" } else { "false" }),
        );
        set(
            "aws:principalservicename",
            if service { one(&self.name) } else { Lookup::Absent },
        );
        let anonymous = self.kind == PrincipalKind::Anonymous;
        set(
            "aws:principalaccount",
            if anonymous { one("anonymous") } else { account() },
        );
        let (arn, kind, user, id) = match self.kind {
            PrincipalKind::Root => (one(&self.name), one("Account"), Lookup::Absent, account()),
            PrincipalKind::User => (
                one(&self.name),
                one("User"),
                optional(self.name.rsplit('/').next()),
                optional(self.id.as_deref()),
            ),
            PrincipalKind::Session => (
                optional(self.role.as_deref()),
                one("AssumedRole"),
                Lookup::Absent,
                optional(self.id.as_deref()),
            ),
            PrincipalKind::FederatedUser => (
                one(&self.name),
                one("FederatedUser"),
                Lookup::Absent,
                self.federated_id(),
            ),
            PrincipalKind::Account => (Lookup::Unknown, Lookup::Unknown, Lookup::Unknown, Lookup::Unknown),
            PrincipalKind::Anonymous => (Lookup::Absent, one("Anonymous"), Lookup::Absent, one("anonymous")),
            PrincipalKind::Service | PrincipalKind::Federated => {
                (Lookup::Absent, Lookup::Unknown, Lookup::Absent, Lookup::Unknown)
            }
        };
        set("aws:principalarn", arn);
        set("aws:principaltype", kind);
        set("aws:username", user);
        set("aws:userid", id);
    }

    /// `ACCOUNT:caller-specified-name`.
    fn federated_id(&self) -> Lookup {
        if let Some(id) = &self.id {
            return Lookup::Values(vec![id.clone()]);
        }
        match (&self.account, self.name.rsplit('/').next()) {
            (Some(account), Some(name)) => Lookup::Values(vec![format!("{account}:{name}")]),
            _ => Lookup::Unknown,
        }
    }
}

/// Twelve digits.
pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_service(text: &str) -> bool {
    let ends = [".amazonaws.com", ".amazonaws.com.cn", ".amazon.com"];
    ends.iter().any(|end| text.ends_with(end)) && !text.contains(['/', ':', '*', '?'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> Context {
        let mut context = Context::default();
        Principal::parse(text).unwrap().fill(&mut context);
        context
    }

    fn is(context: &Context, key: &str, value: &str) -> bool {
        *context.get(key) == Lookup::Values(vec![value.to_owned()])
    }

    #[test]
    fn each_form_is_read() {
        let kind = |text| Principal::parse(text).map(|principal| principal.kind);
        assert_eq!(kind("arn:aws:iam::111122223333:root"), Some(PrincipalKind::Root));
        assert_eq!(
            kind("arn:aws:iam::111122223333:user/a/b"),
            Some(PrincipalKind::User)
        );
        assert_eq!(
            kind("arn:aws:sts::111122223333:assumed-role/r/s"),
            Some(PrincipalKind::Session)
        );
        assert_eq!(
            kind("arn:aws:sts::111122223333:federated-user/f"),
            Some(PrincipalKind::FederatedUser)
        );
        assert_eq!(kind("111122223333"), Some(PrincipalKind::Account));
        assert_eq!(kind("sns.amazonaws.com"), Some(PrincipalKind::Service));
        assert_eq!(kind("anonymous"), Some(PrincipalKind::Anonymous));
        for text in [
            "",
            "bob",
            "arn:aws:iam::111122223333:group/g",
            "arn:aws:s3:::b",
            "*",
            "user/bob",
        ] {
            assert_eq!(kind(text), None, "{text}");
        }
    }

    #[test]
    fn keys_follow_from_the_principal() {
        let session = filled("arn:aws:sts::111122223333:assumed-role/r/s");
        assert!(is(
            &session,
            "aws:PrincipalArn",
            "arn:aws:iam::111122223333:role/r"
        ));
        assert!(is(&session, "aws:PrincipalType", "AssumedRole"));
        assert_eq!(*session.get("aws:username"), Lookup::Absent);
        assert_eq!(*session.get("aws:userid"), Lookup::Unknown);
        let user = filled("arn:aws:iam::111122223333:user/path/bob");
        assert!(is(&user, "aws:username", "bob") && is(&user, "aws:PrincipalAccount", "111122223333"));
        let federated = filled("arn:aws:sts::111122223333:federated-user/bob");
        assert!(is(&federated, "aws:userid", "111122223333:bob"));
        let service = filled("sns.amazonaws.com");
        assert!(is(&service, "aws:PrincipalServiceName", "sns.amazonaws.com"));
        assert!(is(&service, "aws:PrincipalIsAWSService", "true"));
    }

    #[test]
    fn what_is_set_stays() {
        let mut context = Context::default();
        context.set("aws:username", Lookup::Absent);
        Principal::parse("arn:aws:iam::111122223333:user/bob")
            .unwrap()
            .fill(&mut context);
        assert_eq!(*context.get("aws:username"), Lookup::Absent);
    }
}
