//! A proposal of `recommend`, judged by the last days of the trail that it is made from.

use std::path::PathBuf;

use jiff::Timestamp;

use super::trails::{self, TrailArgs};
use crate::backtest::{Backtest, Earlier, of_proposal};
use crate::diagnostic::{Code, Diagnostic};
use crate::evidence::{Evidence, Interest, Ledger, Visibility};
use crate::grants::Grants;
use crate::recommend::{Options, Subject};
use crate::source::Files;

/// So many last days judge.
const JUDGED_DAYS: i64 = 30;

/// Where to cut the trail; `None` where it is too short, or can be read once only. With its files, where they were
/// listed.
pub(super) fn cut(
    paths: &[PathBuf],
    args: &TrailArgs,
    threads: usize,
    interest: &Interest,
) -> Result<(Option<Timestamp>, Option<Files>), Vec<Diagnostic>> {
    let (span, files) = trails::span(paths, args, threads, interest, trails::least_days(JUDGED_DAYS))?;
    Ok((span.and_then(|span| trails::last_days(JUDGED_DAYS, span)), files))
}

/// The two parts of a trail, where it was cut.
#[derive(Default)]
pub(super) struct InParts {
    parts: Option<(Timestamp, Ledger, Ledger)>,
}

impl InParts {
    pub(super) fn new(cut: Option<Timestamp>, parts: &[Ledger]) -> Self {
        let parts = match (cut, parts) {
            (Some(cut), [earlier, later]) => Some((cut, earlier.clone(), later.clone())),
            _ => None,
        };
        Self { parts }
    }

    /// The same trail: what it is set to record is known of both parts.
    pub(super) fn seen_by(mut self, whole: &Visibility) -> Self {
        if let Some((_, earlier, _)) = &mut self.parts {
            earlier.visibility.selectors.clone_from(&whole.selectors);
        }
        self
    }

    /// Says once why a proposal is not judged.
    pub(super) fn say_why_not(&self, from_input: bool, said: &mut Vec<Diagnostic>) {
        if self.parts.is_some() {
            return;
        }
        let why = if from_input {
            "the proposal is not judged by the last days: a trail on standard input is read once only"
        } else {
            "the trail is too short to judge the proposal by its last 30 days"
        };
        said.push(Diagnostic::note(Code::ShortWindow, why));
    }

    /// What the earlier part shows of a principal, and could have shown.
    pub(super) fn earlier(&self, arn: &str) -> Option<(&Evidence, &Visibility)> {
        let (_, earlier, _) = self.parts.as_ref()?;
        Some((earlier.evidence(arn)?, &earlier.visibility))
    }

    /// What the later part shows of a principal.
    pub(super) fn later(&self, arn: &str) -> Option<&Evidence> {
        let (_, _, later) = self.parts.as_ref()?;
        later.evidence(arn)
    }

    /// The backtest with this outcome.
    pub(super) fn told(&self, outcome: crate::backtest::Outcome) -> Option<Backtest> {
        let (cut, earlier, later) = self.parts.as_ref()?;
        let (first, _) = earlier.visibility.window?;
        let last = later.visibility.window.map_or(*cut, |(_, last)| last);
        let days = |from: Timestamp, to: Timestamp| (to.duration_since(from).as_hours() + 12) / 24;
        Some(Backtest {
            from: cut.to_string(),
            learnt_days: days(first, *cut),
            judged_days: days(*cut, last),
            outcome,
        })
    }

    /// What the proposal for the principal, made of the earlier part, would have refused in the later; `None`
    /// where the earlier part shows nothing of it.
    pub(super) fn judge(&self, grants: &Grants, others: &[Grants], options: &Options) -> Option<Backtest> {
        let arn = grants.principal.as_deref()?;
        let (learnt, visibility) = self.earlier(arn)?;
        let none = Evidence::default();
        let subjects: Vec<Subject<'_>> = others
            .iter()
            .map(|grants| {
                let of_it = grants.principal.as_deref().and_then(|arn| self.earlier(arn));
                Subject {
                    grants,
                    evidence: of_it.map_or(&none, |(evidence, _)| evidence),
                }
            })
            .collect();
        let earlier = Earlier {
            learnt,
            visibility,
            later: self.later(arn).unwrap_or(&none),
        };
        self.told(of_proposal(grants, &subjects, earlier, options))
    }
}
