//go:build !linux

package main

import (
	"errors"
	"os"
	"time"
)

func peakMemory(*os.ProcessState) float64 { return unknown }

func cpuSoFar(int) (time.Duration, error) {
	return 0, errors.New("the CPU of a running process is known on Linux only")
}

type usage struct{}

func usageNow([]server) (usage, error) { return usage{}, nil }

func disturbance(usage, usage) string { return "what others used is not known" }
