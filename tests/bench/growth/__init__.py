"""How time and memory grow with size: measured, kept, drawn."""
