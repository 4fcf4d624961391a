"""Every change to people and permission: typed functions that own their transaction."""
