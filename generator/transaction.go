package generator

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"msklt/report"
	"msklt/scenario"
)

const (
	// transactionTimeout is the Java client's transaction.timeout.ms.
	transactionTimeout = time.Minute
	// transactionRetry is how soon a transaction is tried again that the cluster
	// would not end or begin.
	transactionRetry = time.Second
	// markerTimeout is how long the markers of transactions that have ended may
	// take to appear in the logs: the cluster writes them after its answer.
	markerTimeout = 10 * time.Second
)

// transactions puts the records of one client into transactions, one after the
// other. Ending one takes a while, and meanwhile the client takes no records; it
// is done beside the sending, so that the schedule goes on being attempted.
//
// What is ended leaves a marker in every partition that it wrote to: an offset
// without a record.
type transactions struct {
	settings scenario.Transactions
	client   *kgo.Client
	errors   *errorLog
	now      func() time.Duration
	ctx      context.Context // ends when the run gives up on the cluster
	giveUp   context.CancelFunc
	random   *rand.Rand

	handed int // records of the open transaction; of the sending goroutine

	busy  atomic.Bool // while one is ended and the next begun
	ended chan struct{}

	ledger
	written map[*partitionLoad]written // by the open transaction
	counts  report.Transactions
}

// written is what a transaction wrote to a partition.
type written struct{ acked, failed int64 }

// newTransactions opens the first transaction. Which of them are aborted depends
// on seed, fleet and client alone.
func newTransactions(p *producer, seed uint64, now func() time.Duration) (*transactions, error) {
	t := &transactions{
		settings: p.Settings.Transactions, client: p.client, errors: p.errors, now: now,
		random:  rand.New(rand.NewChaCha8(sha256.Sum256(fmt.Appendf(nil, "%d/%d/%s", seed, p.number, p.Name)))),
		written: map[*partitionLoad]written{}, ended: make(chan struct{}),
	}
	close(t.ended)
	t.ctx, t.giveUp = context.WithCancel(context.Background())
	if err := t.client.BeginTransaction(); err != nil {
		return nil, fmt.Errorf("beginning the first transaction of client %d of fleet %s: %w", p.number, p.Name, err)
	}
	return t, nil
}

// full tells whether the client cannot take records because a transaction ends.
func (t *transactions) full() bool { return t != nil && t.busy.Load() }

// took notes a record that was handed over, and ends the transaction that it
// fills.
func (t *transactions) took() {
	if t == nil {
		return
	}
	if t.handed++; t.handed == t.settings.Records {
		t.end()
	}
}

// end has the open transaction ended, and the next begun.
func (t *transactions) end() {
	t.handed = 0
	t.busy.Store(true)
	t.ended = make(chan struct{})
	abort := t.random.Float64() < t.settings.Aborted
	go func() {
		defer close(t.ended)
		if t.finish(kgo.TransactionEndTry(!abort)) && t.begin() {
			t.busy.Store(false)
		}
	}()
}

// finish ends the transaction once its records are acknowledged or given up. One
// that cannot be committed is aborted. It returns false when the run gives up.
func (t *transactions) finish(commit kgo.TransactionEndTry) bool {
	_ = t.client.Flush(t.ctx) // only the context can end it, which is seen below
	err := t.client.EndTransaction(t.ctx, commit)
	committed := commit == kgo.TryCommit && err == nil
	if err != nil {
		t.errors.add("transaction", err, t.now())
		err = t.client.EndTransaction(t.ctx, kgo.TryAbort)
	}
	for err != nil && t.retry(err) {
		err = t.client.EndTransaction(t.ctx, kgo.TryAbort)
	}
	t.settle(err == nil, committed)
	return err == nil
}

// begin opens the next transaction. It returns false when the run gives up.
func (t *transactions) begin() bool {
	err := t.client.BeginTransaction()
	for err != nil && t.retry(err) {
		err = t.client.BeginTransaction()
	}
	return err == nil
}

// retry counts an error and waits, unless the run gives up.
func (t *transactions) retry(err error) bool {
	if t.ctx.Err() != nil {
		return false
	}
	t.errors.add("transaction", err, t.now())
	select {
	case <-t.ctx.Done():
		return false
	case <-time.After(transactionRetry):
		return true
	}
}

// settle counts a transaction and its markers. The cluster marks each partition
// once, however often it was asked to; where nothing was acknowledged, or no
// answer came, it may not have.
func (t *transactions) settle(ended, committed bool) {
	if !t.enter() {
		return
	}
	defer t.mu.Unlock()
	switch {
	case !ended:
		t.counts.Unknown++
	case committed:
		t.counts.Committed++
	default:
		t.counts.Aborted++
	}
	for load, w := range t.written {
		load.marked(ended && w.acked > 0, !committed, w.acked)
	}
	clear(t.written)
}

// acked notes the fate of a record in the open transaction.
func (t *transactions) acked(load *partitionLoad, ok bool) {
	if t == nil || load == nil {
		return
	}
	if !t.enter() {
		return
	}
	defer t.mu.Unlock()
	w := t.written[load]
	if ok {
		w.acked++
	} else {
		w.failed++
	}
	t.written[load] = w
}

// last ends what is still open when the sending is over. The channel is closed
// when that is done.
func (t *transactions) last() <-chan struct{} {
	if t == nil {
		nothing := make(chan struct{})
		close(nothing)
		return nothing
	}
	if !t.busy.Load() && t.handed > 0 {
		t.end()
	}
	return t.ended
}

// abandon gives up on the cluster's answer.
func (t *transactions) abandon() {
	if t != nil {
		t.giveUp()
		<-t.ended
	}
}

// add counts a client's transactions into its fleet's.
func (t *transactions) add(sum *report.Transactions) *report.Transactions {
	if sum == nil {
		sum = &report.Transactions{}
	}
	sum.Committed += t.counts.Committed
	sum.Aborted += t.counts.Aborted
	sum.Unknown += t.counts.Unknown
	return sum
}
