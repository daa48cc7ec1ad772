"""The cases: groups of requests that one set of policies decides. The same on every run.

A group is {"id", "judge", "topic", "layers": {"identity", "boundary", "session", "resource": documents},
"requests"}; a request is as `leastgrant simulate --requests` reads it, and has `call` where a judge has to
make the call itself. `python cases.py` prints them all.
"""

import json
import random
import sys

import calls
import handmade
from vocabulary import (ACCOUNT, ACTIONS, ASKED, EVERY_REQUEST, KINDS, MULTI_KEYS, ODD_RESOURCES, OPERATORS, OTHER,
                        RESOURCES, SESSION, STRANGER, USER, VARIABLE_RESOURCES)

SEED = 20260601


def document(*statements, version="2012-10-17"):
    """A policy document; `version` None leaves it out."""
    head = {"Version": version} if version else {}
    return {**head, "Statement": list(statements)}


class Maker:
    """Makes parts of policies and requests at random, from one seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def chance(self, share):
        return self.random.random() < share

    def some(self, pool, most=3):
        return self.random.sample(pool, self.random.randint(1, min(most, len(pool))))

    def one_or_list(self, values):
        return values[0] if len(values) == 1 and self.chance(0.7) else values

    def statement(self, deny=0.3, resources=RESOURCES, broad=0.25, any_action=None, negated=0.2):
        """A statement without conditions. `broad`: how often it is about every resource; `any_action`: about
        every action, where that is not the same."""
        own = {"Effect": "Deny" if self.chance(deny) else "Allow"}
        actions = ["*"] if self.chance(broad if any_action is None else any_action) else self.some(ACTIONS)
        places = ["*"] if self.chance(broad) else self.some(resources)
        own["NotAction" if actions != ["*"] and self.chance(negated) else "Action"] = self.one_or_list(actions)
        own["NotResource" if places != ["*"] and self.chance(negated) else "Resource"] = self.one_or_list(places)
        return own

    def identity(self, make, documents=2, version="2012-10-17"):
        """Documents of statements that `make` makes; often with an Allow of everything, so that the
        Deny statements decide."""
        made = [document(*(make() for _ in range(self.random.randint(1, 3))), version=version)
                for _ in range(self.random.randint(1, documents))]
        if self.chance(0.35):
            made[0]["Statement"].insert(0, {"Effect": "Allow", "Action": "*", "Resource": "*"})
        return made

    def condition(self, kinds=None, variables=0.0):
        """A condition block of one operator and one or two keys."""
        kind = self.random.choice(kinds or list(KINDS))
        values = KINDS[kind]
        operator = self.random.choice(OPERATORS[kind])
        block = {}
        for key in self.some(values["keys"], 2 if self.chance(0.15) else 1):
            pool = values["wild"] if operator.endswith("Like") and kind == "String" else values["said"]
            said = self.some(pool, 2)
            if "variables" in values and self.chance(variables):
                said = said[1:] + [self.random.choice(values["variables"])]
            block[key] = self.one_or_list(said)
        if self.chance(0.25):
            operator += "IfExists"
        return {operator: block}

    def null(self):
        kind = KINDS[self.random.choice(list(KINDS))]
        return {"Null": {self.random.choice(kind["keys"] + MULTI_KEYS): self.random.choice(["true", "false"])}}

    def set_condition(self, variables=0.0):
        """A condition over several values."""
        operator = self.random.choice(OPERATORS["String"])
        pool = KINDS["String"]["wild" if operator.endswith("Like") else "said"]
        said = self.some(pool, 3)
        if self.chance(variables):
            said[0] = self.random.choice(["${aws:username}", "${aws:PrincipalTag/team}", "${custom:nowhere}"])
        operator = self.random.choice(["ForAllValues:", "ForAnyValue:"]) + operator
        if self.chance(0.2):
            operator += "IfExists"
        return {operator: {self.random.choice(MULTI_KEYS): said}}

    def conditional(self, make_condition, **how):
        own = self.statement(**how)
        conditions = {}
        for _ in range(2 if self.chance(0.25) else 1):
            conditions.update(make_condition())
        own["Condition"] = conditions
        return own

    def context(self, keys=None, empty=0.0):
        """Values for condition keys; some are absent."""
        made = dict(EVERY_REQUEST)
        for kind in KINDS.values():
            for key in kind["keys"]:
                # aws:PrincipalArn follows from the principal.
                if key != "aws:PrincipalArn" and (keys is None or key in keys) and self.chance(0.7):
                    made[key] = self.random.choice(kind["asked"])
        for key in MULTI_KEYS:
            if self.chance(0.7):
                made[key] = self.some(KINDS["String"]["asked"], 3)
                if self.chance(empty):
                    made[key] = self.random.choice([[""], ["", "blue"]])
        return made

    def request(self, principal=None, pool=ASKED, **context):
        action, resource = self.random.choice(pool)
        return {"action": action, "resource": resource, "principal": principal or self.random.choice([USER, SESSION]),
                "context": self.context(**context)}

    def principals(self):
        """A Principal element that AWS would accept in a resource policy."""
        role = f"arn:aws:iam::{ACCOUNT}:role/app"
        pool = ["*", {"AWS": "*"}, {"AWS": ACCOUNT}, {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, {"AWS": USER["arn"]},
                {"AWS": role}, {"AWS": SESSION["arn"]}, {"AWS": OTHER}, {"AWS": [STRANGER["arn"], role]},
                {"AWS": [f"arn:aws:iam::{OTHER}:root", USER["arn"]]}, {"Service": "sns.amazonaws.com"}]
        return self.random.choice(pool)


def group(judge, topic, number, layers, requests):
    return {"id": f"{judge}/{topic}/{number:03}", "judge": judge, "topic": topic, "layers": layers, "requests": requests}


def engine_groups():
    """For ministack's evaluator, asked in its own process: every layer and every condition key."""
    make = Maker(SEED)
    version = lambda: make.random.choice(["2012-10-17"] * 4 + ["2008-10-17", None])
    kinds = [[kind] for kind in KINDS] + [None]
    odd = RESOURCES[:8] + ODD_RESOURCES
    topics = [
        ("matching", 120, lambda n: make.identity(make.statement)),
        ("odd-resources", 60, lambda n: make.identity(lambda: make.statement(resources=odd, broad=0.05, any_action=0.9))),
        ("conditions", 180, lambda n: make.identity(
            lambda: make.conditional(lambda: make.condition(kinds[n % len(kinds)]), broad=0.7))),
        ("null", 30, lambda n: make.identity(lambda: make.conditional(make.null, broad=0.7))),
        ("several-values", 80, lambda n: make.identity(lambda: make.conditional(make.set_condition, broad=0.7))),
        ("variables", 80, lambda n: make.identity(
            lambda: make.conditional(lambda: make.condition(["String"], variables=0.7), broad=0.5, any_action=0.9,
                                     resources=VARIABLE_RESOURCES), version=version())),
        ("variable-resources", 60, lambda n: make.identity(
            lambda: make.statement(broad=0.0, any_action=0.9, resources=VARIABLE_RESOURCES), version=version())),
    ]
    for topic, count, identity in topics:
        for number in range(count):
            layers = {"identity": identity(number)}
            empty = 0.2 if topic == "several-values" else 0.0
            pool = ASKED[:6] if topic.startswith("variable") else ASKED
            yield group("engine", topic, number, layers, [make.request(pool=pool, empty=empty) for _ in range(6)])
    yield from engine_layers(make)


def engine_layers(make):
    """Groups with a boundary, session policies and a resource policy."""
    plain = lambda: make.statement(deny=0.1, broad=0.5)
    for number in range(80):
        layers = {"identity": make.identity(plain, 1), "boundary": make.identity(plain, 1)}
        if number % 2:
            layers["session"] = make.identity(plain)
        yield group("engine", "limits", number, layers, [make.request(SESSION) for _ in range(6)])
    for number in range(150):
        layers = {"identity": make.identity(plain, 1)}
        if number % 3 == 1:
            layers["boundary"] = make.identity(plain, 1)
        if number % 3 == 2:
            layers["session"] = make.identity(plain, 1)
        named = lambda: {**make.statement(deny=0.2, broad=0.75, negated=0.05), "Principal": make.principals()}
        layers["resource"] = [document(*(named() for _ in range(make.random.randint(1, 3))))]
        requests = []
        for _ in range(6):
            request = make.request(SESSION if "session" in layers else make.random.choice([USER, SESSION, STRANGER]))
            # What a resource policy stands on is one resource; "*" has none.
            if request["resource"] != "*":
                request["resource_account"] = ACCOUNT
                requests.append(request)
        yield group("engine", "resource-policy", number, layers, requests)


def key_groups():
    """Groups with a KMS key policy, which must allow by itself or hand on to the account."""
    make = Maker(SEED + 4)
    key = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    for number in range(60):
        def statement(make=make):
            actions = make.random.choice(["kms:*", "kms:Decrypt", "kms:*crypt", ["kms:Encrypt", "kms:GenerateDataKey*"]])
            return {"Effect": "Deny" if make.chance(0.15) else "Allow", "Action": actions, "Resource": make.random.choice(["*", key])}
        layers = {"identity": [document(statement())]}
        if number % 3 == 2:
            layers["boundary"] = [document(statement())]
        layers["key"] = [document(*({**statement(), "Resource": "*", "Principal": make.principals()}
                                    for _ in range(make.random.randint(1, 3))))]
        requests = [{**make.request(make.random.choice([USER, SESSION, STRANGER])), "action": action, "resource": key}
                    for action in ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKeyPair") for _ in range(2)]
        yield group("engine", "key-policy", number, layers, requests)


def simulate_groups():
    """For SimulateCustomPolicy of ministack: identity policies; it gives every request the same context."""
    make = Maker(SEED + 1)
    for number in range(150):
        conditional = number % 2
        source = (lambda: make.conditional(lambda: calls.simulated_condition(make), broad=0.6)) if conditional \
            else make.statement
        asked = make.random.sample(ASKED, 6)
        yield group("simulate", "conditions" if conditional else "matching", number, {"identity": make.identity(source)},
                    [calls.simulated_request(action, resource) for action, resource in asked])


def enforce_groups():
    """For calls that ministack serves or refuses: keys of a user, or of a session of a role."""
    make = Maker(SEED + 2)
    resources = calls.RESOURCES
    plain = lambda: make.statement(deny=0.15, resources=resources, broad=0.4)
    conditional = lambda: make.conditional(lambda: calls.condition(make), resources=resources, broad=0.6)
    for number in range(110):
        topic = ["identity", "conditions", "boundary", "session", "resource-policy"][number % 5]
        layers = {"identity": make.identity(conditional if topic == "conditions" else plain)}
        principal = calls.CALLER
        if topic == "boundary":
            layers["boundary"] = make.identity(plain, 1)
        if topic == "session":
            layers["session"] = make.identity(plain, 1)
            principal = SESSION["arn"]
        wanted = calls.make_calls(make)
        if topic == "resource-policy":
            layers["resource"] = [calls.bucket_policy(make)]
            wanted = [call for call in wanted if call["action"].startswith("s3:")]
            wanted += [call for call in calls.make_calls(make) if call["action"].startswith("s3:")]
        yield group("enforce", topic, number, layers, 
                    [{**call, "principal": principal, "resource_account": ACCOUNT} for call in wanted])


def moto_groups():
    """For moto: identity policies without conditions."""
    make = Maker(SEED + 3)
    resources = [pattern for pattern in RESOURCES if "?" not in pattern]
    for number in range(100):
        statement = lambda: make.statement(resources=resources, negated=0.0)
        layers = {"identity": make.identity(statement)}
        requests = [{"action": action, "resource": resource, "principal": USER, "context": dict(EVERY_REQUEST)}
                    for action, resource in make.random.sample(ASKED, 6)]
        yield group("moto", "matching", number, layers, requests)


def filled_groups():
    """The groups with variables once more, for ministack with the variables filled in (see fill.py)."""
    for own in engine_groups():
        if own["topic"].startswith("variable"):
            yield {**own, "id": own["id"].replace("engine", "filled", 1), "judge": "filled"}


def all_groups():
    """Every group."""
    made = [*handmade.groups(), *engine_groups(), *key_groups(), *filled_groups(), *simulate_groups(), *enforce_groups(), *moto_groups()]
    return [own for own in made if own["requests"]]


if __name__ == "__main__":
    json.dump(all_groups(), sys.stdout, indent=1)
    print()
