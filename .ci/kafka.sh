#!/usr/bin/env bash
# Prints the folder that holds Apache Kafka's jars, fetching them if they are not
# there or were fetched for another pom.xml.
set -euo pipefail
cd "$(dirname "$0")/.."

pom=internal/kafkatest/pom.xml
version=$(sed -n '/>kafka_2.13</{n;s/.*<version>\(.*\)<.*/\1/p;}' "$pom")
libs=${XDG_CACHE_HOME:-$HOME/.cache}/msklt/kafka-$version
current() { cmp -s "$pom" "$libs/pom.xml"; }

if ! current; then
	echo "fetching Apache Kafka $version into $libs" >&2
	mkdir -p "$(dirname "$libs")"
	new=$(mktemp -d "$libs.XXXXXX")
	trap 'rm -rf "$new"' EXIT
	if ! mvn -B -ntp -f "$pom" dependency:copy-dependencies \
		-DincludeScope=runtime -DoutputDirectory="$new" </dev/null >"$new/mvn.log" 2>&1; then
		tail -n 40 "$new/mvn.log" >&2
		exit 1
	fi
	cp "$pom" "$new/"
	chmod 755 "$new"
	if ! current; then # nobody else was faster
		rm -rf "$libs"
		mv "$new" "$libs"
	fi
fi
echo "$libs"
