package generator

import "time"

// recorder holds what one client saw of its records. The client's acknowledgement
// goroutine, its sending goroutine and the reader of each second share it; nobody
// else does.
type recorder struct {
	ledger

	response distribution // measured phases
	service  distribution
	wait     distribution
	lag      distribution
	second   *latencies // response of records acked since the last swap
	spare    *latencies

	// Records of the whole run.
	found, sent, ackedRecords, failedRecords int64
	ackedBytes                               int64 // keys and values

	run partitionRun

	timely  int64        // found due within timelyLag of their intended time
	lost    []lostRecord // measured records that failed
	seconds []clientSecond
}

// lostRecord is a record that the client gave up.
type lostRecord struct {
	intended, handed time.Duration
	partition        *partitionLoad // nil when it never came so far
}

// clientSecond counts the records of one client in one second.
type clientSecond struct {
	offered, acked, failed int64
	ackedBytes             int64 // keys and values
	lagMax                 time.Duration
	// Measured records whose intended time is in this second and that were
	// acknowledged since.
	settled int64
	// Records that wait: all, and the measured ones.
	waiting, measured sojourn
	foundRest         time.Duration // of offered, as begunRest
}

// sojourn counts the records that began to wait in a second, by their intended time,
// and those that stopped, acknowledged or given up, with the sum of what was left of
// the second then: so the time that records waited in it is known exactly.
type sojourn struct {
	begun, ended         int64
	begunRest, endedRest time.Duration
}

func (s *sojourn) begin(t time.Duration, n int64) {
	s.begun += n
	s.begunRest += time.Duration(n) * rest(t)
}

func (s *sojourn) end(t time.Duration) {
	s.ended++
	s.endedRest += rest(t)
}

// rest is what is left of the second at a time.
func rest(t time.Duration) time.Duration { return time.Second - t%time.Second }

const timelyLag = time.Second

// secondDigits is the precision of a second's percentiles: within 1 %.
const secondDigits = 2

func newRecorder() *recorder {
	return &recorder{
		response: newDistribution(digits), service: newDistribution(digits),
		wait: newDistribution(digits), lag: newDistribution(digits),
		second: newLatencies(secondDigits), spare: newLatencies(secondDigits),
	}
}

// at returns the second that a time since the start of traffic falls into.
func (r *recorder) at(t time.Duration) *clientSecond {
	i := max(0, int(t/time.Second))
	for len(r.seconds) <= i {
		r.seconds = append(r.seconds, clientSecond{})
	}
	return &r.seconds[i]
}

// swap hands over the present second's response times and starts the next.
// The caller returns what it got with giveBack.
func (r *recorder) swap() *latencies {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.run.tell()
	out := r.second
	r.second, r.spare = r.spare, nil
	return out
}

// settle tells the partitions of all that was acknowledged so far.
func (r *recorder) settle() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.run.tell()
}

func (r *recorder) giveBack(l *latencies) {
	l.Reset()
	r.mu.Lock()
	r.spare = l
	r.mu.Unlock()
}

// attempt is one or several records, alike, that were found due at a time.
type attempt struct {
	intended, at time.Duration
	measured     bool
	records      int64
}

func (a attempt) like(intended, at time.Duration, measured bool) bool {
	return a.intended == intended && a.at == at && a.measured == measured
}

// attempted notes records that were found due, and how late each was.
func (r *recorder) attempted(all []attempt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range all {
		lag := a.at - a.intended
		r.found += a.records
		s := r.at(a.at)
		s.offered += a.records
		s.foundRest += time.Duration(a.records) * rest(a.at)
		if lag <= timelyLag {
			r.timely += a.records
		}
		s.lagMax = max(s.lagMax, lag)
		due := r.at(a.intended)
		due.waiting.begin(a.intended, a.records)
		if a.measured {
			r.lag.exact.recordN(lag, a.records)
			due.measured.begin(a.intended, a.records)
		}
	}
}

// handover is one or several records, alike, that the client library took so long
// after they were found due.
type handover struct {
	wait     time.Duration
	measured bool
	records  int64
}

// handed notes records that the client library took.
func (r *recorder) handed(all []handover) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, h := range all {
		r.sent += h.records
		if h.measured {
			r.wait.exact.recordN(h.wait, h.records)
		}
	}
}

// acked notes a record's acknowledgement.
func (r *recorder) acked(now time.Duration, f *flight) {
	response := now - f.intended
	if !r.enter() {
		return
	}
	defer r.mu.Unlock()
	r.ackedRecords++
	s := r.at(now)
	s.acked++
	s.ackedBytes += int64(f.size)
	r.ackedBytes += int64(f.size)
	s.waiting.end(now)
	r.second.record(response)
	if f.measured {
		s.measured.end(now)
		r.response.exact.record(response)
		r.service.exact.record(now - f.handed)
		r.at(f.intended).settled++
	}
	r.run.add(f.partition(), response, f.measured)
}

// failed notes a record that the client gave up. Its age when the run ends is a
// lower bound of its response time and, since it was handed, of its service time.
func (r *recorder) failed(now time.Duration, f *flight) {
	if !r.enter() {
		return
	}
	defer r.mu.Unlock()
	r.failedRecords++
	s := r.at(now)
	s.failed++
	s.waiting.end(now)
	if f.measured {
		s.measured.end(now)
		r.lost = append(r.lost, lostRecord{f.intended, f.handed, f.partition()})
	}
}

// soFar is a copy of what was recorded of a latency: response, service or
// client_wait. While traffic flows, records that wait for their acknowledgement
// count in the response with the age that they have at least, to the second: a
// cluster that answers nothing would else look fast.
func (r *recorder) soFar(latency string, m moment) distribution {
	d := map[string]*distribution{"response": &r.response, "service": &r.service, "client_wait": &r.wait}[latency]
	r.mu.Lock()
	out := d.clone()
	var waiting []int64 // by second of the intended time
	if m.live && latency == "response" {
		for _, s := range r.seconds {
			waiting = append(waiting, s.measured.begun-s.settled)
		}
	}
	r.mu.Unlock()
	for s, n := range waiting {
		if n > 0 {
			out.censorN(max(0, m.end-time.Duration(s+1)*time.Second), n)
		}
	}
	return out
}

// waiting is how many records were found due and are neither acked nor failed, but
// for those that a wake-up has not told of yet.
func (r *recorder) waiting() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.due()
}

// due is waiting's count, for who holds the lock.
func (r *recorder) due() int64 { return max(0, r.found-r.ackedRecords-r.failedRecords) }
