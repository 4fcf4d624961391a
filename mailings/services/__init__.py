"""Every change to a campaign: writing, approving, freezing, sending."""
