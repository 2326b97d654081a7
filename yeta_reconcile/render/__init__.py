"""Values → text, Markdown, JSON. Pure: it never prints, reads no clock and no terminal."""
