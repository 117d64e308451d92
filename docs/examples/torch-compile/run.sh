#!/bin/sh
# Runs a compiled model on two "machines" that share a compile cache: sh run.sh [FOLDER]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}
mkdir -p "${1:-work}"
work=$(cd "${1:-work}" && pwd)
port=${PORT:-7823}
url=http://127.0.0.1:$port

mithril cache serve --dir "$work/cache" --port "$port" &
server=$!
trap 'kill "$server"; wait "$server" || true' EXIT
until curl -fs "$url/v1/health" >"$work/health.json"; do sleep 0.2; done

rm -f "$work/ci.key"
public_key=$("$python" -m mithril.cache keygen "$work/ci.key")
export MITHRIL_CACHE_URL="$url" MITHRIL_CACHE_PUBLIC_KEYS="$public_key"

# run NAME: a machine with folders of its own.
run() {
  echo "$1:"
  rm -rf "${work:?}/$1"
  mkdir -p "$work/$1"
  (
    cd "$work/$1"
    export MITHRIL_CACHE_DIR="$work/$1/compile" TORCHINDUCTOR_CACHE_DIR="$work/$1/inductor"
    "$python" "$here/model.py"
    "$python" -m mithril.cache stats
  )
}

MITHRIL_CACHE_TOKEN=$(mithril cache token create --dir "$work/cache" --namespace team --write)
export MITHRIL_CACHE_TOKEN
MITHRIL_CACHE_SIGNING_KEY=$work/ci.key run ci

MITHRIL_CACHE_TOKEN=$(mithril cache token create --dir "$work/cache" --namespace team --read)
run developer
