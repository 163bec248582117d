"""The WSGI application that gunicorn serves: one statement over the settings."""

from api.app import create_app
from scans.logs import set_up_logs
from scans.open_store import refuse_a_wrong_store
from scans.settings import load_settings

set_up_logs()
settings = load_settings()
refuse_a_wrong_store(settings)
app = create_app(settings)
