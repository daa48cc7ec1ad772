//! `leastgrant sql`: the table over a trail's bucket, and the query over it.
#![cfg(feature = "aws")]

use jiff::civil::Date;

use super::Exit;
use super::output::Output;
use crate::source::aws::{EVIDENCE_SQL, TABLE_SQL};

/// Arguments of `sql`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// CREATE TABLE, with partitions that Athena works out by itself.
    Table {
        /// The table's name: DATABASE.TABLE.
        #[arg(long, value_name = "NAME", default_value = "default.cloudtrail", value_parser = name)]
        name: String,
        /// Where the accounts' folders lie: s3://BUCKET/AWSLogs/, for an organization
        /// s3://BUCKET/AWSLogs/o-ID/.
        #[arg(long, value_name = "s3://…", value_parser = location)]
        location: String,
        /// The accounts.
        #[arg(long, value_name = "ID,…", value_delimiter = ',', required = true, value_parser = account)]
        accounts: Vec<String>,
        /// The regions.
        #[arg(long, value_name = "REGION,…", value_delimiter = ',', required = true, value_parser = region)]
        regions: Vec<String>,
        /// The first day.
        #[arg(long, value_name = "DATE")]
        from: Date,
    },
    /// The query that --trail athena: runs, without its conditions.
    Evidence {
        /// The table's name: DATABASE.TABLE.
        #[arg(long, value_name = "NAME", default_value = "default.cloudtrail", value_parser = name)]
        name: String,
    },
}

/// Runs the command.
pub(super) fn run(args: &Args, output: &Output) -> Exit {
    let text = match &args.what {
        What::Table {
            name,
            location,
            accounts,
            regions,
            from,
        } => TABLE_SQL
            .replace("{table}", name)
            .replace("{location}", location)
            .replace("{accounts}", &accounts.join(","))
            .replace("{regions}", &regions.join(","))
            .replace("{from}", &from.to_string().replace('-', "/")),
        What::Evidence { name } => EVIDENCE_SQL.replace("{table}", name).replace("{where}", "TRUE"),
    };
    output.bytes(text.as_bytes())
}

fn name(text: &str) -> Result<String, String> {
    let plain = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    match text.split('.').collect::<Vec<_>>().as_slice() {
        [table] if plain(table) => Ok(text.to_owned()),
        [database, table] if plain(database) && plain(table) => Ok(text.to_owned()),
        _ => Err("a table is DATABASE.TABLE, of letters, digits and _".to_owned()),
    }
}

fn location(text: &str) -> Result<String, String> {
    let place = text
        .strip_prefix("s3://")
        .filter(|place| !place.is_empty() && !place.contains(['\'', '$', ' ']));
    match place {
        Some(place) => Ok(format!("s3://{}/", place.trim_end_matches('/'))),
        None => Err("write s3://BUCKET/AWSLogs/".to_owned()),
    }
}

fn account(text: &str) -> Result<String, String> {
    let is_account = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_account
        .then(|| text.to_owned())
        .ok_or_else(|| "an account id has twelve digits".to_owned())
}

fn region(text: &str) -> Result<String, String> {
    let is_region = text.contains('-')
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    is_region
        .then(|| text.to_owned())
        .ok_or_else(|| "a region is such as eu-west-1".to_owned())
}
