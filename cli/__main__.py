"""`python -m cli`: the `ntf` command where the script is not on the path."""

from cli.main import main

main(prog_name="ntf")
