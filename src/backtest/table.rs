//! Prices of many principals, added up by group, strategy and cut.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::Outcome;
use crate::recommend::Generalise;
use crate::strategy::{Choice, Price, Share, Strategy};

/// The version of the JSON.
pub const SCHEMA_VERSION: u32 = 1;

/// The answer of `backtest`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Table {
    /// The version of this format.
    pub schema_version: u32,
    /// The first event of the trail.
    pub first: String,
    /// The last.
    pub last: String,
    /// Each group at each cut with each strategy.
    pub rows: Vec<Row>,
    /// What else is to be said.
    pub diagnostics: Vec<crate::diagnostic::Diagnostic>,
}

/// A group of principals at a cut with a strategy.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Row {
    /// The principals: one by its ARN, several by a tag's value, or `all`.
    pub group: String,
    /// Days that were learnt from.
    pub learnt_days: i64,
    /// Days that were judged by.
    pub judged_days: i64,
    /// Which strategy.
    pub strategy: Strategy,
    /// How far it widens resources, where that is a choice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generalise: Option<Generalise>,
    /// Principals with calls in the earlier part. The others have nothing to go by and are left as they are.
    pub principals: usize,
    /// Of those, with a set of policies that does not fit into IAM's quotas.
    pub overflow: usize,
    /// What the later part says.
    pub outcome: Outcome,
    /// Later calls refused, in percent.
    pub refused_percent: f64,
    /// Actions permitted that were never used in the whole trail, in percent of those that the present grants
    /// permit, over all principals.
    pub excess_percent: f64,
    /// Of the pairs of action and resource that anybody in the account was seen to use (a sample: at most 400, as
    /// many of each action), those permitted to principals that never used them, in percent.
    pub resources_percent: f64,
    /// Actions permitted beyond the present grants, over all principals.
    pub beyond_grants: usize,
    /// Known dangerous paths that stay open, over all principals.
    pub dangers: usize,
    /// The mean binary logarithm of the requests permitted.
    pub bits: f64,
    /// The mean size in characters.
    pub size: f64,
}

impl Row {
    /// The strategy with its level, for a reader.
    pub fn name(&self) -> String {
        let (strategy, generalise) = (self.strategy, self.generalise);
        Choice { strategy, generalise }.to_string()
    }
}

/// The JSON schema of `backtest --format json`.
pub fn table_schema() -> serde_json::Value {
    crate::report::schema_of::<Table>()
}

/// Adds prices up.
#[derive(Debug, Default)]
pub struct Adding {
    cells: BTreeMap<(String, i64, Choice), Cell>,
}

#[derive(Debug, Default)]
struct Cell {
    judged_days: i64,
    principals: usize,
    overflow: usize,
    outcome: Outcome,
    excess: usize,
    present_excess: usize,
    resources: Share,
    beyond: usize,
    dangers: usize,
    bits: f64,
    size: usize,
}

/// A principal's price at a cut.
#[derive(Debug)]
pub struct Priced {
    /// Days that were learnt from.
    pub learnt_days: i64,
    /// Days that were judged by.
    pub judged_days: i64,
    /// The price, its excess counted against the use of the whole trail.
    pub price: Price,
    /// The excess of the present grants, counted the same way.
    pub present_excess: usize,
}

impl Adding {
    /// Adds one to each of its groups.
    pub fn add(&mut self, groups: &BTreeSet<String>, priced: &Priced) {
        let price = &priced.price;
        for group in groups {
            let choice = Choice {
                strategy: price.strategy,
                generalise: price.generalise,
            };
            let key = (group.clone(), priced.learnt_days, choice);
            let cell = self.cells.entry(key).or_default();
            cell.judged_days = priced.judged_days;
            cell.principals += 1;
            cell.overflow += usize::from(price.overflow);
            if let Some(outcome) = &price.backtest {
                cell.outcome.add(outcome);
            }
            cell.excess += price.excess;
            cell.present_excess += priced.present_excess;
            if let Some(share) = price.resources {
                cell.resources.permitted += share.permitted;
                cell.resources.of += share.of;
            }
            cell.beyond += price.beyond_grants;
            cell.dangers += price.dangers.len();
            cell.bits += price.bits.unwrap_or(0.0);
            cell.size += price.size;
        }
    }

    /// The rows, by group, cut and strategy.
    pub fn rows(self) -> Vec<Row> {
        let row = |((group, learnt_days, choice), cell): ((String, i64, Choice), Cell)| {
            let share = |part: usize, whole: usize| part as f64 * 100.0 / whole.max(1) as f64;
            let count = cell.principals.max(1) as f64;
            Row {
                group,
                learnt_days,
                judged_days: cell.judged_days,
                strategy: choice.strategy,
                generalise: choice.generalise,
                principals: cell.principals,
                overflow: cell.overflow,
                refused_percent: rounded(cell.outcome.percent()),
                excess_percent: rounded(share(cell.excess, cell.present_excess)),
                resources_percent: rounded(cell.resources.percent()),
                beyond_grants: cell.beyond,
                dangers: cell.dangers,
                bits: rounded(cell.bits / count),
                size: rounded(cell.size as f64 / count),
                outcome: cell.outcome,
            }
        };
        self.cells.into_iter().map(row).collect()
    }
}

/// To a thousandth, so that the last digit does not depend on the order of adding.
fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}
