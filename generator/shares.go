package generator

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"msklt/internal/limits"
	"msklt/internal/wire"
	"msklt/report"
)

// share is the mean, over the links with load that match, of throttled ÷ wall
// time within spans that last total.
func (o *observer) share(spans []interval, total time.Duration, match func(*link) bool) float64 {
	share, _ := o.shareIfAny(spans, total, match)
	return share
}

// shareIfAny is share, and whether there is anything to have a share of.
func (o *observer) shareIfAny(spans []interval, total time.Duration, match func(*link) bool) (share float64, any bool) {
	sum, n := 0.0, 0
	for _, l := range o.order {
		if l.loaded() && match(l) {
			sum += within(l.throttles.union, spans).Seconds()
			n++
		}
	}
	if n == 0 || total == 0 {
		return 0, false
	}
	return sum / float64(n) / total.Seconds(), true
}

// throttle sums up the throttle responses of the run.
func (r *run) throttle() report.Throttle {
	o := r.observer
	spans, total := r.measured()
	share := func(match func(*link) bool) float64 { return o.share(spans, total, match) }
	out := report.Throttle{
		Share:     share(func(*link) bool { return true }),
		ByAPI:     map[string]report.APIShare{},
		ByBroker:  []report.BrokerThrottle{},
		ByClient:  []report.ClientThrottle{},
		Intervals: []report.ThrottleInterval{},
	}
	brokers := map[int32]int64{}
	var unions [][]interval
	var sum, union time.Duration
	for _, l := range o.order {
		n := l.throttles.responses()
		if l.api == wire.Produce || l.api == wire.Fetch {
			out.Responses += n
			sum += l.throttles.sum
			brokers[l.broker] += n
		}
		for _, i := range l.throttles.union {
			union += i.to - i.from
		}
		unions = append(unions, l.throttles.union)
		if n > 0 {
			out.ByClient = append(out.ByClient, r.clientThrottle(l, within(l.throttles.union, spans), total))
		}
	}
	out.SumSeconds, out.UnionSeconds = sum.Seconds(), union.Seconds()
	for _, b := range slices.Sorted(maps.Keys(brokers)) {
		if b >= 0 {
			out.ByBroker = append(out.ByBroker, report.BrokerThrottle{
				Broker: b, Responses: brokers[b], Share: share(func(l *link) bool { return l.broker == b }),
			})
		}
	}
	for _, i := range merge(unions...) {
		out.Intervals = append(out.Intervals, report.ThrottleInterval{
			From: (i.from - r.shift()).Seconds(), To: (i.to - r.shift()).Seconds(),
		})
	}
	r.byAPI(out.ByAPI, share)
	slices.SortStableFunc(out.ByClient, func(a, b report.ClientThrottle) int { return cmp.Compare(b.Share, a.Share) })
	return out
}

func (r *run) byAPI(into map[string]report.APIShare, share func(func(*link) bool) float64) {
	durations := map[int16]*latencies{}
	for _, l := range r.observer.order {
		if l.throttles.responses() == 0 {
			continue
		}
		if durations[l.api] == nil {
			durations[l.api] = newLatencies(digits)
		}
		durations[l.api].merge(l.throttles.durations)
	}
	for api, d := range durations {
		into[apiName(api)] = report.APIShare{
			Responses: d.TotalCount(),
			Share:     share(func(l *link) bool { return l.api == api }),
			P50:       millis(time.Duration(d.ValueAtQuantile(50))),
			P99:       millis(time.Duration(d.ValueAtQuantile(99))),
			Max:       millis(time.Duration(d.Max())),
		}
	}
}

func (r *run) clientThrottle(l *link, throttled, total time.Duration) report.ClientThrottle {
	c := report.ClientThrottle{Client: l.clientID, Broker: l.broker, API: apiName(l.api), Fleet: r.observer.owners[l.client], Responses: l.throttles.responses()}
	if total > 0 {
		c.Share = throttled.Seconds() / total.Seconds()
	}
	for _, is := range l.carried {
		if is {
			c.Partitions++
		}
	}
	return c
}

// throttledSeconds is, for each link with load, its throttled time in each second.
type throttledSeconds struct {
	links   []*link
	seconds [][]time.Duration // nil for a link that never was
}

// bySecond spreads the throttles of all links with load over n seconds from shift
// on.
func (o *observer) bySecond(shift time.Duration, n int) (t throttledSeconds) {
	first := int(shift / time.Second)
	for _, l := range o.order {
		if !l.loaded() {
			continue
		}
		var seconds []time.Duration
		if len(l.throttles.union) > 0 {
			seconds = bySecond(l.throttles.union, n+first)[first:]
		}
		t.links = append(t.links, l)
		t.seconds = append(t.seconds, seconds)
	}
	return t
}

// throttledMean is the throttled part of each second, over some links.
type throttledMean struct {
	links   int
	seconds [][]time.Duration // of those that were throttled at all
}

// mean is over the links that match.
func (t throttledSeconds) mean(match func(*link) bool) (m throttledMean) {
	for i, l := range t.links {
		if !match(l) {
			continue
		}
		m.links++
		if t.seconds[i] != nil {
			m.seconds = append(m.seconds, t.seconds[i])
		}
	}
	return m
}

func (m throttledMean) at(second int) float64 {
	sum := 0.0
	for _, s := range m.seconds {
		sum += s[second].Seconds()
	}
	return sum / float64(max(1, m.links))
}

// shareOfScope is the throttled share of the connections that carry a limit's
// load.
func (r *run) shareOfScope(s *limits.Scope) float64 {
	spans, total := r.measured()
	return r.observer.share(spans, total, func(l *link) bool { return r.observer.feeds(l, s) })
}

// feeds tells whether a link's load counts towards a scope.
func (o *observer) feeds(l *link, s *limits.Scope) bool {
	switch s.Limit {
	case limits.PartitionIngress, limits.PartitionEgress:
		api := wire.Produce
		if s.Limit == limits.PartitionEgress {
			api = wire.Fetch
		}
		if l.api != api {
			return false
		}
		for _, t := range o.topics.byName {
			if int(s.Partition) < len(t.in) && (t.in[s.Partition] == s || t.out[s.Partition] == s) {
				return l.carries(t.first + int(s.Partition))
			}
		}
		return false
	case limits.ClientIngress:
		return l.api == wire.Produce && l.in == s
	case limits.ClientEgress:
		return l.api == wire.Fetch && l.out == s
	case limits.BrokerIngress:
		return l.api == wire.Produce && l.brokerIn == s
	case limits.BrokerEgress:
		return l.api == wire.Fetch && l.brokerOut == s
	case limits.ClusterIngress:
		return l.api == wire.Produce
	case limits.ClusterEgress:
		return l.api == wire.Fetch
	}
	return true
}
