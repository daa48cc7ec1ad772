"""What the example scenarios are made of. See ../generate.py."""
