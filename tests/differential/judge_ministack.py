"""Asks ministack: its evaluator in this process, its SimulateCustomPolicy, and calls that it serves or refuses.

`python judge_ministack.py CASES ANSWERS --endpoint http://127.0.0.1:PORT` writes {group id: [decision, …]}, a decision
being allowed, explicit-deny or implicit-deny.

SimulateCustomPolicy of ministack reads PolicyInputList, ActionNames and the first of ResourceArns; it ignores
ContextEntries, PermissionsBoundaryPolicyInputList, ResourcePolicy and CallerArn. So what it cannot be asked is asked of
the functions behind it (`ministack.core.iam_evaluator`), which also decide over the calls.
"""

import argparse
import json
import sys
import urllib.parse

from fill import fill
from wire import Server
from vocabulary import ACCOUNT, REGION

DECISIONS = {"Allow": "allowed", "Deny": "explicit-deny", "ImplicitDeny": "implicit-deny"}
SIMULATED = {"allowed": "allowed", "explicitDeny": "explicit-deny", "implicitDeny": "implicit-deny"}


# ------------------------------------------------------------------ the evaluator

def engine_context(evaluator, request):
    """The request as ministack has it."""
    arn = request["principal"]["arn"]
    user = ":user/" in arn
    keys = {name.lower(): value for name, value in request["context"].items()}
    # enforce() does so: a request that names no tags has no aws:TagKeys.
    keys.setdefault("aws:tagkeys", None)
    caller = {"aws:userid": request["principal"]["id"]}
    if user:
        caller["aws:username"] = arn.rsplit("/", 1)[-1]
    return evaluator.EvalContext(
        principal_arn=arn, principal_type="User" if user else "AssumedRole", principal_account=arn.split(":")[4],
        action=request["action"], resource_arn=request["resource"], region=keys["aws:requestedregion"],
        source_ip=keys["aws:sourceip"], secure_transport=keys["aws:securetransport"] == "true",
        service_context=keys, principal_keys=caller)


def engine(group):
    """The answers of the evaluator."""
    from ministack.core import iam_evaluator as evaluator

    read = {layer: [evaluator.parse_policy_document(document) for document in documents]
            for layer, documents in group["layers"].items() if layer not in ("resource", "key")}
    limits = [read[layer] for layer in ("boundary", "session") if layer in read]
    answers = []
    for request in group["requests"]:
        context = engine_context(evaluator, request)
        result = evaluator.evaluate(context, read["identity"], *limits)
        for layer in {"resource", "key"} & set(group["layers"]):
            result = evaluator.combine_resource_policy(
                result, context, group["layers"][layer][0], request.get("resource_account", ACCOUNT),
                required=layer == "key", limits=tuple(limits))
        answers.append(DECISIONS[result.decision])
    return answers


def filled(group):
    """The same with the variables filled in for each request."""
    return [engine(fill(group, number))[0] for number in range(len(group["requests"]))]


# ------------------------------------------------------------------ SimulateCustomPolicy

def simulate(server, group):
    """The answers of SimulateCustomPolicy."""
    answers = []
    for request in group["requests"]:
        form = {"Action": "SimulateCustomPolicy", "Version": "2010-05-08", "ActionNames.member.1": request["action"],
                "ResourceArns.member.1": request["resource"]}
        for number, document in enumerate(group["layers"]["identity"], 1):
            form[f"PolicyInputList.member.{number}"] = json.dumps(document)
        answers.append(SIMULATED[server.iam(form)["EvalDecision"]])
    return answers


# ------------------------------------------------------------------ calls

class Caller:
    """A user and a role whose policies are set for each group."""

    def __init__(self, server):
        self.server = server
        self.version = 0
        server.iam({"Action": "CreateUser", "UserName": "alice", "Path": "/team/",
                    "Tags.member.1.Key": "team", "Tags.member.1.Value": "blue"})
        self.key = server.iam({"Action": "CreateAccessKey", "UserName": "alice"})
        trust = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}]}
        server.iam({"Action": "CreateRole", "RoleName": "app", "AssumeRolePolicyDocument": json.dumps(trust),
                    "Tags.member.1.Key": "team", "Tags.member.1.Value": "blue"})
        server.call({"service": "s3", "method": "PUT", "path": "/reports"})
        # Without it no bucket policy may name everybody.
        server.call({"service": "s3", "method": "DELETE", "path": "/reports", "query": {"publicAccessBlock": ""}})
        made = server.call({"service": "sqs", "method": "POST", "path": "/", "target": "AmazonSQS.CreateQueue",
                            "json": {"QueueName": "jobs"}})
        self.queue = json.loads(made.text)["QueueUrl"]

    def hold(self, layers):
        """Gives caller and bucket the policies; the key with which to call."""
        user = "session" not in layers
        holder = {"UserName": "alice"} if user else {"RoleName": "app"}
        kind = "User" if user else "Role"
        for number in range(2):
            documents = layers["identity"]
            if number < len(documents):
                self.server.iam({"Action": f"Put{kind}Policy", **holder, "PolicyName": f"p{number}",
                                 "PolicyDocument": json.dumps(documents[number])})
            else:
                self.server.iam({"Action": f"Delete{kind}Policy", **holder, "PolicyName": f"p{number}"}, fine=404)
        self.server.iam({"Action": "DeleteUserPermissionsBoundary", "UserName": "alice"}, fine=404)
        if "boundary" in layers:
            self.version += 1
            made = self.server.iam({"Action": "CreatePolicy", "PolicyName": f"limit-{self.version}",
                                    "PolicyDocument": json.dumps(layers["boundary"][0])})
            self.server.iam({"Action": "PutUserPermissionsBoundary", "UserName": "alice", "PermissionsBoundary": made["Arn"]})
        bucket = {"service": "s3", "method": "DELETE", "path": "/reports", "query": {"policy": ""}}
        if "resource" in layers:
            bucket.update(method="PUT", body=json.dumps(layers["resource"][0]))
        reply = self.server.call(bucket)
        if reply.status not in (200, 204):
            raise SystemExit(f"error: the bucket policy was not taken: {reply.status} {reply.text}")
        return self.key if user else self.session(layers["session"])

    def session(self, documents):
        """The key of a session with session policies; a call takes one document, so statements go together."""
        together = {"Version": "2012-10-17", "Statement": [own for document in documents for own in document["Statement"]]}
        return self.server.iam({"Action": "AssumeRole", "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/app", "Version": "2011-06-15",
                                "RoleSessionName": "run-1", "Policy": json.dumps(together)}, service="sts")

    def answers(self, group):
        """Makes the calls."""
        key = self.hold(group["layers"])
        return [self.answer(request["call"], key) for request in group["requests"]]

    def answer(self, call, key):
        call = {"service": "s3", **call}
        if "json" in call:
            call["json"] = {name: self.queue if value == "QUEUE" else value for name, value in call["json"].items()}
        reply = self.server.call(call, key)
        refused = reply.status in (400, 403) and "is not authorized to perform" in reply.text
        if reply.status in (401, 403) and not refused or reply.status >= 500:
            raise SystemExit(f"error: neither served nor refused: {call}: {reply.status} {reply.text}")
        if not refused:
            return "allowed"
        return "explicit-deny" if "with an explicit deny" in reply.text else "implicit-deny"


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("cases")
    arguments.add_argument("answers")
    arguments.add_argument("--endpoint", required=True)
    given = arguments.parse_args()
    endpoint = urllib.parse.urlsplit(given.endpoint)
    if endpoint.hostname != "127.0.0.1":
        sys.exit("error: the server must be on 127.0.0.1")
    server = Server(endpoint.hostname, endpoint.port, REGION)
    server.wait()
    caller = Caller(server)
    judges = {"engine": engine, "filled": filled, "simulate": lambda group: simulate(server, group), "enforce": caller.answers}
    with open(given.cases, encoding="utf-8") as file:
        groups = json.load(file)
    answers = {group["id"]: judges[group["judge"]](group) for group in groups if group["judge"] in judges}
    with open(given.answers, "w", encoding="utf-8") as file:
        json.dump(answers, file, indent=0)
    print(f"ministack: {sum(map(len, answers.values()))} answers")


if __name__ == "__main__":
    main()
