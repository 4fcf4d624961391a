"""From a spreadsheet to staged rows to records."""
