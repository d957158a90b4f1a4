"""A month as it would go, tried on a real scheduler: python -m scripts.drill."""
