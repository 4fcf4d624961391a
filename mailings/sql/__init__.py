"""The statements of the queue: who gets it, which messages, whose turn it is, and what became of them."""
