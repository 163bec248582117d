"""The losses of both stages, one module for each."""
