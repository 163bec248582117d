"""Untrusted bytes to safe pixels: fetch, address guard, decode, hashes. Judges nothing."""
