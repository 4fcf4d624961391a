"""What staff fill in; each form parses, and leaves deciding to the services."""
