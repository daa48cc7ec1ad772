//! `leastgrant simulate`: requests against policies, layer by layer.

mod arguments;
mod load;
mod requests;

pub(super) use arguments::{Args, LayerArgs, Level, MOST_LEVELS, level};
pub(super) use load::{Loaded, incomplete, levels, managed};

use super::Exit;
use super::live::Live;
use super::output::{Format, Output};
use crate::report::terminal::simulation;
use crate::simulate::view::Outcome;
use crate::simulate::{Answer, Policies, SCHEMA_VERSION, Simulation};

/// Runs the command.
pub(super) fn run(args: &Args, output: &Output) -> Exit {
    if let Some(why) = args.contradiction() {
        return super::usage("simulate", &why);
    }
    let mut loaded = match load::load(args, &Live::new(&args.aws)) {
        Ok(loaded) => loaded,
        Err(said) => {
            output.diagnostics(&said);
            return Exit::Failed;
        }
    };
    let (questions, said) = requests::questions(args, loaded.holder.as_deref());
    loaded.said.extend(said);
    output.diagnostics(&loaded.said);
    if questions.is_empty() {
        return Exit::Failed;
    }
    let incomplete = incomplete(&loaded.said);
    let policies = Policies::new(&loaded.policies, loaded.setting);
    let answers = questions.iter().map(|question| policies.answer(question));
    let simulation = Simulation {
        schema_version: SCHEMA_VERSION,
        answers: answers.collect(),
    };
    let written = match args.format {
        Format::Json => output.json(&simulation),
        Format::Terminal => output.report(&simulation::render(&simulation, &policies, args.verbose)),
    };
    if simulation.answers.len() > 1 {
        output.say(&simulation::count(&simulation.answers));
    }
    if written != Exit::Done {
        return written;
    }
    let refused = |answer: &Answer| answer.decision != Outcome::Allowed;
    match () {
        () if incomplete => Exit::Partial,
        () if args.exit_code && simulation.answers.iter().any(refused) => Exit::Findings,
        () => Exit::Done,
    }
}
