package embedded

import (
	"encoding/binary"
	"fmt"
	"io"
	"sync"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	// partitionRetention is the default retention.bytes.
	partitionRetention = 64 << 20

	// memoryBudget bounds the memory that all logs take, whatever topics say.
	memoryBudget = 128 << 20

	// segmentBytes is kfake's segment size: it frees memory by whole segments.
	segmentBytes = 1 << 20

	// batchOverhead is about what kfake remembers of a batch beside its bytes.
	batchOverhead = 128
)

// retention keeps the logs' memory bounded, on every append: kfake itself would
// look now and then, and by time. It knows how much memory each log takes and
// where it can be cut, and has kafka delete records up to there.
type retention struct {
	cluster *Cluster
	budget  int64

	mu      sync.Mutex
	logs    map[*partition]struct{}
	memory  int64 // of all logs
	largest int64 // batch
}

// logSize is the memory that one partition's log takes, in the pieces in which it
// can be freed.
type logSize struct {
	bytes  int64
	memory int64
	pieces []piece // oldest first; the last one grows
}

// piece is about one of kfake's segments. kfake doubles a segment's buffer as it
// grows, so it takes up to twice its bytes.
type piece struct {
	end      int64 // offset after its last record
	bytes    int64
	capacity int64
	batches  int64
}

func (p piece) memory() int64 { return p.capacity + p.batches*batchOverhead }

// deletion says up to where a partition's log is to go.
type deletion struct {
	part *partition
	upTo int64
}

func newRetention(c *Cluster) *retention {
	return &retention{cluster: c, budget: memoryBudget, logs: make(map[*partition]struct{})}
}

// configure sets a topic's own limit per partition; below 0 it has none.
func (r *retention) configure(t *topic, bytes int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t.retentionBytes = bytes
}

// largestBatch returns the size of the largest batch that any log took.
func (r *retention) largestBatch() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.largest
}

// grow counts what was appended and deletes what has become too much.
func (r *retention) grow(done []appended) {
	if r.cluster.discard {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock() // one deletion at a time
	var cuts []deletion
	for _, a := range done {
		p := r.cluster.quotas.partition(a.topic, a.partition)
		r.logs[p] = struct{}{}
		r.largest = max(r.largest, a.bytes)
		r.memory += p.log.grow(a.baseOffset, a.baseOffset+a.records, a.bytes)
		for keep := a.topic.retentionBytes; keep >= 0 && p.log.bytes-p.log.pieces[0].bytes >= max(keep, 1); {
			cuts = append(cuts, r.cut(p))
		}
	}
	if r.memory > r.budget {
		for r.memory > r.budget-r.budget/32 { // not for every append
			cuts = append(cuts, r.cut(r.biggest()))
		}
	}
	for i, d := range cuts {
		if i+1 < len(cuts) && cuts[i+1].part == d.part {
			continue // the next one goes further
		}
		// A failure means that the topic is gone or the cluster closes.
		_ = r.delete(d)
	}
}

// grow adds a batch and returns by how much the log's memory grew. Offsets that it
// leaves out are markers of transactions, each of them a batch.
func (l *logSize) grow(base, end, bytes int64) int64 {
	markers := int64(0)
	if n := len(l.pieces); n > 0 {
		markers = max(0, base-l.pieces[n-1].end)
	}
	if n := len(l.pieces); n == 0 || l.pieces[n-1].bytes >= segmentBytes {
		l.pieces = append(l.pieces, piece{end: base})
	}
	p := &l.pieces[len(l.pieces)-1]
	before := p.memory()
	p.end = max(p.end, end)
	p.bytes += bytes
	p.batches += 1 + markers
	if p.bytes > p.capacity {
		p.capacity = max(2*p.capacity, p.bytes)
	}
	grown := p.memory() - before
	l.bytes += bytes
	l.memory += grown
	return grown
}

// cut takes the oldest piece off a log.
func (r *retention) cut(p *partition) deletion {
	oldest := p.log.pieces[0]
	p.log.pieces = p.log.pieces[1:]
	p.log.bytes -= oldest.bytes
	p.log.memory -= oldest.memory()
	r.memory -= oldest.memory()
	return deletion{p, oldest.end}
}

// biggest returns the partition whose log takes the most memory.
func (r *retention) biggest() *partition {
	var found *partition
	for p := range r.logs {
		if found == nil || p.log.memory > found.log.memory {
			found = p
		}
	}
	return found
}

// drop forgets a deleted topic's logs.
func (r *retention) drop(t *topic) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for p := range r.logs {
		if p.topic == t {
			r.memory -= p.log.memory
			delete(r.logs, p)
		}
	}
}

// delete has a log cut by the broker that leads it.
func (r *retention) delete(d deletion) error {
	var info *kfake.PartitionInfo
	r.cluster.ask(func(k *kfake.Cluster) { info = k.PartitionInfo(d.part.scope.topic, d.part.scope.partition) })
	if info == nil || info.LogStartOffset >= d.upTo {
		return nil
	}
	req := kmsg.NewPtrDeleteRecordsRequest()
	req.Version = 1
	rt := kmsg.NewDeleteRecordsRequestTopic()
	rt.Topic = d.part.scope.topic
	rp := kmsg.NewDeleteRecordsRequestTopicPartition()
	rp.Partition, rp.Offset = info.Partition, d.upTo
	rt.Partitions = append(rt.Partitions, rp)
	req.Topics = append(req.Topics, rt)

	conn := r.cluster.listeners[info.Leader].internal
	if _, err := conn.Write(kmsg.NewRequestFormatter().AppendRequest(nil, req, 0)); err != nil {
		return fmt.Errorf("send deletion of records: %w", err)
	}
	var length [4]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return fmt.Errorf("read answer to deletion of records: %w", err)
	}
	if _, err := io.CopyN(io.Discard, conn, int64(binary.BigEndian.Uint32(length[:]))); err != nil {
		return fmt.Errorf("read answer to deletion of records: %w", err)
	}
	return nil
}
