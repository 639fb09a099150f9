# make test    everything, as CI runs it; installs what is missing (Debian, root)
# make long    the tests of more than three minutes
# make bench   msklt beside other tools: bench/README.md; BENCH="-rounds 3 paced" for
#              fewer rounds and some of its cases
#
# `go test ./...` needs only Go. It leaves out the tests whose names say that
# they need an outside part or minutes of time (package need says how); run it
# with -v to see which.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.NOTPARALLEL:
.PHONY: test long bench install check race parts

# Packages without a goroutine of their own, as check makes sure: what they work out takes
# minutes under the race detector, which could find nothing. All others run under it.
PURE := internal/compare internal/cost internal/limits report scenario

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

# Runs the tests with one of the words $(1) in their names, one package at a time
# and without the race detector, because they measure; those that only wait are
# t.Parallel() and run after these, four at a time. $(2) are further flags.
define named
@libs=$$(.ci/kafka.sh); axe=$$(.ci/axe.sh); python=$$(.ci/python.sh); \
packages=$$(grep -rlE --include='*_test.go' '^func Test[A-Za-z0-9_]*($(1))' . | xargs -n1 dirname | sort -u); \
set -x; MSKLT_KAFKA_LIBS=$$libs MSKLT_AXE=$$axe MSKLT_PYTHON=$$python go test -p 1 -count=1 -run '$(1)' $(2) $$packages
endef

test: install check race parts

install:
	@.ci/install.sh

check:
	@unformatted=$$("$$(go env GOROOT)/bin/gofmt" -l .); \
	if [ -n "$$unformatted" ]; then echo "gofmt would change:"; echo "$$unformatted"; exit 1; fi
	@if grep -nE --include='*.go' --exclude='*_test.go' -r '^[[:space:]]*go (func|[a-z])|\.Go\(|"sync' $(PURE); then \
	echo "goroutines in a package that the Makefile calls PURE: take it off that list"; exit 1; fi
	go vet ./...
	go run $(STATICCHECK) ./...

race:
	go test -race -timeout 30m $$(go list ./... | grep -vxE '[^/]*/($(subst $() ,|,$(PURE)))')
	go test -timeout 10m $(PURE:%=./%)

parts: export MSKLT_REQUIRE = kafka,chromium,kcat,python,realtime
parts: install
	$(call named,Kafka|Chromium|Kcat|Python|RealTime,-timeout 30m -parallel 4)

long: export MSKLT_REQUIRE = kafka,chromium,kcat,python,realtime,long
long: install
	$(call named,Long,-timeout 60m -v)
	go test -run '^$$' -fuzz FuzzParse -fuzztime 5m -fuzzminimizetime 10x ./scenario
	go test -run '^$$' -fuzz FuzzTarget -fuzztime 2m -fuzzminimizetime 10x ./scenario
	go test -run '^$$' -fuzz FuzzRead -fuzztime 3m -fuzzminimizetime 10x ./report

bench:
	@.ci/install.sh bench
	@libs=$$(.ci/kafka.sh); set -x; MSKLT_KAFKA_LIBS=$$libs go run ./bench $(BENCH)
