"""The names and values that cases are made of: few, so that policies and requests often meet."""

ACCOUNT = "111122223333"
OTHER = "444455556666"
REGION = "us-east-1"

USER = {"arn": f"arn:aws:iam::{ACCOUNT}:user/team/alice", "id": "AIDAEXAMPLEALICE00001"}
SESSION = {"arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/app/run-1", "id": "AROAEXAMPLEAPP000001:run-1"}
STRANGER = {"arn": f"arn:aws:iam::{OTHER}:user/mallory", "id": "AIDAEXAMPLEMALLORY001"}

# Action, resource: what requests ask for.
ASKED = [
    ("s3:GetObject", "arn:aws:s3:::reports/2026/a.csv"),
    ("s3:PutObject", "arn:aws:s3:::reports/2026/a.csv"),
    ("s3:GetObject", "arn:aws:s3:::Reports/2026/a.csv"),
    ("s3:DeleteObject", "arn:aws:s3:::reports-old/a"),
    ("s3:GetObjectAcl", "arn:aws:s3:::reports/home/alice/x"),
    ("s3:ListBucket", "arn:aws:s3:::reports"),
    ("sqs:SendMessage", f"arn:aws:sqs:{REGION}:{ACCOUNT}:jobs"),
    ("sqs:ReceiveMessage", f"arn:aws:sqs:eu-west-1:{ACCOUNT}:jobs-dead"),
    ("dynamodb:GetItem", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/orders"),
    ("dynamodb:Query", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/orders/index/by-day"),
    ("lambda:InvokeFunction", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:report:live"),
    ("logs:PutLogEvents", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/report:log-stream:a"),
    ("iam:GetRole", f"arn:aws:iam::{ACCOUNT}:role/app"),
    ("ec2:DescribeInstances", "*"),
    ("s3:ListAllMyBuckets", "*"),
]

ACTIONS = [
    "*", "s3:*", "S3:Get*", "s3:GetObject", "s3:getobject", "s3:*Object", "s3:?etObject", "s3:Get*Acl", "s3:*Object*",
    "s3:List*", "sqs:*Message", "sqs:SendMessage", "SQS:receivemessage", "dynamodb:GetItem", "dynamodb:?u*",
    "dynamodb:*", "lambda:Invoke*", "logs:Put*", "iam:GetRole", "ec2:Describe*", "s3:ListAllMyBuckets", "s3:GetObject?",
]

RESOURCES = [
    "*", "arn:aws:s3:::reports/*", "arn:aws:s3:::reports", "arn:aws:s3:::reports*", "arn:aws:s3:::*",
    "arn:aws:s3:::reports/2026/?.csv", "arn:aws:s3:::*/2026/*", "arn:aws:s3:::Reports/*", "arn:*:s3:::reports/*",
    "arn:aws:s3:::reports/2026/a.csv", f"arn:aws:s3:*:*:reports/2026/*", "arn:aws:s3:::reports/home/alice/*",
    f"arn:aws:sqs:*:{ACCOUNT}:jobs", f"arn:aws:sqs:{REGION}:*:jobs*", f"arn:aws:sqs:??-east-1:{ACCOUNT}:jobs",
    f"arn:aws:sqs:*:*:*", f"arn:aws:dynamodb:*:*:table/*", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/orders",
    f"arn:aws:dynamodb:*:{ACCOUNT}:table/*/index/*", f"arn:aws:lambda:*:*:function:report",
    f"arn:aws:lambda:*:{ACCOUNT}:function:report:*", f"arn:aws:logs:*:*:log-group:*:log-stream:a",
    f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/*", f"arn:aws:iam::{ACCOUNT}:role/*", "arn:aws:*:*:*:*",
]

# Patterns whose reading takes more than a look: fewer than six parts, `*` before a colon.
ODD_RESOURCES = [
    "arn:aws:s3:*", "arn:*", "arn:aws:sqs:*:jobs", "arn:aws:dynamodb:*:table/orders", "a*",
    "arn:aws:lambda:*:*:live", "arn:aws:logs:*:*:a", "arn:aws:l*:*:*:*:a", f"arn:aws:lambda:*:function:report:live",
    "arn:aws:lambda:us-*1:*:*live", "arn:aws:sqs:*b:*:*", "arn:aws:lambda:*r:*:*",
]

VARIABLE_RESOURCES = [
    "arn:aws:s3:::reports/home/${aws:username}/*", "arn:aws:s3:::${aws:PrincipalTag/team}/*",
    "arn:aws:s3:::reports/home/${aws:PrincipalTag/owner, 'alice'}/*", "arn:aws:s3:::reports/${*}/a.csv",
    "arn:aws:s3:::reports/${custom:nowhere}*", "arn:aws:s3:::${aws:principaltag/team, 'reports'}/2026/*",
]

# The typed condition keys: what a request may carry, what a policy may say. `wild` are values for the
# operators that take wildcards.
KINDS = {
    "String": {
        "keys": ["aws:PrincipalTag/team", "s3:prefix", "aws:RequestTag/env", "dynamodb:Select", "s3:VersionId"],
        "asked": ["blue", "Blue", "blue/green", "green", "blue*", "alice", "reports"],
        "said": ["blue", "BLUE", "green", "blue/green", "blue*", "reports", "b"],
        "wild": ["bl*", "b?ue", "*", "blue/*", "*e*", "?", "BL*", "blue"],
        "variables": ["${aws:username}", "${aws:PrincipalTag/team}", "${custom:nowhere}", "x${s3:prefix, 'blue'}",
                      "${aws:PrincipalTag/none, 'blue'}", "blue${*}"],
    },
    "Numeric": {
        "keys": ["s3:max-keys", "aws:MultiFactorAuthAge", "s3:TlsVersion"],
        "asked": ["10", "1.2", "1.20", "0", "-3", "100"],
        "said": ["10", "1.2", "10.0", "0", "-3.5", "99.99", "+10"],
    },
    "Date": {
        "keys": ["aws:TokenIssueTime", "custom:Expiry"],
        "asked": ["2026-04-01T12:00:00Z", "1775044800", "2026-04-01T14:00:00+02:00", "2026-04-02T00:00:00Z"],
        "said": ["2026-04-01T12:00:00Z", "1775044800", "2026-04-01", "2026-04-02T02:00:00+02:00", "2026-04-01T12:00:00.000Z"],
    },
    "Bool": {
        "keys": ["aws:MultiFactorAuthPresent", "aws:ViaAWSService"],
        "asked": ["true", "false", "True"],
        "said": ["true", "false", "FALSE"],
    },
    "Ip": {
        "keys": ["aws:VpcSourceIp", "custom:Address"],
        "asked": ["203.0.113.7", "198.51.100.1", "2001:db8::7", "10.1.2.3"],
        "said": ["203.0.113.0/24", "203.0.113.7", "203.0.113.7/24", "2001:db8::/32", "0.0.0.0/0", "::/0", "10.0.0.0/8"],
    },
    "Arn": {
        "keys": ["aws:SourceArn", "aws:PrincipalArn", "lambda:FunctionArn"],
        "asked": [f"arn:aws:sns:{REGION}:{ACCOUNT}:news", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:report:live",
                  "arn:aws:s3:::reports"],
        "said": [f"arn:aws:sns:{REGION}:{ACCOUNT}:news", f"arn:aws:sns:*:{ACCOUNT}:*", f"arn:aws:iam::{ACCOUNT}:role/app",
                 f"arn:aws:iam::{ACCOUNT}:user/*", "arn:aws:s3:::report?", "arn:aws:*:*:*:*", "arn:aws:lambda:*:*:live",
                 f"arn:aws:lambda:*:{ACCOUNT}:function:*", f"arn:aws:sts::{ACCOUNT}:assumed-role/app/*",
                 f"arn:aws:iam::{ACCOUNT}:role/A*"],
    },
    "Binary": {
        "keys": ["custom:Blob"],
        "asked": ["QmluYXJ5", "YQ=="],
        "said": ["QmluYXJ5", "qmlUYXJ5", "YQ=="],
    },
}

MULTI_KEYS = ["aws:TagKeys", "dynamodb:LeadingKeys", "dynamodb:Attributes"]

OPERATORS = {
    "String": ["StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase",
               "StringLike", "StringNotLike"],
    "Numeric": ["NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals",
                "NumericGreaterThan", "NumericGreaterThanEquals"],
    "Date": ["DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan",
             "DateGreaterThanEquals"],
    "Bool": ["Bool"],
    "Ip": ["IpAddress", "NotIpAddress"],
    "Arn": ["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"],
    "Binary": ["BinaryEquals"],
}

# What every request carries, whoever judges. Policies ask for dates far from now only.
EVERY_REQUEST = {
    "aws:RequestedRegion": REGION,
    "aws:SourceIp": "127.0.0.1",
    "aws:SecureTransport": "false",
    "aws:CurrentTime": "2026-06-01T00:00:00Z",
    "aws:EpochTime": "1780272000",
    "aws:ResourceAccount": ACCOUNT,
    "s3:ResourceAccount": ACCOUNT,
}
