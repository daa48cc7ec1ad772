//! `leastgrant sql`: the table over a trail's bucket, and the query over a table that aggregates where it lies.

use jiff::civil::Date;

use super::Exit;
use super::output::Output;

/// The query over CloudTrail's table, as Trino and Athena take it.
const EVIDENCE_SQL: &str = include_str!("../../sql/evidence.sql");
/// The table, as Athena takes it.
const TABLE_SQL: &str = include_str!("../../sql/table.sql");

/// Arguments of `sql`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct Args {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    query: Query,
}

/// The query that aggregates: one row for each kind of call. Write its result as JSON lines, and give the file
/// to --trail.
#[derive(Debug, clap::Args)]
struct Query {
    /// Whose SQL.
    #[arg(long, value_enum, default_value_t = Dialect::Athena)]
    dialect: Dialect,
    /// What the table holds.
    #[arg(long, value_enum, default_value_t = Format::Cloudtrail)]
    format: Format,
    /// The table's name: TABLE, DATABASE.TABLE or CATALOG.DATABASE.TABLE.
    #[arg(long, visible_alias = "name", value_name = "NAME", default_value = "default.cloudtrail", value_parser = name)]
    table: String,
}

/// Whose SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Dialect {
    /// Athena, and Trino.
    Athena,
    /// Spark SQL.
    Spark,
    /// DuckDB.
    Duckdb,
}

/// What a table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// CloudTrail's records.
    Cloudtrail,
    /// Security Lake's events, OCSF 1.1.
    SecurityLake,
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
    /// The query, without conditions.
    Evidence(Query),
}

/// Runs the command.
pub(super) fn run(args: &Args, output: &Output) -> Exit {
    let text = match &args.what {
        Some(What::Table {
            name,
            location,
            accounts,
            regions,
            from,
        }) => TABLE_SQL
            .replace("{table}", name)
            .replace("{location}", location)
            .replace("{accounts}", &accounts.join(","))
            .replace("{regions}", &regions.join(","))
            .replace("{from}", &from.to_string().replace('-', "/")),
        Some(What::Evidence(query)) => query.text(),
        None => args.query.text(),
    };
    output.bytes(text.as_bytes())
}

impl Query {
    fn text(&self) -> String {
        let query = match (self.format, self.dialect) {
            (Format::Cloudtrail, Dialect::Athena) => EVIDENCE_SQL,
            (Format::Cloudtrail, Dialect::Spark) => include_str!("../../sql/evidence-spark.sql"),
            (Format::Cloudtrail, Dialect::Duckdb) => include_str!("../../sql/evidence-duckdb.sql"),
            (Format::SecurityLake, Dialect::Athena) => include_str!("../../sql/lake.sql"),
            (Format::SecurityLake, Dialect::Spark) => include_str!("../../sql/lake-spark.sql"),
            (Format::SecurityLake, Dialect::Duckdb) => include_str!("../../sql/lake-duckdb.sql"),
        };
        query.replace("{table}", &self.table).replace("{where}", "TRUE")
    }
}

fn name(text: &str) -> Result<String, String> {
    let plain = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let parts: Vec<&str> = text.split('.').collect();
    match parts.len() <= 3 && parts.iter().all(plain) {
        true => Ok(text.to_owned()),
        false => Err("a table is TABLE or DATABASE.TABLE, of letters, digits and _".to_owned()),
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
