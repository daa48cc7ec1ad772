//! Who called, by the text of `userIdentity`: records of one session have it to the byte, so it is
//! compared and not read again.

use std::hash::Hasher;
use std::sync::Arc;

use rustc_hash::FxHasher;

use super::super::principal::{Caller, Identity, PrincipalKind};
use super::json;

/// So many identities are remembered, each in the place that its text says; some 1.5 KB each.
const PLACES: usize = 1024;
/// The part of the text that says the place: where the ids and names are.
const TELLING: std::ops::Range<usize> = 16..128;

#[derive(Debug, Default)]
pub(super) struct Callers {
    places: Vec<Option<(Box<str>, Arc<Caller>)>>,
}

impl Callers {
    /// The identity whose value starts at `at`: where it ends, and who it is. Nobody, where the full parser
    /// must read it; `None` where it is no compact JSON.
    pub(super) fn read(&mut self, text: &str, at: usize) -> Option<(usize, Option<Arc<Caller>>)> {
        if self.places.is_empty() {
            self.places.resize_with(PLACES, || None);
        }
        let rest = text.as_bytes().get(at..)?;
        let place = self.places.get_mut(place_of(rest))?;
        if let Some((known, caller)) = place
            && rest.starts_with(known.as_bytes())
        {
            return Some((at + known.len(), Some(Arc::clone(caller))));
        }
        let end = json::value(text.as_bytes(), at)?;
        let own = text.get(at..end)?;
        let caller = caller_of(own).map(Arc::new);
        if let Some(caller) = &caller {
            *place = Some((own.into(), Arc::clone(caller)));
        }
        Some((end, caller))
    }
}

fn place_of(rest: &[u8]) -> usize {
    let telling = rest.get(TELLING).or_else(|| rest.get(..32)).unwrap_or_default();
    let mut hasher = FxHasher::default();
    for block in telling.as_chunks::<8>().0 {
        hasher.write_u64(u64::from_le_bytes(*block));
    }
    hasher.finish() as usize % PLACES
}

/// Who an identity is, where that does not hang on the record's region.
fn caller_of(text: &str) -> Option<Caller> {
    if !text.starts_with('{') {
        return None;
    }
    let identity = match Identity::of_compact(text) {
        Some(identity) => identity,
        None => serde_json::from_str(text).ok()?,
    };
    let caller = identity.into_caller("");
    let by_region = matches!(
        caller.principal.kind,
        PrincipalKind::Root | PrincipalKind::Account
    );
    (!by_region || caller.principal.exact).then_some(caller)
}
