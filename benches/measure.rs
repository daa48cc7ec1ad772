//! How long it takes to measure what policies permit: `cargo bench --bench measure`.
//!
//! The first measure of a process decodes the whole catalog; it is printed before the others, since a
//! process has only one.
#![expect(clippy::disallowed_macros, reason = "the first measure is timed and printed")]
#![expect(clippy::disallowed_methods, reason = "the first measure is timed and printed")]

use std::time::Instant;

use divan::{Bencher, black_box};
use leastgrant::evaluate::{Layer, PolicyIn};
use leastgrant::measure::{Measure, measure};
use leastgrant::policy::{Document, parse};

const NAMES: [&str; 5] = [
    "AdministratorAccess",
    "PowerUserAccess",
    "ReadOnlyAccess",
    "ViewOnlyAccess",
    "AmazonS3ReadOnlyAccess",
];

fn main() {
    let start = Instant::now();
    let documents = NAMES.map(managed);
    println!("five policies read:                {:?}", start.elapsed());
    for (name, document) in NAMES.into_iter().zip(&documents) {
        let start = Instant::now();
        let found = of(&[(Layer::Identity, document)]);
        println!(
            "first of {name:<24}  {:?}: {} actions, {} under conditions, {:.2} bits",
            start.elapsed(),
            found.total.actions,
            found.total.conditional,
            found.bits.unwrap_or_default()
        );
    }
    divan::main();
}

fn managed(name: &str) -> Document {
    let text = action_catalog::managed_policy(name).map_or("", |policy| policy.document);
    parse(text, name).0.unwrap_or_else(|| Document::new(Vec::new()))
}

fn of(policies: &[(Layer, &Document)]) -> Measure {
    let placed = policies.iter().map(|(layer, document)| PolicyIn {
        layer: *layer,
        document,
    });
    measure(&placed.collect::<Vec<_>>())
}

/// One identity policy.
#[divan::bench(args = NAMES)]
fn alone(bencher: Bencher<'_, '_>, name: &str) {
    let document = managed(name);
    bencher.bench(|| of(black_box(&[(Layer::Identity, &document)])));
}

/// Within a permissions boundary and under two SCPs.
#[divan::bench(args = NAMES)]
fn layered(bencher: Bencher<'_, '_>, name: &str) {
    let document = managed(name);
    let (boundary, all) = (managed("PowerUserAccess"), managed("AdministratorAccess"));
    let layers = [
        (Layer::Identity, &document),
        (Layer::Boundary, &boundary),
        (Layer::Scp(0), &all),
        (Layer::Scp(1), &all),
    ];
    bencher.bench(|| of(black_box(&layers)));
}

/// One policy of many narrow statements, as a proposal has them.
#[divan::bench(args = [10, 100, 400])]
fn narrow(bencher: Bencher<'_, '_>, statements: usize) {
    let list: Vec<String> = (0..statements)
        .map(|number| {
            let (service, form) = match number % 4 {
                0 => ("s3", "s3:::app-{n}-data/in/*"),
                1 => ("dynamodb", "dynamodb:*:111122223333:table/app-{n}-*"),
                2 => ("lambda", "lambda:eu-west-1:111122223333:function:app-{n}"),
                _ => ("ec2", "ec2:*:111122223333:*/i-{n}??????"),
            };
            let arn = form.replace("{n}", &number.to_string());
            format!(r#"{{"Effect":"Allow","Action":"{service}:*","Resource":"arn:aws:{arn}"}}"#)
        })
        .collect();
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, list.join(","));
    let document = parse(&text, "-").0.unwrap_or_else(|| Document::new(Vec::new()));
    bencher.bench(|| of(black_box(&[(Layer::Identity, &document)])));
}
