package preflight

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/scenario"
)

// api is a request that a run makes, and the version that it takes at least.
type api struct {
	key   kmsg.Key
	least int16
}

// apis are those that scenarios take. The versions are those of the record format of
// Apache Kafka 0.11, and for topics that of a default replication factor (2.4).
func apis(all []*scenario.Scenario) []api {
	needed := map[kmsg.Key]int16{kmsg.Metadata: 0, kmsg.ListOffsets: 1}
	want := func(least int16, keys ...kmsg.Key) {
		for _, k := range keys {
			needed[k] = max(needed[k], least)
		}
	}
	for _, s := range all {
		for _, t := range s.Topics {
			if !t.Existing {
				want(0, kmsg.DeleteTopics)
				want(0, kmsg.CreateTopics)
				if t.ReplicationFactor < 0 {
					want(4, kmsg.CreateTopics)
				}
			}
		}
		for _, p := range s.Producers {
			want(3, kmsg.Produce)
			if p.Settings.Idempotent {
				want(0, kmsg.InitProducerID)
			}
			if p.Settings.Transactions.Records > 0 {
				want(0, kmsg.FindCoordinator, kmsg.AddPartitionsToTxn, kmsg.EndTxn)
			}
		}
		if len(s.Consumers) > 0 {
			want(4, kmsg.Fetch)
			want(0, kmsg.FindCoordinator, kmsg.JoinGroup, kmsg.SyncGroup, kmsg.Heartbeat, kmsg.LeaveGroup,
				kmsg.OffsetCommit, kmsg.OffsetFetch, kmsg.DeleteGroups)
		}
	}
	var out []api
	for k, least := range needed {
		out = append(out, api{k, least})
	}
	slices.SortFunc(out, func(a, b api) int { return int(a.key) - int(b.key) })
	return out
}

// versions tells whether every broker offers the requests that a run makes.
func (l *look) versions(ctx context.Context) {
	ctx, cancel := l.meeting.Within(ctx, stepTimeout)
	defer cancel()
	var err error
	if l.offered, err = l.admin.ApiVersions(ctx); err != nil {
		l.failed("api", fmt.Errorf("the brokers do not say which requests they take: %w", l.why(err)), "")
		return
	}
	var lacking []string
	wanted := apis(l.Scenarios)
	for _, a := range wanted {
		if v := l.most(a.key); v < 0 {
			lacking = append(lacking, a.key.Name())
		} else if v < a.least {
			lacking = append(lacking, fmt.Sprintf("%s version %d (it has %d)", a.key.Name(), a.least, v))
		}
	}
	if len(lacking) > 0 {
		l.failed("api", fmt.Errorf("%s lacks %s", l.cluster.APILevel, strings.Join(lacking, ", ")),
			"leave out of the scenario what takes them: transactions, groups, or a default replication factor")
		return
	}
	l.ok("api", "%s; the %d requests that it takes are offered", l.cluster.APILevel, len(wanted))
}

// most is the highest version of a request that every broker takes; -1 for none.
func (l *look) most(k kmsg.Key) int16 {
	least := int16(math.MaxInt16)
	for _, b := range l.offered {
		_, highest, known := b.KeyVersions(int16(k))
		if b.Err != nil {
			continue
		}
		if !known {
			return -1
		}
		least = min(least, highest)
	}
	return least
}
