"""A client of Natural Trace Forensics: typed by its OpenAPI file, with retries that are safe."""

from ntf_client import models
from ntf_client.client import Client
from ntf_client.problems import ApiProblem, ServerAway, StillOpen

__all__ = ["ApiProblem", "Client", "ServerAway", "StillOpen", "models"]
