package embedded

import (
	"encoding/binary"
	"math"
	"net"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/internal/limits"
	"msklt/internal/wire"
)

const (
	// fetchMaxBytes is Apache Kafka's default fetch.max.bytes, which caps what a
	// consumer asks for.
	fetchMaxBytes = 55 << 20

	// From this version on, a fetch response has tagged fields and compact lengths.
	fetchFlexible = 12
)

// fetchLimits is what a fetch request asked for, before it was raised.
type fetchLimits struct {
	epoch    int32
	maxBytes int32
	session  *fetchSession
}

// takeFetch reads a fetch request and raises its sizes by one batch. Apache Kafka
// cuts what it sends at the sizes asked for, in the middle of a batch if need be,
// and charges that; kfake stops at the batch before. With one batch more from
// kfake, the cut can be made where Apache Kafka makes it.
func (c *conn) takeFetch(body []byte) error {
	r, l := &c.request, c.listener
	header, err := wire.ParseFetchHeader(r.version, body)
	if err != nil {
		return err
	}
	if most := l.cluster.caps.fetch; most > 0 && header.MaxBytes > most {
		c.refuseFetch()
		return nil
	}
	directory, margin := l.cluster.directory, l.cluster.retention.largestBatch()
	session := l.sessions.open(header.SessionID, header.SessionEpoch)
	err = wire.FetchPartitions(r.version, body, func(w wire.FetchWanted) {
		session.set(directory.find(w.Topic), w.Partition, w.MaxBytes)
		raise(body[w.MaxBytesAt:], margin)
	}, func(t wire.Topic, partition int32) {
		session.forget(directory.find(t), partition)
	})
	raise(body[header.MaxBytesAt:], margin*int64(1+session.len()))
	r.fetch = fetchLimits{epoch: header.SessionEpoch, maxBytes: header.MaxBytes, session: session}
	return err
}

// raise adds to a 4-byte size without letting it overflow.
func raise(field []byte, by int64) {
	size := int64(int32(binary.BigEndian.Uint32(field)))
	binary.BigEndian.PutUint32(field, uint32(min(size+by, math.MaxInt32)))
}

// fetched is what a response brings for one partition, and how much of it is sent.
type fetched struct {
	wire.FetchPartition
	topic *topic
	part  *partition // set while charged
	keep  int
}

// answerFetch charges a fetch response and cuts it to what is sent: at the sizes
// asked for; nothing of a partition over its limit; nothing at all when the
// client, the broker, the cluster or the request rate is over its limit.
func (c *conn) answerFetch(b []byte, header int) (answer, error) {
	cluster, r := c.listener.cluster, &c.request
	if err := c.scanner.Reset(r.version); err != nil {
		return answer{}, err
	}
	var parts []fetched
	limit, first := min(int(r.fetch.maxBytes), fetchMaxBytes, cluster.quotas.mostFetched), true
	err := c.scanner.Feed(b[4:], func(p wire.FetchPartition) {
		if p.RecordBytes == 0 {
			return
		}
		t := cluster.directory.find(p.Topic)
		want := min(limit, r.fetch.session.maxBytes(t, p.Partition))
		keep := cut(b[4+p.RecordsAt:][:p.RecordBytes], want, first)
		limit, first = max(0, limit-keep), first && keep == 0
		parts = append(parts, fetched{FetchPartition: p, topic: t, keep: keep})
	})
	if err != nil {
		return answer{}, err
	}
	code, id := c.scanner.Session()
	if r.fetch.epoch == 0 && id != 0 {
		c.listener.sessions.keep(id, r.fetch.session)
	}
	v, refused, muted := cluster.quotas.fetched(r, c.listener.node, len(b)-4, parts)
	a := answer{mutedUntil: muted}
	switch {
	case refused:
		a.instead = c.refusal(b, header, code, id, v)
	case v.throttle > 0 || slices.ContainsFunc(parts, fetched.isCut):
		a.instead = c.recut(b, header, parts, v)
	}
	return a, nil
}

// cut returns how many bytes of a partition's records Apache Kafka would send:
// want at most, except that the first batch of the first partition with data
// comes whole; a partition whose first batch does not fit gets nothing.
func cut(records []byte, want int, first bool) int {
	want = max(want, 0)
	if len(records) <= want || len(records) < batchLengthSize {
		return len(records)
	}
	batch := batchLengthSize + int(int32(binary.BigEndian.Uint32(records[batchLengthAt:])))
	switch {
	case batch <= want:
		return want
	case first:
		return min(batch, len(records))
	}
	return 0
}

func (f fetched) isCut() bool { return f.keep != f.RecordBytes }

// shrinks returns by how much a response gets shorter when only keep of a
// partition's records is sent.
func (f fetched) shrinks(version int16) int {
	saved := f.RecordBytes - f.keep
	if version >= fetchFlexible {
		saved += uvarintLen(f.RecordBytes+1) - uvarintLen(f.keep+1)
	}
	return saved
}

func uvarintLen(n int) int { return len(binary.AppendUvarint(nil, uint64(n))) }

// fetched charges a fetch response of frame bytes: to each partition the bytes of
// its records that are sent, to client, broker and cluster the whole response.
// Over the limit of one of those, or of the request rate, the whole response is
// refused and nothing is charged.
func (q *quotas) fetched(r *request, broker int32, frame int, parts []fetched) (v verdict, refused bool, muted time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	at := q.now()
	for i := range parts {
		q.withhold(&parts[i], broker, at, &v)
		frame -= parts[i].shrinks(r.version)
	}
	var whole verdict
	size, scopes := int64(frame), q.egress(r, broker, at)
	for _, s := range scopes {
		whole.raise(q.record(s.window, s.limit, at, size), s.limit, s.scope)
	}
	q.arrived(r, broker, at, &whole)
	refused = whole.throttle > 0
	v.raise(whole.throttle, whole.limit, whole.scope)
	for _, s := range scopes {
		if refused {
			q.unrecord(s.window, s.limit, at, size)
		} else {
			q.tally(s.scope, at).bytesOut += size
		}
	}
	for _, f := range parts {
		switch {
		case f.keep == 0:
		case refused:
			q.unrecord(&f.part.out, limits.PartitionEgress, at, int64(f.keep))
		default:
			q.tally(&f.part.scope, at).bytesOut += int64(f.keep)
		}
	}
	return v, refused, q.settle(r, broker, at, v)
}

// mostFetched is the most that a fetch may bring: what the smallest limit on whole
// responses admits in a full window. A larger one would be refused for ever. Apache
// Kafka cuts fetches the same way.
func mostFetched(l limits.Limits) int {
	most := math.MaxInt
	for _, limit := range []limits.Name{limits.ClientEgress, limits.BrokerEgress, limits.ClusterEgress} {
		if value := l.Of(limit); value > 0 {
			most = min(most, int(value*limits.FullWindow.Seconds()))
		}
	}
	return most
}

// withhold charges a partition for its records, or keeps them back, uncharged,
// when it is over its limit.
func (q *quotas) withhold(f *fetched, broker int32, at time.Duration, v *verdict) {
	if f.topic == nil {
		f.keep = 0 // deleted this very moment
	}
	if f.keep == 0 {
		return
	}
	f.part = f.topic.partition(f.Partition)
	f.part.broker = broker
	pause := q.record(&f.part.out, limits.PartitionEgress, at, int64(f.keep))
	if pause > 0 {
		q.unrecord(&f.part.out, limits.PartitionEgress, at, int64(f.keep))
		v.raise(pause, limits.PartitionEgress, &f.part.scope)
		f.keep = 0
	}
}

// refusal is an empty response that throttles. A session goes on, except that one
// which this request would have opened is not opened.
func (c *conn) refusal(b []byte, header int, code int16, session int32, v verdict) net.Buffers {
	resp := kmsg.NewPtrFetchResponse()
	resp.Version = c.request.version
	resp.ThrottleMillis, resp.ErrorCode = v.millis(), code
	if c.request.fetch.epoch > 0 {
		resp.SessionID = session
	}
	c.out = resp.AppendTo(append(c.out[:0], b[:header]...))
	setLength(c.out)
	return net.Buffers{c.out}
}

// recut is the response with each partition's records cut to what is kept. Records
// are sent from kfake's buffer, the rest from ours.
func (c *conn) recut(b []byte, header int, parts []fetched, v verdict) net.Buffers {
	rest := len(b)
	for _, f := range parts {
		rest -= f.RecordBytes
	}
	// Pieces point into out, so it must not move: lengths take five bytes at most.
	out := slices.Grow(c.out[:0], rest+5*len(parts))
	pieces := make(net.Buffers, 0, 2*len(parts)+1)
	at, total := 0, 0
	add := func(piece []byte) {
		if len(piece) > 0 { // an empty write may block: it waits for a reader of net.Pipe
			pieces = append(pieces, piece)
			total += len(piece)
		}
	}
	for _, f := range parts {
		from := len(out)
		out = append(out, b[at:4+f.LengthAt]...)
		if c.request.version >= fetchFlexible {
			out = binary.AppendUvarint(out, uint64(f.keep+1))
		} else {
			out = binary.BigEndian.AppendUint32(out, uint32(f.keep))
		}
		add(out[from:])
		add(b[4+f.RecordsAt:][:f.keep])
		at = 4 + f.RecordsAt + f.RecordBytes
	}
	from := len(out)
	out = append(out, b[at:]...)
	add(out[from:])
	c.out = out
	binary.BigEndian.PutUint32(out[header:], uint32(v.millis()))
	binary.BigEndian.PutUint32(out, uint32(total-4))
	return pieces
}

// setLength writes a frame's length in front of it.
func setLength(b []byte) { binary.BigEndian.PutUint32(b, uint32(len(b)-4)) }
