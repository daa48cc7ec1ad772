"""Runs the queries of `leastgrant sql` in DuckDB and in Spark over a made account, and holds what leastgrant
proposes from their rows against what it proposes from the records themselves."""

import calendar
import difflib
import gzip
import json
import pathlib
import re
import subprocess
import sys
import time

import duckdb

PROGRAM, FOLDER, *ENGINES = sys.argv[1:] if __name__ == "__main__" else ("", ".")
FOLDER = pathlib.Path(FOLDER)
TRAIL = FOLDER / "trail"
STRUCT = ("STRUCT(type VARCHAR, principalId VARCHAR, arn VARCHAR, accountId VARCHAR, invokedBy VARCHAR, userName VARCHAR, "
          "sessionContext STRUCT(sessionIssuer STRUCT(type VARCHAR, principalId VARCHAR, arn VARCHAR, accountId VARCHAR, userName VARCHAR)))")
PLAIN = ["eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress", "errorCode", "errorMessage", "eventID",
         "eventType", "recipientAccountId", "vpcEndpointId", "eventCategory"]
COLUMNS = {"userIdentity": STRUCT, "requestParameters": "JSON", "responseElements": "JSON", "readOnly": "VARCHAR",
           "resources": "STRUCT(ARN VARCHAR, accountId VARCHAR, type VARCHAR)[]", **{name: "VARCHAR" for name in PLAIN}}


def leastgrant(*args):
    done = subprocess.run([PROGRAM, *args], capture_output=True, text=True)
    assert done.returncode in (0, 3, 4), (args, done.returncode, done.stderr)
    return done.stdout


def principals():
    grants = json.loads((FOLDER / "grants.json").read_text())
    return [own["Arn"] for kind in ("UserDetailList", "RoleDetailList") for own in grants[kind]]


def proposal(trail, arn):
    """What is proposed, without what aggregation leaves out: ids of single events."""
    text = leastgrant("recommend", arn, "--trail", str(trail), "--grants", str(FOLDER / "grants.json"), "--format", "json")

    def strip(value):
        if isinstance(value, dict):
            return {name: strip(own) for name, own in value.items()
                    if name not in ("event_ids", "records", "text_bytes", "bytes", "files", "inputs", "conditions", "circumstances")}
        if isinstance(value, list):
            return [strip(own) for own in value]
        return value

    return strip(json.loads(text))


def ocsf(record):
    """A record as Security Lake writes it."""
    identity = record["userIdentity"]
    session = identity.get("sessionContext") or {}
    issuer = session.get("sessionIssuer") or {}
    unmapped = {name: str(record[name]).lower() if isinstance(record[name], bool) else record[name]
                for name in ("readOnly", "managementEvent", "recipientAccountId") if record.get(name) is not None}
    for name in ("type", "userName"):
        if issuer.get(name):
            unmapped["userIdentity.sessionContext.sessionIssuer." + name] = issuer[name]
    data = lambda name: json.dumps(record[name]) if record.get(name) is not None else None
    stamp = time.strptime(record["eventTime"], "%Y-%m-%dT%H:%M:%SZ")
    return {
        "class_uid": 6003, "time": calendar.timegm(stamp) * 1000,
        "metadata": {"uid": record["eventID"], "event_code": record["eventType"], "version": "1.1.0",
                     "product": {"name": "CloudTrail", "vendor_name": "AWS", "feature": {"name": record["eventCategory"]}}},
        "api": {"operation": record["eventName"], "service": {"name": record["eventSource"]},
                "request": {"uid": record.get("requestID"), "data": data("requestParameters")},
                "response": {"error": record.get("errorCode"), "message": record.get("errorMessage"), "data": data("responseElements")}},
        "actor": {"user": {"type": identity.get("type"), "uid": identity.get("arn"), "uid_alt": identity.get("principalId"),
                           "name": identity.get("userName"), "account": {"uid": identity.get("accountId")}},
                  "session": {"issuer": issuer.get("arn")}, "invoked_by": identity.get("invokedBy")},
        "cloud": {"provider": "AWS", "region": record["awsRegion"]},
        "src_endpoint": {"ip": record.get("sourceIPAddress"), "domain": None, "uid": record.get("vpcEndpointId")},
        "http_request": {"user_agent": record.get("userAgent")},
        "resources": [{"uid": own.get("ARN"), "type": own.get("type"), "owner": {"account": {"uid": own.get("accountId")}}}
                      for own in record.get("resources") or []],
        "unmapped": unmapped,
    }


LAKE = {
    "class_uid": "BIGINT",
    "time": "BIGINT", "metadata": "STRUCT(uid VARCHAR, event_code VARCHAR, product STRUCT(name VARCHAR, feature STRUCT(name VARCHAR)))",
    "api": "STRUCT(operation VARCHAR, service STRUCT(name VARCHAR), request STRUCT(uid VARCHAR, data VARCHAR), response STRUCT(error VARCHAR, message VARCHAR, data VARCHAR))",
    "actor": "STRUCT(\"user\" STRUCT(type VARCHAR, uid VARCHAR, uid_alt VARCHAR, name VARCHAR, account STRUCT(uid VARCHAR)), session STRUCT(issuer VARCHAR), invoked_by VARCHAR)",
    "cloud": "STRUCT(region VARCHAR)", "src_endpoint": "STRUCT(ip VARCHAR, domain VARCHAR, uid VARCHAR)",
    "resources": "STRUCT(uid VARCHAR, type VARCHAR, owner STRUCT(account STRUCT(uid VARCHAR)))[]", "unmapped": "MAP(VARCHAR, VARCHAR)",
}


def in_duckdb(query, files, columns, result, form="json"):
    database = duckdb.connect()
    source = f"read_json('{files}', format='newline_delimited', columns={json_columns(columns)})"
    database.execute(f"CREATE VIEW t AS SELECT * FROM {source}")
    database.execute(f"COPY ({query}) TO '{result}' (FORMAT {form})")


def lower(kind):
    """A type of the table as Athena has it: names in lower case, JSON in texts."""
    return re.sub(r"\b(?!STRUCT|VARCHAR|BIGINT|MAP|JSON)(\w+) (?=VARCHAR|STRUCT)", lambda found: found[1].lower() + " ", kind).replace("JSON", "VARCHAR")


def as_parquet(files, columns, result, as_table, compression):
    """The records themselves, as a table of Athena or of Security Lake keeps them."""
    name = lambda column: column.lower() if as_table else f'"{column}"'
    cast = lambda column, kind: f'CAST("{column}" AS {lower(kind) if as_table else kind}) AS {name(column)}'
    query = "SELECT " + ", ".join(cast(column, kind) for column, kind in columns.items()) + " FROM t"
    in_duckdb(query, files, columns, result, f"parquet, COMPRESSION {compression}")


def json_columns(columns):
    quoted = lambda text: "'" + text + "'"
    return "{" + ", ".join(f"{quoted(name)}: {quoted(kind)}" for name, kind in columns.items()) + "}"


def in_spark(session, query, files, columns, result):
    def spark_type(kind):
        kind = kind.replace("VARCHAR", "STRING").replace("JSON", "STRING").replace('"', "`")
        out, depth = "", []
        # STRUCT(a B, …)[] of DuckDB is ARRAY<STRUCT<a: B, …>> of Spark.
        at = 0
        while at < len(kind):
            if kind.startswith("STRUCT(", at):
                depth.append((len(out), ">")); out += "STRUCT<"; at += 7
            elif kind.startswith("MAP(", at):
                depth.append((len(out), ">")); out += "MAP<"; at += 4
            elif kind[at] == ")":
                start, _ = depth.pop(); out += ">"; at += 1
                if kind.startswith("[]", at):
                    out = out[:start] + "ARRAY<" + out[start:] + ">"; at += 2
            else:
                out += kind[at]; at += 1
        return out
    schema = ", ".join(f"`{name}` {spark_type(kind)}" for name, kind in columns.items())
    session.read.schema(schema).json(files).createOrReplaceTempView("t")
    session.sql(query).coalesce(1).write.mode("overwrite").json(str(result))


def main():
    lake = FOLDER / "lake.jsonl"
    with lake.open("w") as out:
        for path in sorted(TRAIL.glob("*.gz")):
            with gzip.open(path, "rt") as records:
                for line in records:
                    out.write(json.dumps(ocsf(json.loads(line))) + "\n")
    wanted = {arn: proposal(TRAIL, arn) for arn in principals()}
    started = time.time()
    runs = [("records of OCSF", lake)]
    for form, files, columns, compression in (("table", str(TRAIL / "*.gz"), COLUMNS, "gzip"), ("lake", str(lake), LAKE, "zstd")):
        result = FOLDER / f"{form}.parquet"
        as_parquet(files, columns, result, form == "table", compression)
        runs.append((f"records of a {form} in Parquet", result))
    session = None
    for engine in ENGINES:
        for form, files, columns in (("cloudtrail", str(TRAIL / "*.gz"), COLUMNS), ("security-lake", str(lake), LAKE)):
            query = leastgrant("sql", "--dialect", engine, "--table", "t", "--format", form)
            result = FOLDER / f"{engine}-{form}.json"
            if engine == "duckdb":
                in_duckdb(query, files, columns, result)
                rows = result.with_suffix(".parquet")
                in_duckdb(query, files, columns, rows, "parquet")
                runs.append((f"{engine} over {form}, in Parquet", rows))
            else:
                if session is None:
                    from pyspark.sql import SparkSession
                    session = (SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
                               .config("spark.sql.shuffle.partitions", "2").getOrCreate())
                in_spark(session, query, files.replace("*.gz", ""), columns, result)
            runs.append((f"{engine} over {form}", result))
            print(f"{engine} over {form}: {time.time() - started:.1f} s since the start", flush=True)
    wrong = 0
    for name, trail in runs:
        differs = [arn for arn in wanted if proposal(trail, arn) != wanted[arn]]
        print(f"{name}: {len(wanted) - len(differs)} of {len(wanted)} principals the same", flush=True)
        for arn in differs[:1]:
            a, b = json.dumps(wanted[arn], indent=1).splitlines(), json.dumps(proposal(trail, arn), indent=1).splitlines()
            print("\n".join(list(difflib.unified_diff(a, b, "records", name, n=1, lineterm=""))[:40]))
        wrong += len(differs)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
