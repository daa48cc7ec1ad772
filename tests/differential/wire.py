"""Calls to a server that stands in for AWS, signed as AWS has it."""

import http.client
import json
import re
import time
import urllib.parse
from dataclasses import dataclass

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

# What the server takes for the account's root user.
ROOT = {"AccessKeyId": "test", "SecretAccessKey": "test"}


@dataclass
class Reply:
    """What came back."""

    status: int
    text: str


class Server:
    """One connection, kept."""

    def __init__(self, host, port, region):
        self.base = f"http://{host}:{port}"
        self.region = region
        self.connection = http.client.HTTPConnection(host, port, timeout=30)

    def wait(self, seconds=60):
        """Waits until the server takes connections."""
        until = time.monotonic() + seconds
        while True:
            try:
                self.connection.connect()
                return
            except ConnectionRefusedError:
                if time.monotonic() > until:
                    raise SystemExit(f"error: nothing answers on {self.base}") from None
                time.sleep(0.1)

    def call(self, call, key=None):
        """Makes a call: service, method, path, query, headers, and body or json with target."""
        headers = dict(call.get("headers", {}))
        body = call.get("body", "")
        if "json" in call:
            headers.update({"X-Amz-Target": call["target"], "Content-Type": "application/x-amz-json-1.0"})
            body = json.dumps(call["json"])
        if "form" in call:
            headers["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8"
            body = urllib.parse.urlencode(call["form"])
        query = urllib.parse.urlencode(call.get("query", {}), quote_via=urllib.parse.quote)
        target = call["path"] + (f"?{query}" if query else "")
        request = AWSRequest(call["method"], self.base + target, data=body.encode(), headers=headers)
        key = key or ROOT
        credentials = Credentials(key["AccessKeyId"], key["SecretAccessKey"], key.get("SessionToken"))
        sign = S3SigV4Auth if call["service"] == "s3" else SigV4Auth
        sign(credentials, call["service"], self.region).add_auth(request)
        self.connection.request(call["method"], target, body.encode(), dict(request.headers.items()))
        answer = self.connection.getresponse()
        return Reply(answer.status, answer.read().decode())

    def iam(self, form, service="iam", fine=None):
        """A call of the Query protocol as root; the texts of the answer's innermost elements."""
        form = {"Version": "2010-05-08", **form}
        reply = self.call({"service": service, "method": "POST", "path": "/", "form": form})
        if reply.status not in (200, fine):
            raise SystemExit(f"error: {form['Action']}: {reply.status} {reply.text}")
        return dict(re.findall(r"<(\w+)>([^<]*)</\1>", reply.text))
