"""Asks leastgrant through its command line."""

import json
import os
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor

OPTIONS = {"identity": "--policy", "boundary": "--boundary", "session": "--session-policy", "resource": "--resource-policy",
           "key": "--key-policy"}


def ask(binary, group):
    """What it decides over each request of a group: decision, and what it lacks where that is unknown."""
    with tempfile.TemporaryDirectory() as folder:
        def write(name, value):
            path = os.path.join(folder, name)
            with open(path, "w", encoding="utf-8") as file:
                json.dump(value, file)
            return path

        command = [binary, "simulate", "--complete", "--format", "json"]
        for layer, documents in group["layers"].items():
            for number, document in enumerate(documents):
                command += [OPTIONS[layer], write(f"{layer}-{number}.json", document)]
        requests = [{key: value for key, value in request.items() if key != "call"} for request in group["requests"]]
        command += ["--requests", write("requests.json", {"requests": requests})]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    answers = json.loads(done.stdout)["answers"] if done.stdout else []
    if len(answers) != len(requests):
        raise SystemExit(f"error: leastgrant gave no answer on {group['id']}: {done.stderr}")
    return [(answer["decision"], answer["missing"]) for answer in answers]


def ask_all(binary, groups):
    """The same for many groups, in their order."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda group: ask(binary, group), groups))
