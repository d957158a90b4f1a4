#!/usr/bin/env bash
# Print the path of a Python that the project can use: 3.11 or newer, able to make a venv with pip.
set -euo pipefail

for candidate in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11; do
  [ -n "$candidate" ] || continue
  found="$(command -v "$candidate")" || continue
  if "$found" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    recent="$found"
    if "$found" -c 'import venv, ensurepip' 2>/dev/null; then
      echo "$found"
      exit 0
    fi
  fi
done

if [ -n "${recent:-}" ]; then
  echo "找到 $recent，但它缺少 venv。请先安装：apt-get install python3-venv" >&2
  echo "Found $recent, but it lacks venv. Install it: apt-get install python3-venv" >&2
else
  echo "需要 Python 3.11 或更新版本。请先安装：apt-get install python3 python3-venv" >&2
  echo "Python 3.11 or newer is needed. Install it: apt-get install python3 python3-venv" >&2
fi
exit 2
