"""The life of a wave: its phases as a table, what a look at its task proves, what accounts for its rows.

Pure: time comes in as an argument, and nothing here asks, reads or writes. Whoever moves a phase or
frees a row asks here first (`lifecycle.may_move`, `proof.prove`).

Others use `accounting`, `attributes`, `lifecycle`, `proof`, `readback`, `recalls`, `record`, `renames`,
`rounds`, `traffic`.
"""
