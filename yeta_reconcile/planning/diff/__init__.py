"""Desired against recorded against observed, one campaign at a time: the decision table of the whole tool.

Pure (docs/architecture.md, section 5): it sends and reads nothing. What it decides, `apply` carries out.

Others use `case`, `decide`, `started`, `subject`.
"""
