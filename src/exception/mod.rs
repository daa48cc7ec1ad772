//! Exceptions: what a review is told to leave as it is, by whom it was decided, why, and until when.
//!
//! A file of them is read by [`read`]; [`Exceptions::judged`] tells the ones that hold from those that have
//! expired. The core knows no clock: an exception is judged by the end of the trail.

mod read;

#[cfg(test)]
mod tests;

pub use read::read;

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use crate::diagnostic::{Code, Diagnostic, Place};
use crate::grants::{Holder, is_like};
use crate::recommend::Keep;

/// An exception that ends within so many days is noted.
const SOON_DAYS: i32 = 14;

/// What an exception leaves alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Excepts {
    /// Findings of this code.
    Finding(String),
    /// The whole proposal: nothing of it is proposed.
    Proposal,
    /// Actions like these: they stay as they are granted.
    Actions(Vec<String>),
}

/// One exception.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// The principals, as patterns: `role/NAME`, `user/NAME` or an ARN, with `*` and `?`.
    pub principals: Vec<String>,
    /// What it leaves alone.
    pub excepts: Excepts,
    /// Why, as the file says.
    pub reason: String,
    /// The last day (UTC) on which it holds.
    pub until: Date,
    /// The line of the file where it begins, from 1.
    pub line: u64,
}

/// A file of exceptions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exceptions {
    /// The file, as it is said to the person.
    pub file: String,
    /// In the order of the file.
    pub list: Vec<Exception>,
}

/// How an exception stands at the end of the trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Holds {
    /// It holds.
    InForce,
    /// It holds, and ends within 14 days.
    EndsSoon,
    /// It holds no longer.
    Expired,
}

/// An exception in a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ExceptionView {
    /// The line of the file where it begins.
    pub line: u64,
    /// The principals that it names, as patterns.
    pub principals: Vec<String>,
    /// What it leaves alone: `proposal`, `actions`, or the code of a finding.
    pub excepts: String,
    /// The actions, as patterns, where it is about actions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<String>,
    /// Why, as the file says.
    pub reason: String,
    /// The last day (UTC) on which it holds.
    pub until: String,
    /// How it stands at the end of the trail.
    pub holds: Holds,
    /// How many principals of the review it left something alone of.
    pub matched: usize,
}

/// What an exception left alone of a principal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct ExceptedView {
    /// `proposal`, `actions`, or the code of a finding.
    pub what: String,
    /// What would otherwise be proposed or found: edits of policies, or actions that would go.
    pub instead_of: Vec<String>,
    /// Why, as the file says.
    pub reason: String,
    /// The last day (UTC) on which it holds.
    pub until: String,
    /// The line of the file where the exception begins.
    pub line: u64,
}

impl Exception {
    /// Whether it names this principal (or whatever else a finding is about).
    pub fn names(&self, subject: &str) -> bool {
        self.principals.iter().any(|wanted| is_like(subject, wanted))
    }

    /// In one word, as reports have it.
    pub fn what(&self) -> &str {
        match &self.excepts {
            Excepts::Finding(code) => code,
            Excepts::Proposal => "proposal",
            Excepts::Actions(_) => "actions",
        }
    }

    /// How it stands on a day.
    pub fn holds(&self, on: Date) -> Holds {
        let left = on.until(self.until).map_or(0, |span| span.get_days());
        if self.until < on {
            Holds::Expired
        } else if left <= SOON_DAYS {
            Holds::EndsSoon
        } else {
            Holds::InForce
        }
    }

    /// For the report of a principal.
    pub fn excepted(&self, instead_of: Vec<String>) -> ExceptedView {
        ExceptedView {
            what: self.what().to_owned(),
            instead_of,
            reason: self.reason.clone(),
            until: self.until.to_string(),
            line: self.line,
        }
    }
}

/// The exceptions of a file as they stand at the end of a trail.
#[derive(Debug, Clone, Default)]
pub struct Judged {
    file: String,
    list: Vec<(Exception, Holds)>,
}

impl Exceptions {
    /// As they stand when the trail ends: an exception holds to the end of its day (UTC).
    pub fn judged(self, end: Timestamp) -> Judged {
        let on = jiff::tz::Offset::UTC.to_datetime(end).date();
        let judged = self.list.into_iter().map(|own| {
            let holds = own.holds(on);
            (own, holds)
        });
        Judged {
            file: self.file,
            list: judged.collect(),
        }
    }
}

impl Judged {
    /// Those that hold and name the subject.
    pub fn of<'j, 's>(&'j self, subject: &'s str) -> impl Iterator<Item = &'j Exception> + use<'j, 's> {
        self.list
            .iter()
            .filter(|(_, holds)| *holds != Holds::Expired)
            .map(|(own, _)| own)
            .filter(move |own| own.names(subject))
    }

    /// The exception that leaves a finding of this code about this subject alone, where one holds. `subject` is
    /// an ARN; where a finding is about something else, its name.
    pub fn is_excepted(&self, code: &str, subject: &str) -> Option<&Exception> {
        self.of(subject)
            .find(|own| matches!(&own.excepts, Excepts::Finding(wanted) if wanted == code))
    }

    /// The exception that leaves the whole proposal for a principal alone.
    pub fn of_proposal(&self, arn: &str) -> Option<&Exception> {
        self.of(arn).find(|own| own.excepts == Excepts::Proposal)
    }

    /// What a proposal for `arn` has to keep: the actions that exceptions name, and all that it shares with
    /// principals whose whole proposal is excepted.
    pub fn keeps(&self, arn: &str) -> Vec<Keep> {
        let held = self.list.iter().filter(|(_, holds)| *holds != Holds::Expired);
        held.filter_map(|(own, _)| {
            let actions = match &own.excepts {
                Excepts::Finding(_) => return None,
                Excepts::Actions(actions) => actions.clone(),
                // Its own proposal is made, to be listed.
                Excepts::Proposal => vec!["*".to_owned()],
            };
            Some(Keep {
                principals: own.principals.clone(),
                but: (own.excepts == Excepts::Proposal).then(|| arn.to_owned()),
                actions,
                why: own.reason.clone(),
                until: own.until.to_string(),
                line: own.line,
            })
        })
        .collect()
    }

    /// For the report, and what is to be said of them. `excepted` says for each principal that was looked at the
    /// lines of the exceptions that left something alone; `holders` are all principals of the account.
    pub fn told(
        &self,
        holders: &[Holder],
        excepted: &[(&str, BTreeSet<u64>)],
    ) -> (Vec<ExceptionView>, Vec<Diagnostic>) {
        let mut views = Vec::new();
        let mut said = Vec::new();
        for (own, holds) in &self.list {
            let matched = excepted
                .iter()
                .filter(|(_, lines)| lines.contains(&own.line))
                .count();
            let looked_at = excepted.iter().any(|(arn, _)| own.names(arn));
            let known = holders.iter().any(|holder| own.names(&holder.arn));
            let whom = own.principals.join(", ");
            let until = own.until;
            match holds {
                Holds::Expired => said.push(self.expired(own)),
                Holds::EndsSoon => said.push(
                    Diagnostic::note(
                        Code::ExceptionEnds,
                        format!("the exception for {whom} ends after {until}"),
                    )
                    .at(self.place(own)),
                ),
                Holds::InForce => {}
            }
            // Of findings the subject may be no principal.
            let about_principals = !matches!(own.excepts, Excepts::Finding(_));
            let idle = if *holds == Holds::Expired || matched > 0 {
                None
            } else if !known && about_principals {
                Some(format!(
                    "the exception for {whom} names no principal of the account"
                ))
            } else if looked_at || !about_principals {
                Some(format!(
                    "the exception for {whom} leaves nothing alone: there is nothing to except"
                ))
            } else {
                None
            };
            said.extend(idle.map(|message| {
                Diagnostic::note(Code::ExceptionUnmatched, message)
                    .at(self.place(own))
                    .help("take it out where it is not needed any more")
            }));
            views.push(ExceptionView {
                line: own.line,
                principals: own.principals.clone(),
                excepts: own.what().to_owned(),
                actions: match &own.excepts {
                    Excepts::Actions(actions) => actions.clone(),
                    _ => Vec::new(),
                },
                reason: own.reason.clone(),
                until: until.to_string(),
                holds: *holds,
                matched,
            });
        }
        (views, said)
    }

    /// What is to be said of those that named the subject and hold no longer.
    pub fn expired_of(&self, subject: &str) -> Vec<Diagnostic> {
        self.list
            .iter()
            .filter(|(own, holds)| *holds == Holds::Expired && own.names(subject))
            .map(|(own, _)| self.expired(own))
            .collect()
    }

    fn expired(&self, own: &Exception) -> Diagnostic {
        let whom = own.principals.join(", ");
        Diagnostic::warning(
            Code::ExceptionExpired,
            format!(
                "the exception for {whom} expired after {}: it no longer holds",
                own.until
            ),
        )
        .at(self.place(own))
        .help("decide anew: give it a later date, or take it out")
    }

    fn place(&self, own: &Exception) -> Place {
        Place {
            line: Some(own.line),
            ..Place::file(self.file.as_str())
        }
    }
}
