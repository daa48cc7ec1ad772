//! Runs the program as a person would, from the top of the repository.
#![expect(clippy::unwrap_used, clippy::panic, reason = "what fails here fails its test")]
#![expect(
    clippy::disallowed_methods,
    reason = "tests make files and ask the environment"
)]

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use account_generator::Plan;
use assert_cmd::Command;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

/// What a run left behind.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    /// The run, after making sure of its exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    /// The run, after making sure that each of `parts` is on standard error.
    #[track_caller]
    pub(crate) fn says(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.err.contains(part), "no `{part}` in:\n{}", self.err);
        }
        self
    }

    /// Standard output as one JSON value.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("{error} in:\n{}\nstderr:\n{}", self.out, self.err))
    }
}

/// Makes sure that a report follows a committed schema and says its version.
#[track_caller]
pub(crate) fn follows_the_schema(schema: &str, version: u32, report: &Value) {
    let schema: Value = serde_json::from_str(&repository_file(schema)).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(report)
        .map(|error| format!("{} at {}", error, error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert_eq!(report["schema_version"], version);
}

/// The program, with no colour settings inherited.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leastgrant"));
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "FORCE_COLOR"] {
        command.env_remove(name);
    }
    command
}

/// Runs the program.
pub(crate) fn leastgrant<S: AsRef<std::ffi::OsStr>>(args: &[S]) -> Run {
    finish(command().args(args))
}

/// Runs a prepared command.
pub(crate) fn finish(command: &mut Command) -> Run {
    let output = command.output().unwrap();
    Run {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A folder of the test's own.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Writes a file and gives its path.
    pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The path of something in it.
    pub(crate) fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }
}

/// The account of a plan, in a folder of its own.
pub(crate) fn account_of(plan: &Plan) -> Folder {
    let folder = Folder::new();
    plan.write(Path::new(&folder.path(""))).unwrap();
    folder
}

/// The text of a file of the repository.
pub(crate) fn repository_file(path: &str) -> String {
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(path))
}

/// The text of a file.
pub(crate) fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Compares `text` with a committed file; `UPDATE_EXPECT=1` writes the file instead.
#[track_caller]
pub(crate) fn expect_file(path: &str, text: &str) {
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        return;
    }
    let expected = repository_file(path);
    if expected != text {
        let diff = similar::TextDiff::from_lines(expected.as_str(), text);
        panic!(
            "{path} is not what the program prints now; UPDATE_EXPECT=1 renews it\n{}",
            diff.unified_diff()
        );
    }
}

/// All files below a folder of the repository, sorted.
pub(crate) fn files_below(folder: &str) -> Vec<PathBuf> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// Packs bytes as gzip.
pub(crate) fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut gz = GzEncoder::new(Vec::new(), Compression::default());
    gz.write_all(bytes).unwrap();
    gz.finish().unwrap()
}

/// The account of made-up records.
pub(crate) const ACCOUNT: &str = "111122223333";

/// A call of a session of the role `name`, in the shape in which CloudTrail records it.
pub(crate) fn call(role: &str, id: u32, source: &str, event: &str, request: &Value) -> Value {
    json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": "AROAEXAMPLEEXAMPLE001:session",
            "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/session"),
            "accountId": ACCOUNT,
            "sessionContext": {"sessionIssuer": {
                "type": "Role",
                "principalId": "AROAEXAMPLEEXAMPLE001",
                "arn": format!("arn:aws:iam::{ACCOUNT}:role/{role}"),
                "accountId": ACCOUNT,
                "userName": role,
            }},
        },
        "eventTime": format!("2026-03-{:02}T10:00:00Z", id % 28 + 1),
        "eventSource": source,
        "eventName": event,
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "203.0.113.10",
        "userAgent": "aws-cli/2.31.0",
        "requestParameters": request,
        "responseElements": null,
        "requestID": format!("00000000-0000-4000-8000-{id:012}"),
        "eventID": format!("00000000-0000-4000-9000-{id:012}"),
        "readOnly": false,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    })
}

/// A call of the role `worker` that needs `sqs:SetQueueAttributes` on the queue `name`.
pub(crate) fn queue_call(id: u32, name: &str) -> Value {
    let url = format!("https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/{name}");
    call(
        "worker",
        id,
        "sqs.amazonaws.com",
        "SetQueueAttributes",
        &json!({"queueUrl": url, "attributes": {}}),
    )
}

/// The records as a log file.
pub(crate) fn log(records: &[Value]) -> Vec<u8> {
    json!({ "Records": records }).to_string().into_bytes()
}

/// The names in the field `action` of a list of a report.
pub(crate) fn actions<'v>(report: &'v Value, list: &str) -> BTreeSet<&'v str> {
    let list = report[list].as_array().unwrap();
    list.iter()
        .map(|entry| entry["action"].as_str().unwrap())
        .collect()
}

/// What a report says of an action that was used.
#[track_caller]
pub(crate) fn used<'v>(report: &'v Value, action: &str) -> &'v Value {
    let mut used = report["used"].as_array().unwrap().iter();
    used.find(|entry| entry["action"] == action)
        .unwrap_or_else(|| panic!("{action} is not among the used actions"))
}

/// The resources on which an action was used.
#[track_caller]
pub(crate) fn used_on<'v>(report: &'v Value, action: &str) -> BTreeSet<&'v str> {
    let resources = used(report, action)["resources"].as_array().unwrap();
    resources
        .iter()
        .map(|entry| entry["resource"].as_str().unwrap())
        .collect()
}

/// Diagnostics of a code.
pub(crate) fn diagnostics<'v>(report: &'v Value, code: &str) -> Vec<&'v Value> {
    let all = report["diagnostics"].as_array().unwrap();
    all.iter().filter(|said| said["code"] == code).collect()
}
