"""Pieces of single pages, and the words and small parts that several pages share."""
