"""Generators' settings count in their own form and place, and nowhere else."""

import json
import zlib

import pytest

from images.provenance.claims import FileClaim
from images.provenance.read import read_provenance
from images.provenance.trust_list import NO_TRUST_LIST
from tests.unit.images.made_images import encode, make_noise
from tests.unit.images.provenance.carriers import (
    WEB_UI,
    exif_block,
    jpeg_with,
    png_chunk,
    png_texts,
    png_with,
    saved_with_exif,
    text_chunk,
)

COMFY_PROMPT = json.dumps(
    {"3": {"class_type": "KSampler", "inputs": {"seed": 1}}, "4": {"class_type": "X", "inputs": {}}}
)
COMFY_SCALES = json.dumps({"1": {"class_type": "ImageScale", "inputs": {}}})
COMFY_WORKFLOW = json.dumps({"nodes": [{"type": "KSampler"}], "links": []})
INVOKE = json.dumps(
    {"app_version": "5.1", "generation_mode": "txt2img", "model": {"name": "Dreamy"}, "seed": 1}
)
INVOKE_OLD = json.dumps({"model": "stable diffusion", "app_id": "invoke-ai/InvokeAI", "image": {}})
NOVEL = json.dumps({"steps": 28, "sampler": "k_euler", "seed": 5, "prompt": "x"})
FOOOCUS = {"prompt": "x", "seed": "1", "sampler": "dpm", "base_model": "jugger", "steps": 30}


def said(content: bytes, media_type: str = "image/png") -> list[FileClaim]:
    claims = read_provenance(content, media_type, NO_TRUST_LIST)
    return [claim for claim in claims if claim.kind == "generator_text"]


def user_comment(text: str) -> bytes:
    return exif_block({}, b"UNICODE\0" + text.encode("utf-16-be"))


@pytest.mark.parametrize(
    ("texts", "who", "tool"),
    [
        ({"parameters": WEB_UI}, "a Stable Diffusion web UI", "dreamy_v3"),
        ({"prompt": COMFY_PROMPT, "workflow": COMFY_WORKFLOW}, "ComfyUI", None),
        ({"workflow": COMFY_WORKFLOW}, "ComfyUI", None),
        ({"invokeai_metadata": INVOKE}, "InvokeAI", "Dreamy"),
        ({"sd_metadata": INVOKE_OLD}, "InvokeAI", None),
        ({"Dream": '"a fox" -s 50 -S 42 -W 512 -H 512 -C 7.5 -A k_lms'}, "InvokeAI", None),
        (
            {"Software": "NovelAI", "Source": "NovelAI Diffusion V4", "Comment": NOVEL},
            "NovelAI",
            "NovelAI Diffusion V4",
        ),
        (
            {"parameters": json.dumps(FOOOCUS), "fooocus_scheme": "fooocus"},
            "Fooocus",
            "jugger",
        ),
        ({"parameters": f"{WEB_UI}, Version: Fooocus v2.5.0"}, "Fooocus", "dreamy_v3"),
        ({"parameters": json.dumps({**FOOOCUS, "version": "Fooocus v2"})}, "Fooocus", "jugger"),
    ],
)
def test_each_generator_is_known_by_its_text(
    texts: dict[str, str], who: str, tool: str | None
) -> None:
    assert said(png_texts(**texts)) == [FileClaim("generator_text", "declared", who=who, tool=tool)]


def test_a_workflow_without_a_sampler_only_processed_the_picture() -> None:
    (claim,) = said(png_texts(prompt=COMFY_SCALES))
    assert claim.state == "processed"


@pytest.mark.parametrize("format_name", ["JPEG", "WEBP", "AVIF", "PNG", "TIFF"])
def test_the_web_ui_writes_to_the_user_comment_of_other_formats(format_name: str) -> None:
    content = saved_with_exif(format_name, user_comment(WEB_UI))
    (claim,) = said(content, f"image/{format_name.lower()}")
    assert (claim.who, claim.tool) == ("a Stable Diffusion web UI", "dreamy_v3")


def test_comments_of_jpeg_and_gif_are_read() -> None:
    assert said(jpeg_with((0xFE, WEB_UI.encode())))[0].who == "a Stable Diffusion web UI"
    gif = encode(make_noise(1), "GIF", comment=WEB_UI.encode())
    assert said(gif)[0].who == "a Stable Diffusion web UI"


def test_comfyui_and_novelai_and_fooocus_in_exif() -> None:
    comfy = exif_block({0x0110: f"prompt:{COMFY_PROMPT}", 0x010F: f"workflow:{COMFY_WORKFLOW}"})
    claims = read_provenance(saved_with_exif("WEBP", comfy), "image/webp", NO_TRUST_LIST)
    assert [(claim.kind, claim.who) for claim in claims[1:]] == [("generator_text", "ComfyUI")]
    novel = user_comment(json.dumps({"Software": "NovelAI", "Comment": NOVEL, "Source": "V4"}))
    assert said(saved_with_exif("WEBP", novel))[0].who == "NovelAI"
    fooocus = exif_block({0x0131: "Fooocus v2.5"}, b"ASCII\0\0\0" + WEB_UI.encode())
    assert said(saved_with_exif("JPEG", fooocus))[0].who == "a Stable Diffusion web UI"


def test_compressed_texts_are_read_and_bombs_are_not() -> None:
    packed = zlib.compress(WEB_UI.encode())
    ztxt = png_chunk(b"zTXt", b"parameters\0\0" + packed)
    itxt = png_chunk(b"iTXt", b"parameters\0\1\0\0\0" + packed)
    assert said(png_with(ztxt))[0].state == "declared"
    assert said(png_with(itxt))[0].state == "declared"
    bomb = zlib.compress(WEB_UI.encode() + bytes(40 << 20))
    (claim,) = said(png_with(png_chunk(b"zTXt", b"parameters\0\0" + bomb)))
    assert claim.state == "unreadable"


@pytest.mark.parametrize(
    "content",
    [
        png_texts(parameters="a photograph taken with these parameters: Steps of stone"),
        png_texts(parameters="Steps: 20, Sampler: x"),
        png_texts(Description=WEB_UI),
        png_texts(prompt="{}", workflow="{}"),
        png_texts(prompt='{"a": {"class_type": 5}}'),
        png_texts(Software="NovelAI"),
        png_texts(parameters="[" * 100_000),
        png_texts(prompt='{"a":' * 100_000),
        png_with(png_chunk(b"teXt", b"parameters\0" + WEB_UI.encode())),
        # A wrong checksum: no reader of PNG takes that chunk.
        png_with(text_chunk("parameters", WEB_UI)[:-1] + b"!"),
    ],
    ids=range(10),
)
def test_what_is_not_in_a_generators_form_is_no_claim(content: bytes) -> None:
    assert said(content) == []


@pytest.mark.parametrize("format_name", ["PNG", "JPEG", "WEBP", "GIF", "AVIF", "TIFF", "BMP"])
@pytest.mark.parametrize("tail", [b"parameters\0" + WEB_UI.encode(), b"NovelAI c2pa!"])
def test_bytes_after_the_picture_flip_nothing(format_name: str, tail: bytes) -> None:
    plain = encode(make_noise(1), format_name)
    media_type = f"image/{format_name.lower()}"
    before = read_provenance(plain, media_type, NO_TRUST_LIST)
    assert len(before) == 1
    assert read_provenance(plain + tail, media_type, NO_TRUST_LIST) == before
    whole = text_chunk("parameters", WEB_UI)
    assert read_provenance(plain + whole, media_type, NO_TRUST_LIST) == before


def test_a_text_inside_pixel_data_flips_nothing() -> None:
    raw = png_chunk(b"tEXt", b"parameters\0" + WEB_UI.encode())
    stored = zlib.compress(raw * 3, 0)
    assert b"parameters" in stored
    inside = png_with(png_chunk(b"IDAT", stored))
    assert said(inside) == []
    jpeg = encode(make_noise(1), "JPEG")
    segment = b"\xff\xfe" + (len(WEB_UI) + 2).to_bytes(2, "big") + WEB_UI.encode()
    assert said(jpeg[:-2] + segment + jpeg[-2:], "image/jpeg") == []
    gif = encode(make_noise(1), "GIF")
    assert said(gif[:-1] + b";" + b"\x21\xfe\x0bparameters!\0;", "image/gif") == []
