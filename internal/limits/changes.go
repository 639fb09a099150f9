package limits

import (
	"slices"
	"time"
)

// ChangePace says when topics may be created and deleted under limits on partition
// changes and on requests that manage topics. It counts what it is told of: what
// others change on the same cluster it cannot know. Times count from any fixed one.
type ChangePace struct {
	most int           // partitions that change within changeWindow; 0: any number
	gap  time.Duration // from one request to the next
	made []change      // of the last changeWindow
	next time.Duration // no request before it

	rate    float64 // partitions a second that may change for long; 0: not declared
	refused refusals
}

// refusals are what a cluster has refused for now: an allowance that others used up,
// too, comes back as time goes, and what is known of it here does not count.
type refusals struct {
	since   time.Duration // when the first of them was over
	changed int           // partitions since then
	last    bool          // the last request was one of them
	any     bool
}

type change struct {
	at         time.Duration
	partitions int
}

const (
	// changeWindow is what a rate of partition changes is counted over: MSK
	// Serverless allows 250 in 5 minutes. The second more is for requests that take
	// longer to arrive than those before them.
	changeWindow = 5*time.Minute + time.Second
	// mostChanges is how many partitions one request creates or deletes: Apache Kafka
	// takes 10,000 changes in one request, and a topic of one partition is a handful.
	mostChanges = 1000
	// requestShare is the part of a declared rate of requests that is used: what else
	// manages topics on the cluster counts too.
	requestShare = 0.8
)

// NewChangePace returns a pace that knows of no change yet.
func NewChangePace(l Limits) *ChangePace {
	p := &ChangePace{}
	if rate := l.Of(ClusterPartitionChanges); rate > 0 {
		p.most, p.rate = max(1, int(rate*300+1e-6)), rate
	}
	if rate := l.Of(ClusterTopicRequests); rate > 0 {
		p.gap = time.Duration(float64(time.Second) / (requestShare * rate))
	}
	return p
}

// PerRequest is how many partitions one request may change.
func (p *ChangePace) PerRequest() int {
	if p.most > 0 {
		return min(p.most, mostChanges)
	}
	return mostChanges
}

// Next plans the next request about topics of so many partitions: how many of the
// first topics it takes, one at least, and how long from now it must wait. A topic
// that is larger than all that is allowed goes alone.
func (p *ChangePace) Next(now time.Duration, sizes []int) (topics int, wait time.Duration) {
	at := max(now, p.next)
	room := p.PerRequest()
	if p.most > 0 {
		at = p.roomAt(at, min(sizes[0], p.most))
		room = min(room, p.most-p.changed(at))
	}
	sum := 0
	for topics < len(sizes) && sum+sizes[topics] <= room {
		sum += sizes[topics]
		topics++
	}
	return max(1, topics), at - now
}

// roomAt is when, from a time on, so many partitions may change.
func (p *ChangePace) roomAt(at time.Duration, partitions int) time.Duration {
	for _, c := range p.made {
		if p.changed(at)+partitions <= p.most {
			break
		}
		at = max(at, c.at+changeWindow)
	}
	return at
}

// changed is how many partitions count as changed at a time.
func (p *ChangePace) changed(at time.Duration) (sum int) {
	for _, c := range p.made {
		if c.at+changeWindow > at {
			sum += c.partitions
		}
	}
	return sum
}

// Made notes a request that changed so many partitions.
func (p *ChangePace) Made(now time.Duration, partitions int) {
	p.made = slices.DeleteFunc(p.made, func(c change) bool { return c.at+changeWindow <= now })
	p.made = append(p.made, change{now, partitions})
	p.next = max(p.next, now+p.gap)
	p.refused.last = false
	p.refused.changed += partitions
}

// Refused notes that the cluster refused some of the last request, and keeps the next
// back for so long.
func (p *ChangePace) Refused(now, pause time.Duration) {
	p.next = max(p.next, now+pause)
	if !p.refused.any {
		p.refused = refusals{since: p.next, any: true}
	}
	p.refused.last = true
}

// ForgetRefusals is for requests that do not follow the last ones: how fast the cluster
// took those says nothing any more.
func (p *ChangePace) ForgetRefusals() { p.refused = refusals{} }

// Left is how long from now on it takes until the last request about topics of so
// many partitions may be made. While the cluster refuses them it is 0 where not known.
func (p *ChangePace) Left(now time.Duration, sizes []int) time.Duration {
	if p.refused.last {
		return p.leftRefused(now, sizes)
	}
	then := *p
	then.made = slices.Clone(p.made)
	return then.run(now, sizes) - now
}

// leftRefused takes an allowance that is used up to come back at the declared rate, or
// else at that at which partitions changed since the first refusal: from the next
// request on, the last topic waits for those before it.
func (p *ChangePace) leftRefused(now time.Duration, sizes []int) time.Duration {
	if len(sizes) == 0 {
		return 0
	}
	rate := p.rate
	if took := p.next - p.refused.since; rate == 0 && took > 0 {
		rate = float64(p.refused.changed) / took.Seconds()
	}
	if rate == 0 {
		return 0
	}
	sum := 0
	for _, size := range sizes[:len(sizes)-1] {
		sum += size
	}
	return max(0, p.next-now) + time.Duration(float64(sum)/rate*float64(time.Second))
}

// run makes all requests about topics of so many partitions and returns when the last
// one was made.
func (p *ChangePace) run(now time.Duration, sizes []int) time.Duration {
	for len(sizes) > 0 {
		n, wait := p.Next(now, sizes)
		now += wait
		sum := 0
		for _, size := range sizes[:n] {
			sum += size
		}
		p.Made(now, sum)
		sizes = sizes[n:]
	}
	return now
}

// Pieces cuts a topic's partitions into what one request each may create.
func (p *ChangePace) Pieces(partitions int) []int {
	var out []int
	for most := p.PerRequest(); partitions > 0; partitions -= most {
		out = append(out, min(most, partitions))
	}
	return out
}

// creation is what the scenario's topics ask of the cluster before the traffic, and
// after it.
func (d *demand) creation(l Limits) PlannedCreation {
	var p PlannedCreation
	pace := NewChangePace(l)
	var topics, pieces []int
	for _, t := range d.scenario.Topics {
		if t.Existing {
			continue
		}
		p.Topics += d.topics[t.Name].topics
		p.Partitions += d.topics[t.Name].topics * d.topics[t.Name].partitions
		for range d.topics[t.Name].topics {
			topics = append(topics, d.topics[t.Name].partitions)
			pieces = append(pieces, pace.Pieces(d.topics[t.Name].partitions)...)
		}
	}
	p.Seconds = pace.Left(0, pieces).Seconds()
	now := pace.run(0, pieces) + d.end
	p.RemovalSeconds = pace.Left(now, topics).Seconds()
	return p
}
