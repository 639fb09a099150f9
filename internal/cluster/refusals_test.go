package cluster_test

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/internal/cluster"
	"msklt/internal/limits"
)

// bucket is an allowance of changes as Apache Kafka has it (KIP-599), topic by topic.
type bucket struct {
	tokens float64
	last   time.Time
}

const bucketRate = 250.0 / 300

func (b *bucket) remove(kreq kmsg.Request) (kmsg.Response, error, bool) {
	req := kreq.(*kmsg.DeleteTopicsRequest)
	resp := req.ResponseKind().(*kmsg.DeleteTopicsResponse)
	b.tokens += time.Since(b.last).Seconds() * bucketRate
	b.last = time.Now()
	for _, t := range req.Topics {
		a := kmsg.NewDeleteTopicsResponseTopic()
		if a.Topic = t.Topic; b.tokens < 0 {
			a.ErrorCode = kerr.ThrottlingQuotaExceeded.Code
			resp.ThrottleMillis = int32(-b.tokens / bucketRate * 1000)
		} else {
			b.tokens -= 60
		}
		resp.Topics = append(resp.Topics, a)
	}
	return resp, nil, true
}

// TestVirtualRefusedRemovalTells: others have used up the allowance, and its rate is
// declared or not: what is told to be left is what it then takes.
func TestVirtualRefusedRemovalTells(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		l     limits.Limits
		known int // done, from which on the rate is known
	}{"declared": {allowance(), 0}, "not declared": {limits.Limits{}, 60}} {
		t.Run(name, func(t *testing.T) {
			onStrict(t, c.l, func(t *testing.T, s *strict, admin *cluster.Cluster) {
				b := &bucket{tokens: -30, last: time.Now()}
				s.kafka.ControlKey(int16(kmsg.DeleteTopics), func(r kmsg.Request) (kmsg.Response, error, bool) { s.kafka.KeepControl(); return b.remove(r) })
				var topics []*cluster.Topic
				for _, name := range []string{"a", "b", "c", "d"} {
					topics = append(topics, &cluster.Topic{Actual: runName + name, Created: true, Leaders: make([]int32, 60)})
				}
				type said struct {
					cluster.Progress
					at time.Time
				}
				var told []said
				gone := admin.Remove(t.Context(), topics, nil, func(p cluster.Progress) { told = append(told, said{p, time.Now()}) })
				end := time.Now()
				if err := gone.Err(); err != nil || len(gone.Topics) != 4 {
					t.Fatalf("%d removed, %v", len(gone.Topics), err)
				}
				refused := 0
				for _, p := range told {
					if !p.Refused {
						continue
					}
					refused++
					left := end.Sub(p.at)
					if p.Done < c.known {
						left = 0
					}
					// Each request comes up to a second late, and throttle times are
					// cut to milliseconds.
					if off := (p.Left - left).Abs(); off > 4*time.Second {
						t.Errorf("%d of %d done, told %v, then it took %v", p.Done, p.Of, p.Left, left)
					}
				}
				if refused < 100 { // once a second of some four minutes
					t.Errorf("told %d times of refusals", refused)
				}
			})
		})
	}
}
