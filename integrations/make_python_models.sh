#!/bin/sh
# Writes the Python client's models from the API's OpenAPI file: make_python_models.sh GENERATOR OPENAPI TARGET
set -eu
exec "$1" --input "$2" --input-file-type openapi --output "$3" \
  --output-model-type typing.TypedDict --target-python-version 3.11 --use-schema-description \
  --disable-timestamp --use-double-quotes --formatters builtin \
  --custom-file-header '"""The bodies of the API. Generated from its OpenAPI file by `make clients`."""'
