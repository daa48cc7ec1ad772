"""Workloads that run against a server that enforces IAM, each as a role of its own.

`python workloads.py ENDPOINT prepare` makes the resources and, for each workload, a role with broad grants.
`python workloads.py ENDPOINT run [--trail DIR]` runs each as its role and, with a folder, writes what CloudTrail would
have recorded. `python workloads.py ENDPOINT probe` makes calls that the workloads never make. Both print one line of JSON
a call: {"workload", "service", "operation", "error"}. `python workloads.py ENDPOINT state` prints the roles' policies.

The records are in CloudTrail's form (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html):
the server's own event history names no roles and no refusals.
"""

import argparse
import datetime
import html
import json
import pathlib
import re
import sys
import urllib.parse
import uuid

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ACCOUNT = "111122223333"
REGION = "eu-west-1"
TRUST = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}]}
# What the server takes for the account's root user.
ROOT = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}


def arn(service, rest, region=REGION):
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{rest}"


# ------------------------------------------------------------------ the workloads

class Workload:
    """What a workload needs, does, and never does. `c` gives a client of a service."""

    name = ""
    # Where the broad grant stands, and which actions it has.
    grant = "inline"
    actions = []

    def prepare(self, c):
        """As root."""

    def run(self, c):
        """As the role."""

    def probes(self, c):
        """Calls that the broad grant allows and the workload never makes, each a function."""
        return []


class ReportUpload(Workload):
    name, grant, actions = "report-upload", "inline", ["s3:*"]

    def prepare(self, c):
        for bucket in ("wl-reports", "wl-archive"):
            c("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        c("s3").put_object(Bucket="wl-archive", Key="2026/old.csv", Body=b"a,b\n")

    def run(self, c):
        for day in (1, 2, 3):
            c("s3").put_object(Bucket="wl-reports", Key=f"daily/2026-11-{day:02}.csv", Body=b"a,b\n")
        c("s3").list_objects_v2(Bucket="wl-reports", Prefix="daily/")
        c("s3").get_object(Bucket="wl-reports", Key="daily/2026-11-01.csv")

    def probes(self, c):
        return [lambda: c("s3").delete_object(Bucket="wl-reports", Key="daily/2026-11-01.csv"),
                lambda: c("s3").get_object(Bucket="wl-archive", Key="2026/old.csv"),
                lambda: c("s3").delete_bucket(Bucket="wl-archive")]


class QueueConsumer(Workload):
    name, grant, actions = "queue-consumer", "customer-managed", ["sqs:*"]

    def prepare(self, c):
        for queue in ("wl-jobs", "wl-other"):
            c("sqs").create_queue(QueueName=queue)

    def run(self, c):
        url = c("sqs").get_queue_url(QueueName="wl-jobs")["QueueUrl"]
        c("sqs").send_message(QueueUrl=url, MessageBody="{}")
        for message in c("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=0).get("Messages", []):
            c("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        c("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])

    def probes(self, c):
        url = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/wl-jobs"
        return [lambda: c("sqs").purge_queue(QueueUrl=url), lambda: c("sqs").delete_queue(QueueUrl=url)]


class OrderTable(Workload):
    name, grant, actions = "order-table", "inline", ["dynamodb:*"]

    def prepare(self, c):
        for table in ("wl-orders", "wl-customers"):
            c("dynamodb").create_table(
                TableName=table, BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}])

    def run(self, c):
        c("dynamodb").put_item(TableName="wl-orders", Item={"id": {"S": "1"}})
        c("dynamodb").get_item(TableName="wl-orders", Key={"id": {"S": "1"}})
        c("dynamodb").update_item(TableName="wl-orders", Key={"id": {"S": "1"}}, UpdateExpression="SET a = :a",
                                  ExpressionAttributeValues={":a": {"S": "x"}})
        c("dynamodb").query(TableName="wl-orders", KeyConditionExpression="id = :i",
                            ExpressionAttributeValues={":i": {"S": "1"}})

    def probes(self, c):
        return [lambda: c("dynamodb").delete_item(TableName="wl-orders", Key={"id": {"S": "9"}}),
                lambda: c("dynamodb").get_item(TableName="wl-customers", Key={"id": {"S": "1"}}),
                lambda: c("dynamodb").delete_table(TableName="wl-customers")]


class Notifier(Workload):
    name, grant, actions = "notifier", "customer-managed", ["sns:*"]

    def prepare(self, c):
        for topic in ("wl-alerts", "wl-quiet"):
            c("sns").create_topic(Name=topic)

    def run(self, c):
        c("sns").publish(TopicArn=arn("sns", "wl-alerts"), Message="down")
        c("sns").list_subscriptions_by_topic(TopicArn=arn("sns", "wl-alerts"))

    def probes(self, c):
        return [lambda: c("sns").delete_topic(TopicArn=arn("sns", "wl-quiet")),
                lambda: c("sns").publish(TopicArn=arn("sns", "wl-quiet"), Message="x")]


class SecretReader(Workload):
    name, grant, actions = "secret-reader", "inline", ["secretsmanager:*"]

    def prepare(self, c):
        for secret in ("wl/db", "wl/api"):
            c("secretsmanager").create_secret(Name=secret, SecretString="not-a-secret")

    def run(self, c):
        c("secretsmanager").get_secret_value(SecretId="wl/db")
        c("secretsmanager").describe_secret(SecretId="wl/db")

    def probes(self, c):
        return [lambda: c("secretsmanager").get_secret_value(SecretId="wl/api"),
                lambda: c("secretsmanager").put_secret_value(SecretId="wl/db", SecretString="other")]


class Crypto(Workload):
    name, grant, actions = "crypto", "inline", ["kms:*"]

    def prepare(self, c):
        for alias in ("alias/wl-data", "alias/wl-spare"):
            key = c("kms").create_key(Description=alias)["KeyMetadata"]["KeyId"]
            c("kms").create_alias(AliasName=alias, TargetKeyId=key)

    def key(self, c, alias):
        found = [own["TargetKeyId"] for own in c("kms").list_aliases()["Aliases"] if own["AliasName"] == alias]
        return arn("kms", f"key/{found[0]}")

    def run(self, c):
        key = self.key(c, "alias/wl-data")
        blob = c("kms").encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        c("kms").decrypt(KeyId=key, CiphertextBlob=blob)
        c("kms").generate_data_key(KeyId=key, KeySpec="AES_256")
        c("kms").describe_key(KeyId=key)

    def probes(self, c):
        def spare():
            key = self.key(c, "alias/wl-spare")
            c("kms").encrypt(KeyId=key, Plaintext=b"x")

        def disable():
            c("kms").disable_key(KeyId=self.key(c, "alias/wl-spare"))

        return [spare, disable]


class ParameterStore(Workload):
    name, grant, actions = "parameter-store", "customer-managed", ["ssm:*"]

    def prepare(self, c):
        for name in ("/wl/app/url", "/wl/app/port", "/wl/other/url"):
            c("ssm").put_parameter(Name=name, Value="x", Type="String")

    def run(self, c):
        c("ssm").get_parameter(Name="/wl/app/url")
        c("ssm").get_parameters(Names=["/wl/app/url", "/wl/app/port"])
        c("ssm").describe_parameters()

    def probes(self, c):
        return [lambda: c("ssm").get_parameter(Name="/wl/other/url"),
                lambda: c("ssm").delete_parameter(Name="/wl/app/port")]


class LogWriter(Workload):
    name, grant, actions = "log-writer", "inline", ["logs:*"]

    def prepare(self, c):
        for group in ("/wl/app", "/wl/audit"):
            c("logs").create_log_group(logGroupName=group)

    def run(self, c):
        c("logs").create_log_stream(logGroupName="/wl/app", logStreamName=uuid.uuid4().hex)
        c("logs").describe_log_groups(logGroupNamePrefix="/wl/app")
        c("logs").put_retention_policy(logGroupName="/wl/app", retentionInDays=7)

    def probes(self, c):
        return [lambda: c("logs").delete_log_group(logGroupName="/wl/audit"),
                lambda: c("logs").create_log_stream(logGroupName="/wl/audit", logStreamName="x")]


class StreamProducer(Workload):
    name, grant, actions = "stream-producer", "inline", ["kinesis:*"]

    def prepare(self, c):
        for stream in ("wl-clicks", "wl-views"):
            c("kinesis").create_stream(StreamName=stream, ShardCount=1)

    def run(self, c):
        c("kinesis").describe_stream_summary(StreamName="wl-clicks")
        c("kinesis").put_record(StreamName="wl-clicks", Data=b"x", PartitionKey="1")
        c("kinesis").list_shards(StreamName="wl-clicks")

    def probes(self, c):
        return [lambda: c("kinesis").delete_stream(StreamName="wl-views"),
                lambda: c("kinesis").put_record(StreamName="wl-views", Data=b"x", PartitionKey="1")]


class ImagePuller(Workload):
    name, grant, actions = "image-puller", "customer-managed", ["ecr:*"]

    def prepare(self, c):
        for repository in ("wl-web", "wl-batch"):
            c("ecr").create_repository(repositoryName=repository)

    def run(self, c):
        c("ecr").get_authorization_token()
        c("ecr").describe_repositories(repositoryNames=["wl-web"])
        c("ecr").list_images(repositoryName="wl-web")

    def probes(self, c):
        return [lambda: c("ecr").delete_repository(repositoryName="wl-batch"),
                lambda: c("ecr").list_images(repositoryName="wl-batch")]


class Inventory(Workload):
    name, grant, actions = "inventory", "aws-managed", []

    def run(self, c):
        c("ec2").describe_instances()
        c("ec2").describe_vpcs()
        c("ec2").describe_security_groups()
        c("rds").describe_db_instances()

    def probes(self, c):
        return [lambda: c("ec2").create_security_group(GroupName="x", Description="x"),
                lambda: c("ec2").describe_subnets(),
                lambda: c("sqs").create_queue(QueueName="wl-made-by-inventory")]


class Orchestrator(Workload):
    name, grant, actions = "orchestrator", "inline", ["states:*"]

    def prepare(self, c):
        c("iam").create_role(RoleName="wl-states", AssumeRolePolicyDocument=json.dumps(TRUST))
        definition = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
        for machine in ("wl-import", "wl-export"):
            c("stepfunctions").create_state_machine(name=machine, definition=json.dumps(definition),
                                                    roleArn=f"arn:aws:iam::{ACCOUNT}:role/wl-states")

    def run(self, c):
        started = c("stepfunctions").start_execution(stateMachineArn=arn("states", "stateMachine:wl-import"))
        c("stepfunctions").describe_execution(executionArn=started["executionArn"])
        c("stepfunctions").list_executions(stateMachineArn=arn("states", "stateMachine:wl-import"))

    def probes(self, c):
        return [lambda: c("stepfunctions").start_execution(stateMachineArn=arn("states", "stateMachine:wl-export")),
                lambda: c("stepfunctions").delete_state_machine(stateMachineArn=arn("states", "stateMachine:wl-export"))]


class EventSender(Workload):
    name, grant, actions = "event-sender", "inline", ["events:*"]

    def run(self, c):
        c("events").put_rule(Name="wl-nightly", ScheduleExpression="rate(1 day)")
        c("events").describe_rule(Name="wl-nightly")
        c("events").list_targets_by_rule(Rule="wl-nightly")

    def probes(self, c):
        return [lambda: c("events").delete_rule(Name="wl-nightly"),
                lambda: c("events").put_rule(Name="wl-other", ScheduleExpression="rate(1 day)")]


class Metrics(Workload):
    name, grant, actions = "metrics", "customer-managed", ["cloudwatch:*"]

    def run(self, c):
        c("cloudwatch").list_metrics(Namespace="wl")
        c("cloudwatch").put_metric_alarm(AlarmName="wl-high", Namespace="wl", MetricName="m", Statistic="Sum", Period=60,
                                         EvaluationPeriods=1, Threshold=1.0, ComparisonOperator="GreaterThanThreshold")
        c("cloudwatch").describe_alarms(AlarmNames=["wl-high"])

    def probes(self, c):
        return [lambda: c("cloudwatch").delete_alarms(AlarmNames=["wl-high"])]


class FunctionUpdater(Workload):
    name, grant, actions = "function-updater", "inline", ["lambda:*"]

    def prepare(self, c):
        import io
        import zipfile
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("h.py", "def h(e, c):\n    return e\n")
        c("iam").create_role(RoleName="wl-function", AssumeRolePolicyDocument=json.dumps(TRUST))
        for function in ("wl-resize", "wl-render"):
            c("lambda").create_function(FunctionName=function, Runtime="python3.12", Handler="h.h",
                                        Role=f"arn:aws:iam::{ACCOUNT}:role/wl-function", Code={"ZipFile": packed.getvalue()})

    def run(self, c):
        c("lambda").get_function_configuration(FunctionName="wl-resize")
        c("lambda").update_function_configuration(FunctionName="wl-resize", Timeout=30)
        c("lambda").list_functions()

    def probes(self, c):
        return [lambda: c("lambda").delete_function(FunctionName="wl-render"),
                lambda: c("lambda").update_function_configuration(FunctionName="wl-render", Timeout=30)]


WORKLOADS = [kind() for kind in (
    ReportUpload, QueueConsumer, OrderTable, Notifier, SecretReader, Crypto, ParameterStore, LogWriter, StreamProducer,
    ImagePuller, Inventory, Orchestrator, EventSender, Metrics, FunctionUpdater)]


# ------------------------------------------------------------------ calls, and what CloudTrail would record of them

def renamed(service, parameters):
    """Parameters as CloudTrail writes them."""
    if service == "s3":
        names = {"Bucket": "bucketName", "Key": "key", "Prefix": "prefix"}
        return {names[name]: value for name, value in parameters.items() if name in names}
    kept = {}
    for name, value in parameters.items():
        if isinstance(value, bytes) or name in ("SecretString", "Value", "Item"):
            continue
        kept[name[:1].lower() + name[1:]] = value
    return kept


EVENT_NAMES = {
    ("lambda", "GetFunctionConfiguration"): "GetFunctionConfiguration20150331v2",
    ("lambda", "UpdateFunctionConfiguration"): "UpdateFunctionConfiguration20150331v2",
    ("lambda", "ListFunctions"): "ListFunctions20150331",
    ("s3", "ListObjectsV2"): "ListObjects",
}
SOURCES = {"cloudwatch": "monitoring", "stepfunctions": "states", "email": "ses"}
DATA = {"s3": {"PutObject", "GetObject", "DeleteObject", "ListObjectsV2"},
        "dynamodb": {"PutItem", "GetItem", "UpdateItem", "DeleteItem", "Query"},
        "sqs": {"SendMessage", "ReceiveMessage", "DeleteMessage"}, "sns": {"Publish"},
        "kinesis": {"PutRecord"}}
READS = ("Get", "List", "Describe", "Query", "Receive", "Decrypt")


class Steady:
    """A client whose refused calls end nothing: the next call is made all the same."""

    def __init__(self, client):
        self.own = client

    def __getattr__(self, name):
        method = getattr(self.own, name)

        def call(**parameters):
            try:
                return method(**parameters)
            except ClientError as error:
                print(error, file=sys.stderr)
                return {}

        return call


class Caller:
    """Calls as a role, each printed and recorded."""

    def __init__(self, endpoint, workload, trail=None):
        self.endpoint, self.workload, self.records = endpoint, workload.name, []
        self.trail = trail
        sts = boto3.client("sts", endpoint_url=endpoint, region_name=REGION, **ROOT)
        role = f"arn:aws:iam::{ACCOUNT}:role/wl/{workload.name}"
        self.role = role
        key = sts.assume_role(RoleArn=role, RoleSessionName="run-1")["Credentials"]
        self.session = boto3.Session(aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"],
                                     aws_session_token=key["SessionToken"], region_name=REGION)
        self.clients = {}

    def client(self, service):
        if service not in self.clients:
            client = self.session.client(service, endpoint_url=self.endpoint, config=Config(retries={"max_attempts": 1}))
            client.meta.events.register("provide-client-params.*.*", self.before)
            client.meta.events.register("after-call.*.*", self.after)
            self.clients[service] = Steady(client)
        return self.clients[service]

    def before(self, params, model, **_):
        self.pending = (model, dict(params))

    def after(self, http_response, parsed, model, **_):
        error = parsed.get("Error", {}).get("Code") if http_response.status_code >= 400 else None
        service = model.service_model.service_name
        print(json.dumps({"workload": self.workload, "service": service, "operation": model.name, "error": error}), flush=True)
        self.record(service, model, error)

    def record(self, service, model, error):
        _, parameters = self.pending
        name = self.role.rsplit("/", 1)[-1]
        data = model.name in DATA.get(service, ())
        time = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        record = {
            "eventVersion": "1.11", "eventTime": time, "awsRegion": REGION, "sourceIPAddress": "203.0.113.7",
            "userIdentity": {
                "type": "AssumedRole", "principalId": "AROAEXAMPLE:run-1", "accountId": ACCOUNT,
                "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/run-1",
                "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": "AROAEXAMPLE", "arn": self.role,
                                                     "accountId": ACCOUNT, "userName": name}}},
            "eventSource": f"{SOURCES.get(service, service)}.amazonaws.com",
            "eventName": EVENT_NAMES.get((service, model.name), model.name),
            "userAgent": "Boto3/1.43", "requestParameters": renamed(service, parameters) or None,
            "responseElements": None, "requestID": str(uuid.uuid4()), "eventID": str(uuid.uuid4()),
            "readOnly": model.name.startswith(READS), "eventType": "AwsApiCall", "managementEvent": not data,
            "recipientAccountId": ACCOUNT, "eventCategory": "Data" if data else "Management"}
        if error:
            record["errorCode"] = error
        self.records.append(record)

    def finish(self):
        if not self.trail:
            return
        folder = pathlib.Path(self.trail) / "AWSLogs" / ACCOUNT / "CloudTrail" / REGION / "2026" / "11" / "24"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{ACCOUNT}_CloudTrail_{REGION}_20261124T0000Z_{self.workload}.json"
        path.write_text(json.dumps({"Records": self.records}))


# ------------------------------------------------------------------ the three commands

def prepare(endpoint):
    def client(service):
        return boto3.client(service, endpoint_url=endpoint, region_name=REGION, **ROOT)

    iam = client("iam")
    for workload in WORKLOADS:
        workload.prepare(client)
        iam.create_role(RoleName=workload.name, Path="/wl/", AssumeRolePolicyDocument=json.dumps(TRUST))
        # Odd white space on purpose: a rollback must bring it back.
        document = json.dumps({"Version": "2012-10-17", "Statement": [
            {"Sid": "Broad", "Effect": "Allow", "Action": workload.actions, "Resource": "*"}]}, indent=3)
        if workload.grant == "inline":
            iam.put_role_policy(RoleName=workload.name, PolicyName="broad", PolicyDocument=document)
        elif workload.grant == "customer-managed":
            policy = iam.create_policy(PolicyName=f"{workload.name}-broad", PolicyDocument=document)["Policy"]["Arn"]
            iam.attach_role_policy(RoleName=workload.name, PolicyArn=policy)
        else:
            iam.attach_role_policy(RoleName=workload.name, PolicyArn="arn:aws:iam::aws:policy/PowerUserAccess")


def state(endpoint):
    """Every policy of the workloads' roles, to the byte; the versions of managed policies by their default's text."""
    iam = boto3.client("iam", endpoint_url=endpoint, region_name=REGION, **ROOT)
    found = {}
    for workload in WORKLOADS:
        own = {"inline": {}, "attached": {}}
        for name in iam.list_role_policies(RoleName=workload.name)["PolicyNames"]:
            own["inline"][name] = text_of(iam, "get_role_policy", RoleName=workload.name, PolicyName=name)
        for policy in iam.list_attached_role_policies(RoleName=workload.name)["AttachedPolicies"]:
            policy = policy["PolicyArn"]
            version = iam.get_policy(PolicyArn=policy)["Policy"]["DefaultVersionId"]
            own["attached"][policy] = text_of(iam, "get_policy_version", PolicyArn=policy, VersionId=version)
        found[workload.name] = own
    print(json.dumps(found, indent=1, sort_keys=True))


def text_of(iam, method, **parameters):
    """The document of an answer as it came."""
    kept = {}

    def keep(http_response, **_):
        kept["text"] = http_response.text

    event = "after-call.iam"
    iam.meta.events.register(event, keep)
    getattr(iam, method)(**parameters)
    iam.meta.events.unregister(event, keep)
    found = re.search(r"<(?:Policy)?Document>(.*?)</(?:Policy)?Document>", kept["text"], re.S)
    return urllib.parse.unquote(html.unescape(found.group(1)))


def run(endpoint, trail):
    for workload in WORKLOADS:
        caller = Caller(endpoint, workload, trail)
        workload.run(caller.client)
        caller.finish()


def probe(endpoint):
    for workload in WORKLOADS:
        caller = Caller(endpoint, workload)
        for call in workload.probes(caller.client):
            call()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("endpoint")
    parser.add_argument("command", choices=["prepare", "run", "probe", "state"])
    parser.add_argument("--trail")
    args = parser.parse_args()
    if args.command == "prepare":
        prepare(args.endpoint)
    elif args.command == "run":
        run(args.endpoint, args.trail)
    elif args.command == "state":
        state(args.endpoint)
    else:
        probe(args.endpoint)


if __name__ == "__main__":
    main()
