//go:build unix

package generator

import (
	"syscall"
	"time"
)

// processTimes is the processor time that this process has used, and the time since
// 1970 by the system's clock.
func processTimes() (cpu, now time.Duration, ok bool) {
	var used syscall.Rusage
	var clock syscall.Timeval
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) != nil || syscall.Gettimeofday(&clock) != nil {
		return 0, 0, false
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()), time.Duration(clock.Nano()), true
}
