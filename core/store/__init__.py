"""The only place that knows the persistent database, connections and tenants."""
