package generator

import (
	"slices"
	"sort"
	"time"

	"msklt/internal/wire"
)

// waits is what the records of one producing client wait for. Its tap tells what
// each of its lanes does; when a batch is acknowledged, the time of its records is
// given to what held them up, second by second:
//
//   - from when the client took them until their request begins to leave, by the
//     lane's state; only what keeps the client from sending counts, so that a lane
//     that is open or idle makes it the client's own time (linger, batching);
//   - from then until the answer, by the lane's state; what is neither throttled nor
//     on the network is with the broker.
//
// The time before the client took them is no lane's alone: the buffer was full of all
// lanes' records. So these parts are used as shares only; how much time there is to
// share out is known exactly from the schedule (see [run.spent]).
//
// The lock is taken a few times for each request, never for a record. All times are
// since the observer's origin.
type waits struct {
	origin time.Time
	stamp  int64 // the origin as records' timestamps have it
	window int   // of unanswered requests, once the broker has answered one

	ledger
	lanes   map[string]*lane // by address
	refused map[int]refusal  // partitions with batches that must be sent again
	seconds []parts
	fronts  []front
	ending  time.Duration // when records were last seen to wait for a transaction's end
}

// parts is the time of records, in record-nanoseconds, by what held them up. The
// run's own pace of connecting is the client's, and told apart.
type parts struct{ throttle, broker, network, client, pace float64 }

// batch is what a produce request carries of one partition.
type batch struct {
	partition   int // number over all topics
	records     float64
	first, last time.Duration // intended times of its first and last record
}

// refusal is when the batches of a partition up to one of a time were last heard of:
// refused, or lost with their connection.
type refusal struct{ upTo, at time.Duration }

// front is the first record, by its intended time, that the client had no room for
// at a time.
type front struct{ at, intended time.Duration }

// frontsApart keeps the fronts few: in between they are interpolated.
const frontsApart = 100 * time.Millisecond

// newWaits is for a client that leaves at most window requests unanswered. Its clock
// is made out to be ahead by skew.
func newWaits(origin time.Time, skew time.Duration, window int) *waits {
	return &waits{origin: origin, stamp: origin.Add(skew).UnixMilli(), window: window, lanes: map[string]*lane{}, refused: map[int]refusal{}}
}

// batch reads the head of a batch: the timestamps of the run's records are their
// intended times.
func (w *waits) batch(partition int, b wire.Batch) batch {
	return batch{
		partition: partition, records: float64(b.Records),
		first: time.Duration(b.First-w.stamp) * time.Millisecond, last: time.Duration(b.Last-w.stamp) * time.Millisecond,
	}
}

// change has a lane's clocks run up to now and then changes what it does.
func (w *waits) change(addr string, what func(l *lane, now time.Duration)) {
	if w == nil {
		return
	}
	if !w.enter() {
		return
	}
	defer w.mu.Unlock()
	l, now := w.lane(addr)
	what(l, now)
}

func (w *waits) lane(addr string) (*lane, time.Duration) {
	now := time.Since(w.origin)
	l := w.lanes[addr]
	if l == nil {
		l = newLane(now)
		l.troubled = len(w.refused) > 0
		w.lanes[addr] = l
	}
	l.advance(now)
	return l, now
}

// full notes at a wake-up that the client has no room for a record; caught up again,
// intended is the time of the wake-up itself.
func (w *waits) full(at, intended time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := front{at, intended}
	if at == intended {
		w.ending = 0
	}
	n := len(w.fronts)
	if n >= 2 && at-w.fronts[n-2].at < frontsApart {
		w.fronts[n-1] = f
		return
	}
	if n > 0 && at-w.fronts[0].at > 2*oldMarks {
		i := sort.Search(n, func(i int) bool { return at-w.fronts[i].at <= oldMarks })
		w.fronts = append(w.fronts[:0], w.fronts[i:]...)
	}
	w.fronts = append(w.fronts, f)
}

// transactionEnds notes at a wake-up that so many records wait because a transaction
// ends, which is the cluster's work.
func (w *waits) transactionEnds(at time.Duration, records int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ending > 0 && at-w.ending < time.Second {
		w.second(at).broker += float64(records) * float64(at-w.ending)
	}
	w.ending = at
}

// taken is when the client took a record with an intended time.
func (w *waits) taken(intended time.Duration) time.Duration {
	n := len(w.fronts)
	i := sort.Search(n, func(i int) bool { return w.fronts[i].intended > intended })
	if i == 0 || i == n {
		if i == n && n > 0 {
			return max(intended, w.fronts[n-1].at)
		}
		return intended
	}
	before, after := w.fronts[i-1], w.fronts[i]
	share := float64(intended-before.intended) / float64(after.intended-before.intended)
	return max(intended, before.at+time.Duration(share*float64(after.at-before.at)))
}

// answered gives the time of a request's batches to what held them up. Those that
// were refused will be sent again.
func (w *waits) answered(addr string, x *exchange) {
	if w == nil {
		return
	}
	if !w.enter() {
		return
	}
	defer w.mu.Unlock()
	l, now := w.lane(addr)
	l.end(x)
	l.window = w.window
	l.until = max(l.until, now+x.throttle)
	for _, b := range x.batches {
		w.settle(l, x, b, now, l.path.travel)
		if slices.Contains(x.refused, b.partition) {
			w.refuse(b, now)
		} else if r := w.refused[b.partition]; b.last >= r.upTo && x.began > r.at {
			delete(w.refused, b.partition)
		}
	}
	w.trouble(now)
}

// lost ends a request that will never be answered, because its connection is gone.
func (w *waits) lost(addr string, x *exchange) {
	if w == nil || x.key != wire.Produce {
		return
	}
	if !w.enter() {
		return
	}
	defer w.mu.Unlock()
	l, now := w.lane(addr)
	l.end(x)
	for _, b := range x.batches {
		w.settle(l, x, b, now, 0)
		w.refuse(b, now)
	}
	w.trouble(now)
}

func (w *waits) refuse(b batch, now time.Duration) {
	w.refused[b.partition] = refusal{upTo: max(b.last, w.refused[b.partition].upTo), at: now}
}

// trouble tells the lanes whether batches must be sent again: then what keeps the
// client from it is the cluster.
func (w *waits) trouble(now time.Duration) {
	for _, l := range w.lanes {
		if l.troubled != (len(w.refused) > 0) {
			l.advance(now)
			l.troubled = len(w.refused) > 0
		}
	}
}

// settle gives out the time of a batch's records, from when they were last heard of
// until now. They count as one lump, intended in the middle.
func (w *waits) settle(l *lane, x *exchange, b batch, now, travel time.Duration) {
	from := w.taken((b.first + b.last) / 2)
	if r, ok := w.refused[b.partition]; ok && b.last <= r.upTo {
		from = r.at
	}
	began := max(from, x.began)
	back := max(began, now-travel)
	w.spread(l, from, began, b.records, func(s *parts) (blocked, open *float64) { return &s.broker, &s.client })
	w.spread(l, began, back, b.records, func(s *parts) (blocked, open *float64) { return &s.broker, &s.broker })
	w.spread(l, back, now, b.records, func(s *parts) (blocked, open *float64) { return &s.network, &s.network })
}

// unsettled is what a client waited for of which nothing was acknowledged, as its busiest
// lane has it.
func (w *waits) unsettled() parts {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := parts{client: 1}
	most := time.Duration(0)
	for addr := range w.lanes {
		l, now := w.lane(addr)
		c, rest := l.clocks, now-l.begun
		busy := c.of(throttled) + c.of(moving) + c.of(blocked) + c.of(paced)
		if busy <= most {
			continue
		}
		most = busy
		out = parts{
			throttle: float64(c.of(throttled)), broker: float64(c.of(blocked)), network: float64(c.of(moving)),
			pace: float64(c.of(paced)), client: float64(max(0, rest-busy)),
		}
	}
	return out
}

// spread adds the time of so many records, from one time to another, to the seconds.
// Whose tells who has to answer for a lane that is blocked, and for one that is open or
// idle.
func (w *waits) spread(l *lane, from, to time.Duration, records float64, whose func(*parts) (blocked, open *float64)) {
	for from < to {
		end := min(to, from.Truncate(time.Second)+time.Second)
		d := l.at(end).minus(l.at(from))
		s := w.second(from)
		h, o := whose(s)
		s.throttle += records * float64(d.of(throttled))
		s.network += records * float64(d.of(moving))
		s.pace += records * float64(d.of(paced))
		*h += records * float64(d.of(blocked))
		*o += records * float64(max(0, end-from-d.of(throttled)-d.of(moving)-d.of(blocked)-d.of(paced))) // clocks in between are rounded
		from = end
	}
}

func (w *waits) second(t time.Duration) *parts {
	i := max(0, int(t/time.Second))
	for len(w.seconds) <= i {
		w.seconds = append(w.seconds, parts{})
	}
	return &w.seconds[i]
}
