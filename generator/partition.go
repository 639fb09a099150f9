package generator

import "time"

// partitionLoad counts what was acknowledged and read of one partition.
type partitionLoad struct {
	ledger

	records  int64        // acknowledged
	batched  int64        // … of batches that written has seen
	markers  int64        // of transactions that ended: offsets without a record
	unsure   int64        // markers that may be there or not
	failed   int64        // records that were given up
	unsafe   int64        // acknowledged records of clients without idempotence
	aborted  int64        // acknowledged records of transactions that were not committed, at most
	bytes    int64        // sum of the seconds' ackedBytes
	consumed int64        // … and of their consumedBytes
	response distribution // measured phases
	seconds  []partitionSecond
}

type partitionSecond struct {
	ackedRecords  int64
	ackedBytes    int64 // record batches with their headers
	consumedBytes int64
}

func newPartitionLoad() *partitionLoad {
	return &partitionLoad{response: newDistribution(secondDigits)}
}

func (p *partitionLoad) at(t time.Duration) *partitionSecond {
	i := max(0, int(t/time.Second))
	for len(p.seconds) <= i {
		p.seconds = append(p.seconds, partitionSecond{})
	}
	return &p.seconds[i]
}

// acked notes so many records, and the response times of those that are measured.
func (p *partitionLoad) acked(records int64, responses []time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.records += records
	for _, d := range responses {
		p.response.exact.record(d)
	}
}

// partitionRun is records of one partition that a client saw acknowledged one after
// the other, as those of a batch are. The partition, which the clients share, is
// told of them together.
type partitionRun struct {
	to        *partitionLoad
	records   int64
	responses [64]time.Duration // of the measured ones
	measured  int
}

// add adds a record of a partition, nil for one that is not known.
func (r *partitionRun) add(to *partitionLoad, response time.Duration, measured bool) {
	if to != r.to || r.measured == len(r.responses) {
		r.tell()
		r.to = to
	}
	r.records++
	if measured {
		r.responses[r.measured] = response
		r.measured++
	}
}

// tell tells the partition what it has not been told yet.
func (r *partitionRun) tell() {
	if r.to != nil && r.records > 0 {
		r.to.acked(r.records, r.responses[:r.measured])
	}
	r.records, r.measured = 0, 0
}

// lost notes a record that was given up: it may be in the log all the same.
func (p *partitionLoad) lost() {
	if !p.enter() {
		return
	}
	defer p.mu.Unlock()
	p.failed++
}

// soFar is a copy of the response times.
func (p *partitionLoad) soFar() distribution {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.response.clone()
}

// written notes an acknowledged batch, of an idempotent client or not.
func (p *partitionLoad) written(now time.Duration, records int, bytes int64, idempotent bool) {
	if !p.enter() {
		return
	}
	defer p.mu.Unlock()
	p.batched += int64(records)
	if !idempotent {
		p.unsafe += int64(records)
	}
	s := p.at(now)
	s.ackedRecords += int64(records)
	s.ackedBytes += bytes
	p.bytes += bytes
}

// marked notes the marker of a transaction that acknowledged so many records here.
func (p *partitionLoad) marked(sure, aborted bool, acked int64) {
	if !p.enter() {
		return
	}
	defer p.mu.Unlock()
	if sure {
		p.markers++
	} else {
		p.unsure++
	}
	if aborted {
		p.aborted += acked
	}
}

// ackedSoFar is how many records have been acknowledged.
func (p *partitionLoad) ackedSoFar() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.records
}

// bytesIn is what was acknowledged and read in the seconds from first up to n.
func (p *partitionLoad) bytesIn(first, n int) (acked, consumed int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for s := first; s < min(n, len(p.seconds)); s++ {
		acked += p.seconds[s].ackedBytes
		consumed += p.seconds[s].consumedBytes
	}
	return acked, consumed
}

// settled tells whether every acknowledged record's batch has been noted: the
// client library tells of the batch a moment after its records.
func (p *partitionLoad) settled() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.batched >= p.records
}

// read notes a batch that a consumer received.
func (p *partitionLoad) read(now time.Duration, bytes int64) {
	if !p.enter() {
		return
	}
	defer p.mu.Unlock()
	p.at(now).consumedBytes += bytes
	p.consumed += bytes
}
