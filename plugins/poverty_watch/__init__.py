"""Poverty Watch: the library behind the monthly monitoring of rural households."""
