"""Presets: small typed configurations, one for each network that is trained."""

from ntf.presets.config import PRESETS, Preset

__all__ = ["PRESETS", "Preset"]
