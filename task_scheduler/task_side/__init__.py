"""What the helpers are made of: it runs in tasks' environments, on Python 3.8 or later, with the standard library alone."""
