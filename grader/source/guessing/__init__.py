"""Values that nobody gives: from names, from what a class does with its parameters, from what the submission has."""
