//! The same input gives the same bytes: whatever the threads, the order of the files, the order of
//! the records in them, and how often a record is there.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what fails here fails its test"
)]
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests read files"
)]

use std::fs;
use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::Value;

use crate::scenario::{ANALYST, BOUNDARY, CI_DEPLOY, DATA_JOB, Scenario, all};
use crate::support::{Folder, files_below, gz, leastgrant, log};

/// The JSON of a scenario over other files than its own.
fn json_over(scenario: &Scenario, trails: &[String], more: &[&str]) -> String {
    let mut args = scenario.args_without_trail();
    for trail in trails {
        args.extend(["--trail".to_owned(), trail.clone()]);
    }
    args.extend(["--format", "json"].map(str::to_owned));
    args.extend(more.iter().map(|arg| (*arg).to_owned()));
    leastgrant(&args).exits(0).out
}

/// Numbers that look like chance and are the same every time (a linear congruential generator).
struct Shuffle(u64);

impl Shuffle {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

fn trail_files(scenario: &Scenario) -> Vec<String> {
    let files = files_below(&scenario.trail());
    files
        .iter()
        .map(|file| file.to_str().unwrap().to_owned())
        .collect()
}

fn records(file: &str) -> Vec<Value> {
    let mut text = String::new();
    GzDecoder::new(fs::File::open(file).unwrap())
        .read_to_string(&mut text)
        .unwrap();
    let mut log: Value = serde_json::from_str(&text).unwrap();
    std::mem::take(log["Records"].as_array_mut().unwrap())
}

/// Fails with the lines that differ: the whole of both would fill the screen.
#[track_caller]
fn assert_same(expected: &str, found: &str, what: &str) {
    if expected != found {
        let diff = similar::TextDiff::from_lines(expected, found);
        panic!("{what}\n{}", diff.unified_diff().context_radius(2));
    }
}

#[test]
fn threads_do_not_matter() {
    for scenario in all() {
        let trail = [scenario.trail()];
        let one = json_over(scenario, &trail, &["--threads", "1"]);
        let two = json_over(scenario, &trail, &["--threads", "2"]);
        assert_same(&one, &two, scenario.name);
    }
    let text = |threads| BOUNDARY.run(&["--threads", threads]).exits(0);
    let (one, many) = (text("1"), text("7"));
    assert_same(&one.out, &many.out, "report");
    assert_same(&one.err, &many.err, "what is said");
}

#[test]
fn the_order_of_the_files_does_not_matter() {
    for scenario in [&DATA_JOB, &ANALYST] {
        let folder = json_over(scenario, &[scenario.trail()], &[]);
        let mut files = trail_files(scenario);
        let mut chance = Shuffle(7);
        for threads in ["1", "2"] {
            chance.shuffle(&mut files);
            let shuffled = json_over(scenario, &files, &["--threads", threads]);
            assert_same(&folder, &shuffled, scenario.name);
        }
    }
}

#[test]
fn the_order_of_the_records_does_not_matter() {
    for scenario in [&CI_DEPLOY, &BOUNDARY, &DATA_JOB] {
        let mut all: Vec<Value> = trail_files(scenario)
            .iter()
            .flat_map(|file| records(file))
            .collect();
        let folder = Folder::new();
        Shuffle(11).shuffle(&mut all);
        // Other files, other shapes, other order.
        let parts: Vec<&[Value]> = all.chunks(all.len() / 3 + 1).collect();
        folder.file("trail/a.json", log(parts[0]));
        folder.file("trail/deep/er/b.json.gz", gz(&log(parts[1])));
        let lines: Vec<String> = parts[2].iter().map(Value::to_string).collect();
        folder.file("trail/c.jsonl", lines.join("\n"));
        let expected = json_over(scenario, &[scenario.trail()], &[]);
        let found = json_over(scenario, &[folder.path("trail")], &[]);
        assert_same(&expected, &found, scenario.name);
    }
}

#[test]
fn a_record_that_is_there_twice_counts_once() {
    let scenario = &DATA_JOB;
    let folder = Folder::new();
    for (number, file) in trail_files(scenario).iter().enumerate() {
        let bytes = fs::read(file).unwrap();
        folder.file(&format!("trail/{number}.json.gz"), &bytes);
        folder.file(&format!("trail/again/{number}.json.gz"), &bytes);
    }
    let once = json_over(scenario, &[scenario.trail()], &[]);
    // All events of the trail are counted as they come; only those of the principal once.
    let line = |text: &str| {
        let at = text.find("\"visibility\"").unwrap();
        text[at..].lines().nth(1).unwrap().to_owned()
    };
    for threads in ["1", "2"] {
        let twice = json_over(scenario, &[folder.path("trail")], &["--threads", threads]);
        assert!(line(&twice).contains("\"events\""), "{}", line(&twice));
        assert_ne!(line(&once), line(&twice));
        assert_same(&once, &twice.replace(&line(&twice), &line(&once)), threads);
    }
}

#[test]
fn a_file_that_is_named_twice_is_read_once() {
    let root = format!("{}/", env!("CARGO_MANIFEST_DIR"));
    let file = trail_files(&DATA_JOB).remove(3);
    let file = file.strip_prefix(&root).unwrap().to_owned();
    let trails = [DATA_JOB.trail(), file, DATA_JOB.trail()];
    assert_same(
        &json_over(&DATA_JOB, &[DATA_JOB.trail()], &[]),
        &json_over(&DATA_JOB, &trails, &[]),
        "twice",
    );
}
