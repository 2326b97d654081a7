"""A plan as frozen data: its changes and reasons, its JSON, and whether a saved one still holds.

Pure. It does not know how a plan came about, nor how one is carried out.

Others use `foresight`, `plan`, `plan_json`, `staleness`.
"""
