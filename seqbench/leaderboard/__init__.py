"""What all results together say: a table for each task and protocol, as a Markdown page, an offline page, a picture."""
