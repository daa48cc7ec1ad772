"""Why a judge may answer otherwise than leastgrant, one by one.

An :class:`Explanation` is a claim that can be checked: `as_judge` writes the question down as the judge reads it, and
leastgrant, asked that, must give the judge's answer. `applies` says whether the rewriting changes anything. A difference
that no explanation (or up to three together) turns into agreement is unexplained.
"""

import copy
import re
from dataclasses import dataclass
from typing import Callable

from fill import listed

GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
OPERATORS = GUIDE + "reference_policies_elements_condition_operators.html"
SEVERAL = GUIDE + "reference_policies_condition-single-vs-multi-valued-context-keys.html"
RESOURCE = GUIDE + "reference_policies_elements_resource.html"
NOWHERE = "arn:aws:none:::none"


@dataclass(frozen=True)
class Explanation:
    """A difference with a reason."""

    name: str
    judges: tuple
    text: str
    source: str
    as_judge: Callable
    # It holds only where both refuse, and differ in the kind of refusal.
    refused_either_way: bool = False


# ------------------------------------------------------------------ what the rest uses

def statements(group):
    """Every statement, with its document."""
    for documents in group["layers"].values():
        for document in documents:
            for statement in document["Statement"]:
                yield document, statement


def conditions(group):
    """Every operator, key and list of values, with the block that holds it."""
    for _, statement in statements(group):
        for operator, block in statement.get("Condition", {}).items():
            for key, said in block.items():
                yield operator, key, listed(said), block


def kind(operator):
    """The operator without its qualifier and IfExists, in lower case."""
    return operator.lower().split(":")[-1].removesuffix("ifexists")


def asked(group, key):
    """What the request carries for a key; None: nothing."""
    context = {name.lower(): value for name, value in group["requests"][0]["context"].items()}
    return context.get(key.lower())


def put(group, key, value):
    """Sets what the request carries."""
    context = group["requests"][0]["context"]
    for name in [name for name in context if name.lower() == key.lower()]:
        del context[name]
    context[key] = value


def glob(pattern, text, flags=0):
    """A pattern over the whole text, as one string."""
    parts = re.split(r"([*?])", pattern)
    regex = "".join({"*": ".*", "?": "."}.get(part, re.escape(part)) for part in parts)
    return re.fullmatch(regex, text, flags) is not None


def by_part(pattern, text):
    """A pattern over an ARN, part by part; None where it has no six parts."""
    own, other = pattern.split(":", 5), text.split(":", 5)
    if pattern == "*":
        return True
    return None if len(own) < 6 else len(other) == 6 and all(map(glob, own, other))


# ------------------------------------------------------------------ what judges do otherwise

def variables_stay(group):
    """Version 2008-10-17 has no variables."""
    for document, statement in statements(group):
        if document.get("Version") == "2012-10-17" and "${" in str(statement):
            document["Version"] = "2008-10-17"


def session_arn(group):
    """aws:PrincipalArn is the session's ARN."""
    principal = group["requests"][0].get("principal")
    arn = principal["arn"] if isinstance(principal, dict) else principal or ""
    if ":assumed-role/" in arn and asked(group, "aws:PrincipalArn") is None:
        put(group, "aws:PrincipalArn", arn)


def arns_as_one_text(group):
    """ARN operators match over the colons."""
    for operator, key, said, block in conditions(group):
        value = asked(group, key)
        if kind(operator).startswith("arn") and isinstance(value, str):
            block[key] = [own if by_part(own, value) == glob(own, value) else value if glob(own, value) else NOWHERE
                          for own in said]


def resources_as_one_text(which):
    """Resources match over the colons; `which` patterns."""
    def rewrite(group):
        resource = group["requests"][0]["resource"]
        for _, statement in statements(group):
            for element in ("Resource", "NotResource"):
                if element in statement:
                    statement[element] = [
                        ("*" if glob(own, resource) else NOWHERE)
                        if which(own) and by_part(own, resource) != glob(own, resource) else own
                        for own in listed(statement[element])]
    return rewrite


def star_ends_a_part(pattern):
    """Whether a `*` stands right before one of the first five colons."""
    return any(part.endswith("*") for part in pattern.split(":", 5)[:-1])


def star_within_a_part(pattern):
    """Six parts, and every `*` of the first five has something behind it before the colon."""
    return len(pattern.split(":", 5)) == 6 and not star_ends_a_part(pattern)


def empty_texts_count(qualifier):
    """The qualifier looks at empty texts as at any other."""
    def rewrite(group):
        for operator, key, said, block in list(conditions(group)):
            value = asked(group, key)
            if operator.lower().startswith(qualifier) and value and not any(listed(value)):
                put(group, f"{key}/empty", ["\u2205" for _ in listed(value)])
                del block[key]
                block[f"{key}/empty"] = ["\u2205" if own == "" else own for own in said]
    return rewrite


def first_of_null(group):
    """Null reads its first value only."""
    for operator, key, said, block in conditions(group):
        if kind(operator) == "null" and len(said) > 1:
            block[key] = said[0]


def numbers_are_floats(group):
    """Numbers are rounded to 53 bits."""
    for operator, key, said, block in conditions(group):
        value = asked(group, key)
        if kind(operator).startswith("numeric") and isinstance(value, str) and value.isdigit() and len(value) > 15:
            put(group, key, f"{int(float(value))}")
            block[key] = [f"{int(float(own))}" if own.isdigit() else own for own in said]


def eight_digits_are_a_day(group):
    """20260401 is 2026-04-01."""
    for operator, key, _, _ in conditions(group):
        value = asked(group, key)
        if kind(operator).startswith("date") and isinstance(value, str) and re.fullmatch(r"\d{8}", value):
            put(group, key, f"{value[:4]}-{value[4:6]}-{value[6:]}")


def several_values_as_one_text(group):
    """Without ForAllValues or ForAnyValue a list is compared as Python prints it."""
    for operator, key, _, _ in conditions(group):
        value = asked(group, key)
        if ":" not in operator and kind(operator) != "null" and isinstance(value, list):
            put(group, key, str(value))


def actions_as(matches):
    """Actions match as `matches` says."""
    def rewrite(group):
        action = group["requests"][0]["action"]
        for _, statement in statements(group):
            for element in ("Action", "NotAction"):
                if element in statement:
                    statement[element] = [
                        own if glob(own, action, re.I) == matches(own, action) else action if matches(own, action)
                        else "none:None" for own in listed(statement[element])]
    return rewrite


def regular_expression(pattern, text):
    """How moto reads a pattern: `*` as any text, all else as a regular expression has it."""
    return re.match(f"^{pattern.replace('*', '.*')}$", text) is not None


MINISTACK = ("engine", "simulate", "enforce", "filled")

EXPLANATIONS = [
    Explanation(
        "variables-stay", MINISTACK[:3],
        "ministack leaves ${…} as it is written; AWS puts in the value of the request (version 2012-10-17). leastgrant is right.",
        GUIDE + "reference_policies_variables.html", variables_stay),
    Explanation(
        "session-arn", MINISTACK,
        "ministack gives a session's own ARN as aws:PrincipalArn; AWS gives the ARN of the role. leastgrant is right.",
        GUIDE + "reference_policies_condition-keys.html#condition-keys-principalarn", session_arn),
    Explanation(
        "arns-as-one-text", MINISTACK,
        "ministack lets a wildcard of an ARN operator cross colons; AWS compares the six parts one by one. leastgrant is right.",
        OPERATORS + "#Conditions_ARN", arns_as_one_text),
    Explanation(
        "star-within-a-part-crosses", MINISTACK,
        "ministack lets every * of a resource cross colons; AWS says so only of one that ends its part. leastgrant is right.",
        RESOURCE, resources_as_one_text(star_within_a_part)),
    Explanation(
        "empty-texts-count", MINISTACK,
        "ministack compares empty texts under ForAllValues; for AWS they are no value, and the condition holds. leastgrant is right.",
        SEVERAL, empty_texts_count("forallvalues:")),
    Explanation(
        "any-of-empty-texts", MINISTACK,
        "A Deny with ForAnyValue over empty texts, which ministack compares and AWS's page does not speak of. Refused either way; "
        "leastgrant names the Allow that is lacking.",
        SEVERAL, empty_texts_count("foranyvalue:"), refused_either_way=True),
    Explanation(
        "short-resource-in-a-deny", MINISTACK,
        "A Deny of a resource with fewer than six parts, which ministack reads as one text and AWS's page does not speak of. Refused "
        "either way; leastgrant names the Allow that is lacking.",
        RESOURCE, resources_as_one_text(lambda pattern: len(pattern.split(":", 5)) < 6), refused_either_way=True),
    Explanation(
        "first-of-null", MINISTACK,
        "ministack reads the first value of Null only; AWS joins the values of a key with OR. leastgrant is right.",
        GUIDE + "reference_policies_condition-logic-multiple-context-keys-or-values.html", first_of_null),
    Explanation(
        "numbers-are-floats", MINISTACK,
        "ministack rounds numbers to 53 bits; AWS names no such limit. leastgrant compares all digits.",
        OPERATORS + "#Conditions_Numeric", numbers_are_floats),
    Explanation(
        "eight-digits-are-a-day", MINISTACK,
        "ministack reads eight digits as a day; the W3C form of ISO 8601 that AWS names has dashes, so they are seconds. leastgrant is right.",
        OPERATORS + "#Conditions_Date", eight_digits_are_a_day),
    Explanation(
        "several-values-as-one-text", MINISTACK,
        "ministack compares the printed list where an operator without ForAllValues or ForAnyValue meets several values; leastgrant "
        "answers where all values agree, else unknown.",
        SEVERAL, several_values_as_one_text),
    Explanation(
        "actions-as-regular-expressions", ("moto",),
        "moto matches actions case by case and reads ? as a regular expression does; for AWS case does not count and ? is one "
        "character. leastgrant is right.",
        GUIDE + "reference_policies_elements_action.html", actions_as(regular_expression)),
]


def rewritten(explanations, group):
    """The group (of one request) as a judge reads it by these explanations, or None where one changes nothing."""
    made = copy.deepcopy(group)
    for explanation in explanations:
        before = copy.deepcopy(made)
        explanation.as_judge(made)
        if made == before:
            return None
    return made
