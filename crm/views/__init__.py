"""The pages of staff: each parses, calls one service and answers."""
