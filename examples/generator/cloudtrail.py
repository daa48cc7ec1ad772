"""CloudTrail records and the files that a trail delivers them in.

The shapes follow AWS's "CloudTrail record contents" (version 1.11):
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

import copy
import gzip
import hashlib
import io
import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
MIXED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

# Where the service's endpoint is not `<service>.<region>.amazonaws.com`.
HOSTS = {
    "iam": "iam.amazonaws.com",
    "ecr": "api.ecr.{region}.amazonaws.com",
    "s3": "s3.{region}.amazonaws.com",
    "signin": "{region}.signin.aws.amazon.com",
}
# `apiVersion` is written by some services only.
API_VERSIONS = {"logs": "20140328", "dynamodb": "2012-08-10"}


class Dice:
    """Numbers that depend on the seed alone: not on the Python version, unlike `random`."""

    def __init__(self, seed):
        self._seed = seed.encode()
        self._count = 0

    def _bits(self):
        self._count += 1
        text = self._seed + b"/" + str(self._count).encode()
        return int.from_bytes(hashlib.sha256(text).digest(), "big")

    def number(self, low, high):
        """From low to high, both included."""
        return low + self._bits() % (high - low + 1)

    def pick(self, items):
        return items[self.number(0, len(items) - 1)]

    def hex(self, length):
        return f"{self._bits():064x}"[:length]

    def text(self, length, letters=ALPHANUMERIC):
        return "".join(self.pick(letters) for _ in range(length))

    def uuid(self):
        h = self.hex(32)
        return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{'89ab'[int(h[16], 16) % 4]}{h[17:20]}-{h[20:]}"

    def shuffled(self, items):
        return [x for _, x in sorted(((self._bits(), i), x) for i, x in enumerate(items))]


def stamp(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def long_date(moment):
    """As STS and IAM write dates in responseElements: `Aug 3, 2026, 9:12:33 AM`."""
    hour = moment.hour % 12 or 12
    half = "AM" if moment.hour < 12 else "PM"
    return f"{moment:%b} {moment.day}, {moment.year}, {hour}:{moment:%M:%S} {half}"


class Clock:
    """Walks forward, a few seconds at each call."""

    def __init__(self, dice, start):
        self.dice = dice
        self.now = start

    def __call__(self, low=1, high=4):
        self.now += timedelta(seconds=self.dice.number(low, high))
        return self.now


@dataclass(frozen=True)
class Caller:
    """Who calls, from where, with what client."""

    identity: dict
    ip: str
    agent: str
    console: bool = False
    tls: bool = True

    @property
    def arn(self):
        return self.identity.get("arn", "")

    def via(self, service):
        """A forwarded access session: the service calls on with the caller's identity."""
        identity = copy.deepcopy(self.identity)
        identity["invokedBy"] = service
        return replace(self, identity=identity, ip=service, agent=service, console=False, tls=False)


def role_session(account, role, role_id, session, key, start, ip, agent, path="/", federation=None,
                 mfa="false"):
    """A session of a role. Its ARN carries no path; that of the session's issuer does."""
    context = {
        "sessionIssuer": {
            "type": "Role",
            "principalId": role_id,
            "arn": f"arn:aws:iam::{account}:role{path}{role}",
            "accountId": account,
            "userName": role,
        },
    }
    if federation:
        context["webIdFederationData"] = federation
    context["attributes"] = {"creationDate": stamp(start), "mfaAuthenticated": mfa}
    return Caller(
        {
            "type": "AssumedRole",
            "principalId": f"{role_id}:{session}",
            "arn": f"arn:aws:sts::{account}:assumed-role/{role}/{session}",
            "accountId": account,
            "accessKeyId": key,
            "sessionContext": context,
        },
        ip,
        agent,
    )


def user_with_key(account, name, user_id, key, ip, agent):
    """A user with a long-term access key: no sessionContext, so no MFA."""
    return Caller(
        {
            "type": "IAMUser",
            "principalId": user_id,
            "arn": f"arn:aws:iam::{account}:user/{name}",
            "accountId": account,
            "accessKeyId": key,
            "userName": name,
        },
        ip,
        agent,
    )


def user_in_console(account, name, user_id, key, start, ip, agent, mfa="true"):
    caller = user_with_key(account, name, user_id, key, ip, agent)
    caller.identity["sessionContext"] = {
        "attributes": {"creationDate": stamp(start), "mfaAuthenticated": mfa}
    }
    return replace(caller, console=True)


def service(name):
    """A service that acts with its own permission."""
    return Caller({"type": "AWSService", "invokedBy": name}, name, name, tls=False)


def refused(caller, action, resource=None, reason=None, code="AccessDenied", lead=""):
    """`errorCode` and `errorMessage` of a refusal in AWS's common form."""
    reason = reason or f"because no identity-based policy allows the {action} action"
    where = f" on resource: {resource}" if resource else ""
    text = f"{lead}User: {caller.arn} is not authorized to perform: {action}{where} {reason}"
    return code, text


class Trail:
    """The records of one trail."""

    def __init__(self, name, account, region):
        self.dice = Dice(name)
        self.account = account
        self.region = region
        self.records = []

    def clock(self, start):
        return Clock(self.dice, start)

    def add(self, caller, when, source, name, request=None, response=None, *, write=False,
            region=None, resources=None, error=None, data=False, additional=None, host=None,
            shared=False, kind="AwsApiCall"):
        """One record. `source` is without `.amazonaws.com`; `error` is (code, message)."""
        region = region or self.region
        record = {
            "eventVersion": "1.11",
            "userIdentity": copy.deepcopy(caller.identity),
            "eventTime": stamp(when),
            "eventSource": f"{source}.amazonaws.com",
            "eventName": name,
            "awsRegion": region,
            "sourceIPAddress": caller.ip,
            "userAgent": caller.agent,
        }
        if error:
            # A failed sign-in has a message and no code; some errors have a code and no message.
            record.update((k, v) for k, v in zip(("errorCode", "errorMessage"), error) if v)
        record["requestParameters"] = request
        record["responseElements"] = None if error and source != "signin" else response
        if additional:
            record["additionalEventData"] = additional
        record["requestID"] = self.request_id(source)
        record["eventID"] = self.dice.uuid()
        record["readOnly"] = not write
        if resources:
            record["resources"] = resources
        record["eventType"] = kind
        if source in API_VERSIONS:
            record["apiVersion"] = API_VERSIONS[source]
        record["managementEvent"] = not data
        record["recipientAccountId"] = self.account
        if shared:
            record["sharedEventID"] = self.dice.uuid()
        record["eventCategory"] = "Data" if data else "Management"
        if caller.tls and kind == "AwsApiCall":
            host = host or HOSTS.get(source, source + ".{region}.amazonaws.com")
            record["tlsDetails"] = {
                "tlsVersion": "TLSv1.3",
                "cipherSuite": "TLS_AES_128_GCM_SHA256",
                "clientProvidedHostHeader": host.format(region=region),
            }
        if caller.console and kind == "AwsApiCall":
            record["sessionCredentialFromConsole"] = "true"
        self.records.append((when, region, record))
        return record

    def request_id(self, source):
        if source == "s3":
            return self.dice.text(16)
        if source == "dynamodb":
            return self.dice.text(52)
        return self.dice.uuid()

    def s3(self, caller, when, name, bucket, key=None, request=None, sse=None, sent=0, got=0, **rest):
        """An S3 call: `request` comes after the bucket; with a key it is a data event."""
        region = rest.get("region") or self.region
        host = f"{bucket}.s3.{region}.amazonaws.com"
        params = {"bucketName": bucket, **(request or {}), "Host": host}
        objects = []
        if key is not None:
            params["key"] = key
            objects = [{"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::{bucket}/{key}"}]
        elif rest.get("data"):
            objects = [{"type": "AWS::S3::Object", "ARNPrefix": f"arn:aws:s3:::{bucket}/"}]
        additional = {
            "SignatureVersion": "SigV4",
            "CipherSuite": "TLS_AES_128_GCM_SHA256",
            "bytesTransferredIn": sent,
            **({"SSEApplied": sse} if sse else {}),
            "AuthenticationMethod": "AuthHeader",
            "x-amz-id-2": self.dice.text(32, MIXED) + "EXAMPLE=",
            "bytesTransferredOut": got,
        }
        owner = rest.pop("owner", self.account)
        resources = objects + [
            {"accountId": owner, "type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{bucket}"}
        ]
        rest.setdefault("data", key is not None)
        return self.add(caller, when, "s3", name, params, rest.pop("response", None),
                        resources=resources, additional=additional, host=host, **rest)

    def kms(self, caller, when, name, key_arn, context, **rest):
        """A KMS call that a service makes in the caller's name."""
        request = {"encryptionContext": context}
        if name == "Decrypt":
            request["encryptionAlgorithm"] = "SYMMETRIC_DEFAULT"
        else:
            request.update(keySpec="AES_256", keyId=key_arn)
        return self.add(caller, when, "kms", name, request, None, resources=[
            {"accountId": self.account, "type": "AWS::KMS::Key", "ARN": key_arn}], **rest)

    def assume_role(self, caller, when, role_arn, role_id, session, key, duration=3600, **rest):
        """sts:AssumeRole; the credentials are marked as examples."""
        role = role_arn.rsplit("/", 1)[1]
        return self.add(
            caller, when, "sts", "AssumeRole",
            {"roleArn": role_arn, "roleSessionName": session, "durationSeconds": duration},
            {
                "credentials": {
                    "accessKeyId": key,
                    "sessionToken": "EXAMPLESESSIONTOKEN",
                    "expiration": long_date(when + timedelta(seconds=duration)),
                },
                "assumedRoleUser": {
                    "assumedRoleId": f"{role_id}:{session}",
                    "arn": f"arn:aws:sts::{self.account}:assumed-role/{role}/{session}",
                },
            },
            resources=[{"accountId": self.account, "type": "AWS::IAM::Role", "ARN": role_arn}],
            shared=True, **rest)

    def sign_in(self, caller, when, mfa="Yes", failed=False, **rest):
        """signin ConsoleLogin: no IAM-authorized call."""
        identity = {k: v for k, v in caller.identity.items()
                    if k not in ("sessionContext", "accessKeyId")}
        browser = ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
                   "Chrome/140.0.0.0 Safari/537.36")
        return self.add(
            replace(caller, identity=identity, agent=browser), when, "signin", "ConsoleLogin", None,
            {"ConsoleLogin": "Failure" if failed else "Success"}, write=True,
            error=("", "Failed authentication") if failed else None,
            additional={
                "LoginTo": "https://console.aws.amazon.com/console/home",
                "MobileVersion": "No",
                "MFAUsed": mfa,
            },
            kind="AwsConsoleSignIn", **rest)

    def files(self):
        """(path below the trail's folder, bytes): one file a region and day."""
        groups = {}
        for when, region, record in self.records:
            groups.setdefault((region, when.date()), []).append((when, record))
        for (region, day), members in sorted(groups.items()):
            delivered = max(when for when, _ in members) + timedelta(minutes=5)
            tag = Dice(f"{self.account}/{region}/{day}").text(16, MIXED)
            name = f"{self.account}_CloudTrail_{region}_{delivered:%Y%m%dT%H%MZ}_{tag}.json.gz"
            folder = f"AWSLogs/{self.account}/CloudTrail/{region}/{day:%Y/%m/%d}"
            # CloudTrail does not keep the order of events within a file.
            records = [record for _, record in self.dice.shuffled(members)]
            text = json.dumps({"Records": records}, separators=(",", ":"), ensure_ascii=False)
            yield f"{folder}/{name}", packed(text.encode())


def packed(data):
    buffer = io.BytesIO()
    with gzip.GzipFile("", "wb", 9, buffer, mtime=0) as out:
        out.write(data)
    return buffer.getvalue()


def days(first, last, weekdays):
    """The days from first to last that fall on the weekdays (Monday is 0)."""
    day = first
    while day <= last:
        if day.weekday() in weekdays:
            yield day
        day += timedelta(days=1)


FIRST = datetime(2026, 8, 2)
LAST = datetime(2026, 10, 31)
