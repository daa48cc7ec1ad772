//! A request as a file or a command line gives it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::diagnostic::{Code, Diagnostic, Place};
use crate::evaluate::{Compiled, Context, Explanation, Lookup, Principal, Request, Target};

/// What becomes of condition keys that a question does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unnamed {
    /// They may have any value: a decision that hangs on one is unknown.
    Unknown,
    /// The request does not carry them.
    Absent,
}

/// One request to decide, owned.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// `s3:GetObject`.
    pub action: String,
    /// An ARN, or `*` where the action is asked on no particular resource; `None`: not known.
    pub resource: Option<String>,
    /// The account that owns the resource, where its ARN does not say.
    pub resource_account: Option<String>,
    /// Whether the resource is an AWS managed KMS key.
    pub aws_managed_key: bool,
    /// Who asks.
    pub principal: Option<Principal>,
    /// The condition keys that are named.
    pub context: BTreeMap<String, Lookup>,
    /// What becomes of those that are not.
    pub unnamed: Unnamed,
}

impl Question {
    /// A question about an action and a resource; nothing else is known.
    pub fn new(action: &str, resource: Option<&str>) -> Self {
        Self {
            action: action.to_owned(),
            resource: resource.map(str::to_owned),
            resource_account: None,
            aws_managed_key: false,
            principal: None,
            context: BTreeMap::new(),
            unnamed: Unnamed::Unknown,
        }
    }

    /// Decides it, with what each layer says. Keys that follow from the principal are filled in.
    pub fn ask(&self, policies: &Compiled) -> Explanation {
        let mut context = Context::default();
        for (key, value) in &self.context {
            context.set(key, value.clone());
        }
        if let Some(principal) = &self.principal {
            principal.fill(&mut context);
        }
        if self.unnamed == Unnamed::Absent {
            context.others_absent();
        }
        let target = match self.resource.as_deref() {
            None => Target::Unknown,
            Some("*") => Target::Any,
            Some(arn) => Target::Arn(arn),
        };
        let mut request = Request::new(&self.action, target, &context);
        request.principal = self.principal.as_ref();
        request.resource_account = self.resource_account.as_deref();
        request.aws_managed_key = self.aws_managed_key;
        policies.explain(&request)
    }
}

/// A question as JSON has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    action: String,
    resource: Option<String>,
    resource_account: Option<String>,
    #[serde(default)]
    aws_managed_key: bool,
    principal: Option<WrittenPrincipal>,
    #[serde(default)]
    context: BTreeMap<String, WrittenValue>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum WrittenPrincipal {
    Text(String),
    Federated { federated: String },
    Full(FullPrincipal),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FullPrincipal {
    arn: String,
    id: Option<String>,
    role: Option<String>,
    user: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum WrittenValue {
    One(Scalar),
    Several(Vec<Scalar>),
    Unknown { unknown: bool },
    Absent(()),
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Bool(bool),
    Number(serde_json::Number),
}

impl Scalar {
    fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Bool(value) => value.to_string(),
            Self::Number(value) => value.to_string(),
        }
    }
}

/// Reads questions from JSON: one object, a list of them, or an object with a list `requests`.
///
/// Each has `action`, and may have `resource` (an ARN or `*`), `resource_account`,
/// `aws_managed_key`, `principal` (see [`Principal::parse`]; or an object with `arn` and `id`,
/// `role` or `user`; or with `federated`) and `context`: condition keys with a text, a list of
/// texts, `null` (the request does not carry the key) or `{"unknown": true}`.
///
/// A question that cannot be read is said and left out; `file` is named in the diagnostics.
pub fn read_questions(text: &str, file: &str, unnamed: Unnamed) -> (Vec<Question>, Vec<Diagnostic>) {
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => {
            let mut place = Place::file(file);
            (place.line, place.column) = (Some(error.line() as u64), Some(error.column() as u64));
            let diagnostic = Diagnostic::error(Code::RequestShape, "the requests are not JSON").at(place);
            return (Vec::new(), vec![diagnostic.help(error.to_string())]);
        }
    };
    let list = match value {
        Value::Array(list) => list,
        Value::Object(mut object) if object.contains_key("requests") => match object.remove("requests") {
            Some(Value::Array(list)) => list,
            _ => Vec::new(),
        },
        other => vec![other],
    };
    let (mut questions, mut said) = (Vec::new(), Vec::new());
    for (number, value) in list.into_iter().enumerate() {
        match question(value, unnamed) {
            Ok(question) => questions.push(question),
            Err(why) => {
                let mut place = Place::file(file);
                place.record = Some(number as u64 + 1);
                said.push(
                    Diagnostic::error(Code::RequestShape, format!("a request that cannot be read: {why}"))
                        .at(place)
                        .help("a request is {\"action\": \"s3:GetObject\", \"resource\": \"arn:…\", \"principal\": \"arn:…\", \"context\": {\"key\": \"value\"}}"),
                );
            }
        }
    }
    (questions, said)
}

/// One question, or what is wrong with it.
fn question(value: Value, unnamed: Unnamed) -> Result<Question, String> {
    let written: Written = serde_json::from_value(value).map_err(|error| error.to_string())?;
    let action = read_action(&written.action)?;
    let resource = written.resource.as_deref().map(read_resource).transpose()?;
    let context = written.context.into_iter().map(|(key, value)| {
        let value = match value {
            WrittenValue::One(one) => Lookup::Values(vec![one.text()]),
            WrittenValue::Several(list) => Lookup::Values(list.into_iter().map(Scalar::text).collect()),
            WrittenValue::Unknown { unknown: true } => Lookup::Unknown,
            WrittenValue::Unknown { .. } | WrittenValue::Absent(()) => Lookup::Absent,
        };
        (key.to_ascii_lowercase(), value)
    });
    Ok(Question {
        action,
        resource,
        resource_account: written.resource_account,
        aws_managed_key: written.aws_managed_key,
        principal: written.principal.map(principal).transpose()?,
        context: context.collect(),
        unnamed,
    })
}

/// A single action, no wildcards.
///
/// # Errors
/// What is wrong with it.
pub fn read_action(text: &str) -> Result<String, String> {
    let single = text
        .split_once(':')
        .is_some_and(|(service, name)| !service.is_empty() && !name.is_empty() && !name.contains(':'));
    if !single || text.contains(['*', '?']) || text.contains(char::is_whitespace) {
        return Err(format!("\"{text}\" is no single action such as s3:GetObject"));
    }
    Ok(text.to_owned())
}

/// An ARN, or `*`.
///
/// # Errors
/// What is wrong with it.
pub fn read_resource(text: &str) -> Result<String, String> {
    if text != "*" && crate::arn::split_pattern(text).is_none() {
        return Err(format!("\"{text}\" is neither an ARN nor *"));
    }
    Ok(text.to_owned())
}

/// A principal, as [`Principal::parse`] reads it.
///
/// # Errors
/// What is wrong with it.
pub fn read_principal(text: &str) -> Result<Principal, String> {
    Principal::parse(text).ok_or_else(|| {
        format!("\"{text}\" is no principal: an ARN of a user, role, session, federated user or root, an account id, a service or anonymous")
    })
}

fn principal(written: WrittenPrincipal) -> Result<Principal, String> {
    match written {
        WrittenPrincipal::Text(text) => read_principal(&text),
        WrittenPrincipal::Federated { federated } => Ok(Principal::federated(&federated)),
        WrittenPrincipal::Full(full) => {
            let mut principal = read_principal(&full.arn)?;
            principal.id = full.id;
            principal.user = full.user;
            if full.role.is_some() {
                principal.role = full.role;
                principal.role_is_exact = true;
            }
            Ok(principal)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_of_a_request_is_read() {
        let text = r#"{"requests": [
            {"action": "s3:GetObject", "resource": "arn:aws:s3:::b/k", "principal": "111122223333",
             "context": {"AWS:UserName": "bob", "a:list": ["x", 1], "a:no": null, "a:what": {"unknown": true}}},
            {"action": "s3:*"},
            {"action": "sts:AssumeRole", "principal": {"arn": "arn:aws:sts::111122223333:assumed-role/r/s", "id": "AROA:s"}},
            {"action": "sts:AssumeRoleWithSAML", "principal": {"federated": "arn:aws:iam::111122223333:saml-provider/x"}},
            {"action": "s3:GetObject", "resource": "b/k"},
            {"action": "s3:GetObject", "principle": "bob"}
        ]}"#;
        let (questions, said) = read_questions(text, "r.json", Unnamed::Absent);
        assert_eq!(questions.len(), 3);
        let first = &questions[0];
        assert_eq!(first.context["aws:username"], Lookup::Values(vec!["bob".into()]));
        assert_eq!(
            first.context["a:list"],
            Lookup::Values(vec!["x".into(), "1".into()])
        );
        assert_eq!(first.context["a:no"], Lookup::Absent);
        assert_eq!(first.context["a:what"], Lookup::Unknown);
        let records: Vec<_> = said.iter().filter_map(|d| d.place.as_ref()?.record).collect();
        assert_eq!(records, [2, 5, 6]);
    }

    #[test]
    fn what_is_no_json_has_a_place() {
        let (questions, said) = read_questions("[{]", "r.json", Unnamed::Unknown);
        assert!(questions.is_empty());
        assert_eq!(said[0].place.as_ref().unwrap().to_string(), "r.json:1:3");
    }
}
