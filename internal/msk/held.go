package msk

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// early is how long before their end credentials are renewed, at least where they
// last twice as long; pause is the least time between two questions.
const (
	early = 5 * time.Minute
	pause = time.Second
)

// held keeps credentials for all clients and renews them before they end, because a
// broker lets a session last no longer than the credentials that began it: the last
// minutes of old ones would make sessions too short to be accepted.
type held struct {
	source aws.CredentialsProvider
	now    atomic.Pointer[aws.Credentials] // nil before there are any

	turn   chan struct{} // whoever fills it may read and write what follows
	ask    time.Time     // not before, where there is something to answer with
	failed error         // of the last question, where it left nothing
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
	lasts := old != nil && (!old.CanExpire || time.Now().Before(old.Expires))
	switch due := !time.Now().Before(h.ask); {
	case lasts && (!old.CanExpire || !due):
		return *old, nil
	case !lasts && h.failed != nil && !due:
		return aws.Credentials{}, h.failed
	}
	fresh, err := h.fetch(ctx)
	switch {
	case err == nil:
		h.now.Store(&fresh)
	case lasts:
		fresh, err = *old, nil // and asked for again later
	case ctx.Err() == nil:
		h.failed = err // else it was this caller who gave up
	}
	left := time.Until(fresh.Expires)
	h.ask = time.Now().Add(max(pause, left-min(early, left/2)))
	return fresh, err
}

// fetch asks the source.
func (h *held) fetch(ctx context.Context) (aws.Credentials, error) {
	if cache, ok := h.source.(*aws.CredentialsCache); ok {
		cache.Invalidate() // it would keep them to their very end
	}
	fresh, err := h.source.Retrieve(ctx)
	if err == nil && !fresh.HasKeys() {
		err = errors.New("they are empty")
	}
	if err == nil && fresh.CanExpire && time.Since(fresh.Expires) > time.Second { // it is in whole seconds
		err = fmt.Errorf("they have expired, at %s; get new ones, or set this machine's clock if it is wrong", fresh.Expires.UTC().Format(time.RFC3339))
	}
	h.failed = nil
	return fresh, err
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
