"""The service's settings: read once from the environment at start, then passed in.

Nothing else in the project reads the environment. Names carry their units. Secrets have no default.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from scans.errors import SettingsInvalid
from scans.s3_address import S3Address, read_s3_address

ENVIRONMENT_PREFIX = "NTF_"


class Settings(BaseSettings):
    """Everything an operator can set, each as the variable `NTF_` + its name in capitals."""

    model_config = SettingsConfigDict(env_prefix=ENVIRONMENT_PREFIX, frozen=True, extra="ignore")

    database_url: str = Field(description="postgresql://user:password@host/database")
    fetch_database_url: str | None = Field(
        default=None,
        description="the address with the role of the workers that fetch; `ntf migrate` alone "
        "reads it, and makes the role",
    )
    broker_url: str = Field(
        description="redis://host:6379/0, or amqp://user:password@host// for RabbitMQ"
    )
    secret_key: SecretStr = Field(min_length=32, description="signs sessions and picture addresses")
    image_folder: Path = Field(description="where image bytes and heatmaps are kept")
    image_store_url: str | None = Field(
        default=None,
        description="s3://bucket/prefix?endpoint=https://host:port keeps them there instead; the "
        "folder is then for what is mapped at the moment, and for models",
    )

    model_path: Path | None = Field(
        default=None, description="a folder that `ntf export` wrote; unset: the shipped one"
    )
    model_store_folder: Path | None = Field(
        default=None,
        description="where retrained models are kept; unset: `models` in the image folder",
    )
    retrain_interval_seconds: PositiveFloat = Field(
        default=86_400.0, description="how often the beat looks whether there are enough labels"
    )
    retrain_min_labels: PositiveInt = Field(
        default=60, description="new labels that start a retraining"
    )
    canary_share: float = Field(
        default=0.1, ge=0, le=1, description="of images, that a candidate judges in the shadow"
    )
    canary_interval_seconds: PositiveFloat = Field(
        default=60.0, description="how often the beat looks at what the shadow has shown"
    )
    canary_min_images: PositiveInt = Field(
        default=200, description="judged in the shadow before a candidate may go live"
    )
    canary_max_reversals: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="share of images on which a canary says the opposite; above, a person decides",
    )
    detector_threads: PositiveInt = Field(default=2, description="CPU threads of one detector")
    detector_device: str = Field(
        default="cpu", description="cpu; cuda or cuda:1 where PyTorch and timm are installed"
    )
    detector_backend: Literal["auto", "onnx", "openvino"] = Field(
        default="auto",
        description="of the CPU; auto measures for two seconds where OpenVINO is installed",
    )
    detect_batch_images: PositiveInt = Field(
        default=4, description="images judged at once; 4 to 8 on a CPU, 32 and more on a GPU"
    )
    detect_batch_wait_seconds: NonNegativeFloat = Field(
        default=0.005, description="how long a batch that is not full waits for more"
    )

    allow_private_addresses: bool = Field(
        default=False, description="fetch from loopback and private networks too"
    )
    fetch_ports: Annotated[frozenset[int], NoDecode] = Field(
        default=frozenset({80, 443}), description="ports that a fetch may use, separated by commas"
    )
    fetch_timeout_seconds: PositiveFloat = Field(default=15.0, description="one fetch, all hops")
    host_requests_per_second: PositiveFloat = Field(
        default=10.0, description="how often all workers together may ask one host"
    )
    webhook_allow_private_addresses: bool = Field(
        default=False, description="send webhooks to loopback and private networks too"
    )
    webhook_ports: Annotated[frozenset[int], NoDecode] = Field(
        default=frozenset({80, 443}), description="ports that webhooks may use, separated by commas"
    )
    webhook_timeout_seconds: PositiveFloat = Field(
        default=15.0, description="one attempt of one delivery"
    )
    max_image_bytes: PositiveInt = Field(default=25 * 1024 * 1024)
    max_image_pixels: PositiveInt = Field(default=64_000_000)
    c2pa_trust_list_path: Path | None = Field(
        default=None, description="PEM file of authorities whose signatures count; unset: none do"
    )
    decode_processes: PositiveInt = Field(default=2, description="decode for one worker process")
    decode_timeout_seconds: PositiveFloat = Field(default=3.0, description="decoding one file")
    decode_memory_bytes: PositiveInt = Field(
        default=960 * 1024 * 1024, description="of one process that decodes; 15 for each pixel"
    )

    lease_seconds: PositiveFloat = Field(
        default=60.0, description="then another worker may take it"
    )
    attempts_cap: PositiveInt = Field(default=4, description="tries of one step of one check")
    retry_delay_seconds: PositiveFloat = Field(default=5.0, description="doubles with each try")
    sweep_interval_seconds: PositiveFloat = Field(default=3.0)
    max_backlog_seconds: PositiveFloat = Field(
        default=600.0, description="of open checks; while there is more, no batch is taken"
    )
    url_verdict_fresh_seconds: PositiveFloat = Field(
        default=3600.0, description="how long a URL's verdict answers for the URL"
    )
    review_spot_check_share: float = Field(
        default=0.02, ge=0, le=1, description="of confident verdicts, for people to look at"
    )
    review_votes_needed: PositiveInt = Field(
        default=1, description="moderators who must say the same before a review is decided"
    )
    review_claim_seconds: PositiveFloat = Field(
        default=600.0, description="then another moderator may take it"
    )
    review_undo_seconds: PositiveFloat = Field(
        default=300.0, description="how long a moderator may take back a decision"
    )
    signed_address_seconds: PositiveInt = Field(default=600, description="life of heatmap links")
    requests_per_minute: PositiveInt = Field(default=12_000, description="of one key")
    reader_requests_per_minute: PositiveInt = Field(default=600, description="of a reader's key")
    trusted_proxy_count: NonNegativeInt = Field(
        default=0, description="proxies in front whose X-Forwarded-For is believed"
    )
    keep_images_days: PositiveInt | None = Field(
        default=None, description="then an image's files are removed; unset: they stay"
    )
    keep_webhook_events_days: PositiveInt = Field(
        default=90, description="how long what was delivered or given up can be listed and replayed"
    )
    secure_cookies: bool = Field(default=False, description="set it where the site is on https")
    traces_endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://[^/]",
        description="where an OpenTelemetry collector takes OTLP/HTTP, http://collector:4318; "
        "unset: no traces",
    )
    traces_share: float = Field(default=1.0, ge=0, le=1, description="of requests, that are traced")
    traces_trust_callers: bool = Field(
        default=False, description="go on with the trace that a caller's `traceparent` names"
    )

    @property
    def models_folder(self) -> Path:
        """Where retrained models are kept."""
        return self.model_store_folder or self.image_folder / "models"

    @property
    def s3_address(self) -> S3Address | None:
        """The bucket that images are kept in, where there is one."""
        return None if self.image_store_url is None else read_s3_address(self.image_store_url)

    @field_validator("image_store_url")
    @classmethod
    def read_store_url(cls, url: str | None) -> str | None:
        """Refuse what names no bucket. Empty is unset, as Compose passes on what nobody set."""
        if not url:
            return None
        read_s3_address(url)
        return url

    @field_validator("database_url", "fetch_database_url")
    @classmethod
    def name_the_driver(cls, url: str | None) -> str | None:
        """Accept the address as every tool writes it, and name the driver that we use."""
        if url is None:
            return None
        scheme, separator, rest = url.partition("://")
        if not separator or scheme not in {"postgresql", "postgres", "postgresql+psycopg"}:
            raise ValueError("must begin with postgresql:// (no other database is supported)")
        return f"postgresql+psycopg://{rest}"

    @field_validator("fetch_ports", "webhook_ports", mode="before")
    @classmethod
    def split_ports(cls, value: object) -> object:
        """Read `80,443`."""
        return [port.strip() for port in value.split(",")] if isinstance(value, str) else value


def load_settings() -> Settings:
    """Read the environment.

    Raises:
        SettingsInvalid: names every variable that is missing or wrong, and why.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsInvalid(describe_problems(error)) from error


def describe_problems(error: ValidationError) -> str:
    """One line for each wrong variable; never its value, which may be a secret."""
    lines = [
        f"  {ENVIRONMENT_PREFIX}{str(problem['loc'][0]).upper()}: {problem['msg']}"
        for problem in error.errors(include_url=False, include_input=False)
    ]
    return "The service cannot start with these settings:\n" + "\n".join(lines)
