package embedded

import (
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// changesWindow is the time over which AWS counts partitions made and removed.
const changesWindow = 5 * time.Minute

// changes bounds the partitions made and removed, as Apache Kafka does with its
// controller_mutation_rate (KIP-599): a topic that finds no debt is admitted whole,
// and what it takes beyond a window's worth is owed. Requests of versions that know no
// refusal are always admitted, and wait until they owe nothing. Amazon MSK's own
// limiter is not published.
type changes struct {
	rate float64 // per second; 0: any number

	mu     sync.Mutex
	tokens float64
	last   time.Duration
}

func newChanges(rate float64) changes {
	return changes{rate: rate, tokens: rate * changesWindow.Seconds()}
}

// take charges n partitions unless it must refuse them, and returns how long to wait.
func (b *changes) take(at time.Duration, n int, refuses bool) (refused bool, pause time.Duration) {
	if b.rate <= 0 {
		return false, 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tokens = min(b.tokens+(at-b.last).Seconds()*b.rate, b.rate*changesWindow.Seconds())
	b.last = at
	if refuses && b.tokens < 0 {
		return true, b.owed()
	}
	b.tokens -= float64(n)
	if refuses || b.tokens >= 0 {
		return false, 0
	}
	return false, b.owed()
}

// owed is how long the debt lasts. The lock is held.
func (b *changes) owed() time.Duration {
	d := time.Duration(-b.tokens / b.rate * float64(time.Second))
	return max(d.Round(time.Millisecond), time.Millisecond)
}

// refusesChanges tells the versions of requests whose clients know
// THROTTLING_QUOTA_EXCEEDED.
func refusesChanges(key kmsg.Key, version int16) bool {
	switch key {
	case kmsg.CreateTopics:
		return version >= 6
	case kmsg.DeleteTopics:
		return version >= 5
	}
	return version >= 3 // CreatePartitions
}

// give takes a charge back.
func (b *changes) give(n int) {
	if b.rate <= 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tokens += float64(n) // the next one sees to the bound
}
