//! A file of exceptions: TOML, read strictly, since a slip in it would let something pass.

use jiff::civil::Date;
use serde::Deserialize;
use toml::Spanned;

use super::{Exception, Exceptions, Excepts};
use crate::diagnostic::{Code, Diagnostic, Place};

const HELP: &str = "an exception reads: [[exception]] principals = [\"role/NAME\"], one of finding = \"CODE\", \
proposal = true or actions = [\"s3:Get*\"], reason = \"…\", until = 2027-03-31";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    exception: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    principals: Spanned<Vec<String>>,
    finding: Option<Spanned<String>>,
    proposal: Option<Spanned<bool>>,
    actions: Option<Spanned<Vec<String>>>,
    reason: Spanned<String>,
    until: Spanned<toml::Value>,
}

/// Reads a file of exceptions; `file` is its name. Where anything is wrong with it, only the errors are worth
/// using, each with its line: an exception that is misread would let something pass, or hold something up.
pub fn read(text: &str, file: &str) -> (Exceptions, Vec<Diagnostic>) {
    let mut said = Said {
        text,
        file,
        list: Vec::new(),
    };
    let parsed: File = match toml::from_str(text) {
        Ok(parsed) => parsed,
        Err(error) => {
            // Only the first line says what is wrong; the rest draws the place.
            let message = error.message().lines().next().unwrap_or_default().to_owned();
            said.error(error.span().map_or(0, |span| span.start), message);
            return (Exceptions::default(), said.list);
        }
    };
    let list = parsed
        .exception
        .into_iter()
        .filter_map(|entry| exception(entry, &mut said))
        .collect();
    let read = Exceptions {
        file: file.to_owned(),
        list,
    };
    (read, said.list)
}

struct Said<'t> {
    text: &'t str,
    file: &'t str,
    list: Vec<Diagnostic>,
}

impl Said<'_> {
    fn line(&self, at: usize) -> u64 {
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        1 + before.iter().filter(|byte| **byte == b'\n').count() as u64
    }

    fn error(&mut self, at: usize, message: impl Into<String>) {
        let place = Place {
            line: Some(self.line(at)),
            ..Place::file(self.file)
        };
        self.list.push(
            Diagnostic::error(Code::ExceptionShape, message)
                .at(place)
                .help(HELP),
        );
    }
}

fn exception(entry: Spanned<Entry>, said: &mut Said<'_>) -> Option<Exception> {
    let at = entry.span().start;
    let before = said.list.len();
    let entry = entry.into_inner();
    let principals = patterns(entry.principals, "principals", said);
    if entry.reason.get_ref().trim().is_empty() {
        said.error(entry.reason.span().start, "the reason is empty: say why");
    }
    let until = date(&entry.until, said);
    let excepts = match (entry.finding, entry.proposal, entry.actions) {
        (Some(code), None, None) => {
            if code.get_ref().trim().is_empty() {
                said.error(code.span().start, "the finding has no code");
            }
            Some(Excepts::Finding(code.into_inner()))
        }
        (None, Some(proposal), None) => {
            if !*proposal.get_ref() {
                said.error(
                    proposal.span().start,
                    "`proposal = false` excepts nothing: write true, or take the exception out",
                );
            }
            Some(Excepts::Proposal)
        }
        (None, None, Some(actions)) => {
            let start = actions.span().start;
            let actions = patterns(actions, "actions", said);
            for action in actions.iter().filter(|action| !is_action(action)) {
                said.error(
                    start,
                    format!("`{action}` is no action: write service:Action, with * and ?"),
                );
            }
            Some(Excepts::Actions(actions))
        }
        (None, None, None) => {
            said.error(
                at,
                "it says not what it excepts: one of finding, proposal and actions",
            );
            None
        }
        _ => {
            said.error(
                at,
                "it excepts several things: write one exception for each of finding, proposal and actions",
            );
            None
        }
    };
    (said.list.len() == before).then_some(())?;
    Some(Exception {
        principals,
        excepts: excepts?,
        reason: entry.reason.into_inner().trim().to_owned(),
        until: until?,
        line: said.line(at),
    })
}

fn patterns(list: Spanned<Vec<String>>, name: &str, said: &mut Said<'_>) -> Vec<String> {
    let none = list.get_ref().is_empty() || list.get_ref().iter().any(|own| own.trim().is_empty());
    if none {
        said.error(
            list.span().start,
            format!("`{name}` names nothing, or holds an empty text"),
        );
    }
    list.into_inner()
}

fn is_action(text: &str) -> bool {
    text == "*"
        || text.split_once(':').is_some_and(|(service, name)| {
            !service.is_empty() && !name.is_empty() && !name.contains([':', '/', ' '])
        })
}

/// A date as TOML has it, or as a text.
fn date(until: &Spanned<toml::Value>, said: &mut Said<'_>) -> Option<Date> {
    let text = match until.get_ref() {
        toml::Value::Datetime(own) => own.to_string(),
        toml::Value::String(own) => own.clone(),
        other => other.type_str().to_owned(),
    };
    // A time of day is more than a date: what holds to the end of a day has none.
    let plain = text.len() == "2027-03-31".len();
    let date = text.parse().ok().filter(|_| plain);
    if date.is_none() {
        said.error(
            until.span().start,
            format!("`{text}` is no date: write the last day on which it holds as 2027-03-31"),
        );
    }
    date
}
