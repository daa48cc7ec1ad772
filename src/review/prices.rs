//! The price of each way to run IAM for a principal, in a line each, and for all principals together.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use crate::backtest::{Adding, Earlier, Priced};
use crate::grants::Grants;
use crate::recommend::{Generalise, Subject};
use crate::strategy::{ALL, Choice, ManagedPolicies, Price, Strategy, candidate, price};

/// A strategy's price, learnt from the earlier part of the trail and judged by the later.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct PriceView {
    /// Which.
    pub strategy: Strategy,
    /// Actions permitted that were never used in the whole trail.
    pub excess: usize,
    /// Actions permitted beyond the present grants.
    pub beyond_grants: usize,
    /// Known dangerous paths that it is enough for.
    pub dangers: usize,
    /// The binary logarithm of the requests permitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bits: Option<f64>,
    /// How many policies.
    pub policies: usize,
    /// Their characters, as IAM counts.
    pub size: usize,
    /// Whether it does not fit into IAM's quotas.
    pub overflow: bool,
    /// Later calls.
    pub calls: u64,
    /// Of those, refused.
    pub refused_calls: u64,
    /// Tickets that the refusals would have made.
    pub tickets: u64,
}

/// The name of the group of all principals.
const EVERYBODY: &str = "all";

/// The prices of a principal.
pub(super) fn prices(grants: &Grants, earlier: Earlier<'_>, managed: &ManagedPolicies) -> Vec<Price> {
    let subject = Subject {
        grants,
        evidence: earlier.learnt,
    };
    ALL.into_iter()
        .flat_map(|strategy| Choice::all(strategy, &[Generalise::Rules]))
        .map(|choice| {
            let candidate = candidate(choice, subject, earlier.visibility, managed);
            let mut price = price(choice, &candidate, subject, Some(earlier.later), None);
            // One by one they are listed for the proposal alone.
            if let Some(outcome) = &mut price.backtest {
                outcome.refused.clear();
            }
            price
        })
        .collect()
}

/// Adds the prices of a principal to those of all.
pub fn add(adding: &mut Adding, prices: &[Price], (learnt_days, judged_days): (i64, i64)) {
    let group = BTreeSet::from([EVERYBODY.to_owned()]);
    let present_excess = prices
        .iter()
        .find(|own| own.strategy == Strategy::Present)
        .map_or(0, |own| own.excess);
    for price in prices {
        let priced = Priced {
            learnt_days,
            judged_days,
            price: price.clone(),
            present_excess,
        };
        adding.add(&group, &priced);
    }
}

impl From<&Price> for PriceView {
    fn from(price: &Price) -> Self {
        let test = price.backtest.as_ref();
        Self {
            strategy: price.strategy,
            excess: price.excess,
            beyond_grants: price.beyond_grants,
            dangers: price.dangers.len(),
            bits: price.bits.map(|bits| (bits * 100.0).round() / 100.0),
            policies: price.policies.len(),
            size: price.size,
            overflow: price.overflow,
            calls: test.map_or(0, |test| test.calls),
            refused_calls: test.map_or(0, |test| test.refused_calls),
            tickets: test.map_or(0, |test| test.tickets),
        }
    }
}
