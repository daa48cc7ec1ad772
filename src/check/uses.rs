//! Observed use that the new policies would refuse.

use std::collections::BTreeMap;

use super::access::request;
use super::sides::{Side, spelling};
use super::view::{ActionsView, BecauseView, Finding, Uses};
use super::words;
use crate::diagnostic::{Code, Diagnostic};
use crate::evaluate::{Compiled, Context, Decision, Layer, Request, StatementRef};
use crate::evidence::{Evidence, Tally};
use crate::recommend::carried;
use crate::require::Resource;
use crate::simulate::answer;
use crate::simulate::view::RequestView;

/// What an observed use comes to under the new policies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Denied(StatementRef),
    NotAllowed(Layer),
    Open(Vec<String>),
}

/// Uses of one action with one fate.
struct Group {
    example: RequestView,
    resources: Vec<String>,
    calls: u64,
    last: Option<jiff::Timestamp>,
}

/// Every observed use that `old` allowed (without it, every one) must be allowed by `new`.
pub fn lost_use(
    old: Option<&Side<'_>>,
    new: &Side<'_>,
    principal: &str,
    evidence: &Evidence,
) -> (Uses, Vec<Finding>) {
    let mut uses = Uses {
        principal: principal.to_owned(),
        ..Uses::default()
    };
    let before = old.map(Side::in_layers);
    let after = new.in_layers();
    let compiled_old = before.as_deref().map(Compiled::new);
    let compiled_new = Compiled::new(&after);
    let mut groups: BTreeMap<(&str, Fate), Group> = BTreeMap::new();
    for (action, of_action) in &evidence.actions {
        for (resource, context, tally) in of_action.used() {
            uses.observed += 1;
            let request = Request::new(action, resource.target(), context);
            let was = compiled_old.as_ref().map(|old| old.decide(&request));
            if matches!(
                was,
                Some(Decision::ImplicitDeny { .. } | Decision::ExplicitDeny { .. })
            ) {
                uses.unexplained += 1;
                continue;
            }
            let fate = match compiled_new.decide(&request) {
                Decision::Allowed { .. } => {
                    uses.allowed += 1;
                    continue;
                }
                Decision::ExplicitDeny { by, .. } => Fate::Denied(by),
                Decision::ImplicitDeny { layer } => Fate::NotAllowed(layer),
                Decision::Unknown { missing } => {
                    let same = compiled_old.as_ref().zip(before.as_deref()).is_some_and(|old| {
                        carried(old, (&compiled_new, &after), (action, resource, context))
                    });
                    if same {
                        uses.carried += 1;
                        continue;
                    }
                    Fate::Open(missing)
                }
            };
            match fate {
                Fate::Open(_) => uses.undecided += 1,
                _ => uses.lost += 1,
            }
            let group = groups
                .entry((action, fate))
                .or_insert_with(|| Group::new(action, resource, context));
            group.add(resource, tally);
        }
    }
    let documents = new
        .policies
        .iter()
        .chain(old.into_iter().flat_map(|old| old.policies));
    let spelling = spelling(documents.map(|given| &given.document));
    let findings = groups
        .into_iter()
        .map(|((_, fate), group)| group.finding(&fate, new, principal, &spelling));
    (uses, findings.collect())
}

impl Group {
    fn new(action: &str, resource: &Resource, context: &Context) -> Self {
        let resource = Some(resource)
            .filter(|resource| **resource != Resource::Unknown)
            .map(|resource| resource.shown().to_owned());
        let mut example = request(action, resource);
        example.context = context
            .iter()
            .map(|(key, value)| (key.to_owned(), answer::known(value)))
            .collect();
        Self {
            example,
            resources: Vec::new(),
            calls: 0,
            last: None,
        }
    }

    fn add(&mut self, resource: &Resource, tally: &Tally) {
        let shown = match resource {
            Resource::Unknown => "a resource that is not known",
            known => known.shown(),
        };
        if !self.resources.iter().any(|known| known == shown) {
            self.resources.push(shown.to_owned());
        }
        self.calls += tally.used();
        self.last = self.last.max(tally.seen.map(|(_, last)| last));
    }

    fn finding(
        self,
        fate: &Fate,
        new: &Side<'_>,
        principal: &str,
        spelling: &BTreeMap<String, String>,
    ) -> Finding {
        let action = self.example.action.clone();
        let what = format!("{action} on {}", words::few(&self.resources, 4));
        let times = match self.calls {
            1 => "once".to_owned(),
            many => format!("{many} times"),
        };
        let last = self
            .last
            .map(|last| format!(", last on {}", last.strftime("%Y-%m-%d")))
            .unwrap_or_default();
        let used = format!("{principal} used it {times}{last}");
        let example = words::request(&self.example, spelling);
        let (code, message, why, because, by) = match fate {
            Fate::Denied(by) => (
                Code::LostUse,
                format!("denies {what}, which was used"),
                used,
                new.view(*by).map(|by| BecauseView::Denied { by }),
                Some(*by),
            ),
            Fate::NotAllowed(layer) => {
                let of = match words::of_layer(*layer) {
                    limit if limit.is_empty() => new.name.to_owned(),
                    limit => limit,
                };
                (
                    Code::LostUse,
                    format!("no statement of {of} allows {what}, which was used"),
                    used,
                    Some(BecauseView::NotAllowed {
                        layer: layer.to_string(),
                    }),
                    None,
                )
            }
            Fate::Open(missing) => {
                let spelled: Vec<String> = missing
                    .iter()
                    .map(|key| spelling.get(key).unwrap_or(key).clone())
                    .collect();
                (
                    Code::UndecidedAccess,
                    format!(
                        "{what} was used; whether {} {} it could not be decided",
                        new.name,
                        new.verb("allows", "allow")
                    ),
                    format!(
                        "it hangs on {}, which the trail does not say; {used}",
                        words::few(&spelled, 4)
                    ),
                    None,
                    None,
                )
            }
        };
        let help = words::plain(&format!("{why}; for example {example}"));
        let message = words::plain(&message);
        let diagnostic = match code {
            Code::LostUse => Diagnostic::error(code, message),
            _ => Diagnostic::warning(code, message),
        }
        .help(help);
        let known = action_catalog::action(&action).is_some();
        Finding {
            diagnostic: new.point(diagnostic, by, &action),
            statement: by.and_then(|by| new.view(by)),
            actions: ActionsView {
                known: Some(action.clone()).filter(|_| known).into_iter().collect(),
                unknown: Some(action).filter(|_| !known),
            },
            resources: self.resources,
            principals: Vec::new(),
            because,
            about: match fate {
                Fate::Open(missing) => missing.clone(),
                _ => Vec::new(),
            },
            example: self.example,
        }
    }
}
