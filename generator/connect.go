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

// connectTimeout is how much longer than their pace says the fleets may take to
// connect. The rest connects during the traffic, and its errors are counted.
const connectTimeout = 30 * time.Second

// connect has clients connect before the traffic: those whose attempts to connect are
// spaced, which would otherwise wait for their turn in the response times of their
// first records, and those with transactions, which an application starts by asking
// for a producer id. Connections of others that wait for their turn then, such as a
// group's to the brokers that it reads from, come before the traffic as well.
func (r *run) connect(ctx context.Context) error {
	until := time.Now().Add(connectTimeout)
	for _, f := range r.fleets {
		s := f.Settings
		if r.pace.gap == 0 && s.ConnectRate == 0 && s.Transactions.Records == 0 {
			continue
		}
		until = until.Add(f.pace.takes(f.Clients * (1 + 2*len(r.cluster.Brokers)))) // to a bootstrap address, and up to two to each broker
		if err := r.connectFleet(ctx, f, until); err != nil {
			return err
		}
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(r.pace.queue()):
		return nil
	}
}

func (r *run) connectFleet(ctx context.Context, f *fleet, until time.Time) error {
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
	patience := time.After(time.Until(until))
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

// leaders are the brokers that a fleet sends to.
func (r *run) leaders(f *fleet) []int32 {
	var out []int32
	for _, t := range r.topicsNamed(f.Topic) {
		if f.Partition.Fixed {
			out = append(out, t.Leaders[f.Partition.Number])
			continue
		}
		out = append(out, t.Leaders...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// connect opens a client's connections, and tries again those that fail.
func (p *producer) connect(ctx context.Context, brokers []int32) error {
	for fails := 1; ; fails++ {
		err := p.open(ctx, brokers)
		if err == nil || denied(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(backoff(fails)):
		}
	}
}

// open has a client learn its topics, then its producer id, then connect to its
// leaders: in the order of a first record, so that each goes by the connection that it
// would go by then.
func (p *producer) open(ctx context.Context, brokers []int32) error {
	if err := p.learn(ctx); err != nil {
		return err
	}
	if p.Settings.Idempotent {
		if _, _, err := p.client.ProducerID(ctx); err != nil {
			return err
		}
	}
	return p.client.EnsureProduceConnectionIsOpen(ctx, slices.Clone(brokers)...)
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
