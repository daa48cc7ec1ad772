"""An analyst: an IAM user in two groups, with NotAction, Deny and conditions."""

from datetime import timedelta

from .cloudtrail import (FIRST, LAST, Trail, days, refused, service, user_in_console, user_with_key)
from .grants import Account, allow, deny, policy, printed, trust

ACCOUNT = "111122223333"
REGION = "eu-west-1"
OFFICE, HOME = "198.51.100.23", "203.0.113.77"
CLI = ("aws-cli/2.31.4 md/awscrt#0.27.6 ua/2.1 os/macos#24.6.0 md/arch#arm64 lang/python#3.13.7 "
       "md/installer#exe")
RESULTS = "acme-athena-results"


def arn(service_name, rest):
    return f"arn:aws:{service_name}:{REGION}:{ACCOUNT}:{rest}"


def build():
    account = grants()
    trail = Trail("analyst", ACCOUNT, REGION)
    people = {user["UserName"]: user["UserId"] for user in account.users}
    for number, day in enumerate(days(FIRST, LAST, {1, 3})):
        dana(trail, people["dana"], day, number)
        eli(trail, people["eli"], day, number)
        noise(trail, people, day, number)
    return trail, {"grants.json": account.text(), "event-selectors.json": selectors()}


def console(trail, name, user_id, clock, ip, mfa="true"):
    caller = user_in_console(ACCOUNT, name, user_id, f"ASIAEXAMPLE{trail.dice.text(9)}", clock.now,
                             ip, "AWS Internal", mfa)
    trail.sign_in(caller, clock(), mfa="Yes" if mfa == "true" else "No")
    return caller


def key(name, user_id, ip):
    return user_with_key(ACCOUNT, name, user_id, f"AKIAEXAMPLE{name.upper():0<9}", ip, CLI)


def query(trail, caller, clock, database, tables, workgroup="analysts"):
    """A query: Athena reads the catalog in the caller's name; objects are data events."""
    text = f"SELECT count(*) FROM {tables[0]} WHERE dt >= date '2026-08-01'"
    execution = trail.dice.uuid()
    trail.add(caller, clock(), "athena", "StartQueryExecution",
              {
                  "queryString": text,
                  "clientRequestToken": trail.dice.uuid(),
                  "queryExecutionContext": {"database": database, "catalog": "AwsDataCatalog"},
                  "resultConfiguration": {},
                  "workGroup": workgroup,
              }, {"queryExecutionId": execution}, write=True)
    athena = caller.via("athena.amazonaws.com")
    for table in tables:
        trail.add(athena, clock(0, 1), "glue", "GetTable", {"databaseName": database, "name": table})
        trail.add(athena, clock(0, 1), "glue", "GetPartitions",
                  {"databaseName": database, "tableName": table, "expression": "dt >= '2026-08-01'"})
    for _ in range(trail.dice.number(1, 2)):
        trail.add(caller, clock(), "athena", "GetQueryExecution", {"queryExecutionId": execution})
    trail.add(caller, clock(), "athena", "GetQueryResults",
              {"queryExecutionId": execution, "maxResults": 1000})


def dana(trail, user_id, day, number):
    dice = trail.dice
    clock = trail.clock(day + timedelta(hours=8, minutes=dice.number(0, 50)))
    at_home = number % 6 == 5
    ip = HOME if at_home else OFFICE
    web = console(trail, "dana", user_id, clock, ip)
    trail.add(web, clock(), "athena", "GetWorkGroup", {"workGroup": "analysts"})
    trail.add(web, clock(), "glue", "GetDatabases")
    trail.add(web, clock(), "glue", "GetTables", {"databaseName": "sales", "maxResults": 100})
    query(trail, web, clock, "sales", ["orders"] if number % 2 else ["orders", "customers"])
    cli = key("dana", user_id, ip)
    if number % 2 == 0:
        query(trail, cli, clock, "sales", ["orders"])
    look_around(trail, web, clock, number)
    credentials(trail, web, cli, clock, number)
    refusals(trail, web, cli, clock, number, at_home)


def look_around(trail, web, clock, number):
    if number % 3 == 0:
        trail.add(web, clock(), "ec2", "DescribeInstances", {"instancesSet": {}, "filterSet": {}})
        trail.add(web, clock(), "ec2", "DescribeVpcs", {"vpcSet": {}, "filterSet": {}})
        trail.add(web, clock(), "ec2", "DescribeSecurityGroups",
                  {"securityGroupSet": {}, "securityGroupIdSet": {}, "filterSet": {}})
    if number % 4 == 1:
        trail.add(web, clock(), "monitoring", "DescribeAlarms", {"maxRecords": 100})
        trail.add(web, clock(), "monitoring", "ListDashboards", {})
        trail.add(web, clock(), "monitoring", "GetDashboard", {"dashboardName": "sales-pipeline"})
    if number % 5 == 2:
        trail.s3(web, clock(), "GetBucketLocation", RESULTS, request={"location": ""})
        trail.s3(web, clock(), "GetBucketVersioning", RESULTS, request={"versioning": ""})
    if number in (6, 18):
        # Signed in with MFA: the Deny does not apply.
        trail.add(web, clock(), "glue", "UpdateTable",
                  {"databaseName": "sales", "tableInput": {"name": "orders",
                                                           "description": "one row an order"}},
                  write=True)


def credentials(trail, web, cli, clock, number):
    """Self-service; IAM is recorded in us-east-1."""
    if number == 10:
        trail.add(web, clock(), "iam", "ChangePassword", write=True, region="us-east-1",
                  error=("PasswordPolicyViolation",
                         "Password should have at least one uppercase letter"))
        trail.add(web, clock(10, 30), "iam", "ChangePassword", write=True, region="us-east-1")
    if number in (2, 10, 19):
        trail.add(web, clock(), "iam", "GetUser", {"userName": "dana"}, region="us-east-1")
        trail.add(web, clock(), "iam", "ListMFADevices", {"userName": "dana"}, region="us-east-1")
        trail.add(web, clock(), "iam", "ListAccessKeys", {"userName": "dana"}, region="us-east-1")
    if number == 14:
        # From the command line without --user-name: the caller.
        trail.add(cli, clock(), "iam", "ListMFADevices", None, region="us-east-1")
    if number in (2, 14):
        trail.add(cli, clock(), "sts", "GetCallerIdentity")


def refusals(trail, web, cli, clock, number, at_home):
    explicit = "with an explicit deny in an identity-based policy"
    if number in (0, 2, 14):
        trail.add(web, clock(), "s3", "ListBuckets", {"Host": "s3.amazonaws.com"},
                  region="us-east-1", host="s3.amazonaws.com")
    if number in (5, 11) and at_home:
        trail.add(web, clock(), "s3", "ListBuckets", {"Host": "s3.amazonaws.com"},
                  region="us-east-1", host="s3.amazonaws.com",
                  error=refused(web, "s3:ListAllMyBuckets"))
    if number == 7:
        trail.add(web, clock(), "ec2", "DescribeInstances", {"instancesSet": {}, "filterSet": {}},
                  region="eu-central-1", error=refused(
                      web, "ec2:DescribeInstances", code="Client.UnauthorizedOperation",
                      lead="You are not authorized to perform this operation. "))
    if number == 12:
        trail.s3(web, clock(), "DeleteBucket", "acme-scratch", write=True, error=refused(
            web, "s3:DeleteBucket", '"arn:aws:s3:::acme-scratch"', explicit))
    if number == 16:
        # With a long-term key there is no MFA: the Deny applies.
        trail.add(cli, clock(), "glue", "CreateTable",
                  {"databaseName": "sales", "tableInput": {"name": "orders_tmp"}}, write=True,
                  error=refused(cli, "glue:CreateTable", arn("glue", "catalog"), explicit,
                                code="AccessDeniedException"))
    if number == 19:
        trail.add(web, clock(), "iam", "ListUsers", {"maxItems": 1000}, region="us-east-1",
                  error=refused(web, "iam:ListUsers",
                                f"arn:aws:iam::{ACCOUNT}:user/"))
    if number in (4, 20):
        trail.add(web, clock(), "athena", "GetQueryResults",
                  {"queryExecutionId": trail.dice.uuid(), "maxResults": 1000},
                  error=("ThrottlingException", "Rate exceeded"))


def eli(trail, user_id, day, number):
    """The other analyst: builds tables, owns the reports bucket."""
    if number % 3 == 2:
        return
    clock = trail.clock(day + timedelta(hours=12, minutes=trail.dice.number(0, 50)))
    web = console(trail, "eli", user_id, clock, "198.51.100.24")
    trail.add(web, clock(), "glue", "GetDatabases")
    query(trail, web, clock, "marketing", ["campaigns"])
    if number % 3 == 0:
        trail.add(web, clock(), "athena", "ListNamedQueries", {"workGroup": "analysts"})
        trail.add(web, clock(), "athena", "CreateNamedQuery",
                  {"name": f"weekly-{number}", "database": "marketing", "queryString": "SELECT 1",
                   "workGroup": "analysts", "clientRequestToken": trail.dice.uuid()},
                  {"namedQueryId": trail.dice.uuid()}, write=True)
    if number % 4 == 0:
        trail.add(web, clock(), "glue", "CreateTable",
                  {"databaseName": "marketing", "tableInput": {"name": f"campaigns_{number}"}},
                  write=True)
        trail.add(web, clock(), "monitoring", "PutDashboard",
                  {"dashboardName": "campaigns", "dashboardBody": "{\"widgets\":[]}"},
                  {"dashboardValidationMessages": []}, write=True)
    if number == 9:
        trail.s3(web, clock(), "PutBucketTagging", "acme-reports", write=True,
                 request={"tagging": ""})
    if number in (2, 10, 19, 0):
        trail.add(web, clock(), "iam", "ListAccessKeys", {"userName": "eli"}, region="us-east-1")
    if number == 10:
        made = {"accessKey": {"userName": "eli", "accessKeyId": "AKIAEXAMPLEELINEW000",
                              "status": "Active", "createDate": "Sep 8, 2026, 12:20:11 PM"}}
        trail.add(web, clock(), "iam", "CreateAccessKey", {"userName": "eli"}, made, write=True,
                  region="us-east-1")


def noise(trail, people, day, number):
    clock = trail.clock(day + timedelta(hours=17, minutes=trail.dice.number(0, 40)))
    if number % 4 == 0:
        trail.add(service("config.amazonaws.com"), clock(), "sts", "AssumeRole",
                  {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/config-recorder",
                   "roleSessionName": "AWSConfig-Describe"},
                  resources=[{"accountId": ACCOUNT, "type": "AWS::IAM::Role",
                              "ARN": f"arn:aws:iam::{ACCOUNT}:role/config-recorder"}], shared=True)
    if number == 10:
        frank = console(trail, "frank", people["frank"], clock, "198.51.100.25", mfa="false")
        trail.add(frank, clock(), "iam", "GetAccountPasswordPolicy", None, region="us-east-1")
        trail.add(frank, clock(), "iam", "ChangePassword", write=True, region="us-east-1")
    if number == 19:
        frank = console(trail, "frank", people["frank"], clock, "198.51.100.25", mfa="false")
        trail.add(frank, clock(), "athena", "ListWorkGroups", {"maxResults": 50}, error=refused(
            frank, "athena:ListWorkGroups", arn("athena", "workgroup/*"),
            code="AccessDeniedException"))


def selectors():
    return printed({
        "TrailARN": arn("cloudtrail", "trail/acme-main"),
        "EventSelectors": [{
            "ReadWriteType": "All",
            "IncludeManagementEvents": True,
            "DataResources": [],
            "ExcludeManagementEventSources": ["kms.amazonaws.com"],
        }],
    })


def grants():
    account = Account(ACCOUNT, encoded=True)
    account.user("dana", "2023-05-02T07:44:10Z", groups=["analysts", "everyone"])
    account.user("eli", "2023-06-19T09:12:55Z", groups=["analysts", "everyone"])
    account.user("frank", "2024-01-08T08:03:21Z", groups=["everyone"])
    account.user("gina", "2025-03-31T13:37:00Z", groups=["everyone"])
    access = f"arn:aws:iam::{ACCOUNT}:policy/AnalystAccess"
    account.group("analysts", "2023-05-02T07:40:00Z", managed=[access])
    account.group("everyone", "2023-05-02T07:41:30Z", inline={"SelfService": self_service()})
    account.role("config-recorder", "2023-05-02T07:20:00Z",
                 trust({"Service": "config.amazonaws.com"}),
                 managed=["arn:aws:iam::aws:policy/service-role/AWS_ConfigRole"])
    account.policy(access, "2023-05-02T07:38:12Z", [
        ("v3", "2025-11-24T10:15:00Z", analyst_access()),
        ("v2", "2024-02-01T16:02:41Z", policy(
            allow("Most", ["iam:*", "organizations:*", "account:*"], key="NotAction"))),
    ])
    return account


def analyst_access():
    office = {"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}}
    return policy(
        allow("MostInOurRegion", ["iam:*", "organizations:*", "account:*"], key="NotAction",
              condition={"StringEquals": {"aws:RequestedRegion": REGION}}),
        allow("WideReadsFromOffice", ["s3:ListAllMyBuckets", "s3:GetBucketLocation",
                                      "ec2:DescribeRegions", "cloudwatch:ListDashboards"],
              condition=office),
        deny("KeepBuckets", ["s3:DeleteBucket", "s3:DeleteBucketPolicy", "glue:DeleteDatabase"]),
        deny("WritesNeedMfa", ["s3:PutBucket*", "glue:Create*", "glue:Update*",
                               "cloudwatch:PutDashboard"],
             condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}))


def self_service():
    me = f"arn:aws:iam::{ACCOUNT}:user/${{aws:username}}"
    my_device = f"arn:aws:iam::{ACCOUNT}:mfa/${{aws:username}}"
    return policy(
        allow("AccountRules", ["iam:GetAccountPasswordPolicy", "iam:GetAccountSummary",
                               "iam:ListVirtualMFADevices"]),
        allow("OwnCredentials", ["iam:ChangePassword", "iam:GetUser", "iam:CreateAccessKey",
                                 "iam:DeleteAccessKey", "iam:ListAccessKeys",
                                 "iam:UpdateAccessKey"], me),
        allow("OwnDevices", ["iam:CreateVirtualMFADevice", "iam:EnableMFADevice",
                             "iam:ListMFADevices", "iam:ResyncMFADevice"], [me, my_device]))
