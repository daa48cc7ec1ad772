//! The program under test, run as a person runs it, with credentials that must appear nowhere.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub(crate) const KEY_ID: &str = "AKIALEASTGRANT000001";
const SECRET: &str = "leastgrantTESTsecretACCESSkey0123456789a";
const TOKEN: &str = "leastgrantTESTsessionTOKEN0123456789abcdef";

/// A folder to run in, and the endpoint to ask.
pub(crate) struct Program {
    pub(crate) folder: tempfile::TempDir,
    endpoint: String,
    credentials: (String, String, Option<String>),
    more: Vec<(String, String)>,
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Program {
    /// With credentials that no server knows: for those that take any.
    pub(crate) fn new(endpoint: &str) -> Self {
        let owned = |text: &str| text.to_owned();
        Self {
            folder: tempfile::tempdir().unwrap(),
            endpoint: owned(endpoint),
            credentials: (owned(KEY_ID), owned(SECRET), Some(owned(TOKEN))),
            more: Vec::new(),
        }
    }

    /// As somebody that the server knows.
    pub(crate) fn as_key(endpoint: &str, id: &str, secret: &str, token: Option<&str>) -> Self {
        Self {
            credentials: (id.to_owned(), secret.to_owned(), token.map(str::to_owned)),
            ..Self::new(endpoint)
        }
    }

    /// With one more variable in its environment.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.more.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into the folder.
    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path.to_string_lossy().into_owned()
    }

    /// Reads a file of the folder.
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_leastgrant"));
        let (id, secret, token) = &self.credentials;
        command
            .args(arguments)
            .args(["--color", "never"])
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .env("AWS_ACCESS_KEY_ID", id)
            .env("AWS_SECRET_ACCESS_KEY", secret)
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .envs(self.more.iter().cloned());
        if let Some(token) = token {
            command.env("AWS_SESSION_TOKEN", token);
        }
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        let output = self
            .command(arguments)
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        self.checked(output)
    }

    /// Takes the output in, once it is sure that no secret is in it, nor in any file that was written.
    pub(crate) fn checked(&self, output: Output) -> Run {
        let run = Run {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        };
        self.no_secret("standard output", &run.out);
        self.no_secret("standard error", &run.err);
        self.no_secret_below(self.folder.path());
        run
    }

    fn no_secret_below(&self, folder: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.no_secret_below(&path);
            } else {
                let bytes = std::fs::read(&path).unwrap();
                self.no_secret(&path.to_string_lossy(), &String::from_utf8_lossy(&bytes));
            }
        }
    }

    fn no_secret(&self, place: &str, text: &str) {
        let (_, secret, token) = &self.credentials;
        // `test` is a word that may stand anywhere.
        let secrets = [Some(secret), token.as_ref()]
            .into_iter()
            .flatten()
            .filter(|own| own.len() > 8);
        for secret in secrets
            .map(String::as_str)
            // The name of the algorithm alone stands in policies of AWS's own.
            .chain(["AWS4-HMAC-SHA256 Credential", "Signature="])
        {
            assert!(!text.contains(secret), "a secret stands in {place}");
        }
    }
}

impl Run {
    /// The run, where it ended with this code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}\n{}", self.out, self.err))
    }

    /// Standard error has this text.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.err.contains(text), "`{text}` is not in: {}", self.err);
        self
    }
}
