//! What leastgrant itself needs, command by command: the operations that each may call, as a policy.

use serde_json::{Value, json};

use super::operation::{self as op, Operation};

/// A purpose, and the operations that it takes.
struct Purpose {
    /// As the statement's Sid.
    sid: &'static str,
    operations: &'static [&'static Operation],
    /// Actions of other services that AWS asks for on the way.
    besides: &'static [&'static str],
    /// Where it is read from: narrows with the trails that are named.
    resource: On,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum On {
    Everything,
    Bucket,
    Objects,
    /// Policies and principals of IAM; service-linked roles cannot be changed in any case.
    Iam,
}

static GRANTS: Purpose = Purpose {
    sid: "Grants",
    operations: &[
        &op::GET_ACCOUNT_AUTHORIZATION_DETAILS,
        &op::GET_POLICY,
        &op::GET_POLICY_VERSION,
    ],
    besides: &[],
    resource: On::Everything,
};
static LAST_ACCESSED: Purpose = Purpose {
    sid: "LastAccessed",
    operations: &[
        &op::GENERATE_SERVICE_LAST_ACCESSED_DETAILS,
        &op::GET_SERVICE_LAST_ACCESSED_DETAILS,
    ],
    besides: &[],
    resource: On::Everything,
};
static ANALYZER: Purpose = Purpose {
    sid: "AccessAnalyzer",
    operations: &[
        &op::VALIDATE_POLICY,
        &op::CHECK_NO_NEW_ACCESS,
        &op::CHECK_ACCESS_NOT_GRANTED,
        &op::LIST_ANALYZERS,
        &op::LIST_FINDINGS,
        &op::GET_FINDING,
    ],
    besides: &[],
    resource: On::Everything,
};
static ORGANIZATION: Purpose = Purpose {
    sid: "Organization",
    operations: &[
        &op::DESCRIBE_ORGANIZATION,
        &op::LIST_PARENTS,
        &op::LIST_POLICIES_FOR_TARGET,
        &op::DESCRIBE_POLICY,
    ],
    besides: &[],
    resource: On::Everything,
};
static HISTORY: Purpose = Purpose {
    sid: "EventHistory",
    operations: &[&op::LOOKUP_EVENTS],
    besides: &[],
    resource: On::Everything,
};
static TRAILS: Purpose = Purpose {
    sid: "WhatTrailsRecord",
    operations: &[&op::DESCRIBE_TRAILS, &op::GET_EVENT_SELECTORS],
    besides: &[],
    resource: On::Everything,
};
static HYGIENE: Purpose = Purpose {
    sid: "Hygiene",
    operations: &[
        &op::GENERATE_CREDENTIAL_REPORT,
        &op::GET_CREDENTIAL_REPORT,
        &op::GET_ACCOUNT_SUMMARY,
        &op::GET_ACCOUNT_PASSWORD_POLICY,
        &op::DESCRIBE_TRAILS,
        &op::GET_TRAIL_STATUS,
        &op::GET_EVENT_SELECTORS,
        &op::DESCRIBE_CONFIGURATION_RECORDERS,
        &op::DESCRIBE_CONFIGURATION_RECORDER_STATUS,
    ],
    besides: &[],
    resource: On::Everything,
};
static BUCKET: Purpose = Purpose {
    sid: "TrailBucket",
    operations: &[&op::LIST_OBJECTS_V2],
    besides: &[],
    resource: On::Bucket,
};
static OBJECTS: Purpose = Purpose {
    sid: "TrailObjects",
    operations: &[&op::GET_OBJECT],
    besides: &[],
    resource: On::Objects,
};
static RESOURCE_POLICIES: Purpose = Purpose {
    sid: "PoliciesOfResources",
    operations: &[
        &op::GET_BUCKET_POLICY,
        &op::GET_KEY_POLICY,
        &op::GET_QUEUE_ATTRIBUTES,
        &op::GET_TOPIC_ATTRIBUTES,
        &op::GET_FUNCTION_POLICY,
        &op::GET_SECRET_POLICY,
        &op::GET_REPOSITORY_POLICY,
        &op::GET_TABLE_POLICY,
        &op::GET_ROLE,
    ],
    besides: &[],
    resource: On::Everything,
};
static DECODE: Purpose = Purpose {
    sid: "EncodedMessages",
    operations: &[&op::DECODE_AUTHORIZATION_MESSAGE],
    besides: &[],
    resource: On::Everything,
};
static QUEUE: Purpose = Purpose {
    sid: "Queue",
    operations: &[&op::RECEIVE_MESSAGE, &op::DELETE_MESSAGE],
    besides: &[],
    resource: On::Everything,
};
static ATHENA: Purpose = Purpose {
    sid: "Athena",
    operations: &[
        &op::GET_TABLE_METADATA,
        &op::START_QUERY_EXECUTION,
        &op::GET_QUERY_EXECUTION,
        &op::GET_QUERY_RESULTS,
        &op::STOP_QUERY_EXECUTION,
    ],
    // What Athena does in the caller's name: the table, the files, the result
    // (<https://docs.aws.amazon.com/athena/latest/ug/security-iam-athena.html>).
    besides: &[
        "glue:GetTable",
        "glue:GetPartitions",
        "s3:GetBucketLocation",
        "s3:GetObject",
        "s3:ListBucket",
        "s3:PutObject",
    ],
    resource: On::Everything,
};
static STATE: Purpose = Purpose {
    sid: "WhatStands",
    operations: &[
        &op::GET_ROLE,
        &op::GET_USER,
        &op::GET_ROLE_POLICY,
        &op::GET_USER_POLICY,
        &op::GET_GROUP_POLICY,
        &op::LIST_ATTACHED_ROLE_POLICIES,
        &op::LIST_ATTACHED_USER_POLICIES,
        &op::LIST_ATTACHED_GROUP_POLICIES,
        &op::GET_POLICY,
        &op::GET_POLICY_VERSION,
        &op::LIST_POLICY_VERSIONS,
        &op::LIST_ENTITIES_FOR_POLICY,
    ],
    besides: &[],
    resource: On::Iam,
};
static CHANGE: Purpose = Purpose {
    sid: "Changes",
    operations: &[
        &op::CREATE_POLICY,
        &op::DELETE_POLICY,
        &op::CREATE_POLICY_VERSION,
        &op::DELETE_POLICY_VERSION,
        &op::SET_DEFAULT_POLICY_VERSION,
        &op::PUT_ROLE_POLICY,
        &op::DELETE_ROLE_POLICY,
        &op::ATTACH_ROLE_POLICY,
        &op::DETACH_ROLE_POLICY,
        &op::PUT_USER_POLICY,
        &op::DELETE_USER_POLICY,
        &op::ATTACH_USER_POLICY,
        &op::DETACH_USER_POLICY,
        &op::PUT_GROUP_POLICY,
        &op::DELETE_GROUP_POLICY,
        &op::ATTACH_GROUP_POLICY,
        &op::DETACH_GROUP_POLICY,
    ],
    besides: &[],
    resource: On::Iam,
};

/// The commands that may ask AWS, and what for.
static COMMANDS: &[(&str, &[&Purpose])] = &[
    (
        "recommend",
        &[
            &GRANTS,
            &LAST_ACCESSED,
            &ANALYZER,
            &HISTORY,
            &TRAILS,
            &BUCKET,
            &OBJECTS,
        ],
    ),
    (
        "explain",
        &[
            &GRANTS,
            &ORGANIZATION,
            &RESOURCE_POLICIES,
            &DECODE,
            &HISTORY,
            &TRAILS,
            &BUCKET,
            &OBJECTS,
        ],
    ),
    (
        "review",
        &[&GRANTS, &HYGIENE, &HISTORY, &TRAILS, &BUCKET, &OBJECTS],
    ),
    ("backtest", &[&GRANTS, &HISTORY, &TRAILS, &BUCKET, &OBJECTS]),
    ("simulate", &[&GRANTS, &ORGANIZATION]),
    (
        "snapshot",
        &[
            &GRANTS,
            &ORGANIZATION,
            &HYGIENE,
            &HISTORY,
            &TRAILS,
            &BUCKET,
            &OBJECTS,
            &ATHENA,
        ],
    ),
    (
        "watch",
        &[
            &GRANTS,
            &ORGANIZATION,
            &RESOURCE_POLICIES,
            &DECODE,
            &HISTORY,
            &QUEUE,
        ],
    ),
    ("apply", &[&STATE, &CHANGE]),
    ("rollback", &[&STATE, &CHANGE]),
];

/// The commands that ask AWS for anything.
pub fn commands() -> impl Iterator<Item = &'static str> {
    COMMANDS.iter().map(|(name, _)| *name)
}

/// The policy that a command needs; of all commands, where none is named. `trails`: the trails that are read,
/// as `--trail` names them; empty for any. `None` where there is no such command, or it asks AWS nothing.
pub fn policy(command: Option<&str>, trails: &[String]) -> Option<Value> {
    let wanted: Vec<&(&str, &[&Purpose])> = COMMANDS
        .iter()
        .filter(|(name, _)| command.is_none_or(|command| command == *name))
        .collect();
    if wanted.is_empty() {
        return None;
    }
    let mut statements: Vec<Value> = Vec::new();
    let mut said: Vec<&str> = Vec::new();
    for purpose in wanted.iter().flat_map(|(_, purposes)| purposes.iter()) {
        if said.contains(&purpose.sid) || !is_needed(purpose, trails) {
            continue;
        }
        said.push(purpose.sid);
        let mut actions: Vec<String> = purpose
            .operations
            .iter()
            .filter_map(|one| one.permission())
            .collect();
        actions.extend(purpose.besides.iter().map(|action| (*action).to_owned()));
        actions.sort();
        statements.push(json!({
            "Sid": purpose.sid,
            "Effect": "Allow",
            "Action": actions,
            "Resource": resources(purpose.resource, trails),
        }));
    }
    Some(json!({ "Version": "2012-10-17", "Statement": statements }))
}

fn is_needed(purpose: &Purpose, trails: &[String]) -> bool {
    let of_bucket = matches!(purpose.sid, "WhatTrailsRecord" | "TrailBucket" | "TrailObjects");
    let any = |wanted: &dyn Fn(&String) -> bool| trails.is_empty() || trails.iter().any(wanted);
    match purpose.sid {
        // It is asked for by name only: few have it.
        "Athena" => trails.iter().any(|trail| trail.starts_with("athena:")),
        "EventHistory" => any(&|trail| trail == "cloudtrail:"),
        _ if of_bucket => any(&|trail| trail.starts_with("s3://")),
        _ => true,
    }
}

fn resources(on: On, trails: &[String]) -> Value {
    let places: Vec<&str> = trails
        .iter()
        .filter_map(|trail| trail.strip_prefix("s3://"))
        .collect();
    let of = |pattern: &dyn Fn(&str) -> String| match places.as_slice() {
        [] => Value::Null,
        places => json!(places.iter().map(|place| pattern(place)).collect::<Vec<_>>()),
    };
    match on {
        On::Everything => json!("*"),
        On::Iam => json!([
            "arn:*:iam::*:group/*",
            "arn:*:iam::*:policy/*",
            "arn:*:iam::*:role/*",
            "arn:*:iam::*:user/*"
        ]),
        On::Bucket => match of(&|place| format!("arn:*:s3:::{}", place.split('/').next().unwrap_or(place))) {
            Value::Null => json!("arn:*:s3:::*"),
            found => found,
        },
        On::Objects => match of(&|place| match place.trim_end_matches('/').split_once('/') {
            Some((bucket, prefix)) => format!("arn:*:s3:::{bucket}/{prefix}/*"),
            None => format!("arn:*:s3:::{}/*", place.trim_end_matches('/')),
        }) {
            Value::Null => json!("arn:*:s3:::*/*"),
            found => found,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trail_in_a_bucket_needs_that_bucket_only() {
        let policy = policy(Some("recommend"), &["s3://logs/audit/".to_owned()]).unwrap();
        let text = policy.to_string();
        assert!(text.contains("arn:*:s3:::logs\"") && text.contains("arn:*:s3:::logs/audit/*"));
        assert!(!text.contains("LookupEvents"));
    }

    #[test]
    fn every_policy_is_one_that_the_catalog_finds_nothing_wrong_with() {
        for command in commands().map(Some).chain([None]) {
            let text = policy(command, &[]).unwrap().to_string();
            let (document, said) = crate::policy::parse(&text, "permissions");
            assert!(said.is_empty(), "{said:?}");
            let said = crate::lint::names(&document.unwrap(), "permissions");
            assert!(said.is_empty(), "{command:?}: {said:?}");
        }
        assert!(policy(Some("catalog"), &[]).is_none());
    }
}
