//! Trails from files and folders: what is read, what is said of what is not, and that neither
//! depends on threads or order.
#![expect(clippy::disallowed_methods, reason = "tests make files")]
#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use leastgrant::diagnostic::{Code, Diagnostic, Severity};
use leastgrant::source::{ReadReport, read_trail};
use leastgrant::trail::{Event, Scratch};

fn record(name: &str) -> String {
    format!(
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","userName":"ana"}},"eventTime":"2026-01-02T03:04:05Z","eventSource":"s3.amazonaws.com","eventName":"{name}","awsRegion":"eu-west-1","eventID":"{name}"}}"#
    )
}

fn log(names: &[&str]) -> Vec<u8> {
    let records: Vec<_> = names.iter().map(|name| record(name)).collect();
    format!("{{\"Records\":[{}]}}", records.join(",")).into_bytes()
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut gz = GzEncoder::new(Vec::new(), Compression::default());
    gz.write_all(bytes).unwrap();
    gz.finish().unwrap()
}

const DIGEST: &[u8] =
    br#"{"awsAccountId":"111122223333","digestStartTime":"2026-01-02T03:04:05Z","logFiles":[]}"#;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, bytes) in files {
            let path = folder.path(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, names: &[&str]) -> (Vec<String>, ReadReport) {
        let inputs: Vec<_> = names.iter().map(|name| self.path(name)).collect();
        read(&inputs, 2)
    }

    /// What is said, as `severity code file:line(record): message`, files without the folder.
    fn said(&self, report: &ReadReport) -> Vec<String> {
        report.diagnostics.iter().map(|said| self.line(said)).collect()
    }

    fn line(&self, said: &Diagnostic) -> String {
        let place = said.place.clone().unwrap_or_default();
        let file = Path::new(&place.file)
            .strip_prefix(self.0.path())
            .unwrap()
            .display()
            .to_string();
        let at = |what: Option<u64>| what.map_or(String::new(), |what| format!(":{what}"));
        let severity = format!("{:?}", said.severity).to_lowercase();
        format!(
            "{severity} {} {file}{}{}: {}",
            said.code.as_str(),
            at(place.line),
            at(place.record),
            said.message
        )
    }
}

/// The names of all events, in the order in which they were merged.
fn read(inputs: &[PathBuf], threads: usize) -> (Vec<String>, ReadReport) {
    read_trail(
        inputs,
        threads,
        Vec::new,
        |names, record| {
            let mut scratch = Scratch::default();
            names.push(Event::parse(record.text, &mut scratch)?.name.into_owned());
            Ok(())
        },
        |all, part| all.extend(part),
    )
}

#[test]
fn a_folder_is_read_whatever_its_files_are_called() {
    let mut members = gz(&log(&["C"]));
    members.extend(gz(&log(&["D"])));
    let folder = Folder::new(&[
        ("AWSLogs/1/CloudTrail/a.json", &log(&["A", "B"])),
        ("AWSLogs/1/CloudTrail/b.json.gz", &members),
        ("AWSLogs/1/CloudTrail-Digest/d.json.gz", &gz(DIGEST)),
        ("lines", format!("{}\n{}\n", record("E"), record("F")).as_bytes()),
        ("README.md", b"# Trails\n"),
        ("logo.png", b"\x89PNG\r\n\x1a\n\0\0\0"),
        (".hidden.json", &log(&["X"])),
        ("package.json", b"{\"name\":\"x\"}"),
    ]);
    let (names, report) = folder.read(&[""]);
    assert_eq!(names, ["A", "B", "C", "D", "E", "F"]);
    assert_eq!(
        folder.said(&report),
        [
            "note digest-file AWSLogs/1/CloudTrail-Digest/d.json.gz: a CloudTrail digest was skipped: it holds signatures of log files, not events",
            "note not-a-trail README.md: not a CloudTrail file: it is text, but not JSON",
            "note not-a-trail logo.png: not a CloudTrail file: it is a binary file",
            "note not-a-trail package.json: not a CloudTrail file: it is JSON, but holds no CloudTrail record",
        ]
    );
    let total = report.total;
    assert_eq!(
        (
            total.files,
            total.records,
            total.digests,
            total.passed_over,
            total.broken
        ),
        (4, 6, 1, 3, 0)
    );
    assert_eq!(report.inputs.len(), 1);
}

#[test]
fn neither_threads_nor_order_matter() {
    let mut files: Vec<(String, Vec<u8>)> = (0..150)
        .map(|n| {
            (
                format!("{:02}/{n:03}.json.gz", n % 7),
                gz(&log(&[&format!("A{n}"), &format!("B{n}")])),
            )
        })
        .collect();
    files[20].1.truncate(60);
    files[90].1 = b"{\"Records\":[{}".to_vec();
    let files: Vec<_> = files
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
        .collect();
    let folder = Folder::new(&files);
    let inputs: Vec<_> = (0..7)
        .map(|n| folder.path(&format!("{n:02}")))
        .chain([folder.path("none")])
        .collect();
    let one = read(&inputs, 1);
    assert_eq!(one.0.len(), 2 * 148);
    let reversed: Vec<_> = inputs.iter().rev().chain(&inputs).cloned().collect();
    for threads in [0, 2, 5] {
        assert_eq!(read(&reversed, threads), one);
    }
}

#[test]
fn a_damaged_gzip_keeps_what_came_before() {
    // Text that does not compress well, so that the damage lies behind whole records.
    let names: Vec<String> = (0..4000u64)
        .map(|n| format!("N{:x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let whole = gz(&log(&names));
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 40].fill(0xff);
    let folder = Folder::new(&[
        ("cut.gz", &whole[..whole.len() / 2]),
        ("damaged.gz", &damaged),
        ("good.json", &log(&["A"])),
    ]);
    let (read, report) = folder.read(&[""]);
    let said = folder.said(&report);
    assert!(
        said[0].starts_with("error broken-gzip cut.gz: its gzip stream ends early at byte "),
        "{said:#?}"
    );
    assert!(said[0].ends_with("records before were read"), "{said:#?}");
    // Damaged bytes may decompress to something before the damage shows.
    let last = said.last().unwrap();
    assert!(
        last.starts_with("error broken-gzip damaged.gz: its gzip stream is damaged at byte "),
        "{said:#?}"
    );
    assert!(
        said[1..].iter().all(|said| said.contains(" damaged.gz")),
        "{said:#?}"
    );
    assert_eq!(read.last().map(String::as_str), Some("A"));
    assert!(read.len() > 2000 && read.len() < 8000, "{}", read.len());
}

#[test]
fn a_half_written_file_keeps_its_records_and_says_where_it_ends() {
    let whole = log(&["A", "B", "C"]);
    let folder = Folder::new(&[
        ("half.json", &whole[..whole.len() - 100]),
        ("open.json", &whole[..whole.len() - 2]),
    ]);
    let (names, report) = folder.read(&["half.json", "open.json"]);
    assert_eq!(names, ["A", "B", "A", "B", "C"]);
    assert_eq!(
        folder.said(&report),
        [
            "error broken-json half.json:1:3: the input ends inside this record",
            "error broken-json open.json:1:4: the input ends before the list of records is closed",
        ]
    );
}

#[test]
fn broken_records_are_counted_named_and_cut_short() {
    let no_identity = record("X").replace("userIdentity", "other");
    let mut lines = vec![
        record("A"),
        no_identity,
        "{\"eventName\":}".to_owned(),
        record("B"),
    ];
    lines.extend((0..30).map(|_| "{\"eventName\":\"Y\"}".to_owned()));
    let folder = Folder::new(&[("t.jsonl", lines.join("\n").as_bytes())]);
    let (names, report) = folder.read(&["t.jsonl"]);
    assert_eq!(names, ["A", "B"]);
    let said = folder.said(&report);
    assert_eq!(
        said[0],
        "error broken-record t.jsonl:2:2: the record has no userIdentity"
    );
    assert!(
        said[1].starts_with("error broken-record t.jsonl:3:3: not a CloudTrail record: "),
        "{}",
        said[1]
    );
    assert_eq!(
        said[20],
        "error broken-record t.jsonl: and 12 more of broken-record"
    );
    assert_eq!(
        (said.len(), report.total.broken, report.total.records),
        (21, 32, 2)
    );
}

#[test]
fn what_was_named_and_is_no_trail_is_an_error() {
    let folder = Folder::new(&[
        ("binary", &[0, 1, 2, 3].repeat(100)),
        ("text", &b"not json\n".repeat(100)),
        ("foreign.json", b"[{\"a\":1},{\"b\":2}]"),
        ("utf16.json", b"\xff\xfe{\0}\0"),
        ("x.zip", b"PK\x03\x04rest"),
        ("empty.json", b""),
        ("none.json", b"{\"Records\":[]}"),
        ("digest.json", DIGEST),
    ]);
    fs::create_dir(folder.path("folder")).unwrap();
    let (names, report) = folder.read(&[
        "binary",
        "text",
        "foreign.json",
        "utf16.json",
        "x.zip",
        "empty.json",
        "none.json",
        "digest.json",
        "folder",
        "missing",
    ]);
    assert!(names.is_empty());
    let said = folder.said(&report);
    let with = |file: &str| {
        said.iter()
            .find(|said| said.contains(&format!(" {file}: ")))
            .unwrap()
            .as_str()
    };
    assert_eq!(
        with("missing"),
        "error unreadable-file missing: there is no such file or folder"
    );
    assert_eq!(
        with("binary"),
        "error not-a-trail binary: not a CloudTrail file: it is a binary file"
    );
    assert_eq!(
        with("text"),
        "error not-a-trail text: not a CloudTrail file: it is not JSON"
    );
    assert!(with("foreign.json").ends_with("it is JSON, but holds no CloudTrail record"));
    assert!(with("utf16.json").contains("UTF-16"));
    assert!(with("x.zip").ends_with("it is a zip archive"));
    for empty in ["empty.json", "none.json", "folder"] {
        assert_eq!(
            with(empty),
            format!("error nothing-found {empty}: there is no CloudTrail record in it")
        );
    }
    assert!(with("digest.json").starts_with("note digest-file"));
    let nothing: Vec<_> = report
        .diagnostics
        .iter()
        .filter(|said| said.code == Code::NothingFound)
        .collect();
    assert_eq!(nothing.len(), 4);
    assert!(
        nothing
            .iter()
            .all(|said| said.severity == Severity::Error && said.help.is_some())
    );
}

#[test]
fn a_file_named_beside_its_folder_is_read_once() {
    let folder = Folder::new(&[("a.json", &log(&["A"])), ("sub/b.json", &log(&["B"]))]);
    let (names, report) = folder.read(&["", "a.json", "sub", "sub/b.json"]);
    assert_eq!(names, ["A", "B"]);
    assert!(report.diagnostics.is_empty(), "{:#?}", report.diagnostics);
    assert_eq!(report.total.records, 2);
}

#[test]
fn a_large_file_is_read_in_chunks() {
    let name = "N".repeat(700_000);
    let folder = Folder::new(&[("large.json", &log(&["A", &name, "B"]))]);
    let (names, report) = folder.read(&["large.json"]);
    assert_eq!(names.iter().map(String::len).collect::<Vec<_>>(), [1, 700_000, 1]);
    assert_eq!(report.total.bytes, report.total.text_bytes);
}

#[test]
fn members_that_are_the_same_are_read_each() {
    let member = gz(&log(&["A", "B"]));
    let folder = Folder::new(&[("twice.json.gz", &[member.clone(), member].concat())]);
    let (names, report) = folder.read(&["."]);
    assert_eq!(names, ["A", "B", "A", "B"]);
    assert!(report.diagnostics.is_empty());
}

#[test]
fn what_follows_a_member_and_is_none_is_said() {
    let mut file = gz(&log(&["A"]));
    file.extend(b"garbage after it");
    let folder = Folder::new(&[("a.json.gz", &file)]);
    let (names, report) = folder.read(&["a.json.gz"]);
    assert_eq!(names, ["A"]);
    assert!(matches!(&report.diagnostics[..], [one] if one.code == Code::BrokenGzip));
}

#[test]
fn a_list_that_is_odd_after_its_first_records_is_read_to_its_end() {
    let mut text = String::from_utf8(log(&["A", "B", "C", "D", "E"])).unwrap();
    // White space and line breaks after the second, a broken one after the third.
    let (c, d) = (record("C"), record("D"));
    text = text.replace(&format!(",{c}"), &format!("\n ,\n{c}"));
    text = text.replace(&d, &d.replace("\"eventID\"", "\"eventID\" ; "));
    let folder = Folder::new(&[("a.json.gz", &gz(text.as_bytes())), ("b.json", text.as_bytes())]);
    let (names, report) = folder.read(&["."]);
    assert_eq!(names, ["A", "B", "C", "E", "A", "B", "C", "E"]);
    assert_eq!(
        folder.said(&report),
        [
            "error broken-json a.json.gz:3:4: this is not JSON",
            "error broken-json b.json:3:4: this is not JSON"
        ]
    );
}
