//! What the new policies allow and should not: findings out of a comparison.

use std::collections::BTreeMap;

use super::sides::{Side, spelling};
use super::view::{ActionsView, BecauseView, Finding};
use super::words;
use crate::diagnostic::{Code, Diagnostic};
use crate::evaluate::prove::{Because, Comparison, Difference, Example, Undecided};
use crate::evaluate::{Context, StatementRef, allowed, compare};
use crate::simulate::answer;
use crate::simulate::view::RequestView;

/// What `new` allows and `old` does not.
pub fn new_access(old: &Side<'_>, new: &Side<'_>) -> Vec<Finding> {
    let comparison = compare(&old.in_layers(), &new.in_layers());
    let documents = old.policies.iter().chain(new.policies);
    let asked = Asked {
        new,
        against: Against::Old(old),
        spelling: spelling(documents.map(|given| &given.document)),
    };
    asked.findings(&comparison)
}

/// What `new` allows of these actions on these resources.
pub fn denied_access(new: &Side<'_>, actions: &[String], on: &[String]) -> Vec<Finding> {
    let comparison = allowed(&new.in_layers(), actions, on);
    let asked = Asked {
        new,
        against: Against::Forbidden(actions),
        spelling: spelling(new.policies.iter().map(|given| &given.document)),
    };
    asked.findings(&comparison)
}

enum Against<'a> {
    Old(&'a Side<'a>),
    Forbidden(&'a [String]),
}

struct Asked<'a> {
    new: &'a Side<'a>,
    against: Against<'a>,
    spelling: BTreeMap<String, String>,
}

/// What makes differences one finding: all but who asks.
type Same<'d> = (StatementRef, Because, &'d [String], &'d [String], Option<&'d str>);

impl Asked<'_> {
    fn findings(&self, comparison: &Comparison) -> Vec<Finding> {
        let mut groups: BTreeMap<Same<'_>, Vec<&Difference>> = BTreeMap::new();
        for difference in &comparison.differences {
            let key = (
                difference.by,
                difference.because,
                difference.resources.as_slice(),
                difference.actions.known.as_slice(),
                difference.actions.unknown.as_deref(),
            );
            groups.entry(key).or_default().push(difference);
        }
        let found = groups.into_values().filter_map(|group| self.differs(&group));
        let open = comparison.undecided.iter().map(|open| self.undecided(open));
        found.chain(open).collect()
    }

    fn differs(&self, group: &[&Difference]) -> Option<Finding> {
        let first = *group.first()?;
        let statement = self.new.statement(first.by);
        let actions = ActionsView {
            known: first.actions.known.clone(),
            unknown: first.actions.unknown.clone(),
        };
        let principals = askers(group);
        let example = example(&first.example);
        let mut resources = first.resources.clone();
        if resources.is_empty() && statement.is_some_and(|own| own.resource.is_some()) {
            resources.extend(example.resource.clone());
        }
        let to = match principals.as_slice() {
            [] => String::new(),
            some => format!(" to {}", words::few(some, 4)),
        };
        let grants = format!(
            "grants {}{}{to}",
            words::actions(statement, &actions),
            words::on(statement, &resources)
        );
        let (because, why) = self.because(first.because, &actions);
        let (code, message) = match &self.against {
            Against::Old(old) => {
                let verb = old.verb("does", "do");
                (
                    Code::NewAccess,
                    format!("{grants} that {} {verb} not allow", old.name),
                )
            }
            Against::Forbidden(_) => (Code::DeniedAccess, format!("{grants}, which must not be allowed")),
        };
        let for_example = words::request(&example, &self.spelling);
        let help = words::plain(&format!("{why}; for example {for_example}"));
        let diagnostic = Diagnostic::error(code, words::plain(&message)).help(help);
        Some(Finding {
            diagnostic: self.new.point(diagnostic, Some(first.by), &example.action),
            statement: self.new.view(first.by),
            actions,
            resources,
            principals,
            because,
            about: Vec::new(),
            example,
        })
    }

    /// Why it is a finding, as a value and in words.
    fn because(&self, because: Because, actions: &ActionsView) -> (Option<BecauseView>, String) {
        let old = match &self.against {
            Against::Old(old) => old,
            Against::Forbidden(patterns) => {
                let by = words::matching(patterns, actions);
                let quoted: Vec<String> = by.iter().map(|pattern| format!("'{pattern}'")).collect();
                let why = format!("--deny-access {}", words::few(&quoted, 4));
                return (Some(BecauseView::Forbidden { by }), why);
            }
        };
        match because {
            Because::Denied { by } => {
                let at = old.view(by);
                let why = at.as_ref().map(words::statement).unwrap_or_default();
                (
                    at.map(|by| BecauseView::Denied { by }),
                    format!("{why} denies it"),
                )
            }
            Because::NotAllowed { layer } => {
                let of = match words::of_layer(layer) {
                    limit if limit.is_empty() => old.name.to_owned(),
                    limit => limit,
                };
                let layer = layer.to_string();
                (
                    Some(BecauseView::NotAllowed { layer }),
                    format!("no statement of {of} allows it"),
                )
            }
        }
    }

    fn undecided(&self, open: &Undecided) -> Finding {
        let on = open.resource.clone().unwrap_or_else(|| "*".to_owned());
        let what = match &self.against {
            Against::Old(old) => format!("that {} {} not allow", old.name, old.verb("does", "do")),
            Against::Forbidden(_) => "that must not be allowed".to_owned(),
        };
        let message = match open.action.as_str() {
            "" => format!("may grant something {what}: it could not be decided"),
            action => format!("may grant {action} on {on} {what}: it could not be decided"),
        };
        let about: Vec<String> = open.about.iter().map(|text| words::about(text)).collect();
        let help = format!("it hangs on {}", words::few(&about, 4));
        let diagnostic =
            Diagnostic::warning(Code::UndecidedAccess, words::plain(&message)).help(words::plain(&help));
        let known = action_catalog::action(&open.action).is_some();
        Finding {
            diagnostic: self.new.point(diagnostic, open.by, &open.action),
            statement: open.by.and_then(|by| self.new.view(by)),
            actions: ActionsView {
                known: Some(open.action.clone()).filter(|_| known).into_iter().collect(),
                unknown: Some(open.action.clone()).filter(|action| !known && !action.is_empty()),
            },
            resources: vec![on.clone()],
            principals: Vec::new(),
            because: None,
            about,
            example: request(&open.action, Some(on)),
        }
    }
}

/// A request of which no more is said.
pub(super) fn request(action: &str, resource: Option<String>) -> RequestView {
    RequestView {
        action: action.to_owned(),
        resource,
        resource_account: None,
        aws_managed_key: false,
        principal: None,
        context: BTreeMap::new(),
    }
}

/// The example with what does not follow from its principal.
fn example(example: &Example) -> RequestView {
    let mut follows = Context::default();
    if let Some(principal) = &example.principal {
        principal.fill(&mut follows);
    }
    let resource = example.resource.clone().unwrap_or_else(|| "*".to_owned());
    let mut view = request(&example.action, Some(resource));
    let own = example.context.iter().filter(|(key, value)| {
        // What the principal already says is not said twice.
        !(follows.is_set(key) && follows.get(key) == *value)
    });
    view.context = own
        .map(|(key, value)| (key.to_owned(), answer::known(value)))
        .collect();
    view.principal = example.principal.as_ref().map(answer::principal);
    let account = example
        .principal
        .as_ref()
        .and_then(|principal| principal.account.clone());
    view.resource_account = account.map(|own| match example.across_accounts {
        true => "000000000000".to_owned(),
        false => own,
    });
    view
}

/// Who asks in the group's examples, in words.
fn askers(group: &[&Difference]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let principals = group
        .iter()
        .filter_map(|difference| difference.example.principal.as_ref());
    for text in principals.map(words::called) {
        if !found.contains(&text) {
            found.push(text);
        }
    }
    found
}
