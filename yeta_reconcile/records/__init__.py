"""Pushes → facts about calls and people, and back out: inbox folding, backfill, exports, recordings.

It folds in any order, twice or late, to the same facts. It does not answer the platform (`receiver`) and
decides nothing about campaigns.

Others use `backfill`, `dialog`, `export`, `payload`, `persons`, `projector`, `recordings`, `sheet`.
"""
