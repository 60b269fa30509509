"""Bytes to typed rows, row issues and what would change."""
