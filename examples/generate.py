#!/usr/bin/env python3
"""Makes the example scenarios: trail, grants and event selectors of made-up accounts.

    examples/generate.py            write them anew, below this folder
    examples/generate.py --check    compare what is there with what would be written

Same input, same bytes: no clock, no random numbers but from fixed seeds. `--check` compares the
records, not the compressed bytes, because zlib versions compress differently.
"""

import gzip
import shutil
import sys
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from generator import analyst, boundary, ci_deploy, data_job  # noqa: E402

SCENARIOS = {
    "ci-deploy": ci_deploy.build,
    "data-job": data_job.build,
    "analyst": analyst.build,
    "boundary": boundary.build,
}


def made(build):
    """{path in the scenario's folder: bytes}"""
    trail, documents = build()
    files = {f"trail/{path}": data for path, data in trail.files()}
    files.update((name, text.encode()) for name, text in documents.items())
    return files


def generated(folder):
    """The files that are there and that the generator answers for."""
    paths = [folder / "grants.json", folder / "event-selectors.json"]
    paths += (folder / "trail").rglob("*")
    return {p.relative_to(folder).as_posix(): p for p in paths if p.is_file()}


def unpacked(path, data):
    return gzip.decompress(data) if path.endswith(".gz") else data


def write(folder, files):
    shutil.rmtree(folder / "trail", ignore_errors=True)
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


def differences(folder, files):
    present = generated(folder)
    for path in sorted(files.keys() | present.keys()):
        if path not in present:
            yield f"{folder.name}/{path}: missing"
        elif path not in files:
            yield f"{folder.name}/{path}: not made by the generator"
        else:
            try:
                same = unpacked(path, present[path].read_bytes()) == unpacked(path, files[path])
            except (OSError, EOFError) as error:
                yield f"{folder.name}/{path}: {error}"
                continue
            if not same:
                yield f"{folder.name}/{path}: differs"


def main(arguments):
    if arguments not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    found = []
    for name, build in SCENARIOS.items():
        files = made(build)
        if arguments:
            found += differences(HERE / name, files)
        else:
            write(HERE / name, files)
            packed = sum(len(d) for p, d in files.items() if p.endswith(".gz"))
            count = sum(p.endswith(".gz") for p in files)
            print(f"{name}: {count} trail files, {packed} bytes")
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
