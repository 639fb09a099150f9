package generator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"msklt/internal/cluster"
)

// connectTimeout is how much longer than its rate says a fleet may take to
// connect. The rest connects during the traffic, and its errors are counted.
const connectTimeout = 30 * time.Second

// connect has clients connect before the traffic: those of fleets with a rate of
// their own, which would otherwise take it out of the first records' response
// times, and those with transactions, which an application starts by asking for a
// producer id.
func (r *run) connect(ctx context.Context) error {
	for _, f := range r.fleets {
		s := f.Settings
		if s.ConnectRate == 0 && s.Transactions.Records == 0 {
			continue
		}
		if err := r.connectFleet(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) connectFleet(ctx context.Context, f *fleet) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	var done atomic.Int64
	for _, p := range r.producer {
		if p.fleet != f {
			continue
		}
		all.Go(func() {
			if err := p.connect(ctx, r.leaders(f)); denied(err) {
				cancel(cluster.Errorf("connecting client %d of fleet %s: %w", p.number, f.Name, err))
			}
			done.Add(1)
		})
	}
	finished := make(chan struct{})
	go func() { all.Wait(); close(finished) }()
	patience := time.After(connectTimeout + f.connecting(len(r.cluster.Brokers)))
	for {
		r.say(fmt.Sprintf("connecting fleet %s: %d of %d clients", f.Name, done.Load(), f.Clients))
		select {
		case <-finished:
			return context.Cause(ctx)
		case <-patience:
			cancel(nil)
			<-finished
			return nil
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// connecting is how long the fleet's rate makes its clients take: each opens a
// connection to a bootstrap address and up to two to each broker.
func (f *fleet) connecting(brokers int) time.Duration {
	if f.Settings.ConnectRate == 0 {
		return 0
	}
	return time.Duration(float64(f.Clients*(1+2*brokers)) / f.Settings.ConnectRate * float64(time.Second))
}

// leaders are the brokers that a fleet sends to.
func (r *run) leaders(f *fleet) []int32 {
	var out []int32
	for _, t := range r.topicsNamed(f.Topic) {
		out = append(out, t.Leaders...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// connect opens a client's connections: it learns its topics and its producer id,
// as with the first record.
func (p *producer) connect(ctx context.Context, brokers []int32) error {
	if p.Settings.Idempotent {
		if _, _, err := p.client.ProducerID(ctx); err != nil {
			return err
		}
	}
	if err := p.learn(ctx); err != nil {
		return err
	}
	return p.client.EnsureProduceConnectionIsOpen(ctx, brokers...)
}

// learn has the client ask for its topics, which it does for a record only. The
// record is cancelled beforehand, so that it is never sent.
func (p *producer) learn(ctx context.Context) error {
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	for _, t := range p.topics {
		p.client.Produce(cancelled, &kgo.Record{Topic: t.topic}, nil)
	}
	for _, t := range p.topics {
		for {
			leader, _, err := p.client.PartitionLeader(t.topic, 0)
			if leader >= 0 {
				break
			}
			select {
			case <-ctx.Done():
				return errors.Join(err, ctx.Err())
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
	return nil
}

// denied tells whether the cluster refuses a client for good.
func denied(err error) bool {
	return errors.Is(err, kerr.TransactionalIDAuthorizationFailed) || errors.Is(err, kerr.ClusterAuthorizationFailed) ||
		errors.Is(err, kerr.InvalidTransactionTimeout)
}
