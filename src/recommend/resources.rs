//! From the resources that were observed to the patterns that a statement names.
//!
//! A resource is widened only by a named [`Rule`], and never beyond what the grant already names.

use std::collections::{BTreeMap, BTreeSet};

use action_catalog::Service;
use schemars::JsonSchema;
use serde::Serialize;

use crate::arn::split_pattern;
use crate::pattern;
use crate::require::{Resource, Widened, any_of_type, type_of};
use crate::variable_parts::{self, Kind};

use super::alike;

/// Why a pattern is wider than what was observed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// AWS makes a new id for each use; the next run meets another.
    GeneratedId,
    /// A date in the name: the next run writes another.
    Date,
    /// An id or a shard number in the name.
    Sequence,
    /// The same name in several regions.
    Region,
    /// The same name in several versions.
    Version,
    /// One part of a path varies, and all around it is the same: a tenant, a customer, a stage.
    Segment,
    /// Many siblings under one prefix.
    Siblings,
    /// One level up the path: asked for with `--generalise wide`.
    LevelUp,
    /// Any resource of the type: asked for with `--generalise type`.
    OfType,
    /// So many of one type that naming each is no help.
    ManyOfAType,
    /// The catalog's template for the call has a wildcard.
    Template,
    /// Folded while the trail was read, to bound memory.
    Folded,
    /// A character that a policy would read as a wildcard, held by `?`.
    Escaped,
    /// The grant's own pattern, which is narrower than the rule's.
    AsGranted,
}

impl Rule {
    /// One sentence for a reader.
    pub fn meaning(&self) -> &'static str {
        match self {
            Self::GeneratedId => "AWS makes a new id each time",
            Self::Date => "a date in the name",
            Self::Sequence => "an id or number in the name",
            Self::Region => "the same name in several regions",
            Self::Version => "the same name in several versions",
            Self::Segment => "one part of the path varies",
            Self::Siblings => "many siblings under one prefix",
            Self::LevelUp => "one level up, as asked",
            Self::OfType => "any of its type, as asked",
            Self::ManyOfAType => "many of one type",
            Self::Template => "the name is not fully known from the event",
            Self::Folded => "too many names to keep one by one",
            Self::Escaped => "a character that means something else in a policy",
            Self::AsGranted => "as granted",
        }
    }
}

/// A pattern with the rule behind it and what it stands for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Narrowed {
    /// The resource pattern.
    pub pattern: String,
    /// `None`: exactly what was observed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<Rule>,
    /// How many observed resources it covers.
    pub members: usize,
    /// A few of them, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<String>,
    /// A name that it admits as well and that was not seen: made up, to show what the rule lets in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub also: Option<String>,
    /// Resources that other principals of this report's trail were seen to use, and that it admits; absent
    /// where the trail was read for this principal alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub others: Option<usize>,
}

impl Narrowed {
    /// A pattern as somebody named it, without evidence of its own.
    pub(crate) fn as_named(pattern: &str) -> Self {
        Self {
            pattern: pattern.to_owned(),
            rule: None,
            members: 0,
            examples: Vec::new(),
            also: None,
            others: None,
        }
    }
}

/// How far a resource is widened beyond what was observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Generalise {
    /// Only names that were seen. What AWS names anew each time (an instance, a task) stays a pattern: its
    /// name never comes again, and a statement that names it grants nothing.
    Exact,
    /// By the named rules.
    #[default]
    Rules,
    /// By the same rules from two alike on, and each path one level up.
    Wide,
    /// Any resource of the type, within the grant.
    Type,
}

impl Generalise {
    /// All of them, the narrowest first.
    pub const ALL: [Self; 4] = [Self::Exact, Self::Rules, Self::Wide, Self::Type];

    /// Its name, as the command line and JSON have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Rules => "rules",
            Self::Wide => "wide",
            Self::Type => "type",
        }
    }

    /// How many alike a rule asks for.
    pub(super) fn least(self) -> Least {
        match self {
            Self::Wide => Least {
                numbers: 2,
                segments: 2,
                siblings: 2,
                of_a_type: 8,
            },
            _ => Least {
                numbers: 3,
                segments: 3,
                siblings: 4,
                of_a_type: 25,
            },
        }
    }
}

/// How many alike each rule asks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Least {
    /// Names that differ in a number or an id only.
    numbers: usize,
    /// Paths that differ in one part only.
    pub(super) segments: usize,
    /// Siblings from which on the prefix says more than the list.
    siblings: usize,
    /// Resources of one type from which on naming each is no help.
    of_a_type: usize,
}

/// Examples kept with a pattern.
const EXAMPLES: usize = 3;

/// A pattern under construction: its rule and the resources it covers.
pub(super) type Groups = BTreeMap<String, (Option<Rule>, BTreeSet<String>)>;

/// The patterns for `observed` resources, all of which the grant's pattern `granted` matches (or,
/// for observed patterns, may match); each result is within `granted`.
pub(super) fn generalise(
    service: &Service,
    observed: &[&Resource],
    granted: &str,
    how: Generalise,
) -> Vec<Narrowed> {
    let least = how.least();
    let mut groups = by_name(service, observed, how);
    if matches!(how, Generalise::Rules | Generalise::Wide) {
        alike::gather_regions(&mut groups);
        alike::gather_versions(&mut groups);
        alike::gather_segments(&mut groups, least.segments, |pattern| is_path(service, pattern));
        gather_siblings(service, &mut groups, least.siblings);
        if how == Generalise::Wide {
            level_up(service, &mut groups);
        }
        gather_many(service, &mut groups, least.of_a_type);
    }
    drop_covered(&mut bounded(groups, granted))
}

/// Step one: each name by itself, with dates, ids and numbers as `*` where a rule says so.
fn by_name(service: &Service, observed: &[&Resource], how: Generalise) -> Groups {
    let exact: Vec<&str> = observed
        .iter()
        .filter_map(|resource| {
            if let Resource::Arn(arn) = resource {
                Some(arn.as_str())
            } else {
                None
            }
        })
        .collect();
    let mut alike: BTreeMap<String, usize> = BTreeMap::new();
    for arn in &exact {
        *alike.entry(starred(arn)).or_default() += 1;
    }
    let mut groups = Groups::new();
    for arn in exact {
        let (pattern, rule) = of_name(service, arn, alike.get(&starred(arn)).copied().unwrap_or(1), how);
        let entry = groups.entry(pattern).or_insert((rule, BTreeSet::new()));
        entry.1.insert(arn.to_owned());
    }
    for resource in observed {
        if let Resource::Pattern { pattern, because } = resource {
            let rule = match because {
                Widened::GeneratedId => Rule::GeneratedId,
                Widened::Template(_) => Rule::Template,
                Widened::Folded => Rule::Folded,
            };
            groups
                .entry(pattern.clone())
                .or_insert((Some(rule), BTreeSet::new()))
                .1
                .insert(pattern.clone());
        }
    }
    groups
}

fn of_name(service: &Service, arn: &str, alike: usize, how: Generalise) -> (String, Option<Rule>) {
    let kind = type_of(service, arn);
    if let Some((kind, template)) = kind
        && kind.ephemeral
        && let Some(pattern) = any_of_type(template, arn)
    {
        // `task/prod/0a1b…`: the id goes, the cluster stays.
        let starred = starred(&escaped(arn));
        return (
            if starred == escaped(arn) { pattern } else { starred },
            Some(Rule::GeneratedId),
        );
    }
    let free = kind.is_some_and(|(kind, _)| is_free_form(service, &kind.name));
    let plain = escaped(arn);
    let exactly = (plain.clone(), (plain != arn).then_some(Rule::Escaped));
    if how == Generalise::Exact {
        return exactly;
    }
    if how == Generalise::Type {
        let any = kind
            .and_then(|(_, template)| any_of_type(template, arn))
            .map(in_any_region);
        return any.map_or(exactly, |any| (any, Some(Rule::OfType)));
    }
    let pattern = starred(&plain);
    if pattern == plain || (!free && is_bare(&pattern)) {
        return exactly;
    }
    let kinds = variable_parts::kinds(name_of(arn));
    let rule = if kinds.contains(&Kind::Date) {
        Rule::Date
    } else {
        Rule::Sequence
    };
    // One object with a date in its key is enough: tomorrow's has another. Elsewhere a name may
    // just happen to hold digits, and several alike are asked for.
    // `stack/shop-api/0a1b…`: AWS puts an id behind a name, and makes another when it is made anew.
    let id_behind_name = pattern.ends_with("/*") && kinds == [Kind::Id];
    let always = id_behind_name || free && (kinds.contains(&Kind::Date) || kinds.contains(&Kind::Id));
    if always || alike >= how.least().numbers {
        (pattern, Some(rule))
    } else {
        exactly
    }
}

fn in_any_region(pattern: String) -> String {
    match split_pattern(&pattern) {
        Some([head, partition, service, region, account, name]) if !region.is_empty() => {
            format!("{head}:{partition}:{service}:*:{account}:{name}")
        }
        _ => pattern,
    }
}

/// `*`, `?` and `${` are plain characters in a name and not in a policy; `?` stands for each.
fn escaped(arn: &str) -> String {
    arn.replace(['*', '$'], "?")
}

/// Types whose names are written by programs at run time: object keys and log streams.
fn is_free_form(service: &Service, kind: &str) -> bool {
    matches!(
        (service.prefix.as_str(), kind),
        ("s3", "object") | ("s3express", "object") | ("logs", "log-stream")
    )
}

/// Whether nothing but the type is left of the name (`key/*`): such a pattern names no resource.
fn is_bare(pattern: &str) -> bool {
    let name = name_of(pattern);
    let names = name.split_once(['/', ':']).map_or(name, |(_, names)| names);
    !names.contains(|c: char| c.is_alphanumeric())
}

fn name_of(arn: &str) -> &str {
    split_pattern(arn).map_or(arn, |[.., name]| name)
}

fn starred(arn: &str) -> String {
    let name = name_of(arn);
    format!(
        "{}{}",
        arn.strip_suffix(name).unwrap_or_default(),
        variable_parts::starred(name)
    )
}

/// Step three: so many under one path prefix become the prefix, from the leaves up.
fn gather_siblings(service: &Service, groups: &mut Groups, least: usize) {
    loop {
        let mut parents: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for pattern in groups.keys() {
            if let Some(parent) = parent_of(service, pattern) {
                parents.entry(parent).or_default().push(pattern.clone());
            }
        }
        let deepest = parents
            .into_iter()
            .filter(|(_, children)| children.len() >= least)
            .max_by_key(|(parent, _)| (parent.matches('/').count(), std::cmp::Reverse(parent.clone())));
        let Some((parent, children)) = deepest else { return };
        replace(groups, &children, format!("{parent}*"), Rule::Siblings);
    }
}

/// Each path to the prefix it stands under; what is a prefix already stays.
fn level_up(service: &Service, groups: &mut Groups) {
    for pattern in groups.keys().cloned().collect::<Vec<_>>() {
        if let Some(parent) = parent_of(service, &pattern).filter(|_| !pattern.ends_with("/*")) {
            replace(groups, &[pattern], format!("{parent}*"), Rule::LevelUp);
        }
    }
}

/// Whether the names of the pattern's type are paths that programs choose.
fn is_path(service: &Service, pattern: &str) -> bool {
    matches!(
        (
            service.prefix.as_str(),
            name_of(pattern).split(['/', ':']).next().unwrap_or_default()
        ),
        ("s3" | "s3express", _) | ("ssm", "parameter") | ("secretsmanager", "secret") | ("logs", "log-group")
    )
}

/// The prefix up to the last `/` of a path-like name; `None` for names that are no paths.
fn parent_of(service: &Service, pattern: &str) -> Option<String> {
    if !is_path(service, pattern) || pattern.ends_with("/*") && pattern.matches('/').count() < 2 {
        return None;
    }
    let trimmed = pattern.strip_suffix("/*").unwrap_or(pattern);
    let (parent, _) = trimmed.rsplit_once('/')?;
    // The type's own slash (`parameter/x`) is no path of names.
    let floor = if service.prefix == "s3" || service.prefix == "s3express" {
        0
    } else {
        1
    };
    (name_of(parent).matches('/').count() >= floor).then(|| format!("{parent}/"))
}

/// Step four: more than a reader would check one by one.
fn gather_many(service: &Service, groups: &mut Groups, least: usize) {
    let mut types: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (pattern, (_, members)) in groups.iter() {
        let Some(arn) = members.first() else { continue };
        if let Some(any) = type_of(service, arn).and_then(|(_, template)| any_of_type(template, arn)) {
            types.entry(any).or_default().push(pattern.clone());
        }
    }
    for (any, patterns) in types.into_iter().filter(|(_, patterns)| patterns.len() >= least) {
        replace(groups, &patterns, any, Rule::ManyOfAType);
    }
}

pub(super) fn replace(groups: &mut Groups, old: &[String], new: String, rule: Rule) {
    let mut members = BTreeSet::new();
    for pattern in old {
        if let Some((_, covered)) = groups.remove(pattern) {
            members.extend(covered);
        }
    }
    let entry = groups.entry(new).or_insert((Some(rule.clone()), BTreeSet::new()));
    entry.0 = Some(rule);
    entry.1.extend(members);
}

/// Each group held within what is granted: the rule's pattern, else the grant's own where that is
/// narrower, else the members themselves.
fn bounded(groups: Groups, granted: &str) -> Groups {
    let mut within = Groups::new();
    let mut add = |pattern: String, rule: Option<Rule>, members: BTreeSet<String>| {
        let entry = within.entry(pattern).or_insert((rule, BTreeSet::new()));
        entry.1.extend(members);
    };
    for (wider, (rule, members)) in groups {
        if pattern::resource_is_subset(&wider, granted) == Some(true) {
            add(wider, rule, members);
        } else if pattern::resource_is_subset(granted, &wider) == Some(true) {
            add(granted.to_owned(), Some(Rule::AsGranted), members);
        } else {
            for member in members {
                if pattern::resource_is_subset(&member, granted) == Some(true) {
                    add(member.clone(), None, BTreeSet::from([member]));
                } else {
                    add(
                        granted.to_owned(),
                        Some(Rule::AsGranted),
                        BTreeSet::from([member]),
                    );
                }
            }
        }
    }
    within
}

/// Patterns that another one covers go.
fn drop_covered(groups: &mut Groups) -> Vec<Narrowed> {
    let patterns: Vec<String> = groups.keys().cloned().collect();
    // A name covers nothing but itself.
    let wide: Vec<&String> = patterns
        .iter()
        .filter(|own| own.contains(['*', '?', '$']))
        .collect();
    for inner in &patterns {
        let outer = wide.iter().copied().find(|outer| {
            *outer != inner
                && groups.contains_key(*outer)
                && pattern::resource_is_subset(inner, outer) == Some(true)
        });
        if let Some(outer) = outer
            && let Some((_, members)) = groups.remove(inner)
            && let Some(entry) = groups.get_mut(outer)
        {
            entry.1.extend(members);
        }
    }
    groups
        .iter()
        .map(|(pattern, (rule, members))| Narrowed {
            pattern: pattern.clone(),
            rule: rule.clone(),
            members: members.len(),
            examples: if rule.is_some() {
                members.iter().take(EXAMPLES).cloned().collect()
            } else {
                Vec::new()
            },
            also: rule.as_ref().and_then(|_| alike::another(pattern, members)),
            others: None,
        })
        .collect()
}
