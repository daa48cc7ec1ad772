//! `leastgrant rollback FILE`: what stood before, to the byte.

use std::path::PathBuf;

use super::show;
use crate::cli::Exit;
use crate::cli::live::{AwsArgs, Live, failed};
use crate::cli::output::Output;
use crate::diagnostic::{Code, Diagnostic, Place, Severity};
use crate::plan::{Rollback, SCHEMA_VERSION};
use crate::source::read_text;

/// Arguments of `rollback`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "It can be run at any time and again: what is as it was before is left alone. Where somebody has changed one of the policies since, nothing is done without --force."
)]
pub(crate) struct Args {
    /// The file that `leastgrant apply` wrote before it changed anything.
    file: PathBuf,
    /// Restore what somebody has changed since as well.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    aws: AwsArgs,
}

/// Runs `rollback`.
pub(crate) fn run(args: &Args, output: &Output) -> Exit {
    match rollback(args, output) {
        Ok(exit) => exit,
        Err(said) => {
            output.diagnostics(&said);
            Exit::Failed
        }
    }
}

fn rollback(args: &Args, output: &Output) -> Result<Exit, Vec<Diagnostic>> {
    let rollback = read(args)?;
    let live = Live::new(&args.aws);
    let client = live.client()?;
    let (account, _) = live.identity()?;
    if *account != rollback.account {
        let message = format!(
            "the rollback file is of account {}; these credentials are of account {account}",
            rollback.account
        );
        return Err(vec![Diagnostic::error(Code::Stale, message)]);
    }
    let mut blocked = Vec::new();
    for back in &rollback.restore {
        if let Some(why) = client.blocked(back).map_err(failed)? {
            blocked.push(Diagnostic::error(Code::Stale, why));
        }
    }
    if !blocked.is_empty() && !args.force {
        let why = "nothing was restored: it was changed since, and that change would be lost";
        blocked.push(Diagnostic::error(Code::GuardRail, why).help("--force restores it all the same"));
        return Err(blocked);
    }
    let mut said = Vec::new();
    let mut restored = 0;
    for back in &rollback.restore {
        match client.restore(back) {
            Ok(true) => {
                restored += 1;
                output.say(&format!("restored: {}", show::back(back)));
            }
            Ok(false) => {}
            // The rest is restored all the same: half of the way back is better than none.
            Err(failure) => said.push(failure.diagnostic(Severity::Error, "it was not restored")),
        }
    }
    if !said.is_empty() {
        return Err(said);
    }
    if restored == 0 {
        output.say("all of it is as it was before; nothing to do");
    }
    Ok(Exit::Done)
}

fn read(args: &Args) -> Result<Rollback, Vec<Diagnostic>> {
    let text = read_text(&args.file).map_err(|error| vec![*error])?;
    let wrong = |why: String| {
        let said = Diagnostic::error(Code::GrantsShape, why).at(Place::file(args.file.to_string_lossy()));
        vec![said.help("give a file that `leastgrant apply` wrote")]
    };
    let rollback: Rollback =
        serde_json::from_str(&text).map_err(|error| wrong(format!("it is no rollback file: {error}")))?;
    if rollback.schema_version != SCHEMA_VERSION {
        return Err(wrong(format!(
            "its version is {}, not {SCHEMA_VERSION}",
            rollback.schema_version
        )));
    }
    Ok(rollback)
}
