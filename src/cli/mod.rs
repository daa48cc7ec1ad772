//! EDGE: the command line. Arguments become validated values before any work begins; a report goes
//! to standard output, everything else to standard error.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this is the edge that talks to the terminal and writes files on request"
)]

mod analyzer;
mod apply;
mod backtest;
mod catalog;
mod check;
mod conditions;
mod dangerous;
mod diagnostics;
mod earlier;
mod exceptions;
mod exit;
mod explain;
mod groups;
mod hygiene;
mod live;
mod observed;
mod output;
mod overlay;
mod permissions;
mod policies;
mod progress;
mod recommend;
mod review;
mod simulate;
mod snapshot;
mod sql;
mod strategies;
mod terraform;
mod trails;
mod watch;
mod whole_account;

pub use exit::Exit;

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand, ValueEnum};

/// The smallest AWS IAM policy change, proved against what a principal really did.
#[derive(Debug, Parser)]
#[command(
    name = "leastgrant",
    version,
    about,
    max_term_width = 100,
    disable_help_subcommand = true
)]
#[command(
    after_help = "Exit codes: 0 done · 1 failed · 2 usage · 3 changes or findings (only with --exit-code) · 4 done, but part of the input could not be read"
)]
pub struct Cli {
    /// Colour the output.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    color: Color,
    /// Say less on standard error: neither progress nor notes; warnings and errors are said.
    #[arg(long, short, global = true)]
    quiet: bool,
    #[command(subcommand)]
    command: Command,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Propose the smallest change to what a principal holds, from what it really did.
    Recommend(Box<recommend::Args>),
    /// Review every principal of an account: what it holds and does not use, ranked, each with a proposal.
    Review(Box<review::Args>),
    /// Answer a permission-denied ticket: who refused, the one change that ends it, what would come next.
    Explain(Box<explain::Args>),
    /// Decide a request, or a file of them, against policies: which layer allows, which refuses.
    Simulate(Box<simulate::Args>),
    /// Hold a change of policies against the old ones: new access, denied access, use that would be lost.
    Check(Box<check::Args>),
    /// What each way to run IAM would have cost: learn on the earlier part of a trail, judge on the later.
    Backtest(Box<backtest::Args>),
    /// Look something up in the action catalog, or hold a policy against it.
    Catalog(catalog::Args),
    /// Read an account into a folder, for work without credentials.
    #[cfg(feature = "aws")]
    Snapshot(Box<snapshot::Args>),
    /// Answer refusals as they arrive, each once.
    #[cfg(feature = "aws")]
    Watch(Box<watch::Args>),
    /// Print SQL that aggregates a trail where it lies: in Athena, Spark or DuckDB, over CloudTrail or Security
    /// Lake; or the table over a trail's bucket.
    Sql(sql::Args),
    /// Make a proposal's changes in the account, after showing them and asking.
    #[cfg(feature = "aws")]
    Apply(Box<apply::Args>),
    /// Restore what stood before `apply`.
    #[cfg(feature = "aws")]
    Rollback(apply::RollbackArgs),
    /// Print the policy that leastgrant itself needs to ask AWS.
    #[cfg(feature = "aws")]
    Permissions(permissions::Args),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    Man,
}

/// Runs the program over its arguments.
pub fn run(args: impl IntoIterator<Item = OsString>) -> Exit {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            let shown = error.print();
            return if error.use_stderr() || shown.is_err() {
                Exit::Usage
            } else {
                Exit::Done
            };
        }
    };
    let color = match cli.color {
        Color::Auto => anstream::ColorChoice::Auto,
        Color::Always => anstream::ColorChoice::Always,
        Color::Never => anstream::ColorChoice::Never,
    };
    let output = output::Output::new(color, cli.quiet);
    match cli.command {
        Command::Recommend(args) => recommend::run(&args, &output),
        Command::Review(args) => review::run(&args, &output),
        Command::Explain(args) => explain::run(&args, &output),
        Command::Simulate(args) => simulate::run(&args, &output),
        Command::Check(args) => check::run(&args, &output),
        Command::Backtest(args) => backtest::run(&args, &output),
        Command::Catalog(args) => catalog::run(&args, &output),
        #[cfg(feature = "aws")]
        Command::Snapshot(args) => snapshot::run(&args, &output),
        Command::Sql(args) => sql::run(&args, &output),
        #[cfg(feature = "aws")]
        Command::Watch(args) => watch::run(&args, &output),
        #[cfg(feature = "aws")]
        Command::Apply(args) => apply::run(&args, &output),
        #[cfg(feature = "aws")]
        Command::Rollback(args) => apply::rollback(&args, &output),
        #[cfg(feature = "aws")]
        Command::Permissions(args) => permissions::run(&args, &output),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "leastgrant", &mut script);
            output.bytes(&script)
        }
        Command::Man => {
            let mut page = Vec::new();
            match clap_mangen::Man::new(Cli::command()).render(&mut page) {
                Ok(()) => output.bytes(&page),
                Err(_) => Exit::Failed,
            }
        }
    }
}

/// Says what is wrong with the command line of a subcommand, as clap says it.
fn usage(subcommand: &str, why: &str) -> Exit {
    let mut command = Cli::command();
    command.build();
    if let Some(own) = command.find_subcommand_mut(subcommand) {
        // Where standard error is gone there is nobody left to tell.
        let _ = own.error(ErrorKind::ArgumentConflict, why).print();
    }
    Exit::Usage
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
