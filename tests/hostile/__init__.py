"""A web host that does everything wrong on purpose, and the tests that fetch from it."""
