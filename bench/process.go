package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const (
	// peerTimeout bounds one run of a peer; the longest takes half a minute on an
	// idle machine.
	peerTimeout = 3 * time.Minute
	// stopTimeout is how long a process has to end when it is asked to.
	stopTimeout = 15 * time.Second
	errorTail   = 2000 // bytes of what a failed process said
)

// finished is a process that ran to its end.
type finished struct {
	stdout string
	stderr string
	cpu    time.Duration // user and system, of the process and what it waited for
	memory float64       // MB, peak resident
	exit   int
}

// execute runs a command to its end. An exit code is no error: what it means
// depends on the command.
func execute(ctx context.Context, args ...string) (finished, error) {
	ctx, cancel := context.WithTimeout(ctx, peerTimeout)
	defer cancel()
	cmd := command(ctx, args...)
	var out, diagnostics bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &diagnostics
	err := cmd.Run()
	if ctx.Err() != nil {
		return finished{}, fmt.Errorf("running %s: %w", args[0], ctx.Err())
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return finished{}, fmt.Errorf("running %s: %w", args[0], err)
	}
	return finished{
		stdout: out.String(), stderr: diagnostics.String(), exit: cmd.ProcessState.ExitCode(),
		cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), memory: peakMemory(cmd.ProcessState),
	}, nil
}

// succeed executes a program that is to end with exit code 0.
func succeed(ctx context.Context, what string, args ...string) (finished, error) {
	f, err := execute(ctx, args...)
	if err == nil && f.exit != 0 {
		err = f.failed(what)
	}
	return f, err
}

// command ends with the context: asked at first, killed when it does not listen.
func command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopTimeout
	return cmd
}

// failed is the error of a process that should have ended well.
func (f finished) failed(name string) error {
	return fmt.Errorf("%s ended with exit code %d: %s", name, f.exit, strings.TrimSpace(tail(f.stderr)))
}

func tail(s string) string { return s[max(0, len(s)-errorTail):] }

// server is a process that runs until it is stopped.
type server struct {
	address string
	pid     int
	stop    func()
}

// announced starts a process that prints its address on stdout as soon as it is
// ready.
func announced(ctx context.Context, args ...string) (server, error) {
	ctx, cancel := context.WithCancel(ctx)
	cmd := command(ctx, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		cancel()
		return server{}, fmt.Errorf("starting %s: %w", args[0], err)
	}
	stop := func() {
		cancel()
		_ = cmd.Wait() // it ends by a signal
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		stop()
		return server{}, fmt.Errorf("starting %s: it named no address: %w", args[0], err)
	}
	return server{address: strings.TrimSpace(line), pid: cmd.Process.Pid, stop: stop}, nil
}
