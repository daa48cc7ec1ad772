//! Resources of statements against the resource of a request, and ARNs in conditions.

use super::variables::{Mode, Resolved, Text, split_parts};
use super::{Context, Target, Truth};
use crate::arn::split_pattern;
use crate::pattern::{Atom, Pattern, ResourcePattern};
use crate::policy::{Element, Version};

/// The name under which an unknown resource is reported as missing.
const RESOURCE: &str = "resource";

/// The resource of a request, made ready once for all statements.
pub(super) enum Asked<'a> {
    Arn([&'a str; 6], &'a str),
    Pattern(ResourcePattern),
    Any,
    Unknown,
}

impl<'a> From<Target<'a>> for Asked<'a> {
    fn from(target: Target<'a>) -> Self {
        match target {
            Target::Arn("*") | Target::Any => Self::Any,
            // A text that is no ARN says not enough about what is asked.
            Target::Arn(text) => split_pattern(text).map_or(Self::Unknown, |parts| Self::Arn(parts, text)),
            Target::Pattern(text) => Self::Pattern(ResourcePattern::new(text)),
            Target::Unknown => Self::Unknown,
        }
    }
}

/// An ARN pattern, variables included.
#[derive(Debug, Clone)]
pub(super) enum ArnText {
    /// `*`, six parts, or fewer, without variables.
    Fixed(ResourcePattern),
    /// Six parts, some of them with variables.
    Template(Box<[Text; 6]>),
    /// Not documented.
    Undocumented,
}

/// An ARN pattern for one request; as [`Resolved`].
enum ResolvedArn<'t> {
    Pattern(std::borrow::Cow<'t, ResourcePattern>, Vec<String>),
    NoValue,
    Undocumented,
}

impl ArnText {
    /// A value of an ARN operator: variables may stand in every part.
    pub(super) fn new(text: &str, version: Version) -> Self {
        if version == Version::V2008 || !text.contains("${") {
            return Self::Fixed(ResourcePattern::new(text));
        }
        let Some(parts) = split_parts(text, version) else {
            return Self::Undocumented;
        };
        let parts = parts.map(|part| Text::new(part, version, Mode::Like));
        if parts.contains(&Text::Undocumented) {
            return Self::Undocumented;
        }
        Self::Template(Box::new(parts))
    }

    /// A resource: variables are documented after the fifth colon only.
    fn resource(text: &str, version: Version) -> Self {
        match Self::new(text, version) {
            Self::Template(parts) if parts.iter().take(5).any(|part| !matches!(part, Text::Fixed(_))) => {
                Self::Undocumented
            }
            other => other,
        }
    }

    fn resolve(&self, context: &Context) -> ResolvedArn<'_> {
        let parts = match self {
            Self::Fixed(pattern) => {
                return ResolvedArn::Pattern(std::borrow::Cow::Borrowed(pattern), Vec::new());
            }
            Self::Undocumented => return ResolvedArn::Undocumented,
            Self::Template(parts) => parts,
        };
        let (mut missing, mut no_value, mut undocumented) = (Vec::new(), false, false);
        let patterns = parts.each_ref().map(|part| match part.resolve(context) {
            Resolved::Pattern(pattern, mut unknown) => {
                missing.append(&mut unknown);
                pattern.into_owned()
            }
            Resolved::NoValue => {
                no_value = true;
                Pattern::new("")
            }
            Resolved::Undocumented => {
                undocumented = true;
                Pattern::new("")
            }
        });
        match (undocumented, no_value) {
            (true, _) => ResolvedArn::Undocumented,
            (_, true) => ResolvedArn::NoValue,
            _ => ResolvedArn::Pattern(
                std::borrow::Cow::Owned(ResourcePattern::Parts(Box::new(patterns))),
                missing,
            ),
        }
    }

    /// Whether the value of a condition key matches, taken apart; `None`: it is no ARN.
    pub(super) fn matches(
        &self,
        asked: Option<&[&str; 6]>,
        context: &Context,
        missing: &mut Vec<String>,
    ) -> Truth {
        match (self, asked) {
            // The documents speak of six parts; what one `*` for all of them does, they don't say.
            (Self::Fixed(ResourcePattern::All) | Self::Undocumented, _) => Truth::Unknown,
            (Self::Fixed(pattern), parts) => pattern.matches_parts(parts).map_or(Truth::Unknown, Truth::from),
            (Self::Template(_), None) => Truth::False,
            (Self::Template(own), Some(parts)) => parts_match(own, parts, context, missing),
        }
    }

    /// Whether the resource of a request matches.
    fn covers(&self, asked: &Asked<'_>, context: &Context, missing: &mut Vec<String>) -> Truth {
        let truth = match (self, asked) {
            (Self::Fixed(ResourcePattern::All), _) => Truth::True,
            (own, Asked::Arn(parts, text)) => match own.matches(Some(parts), context, missing) {
                Truth::False if own.may_cross() => own.compare(context, missing, |pattern| {
                    if crosses(pattern, parts, text) {
                        Truth::Unknown
                    } else {
                        Truth::False
                    }
                }),
                truth => truth,
            },
            (own, asked) => own.compare(context, missing, |pattern| match asked {
                Asked::Pattern(asked) if asked.is_subset(pattern) == Some(true) => Truth::True,
                Asked::Pattern(asked) if asked.intersects(pattern) == Some(false) => Truth::False,
                Asked::Any if pattern.is_every_arn() || matches!(pattern, ResourcePattern::Unusual(_)) => {
                    Truth::Unknown
                }
                Asked::Any => Truth::False,
                Asked::Arn(..) | Asked::Pattern(_) | Asked::Unknown => Truth::Unknown,
            }),
        };
        if truth == Truth::Unknown && missing.is_empty() {
            missing.push(RESOURCE.to_owned());
        }
        truth
    }

    /// Whether one of the first five parts ends in `*`.
    fn may_cross(&self) -> bool {
        let ends = |part: &Pattern| part.atoms().last() == Some(&Atom::Many);
        match self {
            Self::Fixed(ResourcePattern::Parts(parts)) => parts.iter().take(5).any(ends),
            Self::Template(parts) => parts
                .iter()
                .take(5)
                .any(|part| matches!(part, Text::Fixed(part) if ends(part))),
            _ => false,
        }
    }

    /// Asks the pattern for this request. Where a variable is not known the pattern matches too
    /// much: then its no is a no, and its yes is unknown.
    fn compare(
        &self,
        context: &Context,
        missing: &mut Vec<String>,
        ask: impl Fn(&ResourcePattern) -> Truth,
    ) -> Truth {
        match self.resolve(context) {
            ResolvedArn::NoValue => Truth::False,
            ResolvedArn::Undocumented => Truth::Unknown,
            ResolvedArn::Pattern(pattern, mut unknown) => {
                let truth = ask(&pattern);
                if unknown.is_empty() || truth == Truth::False {
                    return truth;
                }
                missing.append(&mut unknown);
                Truth::Unknown
            }
        }
    }
}

/// Whether the resource would match if a `*` at the end of one of the first five parts reached into
/// those that follow: one page of AWS's says that it can
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>),
/// another that no wildcard spans parts
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/security_iam_service-with-iam.html>).
fn crosses(pattern: &ResourcePattern, asked: &[&str; 6], text: &str) -> bool {
    let ResourcePattern::Parts(parts) = pattern else {
        return false;
    };
    let [head @ .., _] = &**parts;
    let star = head
        .iter()
        .position(|part| part.atoms().last() == Some(&Atom::Many));
    // What stands before the star must match as it is.
    let reached = star.is_some_and(|star| {
        let before = head.iter().zip(asked).take(star);
        before.into_iter().all(|(part, asked)| part.matches(asked))
    });
    if !reached {
        return false;
    }
    let mut atoms = Vec::with_capacity(text.len());
    for part in parts.iter() {
        if !atoms.is_empty() {
            atoms.push(Atom::Char(':'));
        }
        atoms.extend(part.atoms());
    }
    Pattern::from_atoms(atoms, false).matches(text)
}

/// Whether each part matches.
fn parts_match(own: &[Text; 6], asked: &[&str; 6], context: &Context, missing: &mut Vec<String>) -> Truth {
    // The last part differs most often: ask it first.
    if !own.iter().zip(asked).rev().all(|(own, part)| own.may_match(part)) {
        return Truth::False;
    }
    let mut unknown = Vec::new();
    let mut truth = Truth::True;
    for (own, part) in own.iter().zip(asked) {
        truth = truth.and(own.matches(part, context, &mut unknown));
        if truth == Truth::False {
            return truth;
        }
    }
    missing.append(&mut unknown);
    truth
}

/// `Resource` or `NotResource`, compiled.
#[derive(Debug, Clone)]
pub(super) struct Resources {
    except: bool,
    list: Vec<ArnText>,
}

impl Resources {
    pub(super) fn new(element: &Element, version: Version) -> Self {
        let list = element
            .patterns()
            .iter()
            .map(|text| ArnText::resource(text, version))
            .collect();
        Self {
            except: element.is_except(),
            list,
        }
    }

    /// Whether the statement's resources hold the one that is asked (all of them, for a pattern).
    pub(super) fn hold(&self, asked: &Asked<'_>, context: &Context, missing: &mut Vec<String>) -> Truth {
        let mut unknown = Vec::new();
        let mut listed = Truth::False;
        for entry in &self.list {
            let mut own = Vec::new();
            listed = listed.or(entry.covers(asked, context, &mut own));
            if listed == Truth::True {
                break;
            }
            unknown.append(&mut own);
        }
        if listed == Truth::Unknown && self.cover_together(asked) {
            listed = Truth::True;
        }
        if listed == Truth::Unknown {
            missing.append(&mut unknown);
        }
        if self.except { listed.not() } else { listed }
    }

    /// Whether several entries together cover an asked pattern that none covers alone.
    fn cover_together(&self, asked: &Asked<'_>) -> bool {
        let Asked::Pattern(asked) = asked else {
            return false;
        };
        let fixed = self.list.iter().filter_map(|entry| match entry {
            ArnText::Fixed(pattern) => Some(pattern),
            _ => None,
        });
        asked.is_subset_of_union(&fixed.collect::<Vec<_>>())
    }
}
