package generator

import (
	"context"
	"errors"
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
