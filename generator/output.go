package generator

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"msklt/internal/cluster"
	"msklt/internal/limits"
	"msklt/report"
)

// output makes the result of what the run collected. All clients are closed, or left
// behind.
func (r *run) output() *Output {
	r.closeLedgers()
	r.tally()
	r.notice()
	res := &report.Result{
		Schema:          report.Schema,
		Seed:            r.Scenario.Seed,
		Target:          r.target(),
		Versions:        versions(),
		Environment:     environment(),
		StartedAt:       r.start.UTC(),
		DurationSeconds: r.finished.Seconds(),
		Interrupted:     r.interrupted,
		InterruptedAt:   r.interruptedAt().Seconds(),
		Phases:          r.phases(),
		Errors:          r.errors.list(),
		Events:          r.events.list(),
		Logins:          r.loginsAgain(),
		Scenario: report.Scenario{
			Name: r.Scenario.Name, Description: r.Scenario.Description, Hash: r.Scenario.Hash(),
			Limits: r.Limits.Profile, Resolved: string(r.Scenario.YAML()),
		},
	}
	out := &Output{Result: res, Histograms: r.sumUp(res)}
	res.Totals = r.totals(res)
	res.Throttle = r.throttle()
	res.Timeline = r.timeline()
	res.Spent = r.spent(res.Timeline)
	res.Rates = r.rates(res.Timeline)
	res.Partitions = r.partitions(res.Latency.Response.Max)
	res.Validity = r.validity(res)
	res.Verdict = r.verdict(res)
	res.Thresholds = r.thresholds()
	if r.aborted != nil {
		res.Aborted = &report.Aborted{Expression: r.aborted.outcome.Expression, Of: r.aborted.outcome.Of, At: r.aborted.at.Seconds()}
	}
	plan := limits.MakePlan(r.sized, r.Limits, len(r.cluster.Brokers))
	plan.Assumptions = append(plan.Assumptions, r.Limits.Notes...)
	res.Plan = &plan
	out.Series = r.series(len(res.Timeline))
	return out
}

// sumUp fills in the fleets, the groups, and the latencies over all of them. The
// histograms are those of the whole run, then each one's.
func (r *run) sumUp(res *report.Result) []report.Histogram {
	total := newTotals()
	var finer []report.Histogram
	for _, f := range r.fleets {
		fleet, sum := r.fleet(f)
		res.Fleets = append(res.Fleets, fleet)
		total.merge(sum)
		finer = append(finer, r.histogram("response_"+f.Name, sum.response), r.histogram("service_"+f.Name, sum.service))
	}
	for _, f := range r.idle {
		res.Idle = append(res.Idle, report.Idle{Name: f.Name, Connections: f.Connections, Held: f.held, Failed: f.failed.Load()})
	}
	res.Groups = []report.Group{}
	for _, g := range r.groups {
		group, endToEnd := r.group(g)
		res.Groups = append(res.Groups, group)
		total.endToEnd.merge(endToEnd)
		finer = append(finer, r.histogram("end_to_end_"+g.Name, endToEnd))
	}
	res.Latency = total.summary()
	return append([]report.Histogram{
		r.histogram("response", total.response), r.histogram("service", total.service),
		r.histogram("client_wait", total.wait), r.histogram("lag", total.lag), r.histogram("end_to_end", total.endToEnd),
	}, finer...)
}

// interruptedAt is when sending was interrupted; 0 where it was not.
func (r *run) interruptedAt() time.Duration {
	if !r.interrupted {
		return 0
	}
	return r.stopped
}

func (r *run) target() report.Target {
	t := r.Target
	t.Brokers = len(r.cluster.Brokers)
	t.APILevel = r.cluster.APILevel
	if t.Kind == "" {
		t.Kind = string(r.cluster.Kind)
	}
	return t
}

func (r *run) phases() []report.Phase {
	var out []report.Phase
	var at time.Duration
	for _, p := range r.Scenario.Phases {
		out = append(out, report.Phase{
			Name: p.Name, From: at.Seconds(), To: (at + p.Duration).Seconds(), Load: p.Load.Peak(), Measured: p.Measure,
		})
		at += p.Duration
	}
	return out
}

// totals are distributions over all fleets and groups.
type totals struct {
	response, service, wait, lag, endToEnd distribution
}

func newTotals() *totals {
	return &totals{
		newDistribution(digits), newDistribution(digits), newDistribution(digits), newDistribution(digits), newDistribution(digits),
	}
}

func (t *totals) merge(o *totals) {
	t.response.merge(o.response)
	t.service.merge(o.service)
	t.wait.merge(o.wait)
	t.lag.merge(o.lag)
	t.endToEnd.merge(o.endToEnd)
}

func (t *totals) summary() report.Latencies {
	return report.Latencies{
		Response: t.response.summary(), Service: t.service.summary(), ClientWait: t.wait.summary(),
		Lag: t.lag.summary(), EndToEnd: t.endToEnd.summary(),
	}
}

// tally censors what was not acknowledged, and settles what was not read.
func (r *run) tally() {
	r.logins.close()
	for _, p := range r.producer {
		p.censor(r.finished)
	}
	for _, g := range r.groups {
		for _, t := range g.topics {
			for i, p := range g.progress[t.Actual] {
				if r.known(t) {
					p.finish(t.First[i], t.End[i])
				}
			}
		}
	}
}

// fleet sums up a fleet's clients.
func (r *run) fleet(f *fleet) (report.Fleet, *totals) {
	out := report.Fleet{Name: f.Name, Topic: f.Topic, Clients: f.Clients}
	sum := newTotals()
	for _, p := range r.producer {
		if p.fleet != f {
			continue
		}
		out.Scheduled += p.found
		out.Unsent += p.unsent
		out.Sent += p.recorder.sent
		out.Acked += p.recorder.ackedRecords
		out.Failed += p.recorder.failedRecords
		sum.response.merge(p.recorder.response)
		sum.service.merge(p.recorder.service)
		sum.wait.merge(p.recorder.wait)
		sum.lag.merge(p.recorder.lag)
		if p.txn != nil {
			out.Transactions = p.txn.add(out.Transactions)
		}
	}
	out.Latency = sum.summary()
	return out, sum
}

// group sums up a group's members.
func (r *run) group(g *group) (report.Group, distribution) {
	out := report.Group{Name: g.Name, Clients: g.Clients, Backlog: g.backlogs}
	out.BacklogMax, _ = r.worstBacklog(g, r.stopped)
	sum := newDistribution(digits)
	for _, m := range g.members {
		sum.merge(m.endToEnd)
	}
	out.EndToEnd = sum.summary()
	for _, t := range g.topics {
		for i, p := range g.progress[t.Actual] {
			gp := report.GroupPartition{
				Topic: t.Name, Partition: int32(i), LogEndDelta: r.grown(t, i, p.begin),
				Consumed: p.consumed, Expired: p.expired, Unread: p.unread, Skipped: p.skipped,
				LogEndUnknown: !r.known(t),
			}
			out.Partitions = append(out.Partitions, gp)
			out.LogEndUnknown = out.LogEndUnknown || gp.LogEndUnknown
			out.LogEndDelta += gp.LogEndDelta
			out.Consumed += gp.Consumed
			out.Expired += gp.Expired
			out.Unread += gp.Unread
			out.Skipped += gp.Skipped
			out.Duplicates += p.duplicates
		}
	}
	return out, sum
}

// delta is by how much a partition's log grew; 0 when that is not known.
func (r *run) delta(t *cluster.Topic, partition int) int64 {
	return r.grown(t, partition, t.Start[partition])
}

// grown is how far a partition's log reaches beyond an offset; 0 when that is not
// known.
func (r *run) grown(t *cluster.Topic, partition int, from int64) int64 {
	if !r.known(t) {
		return 0
	}
	return t.End[partition] - from
}

// totals adds up the counts of the whole run.
func (r *run) totals(res *report.Result) report.Totals {
	t := report.Totals{LogEndKnown: r.ends && len(r.gone) == 0}
	for _, f := range res.Fleets {
		t.Scheduled += f.Scheduled
		t.Unsent += f.Unsent
		t.Sent += f.Sent
		t.Acked += f.Acked
		t.Failed += f.Failed
	}
	for _, g := range res.Groups {
		t.Consumed += g.Consumed
		t.Expired += g.Expired
		t.Unread += g.Unread
		t.Skipped += g.Skipped
		t.Duplicates += g.Duplicates
	}
	for _, topic := range r.topics {
		for p, load := range r.loads[topic.Actual] {
			t.LogEndDelta += r.delta(topic, p)
			t.Markers += load.markers
			t.PossibleDuplicates += r.possibleDuplicates(topic, p)
			for _, s := range load.seconds {
				t.BytesAcked += s.ackedBytes
				t.BytesConsumed += s.consumedBytes
			}
		}
	}
	return t
}

// sortedTopics are the topics by name, so that results do not depend on map order.
func (r *run) sortedTopics() []*cluster.Topic {
	all := slices.Collect(maps.Values(r.topics))
	slices.SortFunc(all, func(a, b *cluster.Topic) int { return cmp.Compare(a.Name, b.Name) })
	return all
}
