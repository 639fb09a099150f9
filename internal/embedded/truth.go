package embedded

import (
	"cmp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/internal/limits"
	"msklt/internal/wire"
)

// maxCells bounds the truth's memory to about 40 MB: ten hours of twelve busy
// partitions. Beyond it the oldest half is dropped, and a row says so.
const maxCells = 1 << 19

// tally is what one scope saw in one second, or in all.
type tally struct {
	recordsIn, bytesIn, bytesOut, requests int64
	attempts, refused, logins              int32
	connections                            int32 // most open at once
}

func (t *tally) add(o tally) {
	t.recordsIn += o.recordsIn
	t.bytesIn += o.bytesIn
	t.bytesOut += o.bytesOut
	t.requests += o.requests
	t.attempts += o.attempts
	t.refused += o.refused
	t.logins += o.logins
	t.connections = max(t.connections, o.connections)
}

// truthLog collects tallies per whole wall-clock second. The wall clock is read
// once; after that, time is monotonic.
type truthLog struct {
	anchor  time.Time
	second  int64 // the one that runs
	touched []*scope
	cells   []cell // of seconds past

	throttles     map[throttleKey]*throttleTally // of the running second
	throttleCells []throttleCell

	refusals     map[refusalKey]int64 // of the running second
	refusalCells []refusalCell

	faults []*fault

	dropped       int64 // cells
	droppedSecond int64 // the last that is incomplete
}

type cell struct {
	second int64
	scope  *scope
	broker int32 // which it was then
	tally
}

// throttleKey says what a throttle came from and whom it met.
type throttleKey struct {
	limit  limits.Name
	scope  *scope // whose limit it was
	client string
	broker int32
	api    string
}

// fault is one that was injected.
type fault struct {
	at        time.Duration
	kind      string
	broker    int32 // -1: all
	topic     string
	partition int32
	api       string
	lasts     time.Duration

	hits   atomic.Int64 // answers, or connections, that it met
	held   atomic.Int64 // nanoseconds for which it held answers back, in all
	failed *kfake.FaultHandle
}

// maxFaults bounds the truth's memory, as maxCells does.
const maxFaults = 1 << 16

// refusalKey says what was not done, and whom it met.
type refusalKey struct {
	api    string
	code   string // of the answer, as Apache Kafka names it; "closed" where there is none
	reason string
	client string
	broker int32
}

type refusalCell struct {
	second int64
	refusalKey
	count int64
}

type throttleTally struct {
	count, totalMillis, maxMillis int64
}

type throttleCell struct {
	second int64
	throttleKey
	throttleTally
}

// tally returns the counters of a scope for the second that holds at.
func (t *truthLog) tally(s *scope, at time.Duration) *tally {
	t.roll(at)
	if !s.touched {
		s.touched = true
		t.touched = append(t.touched, s)
	}
	return &s.second
}

// throttled counts a response that throttles.
func (t *truthLog) throttled(at time.Duration, v verdict, r *request, broker int32) {
	t.roll(at)
	key := throttleKey{limit: v.limit, scope: v.scope, client: r.client, broker: broker, api: apiName(r.key)}
	sum := t.throttles[key]
	if sum == nil {
		if t.throttles == nil {
			t.throttles = make(map[throttleKey]*throttleTally)
		}
		sum = &throttleTally{}
		t.throttles[key] = sum
	}
	ms := v.throttle.Milliseconds()
	sum.count++
	sum.totalMillis += ms
	sum.maxMillis = max(sum.maxMillis, ms)
}

// refuse counts something that was not done.
func (t *truthLog) refuse(at time.Duration, key refusalKey) {
	t.roll(at)
	if t.refusals == nil {
		t.refusals = make(map[refusalKey]int64)
	}
	t.refusals[key]++
}

// apiName is how the truth names an API: produce, fetch, metadata, …
func apiName(key int16) string {
	switch key { // the hot ones, without allocating
	case wire.Produce:
		return "produce"
	case wire.Fetch:
		return "fetch"
	}
	return strings.ToLower(kmsg.NameForKey(key))
}

// roll closes the running second once at lies in a later one.
func (t *truthLog) roll(at time.Duration) {
	second := t.wall(at) / int64(time.Second)
	if second <= t.second {
		return
	}
	for _, s := range t.touched {
		s.total.add(s.second)
	}
	t.cells = t.running(t.cells)
	t.throttleCells = t.runningThrottles(t.throttleCells)
	for _, s := range t.touched {
		s.second, s.touched = tally{}, false
	}
	t.touched = t.touched[:0]
	t.refusalCells = t.runningRefusals(t.refusalCells)
	clear(t.throttles)
	clear(t.refusals)
	t.second = second
	t.bound()
}

// running appends the running second's cells.
func (t *truthLog) running(cells []cell) []cell {
	for _, s := range t.touched {
		cells = append(cells, cell{t.second, s, s.broker, s.second})
	}
	return cells
}

func (t *truthLog) runningThrottles(cells []throttleCell) []throttleCell {
	for key, sum := range t.throttles {
		cells = append(cells, throttleCell{t.second, key, *sum})
	}
	return cells
}

func (t *truthLog) runningRefusals(cells []refusalCell) []refusalCell {
	for key, n := range t.refusals {
		cells = append(cells, refusalCell{t.second, key, n})
	}
	return cells
}

// bound drops the older half of what there is too much of.
func (t *truthLog) bound() {
	if n := len(t.cells); n > maxCells {
		t.forget(n/2, t.cells[n/2-1].second)
		t.cells = slices.Clone(t.cells[n/2:])
	}
	if n := len(t.throttleCells); n > maxCells {
		t.forget(n/2, t.throttleCells[n/2-1].second)
		t.throttleCells = slices.Clone(t.throttleCells[n/2:])
	}
	if n := len(t.refusalCells); n > maxCells {
		t.forget(n/2, t.refusalCells[n/2-1].second)
		t.refusalCells = slices.Clone(t.refusalCells[n/2:])
	}
	if n := len(t.faults); n > maxFaults {
		t.forget(n/2, t.wall(t.faults[n/2-1].at)/int64(time.Second))
		t.faults = slices.Clone(t.faults[n/2:])
	}
}

// wall is the wall clock's time, in nanoseconds since 1970.
func (t *truthLog) wall(at time.Duration) int64 { return t.anchor.UnixNano() + int64(at) }

func (t *truthLog) forget(cells int, upTo int64) {
	t.dropped += int64(cells)
	t.droppedSecond = max(t.droppedSecond, upTo)
}

// rows returns everything, the running second included, oldest first. The lock
// that guards the log is held.
func (t *truthLog) rows() []Row {
	cells := t.running(slices.Clone(t.cells))
	throttles := t.runningThrottles(slices.Clone(t.throttleCells))
	refusals := t.runningRefusals(slices.Clone(t.refusalCells))
	rows := make([]Row, 0, len(cells)+len(throttles)+len(refusals)+len(t.faults)+1)
	if t.dropped > 0 {
		rows = append(rows, Row{Scope: "dropped", Second: t.droppedSecond, Count: t.dropped})
	}
	for _, c := range cells {
		rows = append(rows, c.row())
	}
	for _, c := range throttles {
		rows = append(rows, c.row())
	}
	for _, c := range refusals {
		rows = append(rows, c.row())
	}
	for _, f := range t.faults {
		rows = append(rows, f.row(t.wall(f.at)))
	}
	slices.SortStableFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Second, b.Second), cmp.Compare(scopeOrder(a.Scope), scopeOrder(b.Scope)), compareRows(a, b))
	})
	return rows
}

// scopeOrder sorts the rows of one second.
func scopeOrder(scope string) int {
	return slices.Index([]string{"dropped", "cluster", "broker", "client", "partition", "throttle", "refusal", "fault"}, scope)
}

func compareRows(a, b Row) int {
	return cmp.Or(
		cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition),
		cmp.Compare(a.Broker, b.Broker), cmp.Compare(a.Client, b.Client), cmp.Compare(a.Limit, b.Limit),
		cmp.Compare(a.API, b.API), cmp.Compare(a.Error, b.Error), cmp.Compare(a.Reason, b.Reason),
	)
}

func (c cell) row() Row {
	return Row{
		Second: c.second, Scope: c.scope.kind,
		Topic: c.scope.topic, Partition: c.scope.partition, Broker: c.broker, Client: c.scope.client,
		RecordsIn: c.recordsIn, BytesIn: c.bytesIn, BytesOut: c.bytesOut, Requests: c.requests,
		Connections: int64(c.connections), Attempts: int64(c.attempts), Refused: int64(c.refused), Logins: int64(c.logins),
	}
}

func (f *fault) row(wall int64) Row {
	count := f.hits.Load()
	if f.failed != nil {
		count = int64(f.failed.Hits())
	}
	return Row{
		Second: wall / int64(time.Second), AtMillis: wall / int64(time.Millisecond), Scope: "fault", Fault: f.kind,
		Broker: f.broker, Topic: f.topic, Partition: f.partition, API: f.api,
		Count: count, TotalMillis: (f.lasts + time.Duration(f.held.Load())).Milliseconds(),
	}
}

func (c throttleCell) row() Row {
	return Row{
		Second: c.second, Scope: "throttle", Limit: c.limit,
		Topic: c.scope.topic, Partition: c.scope.partition, Broker: c.broker, Client: c.client, API: c.api,
		Count: c.count, TotalMillis: c.totalMillis, MaxMillis: c.maxMillis,
	}
}

func (c refusalCell) row() Row {
	return Row{
		Second: c.second, Scope: "refusal", Client: c.client, Broker: c.broker, API: c.api,
		Error: c.code, Reason: c.reason, Count: c.count,
	}
}
