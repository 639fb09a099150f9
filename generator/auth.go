package generator

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/sasl"
)

// logins is the mechanism by which all clients of a run log in, under watch:
// credentials that expire in mid-run must show.
type logins struct {
	sasl.Mechanism
	run *run

	mu    sync.Mutex
	since time.Duration // of the first refusal, while some are refused
	count int           // refusals since then
	why   error         // the first
}

// Authenticate begins to log in at a broker: on a new connection, and again on an
// old one when what the broker granted is about to expire.
func (l *logins) Authenticate(ctx context.Context, host string) (sasl.Session, []byte, error) {
	s, first, err := l.Mechanism.Authenticate(ctx, host)
	if err != nil {
		return nil, nil, loginError{fmt.Errorf("credentials: %w", err)}
	}
	return &login{s, l}, first, nil
}

// login is one login at one broker.
type login struct {
	sasl.Session
	of *logins
}

// Challenge is called with the broker's answer, unless that is a refusal.
func (l *login) Challenge(answer []byte) (bool, []byte, error) {
	done, next, err := l.Session.Challenge(answer)
	switch {
	case err != nil:
		return done, next, loginError{err}
	case done:
		l.of.accepted()
	}
	return done, next, nil
}

// loginError is an error of the mechanism.
type loginError struct{ error }

func (e loginError) Unwrap() error { return e.error }

// refusedLogin tells whether a connection failed for its credentials.
func refusedLogin(err error) bool {
	var own loginError
	return errors.As(err, &own) || errors.Is(err, kerr.SaslAuthenticationFailed) ||
		errors.Is(err, kerr.UnsupportedSaslMechanism) || errors.Is(err, kerr.IllegalSaslState)
}

// refused counts a login that failed.
func (l *logins) refused(err error) {
	now := l.run.clock.now()
	l.run.errors.add("auth", err, now)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.count++; l.count == 1 {
		l.since, l.why = now, err
	}
}

// accepted ends what refused began.
func (l *logins) accepted() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.count > 0 {
		l.event(l.run.clock.now())
	}
}

// close tells of refusals that nothing ended.
func (l *logins) close() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.count > 0 {
		l.event(0)
	}
}

func (l *logins) event(until time.Duration) {
	l.run.events.add("auth", l.since, until, -1, fmt.Sprintf("%d logins refused: %v", l.count, l.why))
	l.count = 0
}
