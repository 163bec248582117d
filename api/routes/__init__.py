"""Routes: each parses, calls one function, renders."""
