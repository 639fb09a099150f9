package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// peakMemory is the most that an ended process had resident, in MB.
func peakMemory(state *os.ProcessState) float64 {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return unknown
	}
	return float64(usage.Maxrss) * 1024 / 1e6 // Linux counts KiB
}

// tick is what Linux counts CPU in when it tells programs, whatever the kernel's own.
const tick = 10 * time.Millisecond

// cpuSoFar is the CPU, user and system, of a process that is still running, to 10 ms.
func cpuSoFar(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("reading the CPU of process %d: %w", pid, err)
	}
	// The second field is the name in parentheses, which may hold spaces.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	const user, system = 11, 12
	if len(fields) <= system {
		return 0, fmt.Errorf("reading the CPU of process %d: %d fields", pid, len(fields))
	}
	var ticks int64
	for _, f := range fields[user : system+1] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("reading the CPU of process %d: %w", pid, err)
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
}
