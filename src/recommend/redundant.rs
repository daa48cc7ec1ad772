//! What two policies both grant needs to stand only once.

use super::draft::Draft;
use super::narrow::{Kept, On};
use super::policies::Sheet;
use crate::evaluate::Layer;
use crate::pattern;
use crate::policy::Effect;

/// Drops, from statements that change anyway, what another unconditional statement grants as well
/// to everybody whom the policy reaches. The later policy gives way to the earlier one, a policy
/// that is replaced to one that stands.
pub(super) fn drop_covered(sheets: &mut [Sheet]) {
    let mut order: Vec<usize> = (0..sheets.len()).collect();
    order.sort_by_key(|at| (sheets.get(*at).is_some_and(stands), std::cmp::Reverse(*at)));
    for at in order {
        let drafts = sheets.get(at).map_or(0, |sheet| sheet.drafts.len());
        for draft in (0..drafts).rev() {
            drop_from(sheets, at, draft);
        }
        if let Some(sheet) = sheets.get_mut(at) {
            sheet
                .drafts
                .retain(|draft| draft.untouched || !draft.kept.is_empty());
        }
    }
}

/// Whether the policy's own text stays.
fn stands(sheet: &Sheet) -> bool {
    sheet.held.origin.editable() == crate::grants::Editable::InPlace
}

fn drop_from(sheets: &mut [Sheet], at: usize, number: usize) {
    let Some(sheet) = sheets.get(at) else { return };
    let Some(draft) = sheet.drafts.get(number) else {
        return;
    };
    if draft.untouched || sheet.held.layer != Layer::Identity {
        return;
    }
    let kept: Vec<Kept> = draft
        .kept
        .iter()
        .filter(|kept| !is_covered(kept, sheets, at, number))
        .cloned()
        .collect();
    if let Some(draft) = sheets.get_mut(at).and_then(|sheet| sheet.drafts.get_mut(number)) {
        draft.kept = kept;
    }
}

fn is_covered(kept: &Kept, sheets: &[Sheet], at: usize, number: usize) -> bool {
    let Some(own) = sheets.get(at) else { return false };
    sheets.iter().enumerate().any(|(other, sheet)| {
        let reaches_as_many = own
            .held
            .holders
            .iter()
            .all(|holder| sheet.held.holders.contains(holder));
        sheet.held.layer == Layer::Identity
            && reaches_as_many
            && sheet
                .drafts
                .iter()
                .enumerate()
                .any(|(place, draft)| (other, place) != (at, number) && covers(draft, kept))
    })
}

fn covers(draft: &Draft, kept: &Kept) -> bool {
    draft.template.effect == Effect::Allow
        && draft.template.conditions.is_empty()
        && draft
            .kept
            .iter()
            .any(|other| other.action == kept.action && within(&kept.on, &other.on))
}

/// Whether every pattern lies within one of the other's.
fn within(inner: &On, outer: &On) -> bool {
    match (inner, outer) {
        (On::These(inner), On::These(outer)) => inner.iter().all(|narrowed| {
            outer.iter().any(|wider| {
                !wider.pattern.contains("${")
                    && pattern::resource_is_subset(&narrowed.pattern, &wider.pattern) == Some(true)
            })
        }),
        (inner, outer) => inner == outer,
    }
}
