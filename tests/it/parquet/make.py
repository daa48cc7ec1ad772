#!/usr/bin/env python3
"""Makes the Parquet files of this folder anew, of records.jsonl: a table as Athena has it, Security Lake's, and the rows
of the aggregating query. Run with the Python of target/engines (tests/engines/run.sh makes it): make.py LEASTGRANT"""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "engines"))
import compare  # noqa: E402

compare.PROGRAM = sys.argv[1]
records = HERE / "records.jsonl"
lake = HERE / "lake.jsonl"
lake.write_text("".join(json.dumps(compare.ocsf(json.loads(line))) + "\n" for line in records.read_text().splitlines()))
compare.as_parquet(records, compare.COLUMNS, HERE / "table.parquet", True, "snappy")
compare.as_parquet(lake, compare.LAKE, HERE / "lake.parquet", False, "zstd")
query = compare.leastgrant("sql", "--dialect", "duckdb", "--table", "t")
compare.in_duckdb(query, records, compare.COLUMNS, HERE / "rows.parquet", "parquet, COMPRESSION gzip")
lake.unlink()
