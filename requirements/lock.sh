#!/bin/sh
# Pins everything for every supported Python at once. No index addresses are written.
set -eu
bin=$1
here=$(dirname "$0")
lock() {
  "$bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-header --no-annotate "$@"
}
lock pyproject.toml --output-file "$here/run.txt"
lock "$here/traces.in" --constraint "$here/run.txt" --output-file "$here/traces.txt"
lock "$here/build.in" --output-file "$here/build.txt"
lock "$here/s3.in" --constraint "$here/run.txt" --output-file "$here/s3.txt"
lock "$here/test.in" --constraint "$here/run.txt" --output-file "$here/test.txt"
lock "$here/train.in" --constraint "$here/run.txt" --output-file "$here/train.txt"
lock "$here/bench.in" --constraint "$here/run.txt" --constraint "$here/test.txt" \
  --constraint "$here/train.txt" --output-file "$here/bench.txt"
# The clients of other systems, which `pytest -m integrations` runs; never part of the plain install.
lock "$here/integrations.in" --constraint "$here/run.txt" --constraint "$here/test.txt" \
  --output-file "$here/integrations.txt"
