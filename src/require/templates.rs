//! Fills ARN templates from an event: `arn:${Partition}:s3:::{bucketName}/{key}` (the catalog's
//! own), `arn:${Partition}:ec2:${Region}:${Account}:instance/${InstanceId}` (AWS's resource types).

use std::borrow::Cow;

use action_catalog::Need;
use smallvec::{SmallVec, smallvec};

use super::parameters::{Path, Texts, anywhere, strings};
use super::resource::{Resource, Widened, partition};
use crate::arn::Arn;
use crate::trail::Event;

/// More resources than one call ever names; a template that gives more is not understood.
const MOST: usize = 1000;

/// What came of filling a template.
#[derive(Debug)]
pub(super) struct Filled {
    /// Values that were ARNs themselves: the template's wildcards are not in them.
    pub(super) whole: Vec<String>,
    /// ARNs made of the template; empty where a placeholder has no value.
    pub(super) made: SmallVec<[String; 1]>,
    /// Whether there was a value that says nothing of the resource.
    pub(super) partly: bool,
}

/// A template with `{path}` placeholders, taken apart.
#[derive(Debug)]
pub(super) struct Template<'t> {
    /// `None` where it is broken off.
    parts: Option<Vec<Part<'t>>>,
    /// The service of the ARNs that it makes; `None` where it does not say.
    service: Option<&'t str>,
}

#[derive(Debug)]
enum Part<'t> {
    Text(&'t str),
    /// `${Region}`: never an ARN.
    Standard(&'t str),
    /// `{path}`, `{path|other}`, `{path:transform:transform}`.
    Values {
        path: Path<'t>,
        transforms: Vec<&'t str>,
    },
}

impl<'t> Template<'t> {
    pub(super) fn new(template: &'t str) -> Self {
        Self {
            parts: parts(template),
            service: template
                .split(':')
                .nth(2)
                .filter(|_| template.starts_with("arn:")),
        }
    }

    /// All fillings.
    pub(super) fn fill(&self, event: &Event<'_>) -> Filled {
        let mut whole = Vec::new();
        let mut partly = false;
        let mut made: SmallVec<[String; 1]> = smallvec![String::with_capacity(MOSTLY)];
        for part in self.parts.iter().flatten() {
            match part {
                Part::Text(text) => made.iter_mut().for_each(|arn| arn.push_str(text)),
                Part::Standard(name) => match standard(name, event) {
                    Some(text) => made.iter_mut().for_each(|arn| arn.push_str(text)),
                    None => made.clear(),
                },
                Part::Values { path, transforms } => {
                    let mut plain: Texts<'_> = SmallVec::new();
                    for value in placeholder(path, transforms, event) {
                        match self.filled_with(value, event) {
                            Fills::Whole(arn) => whole.push(arn),
                            Fills::Part(text) => plain.push(text),
                            Fills::Nothing => partly = true,
                        }
                    }
                    match plain.as_slice() {
                        [] => made.clear(),
                        [one] => made.iter_mut().for_each(|arn| arn.push_str(one)),
                        several => {
                            let each = made
                                .iter()
                                .flat_map(|arn| several.iter().map(move |value| format!("{arn}{value}")));
                            made = each.take(MOST).collect();
                        }
                    }
                }
            }
        }
        made.retain(|arn| Arn::parse(arn).is_some());
        Filled { whole, made, partly }
    }

    fn filled_with<'v>(&self, value: Cow<'v, str>, event: &Event<'_>) -> Fills<'v> {
        let Some(service) = self.service else {
            return Fills::Part(value);
        };
        match Arn::parse(&value) {
            Some(arn) if service.is_empty() || arn.service == service => Fills::Whole(value.into_owned()),
            Some(_) => Fills::Nothing,
            None if service == "lambda" => match partial_function(&value, event) {
                Some(arn) => Fills::Whole(arn),
                None => Fills::Part(value),
            },
            None => Fills::Part(value),
        }
    }
}

/// ARNs are mostly no longer.
const MOSTLY: usize = 128;

fn parts(template: &str) -> Option<Vec<Part<'_>>> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some(start) = rest.find(['{', '$']) {
        let (text, tail) = rest.split_at(start);
        parts.push(Part::Text(text));
        let is_standard = tail.starts_with("${");
        let body = tail.trim_start_matches('$').trim_start_matches('{');
        let (name, after) = body.split_once('}')?;
        rest = after;
        parts.push(if is_standard {
            Part::Standard(name)
        } else {
            let (path, transforms) = name.split_once(':').unwrap_or((name, ""));
            let transforms = transforms.split(':').filter(|transform| !transform.is_empty());
            Part::Values {
                path: Path::new(path),
                transforms: transforms.collect(),
            }
        });
    }
    parts.push(Part::Text(rest));
    Some(parts)
}

/// What the value of a placeholder is to its template.
enum Fills<'v> {
    /// An ARN of the template's service: the resource.
    Whole(String),
    /// A part of the ARN.
    Part(Cow<'v, str>),
    /// An ARN of another service.
    Nothing,
}

/// The ARN of a function given as `ACCOUNT:function:NAME`
/// (<https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html>, `FunctionName`).
fn partial_function(value: &str, event: &Event<'_>) -> Option<String> {
    let (account, name) = value.split_once(":function:")?;
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    (is_account && !event.region.is_empty()).then(|| {
        let (partition, region) = (partition(event), &event.region);
        format!("arn:{partition}:lambda:{region}:{account}:function:{name}")
    })
}

fn standard<'e>(name: &str, event: &'e Event<'_>) -> Option<&'e str> {
    match name {
        "Partition" => Some(partition(event)),
        "Region" => Some(&*event.region).filter(|region| !region.is_empty()),
        "Account" | "AccountId" => event.account.as_deref(),
        _ => None,
    }
}

fn placeholder<'e>(path: &Path<'_>, transforms: &[&str], event: &'e Event<'_>) -> Texts<'e> {
    let mut values = strings(event, path);
    for transform in transforms {
        for value in &mut values {
            *value = match std::mem::take(value) {
                Cow::Borrowed(text) => transformed(text, transform, event),
                Cow::Owned(text) => Cow::Owned(transformed(&text, transform, event).into_owned()),
            };
        }
    }
    if values.len() > 1 {
        values.sort();
        values.dedup();
    }
    values.retain(|value| !value.is_empty());
    values
}

fn transformed<'v>(value: &'v str, transform: &str, event: &Event<'_>) -> Cow<'v, str> {
    match transform {
        "noslash" => Cow::Borrowed(value.strip_prefix('/').unwrap_or(value)),
        "last" => Cow::Borrowed(value.rsplit(['/', ':']).next().unwrap_or(value)),
        "s3source" => s3_source(value),
        "queueurl" => queue_of_url(value, event),
        "family" => {
            let name = value.rsplit('/').next().unwrap_or(value);
            Cow::Borrowed(name.split(':').next().unwrap_or(name))
        }
        "decode" => Cow::Owned(percent_decoded(value)),
        "loggroup" => log_group(value, event),
        // A system-defined inference profile is called by a geography and the model's id
        // (https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html).
        "profilemodel" => {
            let id = value.rsplit('/').next().unwrap_or(value);
            Cow::Borrowed(id.split_once('.').map_or("", |(_, model)| model))
        }
        // `GetParameter` takes `NAME:VERSION` and `NAME:LABEL`.
        "nocolon" if value.starts_with("arn:") => Cow::Borrowed(head(value, 6)),
        "nocolon" => Cow::Borrowed(head(value, 1)),
        // An alias stands for a key whose id is not in the parameters.
        "kmskey" if value.contains("alias/") => Cow::Borrowed(""),
        _ => match transform
            .strip_prefix("head")
            .and_then(|count| count.parse().ok())
        {
            Some(count) => Cow::Borrowed(head(value, count)),
            None => Cow::Borrowed(value),
        },
    }
}

/// The first `count` parts between colons: `head6` of a subscription's ARN is its topic's.
fn head(value: &str, count: usize) -> &str {
    match value.match_indices(':').nth(count.saturating_sub(1)) {
        Some((end, _)) => value.get(..end).unwrap_or(value),
        None => value,
    }
}

/// The ARN of a log group as CloudWatch Logs checks it, with `:*` at its end, from the group's name or its
/// ARN in either form
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html>).
fn log_group<'v>(value: &str, event: &Event<'_>) -> Cow<'v, str> {
    let name = value.strip_suffix(":*").unwrap_or(value);
    if Arn::parse(name).is_some() {
        return Cow::Owned(format!("{name}:*"));
    }
    match event.account.as_deref() {
        Some(account) => Cow::Owned(format!(
            "arn:{}:logs:{}:{account}:log-group:{name}:*",
            partition(event),
            event.region
        )),
        None => Cow::Borrowed(""),
    }
}

/// `x-amz-copy-source`: `/bucket/key?versionId=…`, percent-encoded
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>).
fn s3_source(value: &str) -> Cow<'_, str> {
    let value = value.strip_prefix('/').unwrap_or(value);
    let value = value.split_once("?versionId=").map_or(value, |(key, _)| key);
    Cow::Owned(percent_decoded(value))
}

/// The ARN of a queue URL, `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html>).
/// Without an account in it (a bare name) the queue is one of the event's account.
fn queue_of_url<'v>(url: &str, event: &Event<'_>) -> Cow<'v, str> {
    let mut parts = url.rsplit('/');
    let name = parts.next().unwrap_or(url);
    let account = parts
        .next()
        .filter(|part| part.len() == 12 && part.bytes().all(|byte| byte.is_ascii_digit()));
    match account.or(event.account.as_deref()) {
        Some(account) => Cow::Owned(format!(
            "arn:{}:sqs:{}:{account}:{name}",
            partition(event),
            event.region
        )),
        None => Cow::Borrowed(""),
    }
}

fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let pair = bytes
            .get(at + 1..at + 3)
            .and_then(|pair| std::str::from_utf8(pair).ok());
        match (byte, pair.and_then(|pair| u8::from_str_radix(pair, 16).ok())) {
            (b'%', Some(decoded)) => {
                out.push(decoded);
                at += 3;
            }
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

/// The resources that fill the ARN template of a resource type, from the parameters: by the
/// catalog's path for a variable, else by a parameter of the variable's own name. A variable found
/// in the response alone is an id that the call made: the next call makes another.
pub(super) fn fill_type(template: &str, need: &Need, event: &Event<'_>) -> Vec<Resource> {
    let mut whole = Vec::new();
    let mut filled = vec![(String::new(), false)];
    for piece in pieces(template) {
        match piece {
            Piece::Text(text) => filled.iter_mut().for_each(|(arn, _)| arn.push_str(text)),
            Piece::Variable(name) => {
                let (values, made) = match standard(name, event) {
                    Some(value) => (vec![value.to_owned()], false),
                    None => variable(name, need, event),
                };
                let (arns, plain): (Vec<String>, Vec<String>) =
                    values.into_iter().partition(|value| value.starts_with("arn:"));
                whole.extend(arns.into_iter().filter(|arn| fits(template, arn)));
                filled = filled
                    .iter()
                    .flat_map(|(arn, was)| {
                        plain
                            .iter()
                            .map(move |value| (format!("{arn}{value}"), *was || made))
                    })
                    .take(MOST)
                    .collect();
            }
        }
    }
    let made = |(pattern, made): (String, bool)| {
        if made {
            Resource::Pattern {
                pattern,
                because: Widened::GeneratedId,
            }
        } else {
            Resource::Arn(pattern)
        }
    };
    let made = filled
        .into_iter()
        .filter(|(arn, _)| Arn::parse(arn).is_some())
        .map(made);
    whole.into_iter().map(Resource::Arn).chain(made).collect()
}

/// The values of an ARN variable, and whether they are ids that this call made.
fn variable(name: &str, need: &Need, event: &Event<'_>) -> (Vec<String>, bool) {
    for (_, path) in need.params.iter().filter(|(variable, _)| variable == name) {
        let found = strings(event, &Path::new(path));
        if !found.is_empty() {
            return (distinct(found.into_iter().map(Cow::into_owned).collect()), false);
        }
    }
    if GENERIC.contains(&name) {
        return (Vec::new(), false);
    }
    let asked = anywhere(event.request.value(), name);
    if !asked.is_empty() {
        return (distinct(asked), false);
    }
    if !makes(&event.name, name) || anywhere(event.response.value(), name).is_empty() {
        return (Vec::new(), false);
    }
    (vec!["*".to_owned()], true)
}

/// Whether an operation of that name makes the thing that the variable is the id of: `CreateVpc` a
/// `VpcId`. `CreateNatGateway` answers with a `VpcId` too, and has not made it.
fn makes(operation: &str, variable: &str) -> bool {
    let noun = variable
        .strip_suffix("Id")
        .unwrap_or_default()
        .to_ascii_lowercase();
    !noun.is_empty() && operation.to_ascii_lowercase().contains(&noun)
}

/// Variable names that say too little to be found by name alone.
const GENERIC: [&str; 8] = [
    "Id",
    "Name",
    "ResourceId",
    "ResourceName",
    "Type",
    "Key",
    "Path",
    "Token",
];

fn distinct(mut values: Vec<String>) -> Vec<String> {
    values.sort();
    values.dedup();
    values
}

enum Piece<'t> {
    Text(&'t str),
    Variable(&'t str),
}

fn pieces(template: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = template;
    while let Some((text, tail)) = rest.split_once("${") {
        found.push(Piece::Text(text));
        let Some((name, after)) = tail.split_once('}') else {
            break;
        };
        found.push(Piece::Variable(name));
        rest = after;
    }
    found.push(Piece::Text(rest));
    found
}

/// Whether an ARN has the form of a resource type's template.
pub(super) fn fits(template: &str, arn: &str) -> bool {
    let (wanted, given) = (template.split(':').nth(2), arn.split(':').nth(2));
    // Most templates fall here, before anything is allocated.
    if wanted != given && wanted.is_some_and(|wanted| !wanted.contains('$')) {
        return false;
    }
    arn.starts_with("arn:") && crate::pattern::resource_matches(&starred(template), arn) == Some(true)
}

/// The template with `*` for each variable.
pub(crate) fn starred(template: &str) -> String {
    pieces(template)
        .into_iter()
        .map(|piece| match piece {
            Piece::Text(text) => text,
            Piece::Variable(_) => "*",
        })
        .collect()
}

/// How much of a template is literal: the more, the closer it describes an ARN that fits it.
pub(super) fn literal_length(template: &str) -> usize {
    pieces(template)
        .into_iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.len(),
            Piece::Variable(_) => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_fits_the_object_better_than_the_bucket() {
        let (bucket, object) = (
            "arn:${Partition}:s3:::${BucketName}",
            "arn:${Partition}:s3:::${BucketName}/${ObjectName}",
        );
        let arn = "arn:aws:s3:::acme/raw/a.json";
        assert!(fits(bucket, arn) && fits(object, arn));
        assert!(literal_length(object) > literal_length(bucket));
        assert!(!fits(object, "arn:aws:s3:::acme"));
    }

    fn event(request: &str) -> String {
        format!(
            r#"{{"userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/dana","accountId":"111122223333","userName":"dana"}},
            "eventTime":"2026-10-01T00:00:00Z","eventSource":"sqs.amazonaws.com","eventName":"SendMessage","awsRegion":"eu-west-1",
            "recipientAccountId":"111122223333","requestParameters":{request}}}"#
        )
    }

    fn filled(template: &str, request: &str) -> Vec<String> {
        let text = event(request);
        let mut scratch = crate::trail::event::Scratch::default();
        let event = Event::parse(text.as_bytes(), &mut scratch).unwrap();
        let filled = Template::new(template).fill(&event);
        [filled.whole, filled.made.into_vec()].concat()
    }

    #[test]
    fn an_id_in_the_response_is_a_new_one_only_of_what_the_call_makes() {
        assert!(makes("CreateVpc", "VpcId") && makes("RunInstances", "InstanceId"));
        assert!(!makes("CreateNatGateway", "VpcId") && !makes("CreateThing", "Id"));
        assert!(!makes("CreateVpc", "VpcName"));
    }

    #[test]
    fn a_copy_source_loses_slash_and_version_and_is_decoded() {
        let template = "arn:${Partition}:s3:::{x-amz-copy-source:s3source}";
        let source = |value: &str| filled(template, &format!(r#"{{"x-amz-copy-source":"{value}"}}"#));
        assert_eq!(
            source("/acme/a%20b/c.txt?versionId=3"),
            ["arn:aws:s3:::acme/a b/c.txt"]
        );
        assert_eq!(source("acme/100%"), ["arn:aws:s3:::acme/100%"]);
    }

    #[test]
    fn parts_of_values_are_taken() {
        let template = "{subscriptionArn:head6}";
        let arn = r#"{"subscriptionArn":"arn:aws:sns:eu-west-1:111122223333:news:0a1b"}"#;
        assert_eq!(filled(template, arn), ["arn:aws:sns:eu-west-1:111122223333:news"]);
        assert_eq!(head("a:b", 3), "a:b");
        let template = "arn:aws:ssm:eu-west-1:111122223333:parameter/{name:nocolon}";
        assert_eq!(
            filled(template, r#"{"name":"db:3"}"#),
            ["arn:aws:ssm:eu-west-1:111122223333:parameter/db"]
        );
        let template = "{resourceArn:decode}";
        assert_eq!(
            filled(
                template,
                r#"{"resourceArn":"arn%3Aaws%3Aeks%3Aeu-west-1%3A111122223333%3Acluster%2Fa"}"#
            ),
            ["arn:aws:eks:eu-west-1:111122223333:cluster/a"]
        );
        let theirs = "arn:aws:logs:eu-west-1:444455556666:log-group:a";
        for (given, wanted) in [
            (format!("{theirs}:*"), format!("{theirs}:*")),
            (theirs.to_owned(), format!("{theirs}:*")),
            (
                "/app/web".to_owned(),
                "arn:aws:logs:eu-west-1:111122223333:log-group:/app/web:*".to_owned(),
            ),
        ] {
            assert_eq!(filled("{g:loggroup}", &format!(r#"{{"g":"{given}"}}"#)), [wanted]);
        }
        let template = "arn:aws:ssm:eu-west-1:111122223333:parameter/{name:noslash:nocolon}";
        assert_eq!(
            filled(template, r#"{"name":"/app/db:3"}"#),
            ["arn:aws:ssm:eu-west-1:111122223333:parameter/app/db"]
        );
        let template = "arn:aws:bedrock:*::foundation-model/{modelId:profilemodel}";
        assert_eq!(
            filled(template, r#"{"modelId":"us-gov.anthropic.claude-v2:1"}"#),
            ["arn:aws:bedrock:*::foundation-model/anthropic.claude-v2:1"]
        );
    }

    #[test]
    fn a_queue_url_gives_the_queue() {
        let url = r#"{"queueUrl":"https://sqs.eu-west-1.amazonaws.com/444455556666/jobs.fifo"}"#;
        assert_eq!(
            filled("{queueUrl:queueurl}", url),
            ["arn:aws:sqs:eu-west-1:444455556666:jobs.fifo"]
        );
    }

    #[test]
    fn a_key_alias_gives_no_key() {
        let template = "arn:${Partition}:kms:${Region}:${Account}:key/{keyId:kmskey}";
        assert_eq!(filled(template, r#"{"keyId":"alias/app"}"#), Vec::<String>::new());
        assert_eq!(
            filled(template, r#"{"keyId":"0a1b"}"#),
            ["arn:aws:kms:eu-west-1:111122223333:key/0a1b"]
        );
        let arn = "arn:aws:kms:eu-west-1:444455556666:key/0a1b";
        assert_eq!(filled(template, &format!(r#"{{"keyId":"{arn}"}}"#)), [arn]);
    }

    #[test]
    fn a_parameter_that_is_not_there_gives_nothing() {
        assert_eq!(
            filled(
                "arn:${Partition}:s3:::{bucketName}/{key}",
                r#"{"bucketName":"acme"}"#
            ),
            Vec::<String>::new()
        );
    }
}
