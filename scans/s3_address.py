"""The address of an S3-compatible store, read from one line.

`s3://bucket/prefix?endpoint=https://host:port&region=name`; without an endpoint it is Amazon's own.
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

# Amazon's rules for general purpose buckets, which every other store keeps to or widens.
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
PREFIX = re.compile(r"(?:[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*)?")
REGION = re.compile(r"[a-z0-9-]+")
PARAMETERS = {"endpoint", "region"}


@dataclass(frozen=True, slots=True)
class S3Address:
    """Where objects lie.

    Attributes:
        prefix: what every name begins with, without a slash at either end; may be empty.
        endpoint: `http://host:port` or `https://…` of the server; None for Amazon's own.
        region: as the server names it; None leaves it to AWS's own settings.
    """

    bucket: str
    prefix: str
    endpoint: str | None
    region: str | None


def read_s3_address(url: str) -> S3Address:
    """Read the line that an operator set.

    Raises:
        ValueError: says what is wrong with it, without repeating it.
    """
    parts = urlsplit(url)
    if parts.scheme != "s3":
        raise ValueError("must begin with s3:// (unset it to keep images in the folder)")
    if "@" in parts.netloc:
        raise ValueError("must not hold keys; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    if not BUCKET.fullmatch(parts.netloc):
        raise ValueError("must name a bucket: s3://bucket/prefix?endpoint=https://host:port")
    prefix = parts.path.strip("/")
    if not PREFIX.fullmatch(prefix):
        raise ValueError("the prefix may have letters, digits, dots, dashes and single slashes")
    try:
        pairs = parse_qsl(parts.query, strict_parsing=bool(parts.query), keep_blank_values=True)
    except ValueError as error:
        raise ValueError("after ? it takes endpoint=… and region=… alone") from error
    given = dict(pairs)
    if parts.fragment or len(given) != len(pairs) or not set(given) <= PARAMETERS:
        raise ValueError("after ? it takes endpoint=… and region=… alone, each once")
    region = given.get("region")
    if region is not None and not REGION.fullmatch(region):
        raise ValueError("the region is a name such as eu-central-1")
    endpoint = given.get("endpoint")
    return S3Address(
        parts.netloc, prefix, None if endpoint is None else read_endpoint(endpoint), region
    )


def read_endpoint(url: str) -> str:
    """The server's address, a scheme and a host and no more.

    Raises:
        ValueError: it is no such address.
    """
    wrong = ValueError("the endpoint must be http://host:port or https://host:port, and no more")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise wrong from error
    rest = (parts.username, parts.password, parts.path.strip("/"), parts.query, parts.fragment)
    if parts.scheme not in {"http", "https"} or not parts.hostname or any(rest) or port == 0:
        raise wrong
    return f"{parts.scheme}://{parts.netloc}"
