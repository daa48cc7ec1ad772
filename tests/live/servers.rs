//! Servers that stand in for AWS: installed into a virtual environment under `target/`, started on a free
//! loopback port, stopped when dropped.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

pub(crate) const ACCOUNT: &str = "111122223333";

/// The folder of this file.
pub(crate) fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/live")
}

/// The virtual environment's `bin`, made when first asked. Processes wait for each other.
fn programs() -> &'static Path {
    static PROGRAMS: OnceLock<PathBuf> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("live");
        fs::create_dir_all(&folder).unwrap();
        let lock = fs::File::create(folder.join("lock")).unwrap();
        lock.lock().unwrap();
        let venv = folder.join("venv");
        let wanted = fs::read_to_string(here().join("requirements.txt")).unwrap();
        let installed = fs::read_to_string(venv.join("requirements.txt")).unwrap_or_default();
        if installed != wanted {
            let _ = fs::remove_dir_all(&venv);
            let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
            done(Command::new(python).arg("-m").arg("venv").arg(&venv));
            let mut pip = Command::new(venv.join("bin/python"));
            pip.args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--requirement",
            ]);
            done(pip.arg(here().join("requirements.txt")));
            fs::write(venv.join("requirements.txt"), wanted).unwrap();
        }
        venv.join("bin")
    })
}

fn done(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| {
        panic!("{command:?}: {error}; these tests need Python 3.11 or newer with venv")
    });
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A running server.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
    pub(crate) port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// ministack, which serves all of an account; with `enforce` it refuses what no policy allows.
pub(crate) fn ministack(enforce: bool) -> Server {
    let folder = tempfile::tempdir().unwrap().keep();
    start("ministack", &folder, |command, port| {
        command
            .env("AUTH", enforce.to_string())
            .env("CLOUDTRAIL_RECORDING", "1")
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string())
            .env("MINISTACK_ACCOUNT_ID", ACCOUNT)
            .env("PERSIST_STATE", "0")
            .env("LOG_LEVEL", "WARNING")
            .env("IOT_MTLS_ENABLED", "0")
            .env("SFTP_ENABLED", "0");
    })
}

/// moto, another account of what AWS does.
pub(crate) fn moto() -> Server {
    let folder = tempfile::tempdir().unwrap().keep();
    start("moto_server", &folder, |command, port| {
        command
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .env("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
            .env("MOTO_ACCOUNT_ID", ACCOUNT);
    })
}

fn start(program: &str, folder: &Path, set: impl Fn(&mut Command, u16)) -> Server {
    let programs = programs();
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let log = fs::File::create(folder.join("log")).unwrap();
    let mut command = Command::new(programs.join(program));
    set(&mut command, port);
    let child = command
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let mut server = Server {
        child,
        url: format!("http://127.0.0.1:{port}"),
        port,
    };
    let began = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        let ended = server.child.try_wait().unwrap().is_some();
        assert!(
            !ended && began.elapsed() < Duration::from_secs(120),
            "{program} does not answer: {}",
            fs::read_to_string(folder.join("log")).unwrap_or_default()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    server
}

/// Runs one of the Python scripts beside this file; what it prints.
pub(crate) fn python(script: &str, arguments: &[&str]) -> String {
    let output = Command::new(programs().join("python"))
        .arg(here().join(script))
        .args(arguments)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{script} {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Calls as the account's root, through boto3: `[[service, operation, parameters], …]`. The answers.
pub(crate) fn calls(url: &str, calls: &serde_json::Value) -> Vec<serde_json::Value> {
    let text = python("calls.py", &[url, &calls.to_string()]);
    serde_json::from_str(&text).unwrap()
}

/// What cfn-lint says of a template; empty where it has nothing to say.
pub(crate) fn cfn_lint(template: &Path) -> String {
    // W3037: of services that AWS has withdrawn since (iotevents, evidently) the catalog knows actions still, and
    // what cannot be seen in use is kept.
    let output = Command::new(programs().join("cfn-lint"))
        .args(["--ignore-checks", "W3037", "--template"])
        .arg(template)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.success(), said.trim().is_empty(), "{output:?}");
    said
}
