"""Mutation testing of the rooms that decide and send: `make mutants`, or `python -m tests.mutants --help`."""
