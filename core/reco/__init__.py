"""Facts to a ranked list with reasons."""

from core.compiled import keep_by_sources

keep_by_sources()
