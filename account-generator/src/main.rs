//! `account-generator FOLDER [PRINCIPALS [DAYS [LOAD [SEED]]]]`: writes an account and its trail.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "this is the edge that talks to the terminal"
)]

use std::path::PathBuf;
use std::process::ExitCode;

use account_generator::Plan;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let Some(folder) = args.next().map(PathBuf::from) else {
        eprintln!("usage: account-generator FOLDER [PRINCIPALS [DAYS [LOAD [SEED]]]]");
        return ExitCode::from(2);
    };
    let mut number = |otherwise: u64| args.next().map_or(Some(otherwise), |text| text.parse().ok());
    let usual = Plan::default();
    let (Some(principals), Some(days), Some(load), Some(seed)) = (
        number(usual.principals),
        number(usual.days),
        number(usual.load),
        number(usual.seed),
    ) else {
        eprintln!("PRINCIPALS, DAYS, LOAD and SEED are numbers");
        return ExitCode::from(2);
    };
    let plan = Plan {
        principals,
        days,
        load,
        seed,
    };
    match plan.write(&folder) {
        Ok(count) => {
            eprintln!("{count} records, {principals} principals, {days} days");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}: {error}", folder.display());
            ExitCode::FAILURE
        }
    }
}
