//! What a store costs: the first run over a trail, the next over one more day, a question of what is there; and a
//! plain read beside them.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a benchmark makes its files"
)]

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use account_generator::Plan;
use leastgrant::evidence::Interest;
use leastgrant::source::{EvidenceStore, Question, Window, read_ledger};

fn main() {
    divan::main();
}

const PLAN: Plan = Plan {
    principals: 120,
    days: 60,
    seed: 1,
    load: 1,
};

fn days() -> &'static Vec<PathBuf> {
    static DAYS: OnceLock<(tempfile::TempDir, Vec<PathBuf>)> = OnceLock::new();
    let make = || {
        let folder = tempfile::tempdir().unwrap();
        PLAN.write(folder.path()).unwrap();
        let entries = std::fs::read_dir(folder.path().join("trail")).unwrap();
        let mut days: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        days.sort();
        (folder, days)
    };
    &DAYS.get_or_init(make).1
}

fn ask(store: &Path, files: &[PathBuf]) {
    let interest = Interest::default();
    let question = Question {
        interest: &interest,
        window: Window::default(),
        cuts: &[],
        threads: 0,
    };
    EvidenceStore::at(store).answer(files, &[], &question).unwrap();
}

#[divan::bench(sample_count = 5)]
fn plain_read(bencher: divan::Bencher<'_, '_>) {
    let files = days();
    bencher.bench(|| read_ledger(files, 0, &Interest::default()));
}

#[divan::bench(sample_count = 5)]
fn first_run(bencher: divan::Bencher<'_, '_>) {
    let files = days();
    bencher
        .with_inputs(|| tempfile::tempdir().unwrap())
        .bench_values(|folder| ask(folder.path(), files));
}

#[divan::bench(sample_count = 5)]
fn one_more_day(bencher: divan::Bencher<'_, '_>) {
    let (last, earlier) = days().split_last().unwrap();
    bencher
        .with_inputs(|| {
            let folder = tempfile::tempdir().unwrap();
            ask(folder.path(), earlier);
            folder
        })
        .bench_values(|folder| ask(folder.path(), std::slice::from_ref(last)));
}

#[divan::bench(sample_count = 5)]
fn nothing_new(bencher: divan::Bencher<'_, '_>) {
    let folder = tempfile::tempdir().unwrap();
    ask(folder.path(), days());
    bencher.bench(|| ask(folder.path(), days()));
}
