"""SQL whose plan matters: one function per statement, with what goes in, what comes out and the index it uses."""
