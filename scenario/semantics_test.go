package scenario

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMessagesAgainstLimitsFile holds that values are held against what a limits
// file declares, over the profile that it extends.
func TestMessagesAgainstLimitsFile(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	path := write("s.yaml", `
version: 1
name: s
limits: ./limits.yaml
topics: {t: {partitions: 1}}
producers:
  p: {topic: t, rate: 1/s, value: {size: 2MiB}}
phases: [{name: steady, duration: 1s}]
`)
	for _, c := range []struct{ limits, says string }{
		{"extends: msk-serverless", ""},
		{"cluster: {message: 1MiB}", "cluster.message of the scenario's limits allows 1,048,576"},
		{"extends: msk-serverless\ncluster: {message: 2MB}", "cluster.message of the scenario's limits allows 2,000,000"},
		{"cluster: {requests: 5/s}", ""},
	} {
		write("limits.yaml", c.limits)
		_, err := Load(path, Options{Profiles: profiles(), Limits: profileLimits})
		switch {
		case c.says == "" && err != nil:
			t.Errorf("%s: %v", c.limits, err)
		case c.says != "" && (err == nil || !strings.Contains(err.Error(), "s.yaml:7:42: ") || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%s: got %v, want %s", c.limits, err, c.says)
		}
	}
}

// TestOutpaced holds which settings and keys are judged, and which are let through
// because their batches may fill.
func TestOutpaced(t *testing.T) {
	base := Producer{Topic: "t", Clients: 2, Rate: Rate{Bytes: 8e6}, Value: Value{Size: Fixed(1000), Entropy: 1},
		Partition: Partition{RoundRobin: true}, Settings: ProducerSettings{Linger: time.Second, BufferBytes: 1e6, BatchBytes: 1e5}}
	for name, c := range map[string]struct {
		change func(*Producer)
		want   bool
	}{
		"as it is":             {func(*Producer) {}, true},
		"more clients":         {func(p *Producer) { p.Clients = 4 }, false},
		"shorter linger":       {func(p *Producer) { p.Settings.Linger = 400 * time.Millisecond }, false},
		"no linger":            {func(p *Producer) { p.Settings.Linger = 0 }, false},
		"larger buffer":        {func(p *Producer) { p.Settings.BufferBytes = 3e6 }, false},
		"smaller batches":      {func(p *Producer) { p.Settings.BatchBytes = 16 << 10 }, false},
		"batches that may":     {func(p *Producer) { p.Settings.BatchBytes = 40_000 }, false},
		"commits":              {func(p *Producer) { p.Settings.Transactions.Records = 10 }, false},
		"no schedule":          {func(p *Producer) { p.Rate = Rate{Max: true} }, false},
		"for moments":          {func(p *Producer) { p.Rate.Curve = Curve{Shape: Burst} }, false},
		"records":              {func(p *Producer) { p.Rate = Rate{Records: 8000} }, true},
		"no keys":              {func(p *Producer) { p.Partition = Partition{} }, false},
		"one partition":        {func(p *Producer) { p.Partition = Partition{Fixed: true} }, false},
		"many keys":            {func(p *Producer) { p.Partition, p.Key = Partition{}, Key{Keys: 1e6} }, true},
		"few keys":             {func(p *Producer) { p.Partition, p.Key = Partition{}, Key{Keys: 10} }, false},
		"hot key":              {func(p *Producer) { p.Partition, p.Key = Partition{}, Key{Keys: 1e6, HotKeys: 1, HotShare: 0.3} }, false},
		"topics":               {func(p *Producer) { p.Topic, p.Partition = "many", Partition{} }, true},
		"topics with one each": {func(p *Producer) { p.Topic, p.Partition = "many", Partition{Fixed: true} }, true},
		"existing topic":       {func(p *Producer) { p.Topic = "there" }, false},
	} {
		s := &Scenario{Topics: []Topic{{Name: "t", Partitions: 100}, {Name: "many", Count: 100, Partitions: 1}, {Name: "there", Existing: true}},
			Phases: []Phase{{Name: "steady", Duration: time.Minute, Load: Always(1)}}}
		p := base
		c.change(&p)
		if got, beyond := outpaced(p, s); beyond != c.want {
			t.Errorf("%s: %+v, %v, want %v", name, got, beyond, c.want)
		}
	}
}
