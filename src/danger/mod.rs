//! What a grant opens: known paths ([`action_catalog::escalations`]) that become complete by what is
//! added to what is held.

use action_catalog::{Escalation, EscalationOn, escalations};
use schemars::JsonSchema;
use serde::Serialize;

use crate::pattern::matches_ignore_case;
use crate::policy::{Effect, Element, Statement};

#[cfg(test)]
mod tests;

/// How far a resource pattern reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// It names one resource, or one's own by a policy variable.
    One,
    /// Several that it still chooses: by a prefix, a path, a bucket.
    Several,
    /// All of a kind.
    Wide,
}

impl Reach {
    /// The reach of a resource pattern as a statement has it.
    pub fn of(resource: &str) -> Self {
        let Some([.., service, _, _, name]) = crate::arn::split_pattern(resource) else {
            // `*`, or no ARN: nothing is chosen by it.
            return if wild(resource) { Self::Wide } else { Self::One };
        };
        if !wild(name) {
            return Self::One;
        }
        // A bucket's name is all that tells its objects from others'; other names follow their type.
        let own = match name.split_once(['/', ':']) {
            Some((bucket, _)) if service == "s3" => bucket,
            Some((_, own)) => own,
            None => name,
        };
        let chosen = own.trim_start_matches(['*', '?', '/', ':']);
        let prefix = own.trim_end_matches('*');
        let named =
            prefix.ends_with(['-', '_', '/', ':', '.']) || !own.ends_with('*') || own.contains(['/', ':']);
        if chosen.is_empty() || (!named && service != "s3") {
            Self::Wide
        } else {
            Self::Several
        }
    }
}

/// Whether the text has a wildcard outside policy variables.
fn wild(text: &str) -> bool {
    let mut rest = text;
    while let Some((before, variable)) = rest.split_once("${") {
        if before.contains(['*', '?']) {
            return true;
        }
        rest = variable.split_once('}').map_or("", |(_, after)| after);
    }
    rest.contains(['*', '?'])
}

/// Whether a resource pattern names the holder's own user.
fn is_own(resource: &str) -> bool {
    let folded = resource.to_ascii_lowercase();
    folded.contains("${aws:username}") || folded.contains("${aws:userid}")
}

/// How a principal holds an action before the addition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holding {
    /// Not at all.
    No,
    /// On something; nobody knows how much. It counts as enough, before the addition and after it.
    Somewhere,
    /// On resources, the widest of which reach so far.
    On(Reach),
}

impl From<bool> for Holding {
    fn from(held: bool) -> Self {
        if held { Self::Somewhere } else { Self::No }
    }
}

impl Holding {
    /// How these statements grant an action. A Deny of the action on all resources without a condition
    /// takes it away; conditions of an Allow are not looked at.
    pub fn of<'s>(statements: impl IntoIterator<Item = &'s Statement>, action: &str) -> Self {
        let mut holding = Self::No;
        for statement in statements {
            if !names(&statement.action, action) {
                continue;
            }
            let reach = match &statement.resource {
                Some(Element::Only(list)) => list.iter().map(|resource| Reach::of(resource)).max(),
                Some(Element::Except(_)) => Some(Reach::Wide),
                None => None,
            };
            match (statement.effect, reach) {
                (Effect::Allow, Some(reach)) => holding = holding.max(Self::On(reach)),
                (Effect::Deny, Some(_)) if statement.conditions.is_empty() && denies_all(statement) => {
                    return Self::No;
                }
                _ => {}
            }
        }
        holding
    }

    fn suffices(self, path: &Escalation, action: &str) -> bool {
        match self {
            Self::No => false,
            Self::Somewhere => true,
            // A single user that somebody may change is most often that somebody.
            Self::On(reach) => {
                reach_suffices(path, action, reach)
                    && !(path.on == EscalationOn::Other && reach == Reach::One)
            }
        }
    }
}

fn names(element: &Element, action: &str) -> bool {
    let any = element
        .patterns()
        .iter()
        .any(|pattern| matches_ignore_case(pattern, action));
    any != element.is_except()
}

fn denies_all(statement: &Statement) -> bool {
    let everything =
        |element: &Element| !element.is_except() && element.patterns().iter().any(|own| own == "*");
    statement.resource.as_ref().is_some_and(everything)
}

fn reach_suffices(path: &Escalation, action: &str, reach: Reach) -> bool {
    match path.on {
        EscalationOn::Any | EscalationOn::Other => true,
        EscalationOn::Role => action != "iam:PassRole" || reach > Reach::One,
        EscalationOn::Wide => reach == Reach::Wide,
    }
}

/// A path that an addition completes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Opened {
    /// Its name, as `--allow-dangerous` takes it.
    pub name: &'static str,
    /// What the holder can do with it.
    pub title: &'static str,
    /// `privilege-escalation`, `credential-exposure`, `public-access`, `permissions-management`,
    /// `data-exposure`.
    pub kind: &'static str,
    /// Where it is described.
    pub source: &'static str,
    /// The actions it rests on that the addition brings, sorted.
    pub new: Vec<String>,
    /// The actions it rests on that were held before, sorted.
    pub held: Vec<String>,
}

/// The paths that become complete by the addition and were not before, by name.
///
/// `held` says whether, or how, the principal holds an action before; `added` is action pattern and
/// resource pattern, one pair for each that the new statements grant.
pub fn opened<H: Into<Holding>>(held: &dyn Fn(&str) -> H, added: &[(String, String)]) -> Vec<Opened> {
    let touched = |path: &&Escalation| {
        let mut named = path.all.iter().flatten();
        named.any(|action| brings(path, action, added))
    };
    let paths = escalations().iter().filter(touched);
    paths.filter_map(|path| complete(path, held, added)).collect()
}

/// The known paths that these statements alone are enough for, by name. `limits`: what else must allow (a
/// permissions boundary), none where it is empty.
pub fn held_by<'s>(statements: &[&'s Statement], limits: &[&'s Statement]) -> Vec<&'static Escalation> {
    let holding = |action: &str| {
        let own = Holding::of(statements.iter().copied(), action);
        if limits.is_empty() {
            own
        } else {
            own.min(Holding::of(limits.iter().copied(), action))
        }
    };
    let complete = |path: &&Escalation| {
        path.all
            .iter()
            .all(|either| either.iter().any(|action| holding(action).suffices(path, action)))
    };
    escalations().iter().filter(complete).collect()
}

/// The path that the action alone is, on this resource.
pub fn alone(action: &str, resource: &str) -> Option<&'static Escalation> {
    let added = [(action.to_owned(), resource.to_owned())];
    let mut paths = escalations().iter();
    paths.find(|path| {
        let [only] = path.all.as_slice() else {
            return false;
        };
        only.iter().any(|named| named == action) && brings(path, action, &added)
    })
}

fn brings(path: &Escalation, action: &str, added: &[(String, String)]) -> bool {
    added.iter().any(|(pattern, resource)| {
        matches_ignore_case(pattern, action)
            && reach_suffices(path, action, Reach::of(resource))
            && !(path.on == EscalationOn::Other && is_own(resource))
    })
}

fn complete<H: Into<Holding>>(
    path: &'static Escalation,
    held: &dyn Fn(&str) -> H,
    added: &[(String, String)],
) -> Option<Opened> {
    let mut opened = Opened {
        name: &path.name,
        title: &path.title,
        kind: path.kind.as_str(),
        source: &path.source,
        new: Vec::new(),
        held: Vec::new(),
    };
    for either in &path.all {
        let held_before = |action: &&String| held(action).into().suffices(path, action);
        let before: Vec<&String> = either.iter().filter(held_before).collect();
        if !before.is_empty() {
            opened.held.extend(before.into_iter().cloned());
            continue;
        }
        let brought: Vec<&String> = either
            .iter()
            .filter(|action| brings(path, action, added))
            .collect();
        if brought.is_empty() {
            return None;
        }
        opened.new.extend(brought.into_iter().cloned());
    }
    opened.new.sort();
    opened.held.sort();
    (!opened.new.is_empty()).then_some(opened)
}
