"""Figures of a detector on a split that it was not made from, with what is uncertain about them."""
