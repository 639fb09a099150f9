// Package generator runs a scenario against a cluster: it drives the producer
// and consumer fleets along their schedules, collects what they see, and
// reconciles the counts with the cluster's log. It does not say what may be
// expected (that is limits) and shows nothing (that is report).
package generator

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/sasl"

	"msklt/internal/cluster"
	"msklt/internal/limits"
	"msklt/report"
	"msklt/scenario"
)

// Config is what to run, and where.
type Config struct {
	Scenario *scenario.Scenario
	Limits   limits.Limits
	Target   report.Target // Kind, Brokers and APILevel are filled in by Run unless set
	// Prefix begins the name of everything that the run creates on the cluster, see
	// NewPrefix; "" has Run make one.
	Prefix string
	// Keep leaves the topics and groups of the run on the cluster.
	Keep bool
	// Ephemeral says that the cluster ends with the run, so that nothing has to be
	// removed from it.
	Ephemeral bool
	// LiveTopics lets fleets write to existing topics that others are writing to.
	LiveTopics bool
	// Again says that the caller's own run on the cluster ended a moment ago, so that
	// records of the last minutes do not mean others.
	Again bool
	// Measured is called when all is known but what the removal leaves, before that
	// begins, which under limits on changes can take minutes; nil for never.
	Measured func(*Output)
	// Progress is called about once a second; nil for no progress.
	Progress func(Progress)
	// Snapshot is called before the traffic, about once a second while it flows, and
	// once more when all is known; nil for never. The traffic does not wait for it.
	Snapshot func(*Snapshot)
	// Leave, when it is done, has a run that was interrupted end at once, with the result
	// of what is known without asking the cluster, and remove nothing; nil for never.
	Leave context.Context
	// Auth is how clients log in; nil for not at all. Its errors, and those of the
	// cluster about it, are counted, and clients try again.
	Auth sasl.Mechanism
	// Dial opens connections; nil for plain TCP. On a real network it should be
	// [Patient].
	Dial Dialer

	skew time.Duration // by which this machine's clock is made out to be ahead, by tests
}

// Output is what a run leaves behind.
type Output struct {
	Result     *report.Result
	Series     iter.Seq[report.PartitionSecond]
	Histograms []report.Histogram
	// Left says what of the run is still on the cluster, and why; nil when all
	// was removed or was to be kept. It is a [LeftError].
	Left error
}

// LeftError says that something of a run is still on the cluster. The error of a run
// that failed before its traffic wraps it as well.
type LeftError struct {
	Prefix string // of the names
	Why    error
}

func (e *LeftError) Error() string {
	return fmt.Sprintf("topics and groups that begin with %s: %v", e.Prefix, e.Why)
}

func (e *LeftError) Unwrap() error { return e.Why }

const (
	groupTimeout = 60 * time.Second // until all partitions are assigned
	drainTimeout = 30 * time.Second // until what was handed is acknowledged
	abortTimeout = 30 * time.Second // until requests in flight are answered
	adminTimeout = 30 * time.Second
	stallTimeout = 30 * time.Second // a group that reads nothing for so long is given up
	readTimeout  = 5 * time.Minute  // a group that is still behind after that is given up
)

// run is one run in progress.
type run struct {
	Config
	prefix   string             // of topics, groups and client ids
	sized    *scenario.Scenario // with the partition counts of topics that existed
	observer *observer
	cluster  *cluster.Cluster
	topics   map[string]*cluster.Topic   // by name in the scenario
	loads    map[string][]*partitionLoad // by name on the cluster
	fleets   []*fleet
	producer []*producer
	groups   []*group
	idle     []*idleFleet
	pace     *dialPace
	errors   *errorLog
	events   *eventLog
	logins   *logins // nil without Auth
	health   *health
	stamp    stamp
	clock    clock
	start    time.Time     // of traffic
	spans    []interval    // measured phases
	end      time.Duration // of the last phase
	reading  sync.WaitGroup
	seconds  []latencySecond

	paced   float64    // share of the measured records' waiting that was for the run's own pace of connecting
	broken  chan abort // by the watch
	aborted *abort

	draining    atomic.Int64  // nanoseconds since start, once sending has ended
	stopped     time.Duration // when sending ended
	finished    time.Duration // when the drain ended
	interrupted bool
	ends        bool                    // whether the logs' offsets after the run are known
	gone        map[*cluster.Topic]bool // deleted by somebody during the run
}

// Run runs a scenario. Cancelling the context stops the sending; what was sent
// is then awaited, and the output says that the run was interrupted. A broken
// threshold that aborts stops it in the same way. An error
// means that there is no output; it wraps cluster.ErrEnvironment when the
// cluster is the reason.
func Run(ctx context.Context, c Config) (out *Output, err error) {
	if c.Prefix == "" {
		c.Prefix = NewPrefix()
	}
	if c.Leave == nil {
		c.Leave = context.Background()
	}
	r := &run{
		Config: c, prefix: c.Prefix, observer: newObserver(wholeSecond(-time.Second)),
		topics: map[string]*cluster.Topic{}, loads: map[string][]*partitionLoad{},
		events: newEventLog(), health: newHealth(newVitals()), pace: newDialPace(c.Limits), stamp: newStamp(), broken: make(chan abort, 1),
	}
	r.errors = newErrorLog(r.events)
	if c.Auth != nil {
		r.logins = &logins{Mechanism: c.Auth, run: r}
	}
	for _, p := range c.Scenario.Phases {
		if p.Measure {
			r.spans = append(r.spans, interval{r.end, r.end + p.Duration})
		}
		r.end += p.Duration
	}
	if r.cluster, err = cluster.Open(ctx, c.Target.Bootstrap, r.tapped("", r.prefix+"admin", r.pace)...); err != nil {
		return nil, orInterrupt(ctx, err)
	}
	defer r.cluster.Close()
	r.cluster.KeepTo(c.Limits)
	r.observer.setNodes(r.cluster.Nodes)
	defer func() {
		if out != nil && r.Measured != nil {
			r.Measured(out)
		}
		if left := r.clean(ctx); out != nil {
			out.Left = left
		} else if left != nil {
			err = fmt.Errorf("%w; left on the cluster: %w", err, left)
		}
	}()
	if err := r.prepare(ctx); err != nil {
		r.close(ctx)
		return nil, orInterrupt(ctx, err)
	}
	r.drive(ctx)
	r.settle(ctx)
	out = r.output()
	r.tell(r.finished, true)
	return out, nil
}

// orInterrupt is why there is no run: once the context is done, that is why, whatever
// it made fail.
func orInterrupt(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// NewPrefix makes a name that sets a run's topics, groups and client ids apart from
// all others.
func NewPrefix() string { return cluster.NewPrefix(time.Now()) }

// prepare creates the topics, starts the groups and makes the clients.
func (r *run) prepare(ctx context.Context) error {
	if err := r.prepareTopics(ctx); err != nil {
		return err
	}
	if err := r.permitted(ctx, nil); err != nil {
		return err
	}
	for _, c := range r.Scenario.Consumers {
		if err := r.startGroup(ctx, c); err != nil {
			return err
		}
	}
	if err := r.awaitGroups(ctx); err != nil {
		return err
	}
	r.sized = sized(r.Scenario, r.topics)
	r.openIdle(ctx)
	for _, p := range r.Scenario.Producers {
		if n := len(r.topicsNamed(p.Topic)[0].Leaders); p.Partition.Fixed && int(p.Partition.Number) >= n {
			return cluster.Errorf("fleet %s writes to partition %d, but topic %s has %d partitions", p.Name, p.Partition.Number, p.Topic, n)
		}
		f := r.newFleet(p)
		r.fleets = append(r.fleets, f)
		for i := range p.Clients {
			client, err := r.newProducer(f, i)
			if err != nil {
				return err
			}
			r.producer = append(r.producer, client)
		}
	}
	if err := r.connect(ctx); err != nil {
		return err
	}
	r.start = wholeSecond(200 * time.Millisecond)
	r.clock.begin(r.start)
	for _, f := range r.fleets {
		f.start = r.start
	}
	return nil
}

// permitted fails where the client lacks a permission for the run. With first, only that
// one is there of the topics that the run makes: what lacks is told before it has made
// them all, which can take most of an hour, and may not be allowed to remove them.
func (r *run) permitted(ctx context.Context, first *cluster.Topic) error {
	if r.Target.Kind == string(limits.EmbeddedCluster) { // which lets everybody do everything
		return nil
	}
	use := cluster.UseOf(r.Scenario, r.prefix, r.Keep, 0)
	if first != nil {
		use.Topics = slices.DeleteFunc(use.Topics, func(t cluster.TopicUse) bool { return !t.Existing && t.Name != first.Actual })
	}
	return r.cluster.Permit(ctx, use)
}

// prepareTopics creates or finds the topics and makes their partitions known.
func (r *run) prepareTopics(ctx context.Context) error {
	r.say("creating topics")
	all, err := r.cluster.CreateTopics(ctx, r.prefix, r.Scenario.Topics, func(p cluster.Progress) { r.say(Creating(p)) }, r.permitted)
	for _, t := range all {
		r.topics[t.Name] = t
	}
	if err != nil {
		return err
	}
	if err := r.refuseLive(ctx); err != nil {
		return err
	}
	starts, err := r.cluster.LogEnds(ctx, all)
	if err != nil {
		return err
	}
	for i, t := range all {
		t.Start = starts[i]
		r.observer.addTopic(t.Name, t.Actual, t.ID, len(t.Leaders))
		for range t.Leaders {
			r.loads[t.Actual] = append(r.loads[t.Actual], newPartitionLoad())
		}
	}
	return nil
}

// refuseLive looks whether others are writing to existing topics that fleets are to
// write to.
func (r *run) refuseLive(ctx context.Context) error {
	var existing []*cluster.Topic
	for _, p := range r.Scenario.Producers {
		for _, t := range r.topicsNamed(p.Topic) {
			if !r.LiveTopics && !t.Created && !slices.Contains(existing, t) {
				existing = append(existing, t)
			}
		}
	}
	if len(existing) > 0 {
		r.say("watching the topics that exist")
	}
	live, err := r.cluster.Written(ctx, existing, !r.Again)
	if err != nil || len(live) == 0 {
		return err
	}
	others, perhaps := "others are writing", ""
	if live[0].Grown == 0 {
		others, perhaps = "others may be writing", " (a run of yours before this counts, too)"
	}
	return cluster.Errorf("%s to topic %s, which fleets of this scenario are to load: it %s%s; to do so all the same: --allow-live-topics",
		others, live[0].Topic, live[0], perhaps)
}

// topicsNamed are the topics that a producer or consumer means by a name: those of
// a template, or one.
func (r *run) topicsNamed(name string) []*cluster.Topic {
	var out []*cluster.Topic
	for _, t := range r.Scenario.TopicsNamed(name) {
		out = append(out, r.topics[t.Name])
	}
	return out
}

// sized is the scenario with the partition counts that existing topics turned out
// to have.
func sized(s *scenario.Scenario, found map[string]*cluster.Topic) *scenario.Scenario {
	out := *s
	out.Topics = slices.Clone(s.Topics)
	for i := range out.Topics {
		out.Topics[i].Partitions = int32(len(found[out.Topics[i].Instances()[0].Name].Leaders))
	}
	return &out
}

// awaitGroups waits until every partition has a reader.
func (r *run) awaitGroups(ctx context.Context) error {
	patience := groupTimeout
	for _, g := range r.groups {
		patience += r.pace.takes(g.Clients * (3 + len(r.cluster.Brokers))) // to a bootstrap address, the coordinator, for offsets, and to each broker
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for _, g := range r.groups {
		for !g.ready() {
			if err := g.refusal(); err != nil {
				return cluster.Errorf("joining group %s: %w%s", g.id, err, r.groupsHint())
			}
			r.say("waiting for group " + g.Name + " to be assigned its partitions")
			select {
			case <-ctx.Done():
				return cluster.Errorf("group %s holds %d of %d partitions after %s: %w",
					g.id, g.assigned.Load(), g.expected, patience, ctx.Err())
			case <-time.After(100 * time.Millisecond):
			}
		}
	}
	return nil
}

// groupsHint says which limit may be behind a group that the cluster refuses.
func (r *run) groupsHint() string {
	most := r.Limits.Of(limits.ClusterGroups)
	if most <= 0 {
		return ""
	}
	return fmt.Sprintf("; a cluster may say so that has all the groups it may have: %s is %.0f", limits.ClusterGroups, most)
}

// clean removes what the run created, unless it is to be kept or goes with its
// cluster. An interrupt that comes meanwhile ends waiting for the cluster's allowance;
// one that came before does not.
func (r *run) clean(ctx context.Context) error {
	if r.Keep || r.Ephemeral {
		return nil
	}
	if ctx.Err() != nil {
		ctx = context.WithoutCancel(ctx)
	}
	if r.leaves() {
		return &LeftError{r.prefix, errors.New("left at once")}
	}
	if r.interrupted && !r.ends { // the cluster has not answered for a while
		r.cluster.Hurry(hurriedTimeout)
		r.say(fmt.Sprintf("removing the run's topics and groups, for up to %.0f s: the cluster does not answer; Ctrl-C again leaves now", hurriedTimeout.Seconds()))
	} else {
		r.say("removing the run's topics and groups")
	}
	var groups []string
	for _, g := range r.groups {
		groups = append(groups, g.id)
	}
	gone := r.cluster.Remove(ctx, r.sortedTopics(), groups, func(p cluster.Progress) { r.say(Removing(p)) })
	if err := gone.Err(); err != nil {
		return &LeftError{r.prefix, err}
	}
	return nil
}
