package kafkatest

import (
	"os/exec"
	"runtime"
	"syscall"
)

// runBound starts a process, reports on started how that went, and waits for its
// end. The process is killed if this one dies, as when go test's deadline passes
// and no cleanup runs.
func runBound(cmd *exec.Cmd, started chan<- error) error {
	// The kernel ties the child to the thread that started it, so that thread must last.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	err := cmd.Start()
	started <- err
	if err != nil {
		return err
	}
	return cmd.Wait()
}
