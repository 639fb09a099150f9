package generator

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"msklt/internal/limits"
)

// TestDialPace lets attempts through at four fifths of the limit, and gives up with
// the context.
func TestDialPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newDialPace(limits.Limits{Values: map[limits.Name]float64{limits.ClusterAttempts: 100}})
		begin := time.Now()
		for range 41 {
			if err := p.wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(begin); took != 500*time.Millisecond {
			t.Errorf("40 gaps at 80 a second took %s, want 500 ms", took)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := p.wait(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		begin = time.Now()
		for range 1000 {
			if err := newDialPace(limits.Limits{}).wait(t.Context()); err != nil || time.Since(begin) > 0 {
				t.Fatalf("without a limit: %v after %s", err, time.Since(begin))
			}
		}
	})
}

// TestFleetPace spaces a fleet's attempts at its own rate, and never beyond what
// the run may make.
func TestFleetPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := newDialPace(limits.Limits{Values: map[limits.Name]float64{limits.ClusterAttempts: 100}})
		slow, fast := all.fleet(10), all.fleet(1000)
		begin := time.Now()
		for i := range 21 {
			if err := slow.wait(t.Context()); err != nil || time.Since(begin) != time.Duration(i)*100*time.Millisecond {
				t.Fatalf("attempt %d after %s, %v", i, time.Since(begin), err)
			}
		}
		begin = time.Now()
		for range 41 {
			if err := fast.wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		// One more gap: the run's last attempt was just now.
		if took := time.Since(begin); took != 512500*time.Microsecond {
			t.Errorf("41 attempts at 80 a second took %s, want 512.5 ms", took)
		}
		if all.fleet(0) != all {
			t.Error("a fleet without a rate has a pace of its own")
		}
	})
}

// TestDialPause holds that nobody can dial an address where nobody listens as fast
// as the machine can, and that who gives up need not wait.
func TestDialPause(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	begin := time.Now()
	if _, err := Patient(dialTCP)(t.Context(), "tcp", l.Addr().String()); err == nil || time.Since(begin) < redialPause {
		t.Errorf("%v after %s, want an error after %s", err, time.Since(begin), redialPause)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Patient(dialTCP)(gone, "tcp", l.Addr().String()); err == nil {
		t.Error("connected without a context")
	}
}
