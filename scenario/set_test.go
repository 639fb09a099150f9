package scenario

import (
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestSet(t *testing.T) {
	data, err := os.ReadFile("testdata/hot-key.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		edit  string
		holds func(*Scenario) bool
	}{
		{"topics.orders.partitions=24", func(s *Scenario) bool { return s.Topics[0].Partitions == 24 }},
		{"producers.checkout.rate=max", func(s *Scenario) bool { return s.Producers[0].Rate.Max }},
		{"producers.checkout.key={zipf: 0.99, keys: 5}", func(s *Scenario) bool { return reflect.DeepEqual(s.Producers[0].Key, Key{Keys: 5, Zipf: 0.99}) }},
		{"producers.checkout.key.hot.share=50%", func(s *Scenario) bool { return s.Producers[0].Key.HotShare == 0.5 }},
		{"consumers.billing.settings.fetch_max_wait=1s", func(s *Scenario) bool { return s.Consumers[0].Settings.FetchMaxWait == time.Second }},
		{"phases.0.duration=7s", func(s *Scenario) bool { return s.Phases[0].Duration == 7*time.Second }},
		{"phases.steady.duration=7s", func(s *Scenario) bool { return s.Phases[1].Duration == 7*time.Second }},
		{"limits={cluster: {requests: 5/s}}", func(s *Scenario) bool { return s.Limits.Values["cluster.requests"] == 5 }},
		{"topics.a.b.partitions=3", func(s *Scenario) bool { return s.Topics[0].Name == "a.b" && s.Topics[0].Partitions == 3 }},
		{"description=a = b", func(s *Scenario) bool { return s.Description == "a = b" }},
		{"description=${UNSET:-x}", func(s *Scenario) bool { return s.Description == "x" }},
	} {
		file := string(data)
		if strings.HasPrefix(c.edit, "topics.a.b") {
			file = strings.ReplaceAll(strings.Replace(file, "[orders]", "[a.b]", 1), "orders", "a.b")
		}
		s, err := Parse("s.yaml", []byte(file), Options{Set: []string{c.edit}})
		if err != nil || !c.holds(s) {
			t.Errorf("--set %s: %v\ngives %+v", c.edit, err, s)
		}
	}
}

// TestSetProblems holds that mistakes in edits name the flag, which of them, and
// the place in it.
func TestSetProblems(t *testing.T) {
	data, err := os.ReadFile("testdata/hot-key.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const sound = "seed=1"
	for _, c := range []struct{ edit, want string }{
		{"topics.orders.partitions=x", `--set:2:26: topics.orders.partitions: want a whole number, got "x"`},
		{"producers.checkout.key={keys: 0}", "--set:2:31: producers.checkout.key.keys: must be between 1 and 10,000,000, is 0"},
		{"topics.orders.partitons=3", `--set:2:15: topics.orders: unknown field "partitons"`},
		{"topics.ordres.partitions=3", ""}, // a new topic
		{"topic.orders.partitions=3", `--set:2:1: unknown field "topic"`},
		{"phases.stedy.duration=3s", `--set:2:1: --set finds no item "stedy" in a list of 2`},
		{"phases.2.duration=3s", `--set:2:1: --set finds no item "2" in a list of 2`},
		{"phases.-1.duration=3s", `--set:2:1: --set finds no item "-1" in a list of 2`},
		{"name.first=x", `--set:2:1: --set has no field "first": it is "hot-key"`},
		{"seed", "--set:2:1: want path=value"},
		{"=3", "--set:2:1: want path=value"},
		{"seed=", "--set:2:6: seed: want a whole number from 0 to 18446744073709551615, got nothing"},
		{"seed=[1", "--set:2:8: not valid YAML: did not find expected ',' or ']'"},
		{"seed=1\x00", "--set:2:7: control character U+0000 is not allowed"},
	} {
		_, err := Parse("s.yaml", data, Options{Set: []string{sound, c.edit}})
		if c.want == "" && err == nil {
			continue
		}
		if err == nil || !strings.HasPrefix(err.Error(), c.want+"\n") {
			t.Errorf("--set %s gives\n%v\nwant\n%s", c.edit, err, c.want)
			continue
		}
		checkProblems(t, err)
	}
}
