"""`make bench`: what this project costs, beside what the same work costs without it."""
