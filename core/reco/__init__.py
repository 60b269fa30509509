"""Facts to a ranked list with reasons."""
