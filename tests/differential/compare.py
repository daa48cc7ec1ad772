"""Compares leastgrant's decisions with the judges' and says where and why they differ.

`python compare.py --leastgrant PROGRAM --cases CASES ANSWERS…` exits with 1 where a difference, or an unknown, has no
explanation.
"""

import argparse
import collections
import copy
import itertools
import json
import sys

from explanations import EXPLANATIONS, rewritten
from leastgrant import ask_all
from opens import OPENS

SHOWN = 20


def single(group, number):
    """The group with one of its requests."""
    made = {key: value for key, value in group.items() if key != "requests"}
    made["requests"] = [group["requests"][number]]
    return copy.deepcopy(made)


def why_open(group, missing):
    """What AWS leaves open in an unknown."""
    return next((reason.name for reason in OPENS if reason.holds(group, missing)), None)


def candidates(group, theirs, ours):
    """The explanations that may hold."""
    refused = "allowed" not in (theirs, ours)
    return [own for own in EXPLANATIONS if group["judge"] in own.judges and (refused or not own.refused_either_way)]


def explain(binary, differing):
    """For each (group of one request, judge's answer, leastgrant's): the explanations that make leastgrant answer as
    the judge, the fewest, or None."""
    found = [None] * len(differing)
    for size in (1, 2, 3):
        tried = []
        for place, case in enumerate(differing):
            if found[place] is None:
                group, known = case[0], candidates(*case)
                for chosen in itertools.combinations(known, size):
                    question = rewritten(chosen, group)
                    if question is not None:
                        tried.append((place, chosen, question))
        for (place, chosen, _), answers in zip(tried, ask_all(binary, [question for *_, question in tried])):
            if found[place] is None and answers[0][0] == differing[place][1]:
                found[place] = tuple(own.name for own in chosen)
    return found


def show(group, ours, theirs):
    """A case that nothing explains, whole."""
    print(f"\nunexplained: {group['id']}: leastgrant {ours}, {group['judge']} {theirs}")
    for layer, documents in group["layers"].items():
        for document in documents:
            print(f"  {layer}: {json.dumps(document)}")
    said = json.dumps(group["layers"]).lower()
    request = {key: value for key, value in group["requests"][0].items() if key != "call"}
    request["context"] = {key: value for key, value in request["context"].items() if key.lower() in said}
    print(f"  request, with the keys that the policies name: {json.dumps(request)}")


def table(counts):
    """Agreement by judge and topic."""
    columns = ("agree", "unknown", "differ")
    print(f"{'judge':10}{'topic':24}{'agree':>8}{'unknown':>9}{'differ':>8}")
    total = collections.Counter()
    for (judge, topic), own in sorted(counts.items()):
        total.update(own)
        print(f"{judge:10}{topic:24}{own['agree']:8}{own['unknown']:9}{own['differ']:8}")
    print(f"{'all':34}" + "".join(f"{total[name]:{width}}" for name, width in zip(columns, (8, 9, 8))))


def listing(title, reasons, tally):
    """How many cases each reason has."""
    print(f"\n{title}")
    for own in reasons:
        print(f"{tally[own.name]:6}  {own.name}: {own.text}\n        {own.source}")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--leastgrant", required=True)
    arguments.add_argument("--cases", required=True)
    arguments.add_argument("answers", nargs="+")
    given = arguments.parse_args()
    with open(given.cases, encoding="utf-8") as file:
        groups = json.load(file)
    judged = {}
    for path in given.answers:
        with open(path, encoding="utf-8") as file:
            judged.update(json.load(file))
    counts = collections.defaultdict(collections.Counter)
    unexplained, differing, open_ones = [], [], collections.Counter()
    for group, answers in zip(groups, ask_all(given.leastgrant, groups)):
        for number, ((ours, missing), theirs) in enumerate(zip(answers, judged[group["id"]], strict=True)):
            kind = "agree" if ours == theirs else "unknown" if ours == "unknown" else "differ"
            counts[group["judge"], group["topic"]][kind] += 1
            own = single(group, number)
            if kind == "differ":
                differing.append((own, theirs, ours))
            elif kind == "unknown":
                reason = why_open(own, missing)
                open_ones[reason] += 1
                if reason is None:
                    unexplained.append((own, f"unknown ({', '.join(missing)})", theirs))
    explained = collections.Counter()
    for (own, theirs, ours), names in zip(differing, explain(given.leastgrant, differing)):
        explained.update(names or ())
        if names is None:
            unexplained.append((own, ours, theirs))
    table(counts)
    listing("Differences, by what explains them (a case may need two):", EXPLANATIONS, explained)
    listing("Unknown, by what AWS leaves open:", OPENS, open_ones)
    for case in unexplained[:SHOWN]:
        show(*case)
    print(f"\n{len(unexplained)} unexplained")
    sys.exit(1 if unexplained else 0)


if __name__ == "__main__":
    main()
