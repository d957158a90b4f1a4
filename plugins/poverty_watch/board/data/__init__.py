"""What the pages show, as data: read from ledger and lake, a page's worth at a time."""
