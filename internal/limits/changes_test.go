package limits

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func serverless() Limits {
	return Limits{Values: map[Name]float64{ClusterPartitionChanges: 250.0 / 300, ClusterTopicRequests: 2}}
}

// TestChangePace spaces requests under 250 partitions in 5 minutes and 2 requests a
// second, of which 1.6 are used.
func TestChangePace(t *testing.T) {
	many := func(n, of int) []int { return slices.Repeat([]int{of}, n) }
	for name, test := range map[string]struct {
		l     Limits
		sizes []int
		want  time.Duration // until the last request
	}{
		"nothing declared":                  {Limits{}, many(50, 100), 0},
		"within the allowance":              {serverless(), many(200, 1), 0},
		"one more":                          {serverless(), many(251, 1), 301 * time.Second},
		"2,400 partitions":                  {serverless(), many(200, 12), 9 * 301 * time.Second}, // 20 topics of 12 each time
		"larger than the allowance":         {serverless(), []int{400}, 0},
		"after a large one":                 {serverless(), []int{400, 1}, 301 * time.Second},
		"requests only":                     {Limits{Values: map[Name]float64{ClusterTopicRequests: 2}}, many(3, 1000), 1250 * time.Millisecond},
		"what is left of it, then the rest": {serverless(), []int{100, 100, 100, 100}, 301 * time.Second},
	} {
		if got := NewChangePace(test.l).Left(0, test.sizes); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
	p := NewChangePace(serverless())
	p.Made(0, 200)
	if n, wait := p.Next(10*time.Second, many(200, 1)); n != 50 || wait != 0 {
		t.Errorf("after 200 changes %d more go after %v, want 50 at once", n, wait)
	}
	p.Refused(10*time.Second, 30*time.Second)
	if n, wait := p.Next(10*time.Second, many(200, 1)); n != 50 || wait != 30*time.Second {
		t.Errorf("held back, %d more go after %v, want 50 after 30 s", n, wait)
	}
	if got := p.Pieces(600); !slices.Equal(got, []int{250, 250, 100}) {
		t.Errorf("600 partitions in %v", got)
	}
}

// TestChangePaceKeepsBothLimits draws topics and holds every request of them against
// the declared limits: a sliding window, and the token bucket that Apache Kafka has.
func TestChangePaceKeepsBothLimits(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 7))
	for range 200 {
		var sizes []int
		for range 1 + rng.IntN(60) {
			sizes = append(sizes, 1+rng.IntN(250))
		}
		p, now := NewChangePace(serverless()), time.Duration(0)
		var made []change
		for len(sizes) > 0 {
			n, wait := p.Next(now, sizes)
			now += wait + time.Duration(rng.IntN(3000))*time.Millisecond
			sum := 0
			for _, s := range sizes[:n] {
				sum += s
			}
			p.Made(now, sum)
			made, sizes = append(made, change{now, sum}), sizes[n:]
		}
		tokens, last := 250.0, time.Duration(0)
		for i, c := range made {
			within := 0
			for _, before := range made[:i+1] {
				if c.at-before.at < 5*time.Minute {
					within += before.partitions
				}
			}
			tokens = min(250, tokens+(c.at-last).Seconds()*250/300) - float64(c.partitions)
			last = c.at
			if within > 250 || tokens < -1e-6 || i > 0 && c.at-made[i-1].at < 500*time.Millisecond {
				t.Fatalf("request %d of %v: %d changes within 5 minutes, %.1f tokens left", i, made, within, tokens)
			}
		}
	}
}
