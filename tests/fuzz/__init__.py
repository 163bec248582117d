"""Fuzz targets. They are run by hand, for minutes each; what they found is in the unit tests."""
