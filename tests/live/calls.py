"""Calls as the account's root: `python calls.py ENDPOINT '[["iam", "create_role", {…}], …]'` prints the answers.

A value {"json": …} is given as its JSON text, {"gzip": TEXT} as gzipped bytes, {"bytes": TEXT} as bytes. {"answer": [N, "A", "B"]}
is what the Nth answer has at that path.
"""

import datetime
import gzip
import json
import sys
import urllib.request

import boto3


def value(own, answers):
    if isinstance(own, dict):
        if set(own) == {"json"}:
            return json.dumps(value(own["json"], answers))
        if set(own) == {"gzip"}:
            return gzip.compress(value(own["gzip"], answers).encode(), mtime=0)
        if set(own) == {"bytes"}:
            return own["bytes"].encode()
        if set(own) == {"answer"}:
            number, *path = own["answer"]
            found = answers[number]
            for name in path:
                found = found[name]
            return found
        return {name: value(one, answers) for name, one in own.items()}
    if isinstance(own, list):
        return [value(one, answers) for one in own]
    return own


def plain(own):
    if isinstance(own, (datetime.datetime, bytes)):
        return str(own)
    return None


def main():
    endpoint, calls = sys.argv[1], json.loads(sys.argv[2])
    answers = []
    for service, operation, parameters in calls:
        if service == "http":
            # What a server has of its own: a path and a body of JSON.
            request = urllib.request.Request(endpoint + operation, json.dumps(parameters).encode(), {"Content-Type": "application/json"})
            with urllib.request.urlopen(request) as answer:
                answers.append(answer.status)
            continue
        client = boto3.client(service, endpoint_url=endpoint, region_name="eu-west-1", aws_access_key_id="test",
                              aws_secret_access_key="test")
        answer = getattr(client, operation)(**value(parameters, answers))
        answer.pop("ResponseMetadata", None)
        answer.pop("Body", None)
        answers.append(answer)
    print(json.dumps(answers, default=plain))


if __name__ == "__main__":
    main()
