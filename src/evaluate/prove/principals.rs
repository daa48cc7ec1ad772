//! The principals that resource policies tell apart.

use super::model::{Model, Side};
use crate::evaluate::named::{Entry, Fit};
use crate::evaluate::{Compiled, Context, Layer, PolicyIn, Principal, Truth};
use crate::policy::{Document, Effect, Element, Statement};

/// Whether a statement is about who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asks {
    No,
    Yes,
    /// By a proposition.
    Open(usize),
}

/// Who asks.
pub(super) struct Asker {
    /// `None`: the principal that holds the policies.
    pub(super) principal: Option<Principal>,
    /// Whether the resource is another account's. Then a grant to the account counts, which within
    /// the account only hands the question on.
    pub(super) across: bool,
    /// The condition keys that follow from it.
    pub(super) context: Context,
    /// By statement.
    pub(super) fits: Vec<Asks>,
}

/// An account that no policy names.
const OTHER_ACCOUNT: &str = "999999999999";

impl Asker {
    /// The account that owns the resource.
    pub(super) fn resource_account(&self) -> Option<&str> {
        let own = self.principal.as_ref()?.account.as_deref()?;
        Some(if self.across { "000000000000" } else { own })
    }

    /// Both sets, ready to be asked. Across accounts the principal's own account allows everything:
    /// what is compared is the resource's side.
    pub(super) fn compiled(&self, old: &[PolicyIn<'_>], new: &[PolicyIn<'_>]) -> (Compiled, Compiled) {
        let all = Element::Only(vec!["*".to_owned()]);
        let everything = Document::new(vec![Statement::new(Effect::Allow, all.clone(), Some(all))]);
        let with = |policies: &[PolicyIn<'_>]| {
            let mut policies = policies.to_vec();
            if self.across {
                policies.push(PolicyIn {
                    layer: Layer::Identity,
                    document: &everything,
                });
            }
            Compiled::new(&policies)
        };
        (with(old), with(new))
    }
}

/// Everybody that the policies tell apart: whom they name, somebody else of each account that they
/// name, and those that they do not name at all. Without resource policies, the one who holds them.
pub(super) fn askers(model: &mut Model<'_>) -> Vec<Asker> {
    let of_resource = [Side::Old, Side::New]
        .iter()
        .any(|side| model.layers(*side).iter().any(|layer| layer.is_of_resource()));
    if !of_resource {
        let fits = vec![Asks::Yes; model.statements.len()];
        return vec![Asker {
            principal: None,
            across: false,
            context: Context::default(),
            fits,
        }];
    }
    let mut askers = Vec::new();
    for principal in principals(model) {
        let modes: &[bool] = if principal.account.is_some() {
            &[false, true]
        } else {
            &[false]
        };
        for across in modes {
            askers.push(asker(model, principal.clone(), *across));
        }
    }
    askers
}

fn asker(model: &mut Model<'_>, principal: Principal, across: bool) -> Asker {
    let mut context = Context::default();
    principal.fill(&mut context);
    let mut fits = Vec::new();
    for number in 0..model.statements.len() {
        let fit = model.statements.get(number).and_then(|statement| {
            let named = statement.principals.as_ref()?;
            let deny = statement.effect == Effect::Deny;
            Some((named.fits(Some(&principal), deny, Truth::False), deny))
        });
        fits.push(match fit {
            None => Asks::Yes,
            Some((fit, deny)) => asks(model, &fit, deny || across, (number, &principal)),
        });
    }
    Asker {
        principal: Some(principal),
        across,
        context,
        fits,
    }
}

fn asks(model: &mut Model<'_>, fit: &Fit, by_account: bool, about: (usize, &Principal)) -> Asks {
    let [account, everyone, behind, itself] = *fit;
    let direct = everyone.or(behind).or(itself);
    match if by_account { direct.or(account) } else { direct } {
        Truth::True => Asks::Yes,
        Truth::False => Asks::No,
        Truth::Unknown => {
            let (number, principal) = about;
            let element = model
                .statements
                .get(number)
                .and_then(|statement| statement.principals.as_ref())
                .map(|named| format!("Principal {:?} {}", named.entries, named.except));
            let text = format!("{} for {}", element.unwrap_or_default(), principal.name);
            Asks::Open(model.opaque(text))
        }
    }
}

fn principals(model: &Model<'_>) -> Vec<Principal> {
    let mut found: Vec<Principal> = Vec::new();
    let mut add = |principal: Option<Principal>| {
        found.extend(principal.filter(|principal| !found.contains(principal)));
    };
    let named = || {
        let statements = model.statements.iter();
        statements.filter_map(|statement| statement.principals.as_ref())
    };
    let somebody = |account: &str| Principal::parse(&format!("arn:aws:iam::{account}:user/somebody-else"));
    for entry in named().flat_map(|named| &named.entries) {
        add(representative(entry));
        add(account(entry).and_then(somebody));
    }
    add(somebody(OTHER_ACCOUNT));
    add(Principal::parse("anonymous"));
    // Whether a grant to everybody reaches services is not documented, so another service is asked for
    // only where services are named.
    let service = |entry: &Entry| matches!(entry, Entry::Service(_));
    if named().flat_map(|named| &named.entries).any(service) {
        add(Principal::parse("some-service.amazonaws.com"));
    }
    found
}

fn account(entry: &Entry) -> Option<&str> {
    match entry {
        Entry::Account(account)
        | Entry::User(account, _)
        | Entry::Role(account, _)
        | Entry::Session(account, ..)
        | Entry::FederatedUser(account, _) => Some(account),
        _ => None,
    }
}

/// Whom the entry names.
fn representative(entry: &Entry) -> Option<Principal> {
    match entry {
        Entry::User(account, name) => Principal::parse(&format!("arn:aws:iam::{account}:user/{name}")),
        Entry::Role(account, name) => {
            let role = name.rsplit('/').next().unwrap_or(name);
            let session = format!("arn:aws:sts::{account}:assumed-role/{role}/some-session");
            let mut session = Principal::parse(&session)?;
            session.role = Some(format!("arn:aws:iam::{account}:role/{name}"));
            session.role_is_exact = true;
            Some(session)
        }
        Entry::Session(account, role, session) => {
            Principal::parse(&format!("arn:aws:sts::{account}:assumed-role/{role}/{session}"))
        }
        Entry::FederatedUser(account, name) => {
            Principal::parse(&format!("arn:aws:sts::{account}:federated-user/{name}"))
        }
        Entry::Service(name) => Principal::parse(name),
        Entry::Federated(provider) => Some(Principal::federated(provider)),
        Entry::UniqueId(id) => unique(id),
        Entry::Everyone | Entry::EveryAws | Entry::Account(_) | Entry::Other(_) => None,
    }
}

fn unique(id: &str) -> Option<Principal> {
    let role = id.starts_with("AROA");
    let arn = if role {
        "assumed-role/gone/some-session"
    } else {
        "user/gone"
    };
    let service = if role { "sts" } else { "iam" };
    let mut principal = Principal::parse(&format!("arn:aws:{service}::{OTHER_ACCOUNT}:{arn}"))?;
    principal.id = Some(if role {
        format!("{id}:some-session")
    } else {
        id.to_owned()
    });
    Some(principal)
}
