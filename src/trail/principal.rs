//! Who made a call.
//!
//! The fields of `userIdentity` and its types:
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::lenient::{Flag, Object, Text};
use super::walk::each_member;
use crate::arn::Arn;

/// `userIdentity.type`, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PrincipalKind {
    /// A role (behind an assumed-role session, or `Role`).
    Role,
    /// An IAM user.
    User,
    /// The account's root user.
    Root,
    /// A federated user session (`GetFederationToken`).
    FederatedUser,
    /// Another AWS account, of which no more is known.
    Account,
    /// An AWS service acting with its own permission.
    Service,
    /// An Identity Center user.
    IdentityCenterUser,
    /// A SAML user before it becomes a role session.
    SamlUser,
    /// A web identity user before it becomes a role session.
    WebIdentityUser,
    /// A directory user.
    Directory,
    /// `Unknown`, or a type that this version does not know.
    Unknown,
}

/// A principal that policies can be attached to, or its nearest kin: the role behind a session,
/// never the session.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Principal {
    /// Which kind.
    pub kind: PrincipalKind,
    /// Its ARN; for services the service's name, for accounts `arn:PARTITION:iam::ACCOUNT:root`;
    /// where the record has none, the best name it has (user name, principal id).
    pub name: String,
    /// Whether `name` stands in the record as the name of this principal. False where it was made
    /// from something else: a role's ARN from a session's ARN (its path is not known then), an
    /// account's ARN from its id, a bare user name.
    pub exact: bool,
}

/// Who made the call, in full. Events of one session share it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The principal behind it.
    pub principal: Principal,
    /// `userIdentity.arn`: the session's or user's ARN.
    pub arn: Option<String>,
    /// The account of the caller.
    pub account: Option<String>,
    /// `userIdentity.principalId`: the value of `aws:userid`.
    pub principal_id: Option<String>,
    /// `userIdentity.userName`, only of IAM users: the value of `aws:username`.
    pub user_name: Option<String>,
    /// `userIdentity.invokedBy` where it names a service and the caller is not that service: a
    /// forwarded access session, for which the caller needs the permission too. `AWS Internal` is
    /// not a service and is `None` here.
    pub invoked_by: Option<String>,
    /// `sessionContext.attributes.mfaAuthenticated`.
    pub mfa: Option<bool>,
    /// `userIdentity.accessKeyId`. Never to be shown whole.
    pub access_key: Option<String>,
    /// The role session's issue time, `sessionContext.attributes.creationDate`, as written.
    pub session_created: Option<String>,
}

/// `userIdentity`, as the record has it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Identity<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    principal_id: Text<'a>,
    #[serde(borrow)]
    arn: Text<'a>,
    #[serde(borrow)]
    account_id: Text<'a>,
    #[serde(borrow)]
    user_name: Text<'a>,
    #[serde(borrow)]
    invoked_by: Text<'a>,
    #[serde(borrow)]
    access_key_id: Text<'a>,
    #[serde(borrow)]
    session_context: Object<Session<'a>>,
    #[serde(borrow)]
    on_behalf_of: Object<OnBehalfOf<'a>>,
    #[serde(borrow)]
    credential_id: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Session<'a> {
    #[serde(borrow)]
    session_issuer: Object<Issuer<'a>>,
    #[serde(borrow)]
    attributes: Object<Attributes<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Issuer<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    arn: Text<'a>,
    #[serde(borrow)]
    user_name: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Attributes<'a> {
    #[serde(borrow)]
    creation_date: Text<'a>,
    mfa_authenticated: Flag,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct OnBehalfOf<'a> {
    #[serde(borrow)]
    user_id: Text<'a>,
}

impl<'a> Session<'a> {
    fn of_compact(text: &'a str) -> Option<Self> {
        let (mut own, mut met) = (Self::default(), Met::default());
        each_member(text, |name, value| match name {
            "sessionIssuer" => {
                own.session_issuer = Object(Some(Issuer::of_compact(value)?));
                met.meet(0)
            }
            "attributes" => {
                own.attributes = Object(Some(Attributes::of_compact(value)?));
                met.meet(1)
            }
            _ => Some(()),
        })?;
        Some(own)
    }
}

impl<'a> Issuer<'a> {
    fn of_compact(text: &'a str) -> Option<Self> {
        let (mut own, mut met) = (Self::default(), Met::default());
        each_member(text, |name, value| {
            let (field, place) = match name {
                "type" => (0, &mut own.kind),
                "arn" => (1, &mut own.arn),
                "userName" => (2, &mut own.user_name),
                _ => return Some(()),
            };
            *place = Text::of_compact(value)?;
            met.meet(field)
        })?;
        Some(own)
    }
}

impl<'a> Attributes<'a> {
    fn of_compact(text: &'a str) -> Option<Self> {
        let (mut own, mut met) = (Self::default(), Met::default());
        each_member(text, |name, value| match name {
            "creationDate" => {
                own.creation_date = Text::of_compact(value)?;
                met.meet(0)
            }
            "mfaAuthenticated" => {
                own.mfa_authenticated = Flag(Some(match value {
                    "true" | "\"true\"" => true,
                    "false" | "\"false\"" => false,
                    _ => return None,
                }));
                met.meet(1)
            }
            _ => Some(()),
        })?;
        Some(own)
    }
}

/// Which fields of an object have been met; `serde` refuses one that has a field twice.
#[derive(Default)]
struct Met(u32);

impl Met {
    /// `None` where the field was met before.
    fn meet(&mut self, field: u32) -> Option<()> {
        let before = self.0;
        self.0 |= 1 << field;
        (before & 1 << field == 0).then_some(())
    }
}

impl<'a> Identity<'a> {
    /// What deserializing gives, read in one walk; `None` for anything but compact JSON of the usual types.
    pub(super) fn of_compact(text: &'a str) -> Option<Self> {
        let (mut own, mut met) = (Self::default(), Met::default());
        each_member(text, |name, value| {
            let (field, place) = match name {
                "type" => (0, &mut own.kind),
                "principalId" => (1, &mut own.principal_id),
                "arn" => (2, &mut own.arn),
                "accountId" => (3, &mut own.account_id),
                "userName" => (4, &mut own.user_name),
                "invokedBy" => (5, &mut own.invoked_by),
                "accessKeyId" => (6, &mut own.access_key_id),
                "credentialId" => (7, &mut own.credential_id),
                "sessionContext" => {
                    own.session_context = Object(Some(Session::of_compact(value)?));
                    return met.meet(8);
                }
                "onBehalfOf" => return None,
                _ => return Some(()),
            };
            *place = Text::of_compact(value)?;
            met.meet(field)
        })?;
        Some(own)
    }

    /// The caller. `region` is the record's `awsRegion`: an account's ARN needs its partition.
    pub(super) fn into_caller(self, region: &str) -> Caller {
        let principal = self.principal(region);
        let invoked_by = self
            .invoked_by
            .filled()
            .filter(|name| principal.kind != PrincipalKind::Service && is_service(name))
            .map(Cow::into_owned);
        let session = self.session_context.0.unwrap_or_default();
        let attributes = session.attributes.0.unwrap_or_default();
        let owned = |text: Text<'a>| text.filled().map(Cow::into_owned);
        let arn = owned(self.arn);
        let account =
            owned(self.account_id).or_else(|| arn.as_deref().and_then(account_of).map(str::to_owned));
        Caller {
            account,
            principal_id: owned(self.principal_id),
            user_name: owned(self.user_name).filter(|_| principal.kind == PrincipalKind::User),
            invoked_by,
            mfa: attributes.mfa_authenticated.0,
            access_key: owned(self.access_key_id),
            session_created: owned(attributes.creation_date),
            arn,
            principal,
        }
    }

    fn principal(&self, region: &str) -> Principal {
        match self.kind.get() {
            Some("AssumedRole" | "Role") => self.role(),
            // Some sources write a session's ARN under another type: the ARN decides.
            Some("IAMUser") if self.session_role().is_some() => self.role(),
            Some("IAMUser") => self.named(PrincipalKind::User, self.user_name.get()),
            Some("Root") => self.account_arn(PrincipalKind::Root, region),
            Some("FederatedUser") => self.federated(),
            Some("AWSAccount") => self.account_arn(PrincipalKind::Account, region),
            Some("AWSService") => self.named_by(PrincipalKind::Service, self.invoked_by.get()),
            Some("IdentityCenterUser") => {
                let user = self.on_behalf_of.0.as_ref().and_then(|user| user.user_id.get());
                self.named_by(
                    PrincipalKind::IdentityCenterUser,
                    user.or(self.credential_id.get()),
                )
            }
            Some("SAMLUser") => self.named(PrincipalKind::SamlUser, self.user_name.get()),
            Some("WebIdentityUser") => self.named(PrincipalKind::WebIdentityUser, self.user_name.get()),
            Some("Directory") => self.named(PrincipalKind::Directory, self.user_name.get()),
            Some(_) => self.named(PrincipalKind::Unknown, self.user_name.get()),
            None => self.untyped(region),
        }
    }

    /// A record without `userIdentity.type`: events of services have only an account and
    /// `invokedBy`; for others the ARNs say what they are.
    fn untyped(&self, region: &str) -> Principal {
        if self.issuer_arn().is_some() || self.session_role().is_some() {
            return self.role();
        }
        let kind = self.arn.get().and_then(kind_of);
        match (kind, self.invoked_by.get().filter(|name| is_service(name))) {
            (Some(PrincipalKind::Root), _) => self.account_arn(PrincipalKind::Root, region),
            (Some(PrincipalKind::FederatedUser), _) => self.federated(),
            (Some(kind), _) => self.named(kind, self.user_name.get()),
            (None, Some(service)) if self.principal_id.get().is_none() => {
                self.named_by(PrincipalKind::Service, Some(service))
            }
            _ => self.named(PrincipalKind::Unknown, self.user_name.get()),
        }
    }

    fn role(&self) -> Principal {
        let kind = PrincipalKind::Role;
        if let Some(arn) = self.issuer_arn() {
            return Principal {
                kind,
                name: arn.to_owned(),
                exact: true,
            };
        }
        if let Some(name) = self.session_role() {
            return Principal {
                kind,
                name,
                exact: false,
            };
        }
        let issuer = self
            .session_context
            .0
            .as_ref()
            .and_then(|session| session.session_issuer.0.as_ref());
        self.named(kind, issuer.and_then(|issuer| issuer.user_name.get()))
    }

    /// The ARN of the role behind the session, where the record has one.
    fn issuer_arn(&self) -> Option<&str> {
        let issuer = self.session_context.0.as_ref()?.session_issuer.0.as_ref()?;
        let arn = issuer.arn.get()?;
        let is_role = kind_of(arn) == Some(PrincipalKind::Role) || issuer.kind.get() == Some("Role");
        (is_role && Arn::parse(arn).is_some()).then_some(arn)
    }

    /// The role ARN made from the session's ARN, `arn:P:sts::ACCOUNT:assumed-role/NAME/SESSION`.
    fn session_role(&self) -> Option<String> {
        let arn = Arn::parse(self.arn.get()?)?;
        let rest = arn.resource.strip_prefix("assumed-role/")?;
        let name = rest.split('/').next().filter(|name| !name.is_empty())?;
        (arn.service == "sts").then(|| format!("arn:{}:iam::{}:role/{name}", arn.partition, arn.account))
    }

    /// A federated user session has the rights of the user who made it, cut down by a policy.
    fn federated(&self) -> Principal {
        let kind = PrincipalKind::FederatedUser;
        let issuer = self
            .session_context
            .0
            .as_ref()
            .and_then(|session| session.session_issuer.0.as_ref());
        match issuer
            .and_then(|issuer| issuer.arn.get())
            .filter(|arn| Arn::parse(arn).is_some())
        {
            Some(arn) => Principal {
                kind,
                name: arn.to_owned(),
                exact: true,
            },
            None => Principal {
                exact: false,
                ..self.named(kind, self.user_name.get())
            },
        }
    }

    fn account_arn(&self, kind: PrincipalKind, region: &str) -> Principal {
        let arn = self
            .arn
            .get()
            .filter(|arn| Arn::parse(arn).is_some_and(|arn| arn.resource == "root"));
        match (arn, self.account_id.get()) {
            (Some(arn), _) => Principal {
                kind,
                name: arn.to_owned(),
                exact: true,
            },
            (None, Some(account)) => Principal {
                kind,
                name: format!("arn:{}:iam::{account}:root", partition(region)),
                exact: false,
            },
            (None, None) => self.named(kind, None),
        }
    }

    /// By its ARN, else by the best name there is.
    fn named(&self, kind: PrincipalKind, name: Option<&str>) -> Principal {
        match self.arn.get().filter(|arn| Arn::parse(arn).is_some()) {
            Some(arn) => Principal {
                kind,
                name: arn.to_owned(),
                exact: true,
            },
            None => Principal {
                exact: false,
                ..self.named_by(kind, name)
            },
        }
    }

    /// By `name`, else by the best name there is.
    fn named_by(&self, kind: PrincipalKind, name: Option<&str>) -> Principal {
        let others = [&self.user_name, &self.principal_id, &self.arn, &self.account_id];
        let other = || others.into_iter().find_map(Text::get).unwrap_or("unknown");
        Principal {
            kind,
            name: name.unwrap_or_else(other).to_owned(),
            exact: name.is_some(),
        }
    }
}

/// Whether `invokedBy` names a service. `AWS Internal` stands on ordinary calls.
fn is_service(name: &str) -> bool {
    name.contains(".amazonaws.com") || name.contains(".amazon.com") || name.ends_with(".aws.internal")
}

fn account_of(arn: &str) -> Option<&str> {
    Arn::parse(arn)
        .map(|arn| arn.account)
        .filter(|account| !account.is_empty())
}

/// What an ARN names, if it names a principal.
fn kind_of(arn: &str) -> Option<PrincipalKind> {
    let arn = Arn::parse(arn)?;
    match (arn.service, arn.resource.split('/').next()?) {
        ("iam", "role") | ("sts", "assumed-role") => Some(PrincipalKind::Role),
        ("iam", "user") => Some(PrincipalKind::User),
        ("iam", "root") => Some(PrincipalKind::Root),
        ("sts", "federated-user") => Some(PrincipalKind::FederatedUser),
        _ => None,
    }
}

/// The partition that a region lies in, by the prefixes of region names:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>.
fn partition(region: &str) -> &'static str {
    const PREFIXES: [(&str, &str); 7] = [
        ("cn-", "aws-cn"),
        ("eu-isoe-", "aws-iso-e"),
        ("eusc-", "aws-eusc"),
        ("us-gov-", "aws-us-gov"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("us-isof-", "aws-iso-f"),
    ];
    PREFIXES
        .iter()
        .find(|(prefix, _)| region.starts_with(prefix))
        .map_or("aws", |(_, partition)| partition)
}

#[cfg(test)]
mod tests {
    use super::*;
    use PrincipalKind::*;
    use serde_json::json;

    fn caller(identity: &serde_json::Value) -> (PrincipalKind, String, bool) {
        let text = identity.to_string();
        let identity: Identity<'_> = serde_json::from_str(&text).unwrap();
        let Principal { kind, name, exact } = identity.into_caller("eu-west-1").principal;
        (kind, name, exact)
    }

    const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/deploy/ana@example.com";
    const ROLE: &str = "arn:aws:iam::111122223333:role/ci/deploy";

    fn issued(kind: &str, arn: &str, issuer: &serde_json::Value) -> serde_json::Value {
        json!({"type": kind, "arn": arn, "principalId": "AROAEXAMPLE:ana", "accountId": "111122223333",
               "sessionContext": {"sessionIssuer": issuer, "attributes": {"creationDate": "2026-01-02T03:04:05Z", "mfaAuthenticated": "true"}}})
    }

    #[test]
    fn a_session_folds_into_its_role() {
        let with_path = issued(
            "AssumedRole",
            SESSION,
            &json!({"type": "Role", "arn": ROLE, "userName": "deploy"}),
        );
        assert_eq!(caller(&with_path), (Role, ROLE.to_owned(), true));
        for issuer in [
            json!({}),
            json!(null),
            json!("x"),
            json!({"type": "Role", "arn": "--"}),
        ] {
            let made = "arn:aws:iam::111122223333:role/deploy".to_owned();
            assert_eq!(
                caller(&issued("AssumedRole", SESSION, &issuer)),
                (Role, made.clone(), false),
                "{issuer}"
            );
            // The ARN decides, whatever the type says.
            assert_eq!(
                caller(&issued("IAMUser", SESSION, &issuer)),
                (Role, made, false),
                "{issuer}"
            );
        }
        let china = SESSION.replace("arn:aws:", "arn:aws-cn:");
        assert_eq!(
            caller(&json!({"type": "AssumedRole", "arn": china})),
            (Role, "arn:aws-cn:iam::111122223333:role/deploy".to_owned(), false)
        );
        assert_eq!(
            caller(&json!({"type": "Role", "arn": ROLE})),
            (Role, ROLE.to_owned(), true)
        );
    }

    #[test]
    fn a_session_without_any_arn_has_its_best_name() {
        let named = json!({"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"type": "Role", "userName": "deploy"}}});
        assert_eq!(caller(&named), (Role, "deploy".to_owned(), false));
        assert_eq!(
            caller(&json!({"type": "AssumedRole", "principalId": "AROAEXAMPLE:ana"})),
            (Role, "AROAEXAMPLE:ana".to_owned(), false)
        );
    }

    #[test]
    fn each_type_has_its_principal() {
        let account = "arn:aws:iam::111122223333:root";
        for (identity, kind, name, exact) in [
            (
                json!({"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/eng/ana", "userName": "ana"}),
                User,
                "arn:aws:iam::111122223333:user/eng/ana",
                true,
            ),
            (json!({"type": "IAMUser", "userName": "ana"}), User, "ana", false),
            (
                json!({"type": "Root", "arn": account, "accountId": "111122223333"}),
                Root,
                account,
                true,
            ),
            (
                json!({"type": "Root", "accountId": "111122223333"}),
                Root,
                account,
                false,
            ),
            (
                json!({"type": "AWSAccount", "accountId": "111122223333", "principalId": "AIDAEXAMPLE"}),
                Account,
                account,
                false,
            ),
            (
                json!({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}),
                Service,
                "ec2.amazonaws.com",
                true,
            ),
            (
                json!({"accountId": "111122223333", "invokedBy": "ec2.amazonaws.com"}),
                Service,
                "ec2.amazonaws.com",
                true,
            ),
            (
                json!({"type": "IdentityCenterUser", "onBehalfOf": {"userId": "u-1", "identityStoreArn": "arn"}, "credentialId": "c"}),
                IdentityCenterUser,
                "u-1",
                true,
            ),
            (
                json!({"type": "IdentityCenterUser", "credentialId": "c"}),
                IdentityCenterUser,
                "c",
                true,
            ),
            (
                json!({"type": "SAMLUser", "principalId": "q:ana", "userName": "ana"}),
                SamlUser,
                "ana",
                false,
            ),
            (
                json!({"type": "WebIdentityUser", "principalId": "accounts.google.com:app:7", "userName": "7"}),
                WebIdentityUser,
                "7",
                false,
            ),
            (
                json!({"type": "Directory", "userName": "ana"}),
                Directory,
                "ana",
                false,
            ),
            (
                json!({"type": "Unknown", "principalId": "p"}),
                Unknown,
                "p",
                false,
            ),
            (
                json!({"type": "NewType", "arn": "arn:aws:new::1:thing/x"}),
                Unknown,
                "arn:aws:new::1:thing/x",
                true,
            ),
            (json!({}), Unknown, "unknown", false),
        ] {
            assert_eq!(caller(&identity), (kind, name.to_owned(), exact), "{identity}");
        }
    }

    #[test]
    fn a_federated_user_is_who_asked_for_the_token() {
        let session = "arn:aws:sts::111122223333:federated-user/tool";
        let user = "arn:aws:iam::111122223333:user/ana";
        let identity = issued("FederatedUser", session, &json!({"type": "IAMUser", "arn": user}));
        assert_eq!(caller(&identity), (FederatedUser, user.to_owned(), true));
        let identity = issued("FederatedUser", session, &json!(null));
        assert_eq!(caller(&identity), (FederatedUser, session.to_owned(), false));
    }

    #[test]
    fn without_a_type_the_arns_decide() {
        for (arn, kind) in [
            ("arn:aws:iam::111122223333:user/ana", User),
            ("arn:aws:iam::111122223333:root", Root),
            ("arn:aws:sts::111122223333:federated-user/x", FederatedUser),
            (ROLE, Role),
            (SESSION, Role),
        ] {
            assert_eq!(caller(&json!({"arn": arn})).0, kind, "{arn}");
        }
        let redacted = issued("", "--", &json!({"type": "Role", "arn": "--"}));
        assert_eq!(caller(&redacted), (Unknown, "AROAEXAMPLE:ana".to_owned(), false));
    }

    fn full(identity: &serde_json::Value) -> Caller {
        let text = identity.to_string().leak();
        serde_json::from_str::<Identity<'_>>(text)
            .unwrap()
            .into_caller("cn-north-1")
    }

    #[test]
    fn only_a_service_invokes() {
        let with = |name: &str| {
            let mut identity = issued("AssumedRole", SESSION, &json!(null));
            identity["invokedBy"] = name.into();
            full(&identity).invoked_by
        };
        assert_eq!(
            with("cloudformation.amazonaws.com").as_deref(),
            Some("cloudformation.amazonaws.com")
        );
        assert_eq!(
            with("lambda.amazonaws.com.cn").as_deref(),
            Some("lambda.amazonaws.com.cn")
        );
        assert_eq!((with("AWS Internal"), with(""), with("x")), (None, None, None));
        assert_eq!(
            full(&json!({"type": "AWSService", "invokedBy": "s3.amazonaws.com"})).invoked_by,
            None
        );
    }

    #[test]
    fn the_rest_of_the_caller_is_kept() {
        let caller = full(&issued("AssumedRole", SESSION, &json!({"userName": "deploy"})));
        assert_eq!(caller.arn.as_deref(), Some(SESSION));
        assert_eq!(caller.account.as_deref(), Some("111122223333"));
        assert_eq!(caller.principal_id.as_deref(), Some("AROAEXAMPLE:ana"));
        assert_eq!(
            (caller.mfa, caller.session_created.as_deref()),
            (Some(true), Some("2026-01-02T03:04:05Z"))
        );
        assert_eq!(caller.user_name, None);
        let user =
            full(&json!({"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ana", "userName": "ana"}));
        assert_eq!(
            (user.user_name.as_deref(), user.account.as_deref()),
            (Some("ana"), Some("111122223333"))
        );
        let account = full(&json!({"type": "AWSAccount", "accountId": "111122223333"}));
        assert_eq!(account.principal.name, "arn:aws-cn:iam::111122223333:root");
    }
}
