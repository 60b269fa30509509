"""Batch entry points over the services."""
