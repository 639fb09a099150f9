package msk

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// early is how long before their end credentials are renewed, at least where they
// last twice as long.
const early = 5 * time.Minute

// held keeps credentials for all clients and renews them before they end, because a
// broker lets a session last no longer than the credentials that began it: the last
// minutes of old ones would make sessions too short to be accepted.
type held struct {
	source aws.CredentialsProvider
	now    atomic.Pointer[aws.Credentials] // nil before there are any

	turn  chan struct{} // whoever fills it may renew
	renew time.Time     // zero: never
}

func newHeld(source aws.CredentialsProvider) *held {
	return &held{source: source, turn: make(chan struct{}, 1)}
}

// Retrieve returns credentials, new ones where those it has are about to end. One
// caller asks AWS and the others wait for it.
func (h *held) Retrieve(ctx context.Context) (aws.Credentials, error) {
	select {
	case h.turn <- struct{}{}:
		defer func() { <-h.turn }()
	case <-ctx.Done():
		return aws.Credentials{}, ctx.Err()
	}
	old := h.now.Load()
	if old != nil && (h.renew.IsZero() || time.Now().Before(h.renew)) {
		return *old, nil
	}
	if cache, ok := h.source.(*aws.CredentialsCache); ok {
		cache.Invalidate() // it would keep them to their very end
	}
	fresh, err := h.source.Retrieve(ctx)
	if err == nil && !fresh.HasKeys() {
		err = errors.New("they are empty")
	}
	if err != nil {
		if old == nil || !time.Now().Before(old.Expires) {
			return aws.Credentials{}, err
		}
		fresh = *old // which still last, and are asked for again later
	}
	h.now.Store(&fresh)
	h.renew = time.Time{}
	if fresh.CanExpire {
		left := time.Until(fresh.Expires)
		h.renew = fresh.Expires.Add(-min(early, left/2))
	}
	return fresh, nil
}

// secrets are the texts that must not be shown.
func (h *held) secrets() (all []string) {
	now := h.now.Load()
	if now == nil {
		return nil
	}
	for _, secret := range []string{now.SecretAccessKey, now.SessionToken} {
		if secret != "" {
			all = append(all, secret)
		}
	}
	return all
}
