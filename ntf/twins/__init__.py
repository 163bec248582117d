"""Aligned twins: a real photograph that went through a decoder, and differs in its traces alone."""
