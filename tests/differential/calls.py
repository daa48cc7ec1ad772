"""Requests whose context a judge makes itself: SimulateCustomPolicy, and calls that ministack serves."""

from vocabulary import ACCOUNT, EVERY_REQUEST, REGION

CALLER = f"arn:aws:iam::{ACCOUNT}:user/team/alice"
BUCKET = "reports"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:jobs"
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/orders"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:report"

RESOURCES = [
    "*", "arn:aws:s3:::reports/*", "arn:aws:s3:::reports", "arn:aws:s3:::reports*", "arn:aws:s3:::reports/2026/?.csv",
    "arn:aws:s3:::reports/home/alice/*", QUEUE, f"arn:aws:sqs:*:{ACCOUNT}:j*", TABLE, f"arn:aws:dynamodb:*:*:table/*",
    FUNCTION, f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:*", "arn:aws:s3:::other/*",
]

# What ministack gives to every SimulateCustomPolicy, whatever the caller sends as ContextEntries.
SIMULATED = {
    **EVERY_REQUEST,
    "aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:root",
    "aws:PrincipalAccount": ACCOUNT,
    "aws:PrincipalType": "User",
}


def simulated_request(action, resource):
    """A request of SimulateCustomPolicy. No principal: who asks shows in the context only."""
    return {"action": action, "resource": resource, "context": dict(SIMULATED)}


SIMULATED_CONDITIONS = [
    (["StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"],
     {"aws:RequestedRegion": [REGION, "US-EAST-1", "eu-west-1"], "aws:PrincipalAccount": [ACCOUNT, "444455556666"],
      "aws:PrincipalType": ["User", "user", "AssumedRole"], "custom:nowhere": ["x", "y"]}),
    (["StringLike", "StringNotLike"],
     {"aws:RequestedRegion": ["us-*", "us-????-1", "US-*", "*"], "aws:PrincipalAccount": ["1111*", "*2"],
      "custom:nowhere": ["*", "x"]}),
    (["NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericGreaterThanEquals"],
     {"aws:PrincipalAccount": [ACCOUNT, f"{ACCOUNT}.0", "5"], "custom:nowhere": ["0"]}),
    (["DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals"],
     {"aws:CurrentTime": ["2000-01-01T00:00:00Z", "2100-01-01", "946684800"],
      "aws:EpochTime": ["2000-01-01T00:00:00Z", "4102444800"], "custom:nowhere": ["2000-01-01"]}),
    (["Bool"], {"aws:SecureTransport": ["true", "false", "False"], "custom:nowhere": ["true", "false"]}),
    (["IpAddress", "NotIpAddress"],
     {"aws:SourceIp": ["127.0.0.1", "127.0.0.0/8", "10.0.0.0/8", "::1", "::/0", "0.0.0.0/0"],
      "custom:nowhere": ["0.0.0.0/0"]}),
    (["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"],
     {"aws:PrincipalArn": [f"arn:aws:iam::{ACCOUNT}:root", "arn:aws:iam::*:root", f"arn:aws:iam::{ACCOUNT}:user/*"],
      "custom:nowhere": ["arn:aws:iam::*:*"]}),
    (["Null"], {"aws:PrincipalArn": ["true", "false"], "custom:nowhere": ["true", "false"]}),
]

CALLED_CONDITIONS = [
    (["StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase"],
     {"s3:prefix": ["2026/", "home/*", "HOME/alice", ""], "s3:delimiter": ["/"], "aws:username": ["alice", "Alice", "a*"],
      "aws:PrincipalTag/team": ["blue", "Blue", "b*"], "dynamodb:Select": ["ALL_ATTRIBUTES", "SPECIFIC_*"],
      "aws:RequestTag/env": ["prod", "test"], "s3:x-amz-server-side-encryption": ["AES256", "aws:kms"]}),
    (["NumericLessThanEquals", "NumericGreaterThan", "NumericEquals"], {"s3:max-keys": ["10", "10.0", "9", "100"]}),
    (["ForAllValues:StringEquals", "ForAnyValue:StringEquals", "ForAllValues:StringLike", "ForAnyValue:StringLike",
      "ForAllValues:StringNotEquals", "ForAnyValue:StringNotEquals"],
     {"aws:TagKeys": [["env", "owner"], ["env"], ["o*"]], "dynamodb:Attributes": [["id", "total"], ["id"], ["t*"]]}),
    (["ArnLike", "ArnNotEquals"], {"aws:PrincipalArn": [CALLER, f"arn:aws:iam::{ACCOUNT}:user/*/alice",
                                                        f"arn:aws:iam::{ACCOUNT}:role/*"]}),
    (["Null"], {"s3:prefix": ["true", "false"], "aws:TagKeys": ["true", "false"], "aws:RequestTag/env": ["true", "false"],
                "dynamodb:Attributes": ["true", "false"], "aws:username": ["true", "false"]}),
]


def pick(make, table):
    """A condition block out of a table of operators and the values that its keys are asked for."""
    operators, keys = make.random.choice(table)
    operator = make.random.choice(operators)
    key = make.random.choice(sorted(keys))
    values = keys[key]
    said = make.random.choice(values) if isinstance(values[0], list) or operator == "Null" else make.some(values, 2)
    if operator != "Null" and make.chance(0.2):
        operator += "IfExists"
    return {operator: {key: said}}


def simulated_condition(make):
    """A condition over what SimulateCustomPolicy knows."""
    return pick(make, SIMULATED_CONDITIONS)


def condition(make):
    """A condition over what a call of :func:`make_calls` carries."""
    return pick(make, CALLED_CONDITIONS + SIMULATED_CONDITIONS[3:6])


def bucket_policy(make):
    """A policy of the bucket, for whose calls the requests are."""
    role = f"arn:aws:iam::{ACCOUNT}:role/app"
    principals = [{"AWS": CALLER}, {"AWS": ACCOUNT}, {"AWS": role}, "*", {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}]
    statements = []
    for _ in range(make.random.randint(1, 3)):
        statements.append({
            "Effect": "Deny" if make.chance(0.3) else "Allow",
            "Principal": make.random.choice(principals),
            "Action": make.random.choice(["s3:*", "s3:GetObject", "s3:*Object"]),
            "Resource": make.random.choice(["arn:aws:s3:::reports/*", ["arn:aws:s3:::reports", "arn:aws:s3:::reports/*"],
                                            "arn:aws:s3:::reports/home/*"]),
        })
    return {"Version": "2012-10-17", "Statement": statements}


def make_calls(make):
    """Calls with what they carry as condition keys."""
    pick_one = make.random.choice
    key = pick_one(["2026/a.csv", "home/alice/x", "home/bob/x"])
    place = f"arn:aws:s3:::{BUCKET}/{key}"
    listing = {name: value for name, value in
               {"prefix": pick_one(["2026/", "home/alice", None]), "delimiter": pick_one(["/", None]),
                "max-keys": pick_one(["10", "50", None])}.items() if value}
    tags = pick_one([{"env": "prod"}, {"env": "test", "owner": "me"}, {"cost": "1"}])
    attributes = pick_one([[], ["id"], ["id", "total"], ["total", "name"]])
    sealed = pick_one([{}, {"x-amz-server-side-encryption": "AES256"}])
    query = {"dynamodb:Select": "SPECIFIC_ATTRIBUTES" if attributes else "ALL_ATTRIBUTES"}
    if attributes:
        query["dynamodb:Attributes"] = attributes
    made = [
        ("s3:GetObject", place, {}, {"method": "GET", "path": f"/{BUCKET}/{key}"}),
        ("s3:PutObject", place, {f"s3:{name}": value for name, value in sealed.items()},
         {"method": "PUT", "path": f"/{BUCKET}/{key}", "headers": sealed, "body": "x"}),
        ("s3:DeleteObject", place, {}, {"method": "DELETE", "path": f"/{BUCKET}/{key}"}),
        ("s3:ListBucket", f"arn:aws:s3:::{BUCKET}", {f"s3:{name}": value for name, value in listing.items()},
         {"method": "GET", "path": f"/{BUCKET}", "query": {"list-type": "2", **listing}}),
        ("sqs:SendMessage", QUEUE, {}, json_call("sqs", "AmazonSQS.SendMessage", {"QueueUrl": "QUEUE", "MessageBody": "x"})),
        ("sqs:TagQueue", QUEUE,
         {"aws:TagKeys": list(tags), **{f"aws:RequestTag/{name}": value for name, value in tags.items()}},
         json_call("sqs", "AmazonSQS.TagQueue", {"QueueUrl": "QUEUE", "Tags": tags})),
        ("dynamodb:GetItem", TABLE, query, json_call("dynamodb", "DynamoDB_20120810.GetItem", {
            "TableName": "orders", "Key": {"id": {"S": "1"}},
            **({"ProjectionExpression": ", ".join(attributes)} if attributes else {})})),
        ("lambda:GetFunction", FUNCTION, {}, {"service": "lambda", "method": "GET",
                                              "path": "/2015-03-31/functions/report"}),
    ]
    return [{"action": action, "resource": resource, "call": call,
             "context": {**EVERY_REQUEST, "aws:PrincipalTag/team": "blue", **context}}
            for action, resource, context, call in made]


def json_call(service, target, body):
    """A call of a JSON protocol."""
    return {"service": service, "method": "POST", "path": "/", "target": target, "json": body}
