//! A measure of what a set of policies permits: to rank principals, and to show how much smaller a
//! proposal is.
//!
//! # Definition
//!
//! For each action of the catalog take the widest resource pattern that it is permitted on, and the
//! resource type of the action that the pattern takes most of. The action then counts 2^*w* requests,
//! where *w* is the sum over the parts of that type's ARN:
//!
//! - region: 5 where the pattern has a wildcard in it, else 0;
//! - account: 40 where the pattern has a wildcard in it, else 0 (2^40 is about as many as there are
//!   ids of twelve digits);
//! - name: 48 bits, shared out evenly among the variables of the type's resource part, so a free
//!   name counts as eight characters of an alphabet of 64. Of its share a variable keeps: all where
//!   a `*` stands for the whole of it; 6 less for each character that is fixed beside the `*`, but
//!   never less than half; 6 for each `?` where there is no `*`; 0 where it is fixed. A policy
//!   variable (`${aws:username}`) is a fixed text. A variable of a type's ARN never holds the
//!   character that follows it there (`bucket/*` leaves the key free, not the bucket).
//!
//! What a type's ARN does not have is not counted, whatever stands there in the pattern. Where it has
//! no region or account, its names are the only thing that tells resources apart, and get those bits
//! too: so all ARNs of a type are 2^93, and types can be compared. The partition does not count, for
//! a principal lies in one. An action without resource types counts 1.
//!
//! `bits` is the binary logarithm of the sum over all actions; `None` where nothing is permitted.
//!
//! - Layers intersect: a pattern of the layer that grants counts only where each other layer has a
//!   pattern that intersects it, and in each part with the narrower of both.
//! - An unconditional Deny takes what it covers whole; one that covers a part of a pattern does not
//!   make it narrower.
//! - A condition takes nothing; actions that are only permitted under one are counted apart.
//! - Patterns whose meaning AWS does not document permit nothing.
//!
//! More permitted never measures less: for a pattern that is a subset of another has no more bits
//! in any part, and sums and maxima keep that.

mod asked;
mod reach;
mod statements;
mod width;

use std::collections::{BTreeMap, BTreeSet};

use action_catalog::{Level, Service};

use crate::evaluate::{Compiled, Layer, PolicyIn};
use crate::pattern;
use crate::policy::{Effect, Element};
use asked::Asked;
use statements::{Sets, Statements};
use width::Template;

/// The measure in one line, for reports.
pub const IN_ONE_LINE: &str =
    "an action counts once for each ARN it is permitted on; all ARNs of a resource type count as 2^93";

/// How wide the widest resources are that an action is permitted on.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Breadth {
    /// The action is asked on `*` only: no ARN can narrow it.
    Unscoped,
    /// Exact names only (in any region or account).
    Named,
    /// Names with a wildcard.
    Prefix,
    /// All names of one account or one region, or of some.
    Account,
    /// All ARNs of a resource type: `*`, or what comes to the same.
    Everything,
}

/// A number of actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// All of them.
    pub actions: usize,
    /// Those that are permitted only under a condition.
    pub conditional: usize,
}

impl Count {
    fn add(&mut self, conditional: bool) {
        self.actions += 1;
        self.conditional += usize::from(conditional);
    }
}

/// What a set of policies permits, in numbers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Measure {
    /// Actions of the catalog that are permitted on some resource.
    pub total: Count,
    /// The same, by access level and by the breadth of their widest resources.
    pub by: BTreeMap<(Level, Breadth), Count>,
    /// Whether actions that the catalog does not know are permitted as well: those of a whole
    /// service, or of all. (`s3:Get*` alone does not count, nor does a single unknown name.)
    pub open_ended: bool,
    /// The binary logarithm of the permitted requests; `None` where nothing is permitted.
    pub bits: Option<f64>,
}

/// Measures what the policies permit together.
///
/// Identity policies grant, the other layers limit. The policy of a resource, a role's trust policy
/// or a key policy is measured alone (where no identity policy is given): what it permits to those
/// that it names. Beside identity policies it is left out, for it speaks of one resource only.
pub fn measure(policies: &[PolicyIn<'_>]) -> Measure {
    let Some(granting) = granting(policies) else {
        return Measure::default();
    };
    let policies: Vec<PolicyIn<'_>> = policies
        .iter()
        .filter(|policy| policy.layer == granting || !is_of_resource(policy.layer))
        .copied()
        .collect();
    let compiled = Compiled::new(&policies);
    let ready = Statements::new(&policies, granting);
    let mut sets = Sets::default();
    let mut measure = Measure::default();
    let mut requests = 0.0_f64;
    for prefix in prefixes(&policies, granting) {
        measure.open_ended = measure.open_ended || takes_unknown(&prefix, &compiled, &ready);
        let Some(service) = action_catalog::service(&prefix) else {
            continue;
        };
        let mut asked = Asked::new(service);
        let mut name = format!("{}:", service.prefix);
        for action in &service.actions {
            name.truncate(service.prefix.len() + 1);
            name.push_str(&action.name);
            let set = sets.of(&compiled.speaking_of(&name), &ready);
            let Some((permitted, breadth)) = asked.answer(action, set) else {
                continue;
            };
            requests += 2.0_f64.powi(i32::from(permitted.widths.total()));
            measure.total.add(permitted.conditional);
            let cell = measure.by.entry((action.level, breadth)).or_default();
            cell.add(permitted.conditional);
        }
    }
    measure.bits = (requests > 0.0).then(|| requests.log2());
    measure
}

/// Whether the layer's policies are about the one resource that they stand on.
fn is_of_resource(layer: Layer) -> bool {
    matches!(layer, Layer::Resource | Layer::Trust | Layer::Key)
}

/// The layer that grants; `None` where none does.
fn granting(policies: &[PolicyIn<'_>]) -> Option<Layer> {
    let layers: BTreeSet<Layer> = policies.iter().map(|policy| policy.layer).collect();
    if layers.contains(&Layer::Identity) {
        return Some(Layer::Identity);
    }
    let mut own = layers.into_iter().filter(|layer| is_of_resource(*layer));
    own.next().filter(|_| own.next().is_none())
}

/// Prefixes of services of which the granting layer can allow an action, known or not, sorted.
fn prefixes(policies: &[PolicyIn<'_>], granting: Layer) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let of_layer = policies.iter().filter(|policy| policy.layer == granting);
    let allows = of_layer
        .flat_map(|policy| &policy.document.statements)
        .filter(|statement| statement.effect == Effect::Allow);
    for statement in allows {
        let patterns: &[String] = match &statement.action {
            Element::Only(list) => list,
            Element::Except(_) => &["*".to_owned()],
        };
        for text in patterns {
            let prefix = text.split_once(':').map_or("*", |(prefix, _)| prefix);
            if !prefix.contains(['*', '?']) {
                found.insert(prefix.to_ascii_lowercase());
                continue;
            }
            let known =
                action_catalog::prefixes().filter(|known| pattern::matches_ignore_case(prefix, known));
            found.extend(known.map(str::to_owned));
            if prefix == "*" {
                found.insert(UNKNOWN.to_owned());
            }
        }
    }
    found
}

/// A name that no service and no action has, and that no pattern matches but those of everything.
const UNKNOWN: &str = "\u{1}\u{2}\u{1}";

/// Whether an action of the service that nobody knows yet is permitted on some resource.
fn takes_unknown(prefix: &str, compiled: &Compiled, ready: &Statements) -> bool {
    let hits = compiled.speaking_of(&format!("{prefix}:{UNKNOWN}"));
    let set = ready.set(&hits);
    let any = Template::new("arn:*:*:*:*:*");
    let nowhere = Service::named(prefix, prefix);
    set.on_star().is_some() || any.is_some_and(|any| set.on(&any, &nowhere).is_some())
}

#[cfg(test)]
mod tests;
