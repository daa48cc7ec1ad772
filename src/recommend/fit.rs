//! Makes policies fit IAM's quotas: shorter lists that mean the same, then more policies, then, and
//! only when nothing else helps, wildcards that admit more, with what they admit.

use std::collections::BTreeMap;

use super::actions::within;
use super::draft::{Draft, Press, name_statements};
use super::finding::Reason;
use super::narrow::{Kept, On};
use super::resources::Narrowed;
use crate::policy::{Document, Span, Statement, quota};

/// A document after the change.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) document: Document,
    /// Beside the document's statements.
    pub(super) drafts: Vec<Draft>,
    /// Whether it holds only what is kept because its use cannot be seen.
    pub(super) unseen: bool,
}

/// The drafts of one policy after the change, laid out over one or several documents.
#[derive(Debug)]
pub(super) struct Laid {
    pub(super) pages: Vec<Page>,
    /// Whether even all measures did not make it fit.
    pub(super) overflow: bool,
}

/// Lays drafts out over at most `most` documents of at most `limit` characters. What fits in one
/// stays in one; else what was used and what could not be seen go into documents of their own, so
/// that a person can tell them apart and decide on each.
pub(super) fn lay_out(base: &Document, drafts: Vec<Draft>, limit: usize, most: usize) -> Laid {
    for press in [Press::No, Press::ExactWildcards] {
        let document = document(base, &drafts, press);
        if quota::size(&document) <= limit {
            return Laid {
                pages: vec![Page {
                    document,
                    drafts,
                    unseen: false,
                }],
                overflow: false,
            };
        }
    }
    // The further documents are managed policies, whatever this one is.
    let limit = limit.min(quota::MANAGED_POLICY.limit);
    let (used, unseen) = apart(drafts);
    let pages = |unseen: Vec<Draft>| -> Vec<Page> {
        let used = pack(base, used.clone(), limit, false);
        used.into_iter().chain(pack(base, unseen, limit, true)).collect()
    };
    let fits =
        |laid: &[Page]| laid.len() <= most && laid.iter().all(|page| quota::size(&page.document) <= limit);
    let laid = pages(unseen.clone());
    if fits(&laid) {
        return Laid {
            pages: laid,
            overflow: false,
        };
    }
    let for_used = pack(base, used.clone(), limit, false).len();
    let room = limit * most.saturating_sub(for_used);
    // What laying out over several documents wastes is not known beforehand: press harder until it fits.
    let mut laid = laid;
    for eighths in [7, 6, 5, 4, 2] {
        laid = pages(force(unseen.clone(), room * eighths / 8));
        if fits(&laid) {
            return Laid {
                pages: laid,
                overflow: false,
            };
        }
    }
    Laid {
        pages: laid,
        overflow: true,
    }
}

/// What was used (or goes with it), and what is kept because it cannot be seen.
fn apart(drafts: Vec<Draft>) -> (Vec<Draft>, Vec<Draft>) {
    let (mut used, mut unseen) = (Vec::new(), Vec::new());
    for draft in drafts {
        let (mine, rest): (Vec<_>, Vec<_>) = draft
            .kept
            .iter()
            .cloned()
            .partition(|kept| !matches!(kept.reason, Reason::Unseen { .. } | Reason::NotInCatalog));
        match (mine.is_empty(), rest.is_empty()) {
            (_, true) => used.push(draft),
            (true, false) if draft.untouched => used.push(draft),
            (true, false) => unseen.push(draft),
            (false, false) => {
                used.push(Draft {
                    kept: mine,
                    untouched: false,
                    ..draft.clone()
                });
                unseen.push(Draft {
                    kept: rest,
                    untouched: false,
                    ..draft
                });
            }
        }
    }
    (used, unseen)
}

fn document(base: &Document, drafts: &[Draft], press: Press) -> Document {
    let mut statements: Vec<Statement> = drafts.iter().map(|draft| draft.statement(press)).collect();
    name_statements(&mut statements);
    if base.source.is_empty() {
        // A new text: no statement stands anywhere yet.
        statements
            .iter_mut()
            .for_each(|statement| statement.span = Span::default());
    }
    Document {
        statements,
        ..base.clone()
    }
}

/// First fit, in order; a statement too long for a document by itself is cut into several.
fn pack(base: &Document, drafts: Vec<Draft>, limit: usize, unseen: bool) -> Vec<Page> {
    let base = &Document {
        source: "".into(),
        ..base.clone()
    };
    let mut bins: Vec<Vec<Draft>> = Vec::new();
    for draft in drafts.into_iter().flat_map(|draft| cut(base, draft, limit)) {
        let fits = |bin: &Vec<Draft>| {
            let mut with = bin.clone();
            with.push(draft.clone());
            quota::size(&document(base, &with, Press::ExactWildcards)) <= limit
        };
        match bins.iter_mut().find(|bin| fits(bin)) {
            Some(bin) => bin.push(draft),
            None => bins.push(vec![draft]),
        }
    }
    bins.into_iter()
        .map(|drafts| Page {
            document: document(base, &drafts, Press::ExactWildcards),
            drafts,
            unseen,
        })
        .collect()
}

/// Cuts a statement by its actions, between services where it can, so that each part fits.
fn cut(base: &Document, draft: Draft, limit: usize) -> Vec<Draft> {
    let fits = |draft: &Draft| {
        quota::size(&document(
            base,
            std::slice::from_ref(draft),
            Press::ExactWildcards,
        )) <= limit
    };
    if draft.untouched || fits(&draft) {
        return vec![draft];
    }
    if draft.kept.len() < 2 {
        return cut_resources(base, draft, limit);
    }
    let mut services: Vec<Vec<Kept>> = Vec::new();
    for kept in draft.kept.clone() {
        match services.last_mut() {
            Some(group)
                if group
                    .first()
                    .is_some_and(|first| service(first) == service(&kept)) =>
            {
                group.push(kept)
            }
            _ => services.push(vec![kept]),
        }
    }
    if services.len() == 1 {
        let mut first = draft.kept.clone();
        let second = first.split_off(first.len() / 2);
        return [first, second]
            .into_iter()
            .flat_map(|kept| cut(base, part(&draft, kept), limit))
            .collect();
    }
    let mut parts: Vec<Draft> = Vec::new();
    for group in services {
        let with = parts
            .last()
            .map(|last| part(&draft, last.kept.iter().cloned().chain(group.clone()).collect()));
        match (with, parts.last_mut()) {
            (Some(with), Some(last)) if fits(&with) => *last = with,
            _ => parts.push(part(&draft, group)),
        }
    }
    parts
        .into_iter()
        .flat_map(|part| cut(base, part, limit))
        .collect()
}

/// Cuts the resources of a single action.
fn cut_resources(base: &Document, draft: Draft, limit: usize) -> Vec<Draft> {
    let Some(Kept {
        on: On::These(list), ..
    }) = draft.kept.first()
    else {
        return vec![draft];
    };
    if list.len() < 2 {
        return vec![draft];
    }
    let (first, second) = list.split_at(list.len() / 2);
    let with = |patterns: &[Narrowed]| {
        let kept = draft.kept.iter().map(|kept| Kept {
            on: On::These(patterns.to_vec()),
            ..kept.clone()
        });
        part(&draft, kept.collect())
    };
    [with(first), with(second)]
        .into_iter()
        .flat_map(|draft| cut(base, draft, limit))
        .collect()
}

fn service(kept: &Kept) -> &str {
    kept.action
        .split_once(':')
        .map_or(kept.action.as_str(), |(service, _)| service)
}

/// The draft with only these actions, and the forced wildcards that concern them.
fn part(draft: &Draft, kept: Vec<Kept>) -> Draft {
    let concerns = |wildcard: &str| {
        kept.iter()
            .any(|kept| crate::pattern::matches_ignore_case(wildcard, &kept.action))
    };
    let forced = draft.forced.iter().filter(|(wildcard, _)| concerns(wildcard));
    let forced = forced
        .map(|(wildcard, admits)| (wildcard.clone(), admits.clone()))
        .collect();
    Draft {
        kept,
        forced,
        ..draft.clone()
    }
}

/// Replaces the services that take most room by `service:*` until all fits in `room` characters.
/// Only for actions that are kept because their use cannot be seen: what was used stays by name.
fn force(mut drafts: Vec<Draft>, room: usize) -> Vec<Draft> {
    let mut total: usize = drafts
        .iter()
        .map(|draft| statement_length(&draft.statement(Press::ExactWildcards)))
        .sum();
    while total > room {
        let best = drafts
            .iter()
            .enumerate()
            .filter(|(_, draft)| !draft.untouched)
            .flat_map(|(at, draft)| {
                savings(draft)
                    .into_iter()
                    .map(move |(service, saved)| (saved, std::cmp::Reverse(service), at))
            })
            .max();
        let Some((saved, std::cmp::Reverse(service), at)) = best else {
            return drafts;
        };
        let Some(draft) = drafts.get_mut(at) else {
            return drafts;
        };
        let wildcard = format!("{service}:*");
        let admitted = admitted(draft, &service);
        draft.forced.insert(wildcard, admitted);
        total = total.saturating_sub(saved);
    }
    drafts
}

fn statement_length(statement: &Statement) -> usize {
    statement
        .action
        .patterns()
        .iter()
        .map(|entry| entry.len() + 3)
        .sum::<usize>()
        + 64
}

/// By service, how many characters `service:*` would save, where it may be used at all.
fn savings(draft: &Draft) -> BTreeMap<String, usize> {
    let mut by_service: BTreeMap<String, usize> = BTreeMap::new();
    for entry in draft.statement(Press::ExactWildcards).action.patterns() {
        if let Some((service, _)) = entry.split_once(':') {
            *by_service.entry(service.to_owned()).or_default() += entry.len() + 3;
        }
    }
    by_service
        .into_iter()
        .filter_map(|(service, length)| {
            let wildcard = format!("{service}:*");
            let may = !draft.forced.contains_key(&wildcard)
                && draft.granted.iter().any(|granted| within(&wildcard, granted))
                && draft
                    .kept
                    .iter()
                    .filter(|kept| of_service(&kept.action, &service))
                    .all(|kept| !kept.reason.is_use());
            let saved = length.saturating_sub(wildcard.len() + 3);
            (may && saved > 0).then_some((service, saved))
        })
        .collect()
}

fn of_service(action: &str, service: &str) -> bool {
    action
        .split_once(':')
        .is_some_and(|(prefix, _)| prefix.eq_ignore_ascii_case(service))
}

/// What `service:*` names beyond what is kept.
fn admitted(draft: &Draft, service: &str) -> Vec<String> {
    action_catalog::matching(&format!("{service}:*"))
        .into_iter()
        .map(|(service, action)| format!("{}:{}", service.prefix, action.name))
        .filter(|action| !draft.kept.iter().any(|kept| kept.action == *action))
        .collect()
}
