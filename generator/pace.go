package generator

import (
	"context"
	"sync"
	"time"

	"msklt/internal/limits"
)

// paceShare is the part of a declared limit on connection attempts that a run
// uses: all clients connect at once when traffic starts, and a cluster that refuses
// some makes them try again, which is what the limit is against.
const paceShare = 0.8

// dialPace spaces the connection attempts of all clients of a run.
type dialPace struct {
	gap time.Duration // 0: no limit is declared

	mu   sync.Mutex
	next time.Time
}

func newDialPace(l limits.Limits) *dialPace {
	p := &dialPace{}
	if perSecond := l.Of(limits.ClusterAttempts); perSecond > 0 {
		p.gap = time.Duration(float64(time.Second) / (paceShare * perSecond))
	}
	return p
}

// wait returns when the next attempt may be made.
func (p *dialPace) wait(ctx context.Context) error {
	if p == nil || p.gap == 0 {
		return nil
	}
	p.mu.Lock()
	now := time.Now()
	at := p.next
	if at.Before(now) {
		at = now
	}
	p.next = at.Add(p.gap)
	p.mu.Unlock()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(at.Sub(now)):
		return nil
	}
}
