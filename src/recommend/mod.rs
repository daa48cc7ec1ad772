//! The smallest change: what is granted and used stays, narrowed to what was observed; what could
//! have been seen and never was goes; what cannot be seen stays and is said so.
//!
//! [`recommend`] judges each Allow statement ([`narrow`](self)), writes the statements that are left
//! with as little edit as it can, lays them out within IAM's quotas, and proves the result: every
//! observed call still allowed, nothing granted that was not granted before.

mod actions;
mod alike;
pub mod conditions;
mod danger;
mod draft;
mod finding;
mod fit;
mod narrow;
mod places;
mod policies;
mod proof;
mod redundant;
mod request;
mod resources;
mod scratch;
mod wildcards;

#[cfg(test)]
mod tests;

pub use danger::{Allowed, Danger};
pub use finding::{Keep, Reason, Unseen};
pub(crate) use narrow::granted;
pub use narrow::{Kept, On};
pub use policies::{After, Before, Change, Fate, PolicyChange};
pub(crate) use proof::carried;
pub use proof::{Loss, Proof, Undecided};
pub use request::{Refused, Settled};
pub use resources::{Generalise, Narrowed, Rule};
pub(crate) use scratch::on_resources;
pub(crate) use wildcards::cover;

use std::collections::BTreeMap;

use action_catalog::Level;

use crate::diagnostic::{Code, Diagnostic};
use crate::evaluate::{Layer, PolicyIn};
use crate::evidence::{Evidence, Visibility};
use crate::grants::{Grants, Origin};

/// A principal with what it holds and what it did.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// What it holds.
    pub grants: &'a Grants,
    /// What it did.
    pub evidence: &'a Evidence,
}

/// What the caller wants.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Ask for what was refused as well.
    pub include_denied: bool,
    /// What becomes of actions whose use the trail cannot show.
    pub unseen: Unseen,
    /// How far resources are widened beyond those observed.
    pub generalise: Generalise,
    /// Which dangerous additions are written into the policies, not only into the report.
    pub allow_dangerous: Allowed,
    /// What is known for conditions, and which are written.
    pub conditions: conditions::Wanted,
    /// What stays as it is granted because a person decided so.
    pub keep: Vec<Keep>,
}

/// The state of one granted action.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It stays, for this reason; the best one where several statements keep it.
    Kept(Reason),
    /// It goes: its use would have shown, and none did.
    Unused,
    /// It goes: the permissions boundary never allows it.
    Ineffective,
    /// It goes, although its use cannot be seen: the caller decided so.
    LeftOut,
}

/// A proposed change with all that is needed to judge it.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// Each policy before and after, in the order of the grants; new ones last.
    pub policies: Vec<PolicyChange>,
    /// Every action that the grants allowed before, or that is asked for.
    pub actions: BTreeMap<String, State>,
    /// Every refusal, and what would settle it.
    pub refused: Vec<Refused>,
    /// What to look at twice.
    pub dangers: Vec<Danger>,
    /// Conditions that held for every use of a statement.
    pub conditions: Vec<conditions::Suggestion>,
    /// How each kind of condition, learnt from the earlier part of the trail, does in the later: over all
    /// statements, whether or not it is suggested now.
    pub conditions_tried: Vec<conditions::Tried>,
    /// The proof.
    pub proof: Proof,
    /// What else is to be said.
    pub diagnostics: Vec<Diagnostic>,
}

impl Proposal {
    /// Whether anything changes.
    pub fn changes_anything(&self) -> bool {
        self.policies
            .iter()
            .any(|policy| policy.change != Change::Unchanged)
    }

    /// What is in force for a principal with these grants, before and after the change.
    pub fn in_force<'p>(&'p self, grants: &'p Grants) -> (Vec<PolicyIn<'p>>, Vec<PolicyIn<'p>>) {
        proof::both(grants, &self.policies)
    }
}

/// Proposes a change to what `principal` holds.
///
/// `others` are the other principals that hold one of the same policies (through a group, or by
/// attachment): a shared policy is narrowed only to what *any* of them used, and the proof covers
/// each. Where nothing is held at all, the proposal is a policy that allows what was observed.
pub fn recommend(
    principal: Subject<'_>,
    others: &[Subject<'_>],
    visibility: &Visibility,
    options: &Options,
) -> Proposal {
    let mut diagnostics = Vec::new();
    let refused = request::refusals(&principal, options);
    let mut sheets = if principal.grants.held.is_empty() && principal.grants.not_given.is_empty() {
        vec![scratch::sheet(principal.evidence, options.generalise)]
    } else {
        policies::sheets(&principal, others, visibility, options)
    };
    redundant::drop_covered(&mut sheets);
    request::place(&mut sheets, &refused, principal.grants);
    let held = conditions::suggest(&sheets, &principal, others, visibility, options);
    let asked = conditions::write(&mut sheets, &held.suggested);
    note_shared(&sheets, &mut diagnostics);
    let mut actions = states(&sheets);
    let mut policies = policies::written(sheets, principal.grants, &mut diagnostics);
    own_up_to_wildcards(&mut policies, &mut actions);
    policies::say_what_is_forced(&policies, &mut diagnostics);
    let proof = proof::prove(&principal, others, &policies, &asked);
    report_failures(&proof, &mut diagnostics);
    let dangers = danger::find(&policies, principal.grants);
    Proposal {
        policies,
        actions,
        refused,
        dangers,
        conditions: held.suggested,
        conditions_tried: held.tried,
        proof,
        diagnostics,
    }
}

/// The proof over policies that a strategy lays out.
pub(crate) fn proof_of(principal: &Subject<'_>, policies: &[PolicyChange]) -> Proof {
    proof::prove(principal, &[], policies, &std::collections::BTreeSet::new())
}

/// What to look at twice in policies that a strategy lays out.
pub(crate) fn dangers_of(policies: &[PolicyChange], grants: &Grants) -> Vec<Danger> {
    danger::find(policies, grants)
}

/// No change: for a principal of which there is nothing to go by.
pub fn nothing_to_go_by(grants: &Grants) -> Proposal {
    let mut diagnostics = Vec::new();
    let policies = policies::written(policies::as_they_are(grants), grants, &mut diagnostics);
    Proposal {
        policies,
        actions: BTreeMap::new(),
        refused: Vec::new(),
        dangers: Vec::new(),
        conditions: Vec::new(),
        conditions_tried: Vec::new(),
        proof: Proof::default(),
        diagnostics,
    }
}

/// What a forced wildcard names besides what is kept stays granted: it is no longer said to go.
fn own_up_to_wildcards(policies: &mut [PolicyChange], actions: &mut BTreeMap<String, State>) {
    let mut forced: BTreeMap<String, String> = BTreeMap::new();
    for after in policies
        .iter_mut()
        .flat_map(|policy| &mut policy.after_statements)
    {
        for (wildcard, admits) in &mut after.forced {
            admits.retain(|action| !matches!(actions.get(action), None | Some(State::Kept(_))));
            forced.extend(admits.iter().map(|action| (action.clone(), wildcard.clone())));
        }
    }
    for before in policies
        .iter_mut()
        .flat_map(|policy| &mut policy.before_statements)
    {
        for gone in [&mut before.dropped, &mut before.ineffective, &mut before.left_out] {
            gone.retain(|action| !forced.contains_key(action));
        }
    }
    actions.extend(
        forced
            .into_iter()
            .map(|(action, wildcard)| (action, State::Kept(Reason::Forced { wildcard }))),
    );
}

/// Every granted action with the best that any statement says of it.
fn states(sheets: &[policies::Sheet]) -> BTreeMap<String, State> {
    let mut states: BTreeMap<String, State> = BTreeMap::new();
    let mut note = |action: &str, state: State| {
        let known = states.entry(action.to_owned()).or_insert_with(|| state.clone());
        if state < *known {
            *known = state;
        }
    };
    for sheet in sheets.iter().filter(|sheet| sheet.held.layer == Layer::Identity) {
        for kept in sheet.drafts.iter().flat_map(|draft| &draft.kept) {
            note(&kept.action, State::Kept(kept.reason.clone()));
        }
        for before in &sheet.before {
            before
                .dropped
                .iter()
                .for_each(|action| note(action, State::Unused));
            before
                .ineffective
                .iter()
                .for_each(|action| note(action, State::Ineffective));
            before
                .left_out
                .iter()
                .for_each(|action| note(action, State::LeftOut));
        }
    }
    states
}

fn note_shared(sheets: &[policies::Sheet], diagnostics: &mut Vec<Diagnostic>) {
    for held in sheets
        .iter()
        .map(|sheet| &sheet.held)
        .filter(|held| !held.boundary_of.is_empty())
    {
        diagnostics.push(
            Diagnostic::note(
                Code::SharedPolicy,
                format!(
                    "{} is also the permissions boundary of {}",
                    held.origin,
                    held.boundary_of.join(", ")
                ),
            )
            .help("it is left as it is: narrowing it would narrow their boundary"),
        );
    }
    for sheet in sheets
        .iter()
        .filter(|sheet| sheet.is_changed() && sheet.held.holders.len() > 1)
    {
        let count = sheet.held.holders.len() - 1;
        let others = if count == 1 {
            "another principal".to_owned()
        } else {
            format!("{count} other principals")
        };
        diagnostics.push(
            Diagnostic::note(
                Code::SharedPolicy,
                format!("{} also reaches {others}", sheet.held.origin),
            )
            .help("it is narrowed only to what any of them used, and the proof covers each"),
        );
    }
}

fn report_failures(proof: &Proof, diagnostics: &mut Vec<Diagnostic>) {
    if proof.lost.is_empty() && proof.new.is_proved() {
        return;
    }
    let message = format!(
        "the proposal does not hold: {} observed calls would be refused, {} grants are new",
        proof.lost.len(),
        proof.new.differences.len() + proof.new.undecided.len()
    );
    diagnostics.push(
        Diagnostic::error(Code::ProofFailed, message)
            .help("this is a bug in leastgrant: do not use the proposal, report it"),
    );
}

/// The access level of an action, where the catalog knows it.
pub fn level(action: &str) -> Option<Level> {
    action_catalog::action(action).map(|(_, action)| action.level)
}

/// Whether policies of this origin are replaced rather than edited.
pub(crate) fn is_new(origin: &Origin) -> bool {
    matches!(origin, Origin::New { .. })
}
