//! Makes policies fit IAM's quotas: shorter lists that mean the same, then more policies, then, and
//! only when nothing else helps, wildcards that admit more, with what they admit.

use std::collections::BTreeMap;

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
        let mut pages = pack(base, used.clone(), limit, false);
        pages.extend(pack(base, unseen, limit, true));
        // The first one takes the place of the policy: what stands untouched in it keeps its layout.
        if let Some(first) = pages.first_mut() {
            first.document = document(base, &first.drafts, Press::ExactWildcards);
        }
        pages
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
    let room = limit.saturating_mul(most.saturating_sub(for_used));
    // What laying out over several documents wastes is not known beforehand: press harder until it fits.
    let mut laid = laid;
    for sixteenths in [16, 15, 14, 12, 10, 8, 4] {
        laid = pages(force(unseen.clone(), room / 16 * sixteenths));
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
    // Sizes add up: a document is its frame and its statements, with a comma between.
    let frame = size(base, &[]);
    let mut bins: Vec<(usize, Vec<Draft>)> = Vec::new();
    for draft in drafts.into_iter().flat_map(|draft| cut(base, draft, limit)) {
        // A Sid may get a number behind it.
        let own = size(base, std::slice::from_ref(&draft)) - frame + ",".len() + SID_NUMBER;
        match bins.iter_mut().find(|(filled, _)| filled + own <= limit) {
            Some((filled, bin)) => {
                *filled += own;
                bin.push(draft);
            }
            None => bins.push((frame + own, vec![draft])),
        }
    }
    bins.into_iter()
        .map(|(_, drafts)| Page {
            document: document(base, &drafts, Press::ExactWildcards),
            drafts,
            unseen,
        })
        .collect()
}

/// The most that making a Sid unique adds to it.
const SID_NUMBER: usize = 3;

fn size(base: &Document, drafts: &[Draft]) -> usize {
    quota::size(&document(base, drafts, Press::ExactWildcards))
}

/// Cuts a statement by its actions, between services where it can, so that each part fits.
fn cut(base: &Document, draft: Draft, limit: usize) -> Vec<Draft> {
    let limit = limit.saturating_sub(SID_NUMBER + 1);
    if draft.untouched || size(base, std::slice::from_ref(&draft)) <= limit {
        return vec![draft];
    }
    if draft.kept.len() < 2 {
        return cut_resources(base, draft, limit);
    }
    let services = by_service(draft.kept.clone());
    if services.len() == 1 {
        return halves(base, &draft, limit);
    }
    // What a service's actions take is the same in whichever part they stand.
    let rest = size(
        base,
        &[Draft {
            kept: without_actions(&draft),
            ..part(&draft, Vec::new())
        }],
    );
    let mut parts: Vec<(usize, Vec<Kept>)> = Vec::new();
    for group in services {
        let own = size(base, &[part(&draft, group.clone())]).saturating_sub(rest) + ",".len();
        match parts.last_mut() {
            Some((filled, kept)) if *filled + own <= limit => {
                *filled += own;
                kept.extend(group);
            }
            _ => parts.push((rest + own, group)),
        }
    }
    if parts.len() == 1 {
        // The sum was too small an estimate: halves are sure to be smaller.
        return halves(base, &draft, limit);
    }
    parts
        .into_iter()
        .flat_map(|(_, kept)| cut(base, part(&draft, kept), limit))
        .collect()
}

fn halves(base: &Document, draft: &Draft, limit: usize) -> Vec<Draft> {
    let mut first = draft.kept.clone();
    let second = first.split_off(first.len() / 2);
    [first, second]
        .into_iter()
        .flat_map(|kept| cut(base, part(draft, kept), limit))
        .collect()
}

/// One action of the draft under a name of no length: what is left is the statement's own size.
fn without_actions(draft: &Draft) -> Vec<Kept> {
    let first = draft.kept.first().cloned();
    first
        .into_iter()
        .map(|kept| Kept {
            action: String::new(),
            ..kept
        })
        .collect()
}

/// The kept actions in runs of one service.
fn by_service(kept: Vec<Kept>) -> Vec<Vec<Kept>> {
    let mut services: Vec<Vec<Kept>> = Vec::new();
    for kept in kept {
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
    services
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
    // Not `..draft.clone()`: it would copy thousands of kept actions only to drop them.
    Draft {
        from: draft.from,
        template: draft.template.clone(),
        untouched: draft.untouched,
        kept,
        granted: draft.granted.clone(),
        forced,
    }
}

/// Replaces the services that take most room by `service:*` until all fits in `room` characters.
/// Only for actions that are kept because their use cannot be seen: what was used stays by name.
fn force(mut drafts: Vec<Draft>, room: usize) -> Vec<Draft> {
    let written: Vec<Statement> = drafts
        .iter()
        .map(|draft| draft.statement(Press::ExactWildcards))
        .collect();
    let mut total: usize = written.iter().map(statement_length).sum();
    let mut savings: Vec<(usize, usize, String)> = drafts
        .iter()
        .zip(&written)
        .enumerate()
        .filter(|(_, (draft, _))| !draft.untouched)
        .flat_map(|(at, (draft, written))| {
            savings(draft, written)
                .into_iter()
                .map(move |(service, saved)| (saved, at, service))
        })
        .collect();
    savings.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| (a.1, &a.2).cmp(&(b.1, &b.2))));
    for (saved, at, service) in savings {
        if total <= room {
            break;
        }
        if let Some(draft) = drafts.get_mut(at) {
            let admitted = admitted(draft, &service);
            draft.forced.insert(format!("{service}:*"), admitted);
            total = total.saturating_sub(saved);
        }
    }
    drafts
}

fn statement_length(statement: &Statement) -> usize {
    let entries = statement.action.patterns().iter();
    entries.map(|entry| entry.len() + 3).sum::<usize>() + 64
}

/// By service, how many characters `service:*` would save, where it may be used at all.
fn savings(draft: &Draft, written: &Statement) -> BTreeMap<String, usize> {
    let mut by_service: BTreeMap<String, usize> = BTreeMap::new();
    for entry in written.action.patterns() {
        if let Some((service, _)) = entry.split_once(':') {
            *by_service.entry(service.to_owned()).or_default() += entry.len() + 3;
        }
    }
    let used: std::collections::BTreeSet<&str> = draft
        .kept
        .iter()
        .filter(|kept| kept.reason.is_use())
        .map(service)
        .collect();
    by_service
        .into_iter()
        .filter_map(|(service, length)| {
            let wildcard = format!("{service}:*");
            let may = !draft.forced.contains_key(&wildcard)
                && !used.contains(service.as_str())
                && draft.granted.iter().any(|granted| granted.holds(&wildcard));
            let saved = length.saturating_sub(wildcard.len() + 3);
            (may && saved > 0).then_some((service, saved))
        })
        .collect()
}

/// What `service:*` names beyond what is kept.
fn admitted(draft: &Draft, service: &str) -> Vec<String> {
    action_catalog::matching(&format!("{service}:*"))
        .into_iter()
        .map(|(service, action)| format!("{}:{}", service.prefix, action.name))
        .filter(|action| !draft.kept.iter().any(|kept| kept.action == *action))
        .collect()
}
