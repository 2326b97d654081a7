"""Forecasts held against what the emulated platform then does, on its virtual clock."""
