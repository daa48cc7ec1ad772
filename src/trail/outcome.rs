//! How a call ended: succeeded, refused, failed otherwise, or ended so that nothing follows.

use serde::{Deserialize, Serialize};

use super::refusal;

/// The policy layer that a refusal names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusedBy {
    /// An identity-based policy.
    Identity,
    /// A resource-based policy.
    Resource,
    /// A permissions boundary.
    Boundary,
    /// A session policy.
    Session,
    /// A service control policy.
    Scp,
    /// A resource control policy.
    Rcp,
    /// A VPC endpoint policy.
    Endpoint,
    /// A role trust policy.
    Trust,
    /// The message does not say.
    Unnamed,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// No error, or a dry run that would have been allowed.
    Succeeded,
    /// Refused for want of permission.
    Refused {
        /// `errorCode`; empty where the record has only a message.
        code: String,
        /// Which layer the message names.
        by: RefusedBy,
        /// Whether an explicit deny is named.
        explicit: bool,
        /// The action that the message names as missing, as written (`s3:GetObject`).
        action: Option<String>,
        /// The resource that the message names, as written.
        resource: Option<String>,
    },
    /// Another error that usually comes after authorization (not found, limit, validation):
    /// weaker evidence of use.
    Failed {
        /// `errorCode`.
        code: String,
    },
    /// An error that says nothing about permission: throttled, expired token, bad signature.
    Inconclusive {
        /// `errorCode`; empty where the record has only a message (a failed console sign-in).
        code: String,
    },
}

// Sources of the tables:
// C    https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
// EC2  https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
// S3   https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
// R    https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html (throttling codes)

/// Codes of refusals, sorted, without the `Client.` that CloudTrail puts before EC2's codes.
const REFUSALS: [&str; 14] = [
    "AccessDenied",                // S3; IAM, STS and SQS in recorded trails
    "AccessDeniedException",       // C
    "AuthorizationError",          // https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
    "AuthorizationErrorException", // SNS's exception by its class name, in trails and SDKs
    "Forbidden",                   // S3, answers to HEAD
    "ForbiddenException", // https://docs.aws.amazon.com/iot/latest/apireference/API_iotdata_Publish.html
    "KMS.AccessDeniedException", // SQS wrapping KMS
    "KMSAccessDenied",    // https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
    "KMSAccessDeniedException", // https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecord.html
    "NotAuthorized",      // C
    "NotAuthorizedException", // https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminGetUser.html
    "UnauthorizedException",  // https://docs.aws.amazon.com/iot/latest/apireference/API_CreateThing.html
    "UnauthorizedOperation",  // EC2
    "VpceAccessDenied", // https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-network-events-with-cloudtrail.html
];

/// Codes that say nothing about permission, sorted, without `Client.` and `Server.`.
const INCONCLUSIVE: [&str; 43] = [
    "AuthFailure",                             // EC2: credentials could not be validated
    "AuthorizationHeaderMalformed",            // S3
    "BandwidthLimitExceeded",                  // R
    "Blocked",                                 // EC2: the account is blocked
    "CloudTrailInvalidClientTokenIdException", // CloudTrail, in recorded trails
    "EC2ThrottledException",                   // R
    "ExpiredToken",                            // S3, STS in recorded trails
    "ExpiredTokenException",                   // C
    "IncompleteSignature",                     // C
    "IncompleteSignatureException",            // C
    "InternalError",                           // EC2, S3
    "InternalFailure",                         // C
    "InternalServerError",                     // DynamoDB, by its API reference
    "InternalServerException",                 // many, by their API references
    "InvalidAccessKeyId",                      // S3
    "InvalidClientTokenId",                    // C
    "InvalidSignatureException",               // by the class name of the signature error
    "InvalidToken",                            // S3
    "MissingAuthenticationToken",              // EC2
    "MissingAuthenticationTokenException",     // by its class name
    "OptInRequired",                           // C: the account is not subscribed
    "PendingVerification",                     // EC2: the account is being verified
    "PriorRequestNotComplete",                 // R
    "ProvisionedThroughputExceededException",  // R
    "RequestExpired",                          // C
    "RequestLimitExceeded",                    // R, EC2
    "RequestThrottled",                        // R
    "RequestThrottledException",               // R
    "RequestTimeTooSkewed",                    // S3
    "RequestTimeout",                          // S3
    "ServiceUnavailable",                      // C
    "ServiceUnavailableException",             // by its class name
    "SignatureDoesNotMatch",                   // S3
    "SlowDown",                                // R, S3
    "SubscriptionRequiredException",           // AWS Support, by its API reference
    "ThrottledException",                      // R
    "Throttling",                              // R
    "ThrottlingException",                     // R, C
    "TokenRefreshRequired",                    // S3
    "TooManyRequestsException",                // R
    "Unavailable",                             // EC2
    "UnrecognizedClientException",             // C, by its class name
    "UnsupportedProtocol",                     // EC2: the request was not read
];

impl Outcome {
    /// From `errorCode` and `errorMessage`. Where a code is in none of the tables, a message that
    /// names a caller who is not authorized makes it a refusal all the same.
    pub fn from_error(code: Option<&str>, message: Option<&str>) -> Self {
        let code = code.unwrap_or_default().trim();
        let message = message.unwrap_or_default();
        if code.is_empty() && message.is_empty() {
            return Self::Succeeded;
        }
        let bare = code
            .strip_prefix("Client.")
            .or_else(|| code.strip_prefix("Server."))
            .unwrap_or(code);
        if bare == "DryRunOperation" {
            return Self::Succeeded;
        }
        let read = refusal::read(message);
        if read.certain || is_refusal(bare) {
            let by = if bare == "VpceAccessDenied" {
                RefusedBy::Endpoint
            } else {
                read.by
            };
            return Self::Refused {
                code: code.to_owned(),
                by,
                explicit: read.explicit,
                action: read.action.map(str::to_owned),
                resource: read.resource.map(str::to_owned),
            };
        }
        // A message without a code is a failed sign-in: no permission is asked for there.
        if code.is_empty() || INCONCLUSIVE.binary_search(&bare).is_ok() {
            return Self::Inconclusive {
                code: code.to_owned(),
            };
        }
        Self::Failed {
            code: code.to_owned(),
        }
    }

    /// Whether the call went through.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Succeeded)
    }

    /// Whether the call was refused.
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }
}

/// Whether `code` is in the table, or is one of its codes with more after a dot
/// (`AccessDenied.SomeReason`).
fn is_refusal(code: &str) -> bool {
    let known = |code: &str| REFUSALS.binary_search(&code).is_ok();
    known(code) || code.split_once('.').is_some_and(|(head, _)| known(head))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(code: &str, message: &str) -> Outcome {
        Outcome::from_error(Some(code), Some(message))
    }

    #[test]
    fn the_tables_are_sorted_and_do_not_overlap() {
        assert!(REFUSALS.is_sorted() && INCONCLUSIVE.is_sorted());
        assert!(REFUSALS.iter().all(|code| !INCONCLUSIVE.contains(code)));
    }

    #[test]
    fn no_error_an_empty_one_and_a_dry_run_are_successes() {
        for (code, message) in [
            (None, None),
            (Some(""), None),
            (Some(" "), Some("")),
            (
                Some("Client.DryRunOperation"),
                Some("Request would have succeeded, but DryRun flag is set."),
            ),
        ] {
            assert_eq!(Outcome::from_error(code, message), Outcome::Succeeded, "{code:?}");
        }
    }

    #[test]
    fn refusals_are_known_by_their_code() {
        for code in REFUSALS {
            assert!(outcome(code, "").is_refused(), "{code}");
        }
        assert!(
            outcome(
                "Client.UnauthorizedOperation",
                "You are not authorized to perform this operation."
            )
            .is_refused()
        );
        assert!(outcome("Client.AccessDenied.Reason", "").is_refused());
    }

    #[test]
    fn a_refusal_keeps_its_code_as_written_and_what_the_message_says() {
        let outcome = outcome(
            "Client.UnauthorizedOperation",
            "User: arn:aws:iam::111122223333:user/ana is not authorized to perform: ec2:StopInstances on resource: arn:aws:ec2:eu-west-1:111122223333:instance/i-1 with an explicit deny in a service control policy",
        );
        assert_eq!(
            outcome,
            Outcome::Refused {
                code: "Client.UnauthorizedOperation".to_owned(),
                by: RefusedBy::Scp,
                explicit: true,
                action: Some("ec2:StopInstances".to_owned()),
                resource: Some("arn:aws:ec2:eu-west-1:111122223333:instance/i-1".to_owned()),
            }
        );
    }

    #[test]
    fn an_endpoint_refuses_whatever_the_message_says() {
        for message in ["", "The request was denied due to a VPC endpoint policy"] {
            assert!(matches!(
                outcome("VpceAccessDenied", message),
                Outcome::Refused {
                    by: RefusedBy::Endpoint,
                    ..
                }
            ));
        }
    }

    #[test]
    fn a_message_can_make_another_code_a_refusal() {
        let message = "User: arn:aws:sts::111122223333:assumed-role/ci/x is not authorized to perform: iam:PassRole on resource: arn:aws:iam::111122223333:role/task because no identity-based policy allows the iam:PassRole action";
        assert!(outcome("ClientException", message).is_refused());
        let service =
            "CodeBuild is not authorized to perform: sts:AssumeRole on service role. Please verify that:";
        assert_eq!(
            outcome("InvalidInputException", service),
            Outcome::Failed {
                code: "InvalidInputException".to_owned()
            }
        );
    }

    #[test]
    fn what_says_nothing_about_permission_is_inconclusive() {
        for code in [
            "ThrottlingException",
            "Client.RequestLimitExceeded",
            "ExpiredToken",
            "Server.InternalError",
        ] {
            assert_eq!(
                outcome(code, "x"),
                Outcome::Inconclusive {
                    code: code.to_owned()
                }
            );
        }
        assert_eq!(
            Outcome::from_error(None, Some("Failed authentication")),
            Outcome::Inconclusive { code: String::new() }
        );
    }

    #[test]
    fn other_errors_are_failures() {
        for code in [
            "NoSuchBucketPolicy",
            "Client.InvalidInstanceID.NotFound",
            "LimitExceededException",
        ] {
            assert_eq!(
                outcome(code, "x"),
                Outcome::Failed {
                    code: code.to_owned()
                }
            );
        }
    }
}
