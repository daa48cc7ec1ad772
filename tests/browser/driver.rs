//! A browser over WebDriver (<https://www.w3.org/TR/webdriver2/>): as much of it as the tests ask.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::{Value, json};

const DRIVER: &str = "/usr/bin/chromedriver";

/// Whether the browser is there, installed where it may be.
fn is_there() -> bool {
    static THERE: OnceLock<bool> = OnceLock::new();
    *THERE.get_or_init(|| {
        if Path::new(DRIVER).exists() {
            return true;
        }
        let apt = |args: &[&str]| {
            let mut command = Command::new("apt-get");
            command.args(args).env("DEBIAN_FRONTEND", "noninteractive");
            command.stdout(Stdio::null()).stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        let there = apt(&["update"]) && apt(&["install", "-y", "chromium", "chromium-driver"]);
        if !there {
            println!(
                "skipped: Debian's packages chromium and chromium-driver are neither there nor to be had"
            );
        }
        there
    })
}

/// A browser of its own; `None` where there is none to be had.
pub(crate) fn browser() -> Option<Browser> {
    is_there().then(Browser::new)
}

pub(crate) struct Browser {
    driver: Child,
    session: String,
    _profile: tempfile::TempDir,
}

impl Browser {
    fn new() -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let driver = Command::new(DRIVER)
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let profile = tempfile::tempdir().unwrap();
        let base = format!("http://127.0.0.1:{port}");
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            &format!("--user-data-dir={}", profile.path().display()),
        ];
        let wanted = json!({"capabilities": {"alwaysMatch": {"browserName": "chrome",
            "goog:chromeOptions": {"binary": "/usr/bin/chromium", "args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"}}}});
        for _ in 0..100 {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let made = post(&format!("{base}/session"), &wanted);
        let id = made["sessionId"]
            .as_str()
            .unwrap_or_else(|| panic!("no session: {made}"));
        Self {
            driver,
            session: format!("{base}/session/{id}"),
            _profile: profile,
        }
    }

    fn post(&self, what: &str, body: &Value) -> Value {
        post(&format!("{}/{what}", self.session), body)
    }

    pub(crate) fn go(&self, page: &Path) {
        self.go_to(&format!("file://{}", page.display()));
    }

    pub(crate) fn go_to(&self, address: &str) {
        self.post("url", &json!({"url": address}));
    }

    /// The value of a script; of a promise, what it comes to.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.post("execute/sync", &json!({"script": script, "args": []}))
    }

    /// Types, wherever the focus is.
    pub(crate) fn keys(&self, text: &str) {
        let press = |key: char| {
            [
                json!({"type": "keyDown", "value": key}),
                json!({"type": "keyUp", "value": key}),
            ]
        };
        let actions: Vec<Value> = text.chars().flat_map(press).collect();
        self.post(
            "actions",
            &json!({"actions": [{"type": "key", "id": "keyboard", "actions": actions}]}),
        );
    }

    /// What stands on the console.
    pub(crate) fn console(&self) -> Vec<String> {
        let said = self.post("se/log", &json!({"type": "browser"}));
        let text = |own: &Value| own["message"].as_str().unwrap_or_default().to_owned();
        said.as_array().unwrap().iter().map(text).collect()
    }

    /// A window of this size, light or dark.
    pub(crate) fn looks(&self, width: u32, height: u32, dark: bool) {
        let chrome = |command: &str, params: Value| {
            self.post("goog/cdp/execute", &json!({"cmd": command, "params": params}))
        };
        chrome(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}),
        );
        let scheme = if dark { "dark" } else { "light" };
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        chrome("Emulation.setEmulatedMedia", json!({"features": features}));
    }

    pub(crate) fn screenshot(&self) -> Vec<u8> {
        decoded(&get(&format!("{}/screenshot", self.session)))
    }

    /// A PDF.
    pub(crate) fn print(&self) -> Vec<u8> {
        decoded(&self.post("print", &json!({})))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = ureq::delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into()
}

fn post(address: &str, body: &Value) -> Value {
    let mut answer = agent().post(address).send_json(body).unwrap();
    value(answer.body_mut(), address)
}

fn get(address: &str) -> Value {
    let mut answer = agent().get(address).call().unwrap();
    value(answer.body_mut(), address)
}

fn value(body: &mut ureq::Body, address: &str) -> Value {
    let mut answer: Value = body.with_config().limit(200 << 20).read_json().unwrap();
    assert!(
        answer["value"]["error"].is_null(),
        "{address}: {}",
        answer["value"]
    );
    answer["value"].take()
}

/// Base64 (RFC 4648).
fn decoded(text: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    let (mut bits, mut count) = (0u32, 0);
    for byte in text.as_str().unwrap().bytes() {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        bits = bits << 6 | u32::from(digit);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count & 0xff) as u8);
        }
    }
    out
}
