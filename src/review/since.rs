//! What changed since an earlier review.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::baseline::{Baseline, BaselinePrincipal, BaselineService};
use super::view::{PrincipalReview, Review, ServiceView, Standing};

/// How a principal compares with the earlier review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Compared {
    /// It was made since.
    New,
    /// It was there before, but the earlier review did not look at it.
    FirstReviewed,
    /// Something changed.
    Changed,
    /// Nothing changed.
    Unchanged,
}

impl Compared {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::FirstReviewed => "first reviewed",
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
        }
    }
}

/// What changed of a principal since the earlier review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Since {
    /// In one word.
    pub compared: Compared,
    /// Whether anything of it is new and to be looked at, rather than settled since.
    pub to_look_at: bool,
    /// How it stood, where it stands otherwise now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stood: Option<Standing>,
    /// Policies that it did not hold before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub policies_added: Vec<String>,
    /// Policies that it no longer holds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub policies_removed: Vec<String>,
    /// Policies whose text is another.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub policies_edited: Vec<String>,
    /// Actions that go now and did not before; `service:*` where all of a service goes that would have shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unused_new: Vec<String>,
    /// Known dangerous paths that its grants were not enough for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dangers_opened: Vec<String>,
    /// Known dangerous paths that its grants are no longer enough for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dangers_closed: Vec<String>,
    /// Refusals that the earlier review does not have, the last of them after its trail ends.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refusals_new: Vec<RefusedSince>,
}

/// A refusal that is new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RefusedSince {
    /// The action.
    pub action: String,
    /// On what.
    pub resource: String,
    /// How often, in the whole trail.
    pub calls: u64,
}

/// What changed since the earlier review, added up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Changes {
    /// The last event of the earlier review's trail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Principals of which something is new and to be looked at.
    pub to_look_at: usize,
    /// Principals made since.
    pub new: usize,
    /// Principals that were there, and that the earlier review did not look at.
    pub first_reviewed: usize,
    /// Principals of which something changed.
    pub changed: usize,
    /// Principals of which nothing changed.
    pub unchanged: usize,
    /// Principals that stand otherwise.
    pub standing: usize,
    /// Principals with other policies, or with another text in one.
    pub grants: usize,
    /// Principals with actions that go now and did not before.
    pub unused: usize,
    /// Dangerous paths opened, over all principals.
    pub dangers_opened: usize,
    /// Dangerous paths closed, over all principals.
    pub dangers_closed: usize,
    /// New refusals (action and resource), over all principals.
    pub refusals: usize,
    /// Principals that the account no longer has, by ARN.
    pub gone: Vec<String>,
    /// Findings that the earlier review does not have.
    pub findings_new: usize,
    /// Findings of the earlier review that are no longer there.
    pub findings_settled: Vec<SettledFinding>,
}

/// A finding that is no longer there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct SettledFinding {
    /// Its kind.
    pub code: String,
    /// Who or what it was about.
    pub subject: String,
}

/// Compares each principal with the earlier review, and adds up; `in_account` says whether the account has a
/// principal of this ARN, whether it is part of this review or not.
pub fn compare(review: &mut Review, baseline: &Baseline, in_account: &dyn Fn(&str) -> bool) {
    let earlier: BTreeMap<&str, &BaselinePrincipal> = baseline
        .principals
        .iter()
        .map(|own| (own.arn.as_str(), own))
        .collect();
    let mut changes = Changes {
        since: baseline.last.clone(),
        gone: earlier
            .keys()
            .filter(|arn| !in_account(arn))
            .map(|arn| (*arn).to_owned())
            .collect(),
        ..Changes::default()
    };
    for own in &mut review.principals {
        let since = since(
            own,
            earlier.get(own.arn.as_str()).copied(),
            baseline.last.as_deref(),
        );
        changes.add(&since);
        own.since = Some(since);
    }
    compare_findings(review, baseline, &mut changes);
    review.changes = Some(changes);
}

/// A finding is the same where its kind and its subject are, whatever its evidence says today.
fn compare_findings(review: &mut Review, baseline: &Baseline, changes: &mut Changes) {
    let earlier: BTreeSet<(&str, &str)> = baseline
        .findings
        .iter()
        .map(|own| (own.code.as_str(), own.subject.as_str()))
        .collect();
    for own in &mut review.findings {
        let is_new = !earlier.contains(&(own.code, own.subject.as_str()));
        own.is_new = Some(is_new);
        changes.findings_new += usize::from(is_new);
    }
    let found = review.findings.iter().map(|own| (own.code, own.subject.as_str()));
    let excepted = review.excepted_findings.iter();
    let now: BTreeSet<(&str, &str)> = found
        .chain(excepted.map(|own| (own.code, own.subject.as_str())))
        .collect();
    changes.findings_settled = earlier
        .difference(&now)
        .map(|(code, subject)| SettledFinding {
            code: (*code).to_owned(),
            subject: (*subject).to_owned(),
        })
        .collect();
}

impl Changes {
    fn add(&mut self, since: &Since) {
        match since.compared {
            Compared::New => self.new += 1,
            Compared::FirstReviewed => self.first_reviewed += 1,
            Compared::Changed => self.changed += 1,
            Compared::Unchanged => self.unchanged += 1,
        }
        self.to_look_at += usize::from(since.to_look_at);
        self.standing += usize::from(since.stood.is_some());
        self.grants += usize::from(since.grants_changed());
        self.unused += usize::from(!since.unused_new.is_empty());
        self.dangers_opened += since.dangers_opened.len();
        self.dangers_closed += since.dangers_closed.len();
        self.refusals += since.refusals_new.len();
    }
}

impl Since {
    fn grants_changed(&self) -> bool {
        !(self.policies_added.is_empty()
            && self.policies_removed.is_empty()
            && self.policies_edited.is_empty())
    }

    fn is_anything(&self) -> bool {
        let settled =
            self.stood.is_some() || !self.policies_removed.is_empty() || !self.dangers_closed.is_empty();
        settled || self.is_new()
    }

    /// Whether anything came that was not there; how it stands is for the caller.
    fn is_new(&self) -> bool {
        !(self.policies_added.is_empty()
            && self.policies_edited.is_empty()
            && self.unused_new.is_empty()
            && self.dangers_opened.is_empty()
            && self.refusals_new.is_empty())
    }

    /// Each change in words: what kind, and what.
    pub fn in_words(&self, now: Standing) -> Vec<(&'static str, Vec<String>)> {
        let refusals = self
            .refusals_new
            .iter()
            .map(|own| format!("{} on {}", own.action, own.resource))
            .collect();
        let stood = self
            .stood
            .map(|stood| format!("{} → {}", stood.as_str(), now.as_str()));
        let all = [
            ("standing", stood.into_iter().collect()),
            ("policies added", self.policies_added.clone()),
            ("policies removed", self.policies_removed.clone()),
            ("policies edited", self.policies_edited.clone()),
            ("dangers opened", self.dangers_opened.clone()),
            ("dangers closed", self.dangers_closed.clone()),
            ("now unused", self.unused_new.clone()),
            ("refused anew", refusals),
        ];
        all.into_iter().filter(|(_, list)| !list.is_empty()).collect()
    }
}

fn since(own: &PrincipalReview, earlier: Option<&BaselinePrincipal>, end: Option<&str>) -> Since {
    let none = BaselinePrincipal::default();
    let was = earlier.unwrap_or(&none);
    let dangers: BTreeSet<&str> = own.dangers.iter().copied().collect();
    let dangers_before: BTreeSet<&str> = was.dangers.iter().map(String::as_str).collect();
    let only = |a: &BTreeSet<&str>, b: &BTreeSet<&str>| -> Vec<String> {
        a.difference(b).map(|name| (*name).to_owned()).collect()
    };
    let (policies_added, policies_removed, policies_edited) = match earlier {
        Some(was) => policies(own, was),
        None => Default::default(),
    };
    let mut since = Since {
        compared: Compared::Unchanged,
        to_look_at: false,
        stood: was.standing.filter(|stood| *stood != own.standing),
        policies_added,
        policies_removed,
        policies_edited,
        unused_new: earlier.map(|was| unused(own, was)).unwrap_or_default(),
        dangers_opened: only(&dangers, &dangers_before),
        dangers_closed: only(&dangers_before, &dangers),
        refusals_new: refusals(own, was, end),
    };
    let idle = matches!(own.standing, Standing::Dormant | Standing::NeverUsed);
    since.to_look_at =
        since.is_new() || (since.stood.is_some() && idle) || (earlier.is_none() && own.changes);
    // Times of one form, in UTC: their texts sort as they do.
    let made_since = match (own.created.as_deref(), end) {
        (Some(created), Some(end)) => is_after(created, end),
        _ => false,
    };
    since.compared = match earlier {
        None if made_since => Compared::New,
        None => Compared::FirstReviewed,
        Some(_) if since.is_anything() => Compared::Changed,
        Some(_) => Compared::Unchanged,
    };
    since
}

fn is_after(time: &str, end: &str) -> bool {
    let parsed = |text: &str| text.parse::<jiff::Timestamp>().ok();
    matches!((parsed(time), parsed(end)), (Some(time), Some(end)) if time > end)
}

/// Policies added, removed, and with another text.
fn policies(own: &PrincipalReview, was: &BaselinePrincipal) -> (Vec<String>, Vec<String>, Vec<String>) {
    let now: BTreeMap<&str, &str> = pairs(&own.holds, &own.digests);
    let before: BTreeMap<&str, &str> = pairs(&was.holds, &was.digests);
    let not_in = |a: &BTreeMap<&str, &str>, b: &BTreeMap<&str, &str>| -> Vec<String> {
        let names = a.keys().filter(|name| !b.contains_key(*name));
        names.map(|name| (*name).to_owned()).collect()
    };
    let edited = now
        .iter()
        .filter(|(name, text)| before.get(*name).is_some_and(|before| before != *text))
        .map(|(name, _)| (*name).to_owned())
        .collect();
    (not_in(&now, &before), not_in(&before, &now), edited)
}

fn pairs<'a>(names: &'a [String], texts: &'a [String]) -> BTreeMap<&'a str, &'a str> {
    names
        .iter()
        .map(String::as_str)
        .zip(texts.iter().map(String::as_str))
        .collect()
}

fn unused(own: &PrincipalReview, was: &BaselinePrincipal) -> Vec<String> {
    let before: BTreeMap<&str, &BaselineService> = was
        .services
        .iter()
        .map(|service| (service.service.as_str(), service))
        .collect();
    let folded: BTreeSet<&str> = was.other_services.services.iter().map(String::as_str).collect();
    let each = own
        .services
        .iter()
        // What was among services without use went as a whole already.
        .filter(|service| !folded.contains(service.service.as_str()))
        .flat_map(|service| unused_of(service, before.get(service.service.as_str()).copied()));
    let others = own.other_services.iter().filter(|others| others.goes.total() > 0);
    let out_of_use = others
        .flat_map(|others| &others.services)
        .filter(|service| {
            before
                .get(service.as_str())
                .is_some_and(|before| before.used.total() > 0)
        })
        .map(|service| format!("{service}:*"));
    each.chain(out_of_use).collect()
}

fn unused_of(now: &ServiceView, before: Option<&BaselineService>) -> Vec<String> {
    let went = before.map_or(0, |before| before.goes.total());
    let as_a_whole = before.is_some_and(|before| went > 0 && before.unused.is_empty());
    if now.goes.total() == 0 {
        return Vec::new();
    }
    if now.unused.is_empty() {
        return if as_a_whole && now.goes.total() <= went {
            Vec::new()
        } else {
            vec![format!("{}:*", now.service)]
        };
    }
    if as_a_whole {
        // All of the service went already; now some of it is used.
        return Vec::new();
    }
    let known: &[String] = before.map_or(&[], |before| &before.unused);
    // Of a long list the first names only were told: of what sorts after them nothing is known.
    let told_to = known.last().filter(|_| known.len() < went);
    let new: Vec<String> = now
        .unused
        .iter()
        .filter(|action| told_to.is_none_or(|last| *action <= last))
        .filter(|action| !known.contains(action))
        .cloned()
        .collect();
    if new.is_empty() && now.goes.total() > went {
        let more = now.goes.total() - went;
        return vec![format!("{}: {more} more", now.service)];
    }
    new
}

/// Of many refusals a review lists the most frequent: one that is not listed is new only where its last time is
/// after the earlier trail.
fn refusals(own: &PrincipalReview, was: &BaselinePrincipal, end: Option<&str>) -> Vec<RefusedSince> {
    let known: BTreeSet<(&str, &str)> = was
        .refusals
        .iter()
        .map(|refusal| (refusal.action.as_str(), refusal.resource.as_str()))
        .collect();
    own.refusals
        .iter()
        .filter(|refusal| !known.contains(&(refusal.action.as_str(), refusal.resource.as_str())))
        .filter(|refusal| match (refusal.last.as_deref(), end) {
            (Some(last), Some(end)) => is_after(last, end),
            _ => true,
        })
        .map(|refusal| RefusedSince {
            action: refusal.action.clone(),
            resource: refusal.resource.clone(),
            calls: refusal.calls,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::{BaselineOthers, Levels, OtherServices};

    fn levels(write: usize) -> Levels {
        Levels {
            write,
            ..Levels::default()
        }
    }

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    fn now(goes: usize, unused: &[&str]) -> ServiceView {
        ServiceView {
            service: "sqs".to_owned(),
            granted: levels(goes),
            used: Levels::default(),
            goes: levels(goes),
            unseen: 0,
            calls: 0,
            last: None,
            unused: names(unused),
            days: Vec::new(),
        }
    }

    fn before(used: usize, goes: usize, unused: &[&str]) -> BaselineService {
        BaselineService {
            service: "sqs".to_owned(),
            used: levels(used),
            goes: levels(goes),
            unused: names(unused),
        }
    }

    #[test]
    fn actions_are_unused_anew_by_name_or_as_a_whole() {
        let some = before(1, 2, &["sqs:A", "sqs:C"]);
        assert!(unused_of(&now(2, &["sqs:A", "sqs:C"]), Some(&some)).is_empty());
        assert_eq!(
            unused_of(&now(3, &["sqs:A", "sqs:B", "sqs:C"]), Some(&some)),
            ["sqs:B"]
        );
        assert_eq!(unused_of(&now(3, &[]), Some(&some)), ["sqs:*"]);
        assert_eq!(unused_of(&now(3, &[]), None), ["sqs:*"]);
        let whole = before(0, 3, &[]);
        assert!(unused_of(&now(3, &[]), Some(&whole)).is_empty());
        assert!(unused_of(&now(2, &["sqs:A", "sqs:C"]), Some(&whole)).is_empty());
        assert_eq!(unused_of(&now(4, &[]), Some(&whole)), ["sqs:*"]);
        // Of a list that was cut at C nothing is known of D.
        let cut = before(1, 9, &["sqs:A", "sqs:C"]);
        assert!(unused_of(&now(8, &["sqs:C", "sqs:D"]), Some(&cut)).is_empty());
        assert_eq!(unused_of(&now(9, &["sqs:A", "sqs:B"]), Some(&cut)), ["sqs:B"]);
        assert_eq!(
            unused_of(&now(10, &["sqs:A", "sqs:C"]), Some(&cut)),
            ["sqs: 1 more"]
        );
    }

    #[test]
    fn services_that_are_told_together_are_no_news() {
        let was = |used: usize, folded: &[&str]| BaselinePrincipal {
            services: if folded.is_empty() {
                vec![before(used, 1, &["sqs:A"])]
            } else {
                Vec::new()
            },
            other_services: BaselineOthers {
                services: names(folded),
            },
            ..BaselinePrincipal::default()
        };
        let alone = PrincipalReview {
            services: vec![now(3, &[])],
            ..PrincipalReview::default()
        };
        assert!(unused(&alone, &was(0, &["sqs"])).is_empty());
        let together = PrincipalReview {
            other_services: Some(OtherServices {
                services: names(&["sns", "sqs"]),
                goes: levels(5),
                ..OtherServices::default()
            }),
            ..PrincipalReview::default()
        };
        assert_eq!(unused(&together, &was(1, &[])), ["sqs:*"]);
        assert!(unused(&together, &was(0, &["sqs"])).is_empty());
    }
}
