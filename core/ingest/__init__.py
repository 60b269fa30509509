"""Bytes to typed rows, row issues and what would change."""

from core.compiled import keep_by_sources

keep_by_sources()
