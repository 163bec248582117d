"""What callers rely on in the error tree: codes, and what may be tried again."""

from collections.abc import Iterator

import images.errors as errors
from images.errors import (
    DecoderUnavailable,
    DecodeTimedOut,
    FetchFailed,
    FetchTimedOut,
    HostBusy,
    ImageError,
)


def all_errors(root: type[ImageError] = ImageError) -> Iterator[type[ImageError]]:
    yield root
    for child in root.__subclasses__():
        yield from all_errors(child)


def test_every_error_has_its_own_code() -> None:
    codes = [error.code for error in all_errors()]
    assert len(set(codes)) == len(codes) > 10


def test_only_passing_faults_are_retried() -> None:
    assert {error for error in all_errors() if error.retryable} == {
        FetchFailed,
        FetchTimedOut,
        HostBusy,
        DecodeTimedOut,
        DecoderUnavailable,
    }


def test_the_tree_is_in_one_file() -> None:
    assert {error.__module__ for error in all_errors()} == {errors.__name__}
