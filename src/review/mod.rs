//! The review of an account: every principal with what it holds and what it used, ranked by what can be
//! taken away and how dangerous that is.
//!
//! [`of_principal`] looks at one principal at a time, so that a large account needs no more memory than its
//! evidence; [`assemble`] ranks what came of them.

mod baseline;
mod changes;
mod excepted;
mod one;
mod prices;
mod since;
mod view;

#[cfg(test)]
mod tests;

pub use crate::backtest::Earlier;
pub use baseline::{
    Baseline, BaselineOthers, BaselinePrincipal, BaselineRefusal, BaselineService, read_baseline,
};
pub use changes::{PolicyEditView, StatementEditView};
pub use excepted::{ExceptedFinding, apart, leave_alone};
pub use one::{Case, Looked, Moment, of_principal};
pub use prices::{PriceView, add as add_prices};
pub use since::{Changes, Compared, RefusedSince, Since, compare};
pub use view::{
    KeptView, Levels, OtherServices, PrincipalReview, RefusalView, Review, ServiceView, Standing, Totals,
    UsedView, review_schema,
};

use std::cmp::Reverse;

use crate::diagnostic::Diagnostic;
use crate::evidence::Visibility;
use crate::hygiene::{BySeverity, Finding};

/// The version of the JSON.
pub const SCHEMA_VERSION: u32 = 2;

/// Ranks the principals and adds them up; `findings` are sorted already.
pub fn assemble(
    mut principals: Vec<PrincipalReview>,
    findings: Vec<Finding>,
    visibility: &Visibility,
    diagnostics: Vec<Diagnostic>,
) -> Review {
    principals.sort_by_cached_key(rank_key);
    for (rank, principal) in (1..).zip(&mut principals) {
        principal.rank = rank;
    }
    let count = |standing| principals.iter().filter(|own| own.standing == standing).count();
    let totals = Totals {
        principals: principals.len(),
        active: count(Standing::Active),
        dormant: count(Standing::Dormant),
        never_used: count(Standing::NeverUsed),
        new: count(Standing::New),
        fixed: count(Standing::Fixed),
        with_change: principals.iter().filter(|own| own.changes).count(),
        granted: principals.iter().map(|own| own.granted).sum(),
        used: principals.iter().map(|own| own.used).sum(),
        unused: principals.iter().map(|own| own.unused).sum(),
        unseen: principals.iter().map(|own| own.unseen).sum(),
        refused_calls: principals.iter().map(|own| own.refused_calls).sum(),
        findings: BySeverity::of(&findings),
    };
    Review {
        schema_version: SCHEMA_VERSION,
        first: visibility.window.map(|(first, _)| first.to_string()),
        last: visibility.window.map(|(_, last)| last.to_string()),
        days: visibility.days().map(|days| days.round() as u64),
        events: visibility.events,
        regions: visibility.regions.clone(),
        totals,
        strategies: Vec::new(),
        principals,
        changes: None,
        exceptions: Vec::new(),
        groups: None,
        excepted_findings: Vec::new(),
        findings,
        diagnostics,
    }
}

/// The known dangerous paths that can be closed first; then what can go by access level, the most powerful
/// first; then who holds most; then by name. Of who was never used all can go, with its holder.
fn rank_key(principal: &PrincipalReview) -> impl Ord + use<> {
    let idle = principal.standing == Standing::NeverUsed;
    let mut goes = principal.goes;
    if idle {
        goes = Levels::default();
        principal
            .services
            .iter()
            .for_each(|service| goes.plus(service.granted));
        if let Some(others) = &principal.other_services {
            goes.plus(others.granted);
        }
    }
    let closed = if idle {
        principal.dangers.len()
    } else {
        principal.dangers_closed.len()
    };
    (
        Reverse(closed),
        Reverse((goes.permissions, goes.write, goes.tagging, goes.read, goes.list)),
        Reverse(principal.granted),
        principal.arn.clone(),
    )
}
