package kafkatest

import (
	"context"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// The Java client offers 150 % of its quota for 12 s. Until then nobody has a
// quota, so the first run is the control.
func TestKafkaProducerQuota(t *testing.T) {
	b := Start(t, Options{})
	b.CreateTopic(t, "free", 1)
	b.CreateTopic(t, "limited", 1)
	load := PerfOptions{Records: 90_000, RecordBytes: 1000, RecordsPerSecond: 7500, Settings: []string{"client.id=greedy"}}

	free := ProducerPerf(t, b.Bootstrap(), "free", load)
	if free.ThrottleMax != 0 {
		t.Errorf("without a quota the client was throttled for up to %v", free.ThrottleMax)
	}

	const quota = 5e6
	b.ClientQuota(t, "greedy", quota, 0)
	limited := ProducerPerf(t, b.Bootstrap(), "limited", load)
	// The throttle is S/quota − W. Between two requests W falls by at most one
	// sample (1 s), and S grows by at most one batch (16 KiB; 3 ms); the rest is
	// for rounding and requests that the broker already held.
	if limited.ThrottleMax <= 0 || limited.ThrottleMax > 1100*time.Millisecond {
		t.Errorf("with a quota the longest throttle is %v, want above 0 and at most 1.1 s", limited.ThrottleMax)
	}
	if limited.RecordsPerSecond >= free.RecordsPerSecond {
		t.Errorf("%.0f records/s with a quota, %.0f without", limited.RecordsPerSecond, free.RecordsPerSecond)
	}
	for topic, r := range map[string]PerfResult{"free": free, "limited": limited} {
		if end := b.LogEnd(t, topic); r.Records != int64(load.Records) || len(end) != 1 || end[0] != r.Records {
			t.Errorf("%s: %d records sent of %d, log ends at %v", topic, r.Records, load.Records, end)
		}
	}
}

func TestKafkaThreeBrokers(t *testing.T) {
	Need(t)
	t.Parallel()
	b := Start(t, Options{Brokers: 3})
	b.CreateTopic(t, "orders", 6)
	ProducerPerf(t, b.Bootstrap(), "orders", PerfOptions{Records: 6000, RecordBytes: 1000})

	var total int64
	ends := b.LogEnd(t, "orders")
	for _, end := range ends {
		total += end
	}
	if len(ends) != 6 || total != 6000 {
		t.Errorf("log ends %v, want 6 partitions with 6000 records in all", ends)
	}

	leaders := map[int32]int{}
	known, err := metadata(t.Context(), b.bootstrap[2], "orders")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range known.Topics[0].Partitions {
		leaders[p.Leader]++
	}
	for broker := int32(1); broker <= 3; broker++ {
		if leaders[broker] != 2 {
			t.Errorf("partitions per leader %v, want 2 on each of 1, 2 and 3", leaders)
			break
		}
	}
}

// ClientQuota returns only when the quota is in force, so it is seen, and seen
// gone, at once.
func TestKafkaDefaultClientQuota(t *testing.T) {
	Need(t)
	t.Parallel()
	t.Run("in a test with, commas", defaultClientQuota)
}

func defaultClientQuota(t *testing.T) {
	b := Start(t, Options{})
	b.ClientQuota(t, "", 3e6, 4e6)
	got, err := describeQuotas(t.Context(), b.Bootstrap(), nil)
	if err != nil || got["producer_byte_rate"] != 3e6 || got["consumer_byte_rate"] != 4e6 || len(got) != 2 {
		t.Errorf("default quotas %v, %v; want 3e6 and 4e6", got, err)
	}
	b.ClientQuota(t, "", 0, 0)
	if got, err = describeQuotas(t.Context(), b.Bootstrap(), nil); err != nil || len(got) != 0 {
		t.Errorf("removed quotas %v, %v; want none", got, err)
	}
}

func TestKafkaJavaTellsWhatWentWrong(t *testing.T) {
	Need(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if out, err := Java(t, ctx, "org.apache.kafka.tools.NoSuchTool"); err == nil {
		t.Errorf("a class that does not exist ran and printed %q", out)
	}
}

func TestFreeAddressCanBeListenedOn(t *testing.T) {
	seen := map[string]bool{}
	for range 20 {
		address := freeAddress(t)
		if seen[address] {
			t.Errorf("%s was given out twice", address)
		}
		seen[address] = true
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatalf("nobody can listen on %s: %v", address, err)
		}
		l.Close()
	}
}

func TestKafkaKcat(t *testing.T) {
	kcat := NeedKcat(t)
	t.Parallel()
	b := Start(t, Options{})
	b.CreateTopic(t, "orders", 1)
	cmd := exec.CommandContext(t.Context(), kcat, "-P", "-b", b.Bootstrap(), "-t", "orders")
	cmd.Stdin = strings.NewReader("a\nb\nc\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("kcat: %v\n%s", err, out)
	}
	if end := b.LogEnd(t, "orders"); len(end) != 1 || end[0] != 3 {
		t.Errorf("log ends at %v, want 3", end)
	}
}
