//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package report

import (
	"errors"
	"os"
)

// lock fails: no run is taken for dead on this system.
func lock(*os.File) error { return errors.ErrUnsupported }
