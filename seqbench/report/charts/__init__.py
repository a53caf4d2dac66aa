"""One chart per file: functions from the evidence to a drawn `Chart`, free of files and pages."""
