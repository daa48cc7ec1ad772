#![expect(clippy::disallowed_methods, reason = "tests write files")]

use std::fs;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

fn record(id: &str, time: &str) -> String {
    format!(
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/ana","accountId":"111122223333","userName":"ana"}},"eventTime":"{time}","eventSource":"s3.amazonaws.com","eventName":"ListBuckets","awsRegion":"eu-west-1","eventID":"{id}"}}"#
    )
}

/// Files by the rest of their path, each with its records.
fn trail(files: &[(&str, &[String])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, records) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
        gz.write_all(format!("{{\"Records\":[{}]}}", records.join(",")).as_bytes())
            .unwrap();
        fs::write(path, gz.finish().unwrap()).unwrap();
    }
    folder
}

/// How often ana called, how many copies there were, and what was said.
fn read(folder: &tempfile::TempDir, threads: usize, most_ids: usize) -> (u64, u64, Vec<Code>) {
    let listing = list(&[folder.path().to_owned()]);
    let interest = Interest::default();
    let (ledgers, report) = read_listing(
        listing,
        &[],
        threads,
        (&interest, Window::default(), &[]),
        most_ids,
    );
    let ledger = &ledgers[0];
    let events = ledger.entries.values().map(|entry| entry.evidence.events).sum();
    let said = report.diagnostics.iter().map(|said| said.code).collect();
    (events, ledger.duplicates, said)
}

fn path(account: &str, day: u32, file: usize) -> String {
    format!("AWSLogs/{account}/CloudTrail/eu-west-1/2026/03/{day:02}/{file}.json.gz")
}

#[test]
fn copies_in_files_of_the_same_days_count_once_however_few_ids_are_kept() {
    // Every day has its events in two accounts' files, and the last of each in the next day's file again: more
    // files than one round reads.
    let mut files = Vec::new();
    for day in 1..=28u32 {
        for number in 0..90usize {
            let id = |day: u32| format!("{day}-{number}");
            let time = |day: u32| format!("2026-03-{day:02}T23:59:00Z");
            let mut records = vec![record(&id(day), &time(day))];
            if day > 1 {
                records.push(record(&id(day - 1), &time(day - 1)));
            }
            for account in ["111122223333", "444455556666"] {
                files.push((path(account, day, number), records.clone()));
            }
        }
    }
    let files: Vec<_> = files
        .iter()
        .map(|(path, records)| (path.as_str(), records.as_slice()))
        .collect();
    let folder = trail(&files);
    let copies = 28 * 90 + 27 * 2 * 90;
    for threads in [1, 2] {
        for most_ids in [0, usize::MAX] {
            assert_eq!(
                read(&folder, threads, most_ids),
                (28 * 90, copies, vec![]),
                "{threads} {most_ids}"
            );
        }
    }
}

#[test]
fn an_event_delivered_late_is_said_where_its_day_was_forgotten() {
    let on = |id: &str, day: u32| record(id, &format!("2026-03-{day:02}T12:00:00Z"));
    let mut files: Vec<(String, Vec<String>)> = (1..=28u32)
        .flat_map(|day| (0..90usize).map(move |number| (path("111122223333", day, number), day, number)))
        .map(|(path, day, number)| (path, vec![on(&format!("{day}-{number}"), day)]))
        .collect();
    files.push((path("111122223333", 27, 999), vec![on("1-0", 1)]));
    let files: Vec<_> = files
        .iter()
        .map(|(path, records)| (path.as_str(), records.as_slice()))
        .collect();
    let folder = trail(&files);
    assert_eq!(read(&folder, 2, usize::MAX), (28 * 90, 1, vec![]));
    assert_eq!(read(&folder, 2, 0), (28 * 90 + 1, 0, vec![Code::LateDelivery]));
}

#[test]
fn where_paths_tell_no_day_every_id_is_kept() {
    let same = [record("one", "2026-03-01T12:00:00Z")];
    let files: Vec<(String, &[String])> = (0..3000)
        .map(|number| (format!("{number}.json.gz"), &same[..]))
        .collect();
    let mut files: Vec<_> = files
        .iter()
        .map(|(path, records)| (path.as_str(), *records))
        .collect();
    let dated = path("111122223333", 20, 1);
    files.push((&dated, &same));
    assert_eq!(read(&trail(&files), 2, 0), (1, 3000, vec![]));
}

#[test]
fn the_window_is_found_at_the_ends() {
    let files: Vec<(String, Vec<String>)> = (1..=9u32)
        .map(|day| {
            (
                path("111122223333", day, 1),
                vec![record("x", &format!("2026-03-{day:02}T12:00:00Z"))],
            )
        })
        .collect();
    let files: Vec<_> = files
        .iter()
        .map(|(path, records)| (path.as_str(), records.as_slice()))
        .collect();
    let folder = trail(&files);
    let time = |text: &str| text.parse::<Timestamp>().unwrap();
    let window = |from: Option<&str>, until: Option<&str>| Window {
        from: from.map(time),
        until: until.map(time),
    };
    let paths = [folder.path().to_owned()];
    assert_eq!(
        read_window(&Files::list(&paths), 2, Window::default(), 0),
        Some((time("2026-03-01T12:00:00Z"), time("2026-03-09T12:00:00Z")))
    );
    assert_eq!(
        read_window(
            &Files::list(&paths),
            1,
            window(Some("2026-03-03T00:00:00Z"), Some("2026-03-05T00:00:00Z")),
            0
        ),
        Some((time("2026-03-03T12:00:00Z"), time("2026-03-04T12:00:00Z")))
    );
    let of_least = |days| read_window(&Files::list(&paths), 1, Window::default(), days);
    assert!(
        of_least(10).is_some(),
        "events of the day before may lie in a day's files"
    );
    assert_eq!(of_least(11), None);
}
