"""Long-lived work over the ports; each service has the same `start()` and `stop()`."""
