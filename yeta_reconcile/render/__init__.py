"""Values → text, Markdown, JSON. Pure: it never prints, reads no clock and no terminal.

Others use `alike`, `annotations`, `markdown`, `overview`, `report`, `reports`, `table`, `text`,
`words`.
"""
