//go:build !linux

package kafkatest

import "os/exec"

// runBound starts a process, reports on started how that went, and waits for its end.
func runBound(cmd *exec.Cmd, started chan<- error) error {
	err := cmd.Start()
	started <- err
	if err != nil {
		return err
	}
	return cmd.Wait()
}
