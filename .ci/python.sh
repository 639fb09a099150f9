#!/usr/bin/env bash
# Prints the path of a Python that has the packages of python.txt, in an environment of
# its own, making that if it is not there or was made for another list.
set -euo pipefail
cd "$(dirname "$0")"

python=${XDG_CACHE_HOME:-$HOME/.cache}/msklt/python-$(sha256sum python.txt | cut -c1-12)
if [ ! -e "$python/whole" ]; then
	echo "installing $(tr '\n' ' ' <python.txt)into $python" >&2
	rm -rf "$python"
	mkdir -p "$python"
	if ! { python3 -m venv "$python" && "$python/bin/pip" install --quiet --disable-pip-version-check -r python.txt; } </dev/null >"$python/log" 2>&1; then
		tail -n 40 "$python/log" >&2
		exit 1
	fi
	touch "$python/whole"
fi
echo "$python/bin/python"
