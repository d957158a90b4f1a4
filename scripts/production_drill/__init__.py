"""The production shape, tried natively: python -m scripts.production_drill."""
