//! Which changed policy gets how many of the managed policies that can still be attached.

use super::fit::{Laid, lay_out};
use super::policies::Sheet;
use crate::grants::{Editable, Grants, Origin};
use crate::policy::{Document, quota};

/// A changed policy, laid out.
pub(super) struct Planned {
    /// Its documents.
    pub(super) laid: Laid,
    /// Whether the first of them is the policy itself.
    pub(super) in_place: bool,
    /// How many documents there was room for.
    pub(super) most: usize,
}

/// Each sheet with its layout; `None` for those that do not change.
pub(super) fn planned(sheets: Vec<Sheet>, grants: &Grants) -> Vec<(Sheet, Option<Planned>)> {
    // The inline policies share one quota: what each takes, before, and after once that is known.
    let mut inline: Vec<usize> = sheets.iter().map(inline_size).collect();
    let mut plans: Vec<Option<Plan>> = Vec::new();
    for (at, sheet) in sheets.iter().enumerate() {
        let others = inline.iter().sum::<usize>() - inline.get(at).copied().unwrap_or_default();
        let plan = sheet.is_changed().then(|| Plan::of(sheet, grants, others));
        if let (Some(plan), Some(size)) = (&plan, inline.get_mut(at))
            && is_inline(&sheet.held.origin)
        {
            *size = plan
                .laid
                .pages
                .first()
                .map_or(0, |page| quota::size(&page.document));
        }
        plans.push(plan);
    }
    let wants: Vec<usize> = plans
        .iter()
        .map(|plan| plan.as_ref().map_or(0, Plan::wants))
        .collect();
    let shares = shares(&wants, free_slots(&sheets));
    let with_share = plans.into_iter().zip(shares);
    let planned: Vec<Option<Planned>> = sheets
        .iter()
        .zip(with_share)
        .map(|(sheet, (plan, share))| plan.map(|plan| plan.within(sheet, share)))
        .collect();
    sheets.into_iter().zip(planned).collect()
}

/// A changed policy laid out as if any number of policies could be attached.
struct Plan {
    base: Document,
    limit: usize,
    in_place: bool,
    laid: Laid,
}

impl Plan {
    fn of(sheet: &Sheet, grants: &Grants, others: usize) -> Self {
        let in_place = sheet.existed && sheet.held.origin.editable() == Editable::InPlace;
        let limit = limit_of(&sheet.held.origin, grants, others);
        let base = if in_place {
            sheet.held.document.clone()
        } else {
            bare(&sheet.held.document)
        };
        let laid = lay_out(&base, sheet.drafts.clone(), limit, usize::MAX);
        Self {
            base,
            limit,
            in_place,
            laid,
        }
    }

    /// How many new managed policies it takes.
    fn wants(&self) -> usize {
        let pages = &self.laid.pages;
        let filled = pages
            .iter()
            .filter(|page| !page.document.statements.is_empty())
            .count();
        filled.saturating_sub(usize::from(self.in_place))
    }

    /// Laid out again where `share` new policies are too few.
    fn within(mut self, sheet: &Sheet, share: usize) -> Planned {
        let most = share + usize::from(self.in_place);
        if self.wants() > share {
            self.laid = lay_out(&self.base, sheet.drafts.clone(), self.limit, most.max(1));
            self.laid.overflow |= self.wants() > share;
        }
        Planned {
            laid: self.laid,
            in_place: self.in_place,
            most,
        }
    }
}

/// Shares the free places out: who wants few gets them all, who wants many is pressed, and those
/// who are pressed are pressed alike.
fn shares(wants: &[usize], slots: usize) -> Vec<usize> {
    let mut order: Vec<(usize, usize)> = wants
        .iter()
        .enumerate()
        .filter(|(_, want)| **want > 0)
        .map(|(at, want)| (*want, at))
        .collect();
    order.sort_unstable();
    let mut left = slots;
    let mut shares = vec![0; wants.len()];
    for (turn, (want, at)) in order.iter().enumerate() {
        if let Some(share) = shares.get_mut(*at) {
            *share = (*want).min(left / (order.len() - turn));
            left -= *share;
        }
    }
    shares
}

/// How many managed policies can still be attached: the default quota less those that stay.
fn free_slots(sheets: &[Sheet]) -> usize {
    let stays = |sheet: &&Sheet| {
        let direct = sheet.held.origin.group().is_none();
        match sheet.held.origin {
            Origin::CustomerManaged { .. } => direct,
            Origin::AwsManaged { .. } => direct && !sheet.is_changed(),
            _ => false,
        }
    };
    quota::ATTACHED
        .limit
        .saturating_sub(sheets.iter().filter(stays).count())
}

fn limit_of(origin: &Origin, grants: &Grants, other_inline: usize) -> usize {
    let user = grants
        .principal
        .as_deref()
        .is_some_and(|arn| arn.contains(":user/"));
    match origin {
        Origin::Inline { .. } => {
            let total = if user {
                quota::INLINE_OF_USER
            } else {
                quota::INLINE_OF_ROLE
            };
            total.limit.saturating_sub(other_inline)
        }
        Origin::GroupInline { .. } => quota::INLINE_OF_GROUP.limit,
        _ => quota::MANAGED_POLICY.limit,
    }
}

/// An empty document of the same version: the text of a new policy starts from nothing.
fn bare(document: &Document) -> Document {
    Document {
        version: document.version,
        id: None,
        statements: Vec::new(),
        source: "".into(),
    }
}

fn inline_size(sheet: &Sheet) -> usize {
    if is_inline(&sheet.held.origin) {
        quota::size(&sheet.held.document)
    } else {
        0
    }
}

fn is_inline(origin: &Origin) -> bool {
    matches!(origin, Origin::Inline { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_wants_few_gets_them_and_the_others_share() {
        assert_eq!(shares(&[3, 0, 1], 10), [3, 0, 1]);
        assert_eq!(shares(&[12, 1, 2], 10), [7, 1, 2]);
        assert_eq!(shares(&[12, 12], 10), [5, 5]);
        assert_eq!(shares(&[9, 9, 9], 2), [0, 1, 1]);
    }
}
