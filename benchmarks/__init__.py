"""What bin/bench runs. Each module has `run(arguments) -> dict`, whose answer is printed as JSON last."""
