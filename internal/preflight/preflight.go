// Package preflight looks, before a run, whether a cluster can be reached and lets
// the run do what its scenario asks for: name by name, connection by connection,
// permission by permission. What it makes on the cluster to find out it removes.
package preflight

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"msklt/internal/access"
	"msklt/internal/cluster"
	"msklt/internal/limits"
	"msklt/scenario"
)

// Schema names the format of a Report in JSON.
const Schema = "msklt.check/v1"

// State is what came of one check.
type State string

const (
	OK      State = "ok"
	Failed  State = "failed"  // the run cannot work
	Warning State = "warning" // it can, but look at this
	Unknown State = "unknown" // could not be told, or has no meaning here
)

// Row is one thing that was looked at.
type Row struct {
	Check string `json:"check"`
	State State  `json:"state"`
	Found string `json:"found"`
	Fix   string `json:"fix,omitempty"` // may have several lines
}

// Report is all that was looked at, in order.
type Report struct {
	Schema string `json:"schema"`
	Target string `json:"target"`
	Ready  bool   `json:"ready"` // nothing failed
	Checks []Row  `json:"checks"`
	// Policy is what the IAM policy of the client lacks, as JSON; "" for nothing, or
	// where IAM is not asked.
	Policy string `json:"policy,omitempty"`
}

// Config is what to look at.
type Config struct {
	Access    *access.Access
	Target    *scenario.Target
	Scenarios []*scenario.Scenario
	Limits    []limits.Limits // of each scenario
	Prefix    string          // of what is made on the cluster
	// Tell is called with each row as soon as it is known; nil for never.
	Tell func(Row)
}

// look is one look at a cluster.
type look struct {
	Config
	report  *Report
	cluster *cluster.Cluster
	client  *kgo.Client
	admin   *kadm.Client
	offered kadm.BrokersApiVersions
	meeting cluster.Meeting // of all clients
	use     cluster.Use
	lacking []cluster.Permission
	written string // what records the look's own topic holds
}

// Look looks at everything, as far as it gets: what cannot be looked at for want of
// something else is not in the report.
func Look(ctx context.Context, c Config) *Report {
	l := &look{Config: c, report: &Report{Schema: Schema, Target: c.Access.Name, Ready: true}}
	l.use = l.wanted()
	if !l.enter(ctx) || !l.open(ctx) {
		return l.report
	}
	defer l.cluster.Close()
	defer l.client.Close()
	for _, step := range []func(context.Context){l.roundTrip, l.versions, l.permissions, l.forms, l.quotas, l.room} {
		if ctx.Err() == nil && !l.shut() {
			step(ctx)
		}
	}
	l.shut()
	l.report.Policy = l.policy()
	return l.report
}

// shut tells that a broker which was entered lets in no connection more. What would be
// looked at next would tell of nothing but that.
func (l *look) shut() bool {
	why := l.meeting.Shut()
	if last := len(l.report.Checks) - 1; why != nil && l.report.Checks[last].Check != connections {
		l.failed(connections, why, "close connections of others, have the limit raised, or see the broker's log")
	}
	return why != nil
}

// Unready is the report on a target that could not be made ready for a look: its
// credentials, files or AWS's answers.
func Unready(target string, err error) *Report {
	return &Report{Schema: Schema, Target: target, Checks: []Row{{Check: "target", State: Failed, Found: err.Error()}}}
}

var errConnections = errors.New("see " + connections)

// why is an error of a request, or names the row of [look.shut] that will say more.
func (l *look) why(err error) error {
	if l.meeting.Why(err) != err {
		return errConnections
	}
	return err
}

func (l *look) add(r Row) {
	l.report.Checks = append(l.report.Checks, r)
	if r.State == Failed {
		l.report.Ready = false
	}
	if l.Tell != nil {
		l.Tell(r)
	}
}

func (l *look) ok(check, format string, args ...any) {
	l.add(Row{Check: check, State: OK, Found: fmt.Sprintf(format, args...)})
}

func (l *look) unknown(check, format string, args ...any) {
	for i, a := range args {
		if err, ok := a.(error); ok {
			args[i] = l.why(err)
		}
	}
	l.add(Row{Check: check, State: Unknown, Found: fmt.Sprintf(format, args...)})
}

// failed adds a row of something without which a run cannot work.
func (l *look) failed(check string, err error, fix string) {
	l.add(Row{Check: check, State: Failed, Found: err.Error(), Fix: fix})
}

// wanted is what all the scenarios do together, on a topic of this look's own in
// place of those that they create.
func (l *look) wanted() cluster.Use {
	own := cluster.TopicUse{Name: l.Prefix + checkTopic, Delete: true}
	u, created := cluster.Use{}, false
	for i, s := range l.Scenarios {
		one := cluster.UseOf(s, l.Prefix, false, limits.NewChangePace(l.Limits[i]).PerRequest())
		for _, t := range one.Topics {
			if t.Existing {
				u.Topics = append(u.Topics, t)
				continue
			}
			created, own.Write, own.Read, own.Grow = true, own.Write || t.Write, own.Read || t.Read, own.Grow || t.Grow
		}
		u.Idempotent = u.Idempotent || one.Idempotent
		if one.Group != "" {
			u.Group = l.Prefix + checkTopic
		}
		if one.TransactionalID != "" {
			u.TransactionalID = l.Prefix + checkTopic
		}
	}
	if created {
		u.Topics = append([]cluster.TopicUse{own}, u.Topics...)
	}
	return u
}

// options are those of every client.
func (l *look) options() []kgo.Opt {
	opts := append(l.Access.Options(), kgo.ClientID(l.Prefix+checkTopic), kgo.DisableClientMetrics(),
		kgo.WithHooks(&l.meeting), kgo.RequestTimeoutOverhead(patience))
	if l.cluster != nil {
		opts = append(opts, kgo.SeedBrokers(l.cluster.Seeds...))
	}
	return opts
}

const (
	checkTopic  = "check" // after the prefix: of the topic, the group and the transactional id
	stepTimeout = 10 * time.Second
	// patience is for the first answer on a connection, and less than a step, so that a
	// connection that gets none is told.
	patience    = 5 * time.Second
	connections = "connections"
)
