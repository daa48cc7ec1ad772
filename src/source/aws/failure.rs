//! Why a call to AWS has no answer, and what a person can do about it.

use crate::diagnostic::{Code, Diagnostic, Severity};

use super::operation::Operation;
use super::wire::bare;

/// What kind of failure it is: what to do next hangs on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Refused: the caller lacks the permission.
    Denied,
    /// Too many calls, even after waiting and trying again.
    Throttled,
    /// The credentials are no longer good, or never were.
    Credentials,
    /// No credentials were found at all.
    NoCredentials,
    /// What was asked for is not there.
    NotFound,
    /// Nobody answered, or not in time.
    Unreachable,
    /// An answer that is not what the service's API promises.
    Garbled,
    /// Anything else that the service says.
    Other,
}

/// A call that came to nothing.
#[derive(Debug, Clone)]
pub struct Failure {
    pub(super) operation: &'static Operation,
    pub(super) kind: Kind,
    /// The service's own code, such as `AccessDenied`.
    pub(super) code: String,
    /// What the service said, in one line.
    pub(super) message: String,
    /// On what: a name or ARN, where the call was for one thing.
    pub(super) on: Option<String>,
    /// The region asked, for services that have regions.
    pub(super) region: Option<String>,
}

/// Codes of the services by what they mean
/// (<https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html>, and each service's own).
fn kind_of(code: &str, status: u16) -> Kind {
    match code {
        "AccessDenied"
        | "AccessDeniedException"
        | "UnauthorizedOperation"
        | "AuthorizationError"
        | "AuthorizationErrorException"
        | "UnauthorizedAccess"
        | "AllAccessDisabled" => Kind::Denied,
        "ExpiredToken"
        | "ExpiredTokenException"
        | "RequestExpired"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "InvalidToken"
        | "TokenRefreshRequired"
        | "IncompleteSignature"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException" => Kind::Credentials,
        code if code.contains("Throttl")
            || code == "TooManyRequestsException"
            || code == "SlowDown"
            || code == "RequestLimitExceeded" =>
        {
            Kind::Throttled
        }
        "NoSuchEntity"
        | "NoSuchBucket"
        | "NoSuchKey"
        | "NoSuchBucketPolicy"
        | "TargetNotFoundException"
        | "ResourceNotFoundException"
        | "NotFoundException"
        | "NotFound"
        | "AWS.SimpleQueueService.NonExistentQueue"
        | "QueueDoesNotExist"
        | "RepositoryNotFoundException"
        | "RepositoryPolicyNotFoundException"
        | "PolicyNotFoundException"
        | "TrailNotFoundException"
        | "AWSOrganizationsNotInUseException" => Kind::NotFound,
        "" => match status {
            401 | 403 => Kind::Denied,
            404 => Kind::NotFound,
            429 | 503 => Kind::Throttled,
            _ => Kind::Other,
        },
        _ => Kind::Other,
    }
}

impl Failure {
    /// What a service answered in place of a result.
    pub(super) fn answered(operation: &'static Operation, status: u16, code: &str, message: &str) -> Self {
        let code = bare(code);
        let shown = if code.is_empty() {
            format!("HTTP {status}")
        } else {
            code.clone()
        };
        Self::new(operation, kind_of(&code, status), &shown, message)
    }

    pub(super) fn new(operation: &'static Operation, kind: Kind, code: &str, message: &str) -> Self {
        let mut message: String = message.split_whitespace().collect::<Vec<_>>().join(" ");
        if message.chars().count() > 600 {
            message = message.chars().take(600).chain(['…']).collect();
        }
        Self {
            operation,
            kind,
            code: code.to_owned(),
            message,
            on: None,
            region: None,
        }
    }

    /// Whether the caller lacks the permission.
    pub fn is_denied(&self) -> bool {
        self.kind == Kind::Denied
    }

    /// Whether the service said something that is neither a refusal nor about credentials, load or absence.
    pub fn is_other(&self) -> bool {
        matches!(self.kind, Kind::Other | Kind::Garbled | Kind::NotFound)
    }

    /// Whether every other call would fail as well.
    pub(super) fn is_hopeless(&self) -> bool {
        matches!(
            self.kind,
            Kind::Credentials | Kind::NoCredentials | Kind::Unreachable
        )
    }

    /// Whether what was asked for is not there.
    pub fn is_not_found(&self) -> bool {
        self.kind == Kind::NotFound
    }

    /// As a diagnostic; `consequence` says what is not known, or not done, because of it.
    pub fn diagnostic(&self, severity: Severity, consequence: &str) -> Diagnostic {
        let operation = format!("{}:{}", self.operation.service.prefix, self.operation.name);
        let on = self.on.as_ref().map(|on| format!(" on {on}")).unwrap_or_default();
        let place = match &self.region {
            Some(region) if !self.operation.service.global => format!(" in {region}"),
            _ => String::new(),
        };
        let (code, said) = match self.kind {
            Kind::Denied => (
                Code::AwsDenied,
                format!("the caller may not call {operation}{on}{place}"),
            ),
            Kind::Throttled => (
                Code::AwsThrottled,
                format!(
                    "AWS still refuses {operation}{on}{place} for too many calls, after waiting and trying again"
                ),
            ),
            Kind::Credentials => (
                Code::AwsCredentials,
                format!(
                    "AWS does not accept the credentials ({operation}{place}: {})",
                    self.code
                ),
            ),
            Kind::NoCredentials => (Code::AwsCredentials, "no AWS credentials were found".to_owned()),
            Kind::NotFound => (
                Code::AwsNotFound,
                format!(
                    "{operation}{place}: there is no {}",
                    self.on.as_deref().unwrap_or("such thing")
                ),
            ),
            Kind::Unreachable => (
                Code::AwsUnreachable,
                format!("{operation}{on}{place} has no answer"),
            ),
            Kind::Garbled => (
                Code::AwsFailed,
                format!("the answer of {operation}{on}{place} is not what AWS documents"),
            ),
            Kind::Other => (
                Code::AwsFailed,
                format!("{operation}{on}{place} failed with {}", self.code),
            ),
        };
        let mut message = said;
        if !self.message.is_empty() {
            message = format!("{message}: {}", self.message);
        }
        if !consequence.is_empty() {
            message = format!("{message}; {consequence}");
        }
        let diagnostic = match severity {
            Severity::Error => Diagnostic::error(code, message),
            Severity::Warning => Diagnostic::warning(code, message),
            Severity::Note => Diagnostic::note(code, message),
        };
        match self.help() {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        }
    }

    /// The permission that is missing, and on what: what the service's own message names, where it names
    /// one (`s3:GetObject` on an encrypted object fails for `kms:Decrypt`), else what the operation needs.
    fn missing(&self) -> Option<(String, String)> {
        let named = crate::denial::read(&self.message).denials.into_iter().next();
        if let Some(denial) = named
            && let (Some(action), Some(resource)) = (denial.action, denial.resource)
        {
            return Some((action, resource));
        }
        let on = self.on.as_deref().unwrap_or("*").to_owned();
        Some((self.operation.permission()?, on))
    }

    fn help(&self) -> Option<String> {
        match self.kind {
            Kind::Denied => {
                let (action, on) = self.missing()?;
                Some(format!(
                    "the action missing is {action} on {on}; `leastgrant permissions` prints what each command needs"
                ))
            }
            Kind::Throttled => Some("wait and run it again; AWS_MAX_ATTEMPTS=10 makes it more patient".to_owned()),
            Kind::Credentials => Some(
                "get new ones (`aws sso login`, or what made the old ones) and run it again: what was fetched with --keep is not fetched anew"
                    .to_owned(),
            ),
            Kind::NoCredentials => Some(
                "log in as for the AWS CLI (`aws sso login --profile NAME`, AWS_PROFILE, AWS_ACCESS_KEY_ID, …); `aws sts get-caller-identity` shows whether it works"
                    .to_owned(),
            ),
            Kind::Unreachable => Some(
                "check the network, the proxy (HTTPS_PROXY) and, where set, AWS_ENDPOINT_URL and the region".to_owned(),
            ),
            Kind::NotFound | Kind::Garbled | Kind::Other => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::aws::operation;

    #[test]
    fn a_refusal_names_the_action_and_the_thing() {
        let mut failure = Failure::answered(
            &operation::GET_BUCKET_POLICY,
            403,
            "AccessDenied",
            "Access\n  Denied",
        );
        failure.on = Some("arn:aws:s3:::b".to_owned());
        failure.region = Some("eu-west-1".to_owned());
        let said = failure.diagnostic(Severity::Warning, "its policy is not known");
        assert_eq!(
            said.message,
            "the caller may not call s3:GetBucketPolicy on arn:aws:s3:::b in eu-west-1: Access Denied; its policy is not known"
        );
        assert!(
            said.help
                .unwrap()
                .contains("s3:GetBucketPolicy on arn:aws:s3:::b")
        );
    }

    #[test]
    fn codes_come_in_several_spellings() {
        for code in [
            "com.amazonaws.kms#AccessDeniedException",
            "AccessDeniedException:http://internal.amazon.com/",
            "AccessDenied",
        ] {
            let failure = Failure::answered(&operation::GET_KEY_POLICY, 400, code, "");
            assert!(failure.is_denied(), "{code}");
        }
        assert_eq!(
            Failure::answered(&operation::LOOKUP_EVENTS, 503, "", "").kind,
            Kind::Throttled
        );
    }
}
