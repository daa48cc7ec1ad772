//! A server of AWS's wire protocols that answers as a test tells it: by itself, or by handing the request on
//! to a real one. It is where throttling, expired credentials, lost pages and cut answers come from.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    raw_body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let (_, value) = headers.find(|(own, _)| own.eq_ignore_ascii_case(name))?;
        Some(value)
    }

    /// The operation, for the protocols that name it; else the method and the path.
    pub(crate) fn operation(&self) -> String {
        if let Some(target) = self.header("x-amz-target") {
            return target.rsplit('.').next().unwrap_or(target).to_owned();
        }
        let action = self.body.split('&').find_map(|pair| pair.strip_prefix("Action="));
        action.map_or_else(|| format!("{} {}", self.method, self.path), str::to_owned)
    }

    /// The service that it is signed for.
    pub(crate) fn service(&self) -> String {
        let authorization = self.header("authorization").unwrap_or_default();
        authorization.split('/').nth(3).unwrap_or_default().to_owned()
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// This.
    Answer {
        status: u16,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    },
    /// What the server behind answers.
    Forward,
    /// An answer that promises more bytes than come.
    Cut(Vec<u8>),
    /// The connection is closed without a word.
    HangUp,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::Answer {
            status,
            headers: vec![("content-type".to_owned(), "application/x-amz-json-1.1".to_owned())],
            body: body.to_string().into_bytes(),
        }
    }

    pub(crate) fn xml(status: u16, body: &str) -> Self {
        Self::Answer {
            status,
            headers: vec![("content-type".to_owned(), "text/xml".to_owned())],
            body: body.as_bytes().to_vec(),
        }
    }

    /// What GetCallerIdentity says.
    pub(crate) fn caller_identity() -> Self {
        let account = crate::servers::ACCOUNT;
        Self::xml(
            200,
            &format!(
                "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::{account}:user/ops</Arn><Account>{account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
            ),
        )
    }

    /// A failure in the service's own protocol.
    pub(crate) fn failure(request: &Request, status: u16, code: &str, message: &str) -> Self {
        match request.service().as_str() {
            "iam" | "sts" | "sns" => Self::xml(
                status,
                &format!(
                    "<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
                ),
            ),
            "s3" => Self::xml(
                status,
                &format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>"),
            ),
            _ => Self::json(status, &serde_json::json!({ "__type": code, "message": message })),
        }
    }
}

type Answering = dyn Fn(&Request, usize) -> Reply + Send + Sync;

/// A running fake.
pub(crate) struct Fake {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Fake {
    /// Answers by `reply`, which also learns how often the same operation came before. `behind`: the port of
    /// the server that forwarded requests go to.
    pub(crate) fn start(
        behind: Option<u16>,
        reply: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<Request>>> = Arc::default();
        let log = Arc::clone(&seen);
        let reply: Arc<Answering> = Arc::new(reply);
        // It ends with the test process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, reply) = (Arc::clone(&log), Arc::clone(&reply));
                std::thread::spawn(move || serve(stream, behind, &log, &*reply));
            }
        });
        Self { url, seen }
    }

    /// The operations that were asked for, in order.
    pub(crate) fn operations(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().map(Request::operation).collect()
    }

    /// The requests, in order.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(stream: TcpStream, behind: Option<u16>, log: &Mutex<Vec<Request>>, reply: &Answering) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    while let Some(request) = read(&mut reader) {
        let before = {
            let mut log = log.lock().unwrap();
            let same = |own: &&Request| own.operation() == request.operation();
            let before = log.iter().filter(same).count();
            log.push(request.clone());
            before
        };
        let written = match reply(&request, before) {
            Reply::Answer {
                status,
                headers,
                body,
            } => stream.write_all(&answer(status, &headers, &body, body.len())),
            Reply::Cut(body) => {
                let _ = stream.write_all(&answer(200, &[], &body, body.len() + 100));
                return;
            }
            Reply::HangUp => return,
            Reply::Forward => {
                let bytes = forward(&request, behind.expect("there is no server behind"));
                let _ = stream.write_all(&bytes);
                return;
            }
        };
        if written.is_err() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut parts = line.split_whitespace();
    let (method, path) = (parts.next()?.to_owned(), parts.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let length = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or(0);
    let mut raw_body = vec![0; length];
    reader.read_exact(&mut raw_body).ok()?;
    let body = String::from_utf8_lossy(&raw_body).into_owned();
    Some(Request {
        method,
        path,
        headers,
        body,
        raw_body,
    })
}

fn answer(status: u16, headers: &[(String, String)], body: &[u8], length: usize) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\n").into_bytes();
    for (name, value) in headers {
        bytes.extend(format!("{name}: {value}\r\n").into_bytes());
    }
    bytes.extend(b"\r\n");
    bytes.extend(body);
    bytes
}

/// The server's answer, to the byte; the connection is closed after it.
fn forward(request: &Request, port: u16) -> Vec<u8> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut bytes = format!("{} {} HTTP/1.1\r\n", request.method, request.path).into_bytes();
    for (name, value) in &request.headers {
        if !name.eq_ignore_ascii_case("connection") {
            bytes.extend(format!("{name}: {value}\r\n").into_bytes());
        }
    }
    bytes.extend(b"connection: close\r\n\r\n");
    bytes.extend(&request.raw_body);
    stream.write_all(&bytes).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    answer
}
