"""Asks moto: the policy matching behind its enforcement (`set_initial_no_auth_action_count`), in this process.

`python judge_moto.py CASES ANSWERS`. The decision over several documents is the one of moto's
IAMRequestBase.check_action_permitted: a document that denies decides, else one that permits.
"""

import json
import sys

from moto.iam.access_control import IAMPolicy, PermissionResult


def decide(documents, request):
    """One request."""
    results = [IAMPolicy(json.dumps(document)).is_action_permitted(request["action"], request["resource"])
               for document in documents]
    if PermissionResult.DENIED in results:
        return "explicit-deny"
    return "allowed" if PermissionResult.PERMITTED in results else "implicit-deny"


def main():
    _, cases, answers = sys.argv
    with open(cases, encoding="utf-8") as file:
        groups = [group for group in json.load(file) if group["judge"] == "moto"]
    found = {group["id"]: [decide(group["layers"]["identity"], request) for request in group["requests"]] for group in groups}
    with open(answers, "w", encoding="utf-8") as file:
        json.dump(found, file, indent=0)
    print(f"moto: {sum(map(len, found.values()))} answers")


if __name__ == "__main__":
    main()
