"""The Flask application, from its settings."""

from flask import Flask, Response
from flask_openapi3 import OpenAPI
from flask_openapi3_redoc.plugins import RegisterPlugin
from werkzeug.middleware.proxy_fix import ProxyFix

from api.errors import answer_invalid, register_errors
from api.idempotency import answer_repetitions
from api.metrics import time_requests
from api.openapi import INFO, SECURITY_SCHEMES, describe_check_bodies
from api.rate_limits import tell_budget
from api.request_ids import name_requests
from api.routes import (
    administration,
    batches,
    checks,
    connections,
    coop,
    feedback,
    hive,
    images,
    invitations,
    keys,
    mastodon,
    matrix,
    model_pages,
    models,
    operations,
    ozone,
    pages,
    pict_rs,
    pictures,
    policy_pages,
    review_pages,
    reviews,
    sessions,
    similar,
    verdicts,
    webhooks,
)
from api.services import EXTENSION, open_services
from api.site_links import offer_links
from api.traces import trace_requests
from scans.ended_sessions import SESSION_LIFETIME
from scans.settings import Settings

FORM_OVERHEAD_BYTES = 64 * 1024
# Everything that a page of ours loads is ours; nothing may frame it.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)


def create_app(settings: Settings) -> OpenAPI:
    """Put the application together; it connects to nothing before its first request."""
    app = OpenAPI(
        __name__,
        info=INFO,
        security_schemes=SECURITY_SCHEMES,
        validation_error_callback=answer_invalid,
        doc_ui=False,
    )
    configure(app, settings)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # answers read in their models' order
    app.extensions[EXTENSION] = opened = open_services(settings)
    register_errors(app, settings.max_image_bytes)
    name_requests(app)
    trace_requests(app, opened.traces, trust_callers=settings.traces_trust_callers)
    time_requests(app)
    answer_repetitions(app)
    offer_links(app)
    for api in (
        checks,
        similar,
        batches,
        verdicts,
        feedback,
        reviews,
        models,
        webhooks,
        coop,
        keys,
        invitations,
        images,
        connections,
    ):
        app.register_api(api.routes)
    for page in (
        administration,
        review_pages,
        model_pages,
        policy_pages,
        pages,
        sessions,
        pictures,
        operations,
    ):
        app.register_blueprint(page.routes)
    for receiver in (hive, pict_rs, mastodon, matrix, ozone):
        app.register_blueprint(receiver.routes)
    app.register_blueprint(RegisterPlugin.register(doc_url="../openapi.json"), url_prefix="/docs")
    describe_check_bodies(app)
    app.after_request(tell_budget)
    app.after_request(set_security_headers)
    # `X-Forwarded-For` is believed of the proxies that the operator named, and of nobody else.
    if settings.trusted_proxy_count:
        count = settings.trusted_proxy_count
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=0)  # type: ignore[method-assign]
    return app


def configure(app: Flask, settings: Settings) -> None:
    """Flask's own settings."""
    app.config.update(
        SECRET_KEY=settings.secret_key.get_secret_value(),
        SESSION_COOKIE_NAME="ntf_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        # A cookie that was stolen ends with the working day, whatever its thief does.
        PERMANENT_SESSION_LIFETIME=SESSION_LIFETIME,
        MAX_CONTENT_LENGTH=settings.max_image_bytes + FORM_OVERHEAD_BYTES,
        MAX_FORM_PARTS=16,
    )


def set_security_headers(response: Response) -> Response:
    """Headers for whatever a browser shows of ours; a route may have set its own policy."""
    response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    # Not `no-referrer`: with it, browsers send `Origin: null` with our own forms.
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    return response
