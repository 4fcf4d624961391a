"""Settings, addresses and entry points: what puts the apps together."""
