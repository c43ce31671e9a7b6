"""How people reach the municipality, and how it reaches them."""
