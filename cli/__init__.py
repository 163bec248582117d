"""The `ntf` command: each subcommand is a thin file, like a route."""
