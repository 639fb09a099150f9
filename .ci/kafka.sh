#!/usr/bin/env bash
# Prints the folder that holds Apache Kafka's jars, and in old/ those of an old one,
# fetching them if they are not there or were fetched for other pom files.
set -euo pipefail
cd "$(dirname "$0")/.."

pom=internal/kafkatest/pom.xml
old=internal/kafkatest/pom-old.xml
version=$(sed -n '/>kafka_2.13</{n;s/.*<version>\(.*\)<.*/\1/p;}' "$pom")
libs=${XDG_CACHE_HOME:-$HOME/.cache}/msklt/kafka-$version
current() { cmp -s "$pom" "$libs/pom.xml" && cmp -s "$old" "$libs/old/pom.xml"; }
fetch() { # POM FOLDER
	mkdir -p "$2"
	if ! mvn -B -ntp -f "$1" dependency:copy-dependencies \
		-DincludeScope=runtime -DoutputDirectory="$2" </dev/null >"$2/mvn.log" 2>&1; then
		tail -n 40 "$2/mvn.log" >&2
		exit 1
	fi
	cp "$1" "$2/pom.xml"
	chmod 755 "$2"
}

if ! current; then
	echo "fetching Apache Kafka $version into $libs" >&2
	mkdir -p "$(dirname "$libs")"
	new=$(mktemp -d "$libs.XXXXXX")
	trap 'rm -rf "$new"' EXIT
	fetch "$pom" "$new"
	fetch "$old" "$new/old"
	if ! current; then # nobody else was faster
		rm -rf "$libs"
		mv "$new" "$libs"
	fi
fi
echo "$libs"
