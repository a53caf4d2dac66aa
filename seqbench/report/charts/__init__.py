"""One chart a file: functions from the evidence to a drawn `Chart`, without files or pages."""
