"""Task files: noticing them, and telling from their text what they declare without running them."""
