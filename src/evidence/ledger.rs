//! Evidence of several principals, kept while a trail is read.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::sums::add_counts;
use super::{Evidence, Happenings, Noted, Sessions, Visibility, day_of};
use crate::arn::Arn;
use crate::require;
use crate::trail::{Event, Principal, PrincipalKind};

/// A principal by account, kind and name: a role session's ARN carries no path, so the path cannot
/// be part of the key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PrincipalKey(String);

impl PrincipalKey {
    /// The key of an ARN (`arn:aws:iam::111122223333:role/ci/deploy` and
    /// `…:role/deploy` are the same), or of any other name as it stands.
    pub fn of_name(name: &str) -> Self {
        let Some(arn) = Arn::parse(name) else {
            return Self(name.to_owned());
        };
        match arn.resource.split_once('/') {
            Some((kind @ ("role" | "user"), path)) if arn.service == "iam" => {
                let last = path.rsplit('/').next().unwrap_or(path);
                Self(format!("{}:{}:{kind}/{last}", arn.partition, arn.account))
            }
            _ => Self(name.to_owned()),
        }
    }

    /// Whether a name's last part is this key's: else it is not the key of that name.
    fn ends_as(&self, name: &str) -> bool {
        self.0.ends_with(name.rsplit('/').next().unwrap_or(name))
    }

    /// As text.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The key of the principal of an event.
    pub fn of(principal: &Principal) -> Self {
        Self::of_name(&principal.name)
    }
}

/// Of whom evidence is kept.
#[derive(Debug, Clone, Default, Serialize)]
pub enum Whose {
    /// Of everybody.
    #[default]
    Everybody,
    /// Of these principals.
    These(BTreeSet<PrincipalKey>),
    /// Of principals with this ARN, `role/name`, `user/name` or bare name, in any account.
    Named(String),
}

/// What the fold keeps: of which principals, and which condition keys.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Interest {
    /// Of whom.
    pub whose: Whose,
    /// Condition keys (lower case) that some policy asks about.
    pub condition_keys: BTreeSet<String>,
    /// Whether calls are counted by service and day as well.
    pub by_day: bool,
    /// Whether the circumstances of calls are counted as well.
    pub circumstances: bool,
    /// Whether it is kept with which credentials users call, and what happened to the account.
    pub callers: bool,
}

/// So many keys are looked at one by one.
const FEW: usize = 8;

impl Interest {
    /// Whether events of the principal are kept.
    pub fn wants(&self, principal: &Principal) -> bool {
        match &self.whose {
            Whose::Everybody => true,
            // A key ends as the names do that it stands for: for a few keys that is told without making one.
            Whose::These(keys)
                if keys.len() <= FEW && !keys.iter().any(|key| key.ends_as(&principal.name)) =>
            {
                false
            }
            Whose::These(keys) => keys.contains(&PrincipalKey::of(principal)),
            Whose::Named(wanted) => is_named(&principal.name, wanted),
        }
    }
}

/// Whether a principal's ARN goes by this name: the ARN itself, the ARN of a session of the role,
/// `role/name`, `role/path/name`, `user/name`, or the bare name.
pub fn is_named(arn: &str, wanted: &str) -> bool {
    if arn == wanted {
        return true;
    }
    let Some(parsed) = Arn::parse(arn) else {
        return false;
    };
    if let Some(wanted) = Arn::parse(wanted) {
        // The path is not in a session's ARN.
        return PrincipalKey::of_name(arn) == PrincipalKey::of_name(&role_of(wanted));
    }
    let Some((kind, path)) = parsed.resource.split_once('/') else {
        return parsed.resource == wanted;
    };
    let name = path.rsplit('/').next().unwrap_or(path);
    parsed.resource == wanted
        || name == wanted
        || wanted.strip_prefix(kind).and_then(|rest| rest.strip_prefix('/')) == Some(name)
}

/// The ARN as text; of a session (`assumed-role/NAME/SESSION`) the ARN of its role.
fn role_of(arn: Arn<'_>) -> String {
    let Arn {
        partition,
        service,
        region,
        account,
        resource,
    } = arn;
    match resource
        .strip_prefix("assumed-role/")
        .filter(|_| service == "sts")
    {
        Some(rest) => {
            let name = rest.split('/').next().unwrap_or(rest);
            format!("arn:{partition}:iam::{account}:role/{name}")
        }
        None => format!("arn:{partition}:{service}:{region}:{account}:{resource}"),
    }
}

/// One principal's part of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The principal, with the best name seen: an exact ARN beats one without its path.
    pub principal: Principal,
    /// What the trail shows of it.
    pub evidence: Evidence,
}

impl Entry {
    /// Of a principal of whom nothing is known yet.
    pub fn new(principal: &Principal) -> Self {
        Self {
            principal: principal.clone(),
            evidence: Evidence::default(),
        }
    }

    /// Whether evidence is kept of the principal: an AWS service calls with nobody's permission.
    pub fn is_kept_of(principal: &Principal) -> bool {
        principal.kind != PrincipalKind::Service
    }

    /// Adds an event of the principal, of which it is known what it needs.
    pub fn add(&mut self, event: &Event<'_>, mapped: &require::Mapped, interest: &Interest) {
        self.take_name(&event.caller.principal);
        let context = require::context_of(event, interest.condition_keys.iter().map(String::as_str));
        self.evidence.add(event, mapped, &context);
        if interest.circumstances
            && let require::Mapped::Requires(requirements) = mapped
        {
            let actions = requirements.chunk_by(|a, b| a.action == b.action);
            let actions = actions.filter_map(|own| own.first().map(|first| &*first.action));
            self.evidence.circumstances.add(event, actions);
        }
        if interest.callers {
            self.evidence.callers.add(event);
        }
        if interest.by_day {
            let source = &event.source;
            let service = source.strip_suffix(".amazonaws.com").unwrap_or(source);
            self.evidence
                .activity
                .add(service, day_of(event.time), event.times);
        }
    }

    /// Takes in what another part of the trail shows of the same principal.
    pub fn merge(&mut self, other: Self) {
        self.take_name(&other.principal);
        self.evidence.merge(other.evidence);
    }

    fn take_name(&mut self, principal: &Principal) {
        if better(principal, &self.principal) {
            self.principal = principal.clone();
        }
    }
}

/// Evidence by principal, and what the trail could have shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// By principal.
    pub entries: BTreeMap<PrincipalKey, Entry>,
    /// How many events each principal has, kept of all, to name those that are there.
    pub principals: BTreeMap<Principal, u64>,
    /// Over all events, whoever made them.
    pub visibility: Visibility,
    /// Calls that AWS services made with their own permission: nobody's.
    pub service_calls: u64,
    /// Events that were there more than once.
    pub duplicates: u64,
    /// Events mapped to actions, events that IAM does not authorize by class, events that the
    /// catalog does not know by reason: over the events that were kept.
    pub mapped: u64,
    /// By class.
    pub not_authorized: BTreeMap<String, u64>,
    /// By reason.
    pub unmapped: BTreeMap<String, u64>,
    /// The policies that sessions were started with.
    pub sessions: Sessions,
    /// What happened to the account; empty unless it is asked for ([`Interest::callers`]).
    pub happenings: Happenings,
}

impl Ledger {
    /// Takes note of an event, whoever made it: what the trail shows at all.
    pub fn observe(&mut self, event: &Event<'_>) {
        self.count(&event.caller.principal, event.times);
        self.visibility.add(event);
        self.observe_rest(event);
    }

    /// Counts events of a principal.
    pub fn count(&mut self, principal: &Principal, events: u64) {
        // Nearly every event is of a principal met before: no copy of its name for those.
        match self.principals.get_mut(principal) {
            Some(count) => *count += events,
            None => {
                self.principals.insert(principal.clone(), events);
            }
        }
    }

    /// [`Self::observe`] for an event whose principal is [counted](Self::count) by the caller, with others.
    /// `noted` holds what of this ledger's visibility was noted before.
    pub fn observe_of_counted(&mut self, event: &Event<'_>, noted: &mut Noted) {
        self.visibility.add_new(event, noted);
        self.observe_rest(event);
    }

    fn observe_rest(&mut self, event: &Event<'_>) {
        self.sessions.add(event);
        if event.caller.principal.kind == PrincipalKind::Service {
            self.service_calls += event.times;
        }
    }

    /// Adds one event that is wanted and was not there before to the evidence of its principal.
    pub fn add(&mut self, event: &Event<'_>, interest: &Interest) {
        self.add_mapped(event, &require::requirements(event), interest);
    }

    /// [`Self::add`] for an event of which it is known what it needs.
    pub fn add_mapped(&mut self, event: &Event<'_>, mapped: &require::Mapped, interest: &Interest) {
        self.count_mapped(event, mapped, interest);
        let principal = &event.caller.principal;
        if !Entry::is_kept_of(principal) {
            return;
        }
        let entry = self.entries.entry(PrincipalKey::of(principal));
        entry
            .or_insert_with(|| Entry::new(principal))
            .add(event, mapped, interest);
    }

    /// The part of [`Self::add_mapped`] that is not the principal's own: what became of the event.
    pub fn count_mapped(&mut self, event: &Event<'_>, mapped: &require::Mapped, interest: &Interest) {
        match mapped {
            require::Mapped::Requires(_) => self.mapped += event.times,
            require::Mapped::NotAuthorized { class, .. } => match self.not_authorized.get_mut(class) {
                Some(count) => *count += event.times,
                None => {
                    self.not_authorized.insert(class.clone(), event.times);
                }
            },
            require::Mapped::Unmapped { reason } => {
                *self.unmapped.entry((*reason).to_owned()).or_default() += event.times
            }
        }
        if interest.callers {
            self.happenings.add(event);
        }
    }

    /// Takes in another part of the trail.
    pub fn merge(&mut self, other: Self) {
        add_counts(&mut self.principals, other.principals);
        self.visibility.merge(other.visibility);
        self.sessions.merge(other.sessions);
        self.happenings.merge(other.happenings);
        self.service_calls += other.service_calls;
        self.duplicates += other.duplicates;
        self.mapped += other.mapped;
        add_counts(&mut self.not_authorized, other.not_authorized);
        add_counts(&mut self.unmapped, other.unmapped);
        for (key, entry) in other.entries {
            match self.entries.get_mut(&key) {
                Some(known) => known.merge(entry),
                None => {
                    self.entries.insert(key, entry);
                }
            }
        }
    }

    /// To be called once nothing is added any more: see [`Evidence::settle`].
    pub fn settle(&mut self) {
        self.entries
            .values_mut()
            .for_each(|entry| entry.evidence.settle());
    }

    /// A copy with what is made of each principal's evidence in its place.
    pub fn of_each(&self, make: impl Fn(&Evidence) -> Evidence) -> Self {
        let entries = self.entries.iter().map(|(key, own)| {
            let entry = Entry {
                principal: own.principal.clone(),
                evidence: make(&own.evidence),
            };
            (key.clone(), entry)
        });
        Self {
            entries: entries.collect(),
            principals: self.principals.clone(),
            visibility: self.visibility.clone(),
            service_calls: self.service_calls,
            duplicates: self.duplicates,
            mapped: self.mapped,
            not_authorized: self.not_authorized.clone(),
            unmapped: self.unmapped.clone(),
            sessions: self.sessions.clone(),
            happenings: self.happenings.clone(),
        }
    }

    /// The evidence of the principal with this ARN.
    pub fn evidence(&self, arn: &str) -> Option<&Evidence> {
        self.entries
            .get(&PrincipalKey::of_name(arn))
            .map(|entry| &entry.evidence)
    }
}

/// An exact ARN beats a made one; among equals the one that sorts first, so that order of reading
/// does not matter.
fn better(new: &Principal, old: &Principal) -> bool {
    (new.exact, std::cmp::Reverse(new)) > (old.exact, std::cmp::Reverse(old))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_ends_as_its_names_do() {
        for name in [
            "arn:aws:iam::111122223333:role/ci/deploy",
            "arn:aws:iam::111122223333:user/ana",
            "arn:aws:iam::111122223333:root",
            "arn:aws:sts::111122223333:federated-user/f",
            "someone",
            "",
        ] {
            assert!(PrincipalKey::of_name(name).ends_as(name), "{name}");
        }
        assert!(!PrincipalKey::of_name("arn:aws:iam::111122223333:role/deploy").ends_as("role/other"));
    }

    #[test]
    fn the_path_of_a_role_is_no_part_of_its_key() {
        let with = PrincipalKey::of_name("arn:aws:iam::111122223333:role/ci/deploy");
        assert_eq!(
            with,
            PrincipalKey::of_name("arn:aws:iam::111122223333:role/deploy")
        );
        assert_ne!(
            with,
            PrincipalKey::of_name("arn:aws:iam::111122223333:user/deploy")
        );
        assert_ne!(
            with,
            PrincipalKey::of_name("arn:aws:iam::444455556666:role/deploy")
        );
    }
}
