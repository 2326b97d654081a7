"""The catalogues of the tool's texts: how they are made (`make catalogues`), and that they are whole."""
