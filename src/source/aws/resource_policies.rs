//! The policies of resources, fetched when a refusal or a proposal touches them; and EC2's encoded messages.

use serde_json::{Value, json};

use super::client::{Call, Client};
use super::document::{list, text};
use super::failure::Failure;
use super::operation;
use super::wire::encoded;
use crate::arn::Arn;
use crate::evaluate::Layer;
use crate::policy::Document;

/// The policy of a resource.
#[derive(Debug, Clone)]
pub struct ResourcePolicy {
    /// The resource that bears it: the bucket of an object, the table of an index.
    pub bearer: String,
    /// The part it plays.
    pub layer: Layer,
    /// Its text; without statements where the resource has none.
    pub document: Document,
}

impl Client {
    /// The policy of the resource that `resource` is, or lies in. `None` where resources of its kind have
    /// none, or this program does not read it.
    ///
    /// # Errors
    /// [`Failure`], where it may not be read.
    pub fn resource_policy(&self, resource: &str) -> Result<Option<ResourcePolicy>, Failure> {
        let Some((bearer, layer)) = bearer(resource) else {
            return Ok(None);
        };
        let text = match self.policy_text(&bearer) {
            Ok(text) => text,
            Err(failure) if failure.is_not_found() && failure.code.contains("Policy") => None,
            // Lambda and DynamoDB say ResourceNotFoundException for a resource without a policy as well.
            Err(failure) if failure.is_not_found() && failure.message.to_lowercase().contains("policy") => {
                None
            }
            Err(failure) => return Err(failure),
        };
        let text = text.filter(|text| !text.is_empty());
        let empty = r#"{"Version":"2012-10-17","Statement":[]}"#.to_owned();
        let (document, _) = crate::policy::parse(&text.unwrap_or(empty), &bearer);
        Ok(document.map(|document| ResourcePolicy {
            bearer,
            layer,
            document,
        }))
    }

    fn policy_text(&self, bearer: &str) -> Result<Option<String>, Failure> {
        let Some(arn) = Arn::parse(bearer) else {
            return Ok(None);
        };
        let region = arn.region.to_owned();
        let at = |operation, parameters: Value| {
            let mut call = Call::new(operation, parameters).on(bearer);
            if !region.is_empty() {
                call.region = Some(region.clone());
            }
            call
        };
        let owned = |value: &Value, path: &[&str]| text(value, path).map(str::to_owned);
        let name = arn.resource.rsplit(['/', ':']).next().unwrap_or(arn.resource);
        Ok(match arn.service {
            "s3" => {
                let mut call = at(&operation::GET_BUCKET_POLICY, Value::Null).path("/?policy=");
                call.bucket = Some(arn.resource.to_owned());
                Some(String::from_utf8_lossy(&self.raw(&call)?.body).into_owned())
            }
            "kms" => {
                let asked = json!({ "KeyId": bearer, "PolicyName": "default" });
                owned(&self.call(&at(&operation::GET_KEY_POLICY, asked))?, &["Policy"])
            }
            "sqs" => {
                // <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html>
                let end = if arn.partition == "aws-cn" { ".cn" } else { "" };
                let url = format!("https://sqs.{region}.amazonaws.com{end}/{}/{name}", arn.account);
                let asked = json!({ "QueueUrl": url, "AttributeNames": ["Policy"] });
                owned(
                    &self.call(&at(&operation::GET_QUEUE_ATTRIBUTES, asked))?,
                    &["Attributes", "Policy"],
                )
            }
            "sns" => {
                let answer = self.call(&at(
                    &operation::GET_TOPIC_ATTRIBUTES,
                    json!({ "TopicArn": bearer }),
                ))?;
                let attributes = list(&answer, &["Attributes"]);
                let policy = attributes
                    .iter()
                    .find(|entry| text(entry, &["key"]) == Some("Policy"));
                policy.and_then(|entry| owned(entry, &["value"]))
            }
            "lambda" => {
                let path = format!("/2015-03-31/functions/{}/policy", encoded(bearer));
                owned(
                    &self.call(&at(&operation::GET_FUNCTION_POLICY, Value::Null).path(path))?,
                    &["Policy"],
                )
            }
            "secretsmanager" => {
                let asked = json!({ "SecretId": bearer });
                owned(
                    &self.call(&at(&operation::GET_SECRET_POLICY, asked))?,
                    &["ResourcePolicy"],
                )
            }
            "ecr" => {
                let repository = arn.resource.strip_prefix("repository/").unwrap_or(arn.resource);
                let asked = json!({ "registryId": arn.account, "repositoryName": repository });
                owned(
                    &self.call(&at(&operation::GET_REPOSITORY_POLICY, asked))?,
                    &["policyText"],
                )
            }
            "dynamodb" => {
                let asked = json!({ "ResourceArn": bearer });
                owned(&self.call(&at(&operation::GET_TABLE_POLICY, asked))?, &["Policy"])
            }
            "iam" => {
                let asked = json!({ "RoleName": name });
                let found = self.iam(&operation::GET_ROLE, asked)?;
                found
                    .get("Role")
                    .and_then(|role| role.get("AssumeRolePolicyDocument"))
                    .map(Value::to_string)
            }
            _ => None,
        })
    }

    /// What EC2's encoded message says, as JSON.
    ///
    /// # Errors
    /// [`Failure`]: refused, or the message is no such message.
    pub fn decode(&self, message: &str) -> Result<Option<String>, Failure> {
        let asked = json!({ "EncodedMessage": message });
        let answer = self.call(&Call::new(&operation::DECODE_AUTHORIZATION_MESSAGE, asked))?;
        Ok(text(&answer, &["DecodedMessage"]).map(str::to_owned))
    }
}

/// The resource whose policy decides, and as what. `None` for patterns and for what has no policy.
fn bearer(resource: &str) -> Option<(String, Layer)> {
    let arn = Arn::parse(resource)?;
    if resource.contains(['*', '?']) {
        // A pattern within one bucket or table still names it.
        let fixed = resource.split(['*', '?']).next().unwrap_or_default();
        let (known, _) = bearer(&format!("{fixed}x"))?;
        return (!known.ends_with('x') && fixed.len() > known.len())
            .then(|| bearer(&known))
            .flatten();
    }
    let of = |rest: &str| {
        let Arn {
            partition,
            service,
            region,
            account,
            ..
        } = arn;
        format!("arn:{partition}:{service}:{region}:{account}:{rest}")
    };
    let part = |separator: char, count: usize| {
        let parts: Vec<&str> = arn.resource.split(separator).take(count).collect();
        of(&parts.join(&separator.to_string()))
    };
    Some(match arn.service {
        "s3" if arn.account.is_empty() => (part('/', 1), Layer::Resource),
        "kms" if arn.resource.starts_with("key/") => (resource.to_owned(), Layer::Key),
        "sqs" | "ecr" => (resource.to_owned(), Layer::Resource),
        "sns" => (part(':', 1), Layer::Resource),
        "lambda" if arn.resource.starts_with("function:") => (part(':', 2), Layer::Resource),
        "secretsmanager" if arn.resource.starts_with("secret:") => (resource.to_owned(), Layer::Resource),
        "dynamodb" if arn.resource.starts_with("table/") => (part('/', 2), Layer::Resource),
        "iam" if arn.resource.starts_with("role/") => (resource.to_owned(), Layer::Trust),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_is_that_of_what_the_resource_lies_in() {
        let of = |arn: &str| bearer(arn).map(|(arn, _)| arn);
        let is = |arn: &str, expected: &str| assert_eq!(of(arn).as_deref(), Some(expected));
        is("arn:aws:s3:::b/k/x.json", "arn:aws:s3:::b");
        is("arn:aws:s3:::b/*", "arn:aws:s3:::b");
        is(
            "arn:aws:dynamodb:eu-west-1:111122223333:table/t/index/i",
            "arn:aws:dynamodb:eu-west-1:111122223333:table/t",
        );
        is(
            "arn:aws:lambda:eu-west-1:111122223333:function:f:7",
            "arn:aws:lambda:eu-west-1:111122223333:function:f",
        );
        is(
            "arn:aws:sns:eu-west-1:111122223333:t:1-2",
            "arn:aws:sns:eu-west-1:111122223333:t",
        );
        for none in [
            "arn:aws:s3:::*",
            "arn:aws:s3:::b*",
            "arn:aws:kms:eu-west-1:111122223333:alias/a",
            "arn:aws:kms:eu-west-1:111122223333:key/*",
            "arn:aws:ec2:eu-west-1:111122223333:instance/i-0",
            "*",
        ] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
