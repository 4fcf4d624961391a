"""One module for each kind of installation: development, test, production."""
