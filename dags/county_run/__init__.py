"""What the tasks of a month do: each opens the installation and calls one function of the library."""
