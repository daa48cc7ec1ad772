//! How long a proof takes: `cargo bench --bench proofs`.
//!
//! Each pair is asked once, on one core: what does the one policy allow that the other does not? First
//! the well-known ones, then all ordered pairs of the hundred largest AWS managed policies and of a
//! hundred taken evenly by name. `cargo bench --bench proofs -- OLD NEW` asks for one pair and prints
//! what is undecided in it.
#![expect(clippy::disallowed_macros, reason = "whole proofs are timed and printed")]
#![expect(
    clippy::disallowed_methods,
    reason = "whole proofs are timed, and the peak of memory is read"
)]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use leastgrant::evaluate::{Comparison, Layer, PolicyIn, compare};
use leastgrant::policy::{Document, parse};

/// The old policy and the new one.
const KNOWN: [(&str, &str); 4] = [
    ("AdministratorAccess", "ReadOnlyAccess"),
    ("ReadOnlyAccess", "ViewOnlyAccess"),
    ("AdministratorAccess", "PowerUserAccess"),
    ("PowerUserAccess", "AdministratorAccess"),
];

/// How many policies are compared with each other.
const POLICIES: usize = 100;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|own| own != "--bench").collect();
    decode();
    if let [old, new] = arguments.as_slice() {
        one(old, new);
    } else {
        for (old, new) in KNOWN {
            one(old, new);
        }
        all_pairs("largest", &largest());
        all_pairs("even by name", &even());
    }
    println!("peak memory: {}", peak());
}

/// The catalog is decoded by the first proof of a process.
fn decode() {
    let start = Instant::now();
    let document = managed("AmazonS3ReadOnlyAccess");
    let proved = compare(&[identity(&document)], &[identity(&document)]).is_proved();
    println!(
        "a policy and itself, the catalog decoded: {:?} (proved: {proved})",
        start.elapsed()
    );
    println!("peak memory: {}", peak());
}

fn managed(name: &str) -> Document {
    let text = action_catalog::managed_policy(name).map_or("", |policy| policy.document);
    parse(text, name).0.unwrap_or_else(|| Document::new(Vec::new()))
}

fn identity(document: &Document) -> PolicyIn<'_> {
    PolicyIn {
        layer: Layer::Identity,
        document,
    }
}

fn timed(old: &Document, new: &Document) -> (Duration, Comparison) {
    let start = Instant::now();
    let comparison = compare(&[identity(old)], &[identity(new)]);
    (start.elapsed(), comparison)
}

fn one(old: &str, new: &str) {
    let (time, found) = timed(&managed(old), &managed(new));
    println!(
        "{new} in {old}: {time:?}, {} differences, {} undecided",
        found.differences.len(),
        found.undecided.len()
    );
    for open in &found.undecided {
        println!(
            "  {} on {:?}: {}",
            open.action,
            open.resource,
            open.about.join("; ")
        );
    }
}

/// The policies with the longest documents.
fn largest() -> Vec<String> {
    let mut all: Vec<(usize, String)> = action_catalog::managed_policies()
        .map(|policy| (policy.document.len(), policy.name.to_owned()))
        .collect();
    all.sort_unstable_by(|a, b| b.cmp(a));
    all.into_iter().take(POLICIES).map(|(_, name)| name).collect()
}

fn even() -> Vec<String> {
    let all: Vec<String> = action_catalog::managed_policies()
        .map(|policy| policy.name.to_owned())
        .collect();
    let step = (all.len() / POLICIES).max(1);
    all.into_iter().step_by(step).take(POLICIES).collect()
}

fn all_pairs(what: &str, names: &[String]) {
    let documents: Vec<Document> = names.iter().map(|name| managed(name)).collect();
    let mut times: Vec<(Duration, String)> = Vec::new();
    let (mut proved, mut different) = (0, 0);
    let mut open: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for (new, new_name) in documents.iter().zip(names) {
        for (old, old_name) in documents.iter().zip(names) {
            if old_name == new_name {
                continue;
            }
            let (time, found) = timed(old, new);
            let pair = format!("{new_name} in {old_name}");
            proved += usize::from(found.is_proved());
            different += usize::from(!found.differences.is_empty());
            if found.differences.is_empty() && !found.undecided.is_empty() {
                open.entry("*".to_owned()).or_insert((0, pair.clone())).0 += 1;
            }
            for about in found.undecided.iter().map(|open| open.about.join("; ")) {
                open.entry(about).or_insert((0, pair.clone())).0 += 1;
            }
            times.push((time, pair));
        }
    }
    let undecided = open.remove("*").map_or(0, |(count, _)| count);
    summary(what, names.len(), &mut times);
    println!("  {proved} proved, {different} different, {undecided} undecided and nothing else");
    for (about, (count, pair)) in open {
        println!("  undecided {count} times, as in {pair}: {about}");
    }
}

fn summary(what: &str, policies: usize, times: &mut [(Duration, String)]) {
    times.sort_unstable();
    let total: Duration = times.iter().map(|(time, _)| *time).sum();
    let median = times.get(times.len() / 2).map(|(time, _)| *time);
    println!(
        "{policies} policies, {what}: {} pairs in {total:?}, median {:?}",
        times.len(),
        median.unwrap_or_default()
    );
    for (time, pair) in times.iter().rev().take(3) {
        println!("  slowest: {time:?} {pair}");
    }
}

/// The most memory that the process had.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "not known".to_owned(), |size| size.trim().to_owned())
}
