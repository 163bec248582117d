"""Unit tests of `images/`: no network, made images only."""
