"""Policies with their variables filled in for one request, for a judge that knows none.

After https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html: only version 2012-10-17 has
variables; a value's own * and ? are plain characters; `${*}`, `${?}`, `${$}` are characters; what has no value and no
default matches nothing. So that a judge without variables can tell plain characters from wildcards, the plain ones are
written as look-alikes, in the request, too.
"""

import copy
import re

PLAIN = {"*": "\u2217", "?": "\uff1f", "$": "\uff04"}
NOTHING = "\u2205 no value"
VARIABLE = re.compile(r"\$\{([*?$])\}|\$\{\s*([^}',]+?)\s*(?:,\s*'([^']*)'\s*)?\}")


def plain(text):
    """The text with look-alikes for the characters that a pattern would read."""
    return "".join(PLAIN.get(char, char) for char in text)


def fill_text(text, values, wild):
    """One text of a policy; `wild`: whether its own * and ? are wildcards."""
    made, at = "", 0
    own = (lambda part: part.replace("$", PLAIN["$"])) if wild else plain
    for found in VARIABLE.finditer(text):
        char, key, default = found.groups()
        value = char or values.get(key.lower(), default)
        if value is None:
            return NOTHING
        made += own(text[at:found.start()]) + plain(value)
        at = found.end()
    return made + own(text[at:])


def values_of(request):
    """Condition keys with one value, those that follow from the principal included."""
    values = {key.lower(): value for key, value in request["context"].items() if isinstance(value, str)}
    arn = request["principal"]["arn"]
    values.setdefault("aws:userid", request["principal"]["id"])
    if ":user/" in arn:
        values.setdefault("aws:username", arn.rsplit("/", 1)[-1])
    return values


def listed(value):
    """A value that may stand for a list of one."""
    return value if isinstance(value, list) else [value]


def fill(group, number):
    """The group with one of its requests, the variables filled in for it."""
    made = copy.deepcopy(group)
    request = made["requests"][number]
    made["requests"] = [request]
    values = values_of(request)
    for documents in made["layers"].values():
        for document in documents:
            known = values if document.get("Version") == "2012-10-17" else None
            for statement in document["Statement"]:
                fill_statement(statement, known)
    if request["resource"] != "*":
        request["resource"] = plain(request["resource"])
    request["context"] = {key: plain(value) if isinstance(value, str) else [plain(own) for own in value]
                          for key, value in request["context"].items()}
    return made


def fill_statement(statement, values):
    """`values` None: the version has no variables."""
    def text(own, wild):
        if values is None:
            return own.replace("$", PLAIN["$"]) if wild else plain(own)
        return fill_text(own, values, wild)

    for element in ("Resource", "NotResource"):
        if element in statement:
            statement[element] = [text(own, wild=True) for own in listed(statement[element])]
    for operator, block in statement.get("Condition", {}).items():
        wild = "Like" in operator or "Arn" in operator
        for key in block:
            block[key] = [text(own, wild) for own in listed(block[key])]
