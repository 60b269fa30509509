"""HTTP routes on the port of the pages."""
