//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package report

import (
	"os"
	"syscall"
)

// lock takes the lock of an open file, which goes when the file is closed or its
// process ends. It fails at once when another open file has it, and where the file
// system knows no locks.
func lock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }
