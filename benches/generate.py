#!/usr/bin/env python3
"""Writes CloudTrail log files for measuring, laid out and sized as S3 delivers them.

    generate.py FOLDER [EVENTS [COPIES]]

FOLDER/AWSLogs/ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/*.json.gz hold EVENTS events (600,000: about 1 GB unpacked) of
28 days; each of COPIES more repeats them 28 days later with other ids. FOLDER/principal.txt names the principal
whose share is the median. Same arguments, same JSON. Every name, address and key in it is made up.

The mix: reads and writes of S3, DynamoDB, KMS, SQS, Lambda and of management calls of a dozen services; role
sessions for the most part, some users, services' own calls and other accounts; 2 % errors, most of them refusals.
"""
import collections
import datetime
import gzip
import json
import multiprocessing
import os
import random
import re
import sys

ACCOUNTS = ["111122223333", "222233334444", "444455556666"]
REGIONS = ["eu-west-1", "eu-west-1", "us-east-1", "ap-southeast-2"]
START, DAYS = datetime.datetime(2026, 3, 2), 28
AGENTS = [
    "aws-sdk-java/2.31.1 md/io#sync md/http#Apache ua/2.1 os/Linux#6.1 lang/java#21.0.4 md/vendor#Amazon.com_Inc. exec-env/AWS_ECS_FARGATE m/D,N",
    "Boto3/1.38.0 md/Botocore#1.38.0 ua/2.1 os/linux#5.10 md/arch#x86_64 lang/python#3.12.3 exec-env/AWS_Lambda_python3.12 cfg/retry-mode#legacy",
    "APN/1.0 HashiCorp/1.0 Terraform/1.11.0 terraform-provider-aws/5.95.0 aws-sdk-go-v2/1.36.3 os/linux lang/go#1.23.8",
    "aws-cli/2.27.0 md/awscrt#0.25.4 ua/2.1 os/macos#24.4 lang/python#3.13.2 md/prompt#off md/command#s3.cp",
]
JOBS = ["web", "orders", "etl", "deploy", "monitor", "audit", "queue", "image", "search", "billing", "ml", "gateway"]


def hexes(r, n):
    return "%0*x" % (n, r.getrandbits(4 * n))


def uuid(r):
    h = hexes(r, 32)
    return "-".join([h[:8], h[8:12], h[12:16], h[16:20], h[20:]])


def arn(c, service, name):
    return f"arn:aws:{service}:{c['region']}:{c['account']}:{name}"


def s3(name, writes):
    def make(r, c):
        bucket = f"{c['job']}-{c['account'][-4:]}-{r.choice(['raw', 'data', 'logs'])}"
        key = f"{r.choice(['in', 'out', 'tmp/été', 'year=2026'])}/day={r.randint(1, 28):02}/part-{r.randint(0, 999):05}-{hexes(r, 12)}.parquet"
        request = {"bucketName": bucket, "Host": f"{bucket}.s3.{c['region']}.amazonaws.com", "key": key}
        more = {"SignatureVersion": "SigV4", "CipherSuite": "TLS_AES_128_GCM_SHA256", "bytesTransferredIn": 0 if not writes else r.randint(1, 9**7),
                "AuthenticationMethod": "AuthHeader", "x-amz-id-2": hexes(r, 76), "bytesTransferredOut": r.randint(0, 9**7)}
        response = {"x-amz-server-side-encryption": "AES256"} if writes else None
        resources = [{"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::{bucket}/{key}"},
                     {"accountId": c["account"], "type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{bucket}"}]
        return "s3", name, not writes, True, request, response, resources, more
    return make


def listed(r, c):
    bucket = f"{c['job']}-{c['account'][-4:]}-data"
    request = {"list-type": "2", "bucketName": bucket, "prefix": f"day={r.randint(1, 28):02}/", "delimiter": "/", "Host": f"{bucket}.s3.{c['region']}.amazonaws.com"}
    resources = [{"type": "AWS::S3::Object", "ARNPrefix": f"arn:aws:s3:::{bucket}/"}, {"accountId": c["account"], "type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{bucket}"}]
    return "s3", "ListObjects", True, True, request, None, resources, {"SignatureVersion": "SigV4", "bytesTransferredOut": r.randint(300, 90000), "x-amz-id-2": hexes(r, 76)}


def kms(r, c):
    key = arn(c, "kms", f"key/{c['key']}")
    request = {"encryptionContext": {"aws:s3:arn": f"arn:aws:s3:::{c['job']}-{c['account'][-4:]}-raw"}, "encryptionAlgorithm": "SYMMETRIC_DEFAULT", "keyId": key}
    return "kms", "Decrypt", True, False, request, None, [{"accountId": c["account"], "type": "AWS::KMS::Key", "ARN": key}], None


def table(name, reads):
    def make(r, c):
        own = arn(c, "dynamodb", f"table/{c['job']}-{r.choice(['items', 'locks', 'events'])}")
        request = {"tableName": own.rsplit("/", 1)[1], "key": {"id": f"{r.randint(0, 10**6)}"}, "returnConsumedCapacity": "NONE"}
        return "dynamodb", name, reads, True, request, None, [{"accountId": c["account"], "type": "AWS::DynamoDB::Table", "ARN": own}], None
    return make


def described(r, c):
    name = r.choice(["DescribeInstances", "DescribeSubnets", "DescribeSecurityGroups", "DescribeVolumes", "DescribeTags", "DescribeVpcs"])
    request = {"filterSet": {"items": [{"name": "tag:job", "valueSet": {"items": [{"value": c["job"]}]}}]}, "maxResults": 200}
    return "ec2", name, True, False, request, None, None, None


def plain(service, name, reads, request):
    def make(r, c):
        said = json.loads(json.dumps(request).replace("JOB", c["job"]).replace("ACCOUNT", c["account"]).replace("REGION", c["region"]))
        return service, name, reads, False, said, None if reads else {"requestId": uuid(r)}, None, None
    return make


def assumed(r, c):
    role = f"arn:aws:iam::{c['account']}:role/{c['job']}"
    response = {"credentials": {"accessKeyId": "ASIA" + hexes(r, 16).upper(), "sessionToken": hexes(r, 400), "expiration": "Mar 9, 2026, 4:11:09 PM"},
                "assumedRoleUser": {"assumedRoleId": "AROA" + hexes(r, 17).upper() + ":s", "arn": f"arn:aws:sts::{c['account']}:assumed-role/{c['job']}/s"}}
    return "sts", "AssumeRole", True, False, {"roleArn": role, "roleSessionName": "s" + hexes(r, 8), "durationSeconds": 3600}, response, [{"accountId": c["account"], "type": "AWS::IAM::Role", "ARN": role}], None


MIX = [(s3("GetObject", False), 18), (s3("PutObject", True), 8), (s3("HeadObject", False), 3), (s3("DeleteObject", True), 1), (listed, 5), (kms, 14),
       (table("GetItem", True), 8), (table("PutItem", False), 5), (table("Query", True), 5), (described, 10), (assumed, 4),
       (plain("sqs", "SendMessage", False, {"queueUrl": "https://sqs.REGION.amazonaws.com/ACCOUNT/JOB-jobs", "messageBody": "HIDDEN_DUE_TO_SECURITY_REASONS"}), 2),
       (plain("lambda", "GetFunction20150331v2", True, {"functionName": "arn:aws:lambda:REGION:ACCOUNT:function:JOB"}), 3),
       (plain("iam", "GetRole", True, {"roleName": "JOB"}), 3), (plain("iam", "ListRolePolicies", True, {"roleName": "JOB"}), 2),
       (plain("ssm", "GetParameter", True, {"name": "/JOB/db", "withDecryption": True}), 3), (plain("secretsmanager", "GetSecretValue", True, {"secretId": "JOB/db"}), 2),
       (plain("logs", "CreateLogStream", False, {"logGroupName": "/aws/JOB", "logStreamName": "s"}), 2), (plain("monitoring", "DescribeAlarms", True, {"maxRecords": 100}), 2),
       (plain("ecr", "BatchGetImage", True, {"registryId": "ACCOUNT", "repositoryName": "JOB", "imageIds": [{"imageTag": "latest"}]}), 2)]
MAKERS, WEIGHTS = zip(*MIX)


def session(r, account, region, time):
    job = JOBS[min(int(r.expovariate(0.35)), len(JOBS) - 1)]
    role = f"{job}-{r.choice(['a', 'b', 'c', 'd'])}"
    ident = "AROA" + hexes(random.Random(role + account), 17).upper()
    name = r.choice(["i-0", ""]) + hexes(r, 16)
    who = {"type": "AssumedRole", "principalId": f"{ident}:{name}", "arn": f"arn:aws:sts::{account}:assumed-role/{role}/{name}", "accountId": account,
           "accessKeyId": "ASIA" + hexes(r, 16).upper(), "sessionContext": {
               "sessionIssuer": {"type": "Role", "principalId": ident, "arn": f"arn:aws:iam::{account}:role/svc/{role}", "accountId": account, "userName": role},
               "attributes": {"creationDate": (time - datetime.timedelta(minutes=r.randint(1, 50))).strftime("%Y-%m-%dT%H:%M:%SZ"), "mfaAuthenticated": "false"}}}
    kind = r.random()
    if kind < 0.05:
        who = {"type": "IAMUser", "principalId": "AIDA" + hexes(random.Random(job), 17).upper(), "arn": f"arn:aws:iam::{account}:user/{job}", "accountId": account,
               "accessKeyId": "AKIA" + hexes(random.Random(job), 16).upper(), "userName": job}
    elif kind < 0.1:
        who = {"type": "AWSService", "invokedBy": r.choice(["lambda", "elasticloadbalancing", "autoscaling"]) + ".amazonaws.com"}
    elif kind < 0.105:
        who = {"type": "AWSAccount", "principalId": f"{ident}:x", "accountId": r.choice(ACCOUNTS)}
    return {"who": who, "job": job, "account": account, "region": region, "key": hexes(random.Random(job + account), 32), "agent": r.choice(AGENTS),
            "ip": r.choice([f"10.0.{r.randint(0, 9)}.{r.randint(1, 254)}", f"203.0.113.{r.randint(1, 254)}"])}


def record(r, c, time):
    service, name, reads, data, request, response, resources, more = r.choices(MAKERS, WEIGHTS)[0](r, c)
    out = {"eventVersion": "1.11", "userIdentity": c["who"], "eventTime": (time + datetime.timedelta(seconds=r.randrange(300))).strftime("%Y-%m-%dT%H:%M:%SZ"),
           "eventSource": f"{service}.amazonaws.com", "eventName": name, "awsRegion": "us-east-1" if service == "iam" else c["region"],
           "sourceIPAddress": c["who"].get("invokedBy", c["ip"]), "userAgent": c["who"].get("invokedBy", c["agent"])}
    ends = r.random()
    if ends < 0.015 and "arn" in c["who"]:
        on = resources[0].get("ARN", "*") if resources else "*"
        out["errorCode"] = "AccessDenied"
        out["errorMessage"] = f"User: {c['who']['arn']} is not authorized to perform: {service}:{name} on resource: {on} because no identity-based policy allows the {service}:{name} action"
        response = None
    elif ends < 0.02:
        out["errorCode"], out["errorMessage"], response = "ThrottlingException", "Rate exceeded", None
    out["requestParameters"], out["responseElements"] = request, response
    if more:
        out["additionalEventData"] = more
    out.update({"requestID": uuid(r), "eventID": uuid(r), "readOnly": reads})
    if resources:
        out["resources"] = resources
    out.update({"eventType": "AwsApiCall", "managementEvent": not data, "recipientAccountId": c["account"]})
    if c["ip"].startswith("10."):
        out["vpcEndpointId"] = "vpce-0" + c["key"][:16]
    out["eventCategory"] = "Data" if data else "Management"
    out["tlsDetails"] = {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256", "clientProvidedHostHeader": f"{service}.{c['region']}.amazonaws.com"}
    return out


def place(folder, account, region, time, number):
    stamp = time.strftime("%Y%m%dT%H%MZ")
    name = f"{account}_CloudTrail_{region}_{stamp}_{number:016X}.json.gz"
    return os.path.join(folder, "AWSLogs", account, "CloudTrail", region, time.strftime("%Y/%m/%d"), name)


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(gzip.compress(text, 6, mtime=0))


def turned(own, turn):
    text = b"%032x" % (int(own.replace(b"-", b""), 16) ^ turn)
    return b"-".join([text[:8], text[8:12], text[12:16], text[16:20], text[20:]])


def one(job):
    folder, copies, number, account, region, time, count = job
    r = random.Random(f"file {number}")
    sessions = [session(r, account, region, time) for _ in range(min(12, 2 + count // 12))]
    records = [record(r, r.choice(sessions), time) for _ in range(count)]
    text = json.dumps({"Records": records}, ensure_ascii=False, separators=(",", ":")).encode()
    write(place(folder, account, region, time, number), text)
    for copy in range(1, copies + 1):
        later = time + datetime.timedelta(days=DAYS * copy)
        day, new = time.strftime("%Y-%m-%dT").encode(), later.strftime("%Y-%m-%dT").encode()
        # Other ids, all through: each half turned by a number of the copy's own.
        turn = random.Random(f"copy {copy}").getrandbits(128)
        again = lambda found: b'"eventID":"%s' % turned(found[1], turn)
        other = re.sub(rb'"eventID":"([0-9a-f-]{36})', again, text.replace(day, new))
        write(place(folder, account, region, later, number), other)
    who = collections.Counter(own["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] for own in records if own["userIdentity"]["type"] == "AssumedRole")
    return who, len(text)


def main():
    folder, events, copies = (sys.argv[1:] + ["600000", "0"][len(sys.argv) - 2:])[:3]
    r, left, jobs = random.Random("plan"), int(events), []
    while left > 0:
        count = min(left, max(1, min(6000, int(r.lognormvariate(4.35, 1.05)))))
        time = START + datetime.timedelta(minutes=5 * r.randrange(DAYS * 288))
        jobs.append((folder, int(copies), len(jobs), r.choice(ACCOUNTS), r.choice(REGIONS), time, count))
        left -= count
    total, size = collections.Counter(), 0
    with multiprocessing.Pool() as pool:
        for who, length in pool.imap_unordered(one, jobs, chunksize=8):
            total.update(who)
            size += length
    by_share = sorted((count, arn) for arn, count in total.items())
    with open(os.path.join(folder, "principal.txt"), "w", encoding="utf-8") as file:
        file.write(by_share[len(by_share) // 2][1] + "\n")
    print(json.dumps({"files": len(jobs) * (1 + int(copies)), "events": int(events) * (1 + int(copies)), "bytes": size * (1 + int(copies))}))


if __name__ == "__main__":
    main()
