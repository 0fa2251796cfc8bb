"""What a candidate uses every evening: watch, what comes next, mock interviews, progress."""
