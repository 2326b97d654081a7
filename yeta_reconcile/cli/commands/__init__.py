"""One module a command: its options, what it opens, calls and says. None imports another."""
