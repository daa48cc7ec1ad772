//! `recommend --strategy`: one of the ways to run IAM, or all of them side by side.

use super::earlier::InParts;
use crate::backtest::{Backtest, judge};
use crate::diagnostic::Code;
use crate::evidence::{Evidence, Ledger, Visibility};
use crate::grants::Grants;
use crate::recommend::{Generalise, Options, Proposal, State, Subject, recommend};
use crate::report::view::StrategyView;
use crate::strategy::{
    Candidate, Choice, Compared, ManagedPolicies, Observed, Quotas, SideBySide, Strategy, candidate, price,
    proposal,
};

/// What `--strategy` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    One(Strategy),
    All,
}

/// Those that one may choose; the others are there to compare.
const CHOICES: [Strategy; 6] = [
    Strategy::Minimal,
    Strategy::MinimalUsedServices,
    Strategy::Service,
    Strategy::Managed,
    Strategy::JobFunction,
    Strategy::PowerUser,
];

pub(super) fn wanted(text: &str) -> Result<Wanted, String> {
    if text == "all" {
        return Ok(Wanted::All);
    }
    let names = CHOICES.map(Strategy::as_str).join(", ");
    let found = text.parse().ok().filter(|own| CHOICES.contains(own));
    found
        .map(Wanted::One)
        .ok_or_else(|| format!("write one of {names}, all"))
}

/// A principal as a strategy sees it.
#[derive(Clone, Copy)]
pub(super) struct Case<'c> {
    pub(super) subject: Subject<'c>,
    pub(super) others: &'c [Grants],
    pub(super) ledger: &'c Ledger,
    pub(super) parts: &'c InParts,
    pub(super) options: &'c Options,
    pub(super) managed: &'c ManagedPolicies,
}

impl Case<'_> {
    /// What `recommend` is asked for; `None` for strategies that are not narrowed grants.
    fn narrowed(&self, choice: Choice) -> Option<Options> {
        let own = choice.options()?;
        Some(Options {
            unseen: own.unseen,
            generalise: own.generalise,
            ..self.options.clone()
        })
    }

    fn of(
        &self,
        choice: Choice,
        subject: Subject<'_>,
        others: &[Subject<'_>],
        visibility: &Visibility,
    ) -> Proposal {
        match self.narrowed(choice) {
            Some(options) => recommend(subject, others, visibility, &options),
            None => {
                let candidate = candidate(choice, subject, visibility, self.managed);
                proposal(choice, &candidate, subject, visibility)
            }
        }
    }

    /// The proposal of a strategy.
    pub(super) fn proposal(&self, choice: Choice) -> Proposal {
        let none = Evidence::default();
        let others = self.sharing(&none);
        self.of(choice, self.subject, &others, &self.ledger.visibility)
    }

    /// Those who share policies with it.
    fn sharing<'s>(&'s self, none: &'s Evidence) -> Vec<Subject<'s>> {
        let of = |arn| self.ledger.evidence(arn);
        let subject = |grants: &'s Grants| Subject {
            grants,
            evidence: grants.principal.as_deref().and_then(of).unwrap_or(none),
        };
        self.others.iter().map(subject).collect()
    }

    /// What the strategy, learnt from the earlier part of the trail, would have refused in the later.
    pub(super) fn backtest(&self, choice: Choice) -> Option<Backtest> {
        let grants = self.subject.grants;
        if let Some(options) = self.narrowed(choice) {
            return self.parts.judge(grants, self.others, &options);
        }
        let arn = grants.principal.as_deref()?;
        let (learnt, visibility) = self.parts.earlier(arn)?;
        let subject = Subject {
            grants,
            evidence: learnt,
        };
        let none = Evidence::default();
        let made = self.of(choice, subject, &[], visibility);
        let (before, after) = made.in_force(grants);
        let later = self.parts.later(arn).unwrap_or(&none);
        self.parts.told(judge(&before, &after, later))
    }

    fn price(&self, choice: Choice, made: &Proposal, observed: Option<&Observed>) -> crate::strategy::Price {
        price(choice, &Candidate::of(made), self.subject, None, observed)
    }

    /// What a report says of the strategy.
    pub(super) fn view(&self, choice: Choice, made: &Proposal) -> StrategyView {
        let loses = made.actions.values();
        StrategyView {
            meaning: choice.strategy.meaning(),
            loses: loses.filter(|state| !matches!(state, State::Kept(_))).count(),
            price: self.price(choice, made, None),
        }
    }

    /// All strategies, the present grants first.
    pub(super) fn side_by_side(&self, level: Generalise) -> SideBySide {
        let own = self.subject;
        let everybody = self.ledger.entries.values().map(|entry| &entry.evidence);
        let observed = Observed::of(everybody);
        let mut strategies = Vec::new();
        let mut diagnostics = Vec::new();
        let present = Choice::all(Strategy::Present, &[]);
        let chosen = CHOICES
            .iter()
            .flat_map(|strategy| Choice::all(*strategy, &[level]));
        for choice in present.into_iter().chain(chosen) {
            let (price, judged) = if choice.strategy == Strategy::Present {
                let as_it_is = candidate(choice, own, &self.ledger.visibility, self.managed);
                (price(choice, &as_it_is, own, None, Some(&observed)), None)
            } else {
                let made = self.proposal(choice);
                let errors = made
                    .diagnostics
                    .iter()
                    .filter(|said| said.code == Code::ProofFailed);
                diagnostics.extend(errors.cloned());
                (self.price(choice, &made, Some(&observed)), self.backtest(choice))
            };
            strategies.push(Compared {
                meaning: choice.strategy.meaning(),
                price,
                judged,
            });
        }
        let window = self.ledger.visibility.window;
        SideBySide {
            schema_version: crate::strategy::SCHEMA_VERSION,
            principal: own.grants.principal.clone().unwrap_or_default(),
            events: own.evidence.events,
            first: window.map(|(first, _)| first.to_string()),
            last: window.map(|(_, last)| last.to_string()),
            quotas: Quotas::default(),
            strategies,
            diagnostics,
        }
    }
}
