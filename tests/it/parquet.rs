//! Trails in Parquet: a table as Athena keeps it, Security Lake's files, and the rows of an aggregating query, all of
//! the same records (`parquet/make.py` made them).
#![cfg(feature = "parquet")]
#![expect(clippy::disallowed_methods, reason = "tests read files")]

use crate::support::{Folder, Run, finish, leastgrant};

const DIR: &str = "tests/it/parquet";

fn recommend(trail: &str) -> Run {
    let grants = format!("{DIR}/grants.json");
    let args = [
        "recommend",
        "role/data-job-00002",
        "--trail",
        trail,
        "--grants",
        &grants,
    ];
    leastgrant(&args)
}

fn bytes(name: &str) -> Vec<u8> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::read(root.join(DIR).join(name)).unwrap()
}

#[test]
fn every_form_says_what_the_records_say() {
    let wanted = recommend(&format!("{DIR}/records.jsonl")).exits(0).out;
    assert!(wanted.contains("s3:PutObject"), "{wanted}");
    for form in ["table", "lake", "rows"] {
        assert_eq!(
            recommend(&format!("{DIR}/{form}.parquet")).exits(0).out,
            wanted,
            "{form}"
        );
    }
}

#[test]
fn it_is_read_from_standard_input_as_well() {
    let wanted = recommend(&format!("{DIR}/records.jsonl")).exits(0).out;
    let grants = format!("{DIR}/grants.json");
    let mut command = crate::support::command();
    command
        .args([
            "recommend",
            "role/data-job-00002",
            "--trail",
            "-",
            "--grants",
            &grants,
        ])
        .write_stdin(bytes("table.parquet"));
    // A trail that comes in a pipe cannot be cut for a backtest, which is said on standard error.
    assert_eq!(finish(&mut command).exits(0).out, wanted);
}

#[test]
fn damage_is_said_and_never_a_panic() {
    let whole = bytes("table.parquet");
    let folder = Folder::new();
    let good = format!("{DIR}/lake.parquet");
    let grants = format!("{DIR}/grants.json");
    for step in 0..40 {
        let at = step * whole.len() / 40;
        let mut flipped = whole.clone();
        flipped[at] ^= 0x55;
        for bad in [flipped, whole[..at].to_vec()] {
            let file = folder.file("bad.parquet", &bad);
            let run = leastgrant(&[
                "recommend",
                "role/data-job-00002",
                "--trail",
                &file,
                "--trail",
                &good,
                "--grants",
                &grants,
            ]);
            // What lies beside it is read all the same.
            assert!(matches!(run.code, 0 | 4), "{at}: {} {}", run.code, run.err);
            assert!(run.out.contains("s3:PutObject"), "{at}: {}", run.out);
            assert!(!run.err.contains("panicked"), "{at}: {}", run.err);
        }
    }
}
