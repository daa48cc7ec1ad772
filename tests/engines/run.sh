#!/usr/bin/env bash
# The queries of `leastgrant sql` in real engines: DuckDB, and Spark where there is a Java.
# Usage: tests/engines/run.sh target/debug/leastgrant [account-generator]
set -euo pipefail
program=$(realpath "$1")
generator=$(realpath "${2:-target/debug/account-generator}")
cd "$(dirname "$0")/../.."
venv=target/engines
if [ ! -x "$venv/bin/python" ]; then python3 -m venv "$venv"; fi
if ! "$venv/bin/python" -c 'import duckdb' 2>/dev/null; then "$venv/bin/pip" install -q duckdb==2.0.1; fi
engines=(duckdb)
if command -v java >/dev/null; then
  if ! "$venv/bin/python" -c 'import pyspark' 2>/dev/null; then "$venv/bin/pip" install -q pyspark==4.3.0; fi
  engines+=(spark)
else
  echo "no Java here: Spark is left out" >&2
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$generator" "$folder" 12 30
"$venv/bin/python" tests/engines/compare.py "$program" "$folder" "${engines[@]}"
