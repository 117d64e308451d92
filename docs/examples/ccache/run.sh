#!/bin/sh
# Builds a C project twice through one compile cache: sh run.sh [FOLDER]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "${1:-work}"
work=$(cd "${1:-work}" && pwd)
port=${PORT:-7823}
url=http://127.0.0.1:$port

mithril cache serve --dir "$work/cache" --port "$port" &
server=$!
trap 'kill "$server"; wait "$server" || true' EXIT
until curl -fs "$url/v1/health" >"$work/health.json"; do sleep 0.2; done

ci=$(mithril cache token create --dir "$work/cache" --namespace team --write)
developer=$(mithril cache token create --dir "$work/cache" --namespace team --read)

# build FOLDER TOKEN: a checkout of its own, with an empty local cache.
build() {
  rm -rf "${work:?}/$1"
  cp -r "$here/src" "$work/$1"
  cd "$work/$1"
  export CCACHE_DIR="$work/$1/.ccache" CCACHE_CONFIGPATH=/dev/null
  export CCACHE_REMOTE_STORAGE="$url/ccache|layout=subdirs|bearer-token=$2"
  for source in *.c; do ccache cc -O2 -c "$source" -o "${source%.c}.o"; done
  cc ./*.o -o program
  ./program
  ccache --print-stats | grep -E '^(cache_miss|remote_storage_hit)\b'
}

echo "CI:"
build ci "$ci"
echo "Developer:"
build developer "$developer"
