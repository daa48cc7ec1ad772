//! In which circumstances each action was used: the values of a few condition keys, counted by day.
//!
//! The contexts that [`super::ActionEvidence`] keeps are exact and multiply with every key, so they hold only
//! keys that a policy asks about already. Here each key of a fixed list is counted by itself: enough to say
//! that it had the same value in every call, and not which values met in one.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::evaluate::Lookup;
use crate::require::context_of;
use crate::trail::{Event, Outcome};

use super::day_of;

/// A condition key that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Key {
    /// `aws:SourceVpce`, over calls that the principal made itself.
    SourceVpce,
    /// `aws:SourceIp`, over calls that the principal made itself.
    SourceIp,
    /// `aws:RequestedRegion`.
    RequestedRegion,
    /// `aws:MultiFactorAuthPresent`.
    Mfa,
    /// `aws:ViaAWSService`: whether a service made the call on the principal's behalf.
    ViaService,
    /// `aws:CalledViaLast`.
    CalledViaLast,
    /// `kms:ViaService`; only calls of KMS have it.
    KmsViaService,
}

impl Key {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::SourceVpce,
        Self::SourceIp,
        Self::RequestedRegion,
        Self::Mfa,
        Self::ViaService,
        Self::CalledViaLast,
        Self::KmsViaService,
    ];

    /// The key as AWS spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::SourceVpce => "aws:SourceVpce",
            Self::SourceIp => "aws:SourceIp",
            Self::RequestedRegion => "aws:RequestedRegion",
            Self::Mfa => "aws:MultiFactorAuthPresent",
            Self::ViaService => "aws:ViaAWSService",
            Self::CalledViaLast => "aws:CalledViaLast",
            Self::KmsViaService => "kms:ViaService",
        }
    }

    fn lower(self) -> &'static str {
        match self {
            Self::SourceVpce => "aws:sourcevpce",
            Self::SourceIp => "aws:sourceip",
            Self::RequestedRegion => "aws:requestedregion",
            Self::Mfa => "aws:multifactorauthpresent",
            Self::ViaService => "aws:viaawsservice",
            Self::CalledViaLast => "aws:calledvialast",
            Self::KmsViaService => "kms:viaservice",
        }
    }

    /// Where the call comes from: of a call that a service makes on the principal's behalf the record has the
    /// service in place of the address.
    pub fn is_network(self) -> bool {
        matches!(self, Self::SourceVpce | Self::SourceIp)
    }
}

/// Calls by day (UTC, counted from 1970-01-01), in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Days(Vec<(i32, u64)>);

impl Days {
    /// Adds calls of a day.
    pub fn add(&mut self, day: i32, calls: u64) {
        // A trail is mostly read day by day.
        if let Some((last, count)) = self.0.last_mut()
            && *last == day
        {
            *count += calls;
            return;
        }
        match self.0.binary_search_by_key(&day, |(own, _)| *own) {
            Ok(at) => {
                if let Some((_, count)) = self.0.get_mut(at) {
                    *count += calls;
                }
            }
            Err(at) => self.0.insert(at, (day, calls)),
        }
    }

    /// Adds those of another part.
    pub fn merge(&mut self, other: Self) {
        match (self.0.last(), other.0.first()) {
            (None, _) => *self = other,
            // Parts mostly come in the order of the days.
            (Some((own, _)), Some((first, _))) if own < first => self.0.extend(other.0),
            _ => other.0.into_iter().for_each(|(day, calls)| self.add(day, calls)),
        }
    }

    /// All calls.
    pub fn calls(&self) -> u64 {
        self.0.iter().map(|(_, calls)| calls).sum()
    }

    /// The days with calls, each with their number.
    pub fn iter(&self) -> impl Iterator<Item = (i32, u64)> {
        self.0.iter().copied()
    }

    /// The same as a list, in order.
    pub(super) fn as_slice(&self) -> &[(i32, u64)] {
        &self.0
    }

    /// The first and the last day.
    pub fn span(&self) -> Option<(i32, i32)> {
        Some((self.0.first()?.0, self.0.last()?.0))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn retain(&mut self, wanted: impl Fn(i32) -> bool) {
        self.0.retain(|(day, _)| wanted(*day));
    }
}

/// What is known of one key over the calls of an action.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Values {
    values: BTreeMap<Box<str>, Days>,
    /// Addresses are kept as networks: there were too many to keep each.
    networks: bool,
    many: bool,
    /// Calls that did not carry the key.
    pub absent: Days,
    /// Calls of which the record does not say.
    pub unknown: Days,
}

/// Values of a key that are kept; with more it says *many*.
const MOST_VALUES: usize = 24;

impl Values {
    /// The values with their calls; empty where there are too many.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Days)> {
        self.values.iter().map(|(value, days)| (&**value, days))
    }

    /// Whether there were too many values to keep.
    pub fn is_many(&self) -> bool {
        self.many
    }

    fn add(&mut self, found: &Lookup, day: i32, calls: u64) {
        match found {
            Lookup::Unknown => self.unknown.add(day, calls),
            Lookup::Absent => self.absent.add(day, calls),
            Lookup::Values(values) => match values.as_slice() {
                // Nearly every call has a value that was met before.
                [one] => match self.values.get_mut(one.as_str()) {
                    Some(known) => known.add(day, calls),
                    None => {
                        let mut days = Days::default();
                        days.add(day, calls);
                        self.add_value(Cow::Borrowed(one), days);
                        self.bound();
                    }
                },
                // None of the keys has several values at once.
                _ => self.unknown.add(day, calls),
            },
        }
    }

    fn add_value(&mut self, value: Cow<'_, str>, days: Days) {
        if self.many {
            return;
        }
        let folded = if self.networks { network_of(&value) } else { None };
        let value = folded.map_or(value, Cow::Owned);
        match self.values.get_mut(&*value) {
            Some(known) => known.merge(days),
            None => {
                self.values.insert(value.into(), days);
            }
        }
    }

    /// Values only ever become more, so each bound is passed in every order of adding or in none.
    fn bound(&mut self) {
        if self.values.len() > MOST_VALUES && !self.networks {
            self.fold();
        }
        if self.values.len() > MOST_VALUES {
            self.many = true;
            self.values.clear();
        }
    }

    fn fold(&mut self) {
        self.networks = true;
        for (value, days) in std::mem::take(&mut self.values) {
            self.add_value(Cow::Owned(value.into()), days);
        }
    }

    fn merge(&mut self, other: Self) {
        self.absent.merge(other.absent);
        self.unknown.merge(other.unknown);
        if other.networks && !self.networks {
            self.fold();
        }
        if other.many {
            self.many = true;
            self.values.clear();
        }
        for (value, days) in other.values {
            self.add_value(Cow::Owned(value.into()), days);
        }
        self.bound();
    }

    fn retain(&mut self, wanted: impl Fn(i32) -> bool + Copy) {
        self.absent.retain(wanted);
        self.unknown.retain(wanted);
        self.values.values_mut().for_each(|days| days.retain(wanted));
        self.values.retain(|_, days| !days.is_empty());
    }
}

/// The /24 (of IPv6: the /64) of an address, as text; `None` for what is no address.
pub fn network_of(text: &str) -> Option<String> {
    match text.parse::<IpAddr>().ok()? {
        IpAddr::V4(own) => {
            let [a, b, c, _] = own.octets();
            Some(format!("{a}.{b}.{c}.0/24"))
        }
        IpAddr::V6(own) => {
            let [a, b, c, d, ..] = own.segments();
            Some(format!("{}/64", std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)))
        }
    }
}

/// The circumstances of all actions of a principal; empty unless they are asked for
/// ([`super::Interest::circumstances`]).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Circumstances {
    actions: BTreeMap<String, BTreeMap<Key, Values>>,
}

impl Circumstances {
    /// Adds a call that needed these actions, each named once. A refused call is not use.
    pub fn add<'a>(&mut self, event: &Event<'_>, actions: impl IntoIterator<Item = &'a str>) {
        if matches!(event.outcome, Outcome::Refused { .. }) {
            return;
        }
        let context = context_of(event, Key::ALL.map(Key::lower));
        let via = event.caller.invoked_by.is_some();
        for action in actions {
            let own = self.of_action(action);
            for key in Key::ALL {
                // The key is one of KMS alone.
                let asked = key != Key::KmsViaService || event.source == "kms.amazonaws.com";
                if asked && !(via && key.is_network()) {
                    let values = own.entry(key).or_default();
                    spread(event, |day, calls| {
                        values.add(context.get(key.lower()), day, calls)
                    });
                }
            }
        }
    }

    fn of_action(&mut self, action: &str) -> &mut BTreeMap<Key, Values> {
        if !self.actions.contains_key(action) {
            self.actions.insert(action.to_owned(), BTreeMap::new());
        }
        self.actions.entry(action.to_owned()).or_default()
    }

    /// Adds what another part of the trail, or another principal, shows.
    pub fn merge(&mut self, other: Self) {
        for (action, keys) in other.actions {
            let Some(own) = self.actions.get_mut(&action) else {
                self.actions.insert(action, keys);
                continue;
            };
            for (key, values) in keys {
                own.entry(key).or_default().merge(values);
            }
        }
    }

    /// What is known of a key over the calls of an action; `None` where it was never asked.
    pub fn get(&self, action: &str, key: Key) -> Option<&Values> {
        self.actions.get(action)?.get(&key)
    }

    /// Whether there is anything.
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }

    /// Only the calls of days that are wanted. What was too much to keep stays so.
    #[must_use]
    pub fn on_days(&self, wanted: impl Fn(i32) -> bool + Copy) -> Self {
        let mut part = self.clone();
        for values in part.actions.values_mut().flat_map(BTreeMap::values_mut) {
            values.retain(wanted);
        }
        part
    }
}

/// An aggregated record stands for calls from its first to its last time: one counts on the last day, the
/// others on the first.
fn spread(event: &Event<'_>, mut add: impl FnMut(i32, u64)) {
    let (first, last) = (day_of(event.time), day_of(event.last));
    if event.times > 1 && last > first {
        add(first, event.times - 1);
        add(last, 1);
    } else {
        add(first, event.times);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::trail::Scratch;

    fn record(day: u32, change: &Value) -> String {
        let mut record = json!({
            "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/app/s",
                "accountId": "111122223333", "sessionContext": {
                    "sessionIssuer": {"type": "Role", "arn": "arn:aws:iam::111122223333:role/app", "userName": "app"},
                    "attributes": {"mfaAuthenticated": "false"}}},
            "eventTime": format!("2026-10-{day:02}T00:00:00Z"), "eventSource": "s3.amazonaws.com",
            "eventName": "GetObject", "awsRegion": "eu-west-1", "sourceIPAddress": "203.0.113.9"
        });
        for (field, value) in change.as_object().into_iter().flatten() {
            record[field] = value.clone();
        }
        record.to_string()
    }

    fn added(records: &[String]) -> Circumstances {
        let mut all = Circumstances::default();
        for text in records {
            let mut scratch = Scratch::default();
            all.add(
                &Event::parse(text.as_bytes(), &mut scratch).unwrap(),
                ["s3:GetObject"],
            );
        }
        all
    }

    fn values(all: &Circumstances, key: Key) -> Vec<(String, u64)> {
        let found = all.get("s3:GetObject", key).unwrap();
        found
            .iter()
            .map(|(value, days)| (value.to_owned(), days.calls()))
            .collect()
    }

    #[test]
    fn each_key_is_counted_by_itself() {
        let endpoint = json!({"vpcEndpointId": "vpce-0aaaaaaaaaaaaaaa1"});
        let all = added(&[record(1, &json!({})), record(2, &json!({})), record(3, &endpoint)]);
        assert_eq!(values(&all, Key::SourceIp), [("203.0.113.9".to_owned(), 2)]);
        let ip = all.get("s3:GetObject", Key::SourceIp).unwrap();
        assert_eq!(ip.absent.calls(), 1);
        assert_eq!(
            values(&all, Key::SourceVpce),
            [("vpce-0aaaaaaaaaaaaaaa1".to_owned(), 1)]
        );
        assert_eq!(values(&all, Key::RequestedRegion), [("eu-west-1".to_owned(), 3)]);
        assert_eq!(values(&all, Key::Mfa), [("false".to_owned(), 3)]);
        assert_eq!(all.get("s3:GetObject", Key::KmsViaService), None);
        let early = all.on_days(|day| day < day_of("2026-10-02T00:00:00Z".parse().unwrap()));
        assert_eq!(values(&early, Key::SourceIp), [("203.0.113.9".to_owned(), 1)]);
        assert!(values(&early, Key::SourceVpce).is_empty());
    }

    #[test]
    fn a_call_by_a_service_says_nothing_of_the_network() {
        let mut via: Value = serde_json::from_str(&record(1, &json!({}))).unwrap();
        via["userIdentity"]["invokedBy"] = json!("athena.amazonaws.com");
        via["sourceIPAddress"] = json!("athena.amazonaws.com");
        let all = added(&[via.to_string()]);
        assert_eq!(all.get("s3:GetObject", Key::SourceIp), None);
        assert_eq!(values(&all, Key::ViaService), [("true".to_owned(), 1)]);
        assert_eq!(
            values(&all, Key::CalledViaLast),
            [("athena.amazonaws.com".to_owned(), 1)]
        );
    }

    #[test]
    fn a_refused_call_is_no_use() {
        let refused = record(1, &json!({"errorCode": "AccessDenied"}));
        assert!(added(&[refused]).is_empty());
    }

    #[test]
    fn many_addresses_become_networks_then_many_in_any_order() {
        let from = |net: u32, host: u32| {
            record(
                1 + host % 28,
                &json!({"sourceIPAddress": format!("198.51.{net}.{host}")}),
            )
        };
        let records: Vec<String> = (0..60).map(|host| from(host % 2, host)).collect();
        let parts: Vec<Circumstances> = records.chunks(7).map(added).collect();
        let mut there = Circumstances::default();
        parts.iter().for_each(|part| there.merge(part.clone()));
        let mut back = Circumstances::default();
        parts.iter().rev().for_each(|part| back.merge(part.clone()));
        assert_eq!(there, back);
        assert_eq!(there, added(&records));
        assert_eq!(
            values(&there, Key::SourceIp),
            [("198.51.0.0/24".to_owned(), 30), ("198.51.1.0/24".to_owned(), 30)]
        );
        let wide: Vec<String> = (0..60).map(|net| from(net, 1)).collect();
        let mut all = added(&wide);
        assert!(all.get("s3:GetObject", Key::SourceIp).unwrap().is_many());
        let mut other = there.clone();
        other.merge(all.clone());
        all.merge(there);
        assert_eq!(all, other);
    }

    #[test]
    fn it_is_read_back_as_it_was_written() {
        let all = added(&[record(1, &json!({})), record(9, &json!({}))]);
        let text = serde_json::to_string(&all).unwrap();
        assert_eq!(serde_json::from_str::<Circumstances>(&text).unwrap(), all);
    }
}
