"""The WSGI application that gunicorn serves: one statement over the settings."""

from api.app import create_app
from scans.logs import set_up_logs
from scans.settings import load_settings

set_up_logs()
app = create_app(load_settings())
