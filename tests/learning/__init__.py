"""Retraining, end to end: real servers, made pictures, the tiny network's encoder."""
