//! Exit codes: one enum for all commands.

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Failed: there is no answer.
    Failed = 1,
    /// The command line is not understood.
    Usage = 2,
    /// Done, and there are changes or findings; only with `--exit-code`.
    Findings = 3,
    /// Done, but part of the input could not be read.
    Partial = 4,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
