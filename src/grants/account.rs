//! The principals, groups and policies of an account, and which principal holds what.

use std::collections::{BTreeMap, BTreeSet};

use super::{Grants, Held, Origin};
use crate::evaluate::Layer;
use crate::evidence::is_named;
use crate::pattern;
use crate::policy::Document;

/// Which kind of principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HolderKind {
    /// An IAM role.
    Role,
    /// An IAM user.
    User,
}

/// A role or a user and what is attached to it.
#[derive(Debug, Clone)]
pub struct Holder {
    /// Which kind.
    pub kind: HolderKind,
    /// Its ARN, path included.
    pub arn: String,
    /// Its name without path.
    pub name: String,
    /// When it was made.
    pub created: Option<jiff::Timestamp>,
    /// Inline policies: name and text.
    pub inline: Vec<(String, Document)>,
    /// Names of inline policies whose text could not be read.
    pub unread: Vec<String>,
    /// ARNs of the managed policies attached to it.
    pub attached: Vec<String>,
    /// Names of its groups (users only).
    pub groups: Vec<String>,
    /// The ARN of its permissions boundary.
    pub boundary: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Who may assume it (roles only).
    pub trust: Option<Document>,
}

/// A group.
#[derive(Debug, Clone, Default)]
pub struct Group {
    /// Inline policies: name and text.
    pub inline: Vec<(String, Document)>,
    /// Names of inline policies whose text could not be read.
    pub unread: Vec<String>,
    /// ARNs of the managed policies attached to it.
    pub attached: Vec<String>,
}

/// A managed policy's text.
#[derive(Debug, Clone)]
pub(super) struct Managed {
    pub(super) version: Option<String>,
    pub(super) document: Document,
}

/// All principals of an account with their policies.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// Roles and users, sorted by ARN.
    pub holders: Vec<Holder>,
    /// Groups by name.
    pub groups: BTreeMap<String, Group>,
    pub(super) managed: BTreeMap<String, Managed>,
}

/// Why a principal was not found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotFound {
    /// Nothing by that name; the names that are near.
    Unknown {
        /// Near names, best first, as `role/name` or `user/name`.
        near: Vec<String>,
    },
    /// Several.
    Ambiguous {
        /// Their ARNs.
        arns: Vec<String>,
    },
}

impl Account {
    /// The principal by ARN, `role/name`, `user/name` (path allowed) or bare name.
    ///
    /// # Errors
    /// [`NotFound`] where there is none, or more than one.
    pub fn find(&self, wanted: &str) -> Result<&Holder, NotFound> {
        let fits: Vec<&Holder> = self
            .holders
            .iter()
            .filter(|holder| is_named(&holder.arn, wanted))
            .collect();
        match fits.as_slice() {
            [one] => Ok(one),
            [] => Err(NotFound::Unknown {
                near: near_names(wanted, self.holders.iter().map(|holder| holder.arn.as_str())),
            }),
            many => Err(NotFound::Ambiguous {
                arns: many.iter().map(|holder| holder.arn.clone()).collect(),
            }),
        }
    }

    /// Every policy text that the account holds itself.
    pub fn documents(&self) -> impl Iterator<Item = &Document> {
        let of_holders = self.holders.iter().flat_map(|holder| &holder.inline);
        let of_groups = self.groups.values().flat_map(|group| &group.inline);
        let managed = self.managed.values().map(|managed| &managed.document);
        of_holders
            .chain(of_groups)
            .map(|(_, document)| document)
            .chain(managed)
    }

    /// What the principal holds, with everybody else who holds the same.
    pub fn grants(&self, holder: &Holder) -> Grants {
        let mut grants = Grants {
            principal: Some(holder.arn.clone()),
            created: holder.created,
            ..Grants::default()
        };
        for (name, document) in &holder.inline {
            grants.held.push(Held {
                origin: Origin::Inline { name: name.clone() },
                layer: Layer::Identity,
                document: document.clone(),
                holders: vec![holder.arn.clone()],
                boundary_of: Vec::new(),
            });
        }
        let unread = holder.unread.iter().cloned();
        grants
            .not_given
            .extend(unread.map(|name| Origin::Inline { name }));
        for arn in &holder.attached {
            self.add_managed(&mut grants, arn, None);
        }
        for name in &holder.groups {
            self.add_group(&mut grants, name);
        }
        if let Some(arn) = &holder.boundary {
            match self.document(arn) {
                Some((_, document)) => grants.held.push(Held {
                    origin: Origin::Boundary { arn: arn.clone() },
                    layer: Layer::Boundary,
                    document,
                    holders: self.holders_of(|other| other.boundary.as_deref() == Some(arn)),
                    boundary_of: Vec::new(),
                }),
                None => grants.not_given.push(Origin::Boundary { arn: arn.clone() }),
            }
        }
        grants
    }

    fn add_group(&self, grants: &mut Grants, name: &str) {
        let Some(group) = self.groups.get(name) else {
            return;
        };
        for (policy, document) in &group.inline {
            grants.held.push(Held {
                origin: Origin::GroupInline {
                    group: name.to_owned(),
                    name: policy.clone(),
                },
                layer: Layer::Identity,
                document: document.clone(),
                holders: self.holders_of(|other| other.groups.iter().any(|group| group == name)),
                boundary_of: Vec::new(),
            });
        }
        let unread = group.unread.iter().cloned();
        grants.not_given.extend(unread.map(|policy| Origin::GroupInline {
            group: name.to_owned(),
            name: policy,
        }));
        for arn in &group.attached {
            self.add_managed(grants, arn, Some(name));
        }
    }

    fn add_managed(&self, grants: &mut Grants, arn: &str, group: Option<&str>) {
        let aws = is_aws_managed(arn);
        let same = |held: &Held| {
            held.layer == Layer::Identity
                && held.origin.arn() == Some(arn)
                && (!aws || held.origin.group() == group)
        };
        if grants.held.iter().any(same) {
            // Attached directly and through a group, or through two groups: it is one text, which is edited
            // once. What belongs to AWS is detached instead, from each that it is attached to.
            return;
        }
        let through = group;
        let group = group.map(str::to_owned);
        let origin = |version| {
            let arn = arn.to_owned();
            if aws {
                Origin::AwsManaged { arn, version, group }
            } else {
                Origin::CustomerManaged { arn, version, group }
            }
        };
        match self.document(arn) {
            Some((version, document)) => {
                let holders = match through {
                    _ if !aws => self.holders_of(|other| self.reaches(other, arn)),
                    None => grants.principal.clone().into_iter().collect(),
                    Some(group) => self.holders_of(|other| other.groups.iter().any(|own| own == group)),
                };
                grants.held.push(Held {
                    origin: origin(version),
                    layer: Layer::Identity,
                    document,
                    holders,
                    boundary_of: if aws {
                        Vec::new()
                    } else {
                        self.holders_of(|other| other.boundary.as_deref() == Some(arn))
                    },
                });
            }
            None => grants.not_given.push(origin(None)),
        }
    }

    /// Whether the managed policy is attached to the principal or to one of its groups.
    fn reaches(&self, holder: &Holder, arn: &str) -> bool {
        holder.attached.iter().any(|attached| attached == arn)
            || holder.groups.iter().any(|name| {
                self.groups
                    .get(name)
                    .is_some_and(|group| group.attached.iter().any(|attached| attached == arn))
            })
    }

    fn document(&self, arn: &str) -> Option<(Option<String>, Document)> {
        if let Some(managed) = self.managed.get(arn) {
            return Some((managed.version.clone(), managed.document.clone()));
        }
        if !is_aws_managed(arn) {
            return None;
        }
        match super::managed_from_catalog(arn).0? {
            (Origin::AwsManaged { version, .. }, document) => Some((version, document)),
            _ => None,
        }
    }

    fn holders_of(&self, holds: impl Fn(&Holder) -> bool) -> Vec<String> {
        let arns: BTreeSet<String> = self
            .holders
            .iter()
            .filter(|holder| holds(holder))
            .map(|holder| holder.arn.clone())
            .collect();
        arns.into_iter().collect()
    }
}

/// `arn:aws:iam::aws:policy/…`: the account part of an AWS managed policy's ARN is `aws`
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>).
pub fn is_aws_managed(arn: &str) -> bool {
    crate::arn::Arn::parse(arn).is_some_and(|arn| arn.account == "aws")
}

/// Names like `wanted`, as `role/name` or `user/name`.
pub fn near_names<'a>(wanted: &str, arns: impl Iterator<Item = &'a str>) -> Vec<String> {
    let short: BTreeSet<String> = arns.filter_map(short_name).collect();
    let bare = wanted.rsplit('/').next().unwrap_or(wanted);
    let mut near = crate::near::several(wanted, short.iter().map(String::as_str), 3);
    if near.is_empty() {
        let kinds = ["role/", "user/"];
        near = short
            .iter()
            .filter(|name| {
                kinds.iter().any(|kind| {
                    name.strip_prefix(kind)
                        .is_some_and(|name| crate::near::nearest(bare, [name]).is_some())
                })
            })
            .map(String::as_str)
            .take(3)
            .collect();
    }
    near.into_iter().map(str::to_owned).collect()
}

/// `role/name` or `user/name` of a principal's ARN.
pub fn short_name(arn: &str) -> Option<String> {
    let resource = crate::arn::Arn::parse(arn)?.resource;
    let (kind, rest) = resource.split_once('/')?;
    Some(format!("{kind}/{}", rest.rsplit('/').next()?))
}

/// Whether a principal is like what a person wrote: `role/NAME`, `user/NAME` or an ARN, with `*` and `?`; or its
/// bare name.
pub fn is_like(arn: &str, wanted: &str) -> bool {
    let short = short_name(arn).unwrap_or_default();
    pattern::matches(wanted, &short)
        || pattern::matches(wanted, arn)
        || short.split_once('/').is_some_and(|(_, name)| name == wanted)
}
