//go:build !unix

package generator

import "time"

// processTimes is not known on this system.
func processTimes() (cpu, now time.Duration, ok bool) { return 0, 0, false }
