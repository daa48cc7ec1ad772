//! What a principal used, in a form in which two that do the same look the same.

use std::collections::{BTreeMap, BTreeSet};

use super::Member;
use crate::grants::HolderKind;
use crate::pattern::resource_is_subset;
use crate::recommend::{Generalise, on_resources};

/// Each action with the resource patterns that it was used on.
pub(super) type Profile = BTreeMap<String, BTreeSet<String>>;

/// Values of tags that are shorter may stand in a name for another reason.
const SHORT: usize = 3;

/// What the principal used; values of its tags, and of a user its name, as policy variables.
pub(super) fn profile(member: &Member<'_>) -> Profile {
    let mut profile = Profile::new();
    let own = own_names(member);
    for action in member.evidence.actions.keys() {
        let used: Vec<_> = member
            .evidence
            .used(action)
            .map(|(resource, _, _)| resource)
            .collect();
        if used.is_empty() {
            continue;
        }
        let patterns = on_resources(action, &used, Generalise::Rules).0.patterns();
        let patterns = patterns.iter().map(|pattern| with_variables(pattern, &own));
        profile.insert(action.clone(), patterns.collect());
    }
    profile
}

/// Texts and the variables that stand for them, the longest first.
fn own_names(member: &Member<'_>) -> Vec<(String, String)> {
    let tags = member.tags.iter().filter(|(key, value)| {
        // Of what stands in a variable only plain names are taken.
        let plain = |text: &str| {
            text.chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        };
        value.len() >= SHORT && plain(key) && plain(value)
    });
    let mut own: Vec<(String, String)> = tags
        .map(|(key, value)| (value.clone(), format!("${{aws:PrincipalTag/{key}}}")))
        .collect();
    if member.kind == HolderKind::User {
        own.push((member.name.to_owned(), "${aws:username}".to_owned()));
    }
    own.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.cmp(b)));
    own
}

/// The pattern with variables in place of the texts, where these stand by themselves in the resource's name.
fn with_variables(pattern: &str, own: &[(String, String)]) -> String {
    let Some([.., name]) = crate::arn::split_pattern(pattern) else {
        return pattern.to_owned();
    };
    let head = pattern.strip_suffix(name).unwrap_or_default();
    let mut name = name.to_owned();
    for (text, variable) in own {
        name = replaced(&name, text, variable);
    }
    format!("{head}{name}")
}

fn replaced(name: &str, text: &str, variable: &str) -> String {
    let mut out = String::new();
    let mut rest = name;
    while let Some(at) = rest.find(text) {
        let (before, found) = rest.split_at(at);
        let after = found.get(text.len()..).unwrap_or_default();
        out.push_str(before);
        let apart = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        // Not within a variable that stands there already.
        let open = out
            .rfind("${")
            .is_some_and(|at| !out.get(at..).unwrap_or_default().contains('}'));
        if !open && apart(out.chars().next_back()) && apart(after.chars().next()) {
            out.push_str(variable);
        } else {
            out.push_str(text);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The profile with the values of these tags in place of their variables.
pub(super) fn literal(profile: &Profile, same: &BTreeMap<String, String>) -> Profile {
    let plain = |pattern: &String| {
        let mut text = pattern.clone();
        for (key, value) in same {
            text = text.replace(&format!("${{aws:PrincipalTag/{key}}}"), value);
        }
        text
    };
    let plain = |(action, patterns): (&String, &BTreeSet<String>)| {
        (action.clone(), patterns.iter().map(plain).collect())
    };
    profile.iter().map(plain).collect()
}

/// The condition keys that variables of the patterns name.
pub(super) fn variables(profile: &Profile) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for pattern in profile.values().flatten() {
        let mut rest = pattern.as_str();
        while let Some((_, after)) = rest.split_once("${") {
            let (variable, next) = after.split_once('}').unwrap_or((after, ""));
            // `${*}` and the like are plain characters.
            if variable.contains(':') {
                found.insert(variable.to_owned());
            }
            rest = next;
        }
    }
    found
}

/// Patterns that another one covers go.
pub(super) fn drop_covered(patterns: &mut BTreeSet<String>) {
    if patterns.contains("*") {
        patterns.retain(|pattern| pattern == "*");
        return;
    }
    let all: Vec<String> = patterns.iter().cloned().collect();
    for inner in &all {
        let mut outers = all
            .iter()
            .filter(|outer| *outer != inner && patterns.contains(*outer));
        if outers.any(|outer| resource_is_subset(inner, outer) == Some(true)) {
            patterns.remove(inner);
        }
    }
}
