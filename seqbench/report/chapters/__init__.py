"""One section of the report per file: from the evidence to charts, tables and text."""
