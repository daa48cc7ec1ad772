//! Requests and answers on the wire, in the four protocols that AWS's services speak
//! (<https://smithy.io/2.0/aws/protocols/index.html>).

use aws_smithy_types::body::SdkBody;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::client::{Answer, Call};
use super::document::{from_xml, text};
use super::operation::Operation;
use super::service::Protocol;

/// What RFC 3986 leaves alone, as AWS's signature wants it.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
/// The same, with the slashes of a path.
const PATH: &AsciiSet = &PLAIN.remove(b'/');

/// One name or value of a query, or a part of a path.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

/// A path whose slashes stay.
pub(super) fn encoded_path(text: &str) -> String {
    utf8_percent_encode(text, PATH).to_string()
}

/// `?a=b&c=d`; nothing where there is nothing to ask.
pub(super) fn query(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
        .collect();
    if pairs.is_empty() {
        String::new()
    } else {
        format!("?{}", pairs.join("&"))
    }
}

/// Where a bucket is: in the host where its name can be one and the endpoint is AWS's own, else in the path
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html>).
pub(super) fn bucket_url(endpoint: &str, bucket: &str, own: bool) -> String {
    match endpoint.split_once("://") {
        Some((scheme, host))
            if own && !bucket.contains('.') && !bucket.bytes().any(|byte| byte.is_ascii_uppercase()) =>
        {
            format!("{scheme}://{bucket}.{host}")
        }
        _ => format!("{endpoint}/{}", encoded(bucket)),
    }
}

/// A request before it is signed.
#[derive(Debug, Clone)]
pub(super) struct Request {
    method: &'static str,
    /// Path and query; the endpoint is put before them when it is sent.
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl From<Request> for aws_smithy_runtime_api::client::orchestrator::HttpRequest {
    fn from(request: Request) -> Self {
        let mut http = Self::new(SdkBody::from(request.body));
        // Both are made here, of tables and of encoded text.
        let _ = http.set_method(request.method);
        let _ = http.set_uri(request.path);
        for (name, value) in request.headers {
            http.headers_mut().insert(name, value);
        }
        http
    }
}

/// The call as a request.
pub(super) fn request(call: &Call) -> Request {
    let operation = call.operation;
    let agent = concat!("leastgrant/", env!("CARGO_PKG_VERSION"));
    let mut headers = vec![("user-agent", agent.to_owned())];
    let json = || match &call.parameters {
        Value::Null => Vec::new(),
        parameters => parameters.to_string().into_bytes(),
    };
    let body = match operation.service.protocol {
        Protocol::Query(version) => {
            headers.push(("content-type", "application/x-www-form-urlencoded".to_owned()));
            form(operation.name, version, &call.parameters).into_bytes()
        }
        Protocol::Json(version, target) => {
            headers.push(("content-type", format!("application/x-amz-json-{version}")));
            headers.push(("x-amz-target", format!("{target}.{}", operation.name)));
            call.parameters.to_string().into_bytes()
        }
        Protocol::RestJson => {
            headers.push(("content-type", "application/json".to_owned()));
            json()
        }
        Protocol::RestXml => Vec::new(),
    };
    headers.push(("content-length", body.len().to_string()));
    Request {
        method: operation.method,
        path: call.path.clone(),
        headers,
        body,
    }
}

/// JSON for somebody other than AWS.
pub(super) fn post(path: &str, body: &Value) -> Request {
    let body = body.to_string().into_bytes();
    Request {
        method: "POST",
        path: path.to_owned(),
        headers: vec![
            ("content-type", "application/json".to_owned()),
            ("content-length", body.len().to_string()),
        ],
        body,
    }
}

/// Parameters as a form: lists are `Name.member.1`, objects `Name.Field`.
fn form(operation: &str, version: &str, parameters: &Value) -> String {
    let mut pairs = vec![
        ("Action".to_owned(), operation.to_owned()),
        ("Version".to_owned(), version.to_owned()),
    ];
    flatten(String::new(), parameters, &mut pairs);
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
        .collect();
    pairs.join("&")
}

fn flatten(name: String, value: &Value, into: &mut Vec<(String, String)>) {
    match value {
        Value::Null => {}
        Value::Object(fields) => {
            for (field, value) in fields {
                let name = if name.is_empty() {
                    field.clone()
                } else {
                    format!("{name}.{field}")
                };
                flatten(name, value, into);
            }
        }
        Value::Array(values) => {
            for (number, value) in values.iter().enumerate() {
                flatten(format!("{name}.member.{}", number + 1), value, into);
            }
        }
        Value::String(text) => into.push((name, text.clone())),
        other => into.push((name, other.to_string())),
    }
}

/// What the answer says, without its wrapping.
///
/// # Errors
/// Why it cannot be read.
pub(super) fn result(operation: &Operation, answer: &Answer) -> Result<Value, String> {
    match operation.service.protocol {
        Protocol::Json(..) | Protocol::RestJson => {
            if answer.body.is_empty() {
                return Ok(Value::Null);
            }
            serde_json::from_slice(&answer.body).map_err(|error| error.to_string())
        }
        Protocol::Query(_) => {
            let name = operation.name;
            let mut document = xml(&answer.body)?;
            let response = format!("{name}Response");
            let mut inner = document
                .get_mut(&response)
                .map(Value::take)
                .ok_or_else(|| format!("there is no {response} in it"))?;
            Ok(inner
                .get_mut(format!("{name}Result"))
                .map(Value::take)
                .unwrap_or_default())
        }
        Protocol::RestXml => {
            let mut document = xml(&answer.body)?;
            let inner = document
                .as_object_mut()
                .and_then(|object| object.values_mut().next());
            Ok(inner.map(Value::take).unwrap_or_default())
        }
    }
}

fn xml(body: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(body).map_err(|error| error.to_string())?;
    from_xml(text)
}

/// Code and message of a failure, in whatever shape it comes. Both empty where there is none.
pub(super) fn error(operation: &Operation, answer: &Answer) -> (String, String) {
    let from_header = answer.header("x-amzn-errortype").map(str::to_owned);
    if let Ok(value) = serde_json::from_slice::<Value>(&answer.body) {
        let code = from_header
            .or_else(|| {
                ["__type", "code", "Code"]
                    .iter()
                    .find_map(|name| text(&value, &[name]).map(str::to_owned))
            })
            .unwrap_or_default();
        let message = ["message", "Message", "errorMessage"]
            .iter()
            .find_map(|name| text(&value, &[name]))
            .unwrap_or_default();
        return (bare(&code), message.to_owned());
    }
    if let Ok(value) = xml(&answer.body) {
        for path in [
            &["ErrorResponse", "Error"][..],
            &["Response", "Errors", "Error"],
            &["Error"],
        ] {
            let code = text(&value, &[path, &["Code"]].concat());
            if let Some(code) = code {
                let message = text(&value, &[path, &["Message"]].concat()).unwrap_or_default();
                return (code.to_owned(), message.to_owned());
            }
        }
    }
    let body = String::from_utf8_lossy(&answer.body);
    let shown = match operation.service.protocol {
        // An answer of a proxy or a load balancer, as likely as not.
        _ if body.trim_start().starts_with('<') => String::new(),
        _ => body.chars().take(200).collect(),
    };
    (from_header.map(|code| bare(&code)).unwrap_or_default(), shown)
}

/// `com.amazonaws.x#Code`, `Code:http://…`: the code.
pub(super) fn bare(code: &str) -> String {
    let code = code.rsplit('#').next().unwrap_or(code);
    code.split(':').next().unwrap_or(code).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::aws::operation;
    use serde_json::json;

    #[test]
    fn parameters_become_a_form() {
        let text = form(
            "GetX",
            "2010-05-08",
            &json!({"Filter": ["Role", "User"], "MaxItems": 5, "Tag": {"K": "a b&c"}, "No": null}),
        );
        assert_eq!(
            text,
            "Action=GetX&Version=2010-05-08&Filter.member.1=Role&Filter.member.2=User&MaxItems=5&Tag.K=a%20b%26c"
        );
    }

    #[test]
    fn buckets_are_hosts_where_they_can_be() {
        let own = "https://s3.eu-west-1.amazonaws.com";
        assert_eq!(
            bucket_url(own, "logs", true),
            "https://logs.s3.eu-west-1.amazonaws.com"
        );
        assert_eq!(bucket_url(own, "my.logs", true), format!("{own}/my.logs"));
        assert_eq!(
            bucket_url("http://127.0.0.1:5000", "logs", false),
            "http://127.0.0.1:5000/logs"
        );
    }

    #[test]
    fn errors_are_read_in_every_shape() {
        let answer = |body: &str, header: Option<&str>| Answer {
            status: 400,
            headers: header
                .map(|value| ("x-amzn-ErrorType".to_owned(), value.to_owned()))
                .into_iter()
                .collect(),
            body: body.as_bytes().to_vec(),
        };
        let read = |body, header| error(&operation::GET_ROLE, &answer(body, header));
        let denied = ("AccessDenied".to_owned(), "no".to_owned());
        assert_eq!(
            read(
                "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>",
                None
            ),
            denied
        );
        assert_eq!(
            read(
                "<Error><Code>AccessDenied</Code><Message>no</Message></Error>",
                None
            ),
            denied
        );
        assert_eq!(
            read(r#"{"__type":"com.x#AccessDenied","Message":"no"}"#, None),
            denied
        );
        assert_eq!(
            read(r#"{"message":"no"}"#, Some("AccessDenied:http://x/")),
            denied
        );
        assert_eq!(
            read("<html>Bad Gateway</html>", None),
            (String::new(), String::new())
        );
    }
}
