"""A team's builder role behind a permissions boundary, with a policy that it shares."""

from datetime import timedelta
from urllib.parse import quote

from .cloudtrail import (FIRST, LAST, Trail, days, long_date, refused, role_session, service,
                         user_in_console, user_with_key)
from .grants import Account, allow, policy, trust

ACCOUNT = "444455556666"
REGION = "us-east-1"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/TeamBoundary"
SHARED = f"arn:aws:iam::{ACCOUNT}:policy/team/TeamAppShared"
BUILDER = f"arn:aws:iam::{ACCOUNT}:role/team-app-builder"
OPERATOR = f"arn:aws:iam::{ACCOUNT}:role/team-app-operator"
AGENT = ("APN/1.0 HashiCorp/1.0 Terraform/1.13.3 (+https://www.terraform.io) "
         "terraform-provider-aws/6.14.0 aws-sdk-go-v2/1.39.0 ua/2.1 os/linux lang/go#1.24.6")
CLI = ("aws-cli/2.31.4 md/awscrt#0.27.6 ua/2.1 os/linux#6.14.0 md/arch#x86_64 lang/python#3.13.7 "
       "md/installer#exe")
NO_BOUNDARY = "because no permissions boundary allows the {} action"
LAMBDA_TRUST = ('{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":'
                '{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}')


def arn(service_name, rest):
    return f"arn:aws:{service_name}:{REGION}:{ACCOUNT}:{rest}"


def build():
    account = grants()
    ids = {role["RoleName"]: role["RoleId"] for role in account.roles}
    users = {user["UserName"]: user["UserId"] for user in account.users}
    trail = Trail("boundary", ACCOUNT, REGION)
    for number, day in enumerate(days(FIRST, LAST, {0, 2, 4})):
        noise(trail, ids, users, day, number)
        builder(trail, ids, users, day, number)
        if number % 2 == 0:
            operator(trail, ids, users, day, number)
    return trail, {"grants.json": account.text()}


def session(trail, clock, role, role_arn, ids, users, user, agent, ip):
    """The user assumes the role; returns the session."""
    key = f"ASIAEXAMPLE{trail.dice.text(9)}"
    person = user_with_key(ACCOUNT, user, users[user], f"AKIAEXAMPLE{user.upper():0<9}", ip, agent)
    trail.assume_role(person, clock(), role_arn, ids[role], user, key)
    return role_session(ACCOUNT, role, ids[role], user, key, clock.now, ip, agent)


def builder(trail, ids, users, day, number):
    clock = trail.clock(day + timedelta(hours=9, minutes=trail.dice.number(0, 50)))
    noor = session(trail, clock, "team-app-builder", BUILDER, ids, users, "noor", AGENT,
                   "192.0.2.41")
    trail.add(noor, clock(), "sts", "GetCallerIdentity")
    functions(trail, noor, clock, number)
    tables(trail, noor, clock, number)
    queues(trail, noor, clock, number)
    logs(trail, noor, clock, number)
    if number == 3:
        function_role(trail, noor, clock, ids["team-app-digest"])
        buckets(trail, noor, clock)
        create_function(trail, noor, clock)
    refusals(trail, noor, clock, number)


def function_state(name):
    return {
        "functionName": name,
        "functionArn": arn("lambda", f"function:{name}"),
        "runtime": "nodejs22.x",
        "role": f"arn:aws:iam::{ACCOUNT}:role/team-app-functions",
        "handler": "index.handler",
        "timeout": 15,
        "memorySize": 256,
        "version": "$LATEST",
        "packageType": "Zip",
    }


def functions(trail, noor, clock, number):
    for name in ("team-app-intake", "team-app-mailer")[: 1 + number % 2]:
        trail.add(noor, clock(), "lambda", "GetFunction20150331v2", {"functionName": name})
        trail.add(noor, clock(), "lambda", "ListVersionsByFunction20150331", {"functionName": name})
        trail.add(noor, clock(), "lambda", "UpdateFunctionCode20150331v2",
                  {"functionName": name, "publish": False, "dryRun": False},
                  {**function_state(name), "codeSha256": trail.dice.text(43) + "="}, write=True)
        trail.add(noor, clock(3, 8), "lambda", "GetFunctionConfiguration20150331v2",
                  {"functionName": name})
        if number % 4 == 0:
            trail.add(noor, clock(), "lambda", "UpdateFunctionConfiguration20150331v2",
                      {"functionName": name, "timeout": 15, "environment": {}},
                      {**function_state(name), "environment": {}}, write=True)
    if number % 5 == 0:
        trail.add(noor, clock(), "lambda", "ListFunctions20150331", {"maxItems": 50},
                  error=("TooManyRequestsException", "Rate exceeded") if number == 10 else None)
    if number == 6:
        trail.add(noor, clock(), "lambda", "GetFunction20150331v2",
                  {"functionName": "team-app-reporter"},
                  error=("ResourceNotFoundException",
                         f"Function not found: {arn('lambda', 'function:team-app-reporter')}"))


def create_function(trail, noor, clock):
    """Needs iam:PassRole for the function's role; PassRole has no event."""
    name = "team-app-digest"
    trail.add(noor, clock(8, 12), "lambda", "CreateFunction20150331",
              {
                  "functionName": name,
                  "runtime": "nodejs22.x",
                  "role": f"arn:aws:iam::{ACCOUNT}:role/team-app-digest",
                  "handler": "index.handler",
                  "code": {},
                  "timeout": 15,
                  "memorySize": 256,
                  "publish": False,
                  "packageType": "Zip",
              },
              {**function_state(name), "role": f"arn:aws:iam::{ACCOUNT}:role/team-app-digest"},
              write=True)
    mapping = trail.dice.uuid()
    trail.add(noor, clock(), "lambda", "CreateEventSourceMapping20150331",
              {"eventSourceArn": arn("sqs", "team-app-digest"), "functionName": name,
               "batchSize": 10, "enabled": True},
              {"uUID": mapping, "batchSize": 10, "eventSourceArn": arn("sqs", "team-app-digest"),
               "functionArn": arn("lambda", f"function:{name}"), "state": "Creating"}, write=True)
    trail.add(noor, clock(), "lambda", "AddPermission20150331v2",
              {"functionName": name, "statementId": "events", "action": "lambda:InvokeFunction",
               "principal": "events.amazonaws.com",
               "sourceArn": arn("events", "rule/team-app-digest")},
              {"statement": '{"Sid":"events","Effect":"Allow"}'}, write=True)


def table_resource(name):
    return [{"accountId": ACCOUNT, "type": "AWS::DynamoDB::Table",
             "ARN": arn("dynamodb", f"table/{name}")}]


def tables(trail, noor, clock, number):
    for name in ("team-app-orders", "team-app-sessions")[: 1 + number % 2]:
        where = table_resource(name)
        trail.add(noor, clock(), "dynamodb", "DescribeTable", {"tableName": name}, resources=where)
        trail.add(noor, clock(), "dynamodb", "DescribeContinuousBackups", {"tableName": name},
                  resources=where)
        trail.add(noor, clock(), "dynamodb", "DescribeTimeToLive", {"tableName": name},
                  resources=where)
    if number == 3:
        name = "team-app-digests"
        trail.add(noor, clock(), "dynamodb", "CreateTable",
                  {
                      "tableName": name,
                      "attributeDefinitions": [{"attributeName": "pk", "attributeType": "S"}],
                      "keySchema": [{"attributeName": "pk", "keyType": "HASH"}],
                      "billingMode": "PAY_PER_REQUEST",
                      "tags": [{"key": "team", "value": "app"}],
                  },
                  {"tableDescription": {"tableName": name, "tableStatus": "CREATING",
                                        "tableArn": arn("dynamodb", f"table/{name}")}},
                  write=True, resources=table_resource(name))
        trail.add(noor, clock(5, 9), "dynamodb", "UpdateTimeToLive",
                  {"tableName": name, "timeToLiveSpecification": {"enabled": True,
                                                                  "attributeName": "expires"}},
                  {"timeToLiveSpecification": {"enabled": True, "attributeName": "expires"}},
                  write=True, resources=table_resource(name))
    if number in (12, 24):
        trail.add(noor, clock(), "dynamodb", "UpdateTable",
                  {"tableName": "team-app-orders", "deletionProtectionEnabled": True},
                  {"tableDescription": {"tableName": "team-app-orders",
                                        "tableArn": arn("dynamodb", "table/team-app-orders")}},
                  write=True, resources=table_resource("team-app-orders"))
    if number % 6 == 0:
        trail.add(noor, clock(), "dynamodb", "ListTables", {"limit": 100})


def queues(trail, noor, clock, number):
    url = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/team-app-digest"
    where = [{"accountId": ACCOUNT, "type": "AWS::SQS::Queue", "ARN": arn("sqs", "team-app-digest")}]
    if number == 3:
        trail.add(noor, clock(), "sqs", "CreateQueue",
                  {"queueName": "team-app-digest", "attributes": {"VisibilityTimeout": "90"}},
                  {"queueUrl": url}, write=True, resources=where)
        trail.add(noor, clock(), "sqs", "TagQueue", {"queueUrl": url, "tags": {"team": "app"}},
                  write=True, resources=where)
    if number % 7 == 3:
        trail.add(noor, clock(), "sqs", "SetQueueAttributes",
                  {"queueUrl": url, "attributes": {"VisibilityTimeout": "90"}}, write=True,
                  resources=where)


def logs(trail, noor, clock, number):
    if number % 3 == 0:
        trail.add(noor, clock(), "logs", "DescribeLogGroups",
                  {"logGroupNamePrefix": "/aws/lambda/team-app-"})
    if number == 3:
        group = {"logGroupName": "/aws/lambda/team-app-digest"}
        trail.add(noor, clock(), "logs", "CreateLogGroup", group, write=True)
        trail.add(noor, clock(), "logs", "PutRetentionPolicy", {**group, "retentionInDays": 14},
                  write=True)


def function_role(trail, noor, clock, role_id):
    """First without the boundary, which the boundary itself forbids; then with it."""
    name = "team-app-digest"
    role_arn = f"arn:aws:iam::{ACCOUNT}:role/{name}"
    request = {
        "path": "/",
        "roleName": name,
        "assumeRolePolicyDocument": LAMBDA_TRUST,
        "maxSessionDuration": 3600,
    }
    trail.add(noor, clock(), "iam", "CreateRole", request, write=True,
              error=refused(noor, "iam:CreateRole", role_arn, NO_BOUNDARY.format("iam:CreateRole")))
    trail.add(
        noor, clock(60, 200), "iam", "CreateRole", {**request, "permissionsBoundary": BOUNDARY},
        {"role": {
            "path": "/",
            "roleName": name,
            "roleId": role_id,
            "arn": role_arn,
            "createDate": long_date(clock.now),
            "assumeRolePolicyDocument": quote(LAMBDA_TRUST, safe=""),
            "permissionsBoundary": {"permissionsBoundaryType": "Policy",
                                    "permissionsBoundaryArn": BOUNDARY},
        }}, write=True)
    trail.add(noor, clock(), "iam", "GetRole", {"roleName": name})
    trail.add(noor, clock(), "iam", "PutRolePolicy",
              {"roleName": name, "policyName": "digest",
               "policyDocument": '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":'
                                 '"sqs:ReceiveMessage","Resource":"*"}]}'}, write=True)
    trail.add(noor, clock(), "iam", "ListRolePolicies", {"roleName": name})
    trail.add(noor, clock(), "iam", "GetRolePolicy", {"roleName": name, "policyName": "digest"})


def buckets(trail, noor, clock):
    bucket = "team-app-digests"
    trail.s3(noor, clock(), "CreateBucket", bucket, write=True)
    trail.s3(noor, clock(), "PutBucketTagging", bucket, write=True, request={"tagging": ""})
    trail.s3(noor, clock(), "GetBucketLocation", bucket, request={"location": ""})
    trail.s3(noor, clock(), "GetBucketPolicy", bucket, request={"policy": ""},
             error=("NoSuchBucketPolicy", "The bucket policy does not exist"))


def refusals(trail, noor, clock, number):
    """Granted by the identity policies, held back by the boundary."""
    if number % 8 == 1:
        trail.add(noor, clock(), "ec2", "DescribeVpcs", {"vpcSet": {}, "filterSet": {}},
                  error=refused(noor, "ec2:DescribeVpcs", None,
                                NO_BOUNDARY.format("ec2:DescribeVpcs"),
                                code="Client.UnauthorizedOperation",
                                lead="You are not authorized to perform this operation. "))
    if number % 10 == 4:
        trail.add(noor, clock(), "kms", "ListAliases", None,
                  error=refused(noor, "kms:ListAliases", "*", NO_BOUNDARY.format("kms:ListAliases"),
                                code="AccessDenied"))
    if number in (9, 22):
        trail.add(noor, clock(), "monitoring", "DescribeAlarms", {"alarmNamePrefix": "team-app-"},
                  error=refused(noor, "cloudwatch:DescribeAlarms",
                                arn("cloudwatch", "alarm:*"),
                                NO_BOUNDARY.format("cloudwatch:DescribeAlarms")))
    if number == 15:
        # Neither policy nor boundary allows it.
        trail.add(noor, clock(), "events", "PutRule",
                  {"name": "team-app-digest", "scheduleExpression": "rate(1 day)"}, write=True,
                  error=refused(noor, "events:PutRule", arn("events", "rule/team-app-digest"),
                                code="AccessDeniedException"))


def operator(trail, ids, users, day, number):
    """The other role that holds TeamAppShared, and uses other parts of it."""
    clock = trail.clock(day + timedelta(hours=14, minutes=trail.dice.number(0, 50)))
    pim = session(trail, clock, "team-app-operator", OPERATOR, ids, users, "pim", CLI, "192.0.2.58")
    groups = ["/aws/lambda/team-app-intake"]
    query = trail.dice.uuid()
    trail.add(pim, clock(), "logs", "DescribeLogGroups", {"logGroupNamePrefix": "/aws/lambda/"})
    trail.add(pim, clock(), "logs", "StartQuery",
              {"logGroupNames": groups, "startTime": 1785000000, "endTime": 1785003600,
               "queryString": "fields @message | limit 20"}, {"queryId": query})
    trail.add(pim, clock(2, 5), "logs", "DescribeQueries", {"logGroupName": groups[0]})
    if number % 6 == 0:
        url = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/team-app-intake"
        trail.add(pim, clock(), "sqs", "PurgeQueue", {"queueUrl": url}, write=True, resources=[
            {"accountId": ACCOUNT, "type": "AWS::SQS::Queue", "ARN": arn("sqs", "team-app-intake")}])
    if number % 8 == 0:
        trail.s3(pim, clock(), "GetBucketVersioning", "team-app-uploads",
                 request={"versioning": ""})


def noise(trail, ids, users, day, number):
    clock = trail.clock(day + timedelta(hours=3, minutes=trail.dice.number(0, 50)))
    trail.assume_role(service("lambda.amazonaws.com"), clock(),
                      f"arn:aws:iam::{ACCOUNT}:role/team-app-functions", ids["team-app-functions"],
                      "team-app-intake", f"ASIAEXAMPLE{trail.dice.text(9)}")
    function = role_session(ACCOUNT, "team-app-functions", ids["team-app-functions"],
                            "team-app-intake", f"ASIAEXAMPLE{trail.dice.text(9)}", clock.now,
                            "192.0.2.200", "aws-sdk-js/3.890.0 exec-env/AWS_Lambda_nodejs22.x")
    trail.add(function, clock(), "logs", "CreateLogStream",
              {"logGroupName": "/aws/lambda/team-app-intake",
               "logStreamName": f"{day:%Y/%m/%d}/[$LATEST]{trail.dice.hex(32)}"}, write=True)
    if number % 10 == 7:
        pim = user_in_console(ACCOUNT, "pim", users["pim"], f"ASIAEXAMPLE{trail.dice.text(9)}",
                              clock.now, "192.0.2.58", "AWS Internal")
        trail.sign_in(pim, clock(), failed=True)
        trail.sign_in(pim, clock(8, 20))
    if number == 20:
        # A key rotation by KMS itself: an event, not a call.
        trail.add(service("kms.amazonaws.com"), clock(), "kms", "RotateKey", None, None, write=True,
                  kind="AwsServiceEvent", resources=[{
                      "accountId": ACCOUNT, "type": "AWS::KMS::Key",
                      "ARN": arn("kms", "key/3c9d0000-3333-4444-8555-666677778888")}])


def grants():
    account = Account(ACCOUNT)
    assume = {"assume": policy(allow("Assume", "sts:AssumeRole", [BUILDER, OPERATOR]))}
    account.user("noor", "2024-06-03T09:00:31+00:00", inline=assume)
    account.user("pim", "2024-06-03T09:01:12+00:00", inline=assume)
    people = trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    account.role("team-app-builder", "2024-06-03T09:20:00+00:00", people, boundary=BOUNDARY,
                 managed=["arn:aws:iam::aws:policy/AWSLambda_FullAccess",
                          "arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess", SHARED],
                 last_used=("2026-10-30T09:44:00+00:00", REGION))
    account.role("team-app-operator", "2024-06-03T09:22:40+00:00", people, boundary=BOUNDARY,
                 managed=[SHARED], last_used=("2026-10-28T14:31:00+00:00", REGION))
    account.role("team-app-functions", "2024-06-10T10:10:10+00:00",
                 trust({"Service": "lambda.amazonaws.com"}), boundary=BOUNDARY,
                 managed=["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"])
    account.role("team-app-digest", "2026-08-10T09:30:00+00:00",
                 trust({"Service": "lambda.amazonaws.com"}), boundary=BOUNDARY,
                 inline={"digest": policy({"Effect": "Allow", "Action": "sqs:ReceiveMessage",
                                           "Resource": "*"})})
    account.policy(BOUNDARY, "2024-06-03T09:10:00+00:00",
                   [("v2", "2025-02-17T12:00:00+00:00", team_boundary()),
                    ("v1", "2024-06-03T09:10:00+00:00", policy(allow("All", "*")))],
                   attachments=0, boundaries=4)
    account.policy(SHARED, "2024-06-03T09:15:00+00:00",
                   [("v1", "2024-06-03T09:15:00+00:00", team_shared())], attachments=2)
    return account


def team_boundary():
    roles = f"arn:aws:iam::{ACCOUNT}:role/team-app-*"
    return policy(
        allow("TeamServices", ["lambda:*", "dynamodb:*", "sqs:*", "logs:*"]),
        allow("TeamBuckets", "s3:*", ["arn:aws:s3:::team-app-*", "arn:aws:s3:::team-app-*/*"]),
        allow("RolesOnlyWithThisBoundary", ["iam:CreateRole", "iam:PutRolePolicy",
                                            "iam:AttachRolePolicy", "iam:DetachRolePolicy",
                                            "iam:DeleteRolePolicy"], roles,
              {"StringEquals": {"iam:PermissionsBoundary": BOUNDARY}}),
        allow("ReadAndPassRoles", ["iam:GetRole", "iam:GetRolePolicy", "iam:ListRolePolicies",
                                   "iam:ListAttachedRolePolicies", "iam:PassRole"], roles))


def team_shared():
    roles = f"arn:aws:iam::{ACCOUNT}:role/team-app-*"
    return policy(
        allow("Queues", "sqs:*", arn("sqs", "team-app-*")),
        allow("Buckets", "s3:*", ["arn:aws:s3:::team-app-*", "arn:aws:s3:::team-app-*/*"]),
        allow("Logs", "logs:*"),
        allow("Roles", ["iam:CreateRole", "iam:DeleteRole", "iam:PutRolePolicy",
                        "iam:DeleteRolePolicy", "iam:AttachRolePolicy", "iam:TagRole"], roles),
        allow("Parameters", ["ssm:GetParameter", "ssm:GetParameters"],
              arn("ssm", "parameter/team-app/*")))
