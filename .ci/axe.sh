#!/usr/bin/env bash
# Prints the path of axe-core, which the tests of the page's accessibility run in the
# page, fetching it from the npm registry that npm is set up for if it is not there.
set -euo pipefail

version=4.14.1
sha512=1477dafa598d8d065f273d6af302aa203c02e83131707b7fa648cd41bd3d6b734f8c22a0dab86ee6a6f64b8afbe804b214d36db85a2826965edfb3a0b9d546b5 # of the package

axe=${XDG_CACHE_HOME:-$HOME/.cache}/msklt/axe-core-$version.min.js
if [ ! -s "$axe" ]; then
	echo "fetching axe-core $version into $axe" >&2
	mkdir -p "$(dirname "$axe")"
	new=$(mktemp -d "$axe.XXXXXX")
	trap 'rm -rf "$new"' EXIT
	if ! npm pack "axe-core@$version" --silent --pack-destination "$new" </dev/null >"$new/npm.log" 2>&1; then
		cat "$new/npm.log" >&2
		echo "npm could not fetch axe-core $version, which the tests of the page need: npm config get registry tells where it looked" >&2
		exit 1
	fi
	package=$new/axe-core-$version.tgz
	if ! echo "$sha512  $package" | sha512sum --check --status; then
		echo "the registry's axe-core $version is not the one that .ci/axe.sh names by its hash" >&2
		exit 1
	fi
	tar -xzf "$package" -C "$new" package/axe.min.js
	mv "$new/package/axe.min.js" "$axe"
fi
echo "$axe"
