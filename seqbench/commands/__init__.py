"""What each command does: the glue between a person at a terminal and the layers below."""
