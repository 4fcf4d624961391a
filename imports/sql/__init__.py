"""Set-based statements over staged rows; the number of statements does not grow with the rows."""
