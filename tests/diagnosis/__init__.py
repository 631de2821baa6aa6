"""What a student reads about an error."""
