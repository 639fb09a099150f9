package metrics

import (
	"slices"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"msklt/generator"
)

// mostPartitions is how many partitions a run may have to be shown one by one. Two
// series for each then make no more than 2,000, and those of the next run on the same
// topics are the same.
const mostPartitions = 1000

// collector turns the latest snapshot of a run into metrics.
type collector struct {
	latest func() *generator.Snapshot

	run, scenario []family[generator.Snapshot]
	phases        []family[phase]
	limits        map[string]family[float64]
	fleets        []family[generator.FleetSnapshot]
	latencies     []histograms[generator.FleetSnapshot]
	groups        []family[generator.GroupSnapshot]
	endToEnd      []histograms[generator.GroupSnapshot]
	topics        []family[traffic]
	partitions    []family[traffic]
	throttles     []family[generator.ThrottleSnapshot]
	errors        []family[int64]
}

func newCollector(latest func() *generator.Snapshot) *collector {
	c := &collector{
		latest: latest, run: ofRun(), scenario: ofScenario(), phases: ofPhases(), limits: ofLimits(),
		topics: ofTopics(), partitions: ofPartitions(), throttles: ofThrottles(), errors: ofErrors(),
	}
	c.fleets, c.latencies = ofFleets()
	c.groups, c.endToEnd = ofGroups()
	return c
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(to chan<- *prometheus.Desc) {
	describe(to, c.run)
	describe(to, c.scenario)
	describe(to, c.phases)
	for _, f := range c.limits {
		to <- f.desc
	}
	describe(to, c.fleets)
	describeHistograms(to, c.latencies)
	describe(to, c.groups)
	describeHistograms(to, c.endToEnd)
	describe(to, c.topics)
	describe(to, c.partitions)
	describe(to, c.throttles)
	describe(to, c.errors)
}

// Collect implements prometheus.Collector. Before the traffic there is nothing.
func (c *collector) Collect(to chan<- prometheus.Metric) {
	s := c.latest()
	if s == nil {
		return
	}
	collect(to, c.run, s)
	collect(to, c.scenario, s, s.Scenario.Name, s.Limits.Profile, s.Target.Kind)
	for _, name := range phases(s) {
		collect(to, c.phases, &phase{name == s.Phase}, name)
	}
	for _, n := range s.Limits.Names() {
		v := s.Limits.Of(n)
		collect(to, []family[float64]{c.limits[n.Unit()]}, &v, string(n))
	}
	for i := range s.Fleets {
		f := &s.Fleets[i]
		collect(to, c.fleets, f, f.Name)
		for _, h := range c.latencies {
			to <- newHistogram(h.desc, h.of(f), s.Start, f.Name)
		}
	}
	for i := range s.Groups {
		g := &s.Groups[i]
		collect(to, c.groups, g, g.Name)
		for _, h := range c.endToEnd {
			to <- newHistogram(h.desc, h.of(g), s.Start, g.Name)
		}
	}
	c.collectTopics(to, s)
	for i := range s.Throttles {
		t := &s.Throttles[i]
		if t.Pairs > 0 || t.Responses > 0 { // requests of administration are many kinds, and rarely throttled
			collect(to, c.throttles, t, t.API, broker(t.Broker))
		}
	}
	for where, n := range s.Errors {
		collect(to, c.errors, &n, where)
	}
}

// phases are the names of the phases, each once, and of the drain.
func phases(s *generator.Snapshot) []string {
	var out []string
	for _, p := range s.Scenario.Phases {
		out = append(out, p.Name)
	}
	out = append(out, "drain")
	slices.Sort(out)
	return slices.Compact(out)
}

func broker(id int32) string {
	if id < 0 {
		return "unknown"
	}
	return strconv.Itoa(int(id))
}

// collectTopics sends the bytes of topics, and of partitions where they are few enough.
func (c *collector) collectTopics(to chan<- prometheus.Metric, s *generator.Snapshot) {
	sums := map[string]traffic{}
	for _, p := range s.Partitions {
		sum := sums[p.Declared]
		sum.acked += p.AckedBytes
		sum.consumed += p.ConsumedBytes
		sums[p.Declared] = sum
		if len(s.Partitions) <= mostPartitions {
			collect(to, c.partitions, &traffic{p.AckedBytes, p.ConsumedBytes}, p.Topic, strconv.Itoa(int(p.Partition)))
		}
	}
	for topic, sum := range sums {
		collect(to, c.topics, &sum, topic)
	}
}
