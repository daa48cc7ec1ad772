"""A data job: a Fargate task that turns raw events into Parquet, with one inline policy."""

from datetime import datetime, timedelta

from .cloudtrail import Caller, Trail, days, refused, role_session, service, user_in_console
from .grants import Account, allow, policy, printed, trust

ACCOUNT = "444455556666"
REGION = "eu-central-1"
LAKE = "acme-data-lake"
ARCHIVE = "acme-data-archive"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/7f3b0000-2222-4333-8444-555566667777"
AGENT = "Boto3/1.40.31 md/Botocore#1.40.31 ua/2.1 os/linux#6.1.147 lang/python#3.12.11 exec-env/AWS_ECS_FARGATE"
# The job runs in the nights to Tuesday, Thursday and Saturday.
NIGHTS = {1, 3, 5}
START, END = datetime(2026, 8, 1), datetime(2026, 10, 31)


def arn(service_name, rest):
    return f"arn:aws:{service_name}:{REGION}:{ACCOUNT}:{rest}"


STATE = arn("dynamodb", "table/export-state")
SECRET = arn("secretsmanager", "secret:prod/warehouse-a1B2c3")


def build():
    account = grants()
    ids = {role["RoleName"]: role["RoleId"] for role in account.roles}
    trail = Trail("data-job", ACCOUNT, REGION)
    for number, day in enumerate(days(START, END, NIGHTS)):
        clock = trail.clock(day + timedelta(hours=1, minutes=trail.dice.number(3, 9)))
        night(trail, ids, clock, day, number)
        noise(trail, account, ids, day, number)
    return trail, {"grants.json": account.text(), "event-selectors.json": selectors()}


def night(trail, ids, clock, day, number):
    """One run of the job."""
    dice = trail.dice
    task = dice.hex(32)
    key = f"ASIAEXAMPLE{dice.text(9)}"
    role_id = ids["nightly-export"]
    trail.assume_role(service("ecs-tasks.amazonaws.com"), clock(),
                      f"arn:aws:iam::{ACCOUNT}:role/nightly-export", role_id, task, key, 21600)
    job = role_session(ACCOUNT, "nightly-export", role_id, task, key, clock.now,
                       f"203.0.113.{dice.number(20, 23)}", AGENT)
    start(trail, job, clock, day, number)
    read_input(trail, job, clock, day, number)
    write_output(trail, job, clock, day, number)
    catalog(trail, job, clock, day, number)
    odd_calls(trail, job, clock, day, number)


def start(trail, job, clock, day, number):
    # The name was replaced by the ARN in the job's settings in mid-September.
    secret = "prod/warehouse" if day < datetime(2026, 9, 15) else SECRET
    trail.add(job, clock(), "secretsmanager", "GetSecretValue", {"secretId": secret})
    trail.kms(job.via("secretsmanager.amazonaws.com"), clock(0, 1), "Decrypt", KEY,
              {"SecretARN": SECRET, "SecretVersionId": trail.dice.uuid()})
    if number % 4 == 0:
        trail.add(job, clock(), "dynamodb", "DescribeTable", {"tableName": "export-state"},
                  resources=table(STATE))
    trail.add(job, clock(), "dynamodb", "GetItem",
              {"tableName": "export-state", "key": {"job": "nightly-export"},
               "consistentRead": True}, resources=table(STATE), data=True)
    if number % 3 == 0:
        trail.add(job, clock(), "dynamodb", "Query",
                  {"tableName": "export-state", "keyConditionExpression": "#j = :j",
                   "limit": 25}, resources=table(STATE), data=True)
    # It also reads the table `customers`, whose data events the trail does not record.
    trail.add(job, clock(), "logs", "CreateLogStream",
              {"logGroupName": "/jobs/nightly-export", "logStreamName": f"run/{day:%Y-%m-%d}"},
              write=True)


def table(table_arn):
    return [{"accountId": ACCOUNT, "type": "AWS::DynamoDB::Table", "ARN": table_arn}]


def listing(trail, job, clock, prefix):
    trail.s3(job, clock(), "ListObjects", LAKE, data=True, got=2104, request={
        "list-type": "2", "encoding-type": "url", "prefix": prefix})


def read_input(trail, job, clock, day, number):
    """Yesterday's raw events; the bucket has a bucket key, so few KMS calls."""
    prefix = f"raw/{day - timedelta(days=1):%Y/%m/%d}/"
    listing(trail, job, clock, prefix)
    for part in range(3 + number % 2):
        trail.s3(job, clock(), "GetObject", LAKE, f"{prefix}events-{part:04}.json.gz",
                 sse="SSE_KMS", got=trail.dice.number(4_000_000, 9_000_000),
                 request={"x-amz-checksum-mode": "ENABLED"})
        if part == 0:
            trail.kms(job.via("fas.s3.amazonaws.com"), clock(0, 1), "Decrypt", KEY,
                      {"aws:s3:arn": f"arn:aws:s3:::{LAKE}"})


def write_output(trail, job, clock, day, number):
    dice = trail.dice
    prefix = f"exports/dt={day - timedelta(days=1):%Y-%m-%d}/"
    encrypted = {
        "x-amz-server-side-encryption": "aws:kms",
        "x-amz-server-side-encryption-aws-kms-key-id": KEY,
        "x-amz-server-side-encryption-bucket-key-enabled": "true",
    }
    if number % 5 == 0:
        trail.s3(job, clock(), "HeadObject", LAKE, prefix + "_SUCCESS",
                 error=("NoSuchKey", "The specified key does not exist."))
    run = dice.uuid()
    for part in range(2 + number % 2):
        trail.s3(job, clock(5, 30), "PutObject", LAKE,
                 f"{prefix}part-{part:05}-{run}.snappy.parquet", sse="SSE_KMS",
                 sent=dice.number(2_000_000, 7_000_000), response=encrypted, write=True)
        if part == 0:
            trail.kms(job.via("fas.s3.amazonaws.com"), clock(0, 1), "GenerateDataKey", KEY,
                      {"aws:s3:arn": f"arn:aws:s3:::{LAKE}"})
    if number % 6 == 2:
        multipart(trail, job, clock, f"{prefix}part-00009-{run}.snappy.parquet", encrypted)
    temporary = f"tmp/nightly-export/{run}/_temporary"
    if number % 2:
        trail.s3(job, clock(), "DeleteObject", LAKE, temporary, write=True)
    trail.s3(job, clock(), "PutObject", LAKE, prefix + "_SUCCESS", sse="SSE_KMS",
             response=encrypted, write=True)


def multipart(trail, job, clock, key, encrypted):
    """Each of these calls is authorized as s3:PutObject."""
    upload = trail.dice.text(24) + ".EXAMPLE"
    trail.s3(job, clock(), "CreateMultipartUpload", LAKE, key, sse="SSE_KMS", write=True,
             request={"uploads": ""}, response=encrypted)
    for part in (1, 2):
        trail.s3(job, clock(4, 20), "UploadPart", LAKE, key, sse="SSE_KMS", sent=8_388_608,
                 write=True, request={"partNumber": str(part), "uploadId": upload},
                 response=encrypted)
    # To complete it, S3 decrypts the parts: kms:Decrypt beside kms:GenerateDataKey.
    trail.s3(job, clock(), "CompleteMultipartUpload", LAKE, key, sse="SSE_KMS", write=True,
             request={"uploadId": upload}, response=encrypted)


def catalog(trail, job, clock, day, number):
    """The new partition in the Glue Data Catalog."""
    date = f"{day - timedelta(days=1):%Y-%m-%d}"
    if number % 3 == 0:
        trail.add(job, clock(), "glue", "GetTable", {"databaseName": "exports", "name": "events"})
    if number % 2 == 0:
        trail.add(job, clock(), "glue", "GetPartition",
                  {"databaseName": "exports", "tableName": "events", "partitionValues": [date]},
                  error=("EntityNotFoundException", "Cannot find partition."))
    trail.add(job, clock(), "glue", "BatchCreatePartition",
              {
                  "databaseName": "exports",
                  "tableName": "events",
                  "partitionInputList": [{
                      "values": [date],
                      "storageDescriptor": {"location": f"s3://{LAKE}/exports/dt={date}/"},
                  }],
              }, {}, write=True,
              error=("ThrottlingException", "Rate exceeded") if number in (11, 29) else None)
    if number in (11, 29):
        trail.add(job, clock(2, 6), "glue", "BatchCreatePartition",
                  {
                      "databaseName": "exports",
                      "tableName": "events",
                      "partitionInputList": [{
                          "values": [date],
                          "storageDescriptor": {"location": f"s3://{LAKE}/exports/dt={date}/"},
                      }],
                  }, {}, write=True)
    if number % 6 == 0:
        trail.add(job, clock(), "glue", "GetPartitions",
                  {"databaseName": "exports", "tableName": "events", "maxResults": 100})


def odd_calls(trail, job, clock, day, number):
    """Refused: a bucket and a write that nobody granted."""
    if number in (8, 9):
        bucket, key = "acme-reports-prod", f"nightly/{day:%Y-%m-%d}.csv"
        trail.s3(job, clock(), "PutObject", bucket, key, write=True, error=refused(
            job, "s3:PutObject", f'"arn:aws:s3:::{bucket}/{key}"'))
    if number == 20:
        trail.add(job, clock(), "dynamodb", "PutItem",
                  {"tableName": "export-state", "key": {"job": "nightly-export"}},
                  resources=table(STATE), write=True, data=True,
                  error=refused(job, "dynamodb:PutItem", STATE, code="AccessDenied"))
    if number == 15:
        # Delivered twice, as CloudTrail may: the same eventID.
        trail.records.append(trail.records[-1])


def noise(trail, account, ids, day, number):
    """Other principals of the account, and one of another account."""
    dice = trail.dice
    clock = trail.clock(day + timedelta(hours=5, minutes=dice.number(0, 40)))
    crawler = role_session(
        ACCOUNT, "catalog-crawler", ids["catalog-crawler"], "AWS-Crawler",
        f"ASIAEXAMPLE{dice.text(9)}", clock.now, "glue.amazonaws.com", "glue.amazonaws.com",
        path="/service-role/").via("glue.amazonaws.com")
    if number % 2 == 0:
        trail.add(crawler, clock(), "glue", "GetTable", {"databaseName": "exports", "name": "events"})
        trail.s3(crawler, clock(), "GetObject", LAKE,
                 f"exports/dt={day - timedelta(days=1):%Y-%m-%d}/_SUCCESS", sse="SSE_KMS")
    trail.add(service("cloudtrail.amazonaws.com"), clock(), "s3", "GetBucketAcl",
              {"bucketName": "acme-trail", "acl": "",
               "Host": f"acme-trail.s3.{REGION}.amazonaws.com"},
              resources=[{"accountId": ACCOUNT, "type": "AWS::S3::Bucket",
                          "ARN": "arn:aws:s3:::acme-trail"}])
    if number % 7 == 3:
        partner = Caller(
            {"type": "AWSAccount", "principalId": "AROAEXAMPLEPARTNER001:reader",
             "accountId": "111122223333"}, "198.51.100.77", "aws-sdk-java/2.33.4")
        trail.s3(partner, clock(), "GetObject", LAKE, "public/rates.csv", shared=True)
    if number % 8 == 5:
        jo = next(u for u in account.users if u["UserName"] == "jo")
        caller = user_in_console(ACCOUNT, "jo", jo["UserId"], f"ASIAEXAMPLE{dice.text(9)}",
                                 clock.now, "198.51.100.90", "AWS Internal")
        trail.sign_in(caller, clock(60, 900))
        trail.add(caller, clock(), "glue", "GetDatabases")
        trail.add(caller, clock(), "ecs", "ListTasks", {"cluster": "jobs"})


def selectors():
    def field(name, *values):
        return {"Field": name, "Equals": list(values)}

    return printed({
        "TrailARN": arn("cloudtrail", "trail/acme-main"),
        "AdvancedEventSelectors": [
            {
                "Name": "Management events",
                "FieldSelectors": [field("eventCategory", "Management")],
            },
            {
                "Name": "Objects of all buckets",
                "FieldSelectors": [
                    field("eventCategory", "Data"),
                    field("resources.type", "AWS::S3::Object"),
                ],
            },
            {
                "Name": "Items of the state table",
                "FieldSelectors": [
                    field("eventCategory", "Data"),
                    field("resources.type", "AWS::DynamoDB::Table"),
                    field("resources.ARN", STATE),
                ],
            },
        ],
    })


def grants():
    account = Account(ACCOUNT)
    account.user("jo", "2023-11-06T10:02:44+00:00", groups=["data"])
    account.group("data", "2023-11-06T10:01:02+00:00",
                  managed=[f"arn:aws:iam::{ACCOUNT}:policy/DataRead"])
    tasks = trust({"Service": "ecs-tasks.amazonaws.com"}, condition={
        "StringEquals": {"aws:SourceAccount": ACCOUNT}})
    account.role("nightly-export", "2024-01-15T11:20:09+00:00", tasks,
                 inline={"nightly-export": job_policy()}, tags={"team": "data"},
                 last_used=("2026-10-31T01:12:00+00:00", REGION))
    account.role("catalog-crawler", "2023-11-20T15:41:30+00:00",
                 trust({"Service": "glue.amazonaws.com"}), path="/service-role/",
                 managed=["arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole"],
                 inline={"lake": policy(allow("Lake", ["s3:GetObject", "s3:ListBucket"], [
                     f"arn:aws:s3:::{LAKE}", f"arn:aws:s3:::{LAKE}/*"]))})
    account.policy(f"arn:aws:iam::{ACCOUNT}:policy/DataRead", "2023-11-06T10:00:10+00:00", [
        ("v1", "2023-11-06T10:00:10+00:00", policy(
            allow("Look", ["glue:Get*", "ecs:List*", "ecs:Describe*", "s3:ListAllMyBuckets"])))])
    return account


def job_policy():
    objects = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"]
    return policy(
        allow("DataBucket", [*objects, "s3:GetBucketLocation", "s3:AbortMultipartUpload"],
              [f"arn:aws:s3:::{LAKE}", f"arn:aws:s3:::{LAKE}/*"]),
        allow("ArchiveBucket", objects, [f"arn:aws:s3:::{ARCHIVE}", f"arn:aws:s3:::{ARCHIVE}/*"]),
        allow("Tables", ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query",
                         "dynamodb:Scan", "dynamodb:DescribeTable"],
              [STATE, arn("dynamodb", "table/customers")]),
        allow("Key", ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:DescribeKey"], KEY),
        allow("Secrets", ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
              arn("secretsmanager", "secret:prod/*")),
        allow("Queues", "sqs:*"),
        allow("Catalog", "glue:*"),
        allow("Logs", "logs:*"))
