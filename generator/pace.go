package generator

import (
	"context"
	"net"
	"sync"
	"time"

	"msklt/internal/limits"
)

// dialPace spaces the connection attempts of all clients of a run, or of one fleet
// within those.
type dialPace struct {
	gap    time.Duration // 0: attempts are not spaced
	within *dialPace     // waited for too; nil for the run's own

	mu   sync.Mutex
	next time.Time
}

func newDialPace(l limits.Limits) *dialPace {
	p := &dialPace{}
	if perSecond := limits.PacedAttempts(l); perSecond > 0 {
		p.gap = time.Duration(float64(time.Second) / perSecond)
	}
	return p
}

// fleet is the pace of a fleet that makes so many attempts per second; 0 is as
// many as the run makes.
func (p *dialPace) fleet(perSecond float64) *dialPace {
	if perSecond == 0 {
		return p
	}
	return &dialPace{gap: time.Duration(float64(time.Second) / perSecond), within: p}
}

// takes is how long so many attempts take at the least.
func (p *dialPace) takes(attempts int) time.Duration {
	if p == nil {
		return 0
	}
	return max(time.Duration(attempts)*p.gap, p.within.takes(attempts))
}

// queue is how long the last of the attempts that wait now has to wait.
func (p *dialPace) queue() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(0, time.Until(p.next)-p.gap)
}

// wait returns when the next attempt may be made.
func (p *dialPace) wait(ctx context.Context) error {
	if p == nil {
		return nil
	}
	if err := p.space(ctx); err != nil {
		return err
	}
	return p.within.wait(ctx)
}

func (p *dialPace) space(ctx context.Context) error {
	if p.gap == 0 {
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

const (
	dialTimeout = 10 * time.Second
	// redialPause is the Java client's reconnect.backoff.ms: the least time from an
	// attempt that fails to the next.
	redialPause = 50 * time.Millisecond
)

// Dialer opens a connection.
type Dialer func(ctx context.Context, network, addr string) (net.Conn, error)

func dialTCP(ctx context.Context, network, addr string) (net.Conn, error) {
	return (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, network, addr)
}

// Paced is a dialer whose attempts keep within the limits on them, as a run's do.
func Paced(dial Dialer, l limits.Limits) Dialer {
	pace := newDialPace(l)
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		if err := pace.wait(ctx); err != nil {
			return nil, err
		}
		return dial(ctx, network, addr)
	}
}

// Patient is a dialer whose attempts that fail take redialPause at least: franz-go
// asks at once again for a transaction's producer id, and would dial a coordinator
// that is down as fast as the machine can.
func Patient(dial Dialer) Dialer {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		pause := time.After(redialPause)
		conn, err := dial(ctx, network, addr)
		if err != nil {
			select {
			case <-pause:
			case <-ctx.Done():
			}
		}
		return conn, err
	}
}
