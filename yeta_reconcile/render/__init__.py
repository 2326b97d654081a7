"""Values → text, Markdown, JSON. Pure: never prints, reads no clock and no terminal."""
