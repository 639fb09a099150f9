#!/usr/bin/env bash
# Installs what the tests need and this machine lacks, from Debian's packages; with
# "bench" also what the benchmark needs.
set -euo pipefail

lacking=()
want() { # COMMAND PACKAGE...
	command -v "$1" >/dev/null || lacking+=("${@:2}")
}
want java default-jdk-headless
want javac default-jdk-headless
want mvn maven
want chromium chromium fonts-liberation
want npm npm # fetches axe-core
want kcat kcat
if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
	lacking+=(python3-venv)
fi
want gcc gcc libc6-dev # the race detector
if [ "${1:-}" = bench ] && [ ! -e /usr/share/doc/librdkafka-dev/examples/rdkafka_performance.c ]; then
	lacking+=(librdkafka-dev)
fi

if [ ${#lacking[@]} -gt 0 ]; then
	if ! command -v apt-get >/dev/null; then
		echo "the tests need these, under whatever name this system gives them: ${lacking[*]} (Debian's names; make test installs them by itself only on Debian)" >&2
		exit 1
	fi
	if [ "$(id -u)" -ne 0 ]; then
		echo "the tests need packages that only root can install; run: sudo apt-get install ${lacking[*]}" >&2
		exit 1
	fi
	echo "installing ${lacking[*]}"
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq
	apt-get install -qq -y --no-install-recommends "${lacking[@]}" >/dev/null
fi

java_release=$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p')
if [ "${java_release:-0}" -lt 17 ]; then
	echo "Apache Kafka needs Java 17 or later; java is ${java_release:-of an unknown release}" >&2
	exit 1
fi
