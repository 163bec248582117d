"""The links at the top of every page: those that the role of the signed-in person opens."""

from dataclasses import dataclass

from flask import Flask, g, request

from scans.keys import KeyHolder
from scans.roles import Right, may


@dataclass(frozen=True, slots=True)
class SiteLink:
    """One link.

    Attributes:
        right: that a role needs to see it.
    """

    endpoint: str
    words: str
    right: Right

    @property
    def is_current(self) -> bool:
        """Whether this request is for that page, or for one below it."""
        return request.blueprint == self.endpoint.split(".")[0]


LINKS = (
    SiteLink("review_pages.show_queue", "Reviews", Right.REVIEW),
    SiteLink("model_pages.show_models", "Models", Right.REVIEW),
    SiteLink("policy_pages.show_policy", "Policies", Right.MANAGE),
    SiteLink("administration.show", "People and keys", Right.MANAGE),
)


def offer_links(app: Flask) -> None:
    """Give `site_links` to the templates; None where nobody is signed in."""

    @app.context_processor
    def links_of_holder() -> dict[str, list[SiteLink] | None]:
        holder: KeyHolder | None = g.get("holder")
        if holder is None:
            return {"site_links": None}
        return {"site_links": [link for link in LINKS if may(holder.role, link.right)]}
