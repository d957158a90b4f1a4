"""Facts: what departments delivered and what was computed from it, as immutable Parquet."""
