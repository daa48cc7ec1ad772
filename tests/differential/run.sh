#!/bin/sh
# Compares leastgrant with evaluators that run here. Usage: run.sh [LEASTGRANT]
# Without an argument the program is built first. Needs Python 3.11, and a package index for the first run.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
target="${CARGO_TARGET_DIR:-$root/target}"
mkdir -p "$target/differential"
target=$(cd "$target" && pwd)
work="$target/differential"

if [ $# -gt 0 ]; then
    program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
else
    (cd "$root" && CARGO_TARGET_DIR="$target" cargo build --quiet --locked)
    program="$target/debug/leastgrant"
fi

# The environment is made anew when the pins change.
python="$work/venv/bin/python"
if ! cmp -s "$here/requirements.txt" "$work/venv/requirements.txt"; then
    rm -rf "$work/venv"
    "${PYTHON:-python3}" -m venv "$work/venv"
    "$python" -m pip install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
    cp "$here/requirements.txt" "$work/venv/requirements.txt"
fi

# Nothing may reach a real account, and no file of this machine's AWS configuration is read.
unset AWS_PROFILE AWS_SESSION_TOKEN AWS_DEFAULT_REGION AWS_REGION || true
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_EC2_METADATA_DISABLED=true
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null PYTHONDONTWRITEBYTECODE=1

cd "$here"
"$python" cases.py > "$work/cases.json"

server=
stop() {
    if [ -n "$server" ]; then
        kill "$server" 2> /dev/null || true
        wait "$server" 2> /dev/null || true
    fi
}
trap stop EXIT
trap 'exit 130' INT TERM

port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
AUTH=true BIND_HOST=127.0.0.1 GATEWAY_PORT=$port MINISTACK_ACCOUNT_ID=111122223333 PERSIST_STATE=0 LOG_LEVEL=WARNING \
    SERVICES=iam,sts,s3,sqs,dynamodb,lambda IOT_MTLS_ENABLED=0 SFTP_ENABLED=0 \
    "$work/venv/bin/ministack" > "$work/ministack.log" 2>&1 &
server=$!

if ! "$python" judge_ministack.py "$work/cases.json" "$work/ministack.json" --endpoint "http://127.0.0.1:$port"; then
    tail -n 20 "$work/ministack.log" >&2
    exit 1
fi
"$python" judge_moto.py "$work/cases.json" "$work/moto.json"
"$python" compare.py --leastgrant "$program" --cases "$work/cases.json" "$work/ministack.json" "$work/moto.json"
