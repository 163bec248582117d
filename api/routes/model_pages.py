"""`/models`: where each model stands, what every step found, how the labels do, for people."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from api.authentication import csrf_token, require_moderator, signed_in_holder
from api.services import services
from scans.drift_rows import list_drift
from scans.models import list_models, list_reports
from scans.retraining_rows import list_retrainings

routes = Blueprint("model_pages", __name__)
MODELS_SHOWN, REPORTS_SHOWN, RUNS_SHOWN, WEEKS_SHOWN = 20, 60, 20, 24


@routes.get("/models")
def show_models() -> ResponseReturnValue:
    """Models serve all tenants; of drift, a tenant sees its own."""
    if signed_in_holder() is None:
        return render_template("sign_in.html", problem=None, csrf_token=csrf_token())
    moderator = require_moderator()
    with services().sessions.begin() as session:
        return render_template(
            "models.html",
            models=list_models(session)[:MODELS_SHOWN],
            reports=list_reports(session, REPORTS_SHOWN),
            runs=list_retrainings(session, RUNS_SHOWN),
            drift=list_drift(session, moderator.tenant_id, WEEKS_SHOWN),
        )
