package preflight

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/internal/limits"
	"msklt/scenario"
)

// quotas tells whether the client may read the cluster's client quotas. A run does
// not need them.
func (l *look) quotas(ctx context.Context) {
	ctx, cancel := l.meeting.Within(ctx, stepTimeout)
	defer cancel()
	if l.most(kmsg.DescribeClientQuotas) < 0 {
		l.unknown("quotas", "the cluster does not offer to read them")
		return
	}
	found, err := l.admin.DescribeClientQuotas(ctx, false, nil)
	if err != nil {
		l.unknown("quotas", "cannot be read: %v", err)
		return
	}
	if len(found) == 0 {
		l.ok("quotas", "none are set for clients")
		return
	}
	l.ok("quotas", "%d are set for clients", len(found))
}

// room tells whether there is room for the topics that the largest of the scenarios
// creates.
func (l *look) room(ctx context.Context) {
	ctx, cancel := l.meeting.Within(ctx, stepTimeout)
	defer cancel()
	found, err := l.admin.ListTopicsWithInternal(ctx)
	if err != nil {
		l.unknown("room", "the cluster does not list its topics: %v", err)
		return
	}
	topics, partitions := len(found), 0
	found.EachPartition(func(kadm.PartitionDetail) { partitions++ })
	seen := fmt.Sprintf("this client sees topics: %d, partitions: %d", topics, partitions)
	for i, s := range l.Scenarios {
		wanted := created(s)
		if most := l.Limits[i].Of(limits.ClusterPartitions); most > 0 {
			l.fits(s.Name, seen, wanted, partitions, int(most))
		} else {
			l.ok("room", "%s; %s creates %d partitions; no limit on them is declared", seen, s.Name, wanted)
		}
	}
}

// fits adds the row of a scenario whose limits say how many partitions a cluster may have.
func (l *look) fits(name, seen string, wanted, there, most int) {
	if wanted > 0 && there+wanted > most { // what is there may be more, where AWS has raised a limit
		l.failed("room", fmt.Errorf("%s; %s creates %d, and the limit is %d: there is room for %d", seen, name, wanted, most, max(0, most-there)),
			"delete topics that nobody needs, or use fewer partitions")
		return
	}
	l.ok("room", "%s; %s creates %d of the %d that are left of %d", seen, name, wanted, max(0, most-there), most)
}

// created is how many partitions a scenario creates.
func created(s *scenario.Scenario) int {
	n := 0
	for _, t := range s.Topics {
		if !t.Existing {
			n += max(1, t.Count) * int(t.Partitions)
		}
	}
	return n
}
