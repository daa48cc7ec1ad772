//! `leastgrant permissions`: the policy that leastgrant itself needs.
#![cfg(feature = "aws")]

use super::Exit;
use super::output::Output;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::aws::permissions;

/// Arguments of `permissions`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The command; otherwise all.
    command: Option<String>,
    /// A trail that is read: s3://BUCKET/PREFIX or cloudtrail:. Without it any. Repeatable.
    #[arg(long, value_name = "s3://…|cloudtrail:")]
    trail: Vec<String>,
}

/// Runs the command.
pub(super) fn run(args: &Args, output: &Output) -> Exit {
    match permissions::policy(args.command.as_deref(), &args.trail) {
        Some(policy) => output.json(&policy),
        None => {
            let command = args.command.as_deref().unwrap_or_default();
            let names: Vec<&str> = permissions::commands().collect();
            let said = Diagnostic::error(Code::NothingFound, format!("`{command}` asks AWS nothing"));
            output.diagnostics(&[said.help(format!("these do: {}", names.join(", ")))]);
            Exit::Usage
        }
    }
}
