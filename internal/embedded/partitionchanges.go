package embedded

import (
	"sync"
	"time"
)

// changesWindow is the time over which AWS counts partitions made and removed.
const changesWindow = 5 * time.Minute

// changes bounds the partitions made and removed, as Apache Kafka does with its
// controller_mutation_rate (KIP-599): a topic that finds no debt is admitted whole,
// and what it takes beyond a window's worth is owed. Amazon MSK's own limiter is not
// published.
type changes struct {
	rate float64 // per second; 0: any number

	mu     sync.Mutex
	tokens float64
	last   time.Duration
}

func newChanges(rate float64) changes {
	return changes{rate: rate, tokens: rate * changesWindow.Seconds()}
}

// take charges n partitions, or returns how long the debt lasts.
func (b *changes) take(at time.Duration, n int) time.Duration {
	if b.rate <= 0 {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tokens = min(b.tokens+(at-b.last).Seconds()*b.rate, b.rate*changesWindow.Seconds())
	b.last = at
	if b.tokens < 0 {
		owed := time.Duration(-b.tokens / b.rate * float64(time.Second))
		return max(owed.Round(time.Millisecond), time.Millisecond)
	}
	b.tokens -= float64(n)
	return 0
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
