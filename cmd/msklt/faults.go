package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"msklt/internal/embedded"
)

// faults are what --fault asks the embedded cluster to do wrong.
type faults struct {
	delay  time.Duration // of every produce answer
	timely []timely
}

// timely is a fault that comes again and again, the first time after one period.
type timely struct {
	every  time.Duration
	inject func(*embedded.Cluster)
}

// parseFaults reads delay=D, stall=D/EVERY and hangup=EVERY.
func parseFaults(all []string, brokers int) (faults, error) {
	var f faults
	for _, text := range all {
		kind, value, _ := strings.Cut(text, "=")
		switch kind {
		case "delay":
			d, err := positive(value)
			if err != nil || f.delay > 0 {
				return f, fmt.Errorf("--fault %q: want one delay=DURATION, such as delay=50ms", text)
			}
			f.delay = d
		case "stall":
			long, every, _ := strings.Cut(value, "/")
			d, err := positive(long)
			period, err2 := positive(every)
			if errors.Join(err, err2) != nil || d >= period {
				return f, fmt.Errorf("--fault %q: want stall=DURATION/EVERY, the first being shorter, such as stall=2s/20s", text)
			}
			f.timely = append(f.timely, timely{period, func(c *embedded.Cluster) { c.Stall(d) }})
		case "hangup":
			period, err := positive(value)
			if err != nil {
				return f, fmt.Errorf("--fault %q: want hangup=EVERY, such as hangup=30s", text)
			}
			f.timely = append(f.timely, timely{period, func(c *embedded.Cluster) {
				for b := range brokers {
					c.HangUp(int32(b))
				}
			}})
		default:
			return f, fmt.Errorf("--fault %q is none; there are delay=50ms, stall=2s/20s and hangup=30s", text)
		}
	}
	return f, nil
}

func positive(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err == nil && d <= 0 {
		err = errors.New("not positive")
	}
	return d, err
}

// run injects the faults until the context ends.
func (f faults) run(ctx context.Context, c *embedded.Cluster) {
	if f.delay > 0 {
		c.Delay(func() time.Duration { return f.delay })
	}
	var all sync.WaitGroup
	for _, fault := range f.timely {
		all.Go(func() {
			tick := time.NewTicker(fault.every)
			defer tick.Stop()
			for {
				select {
				case <-tick.C:
					fault.inject(c)
				case <-ctx.Done():
					return
				}
			}
		})
	}
	<-ctx.Done()
	all.Wait()
}
