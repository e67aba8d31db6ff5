"""What stands on each page of the report, as views."""
