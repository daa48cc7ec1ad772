//! Every operation that leastgrant can ask AWS for, with the IAM action that it needs.
//!
//! Nothing outside this table can be called, so what `leastgrant permissions` prints is what the program
//! can use, and no more.

use super::service::{
    ACCESS_ANALYZER, ATHENA, CLOUDTRAIL, CONFIG, DYNAMODB, ECR, IAM, KMS, LAMBDA, ORGANIZATIONS, S3,
    SECRETS_MANAGER, SNS, SQS, STS, Service,
};

/// One operation.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Operation {
    pub(super) service: &'static Service,
    /// As the service's API calls it.
    pub(super) name: &'static str,
    /// The IAM action that it needs, without its prefix; `None` where none is asked for.
    pub(super) action: Option<&'static str>,
    pub(super) method: &'static str,
    /// Whether it changes something: such a call is never repeated after an answer that leaves open
    /// whether it was carried out.
    pub(super) writes: bool,
}

impl Operation {
    /// The IAM action with its prefix.
    pub(super) fn permission(&self) -> Option<String> {
        self.action
            .map(|action| format!("{}:{action}", self.service.prefix))
    }
}

const fn read(service: &'static Service, name: &'static str) -> Operation {
    Operation {
        service,
        name,
        action: Some(name),
        method: "POST",
        writes: false,
    }
}

const fn get(service: &'static Service, name: &'static str, action: &'static str) -> Operation {
    Operation {
        action: Some(action),
        method: "GET",
        ..read(service, name)
    }
}

const fn write(service: &'static Service, name: &'static str) -> Operation {
    Operation {
        writes: true,
        ..read(service, name)
    }
}

macro_rules! operations {
    ($($constant:ident = $operation:expr;)+) => {
        $(pub(super) static $constant: Operation = $operation;)+
        /// All of them.
        #[cfg(test)]
        pub(super) static ALL: &[&Operation] = &[$(&$constant),+];
    };
}

operations! {
    GET_CALLER_IDENTITY = Operation { action: None, ..read(&STS, "GetCallerIdentity") };
    DECODE_AUTHORIZATION_MESSAGE = read(&STS, "DecodeAuthorizationMessage");

    GET_ACCOUNT_AUTHORIZATION_DETAILS = read(&IAM, "GetAccountAuthorizationDetails");
    GET_ROLE = read(&IAM, "GetRole");
    GET_USER = read(&IAM, "GetUser");
    LIST_ROLE_POLICIES = read(&IAM, "ListRolePolicies");
    GET_ROLE_POLICY = read(&IAM, "GetRolePolicy");
    LIST_ATTACHED_ROLE_POLICIES = read(&IAM, "ListAttachedRolePolicies");
    LIST_USER_POLICIES = read(&IAM, "ListUserPolicies");
    GET_USER_POLICY = read(&IAM, "GetUserPolicy");
    LIST_ATTACHED_USER_POLICIES = read(&IAM, "ListAttachedUserPolicies");
    LIST_GROUPS_FOR_USER = read(&IAM, "ListGroupsForUser");
    LIST_GROUP_POLICIES = read(&IAM, "ListGroupPolicies");
    GET_GROUP_POLICY = read(&IAM, "GetGroupPolicy");
    LIST_ATTACHED_GROUP_POLICIES = read(&IAM, "ListAttachedGroupPolicies");
    GET_POLICY = read(&IAM, "GetPolicy");
    GET_POLICY_VERSION = read(&IAM, "GetPolicyVersion");
    LIST_ENTITIES_FOR_POLICY = read(&IAM, "ListEntitiesForPolicy");
    LIST_POLICY_VERSIONS = read(&IAM, "ListPolicyVersions");
    GENERATE_SERVICE_LAST_ACCESSED_DETAILS = read(&IAM, "GenerateServiceLastAccessedDetails");
    GET_SERVICE_LAST_ACCESSED_DETAILS = read(&IAM, "GetServiceLastAccessedDetails");

    GENERATE_CREDENTIAL_REPORT = read(&IAM, "GenerateCredentialReport");
    GET_CREDENTIAL_REPORT = read(&IAM, "GetCredentialReport");
    GET_ACCOUNT_SUMMARY = read(&IAM, "GetAccountSummary");
    GET_ACCOUNT_PASSWORD_POLICY = read(&IAM, "GetAccountPasswordPolicy");

    CREATE_POLICY = write(&IAM, "CreatePolicy");
    DELETE_POLICY = write(&IAM, "DeletePolicy");
    CREATE_POLICY_VERSION = write(&IAM, "CreatePolicyVersion");
    DELETE_POLICY_VERSION = write(&IAM, "DeletePolicyVersion");
    SET_DEFAULT_POLICY_VERSION = write(&IAM, "SetDefaultPolicyVersion");
    PUT_ROLE_POLICY = write(&IAM, "PutRolePolicy");
    DELETE_ROLE_POLICY = write(&IAM, "DeleteRolePolicy");
    ATTACH_ROLE_POLICY = write(&IAM, "AttachRolePolicy");
    DETACH_ROLE_POLICY = write(&IAM, "DetachRolePolicy");
    PUT_USER_POLICY = write(&IAM, "PutUserPolicy");
    DELETE_USER_POLICY = write(&IAM, "DeleteUserPolicy");
    ATTACH_USER_POLICY = write(&IAM, "AttachUserPolicy");
    DETACH_USER_POLICY = write(&IAM, "DetachUserPolicy");
    PUT_GROUP_POLICY = write(&IAM, "PutGroupPolicy");
    DELETE_GROUP_POLICY = write(&IAM, "DeleteGroupPolicy");
    ATTACH_GROUP_POLICY = write(&IAM, "AttachGroupPolicy");
    DETACH_GROUP_POLICY = write(&IAM, "DetachGroupPolicy");

    DESCRIBE_ORGANIZATION = read(&ORGANIZATIONS, "DescribeOrganization");
    LIST_PARENTS = read(&ORGANIZATIONS, "ListParents");
    LIST_POLICIES_FOR_TARGET = read(&ORGANIZATIONS, "ListPoliciesForTarget");
    DESCRIBE_POLICY = read(&ORGANIZATIONS, "DescribePolicy");

    LOOKUP_EVENTS = read(&CLOUDTRAIL, "LookupEvents");
    DESCRIBE_TRAILS = read(&CLOUDTRAIL, "DescribeTrails");
    GET_EVENT_SELECTORS = read(&CLOUDTRAIL, "GetEventSelectors");
    GET_TRAIL_STATUS = read(&CLOUDTRAIL, "GetTrailStatus");

    DESCRIBE_CONFIGURATION_RECORDERS = read(&CONFIG, "DescribeConfigurationRecorders");
    DESCRIBE_CONFIGURATION_RECORDER_STATUS = read(&CONFIG, "DescribeConfigurationRecorderStatus");

    // S3 asks for other names than its API has
    // (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>).
    LIST_OBJECTS_V2 = get(&S3, "ListObjectsV2", "ListBucket");
    GET_OBJECT = get(&S3, "GetObject", "GetObject");
    GET_BUCKET_POLICY = get(&S3, "GetBucketPolicy", "GetBucketPolicy");

    GET_KEY_POLICY = read(&KMS, "GetKeyPolicy");
    GET_QUEUE_ATTRIBUTES = read(&SQS, "GetQueueAttributes");
    GET_TOPIC_ATTRIBUTES = read(&SNS, "GetTopicAttributes");
    GET_FUNCTION_POLICY = get(&LAMBDA, "GetPolicy", "GetPolicy");
    GET_SECRET_POLICY = read(&SECRETS_MANAGER, "GetResourcePolicy");
    GET_REPOSITORY_POLICY = read(&ECR, "GetRepositoryPolicy");
    GET_TABLE_POLICY = read(&DYNAMODB, "GetResourcePolicy");

    RECEIVE_MESSAGE = read(&SQS, "ReceiveMessage");
    DELETE_MESSAGE = write(&SQS, "DeleteMessage");

    VALIDATE_POLICY = read(&ACCESS_ANALYZER, "ValidatePolicy");
    CHECK_NO_NEW_ACCESS = read(&ACCESS_ANALYZER, "CheckNoNewAccess");
    CHECK_ACCESS_NOT_GRANTED = read(&ACCESS_ANALYZER, "CheckAccessNotGranted");
    LIST_ANALYZERS = get(&ACCESS_ANALYZER, "ListAnalyzers", "ListAnalyzers");
    // V2 of the operation asks for the action of V1
    // (<https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_ListFindingsV2.html>).
    LIST_FINDINGS = Operation { action: Some("ListFindings"), ..read(&ACCESS_ANALYZER, "ListFindingsV2") };
    GET_FINDING = get(&ACCESS_ANALYZER, "GetFindingV2", "GetFinding");

    GET_TABLE_METADATA = read(&ATHENA, "GetTableMetadata");
    START_QUERY_EXECUTION = read(&ATHENA, "StartQueryExecution");
    GET_QUERY_EXECUTION = read(&ATHENA, "GetQueryExecution");
    GET_QUERY_RESULTS = read(&ATHENA, "GetQueryResults");
    STOP_QUERY_EXECUTION = read(&ATHENA, "StopQueryExecution");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A slip of the pen here would print a policy that does not work.
    #[test]
    fn every_action_is_in_the_catalog() {
        for operation in ALL {
            let Some(permission) = operation.permission() else {
                continue;
            };
            let (prefix, name) = permission.split_once(':').unwrap();
            let service = action_catalog::service(prefix).unwrap_or_else(|| panic!("{permission}"));
            assert!(
                service.actions.iter().any(|action| action.name == name),
                "{permission}"
            );
        }
    }
}
