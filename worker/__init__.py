"""Celery: the steps between a stored check and its verdict, one at a time, in the flow's order."""
