"""What a month costs, as ratios to floors that are measured beside it: ``make bench``.

One module per room; each has ``GROUP``, the parts that it measures and how they are judged.
"""
