#!/bin/sh
# Removes near-duplicate documents, and shows that exactly the copies went: sh run.sh [FOLDER]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=${1:-work}
mkdir -p "$work"
cd "$work"

${PYTHON:-python3} "$here/make_dataset.py" docs.jsonl copies.txt

# What would happen, from a sample; nothing is written.
mithril dedup docs.jsonl --dry-run

mithril dedup docs.jsonl -o clean.jsonl --report removed.jsonl --id-key id --force
head -n 1 removed.jsonl

# Which documents are like a new one?
rm -rf clean.index
mithril dedup index build clean.jsonl -o clean.index --id-key id
text=$(head -n 1 clean.jsonl | sed 's/.*"text": "\(.*\)".*/\1/')
mithril dedup index query clean.index --text "$text and more"

# The report names the removed rows by their ids: they are the copies, and no others.
sed 's/^{"id":"\([^"]*\)".*/\1/' removed.jsonl | sort >removed.txt
sort copies.txt | cmp - removed.txt
echo "removed: $(wc -l <removed.txt | tr -d ' ') documents, exactly the copies"
