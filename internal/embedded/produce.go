package embedded

import (
	"cmp"
	"encoding/binary"
	"net"
	"slices"
	"time"

	"msklt/internal/limits"
	"msklt/internal/wire"
)

// A record batch's header, from its base offset to its record count.
const (
	batchLengthAt   = 8
	batchLengthSize = 12 // base offset and length: what the length does not count
)

// sentBatch is what a produce request carries for one partition.
type sentBatch struct {
	topic     wire.Topic // Name points into kfake's frame, which stays as it is
	partition int32
	bytes     int64
	records   int64
}

// appended is a sentBatch that the log took, or had already.
type appended struct {
	topic *topic
	sentBatch
	baseOffset int64
}

// takeProduce reads a produce request. One with acks=0 is handed on as acks=1, so
// that what became of it is known; its answer is not sent.
func (c *conn) takeProduce(body []byte) error {
	r := &c.request
	acks, err := wire.ProduceRecords(r.version, body, func(t wire.Topic, partition int32, records []byte) {
		head, _ := wire.ReadBatch(records) // of anything else the log takes none
		r.sent = append(r.sent, sentBatch{t, partition, int64(len(records)), int64(head.Records)})
	})
	if err != nil {
		return err
	}
	if c.listener.cluster.caps.tooLarge(r) {
		return c.refuseProduce(body)
	}
	if acks == 0 {
		at, err := wire.ProduceAcksAt(r.version, body)
		if err != nil {
			return err
		}
		binary.BigEndian.PutUint16(body[at:], 1)
		r.silent = true
	}
	if !c.listener.cluster.admission.enter() {
		return net.ErrClosed
	}
	c.admitted.Store(true)
	return nil
}

// answerProduce charges what was appended and writes the throttle into the
// response: Apache Kafka appends first and answers at once.
func (c *conn) answerProduce(b []byte, header int) (answer, error) {
	defer c.leave()
	cluster, r := c.listener.cluster, &c.request
	var done []appended
	var failed bool
	hint := 0
	at, err := wire.ProduceResults(r.version, b[header:], func(p wire.ProduceResult) {
		if p.ErrorCode != 0 {
			failed = true
			return
		}
		i := r.find(p, hint)
		if i < 0 {
			return
		}
		hint = i + 1
		if t := cluster.directory.find(p.Topic); t != nil {
			done = append(done, appended{t, r.sent[i], p.BaseOffset})
		}
	})
	if err != nil {
		return answer{}, err
	}
	v, muted := cluster.quotas.produced(r, c.listener.node, done)
	cluster.retention.grow(done)
	a := answer{mutedUntil: muted, silent: r.silent, hangUp: r.silent && failed}
	if v.throttle > 0 && !r.silent {
		c.out = append(c.out[:0], b...)
		binary.BigEndian.PutUint32(c.out[header+at:], uint32(v.millis()))
		a.instead = net.Buffers{c.out}
	}
	return a, nil
}

// find returns which of the request's batches a result is about; results mostly
// come in the request's order, so the search starts at hint.
func (r *request) find(p wire.ProduceResult, hint int) int {
	for k := range r.sent {
		i := (hint + k) % len(r.sent)
		s := &r.sent[i]
		if s.partition == p.Partition && s.topic.ID == p.Topic.ID && slices.Equal(s.topic.Name, p.Topic.Name) {
			return i
		}
	}
	return -1
}

// produced charges a produce request: to each partition the bytes of its record
// batches, to client, broker and cluster the whole request.
func (q *quotas) produced(r *request, broker int32, done []appended) (verdict, time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	at := q.now()
	var v verdict
	for _, a := range done {
		p := a.topic.partition(a.partition)
		p.broker = broker
		v.raise(q.record(&p.in, limits.PartitionIngress, at, a.bytes), limits.PartitionIngress, &p.scope)
		t := q.tally(&p.scope, at)
		t.bytesIn += a.bytes
		if p.appends.first(a.baseOffset, a.baseOffset+a.records) {
			t.recordsIn += a.records
		}
	}
	size := int64(r.size)
	for _, s := range q.ingress(r, broker, at) {
		v.raise(q.record(s.window, s.limit, at, size), s.limit, s.scope)
		q.tally(s.scope, at).bytesIn += size
	}
	q.arrived(r, broker, at, &v)
	return v, q.settle(r, broker, at, v)
}

// appends tells an append from the answer to a repeated one (idempotent producers
// retry): every append has offsets of its own. Responses may be seen out of order,
// and some offsets never: those of the markers that end transactions.
type appends struct {
	next  int64  // every append below has been seen
	ahead []span // appends seen beyond it, by base offset
}

// span is the offsets of one append.
type span struct{ base, end int64 }

// maxAhead bounds what is remembered beyond a gap that will not close. It is far
// above what other connections append while one answer waits to be written on a
// machine that is too busy.
const maxAhead = 1 << 14

// first reports whether this append has not been seen before.
func (a *appends) first(base, end int64) bool {
	at, seen := slices.BinarySearchFunc(a.ahead, base, func(s span, base int64) int { return cmp.Compare(s.base, base) })
	if seen || base < a.next {
		return false
	}
	if base == a.next {
		a.next = end
	} else {
		a.ahead = slices.Insert(a.ahead, at, span{base, end})
	}
	for len(a.ahead) > maxAhead || len(a.ahead) > 0 && a.ahead[0].base == a.next {
		a.next = a.ahead[0].end
		a.ahead = a.ahead[1:]
	}
	return true
}
