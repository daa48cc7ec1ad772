"""What AWS's documents leave open, so that leastgrant answers unknown.

An :class:`Open` is a predicate over the case (a group of one request) and over what leastgrant says it lacks.
"""

import re
from dataclasses import dataclass
from typing import Callable

from explanations import GUIDE, OPERATORS, RESOURCE, SEVERAL, asked, conditions, kind, statements
from fill import listed


@dataclass(frozen=True)
class Open:
    """An unknown with a reason."""

    name: str
    text: str
    source: str
    holds: Callable


NUMBER = r"[-+]?\d+(\.\d+)?"
DATE = r"\d{5,}|\d{4}-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[-+]\d\d:\d\d))?)?"
ADDRESS = r"[0-9a-fA-F.:]+(/\d{1,3})?"
FORMS = {"numeric": NUMBER, "date": DATE, "bool": "(?i:true|false)", "null": "(?i:true|false)", "ipaddress": ADDRESS,
         "notipaddress": ADDRESS}
KNOWN = ("(ForAllValues:|ForAnyValue:)?(String(Not)?(Equals(IgnoreCase)?|Like)|Arn(Not)?(Equals|Like)|Bool|BinaryEquals|"
         "(Not)?IpAddress|(Numeric|Date)((Not)?Equals|(LessThan|GreaterThan)(Equals)?))(IfExists)?|Null")


def resource_patterns(group):
    """Every pattern of Resource and NotResource."""
    for _, statement in statements(group):
        yield from listed(statement.get("Resource", []))
        yield from listed(statement.get("NotResource", []))


def lacks(missing, test):
    """Whether one of the conditions that leastgrant says it cannot decide passes the test."""
    def found(group):
        return any(key.lower() in missing and test(operator, said, asked(group, key))
                   for operator, key, said, _ in conditions(group))
    return found


def other_form(operator, said, value):
    """A value that the operator's kind does not have."""
    form = next((form for name, form in FORMS.items() if kind(operator).startswith(name)), None)
    return form is not None and any(not re.fullmatch(form, str(own))
                                    for own in said + (listed(value) if kind(operator) != "null" and value else []))


OPENS = [
    Open("short-resource", "A resource with fewer than six parts that is not *: what it matches is not said.", RESOURCE,
         lambda group, missing: missing == ["resource"] and any(
             own != "*" and len(own.split(":", 5)) < 6 for own in resource_patterns(group))),
    Open("no-such-operator", "An operator that AWS does not have (Null with IfExists is one).", OPERATORS,
         lambda group, missing: lacks(missing, lambda operator, *_: not re.fullmatch(f"(?i:{KNOWN})", operator))(group)),
    Open("operator-in-other-case", "An operator that is not written as AWS writes it: whether case counts is not said.", OPERATORS,
         lambda group, missing: lacks(missing, lambda operator, *_: not re.fullmatch(KNOWN, operator)
                                      and re.fullmatch(f"(?i:{KNOWN})", operator) is not None)(group)),
    Open("value-of-another-kind", "A value that is no number, date, truth value or address; what AWS does with it is not said.",
         OPERATORS, lambda group, missing: lacks(missing, other_form)(group)),
    Open("several-values-unqualified", "Several values without ForAllValues or ForAnyValue, of which some match.", SEVERAL,
         lambda group, missing: lacks(missing, lambda operator, _, value: ":" not in operator and isinstance(value, list)
                                      and len(value) > 1)(group)),
    Open("any-of-empty", "ForAnyValue over nothing but empty texts: the page speaks of ForAllValues only.", SEVERAL,
         lambda group, missing: lacks(missing, lambda operator, _, value: operator.lower().startswith("foranyvalue:")
                                      and bool(value) and not any(listed(value)))(group)),
    Open("any-if-exists", "ForAnyValue with IfExists and no key: the one says no, the other yes.", SEVERAL,
         lambda group, missing: lacks(missing, lambda operator, _, value: operator.lower().startswith("foranyvalue:")
                                      and operator.lower().endswith("ifexists") and value is None)(group)),
    Open("star-before-a-colon", "A * that ends one of the first five parts of an ARN: this page says that it can reach beyond the colon, "
         "the S3 user guide that no wildcard does.", RESOURCE,
         lambda group, missing: missing == ["resource"] and any(
             any(part.endswith("*") for part in own.split(":", 5)[:5]) for own in resource_patterns(group))),
    Open("short-arn", "An ARN operator with less than six parts, a bare * among them.", OPERATORS + "#Conditions_ARN",
         lambda group, missing: lacks(missing, lambda operator, said, _: kind(operator).startswith("arn") and any(
             len(own.split(":", 5)) < 6 for own in said))(group)),
    Open("variable-of-no-form", "A ${ that no } closes, or a variable with several values.",
         GUIDE + "reference_policies_variables.html",
         lambda group, missing: any("${" in own and (not own.endswith("}") or any(
             isinstance(asked(group, key), list) for key in re.findall(r"\$\{([^}]+)\}", own)))
             for _, _, said, _ in conditions(group) for own in map(str, said))),
    Open("everyone-behind-a-limit", "A resource policy that grants to everybody, behind a boundary or a session policy that does not "
         "allow: the page speaks of users, sessions and roles.", GUIDE + "reference_policies_evaluation-logic_policy-eval-denyallow.html",
         lambda group, missing: missing == ["principal"] and bool({"boundary", "session"} & set(group["layers"])) and any(
             statement.get("Principal") in ("*", {"AWS": "*"}) for _, statement in statements(group))),
    Open("part-of-not-principal", "NotPrincipal that lists only a part of what AWS asks to be listed.",
         GUIDE + "reference_policies_elements_notprincipal.html",
         lambda group, missing: missing == ["principal"] and any("NotPrincipal" in own for _, own in statements(group))),
]
