package main

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
)

// machine describes where and with what the tables were made.
func (b *bench) machine(ctx context.Context) string {
	var s strings.Builder
	line := func(what, value string) {
		if value == "" {
			value = "not known"
		}
		fmt.Fprintf(&s, "| %s | %s |\n", what, value)
	}
	s.WriteString("| | |\n|---|---|\n")
	line("processors", fmt.Sprintf("%d × %s", runtime.NumCPU(), inFile("/proc/cpuinfo", `(?m)^model name\s*:\s*(.*)$`)))
	line("memory", inFile("/proc/meminfo", `(?m)^MemTotal:\s*(.*)$`))
	line("kernel", inFile("/proc/version", `^(Linux version \S+)`))
	line("msklt", b.firstLine(ctx, `^(.*)`, "git", "describe", "--always", "--dirty"))
	line("Go", runtime.Version())
	line("franz-go", moduleVersion("github.com/twmb/franz-go"))
	line("Java", b.firstLine(ctx, `version "([^"]*)"`, "java", "-version"))
	line("Apache Kafka and its tools", inFile(b.jars+"/pom.xml", `kafka_2.13</artifactId>\s*<version>([^<]*)<`))
	line("librdkafka", b.firstLine(ctx, `librdkafka version (\S+)`, b.rdkafka))
	return s.String()
}

// firstLine is the first match in what a program prints; "" when it cannot be run.
func (b *bench) firstLine(ctx context.Context, pattern string, args ...string) string {
	if args[0] == "" {
		return ""
	}
	f, err := execute(ctx, args...)
	if err != nil {
		return ""
	}
	return firstMatch(f.stdout+f.stderr, pattern)
}

func inFile(path, pattern string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return firstMatch(string(text), pattern)
}

func firstMatch(text, pattern string) string {
	found := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if found == nil {
		return ""
	}
	return strings.TrimSpace(found[1])
}

func moduleVersion(path string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, m := range info.Deps {
		if m.Path == path {
			return m.Version
		}
	}
	return ""
}
