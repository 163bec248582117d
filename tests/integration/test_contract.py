"""The API against its own OpenAPI file, with whatever schemathesis thinks of."""

import pytest
import schemathesis
from flask_openapi3 import OpenAPI
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance
from sqlalchemy.orm import Session, sessionmaker

from tests.integration.conftest import make_key

pytestmark = pytest.mark.contract
OPERATIONS = [
    "requestCheck",
    "readCheck",
    "listChecks",
    "requestBatch",
    "readBatch",
    "giveFeedback",
    "appealCheck",
    "listReviews",
    "readReview",
    "claimNextReview",
    "claimReview",
    "releaseReview",
    "decideReview",
    "undoDecision",
    "readStatement",
    "listSimilarImages",
    "findVerdict",
    "listModels",
    "listWebhooks",
    "createWebhook",
    "readWebhook",
    "changeWebhook",
    "removeWebhook",
    "rotateWebhook",
    "testWebhook",
    "listDeliveries",
    "replayDelivery",
    "requestCheckOfCoopItem",
    "connectCoop",
    "createCoopTarget",
    "takeCoopAction",
    "listConnections",
    "createConnection",
    "removeConnection",
    "listErrands",
    "replayErrand",
]
ADMIN_OPERATIONS = ["listKeys", "createKey", "revokeKey", "rotateKey", "createInvitation"]
OPERATIONS += [*ADMIN_OPERATIONS, "acceptInvitation", "eraseImage"]


# Werkzeug leaves the file of a large form open where no server closes its requests.
@pytest.mark.filterwarnings("ignore:Exception ignored:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.parametrize("name", OPERATIONS)
def test_every_answer_is_as_described(
    app: OpenAPI, sessions: sessionmaker[Session], name: str
) -> None:
    # A role that opens every call.
    headers = {"Authorization": f"Bearer {make_key(sessions, 'tenant one', role='admin')}"}
    schema = schemathesis.openapi.from_wsgi("/openapi.json", app)
    operation = schema.find_operation_by_id(name)

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def ask(case: schemathesis.Case) -> None:
        case.call_and_validate(
            headers=headers,
            # Which addresses can be fetched is more than a schema can say.
            excluded_checks=[positive_data_acceptance],
        )

    ask()


def test_no_operation_is_left_out(app: OpenAPI) -> None:
    schema = schemathesis.openapi.from_wsgi("/openapi.json", app)
    found = {result.ok().definition.raw["operationId"] for result in schema.get_all_operations()}
    assert found == set(OPERATIONS)
