"""Telephone campaigns on the yeta platform as reviewable code."""

__version__ = "0.1.0"
