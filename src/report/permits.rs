//! How much is permitted, as a report shows it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::evaluate::PolicyIn;
use crate::measure::{self, Breadth, Measure, measure};

/// What is permitted before and after the change, boundary and other limits included.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PermitsView {
    /// What the number of requests means, in one line.
    pub meaning: &'static str,
    /// Before the change.
    pub before: MeasureView,
    /// After the change.
    pub after: MeasureView,
}

/// What a set of policies permits.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct MeasureView {
    /// The binary logarithm of the permitted requests, to two places; absent where nothing is permitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_log2: Option<f64>,
    /// Actions of the catalog that are permitted on some resource.
    pub actions: usize,
    /// Of those, the ones that are permitted only under a condition.
    pub conditional: usize,
    /// Whether actions that the catalog does not know are permitted as well: those of a whole service,
    /// or of all.
    pub open_ended: bool,
    /// The actions by access level and by how wide the widest resources are that they are permitted on.
    pub by: Vec<MeasureRow>,
}

/// Actions of one access level and one breadth.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct MeasureRow {
    /// AWS's access level.
    pub access_level: String,
    /// The breadth of the widest resources.
    pub breadth: Breadth,
    /// The actions.
    pub actions: usize,
    /// Of those, the ones that are permitted only under a condition.
    pub conditional: usize,
}

impl PermitsView {
    /// The view of what both sets permit.
    pub(super) fn new(before: &[PolicyIn<'_>], after: &[PolicyIn<'_>]) -> Self {
        Self {
            meaning: measure::IN_ONE_LINE,
            before: MeasureView::new(&measure(before)),
            after: MeasureView::new(&measure(after)),
        }
    }
}

impl MeasureView {
    fn new(measure: &Measure) -> Self {
        let rows = measure.by.iter().map(|((level, breadth), count)| MeasureRow {
            access_level: format!("{level:?}"),
            breadth: *breadth,
            actions: count.actions,
            conditional: count.conditional,
        });
        Self {
            requests_log2: measure.bits.map(|bits| (bits * 100.0).round() / 100.0),
            actions: measure.total.actions,
            conditional: measure.total.conditional,
            open_ended: measure.open_ended,
            by: rows.collect(),
        }
    }
}
