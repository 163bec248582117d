"""Prints the API's OpenAPI file as JSON, from the code. Needs no server; run it at the root."""

import json
import os
import sys

from api.app import create_app
from api.openapi import complete_openapi
from scans.settings import load_settings

# The application connects to nothing before its first request: these only have to be well-formed.
UNUSED = {
    "NTF_DATABASE_URL": "postgresql://nobody@localhost/none",
    "NTF_BROKER_URL": "redis://localhost:1/0",
    "NTF_SECRET_KEY": "only-used-to-print-the-openapi-file",
    "NTF_IMAGE_FOLDER": "build/no-images",
}

os.environ.update(UNUSED)
app = create_app(load_settings())
with app.app_context():
    json.dump(complete_openapi(app), sys.stdout, indent=1, sort_keys=True)
