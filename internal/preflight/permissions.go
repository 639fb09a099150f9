package preflight

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"msklt/internal/cluster"
)

// permissions tries what the scenarios ask for, on a topic of the look's own, and
// asks the cluster what it would allow on topics that are there already, to which
// nothing is written.
func (l *look) permissions(whole context.Context) {
	ctx, cancel := l.meeting.Within(whole, 2*stepTimeout)
	defer cancel()
	use := l.use
	own, creates := l.own()
	there := creates && l.create(ctx, own)
	if creates && !there {
		use.Topics = use.Topics[1:]
		l.unknown("other topic permissions", "%s*: cannot be told without a topic", commonPrefix)
	}
	tried := map[cluster.Permission]error{} // nil where it worked
	if there {
		defer l.remove(context.WithoutCancel(ctx), own)
		l.write(ctx, own, tried)
	}
	missing, untold, err := l.cluster.Missing(ctx, use)
	if whole.Err() != nil {
		return
	}
	for _, p := range missing {
		if tried[p] == nil {
			tried[p] = errors.New("the client lacks the permission")
		}
	}
	l.known(ctx, use)
	for _, p := range use.Permissions() {
		describe := cluster.Permission{Operation: "describe", Resource: p.Resource, Name: p.Name}
		_, told := tried[p]
		switch {
		case p.Resource == "topic" && p.Operation == "delete" && p.Name == own.Name:
			// It is tried last.
		case p != describe && tried[describe] != nil:
			l.unknown(name(p), "%s: cannot be told without describe", l.scope(p))
		case !told && slices.Contains(untold, p):
			l.unknown(name(p), "%s: the cluster does not tell", l.scope(p))
		case !told && err != nil:
			l.unknown(name(p), "%s: not told: %v", l.scope(p), err)
		default:
			l.permission(p, tried[p])
		}
	}
}

// known tells which of the topics that are to be there are.
func (l *look) known(ctx context.Context, use cluster.Use) {
	var names []string
	for _, t := range use.Topics {
		if t.Existing {
			names = append(names, t.Name)
		}
	}
	if len(names) == 0 {
		return
	}
	found, err := l.admin.ListTopics(ctx, names...)
	if err != nil {
		l.unknown("topics", "not told: %v", err)
		return
	}
	for _, n := range names {
		switch t := found[n]; {
		case t.Err == nil:
			l.ok("topic "+n, "%d partitions", len(t.Partitions))
		case errors.Is(t.Err, kerr.UnknownTopicOrPartition):
			l.failed("topic "+n, errors.New("the scenario says that it exists, and it does not"), "create it, or leave out existing: true")
		}
	}
}

// own is the topic that stands for those that the scenarios create.
func (l *look) own() (own cluster.TopicUse, creates bool) {
	if len(l.use.Topics) == 0 || l.use.Topics[0].Existing {
		return cluster.TopicUse{}, false
	}
	return l.use.Topics[0], true
}

// permission adds the row of one permission; the error is nil where the client has it.
func (l *look) permission(p cluster.Permission, err error) {
	if err == nil {
		l.ok(name(p), "%s", l.scope(p))
		return
	}
	l.lacking = append(l.lacking, l.with(p)...)
	l.failed(name(p), fmt.Errorf("%s: %w", l.scope(p), l.why(err)), l.fix(p))
}

// name is a permission's without what it is on.
func name(p cluster.Permission) string {
	if p.Resource == "cluster" {
		return p.Operation
	}
	return p.Operation + " " + p.Resource
}

// scope is what a permission must hold for.
func (l *look) scope(p cluster.Permission) string {
	switch {
	case p.Resource == "cluster":
		return "on the cluster"
	case l.existing(p):
		return p.Name
	}
	return commonPrefix + "*"
}

// existing tells a permission on a topic that is not the run's.
func (l *look) existing(p cluster.Permission) bool {
	return slices.ContainsFunc(l.use.Topics, func(t cluster.TopicUse) bool {
		return t.Existing && p.Resource == "topic" && t.Name == p.Name
	})
}

// stamps is how many records tell the clocks apart: the first waits for connections.
const stamps = 3

// write writes records and reads them again, as far as the scenarios do, and notes
// what came of it.
func (l *look) write(ctx context.Context, own cluster.TopicUse, tried map[cluster.Permission]error) {
	if !own.Write {
		return
	}
	ctx, cancel := l.meeting.Within(ctx, stepTimeout)
	defer cancel()
	permission := cluster.Permission{Operation: "write", Resource: "topic", Name: own.Name}
	client, err := kgo.NewClient(append(l.options(),
		kgo.DisableIdempotentWrite(), kgo.ProducerLinger(0), kgo.RecordDeliveryTimeout(stepTimeout),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{own.Name: {0: kgo.NewOffset().AtStart()}}))...)
	if err != nil {
		tried[permission] = err
		return
	}
	defer client.Close()
	var sent, acked [stamps]time.Time
	for i := range stamps {
		sent[i] = time.Now()
		if err := client.ProduceSync(ctx, &kgo.Record{Topic: own.Name, Value: []byte("msklt check")}).FirstErr(); err != nil {
			tried[permission] = err
			if !errors.Is(err, kerr.TopicAuthorizationFailed) { // it may be there all the same
				l.written = fmt.Sprintf("with at most %d small records", i+1)
			}
			return
		}
		l.written = fmt.Sprintf("with %d small records", i+1)
		acked[i] = time.Now()
	}
	tried[permission] = nil
	permission.Operation = "read"
	for read := 0; own.Read && read < stamps; {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			tried[permission] = err
			return
		}
		for _, r := range fetches.Records() {
			if read++; read == stamps {
				tried[permission] = nil
				l.clocks(r, sent[stamps-1], acked[stamps-1])
			}
		}
	}
}
