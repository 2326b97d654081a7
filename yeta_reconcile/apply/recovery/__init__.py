"""What a person asks for when state and platform have come apart: import, rebuild, resolve.

Each shows what it would take or settle before it does; none sends a call that rings.

Others use `adopt`, `rebuild`, `resolve`.
"""
