package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

// onSignal returns a context that the first signal cancels; a second one leaves at
// once, with the last words. A terminal that goes away is a signal, too, unless it was
// to be ignored (nohup), and only ever a first one: shells and the kernel send several.
func onSignal(ctx context.Context, last *lastWords) (context.Context, func() os.Signal) {
	ctx, cancel := context.WithCancelCause(ctx)
	signals := make(chan os.Signal, 8)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		cancel(interrupted{<-signals})
		s := insisted(signals)
		if end := last.ends.Load(); end != nil {
			s = (*end)(s, signals)
		}
		fmt.Fprintln(os.Stderr, "\nmsklt: left at once"+last.said())
		os.Exit(signalCode(s))
	}()
	return ctx, func() os.Signal {
		var i interrupted
		if errors.As(context.Cause(ctx), &i) {
			return i.signal
		}
		return nil
	}
}

// insisted waits for a signal of somebody who insists.
func insisted(signals <-chan os.Signal) os.Signal {
	s := <-signals
	for s == syscall.SIGHUP {
		s = <-signals
	}
	return s
}

// endsWithin is how long a run may take, from the second signal on, until it begins to write
// its result.
const endsWithin = 2 * time.Second

// ending lets a run, while it has traffic or waits for answers, end at once with its
// result.
type ending struct {
	leave context.CancelFunc // of what the run waits for
	saves chan struct{}      // closed when the result is being written
}

// await has the run end, and returns when it takes too long, or somebody insists again.
func (e ending) await(s os.Signal, signals <-chan os.Signal) os.Signal {
	e.leave()
	insists := make(chan os.Signal, 1)
	go func() { insists <- insisted(signals) }()
	select {
	case s = <-insists:
		return s
	case <-time.After(endsWithin):
		return s
	case <-e.saves:
	}
	return <-insists
}

// outlivePipes has a write to a pipe that nobody reads any more fail, where it would
// end the process (SIGPIPE): what is on a cluster has to be removed from there.
func outlivePipes() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

// lastWords is what there is to say when the process leaves at once.
type lastWords struct {
	text atomic.Pointer[string]
	// ends has a run end at once with its result; nil where there is none to write. It
	// returns when the process should be left all the same.
	ends atomic.Pointer[func(os.Signal, <-chan os.Signal) os.Signal]
}

func (l *lastWords) set(text string) { l.text.Store(&text) }

func (l *lastWords) said() string {
	if text := l.text.Load(); text != nil {
		return *text
	}
	return ""
}

// interrupted is why a context ends that a signal cancels.
type interrupted struct{ signal os.Signal }

func (i interrupted) Error() string { return i.signal.String() }

func (i interrupted) Is(target error) bool { return target == context.Canceled }

func signalCode(s os.Signal) int {
	switch s {
	case syscall.SIGTERM:
		return exitTerminated
	case syscall.SIGHUP:
		return exitHungUp
	}
	return exitInterrupted
}
