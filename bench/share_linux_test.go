package main

import (
	"os"
	"testing"
	"time"
)

func TestDisturbance(t *testing.T) {
	from := usage{all: 100 * time.Second, idle: 50 * time.Second, stolen: time.Second, own: 10 * time.Second}
	to := usage{all: 120 * time.Second, idle: 55 * time.Second, stolen: 2 * time.Second, own: 20 * time.Second}
	// Of 20 s, 5 were idle, 1 stolen and 10 our own.
	if got, want := disturbance(from, to), "others used 20 % of the processors, the host withheld 5 %"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// The CPU of a running process is what the process counts itself, to a tick at
// either end.
func TestCPUSoFar(t *testing.T) {
	before, err := cpuSoFar(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	from, err := usageNow(nil)
	if err != nil {
		t.Fatal(err)
	}
	for n := uint64(1); ; n = n*6364136223846793005 + 1 {
		now, err := usageNow(nil)
		if err != nil {
			t.Fatal(err)
		}
		if now.own-from.own >= 200*time.Millisecond {
			break
		}
	}
	after, err := cpuSoFar(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	to, err := usageNow(nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := after - before; got < 200*time.Millisecond-2*tick || got > to.own-from.own+2*tick {
		t.Errorf("%v of CPU seen, of between 200 ms and %v", got, to.own-from.own)
	}
}
