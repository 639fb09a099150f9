package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// The bare loops are what msklt is held against: the same client library with the
// same options, and nothing around it but a count. Each runs as a process of its
// own, so that its CPU is known, and prints one line of JSON.

// bareOptions says what a bare loop does.
type bareOptions struct {
	bootstrap, topic, group string
	size, batch             int // bytes of a value; most of a batch
	duration                time.Duration
	rate                    int   // records/s; 0 is flat out
	records                 int64 // to read
}

// bareResult is what a bare loop prints. Rates are over Seconds: of producing,
// from the first record until the last acknowledgement; of reading, from the first
// records until the last.
type bareResult struct {
	Records int64   `json:"records"` // acknowledged, or read
	Failed  int64   `json:"failed"`
	Seconds float64 `json:"seconds"`
}

// bare runs one bare loop: "bare produce" or "bare poll".
func bare(ctx context.Context, args []string, stdout io.Writer) error {
	var o bareOptions
	flags := flag.NewFlagSet("bare", flag.ContinueOnError)
	flags.StringVar(&o.bootstrap, "bootstrap", "", "`HOST:PORT` of the cluster")
	flags.StringVar(&o.topic, "topic", "bench", "`topic`, which must be there")
	flags.StringVar(&o.group, "group", "bare", "poll: consumer `group`")
	flags.IntVar(&o.size, "size", 1000, "produce: `bytes` of a value")
	flags.IntVar(&o.batch, "batch", 16<<10, "produce: most `bytes` of a batch")
	flags.DurationVar(&o.duration, "for", 6*time.Second, "produce: how long")
	flags.IntVar(&o.rate, "rate", 0, "produce: `records/s`; 0 is flat out")
	flags.Int64Var(&o.records, "records", 0, "poll: how many `records` to read")
	verb := ""
	if len(args) > 0 {
		verb, args = args[0], args[1:]
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	var r bareResult
	var err error
	switch verb {
	case "produce":
		r, err = bareProduce(ctx, o)
	case "poll":
		r, err = barePoll(ctx, o)
	default:
		return fmt.Errorf("bare %q: want produce or poll", verb)
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(r)
}

// bareBuffer is the client's buffer, as in the scenarios.
const bareBuffer = 32 << 20

// bareProducer sends records whose values differ, and uses each again when it is
// acknowledged.
type bareProducer struct {
	client *kgo.Client
	o      bareOptions

	mu            sync.Mutex
	idle          []*kgo.Record
	acked, failed int64
}

// bareProduce sends for the duration and awaits the acknowledgements. The options
// are those of generator's newProducer for the settings that a scenario has by
// default.
func bareProduce(ctx context.Context, o bareOptions) (bareResult, error) {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(o.bootstrap), kgo.ClientID("bare"), kgo.DisableClientMetrics(),
		kgo.ProducerLinger(5*time.Millisecond), kgo.ProducerBatchMaxBytes(int32(o.batch)), kgo.BrokerMaxWriteBytes(100<<20),
		kgo.MaxBufferedRecords(1<<30), kgo.MaxBufferedBytes(bareBuffer),
		kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)),
		kgo.RecordDeliveryTimeout(2*time.Minute),
		kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.RequiredAcks(kgo.AllISRAcks()),
	)
	if err != nil {
		return bareResult{}, fmt.Errorf("making the client: %w", err)
	}
	defer client.Close()
	p := &bareProducer{client: client, o: o}
	start := time.Now()
	if o.rate > 0 {
		p.paced(ctx, start)
	} else {
		for time.Since(start) < o.duration && ctx.Err() == nil {
			p.send(ctx)
		}
	}
	if err := client.Flush(ctx); err != nil {
		return bareResult{}, fmt.Errorf("awaiting the last acknowledgements: %w", err)
	}
	return bareResult{Records: p.acked, Failed: p.failed, Seconds: time.Since(start).Seconds()}, nil
}

// paced sends what is due once a millisecond.
func (p *bareProducer) paced(ctx context.Context, start time.Time) {
	total := int64(p.o.duration.Seconds() * float64(p.o.rate))
	for sent := int64(0); sent < total && ctx.Err() == nil; {
		due := int64(time.Since(start).Seconds() * float64(p.o.rate))
		for ; sent < min(due, total); sent++ {
			p.send(ctx)
		}
		time.Sleep(time.Millisecond)
	}
}

// send hands a record to the client, which blocks while its buffer is full.
func (p *bareProducer) send(ctx context.Context) {
	p.mu.Lock()
	var r *kgo.Record
	if n := len(p.idle); n > 0 {
		r, p.idle = p.idle[n-1], p.idle[:n-1]
	}
	p.mu.Unlock()
	if r == nil {
		r = &kgo.Record{Value: make([]byte, p.o.size)}
		_, _ = rand.Read(r.Value) // never fails
	}
	*r = kgo.Record{Topic: p.o.topic, Value: r.Value}
	p.client.Produce(ctx, r, p.done)
}

// done is called by the client, in one goroutine, for each record.
func (p *bareProducer) done(r *kgo.Record, err error) {
	p.mu.Lock()
	if err != nil {
		p.failed++
	} else {
		p.acked++
	}
	p.idle = append(p.idle, r)
	p.mu.Unlock()
}

// barePoll reads so many records as the only member of a new group, with the
// options that a scenario's group has by default.
func barePoll(ctx context.Context, o bareOptions) (bareResult, error) {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(o.bootstrap), kgo.ClientID("bare"), kgo.DisableClientMetrics(),
		kgo.ConsumerGroup(o.group), kgo.ConsumeTopics(o.topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchMaxWait(500*time.Millisecond), kgo.FetchMinBytes(1),
		kgo.FetchMaxBytes(50<<20), kgo.FetchMaxPartitionBytes(1<<20),
		kgo.AutoCommitInterval(5*time.Second), kgo.BlockRebalanceOnPoll(), kgo.KeepControlRecords(),
	)
	if err != nil {
		return bareResult{}, fmt.Errorf("making the client: %w", err)
	}
	defer client.Close()
	var r bareResult
	var first, last time.Time
	for r.Records < o.records {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err0(); err != nil {
			return bareResult{}, fmt.Errorf("polling: %w", err)
		}
		last = time.Now()
		if first.IsZero() {
			first = last
		}
		r.Records += int64(fetches.NumRecords())
		client.AllowRebalance()
	}
	r.Seconds = last.Sub(first).Seconds()
	return r, nil
}
