package limits

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"msklt/scenario"
)

// TestPlanOfOddScenarios: whatever a scenario leaves open or overdoes, its plan has
// numbers, which is what JSON can hold.
func TestPlanOfOddScenarios(t *testing.T) {
	const every = "limits: {extends: msk-serverless, broker: {ingress: 1MB/s, egress: 1MB/s}, client: {ingress: 1MB/s, egress: 1MB/s}}\n"
	for name, text := range map[string]string{
		"nothing is sent":      "topics: {t: {partitions: 1}}\nproducers: {p: {topic: t, rate: 10/s, value: {size: 1}}}\nphases: [{name: a, duration: 10s, load: 0}]",
		"nothing is known":     "topics: {t: {existing: true}}\nproducers: {p: {topic: t, rate: 10/s, value: {size: 1}}}\nconsumers: {g: {topics: [t], clients: 3}}\nphases: [{name: a, duration: 10s}]",
		"as fast as it goes":   "topics: {t: {partitions: 3}}\nproducers: {p: {topic: t, rate: max, value: {size: 1}}}\nconsumers: {g: {topics: [t]}}\nphases: [{name: a, duration: 10s}]",
		"members without work": "topics: {t: {partitions: 1}}\nproducers: {p: {topic: t, rate: 10/s, value: {size: 1}}}\nconsumers: {g: {topics: [t], clients: 9}}\nphases: [{name: a, duration: 10s}]",
		"one key":              "topics: {t: {partitions: 9}}\nproducers: {p: {topic: t, rate: 9MB/s, key: {weights: {a: 1}}, value: {size: 1}}}\nphases: [{name: a, duration: 60s}]",
		"all hot":              "topics: {t: {partitions: 9}}\nproducers: {p: {topic: t, rate: 9MB/s, key: {keys: 10, hot: {keys: 2, share: 100%, moves: 1s}}, value: {size: 1KiB}}}\nphases: [{name: a, duration: 60s}]",
		"one tiny phase":       "topics: {t: {partitions: 9}}\nproducers: {p: {topic: t, rate: 9MB/s, value: {size: 1KiB}}}\nphases: [{name: a, duration: 1ms}]",
		"larger than a batch":  "topics: {t: {partitions: 2}}\nproducers: {p: {topic: t, rate: 10/s, value: {size: 1MiB}}}\nphases: [{name: a, duration: 10s}]",
		"only deletions":       "topics: {t: {partitions: 2}}\nproducers: {p: {topic: t, rate: 10/s, key: {keys: 5}, value: {size: 10B, tombstones: 100%}, settings: {compression: lz4}}}\nphases: [{name: a, duration: 10s}]",
		"a record an hour":     "topics: {t: {partitions: 2}}\nproducers: {p: {topic: t, rate: 0.001/s, key: {keys: 5}, value: {size: 10B}}}\nphases: [{name: a, duration: 24h}]",
	} {
		t.Run(name, func(t *testing.T) {
			s, err := scenario.Parse("odd.yaml", []byte("version: 1\nname: odd\n"+every+text), scenario.Options{Profiles: Profiles()})
			if err != nil {
				t.Fatal(err)
			}
			marshals(t, s)
		})
	}
	files, err := filepath.Glob("testdata/plans/*.yaml")
	if err != nil || len(files) < 12 {
		t.Fatalf("%d scenarios (%v)", len(files), err)
	}
	for _, file := range files {
		s, err := scenario.Load(file, scenario.Options{Profiles: Profiles()})
		if err != nil {
			t.Fatal(err)
		}
		marshals(t, s)
	}
}

func marshals(t *testing.T, s *scenario.Scenario) {
	t.Helper()
	l, err := Resolve(s.Limits)
	if err != nil {
		t.Fatal(err)
	}
	p := MakePlan(s, l, 3)
	if _, err := json.Marshal(p); err != nil {
		t.Errorf("%s: %v", s.Name, err)
	}
	for _, limit := range p.Limits {
		if limit.Predicted < 0 || limit.BindsAtLoad != nil && *limit.BindsAtLoad <= 0 {
			t.Errorf("%s: %+v", s.Name, limit)
		}
	}
}
