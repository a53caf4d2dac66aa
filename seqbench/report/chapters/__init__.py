"""One section of the report a file: from the evidence to charts, tables and what to say about them."""
