package cluster

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/internal/limits"
)

const (
	// connectTimeout is how long Open tries before it says who does not answer.
	connectTimeout = 10 * time.Second
	// attemptTimeout is for one request to one address: longer than a dial may take, so
	// that it is the dialer that says what is wrong.
	attemptTimeout = 6 * time.Second
	// headStart is how long the other addresses may take after the first has answered.
	headStart = time.Second
)

// tooMany tells a login that is refused for the number of logins: it may be let in
// later.
func tooMany(err error) bool {
	return errors.Is(err, kerr.SaslAuthenticationFailed) && limits.TooManyConnects(err.Error())
}

// pause waits a moment; false when the context ends first.
func pause(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(500 * time.Millisecond):
		return true
	}
}

// reach tries all addresses at once, and notes those that answer: one is enough. It
// tries until the deadline, because a cluster may be starting; then it names the
// addresses and what is wrong with the last of them.
func (c *Cluster) reach(ctx context.Context, bootstrap []string) error {
	live, err := c.answering(ctx, bootstrap)
	switch {
	case len(live) == len(bootstrap):
		c.Seeds = live
		return nil
	case len(live) > 0:
		c.Seeds = live
		return c.client.UpdateSeedBrokers(live...)
	case errors.Is(context.Cause(ctx), context.Canceled):
		return context.Cause(ctx)
	case tooMany(err):
		return Errorf("%s let nobody in for %s, for their limits on connections: %w; wait until others connect less", strings.Join(bootstrap, ", "), connectTimeout, err)
	case errors.Is(err, kerr.SaslAuthenticationFailed):
		return Errorf("logging in at %s: %w", strings.Join(bootstrap, ", "), err)
	}
	return Errorf("no Kafka broker answers at %s: %w", strings.Join(bootstrap, ", "), err)
}

// answering returns the addresses that answer, in their order, or what is wrong with one
// where none does.
func (c *Cluster) answering(ctx context.Context, bootstrap []string) (live []string, wrong error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type outcome struct {
		seed int
		err  error
	}
	seeds := c.client.SeedBrokers() // in the order of the addresses
	outcomes := make(chan outcome, len(seeds))
	for i, s := range seeds {
		go func() { outcomes <- outcome{i, untilAnswered(ctx, s)} }()
	}
	answers := make([]bool, len(seeds))
	var late <-chan time.Time // nil until one has answered
	for range seeds {
		select {
		case o := <-outcomes:
			if answers[o.seed] = o.err == nil; o.err != nil {
				wrong = o.err
			} else if late == nil {
				late = time.After(headStart)
			}
			continue
		case <-late:
		}
		break
	}
	for i, ok := range answers {
		if ok {
			live = append(live, bootstrap[i])
		}
	}
	return live, wrong
}

// untilAnswered asks a broker until it answers, refuses the login or the context ends,
// and returns the last error that tells more than that the time is up.
func untilAnswered(ctx context.Context, b *kgo.Broker) (last error) {
	r := kmsg.NewPtrMetadataRequest()
	r.Topics = []kmsg.MetadataRequestTopic{}
	for {
		attempt, cancel := context.WithTimeout(ctx, attemptTimeout)
		_, err := b.Request(attempt, r)
		cancel()
		if err == nil || errors.Is(err, kerr.SaslAuthenticationFailed) && !tooMany(err) {
			return err
		}
		if last == nil || !errors.Is(err, context.DeadlineExceeded) {
			last = err
		}
		if !pause(ctx) {
			return last
		}
	}
}
