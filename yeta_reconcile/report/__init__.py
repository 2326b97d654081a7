"""The report: what owners of a campaign look at, as one page. `gather` reads the state, `page` writes HTML.

It decides nothing, changes nothing and asks no platform; no number of a person gets into its values.

Others use `gather`, `page`.
"""
