package kafkatest

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A copy of this test binary starts a process and exits without ending it.
func TestBoundProcessDiesWithItsParent(t *testing.T) {
	if os.Getenv("KAFKATEST_DIE") != "" {
		child := exec.Command("sleep", "600")
		started := make(chan error)
		go runBound(child, started)
		if err := <-started; err != nil {
			t.Fatal(err)
		}
		os.Stdout.WriteString("pid=" + strconv.Itoa(child.Process.Pid) + "\n")
		os.Exit(0)
	}
	parent := exec.Command(os.Args[0], "-test.run=^TestBoundProcessDiesWithItsParent$")
	parent.Env = append(os.Environ(), "KAFKATEST_DIE=1")
	out, err := parent.Output()
	if err != nil {
		t.Fatalf("running the parent: %v", err)
	}
	text, _, _ := strings.Cut(strings.TrimPrefix(string(out), "pid="), "\n")
	pid, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("the parent printed %q", out)
	}
	for deadline := time.Now().Add(time.Minute); alive(pid); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			syscall.Kill(pid, syscall.SIGKILL)
			t.Fatalf("process %d outlived its parent", pid)
		}
	}
}

// alive tells whether a process runs; one that only waits to be collected does not.
func alive(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(stat), ") Z ")
}
