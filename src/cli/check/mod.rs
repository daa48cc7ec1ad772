//! `leastgrant check`: a change of policies, as a pull request makes it, held against the old ones.

mod arguments;
mod load;

pub(super) use arguments::Args;

use super::Exit;
use super::observed::{condition_keys, only_principal};
use super::output::{Format, Output};
use super::simulate::incomplete;
use crate::check::view::{Check, Checks, Finding, Permits, Uses, Verdict};
use crate::check::{SCHEMA_VERSION, Side, denied_access, lost_use, new_access};
use crate::diagnostic::{Code, Diagnostic};
use crate::evidence::{Interest, Ledger, Whose};
use crate::measure;
use crate::policy::ActionKnown;
use crate::report::terminal::check::{Asked, summary};
use crate::source::{EvidenceStore, Question, ReadReport, Window, read_ledger};
use load::Sides;

/// Runs the command.
pub(super) fn run(args: &Args, output: &Output) -> Exit {
    if let Some(why) = args.contradiction() {
        return super::usage("check", &why);
    }
    let sides = match load::load(args) {
        Ok(sides) => sides,
        Err(said) => {
            output.diagnostics(&said);
            return Exit::Failed;
        }
    };
    if let Some(why) = args.misfit(sides.kind) {
        return super::usage("check", why);
    }
    output.diagnostics(&sides.said);
    output.diagnostics(
        &args
            .deny_access
            .iter()
            .filter_map(|a| vacuous(a))
            .collect::<Vec<_>>(),
    );
    let observed = match observed(args, &sides, output) {
        Ok(observed) => observed,
        Err(said) => {
            output.diagnostics(&said);
            return Exit::Failed;
        }
    };
    let (new_name, old_name) = (name(&args.policy, "new"), name(&args.against, "old"));
    let new = side(&sides.new, &args.policy, &new_name);
    let old = side(&sides.old, &args.against, &old_name);
    let old = (!args.against.is_empty()).then_some(old);
    let check = match answer(args, &new, old.as_ref(), observed.as_ref()) {
        Ok(check) => check,
        Err(problem) => {
            output.diagnostics(&[*problem]);
            return Exit::Failed;
        }
    };
    match print(args, output, &check, &new, &old_name) {
        Exit::Done => {}
        failed => return failed,
    }
    match () {
        () if observed.is_some_and(|(_, read)| read_in_part(&read, output)) => Exit::Partial,
        () if args.exit_code && check.verdict != Verdict::Proved => Exit::Findings,
        () => Exit::Done,
    }
}

fn side<'a>(policies: &'a [crate::simulate::Given], given: &[String], name: &'a str) -> Side<'a> {
    Side {
        policies,
        name,
        is_one: given.len() == 1,
    }
}

/// How messages call the policies of a side.
fn name(policies: &[String], side: &str) -> String {
    match policies {
        [one] if one == "-" => "standard input".to_owned(),
        [one] => one.rsplit(":policy/").next().unwrap_or(one).to_owned(),
        _ => format!("the {side} policies"),
    }
}

/// A pattern that no known action matches proves little: its author should know.
fn vacuous(action: &str) -> Option<Diagnostic> {
    let (what, near) = match crate::lint::known(action) {
        ActionKnown::Known => return None,
        ActionKnown::UnknownService { near } => ("service", near),
        ActionKnown::UnknownAction { near } => ("action", near),
    };
    let message = format!("--deny-access {action}: the catalog knows no such {what}");
    let diagnostic = Diagnostic::warning(Code::UnknownAction, message);
    Some(match near.is_empty() {
        true => diagnostic,
        false => diagnostic.help(format!("did you mean {}?", near.join(", "))),
    })
}

/// What the trail shows; `None` where none is given.
fn observed(
    args: &Args,
    sides: &Sides,
    output: &Output,
) -> Result<Option<(Ledger, ReadReport)>, Vec<Diagnostic>> {
    let Some(principal) = args
        .principal
        .as_ref()
        .filter(|_| !args.trail.is_empty() || args.store.is_some())
    else {
        return Ok(None);
    };
    let policies = sides.new.iter().chain(&sides.old);
    let interest = Interest {
        whose: Whose::Named(principal.clone()),
        condition_keys: condition_keys(policies.map(|given| &given.document)),
        ..Interest::default()
    };
    let (ledger, read) = match &args.store {
        None => read_ledger(&args.trail, 0, &interest),
        Some(folder) => {
            let question = Question {
                interest: &interest,
                window: Window::default(),
                cuts: &[],
                threads: 0,
            };
            super::trails::not_storable(&args.trail)?;
            let mut answer = EvidenceStore::at(folder).answer(&args.trail, &[], &question)?;
            output.diagnostics(&answer.said);
            (answer.parts.pop().unwrap_or_default(), answer.read)
        }
    };
    if read.total.records == 0 {
        return Err(read.diagnostics);
    }
    output.diagnostics(&read.diagnostics);
    Ok(Some((ledger, read)))
}

fn answer(
    args: &Args,
    new: &Side<'_>,
    old: Option<&Side<'_>>,
    observed: Option<&(Ledger, ReadReport)>,
) -> Result<Check, Box<Diagnostic>> {
    let mut checks = Checks::default();
    let mut findings = Vec::new();
    if let Some(old) = old {
        let found = new_access(old, new);
        checks.new_access = Some(Verdict::of(&found));
        findings.extend(found);
    }
    if !args.deny_access.is_empty() {
        let found = denied_access(new, &args.deny_access, &on(args));
        checks.denied_access = Some(Verdict::of(&found));
        findings.extend(found);
    }
    if let (Some((ledger, _)), Some(principal)) = (observed, &args.principal) {
        let (uses, found) = lost(ledger, principal, old, new)?;
        checks.lost_use = Some(uses);
        findings.extend(found);
    }
    Ok(Check {
        schema_version: SCHEMA_VERSION,
        verdict: Verdict::of(&findings),
        checks,
        findings,
        permits: Permits {
            meaning: measure::IN_ONE_LINE,
            old_requests_log2: old.and_then(Side::requests_log2),
            new_requests_log2: new.requests_log2(),
        },
    })
}

fn lost(
    ledger: &Ledger,
    principal: &str,
    old: Option<&Side<'_>>,
    new: &Side<'_>,
) -> Result<(Uses, Vec<Finding>), Box<Diagnostic>> {
    let (arn, evidence) = only_principal(ledger, principal)?;
    Ok(lost_use(old, new, &arn, evidence))
}

/// `--on`, and all resources without it.
fn on(args: &Args) -> Vec<String> {
    match args.on.as_slice() {
        [] => vec!["*".to_owned()],
        some => some.to_vec(),
    }
}

fn print(args: &Args, output: &Output, check: &Check, new: &Side<'_>, old: &str) -> Exit {
    if args.format == Format::Json {
        return output.json(check);
    }
    let allow = |is_one: bool| if is_one { "allows" } else { "allow" };
    let (new, verb) = (new.name, allow(new.is_one));
    let asked = Asked {
        new_access: &format!(
            "everything that {new} {verb}, {old} {}",
            allow(args.against.len() == 1)
        ),
        denied_access: &format!(
            "{new} {verb} nothing of {} on {}",
            args.deny_access.join(", "),
            on(args).join(", ")
        ),
    };
    let diagnostics: Vec<Diagnostic> = check
        .findings
        .iter()
        .map(|finding| finding.diagnostic.clone())
        .collect();
    match output.findings(&diagnostics) {
        Exit::Done => output.report(&summary(check, &asked)),
        failed => failed,
    }
}

/// Whether part of the trail was left out, which is said.
fn read_in_part(read: &ReadReport, output: &Output) -> bool {
    let partly = read.total.broken > 0 || incomplete(&read.diagnostics);
    if partly {
        output.say(&format!(
            "{} records read; {} could not be read and were left out",
            read.total.records, read.total.broken
        ));
    }
    partly
}
