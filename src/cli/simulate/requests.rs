//! The requests of `simulate`: read, filled in from the options, looked over.

use std::collections::BTreeMap;

use super::arguments::Args;
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::evaluate::{Lookup, Principal, PrincipalKind};
use crate::simulate::{Question, Unnamed, read_questions};
use crate::source::read_text;

/// The requests, with what the options say of them; and what is to be said of them.
pub(super) fn questions(args: &Args, holder: Option<&str>) -> (Vec<Question>, Vec<Diagnostic>) {
    let unnamed = if args.complete {
        Unnamed::Absent
    } else {
        Unnamed::Unknown
    };
    let (mut questions, mut said) = match &args.requests {
        Some(path) => match read_text(path) {
            Ok(text) => read_questions(&text, &path.to_string_lossy(), unnamed),
            Err(problem) => (Vec::new(), vec![*problem]),
        },
        None => (Vec::new(), Vec::new()),
    };
    if let Some(action) = &args.action {
        let mut question = Question::new(action, None);
        question.unnamed = unnamed;
        questions.push(question);
    }
    if let (true, true, Some(path)) = (questions.is_empty(), said.is_empty(), &args.requests) {
        let nothing = Diagnostic::error(Code::NothingFound, "there is no request in it");
        said.push(nothing.at(Place::file(path.to_string_lossy())));
    }
    let mut context: BTreeMap<String, Lookup> = BTreeMap::new();
    for key in &args.absent {
        context.insert(key.clone(), Lookup::Absent);
    }
    for (key, value) in &args.context {
        match context
            .entry(key.clone())
            .or_insert_with(|| Lookup::Values(Vec::new()))
        {
            Lookup::Values(values) => values.push(value.clone()),
            Lookup::Absent | Lookup::Unknown => {}
        }
    }
    for question in &mut questions {
        fill(question, args, &context, holder);
    }
    said.extend(notes(&questions, holder));
    (questions, said)
}

/// Fills in what the request does not say itself.
fn fill(question: &mut Question, args: &Args, context: &BTreeMap<String, Lookup>, holder: Option<&str>) {
    if question.resource.is_none() {
        question.resource.clone_from(&args.resource);
    }
    if question.resource_account.is_none() {
        question.resource_account.clone_from(&args.resource_account);
    }
    if question.principal.is_none() {
        let asks = args.principal.clone();
        question.principal = asks.or_else(|| Principal::parse(holder?));
    }
    if let (Some(principal), Some(holder)) = (&mut question.principal, holder) {
        principal.as_held_by(holder);
    }
    for (key, value) in context {
        question
            .context
            .entry(key.clone())
            .or_insert_with(|| value.clone());
    }
}

/// What is odd about the requests; they are decided all the same.
fn notes(questions: &[Question], holder: Option<&str>) -> Vec<Diagnostic> {
    let mut said: Vec<Diagnostic> = Vec::new();
    for question in questions {
        said.extend(unknown_action(&question.action));
        let resource = question.resource.as_deref().unwrap_or("*");
        if resource != "*" && resource.contains(['*', '?']) {
            let message = format!("the wildcard in {resource} counts as a plain character");
            let help = "a request is about one resource; --resource '*' asks on none in particular";
            said.push(Diagnostic::note(Code::UnusualResource, message).help(help));
        }
        if let (Some(principal), Some(holder)) = (&question.principal, holder)
            && !holds(principal, holder)
        {
            let message = format!("{} is asked with the policies of {holder}", principal.name);
            let help = "name whose policies they are with --holder, or leave out --principal";
            said.push(Diagnostic::warning(Code::UnknownPrincipal, message).help(help));
        }
    }
    said.sort();
    said.dedup();
    said
}

/// Whether the principal may act with the policies of the holder, as far as one can tell. Who holds
/// no policies is asked without them.
fn holds(principal: &Principal, holder: &str) -> bool {
    match principal.kind {
        PrincipalKind::User => principal.name == holder,
        PrincipalKind::Session => principal.role.as_deref() == Some(holder),
        PrincipalKind::FederatedUser => principal.user.as_deref() == Some(holder),
        PrincipalKind::Root => false,
        _ => true,
    }
}

fn unknown_action(action: &str) -> Option<Diagnostic> {
    let known = crate::lint::known(action);
    let (code, message, near) = known.problem(action)?;
    let help = match near {
        [] => "it may be newer than this catalog: it is decided all the same".to_owned(),
        near => format!("did you mean {}? It is decided all the same", near.join(" or ")),
    };
    Some(Diagnostic::note(code, message).help(help))
}
