"""A release, step by step; `python -m tests.release` takes them all."""
