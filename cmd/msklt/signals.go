package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
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
		s := <-signals
		for s == syscall.SIGHUP {
			s = <-signals
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

// outlivePipes has a write to a pipe that nobody reads any more fail, where it would
// end the process (SIGPIPE): what is on a cluster has to be removed from there.
func outlivePipes() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

// lastWords is what there is to say when the process leaves at once.
type lastWords struct{ text atomic.Pointer[string] }

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
