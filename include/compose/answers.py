"""Health check: does this address answer, and is Airflow's database well?

The scheduler answers with an empty page, or with an error. The API server always answers and reports
on all services; the others have checks of their own, so only the database counts here.
"""

import json
import sys
from urllib.error import URLError
from urllib.request import urlopen


def is_well(address: str) -> bool:
    """Whether a service answers there and does not report its database as unhealthy."""
    try:
        with urlopen(address, timeout=10) as answer:
            body = answer.read()
    except (URLError, OSError):
        return False
    parts = json.loads(body) if body else {}
    return bool(parts.get("metadatabase", {}).get("status", "healthy") == "healthy")


if __name__ == "__main__":
    sys.exit(0 if is_well(sys.argv[1]) else 1)
