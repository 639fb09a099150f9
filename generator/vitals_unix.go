//go:build unix

package generator

import (
	"syscall"
	"time"
)

// processTimes is the processor time that this process has used, and the time by
// the system's clock.
func processTimes() (cpu, machine time.Duration, ok bool) {
	var used syscall.Rusage
	var now syscall.Timeval
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) != nil || syscall.Gettimeofday(&now) != nil {
		return 0, 0, false
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()), time.Duration(now.Nano()), true
}
