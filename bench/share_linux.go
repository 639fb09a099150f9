package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// usage is what the processors have done since the machine started, and how much of
// it was this benchmark's.
type usage struct{ all, idle, stolen, own time.Duration }

// usageNow counts the processes that have ended, this one, and the sinks. What the
// kernel does for the loopback interface outside of any process is not told apart.
func usageNow(sinks []server) (usage, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return usage{}, fmt.Errorf("reading what the processors do: %w", err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	var u usage
	const idle, waiting, stolen, guest = 3, 4, 7, 8 // fields; guests' time is in the others already
	for i, f := range strings.Fields(line)[1:] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return usage{}, fmt.Errorf("reading what the processors do: %w", err)
		}
		t := time.Duration(n) * tick
		switch {
		case i >= guest:
			continue
		case i == idle || i == waiting:
			u.idle += t
		case i == stolen:
			u.stolen += t
		}
		u.all += t
	}
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var r syscall.Rusage
		if err := syscall.Getrusage(who, &r); err != nil {
			return usage{}, fmt.Errorf("reading this benchmark's CPU: %w", err)
		}
		u.own += time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	for _, s := range sinks {
		t, err := cpuSoFar(s.pid)
		if err != nil {
			return usage{}, err
		}
		u.own += t
	}
	return u, nil
}

// disturbance says what part of the processors others had between two times.
func disturbance(from, to usage) string {
	all := float64(to.all - from.all)
	if all <= 0 {
		return "what others used is not known"
	}
	stolen := float64(to.stolen - from.stolen)
	others := all - stolen - float64(to.idle-from.idle) - float64(to.own-from.own)
	return fmt.Sprintf("others used %.0f %% of the processors, the host withheld %.0f %%", 100*max(0, others)/all, 100*stolen/all)
}
