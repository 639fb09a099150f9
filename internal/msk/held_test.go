package msk

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// source gives credentials that last lifetime, each under another key.
type source struct {
	lifetime time.Duration // 0: for ever
	takes    time.Duration
	fails    error
	calls    int
}

func (s *source) Retrieve(ctx context.Context) (aws.Credentials, error) {
	s.calls++
	select {
	case <-time.After(s.takes):
	case <-ctx.Done():
		return aws.Credentials{}, ctx.Err()
	}
	if s.fails != nil {
		return aws.Credentials{}, s.fails
	}
	return aws.Credentials{
		AccessKeyID: strconv.Itoa(s.calls), SecretAccessKey: secretKey,
		CanExpire: s.lifetime > 0, Expires: time.Now().Add(s.lifetime),
	}, nil
}

// TestHeld asks once a second and holds when credentials are renewed.
func TestHeld(t *testing.T) {
	for _, c := range []struct {
		name     string
		lifetime time.Duration
		during   time.Duration
		calls    int
		shortest time.Duration // that any credentials returned still lasted
	}{
		{"for ever", 0, 24 * time.Hour, 1, 0},
		{"an hour", time.Hour, 54 * time.Minute, 1, 6 * time.Minute},
		{"an hour, later", time.Hour, 3 * time.Hour, 4, 5*time.Minute + time.Second},
		{"a quarter of an hour", 15 * time.Minute, time.Hour, 7, 5*time.Minute + time.Second},
		{"a minute", time.Minute, 20 * time.Minute, 41, 31 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &source{lifetime: c.lifetime}
				h := newHeld(s)
				shortest := 365 * 24 * time.Hour
				for range c.during/time.Second + 1 {
					got, err := h.Retrieve(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					if got.CanExpire {
						shortest = min(shortest, time.Until(got.Expires))
					}
					time.Sleep(time.Second)
				}
				if s.calls != c.calls || c.lifetime > 0 && shortest != c.shortest {
					t.Errorf("asked %d times, not %d; credentials lasted %v at least, not %v", s.calls, c.calls, shortest, c.shortest)
				}
			})
		})
	}
}

// TestHeldThroughCache holds that the SDK's own cache does not keep credentials to
// their end.
func TestHeldThroughCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{lifetime: time.Hour}
		h := newHeld(aws.NewCredentialsCache(s))
		for range 8 {
			got, err := h.Retrieve(t.Context())
			if err != nil || time.Until(got.Expires) <= 5*time.Minute {
				t.Errorf("credentials of %s end in %v, %v", got.AccessKeyID, time.Until(got.Expires), err)
			}
			time.Sleep(28 * time.Minute)
		}
		if s.calls != 4 {
			t.Errorf("asked %d times", s.calls)
		}
	})
}

// TestHeldFailure holds that credentials that cannot be renewed are used to their end,
// asked for at growing pace and not by every login, and not used beyond it.
func TestHeldFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{lifetime: time.Hour}
		h := newHeld(s)
		if _, err := h.Retrieve(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.fails = errors.New("no way")
		time.Sleep(55*time.Minute - time.Second/2)
		for left := 300; left > 0; left-- {
			time.Sleep(time.Second)
			if got, err := h.Retrieve(t.Context()); err != nil || got.AccessKeyID != "1" {
				t.Fatalf("%d s before the end: %q, %v", left, got.AccessKeyID, err)
			}
		}
		if s.calls > 12 {
			t.Errorf("asked %d times", s.calls)
		}
		time.Sleep(time.Second)
		if _, err := h.Retrieve(t.Context()); !errors.Is(err, s.fails) {
			t.Errorf("after the end: %v", err)
		}
		s.fails = nil
		if _, err := h.Retrieve(t.Context()); err == nil {
			t.Error("asked again at once")
		}
		time.Sleep(time.Second)
		if got, err := h.Retrieve(t.Context()); err != nil || time.Until(got.Expires) != time.Hour {
			t.Errorf("afterwards: %v, %v", got.Expires, err)
		}
	})
}

// TestHeldGivenUp holds that a caller who gives up does not speak for the others.
func TestHeldGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHeld(&source{takes: time.Minute})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := h.Retrieve(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		if _, err := h.Retrieve(t.Context()); err != nil {
			t.Errorf("%v", err)
		}
	})
}

// TestHeldTogether holds that clients that begin together ask once, and that one which
// gives up does not wait for the others.
func TestHeldTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{lifetime: time.Hour, takes: time.Second}
		h := newHeld(s)
		var all sync.WaitGroup
		for i := range 400 {
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				if i == 0 {
					time.Sleep(time.Millisecond) // not the one who asks
					ctx, cancel = context.WithTimeout(ctx, time.Second/2)
					defer cancel()
				}
				if _, err := h.Retrieve(ctx); (err != nil) != (i == 0) {
					t.Errorf("client %d: %v", i, err)
				}
			})
		}
		all.Wait()
		if s.calls != 1 {
			t.Errorf("asked %d times", s.calls)
		}
	})
}
