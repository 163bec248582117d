"""Adapters that live inside other systems. None is built yet."""
