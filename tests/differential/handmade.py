"""Cases made by hand: one question each, where random cases come by seldom."""

from vocabulary import ACCOUNT, EVERY_REQUEST, REGION, SESSION, USER

ALLOW = {"Effect": "Allow", "Action": "*", "Resource": "*"}
GET = ("s3:GetObject", "arn:aws:s3:::reports/2026/a.csv")

# Name, condition, the requests' own keys.
CONDITIONS = [
    ("epoch-as-date", {"DateEquals": {"custom:At": "2026-04-01T12:00:00Z"}}, [{"custom:At": "1775044800"}]),
    ("eight-digits-are-seconds", {"DateLessThan": {"custom:At": "2000-01-01T00:00:00Z"}}, [{"custom:At": "20260401"}]),
    ("no-such-date", {"DateNotEquals": {"custom:At": "yesterday"}}, [{"custom:At": "2026-04-01"}, {}]),
    ("date-without-zone", {"DateEquals": {"custom:At": "2026-04-01T12:00:00"}}, [{"custom:At": "2026-04-01T12:00:00Z"}]),
    ("long-numbers", {"NumericEquals": {"custom:N": "9007199254740993"}},
     [{"custom:N": "9007199254740992"}, {"custom:N": "9007199254740993"}]),
    ("no-such-number", {"NumericNotEquals": {"custom:N": "ten"}}, [{"custom:N": "10"}, {}]),
    ("exponent", {"NumericEquals": {"custom:N": "1e3"}}, [{"custom:N": "1000"}]),
    ("no-such-bool", {"Bool": {"custom:B": "yes"}}, [{"custom:B": "true"}, {"custom:B": "yes"}]),
    ("netmask", {"IpAddress": {"custom:Ip": "10.0.0.0/255.0.0.0"}}, [{"custom:Ip": "10.1.1.1"}]),
    ("no-such-address", {"NotIpAddress": {"custom:Ip": "10.0.0.0/8"}}, [{"custom:Ip": "nowhere"}, {}]),
    ("null-of-both", {"Null": {"custom:K": ["false", "true"]}}, [{"custom:K": "x"}, {}]),
    ("null-if-exists", {"NullIfExists": {"custom:K": "true"}}, [{"custom:K": "x"}, {}]),
    ("no-such-operator", {"StringMatches": {"custom:K": "x"}}, [{"custom:K": "x"}, {}]),
    ("operator-in-lower-case", {"stringequals": {"custom:K": "x"}}, [{"custom:K": "x"}, {"custom:K": "y"}]),
    ("key-in-other-case", {"StringEquals": {"CUSTOM:k": "x"}}, [{"custom:K": "x"}, {"custom:K": "X"}]),
    ("bare-star-for-an-arn", {"ArnLike": {"custom:Arn": "*"}}, [{"custom:Arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:x"}, {}]),
    ("short-arn-pattern", {"ArnLike": {"custom:Arn": "arn:aws:sns:*"}}, [{"custom:Arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:x"}]),
    ("arn-value-that-is-none", {"ArnLike": {"custom:Arn": "arn:aws:sns:*:*:*"}}, [{"custom:Arn": "news"}]),
    ("several-values-unqualified", {"StringEquals": {"custom:K": ["x", "y"]}},
     [{"custom:K": ["x", "z"]}, {"custom:K": ["z", "w"]}, {"custom:K": ["x", "y"]}]),
    ("all-of-an-empty-text", {"ForAllValues:StringEquals": {"custom:K": "x"}}, [{"custom:K": [""]}, {"custom:K": []}]),
    ("any-of-an-empty-text", {"ForAnyValue:StringLike": {"custom:K": "*"}}, [{"custom:K": [""]}, {"custom:K": []}]),
    ("all-but-and-some", {"ForAllValues:StringEquals": {"custom:K": "x"}, "Null": {"custom:K": "false"}},
     [{"custom:K": ["x"]}, {}]),
    ("any-of-none-if-exists", {"ForAnyValue:StringEqualsIfExists": {"custom:K": "x"}}, [{}, {"custom:K": ["y"]}]),
    ("boolean-as-json", {"Bool": {"aws:SecureTransport": False}}, [{}]),
    ("number-as-json", {"NumericLessThan": {"custom:N": 5}}, [{"custom:N": "4"}, {"custom:N": "5"}]),
    ("two-operators", {"StringEquals": {"custom:K": "x"}, "StringNotEquals": {"custom:L": "x"}},
     [{"custom:K": "x"}, {"custom:K": "x", "custom:L": "x"}, {"custom:L": "y"}]),
    ("variable-in-a-number", {"NumericEquals": {"custom:N": "${custom:M}"}}, [{"custom:N": "5", "custom:M": "5"}]),
    ("variable-that-holds-a-star", {"StringLike": {"custom:K": "${custom:L}"}}, [{"custom:K": "x", "custom:L": "*"}]),
    ("variable-of-several-values", {"StringEquals": {"custom:K": "${custom:L}"}}, [{"custom:K": "x", "custom:L": ["x", "y"]}]),
    ("variable-that-is-open", {"StringEquals": {"custom:K": "${custom:L"}}, [{"custom:K": "${custom:L"}]),
    ("dollar", {"StringEquals": {"custom:K": "${$}{x}"}}, [{"custom:K": "${x}"}]),
    ("negated-variable-without-value", {"StringNotEquals": {"custom:K": "${custom:L}"}}, [{"custom:K": "x"}]),
]

# Name, the statement's own elements, the requests.
STATEMENTS = [
    ("wildcard-in-service", {"Action": "s*:Get*"}, [GET]),
    ("star-colon-star", {"Action": "*:*"}, [GET]),
    ("action-without-service", {"Action": "Get*"}, [GET]),
    ("not-action-of-all", {"NotAction": "*"}, [GET]),
    ("not-resource-of-all", {"NotResource": "*"}, [GET, ("s3:ListAllMyBuckets", "*")]),
    ("not-resource-for-star", {"NotResource": "arn:aws:s3:::reports/*"}, [GET, ("s3:ListAllMyBuckets", "*")]),
    ("service-in-capitals", {"Resource": "arn:aws:S3:::reports/*"}, [GET]),
    ("question-mark-is-one", {"Resource": "arn:aws:s3:::reports/2026/a.csv?"}, [GET]),
    ("dot-is-a-dot", {"Resource": "arn:aws:s3:::reports/2026/a?csv"}, [GET, ("s3:GetObject", "arn:aws:s3:::reports/2026/aXcsv")]),
    ("bracket-is-plain", {"Resource": "arn:aws:s3:::reports/[a]"}, [("s3:GetObject", "arn:aws:s3:::reports/[a]"),
                                                                    ("s3:GetObject", "arn:aws:s3:::reports/a")]),
    ("colon-in-a-key", {"Resource": "arn:aws:s3:::reports/*:b"}, [("s3:GetObject", "arn:aws:s3:::reports/a:b:b")]),
    ("seven-parts", {"Resource": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:*:live"},
     [("lambda:InvokeFunction", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:report:live")]),
    ("star-before-a-colon", {"Resource": "arn:aws:lambda:*:*:live"},
     [("lambda:InvokeFunction", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:report:live")]),
    ("star-before-a-colon-in-five-parts", {"Resource": "arn:aws:lambda:*:live"},
     [("lambda:InvokeFunction", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:report:live")]),
    ("star-at-the-end-of-four-parts", {"Resource": "arn:aws:s3:*"}, [GET]),
    ("star-within-a-part", {"Resource": "arn:aws:lambda:us-*3:function:report:live"},
     [("lambda:InvokeFunction", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:report:live")]),
    ("star-in-a-key", {"Resource": "arn:aws:s3:::reports/a"}, [("s3:GetObject", "arn:aws:s3:::reports/*")]),
]


def policy(statement, version="2012-10-17"):
    """A document of one statement."""
    return {"Version": version, "Statement": [statement]}


def ask(where, keys):
    """A request for an action and a resource."""
    return {"action": where[0], "resource": where[1], "principal": USER, "context": {**EVERY_REQUEST, **keys}}


def groups():
    """Each condition and each statement, once to allow and once to deny."""
    for name, condition, keys in CONDITIONS:
        for effect in ("Allow", "Deny"):
            documents = [policy({**ALLOW, "Effect": effect, "Condition": condition})]
            documents += [policy(ALLOW)] if effect == "Deny" else []
            yield own(f"condition-{name}-{effect.lower()}", documents, [ask(GET, own_keys) for own_keys in keys])
    for name, elements, asked in STATEMENTS:
        for effect in ("Allow", "Deny"):
            statement = {"Effect": effect, **elements}
            if "NotAction" not in elements:
                statement.setdefault("Action", "*")
            if "NotResource" not in elements:
                statement.setdefault("Resource", "*")
            documents = [policy(statement)] + ([policy(ALLOW)] if effect == "Deny" else [])
            yield own(f"statement-{name}-{effect.lower()}", documents, [ask(where, {}) for where in asked])
    yield from principals()


def own(name, documents, requests, **layers):
    """A group of the evaluator."""
    return {"id": f"engine/{name}", "judge": "engine", "topic": "by-hand",
            "layers": {"identity": documents, **layers}, "requests": requests}


def principals():
    """How a resource policy names the principal, and what a boundary then still says."""
    nothing = [policy({"Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*"})]
    names = {
        "user": {"AWS": USER["arn"]}, "session": {"AWS": SESSION["arn"]}, "role": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/app"},
        "account": {"AWS": ACCOUNT}, "everyone": "*",
    }
    for name, principal in names.items():
        resource = [policy({"Effect": "Allow", "Principal": principal, "Action": "s3:*", "Resource": "arn:aws:s3:::reports/*"})]
        requests = [{**ask(GET, {}), "principal": who, "resource_account": ACCOUNT} for who in (USER, SESSION)]
        yield own(f"names-{name}", nothing, requests, resource=resource)
        yield own(f"names-{name}-behind-boundary", nothing, requests, resource=resource, boundary=nothing)
        yield own(f"names-{name}-within-boundary", nothing, requests, resource=resource, boundary=[policy(ALLOW)])
        yield own(f"names-{name}-behind-session-policy", nothing, requests[1:], resource=resource, session=nothing)
    refused = [policy({"Effect": "Deny", "NotPrincipal": {"AWS": [USER["arn"], ACCOUNT]}, "Action": "*", "Resource": "*"})]
    requests = [{**ask(GET, {}), "principal": who, "resource_account": ACCOUNT} for who in (USER, SESSION)]
    yield own("not-principal", [policy(ALLOW)], requests, resource=refused)
