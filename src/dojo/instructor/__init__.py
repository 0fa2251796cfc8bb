"""What an instructor uses: assignments, releases, grading a class, giving back."""
