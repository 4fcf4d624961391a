"""Commands of `bin/manage`."""
