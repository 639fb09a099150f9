package limits

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"msklt/scenario"
)

// TestProfilesSayWhereFrom holds that every value of every built-in profile has
// a unit that suits its limit, a source with a page, and the day it was read.
func TestProfilesSayWhereFrom(t *testing.T) {
	all, err := families()
	if err != nil || len(all) < 5 {
		t.Fatalf("%d families, %v", len(all), err)
	}
	for _, f := range all {
		for _, m := range incomplete(f) {
			t.Errorf("%s: %s", f.Name, m)
		}
	}
}

// TestProfileWithoutSource holds that what the test above looks for is missed
// when it is not there.
func TestProfileWithoutSource(t *testing.T) {
	whole := func() family {
		return family{Name: "x", About: "x.", Kind: "quota",
			Sources: map[string]source{"s": {"title", "page", "2026-11-21"}},
			Limits:  []figure{{Limit: ClusterGroups, Value: 5, Unit: "groups", Source: "s"}},
			Columns: []figure{{Limit: BrokerIngress, Unit: "MB/s", Source: "s"}},
			Sizes:   []sizeRow{{"a", []*float64{new(float64)}}},
		}
	}
	for name, c := range map[string]struct {
		spoil func(*family)
		want  string
	}{
		"unit":        {func(f *family) { f.Limits[0].Unit = "" }, "unit"},
		"other unit":  {func(f *family) { f.Limits[0].Unit = "MB/s" }, "groups"},
		"source":      {func(f *family) { f.Limits[0].Source = "t" }, "source"},
		"page":        {func(f *family) { f.Sources["s"] = source{"title", "", "2026-11-21"} }, "page"},
		"date":        {func(f *family) { f.Sources["s"] = source{"title", "page", "yesterday"} }, "day"},
		"limit":       {func(f *family) { f.Limits[0].Limit = "cluster.goups" }, "goups"},
		"value":       {func(f *family) { f.Limits[0].Value = 0 }, "value"},
		"column unit": {func(f *family) { f.Columns[0].Unit = "MB" }, "broker.ingress"},
		"row":         {func(f *family) { f.Sizes[0].Row = nil }, "row"},
		"parameter":   {func(f *family) { f.Limits[0].Times = "shards" }, "shards"},
	} {
		f := whole()
		*f.Sizes[0].Row[0] = 1
		if found := incomplete(f); len(found) != 0 {
			t.Fatalf("a whole family lacks %q", found)
		}
		c.spoil(&f)
		if found := incomplete(f); len(found) == 0 || !strings.Contains(strings.Join(found, "\n"), c.want) {
			t.Errorf("without %s: found %q", name, found)
		}
	}
}

// incomplete lists what a family lacks to be defended.
func incomplete(f family) (missing []string) {
	say := func(parts ...string) { missing = append(missing, strings.Join(parts, " ")) }
	if f.Name == "" || f.About == "" || f.Kind != "quota" && f.Kind != "estimate" && f.Kind != "parameters" {
		say("no name, no text or no kind")
	}
	for key, s := range f.Sources {
		if s.Title == "" || s.Page == "" {
			say("source", key, "has no title or page")
		}
		if _, err := time.Parse(time.DateOnly, s.Read); err != nil {
			say("source", key, "has no day:", s.Read)
		}
	}
	known := map[string]bool{"": true}
	for _, p := range f.Parameters {
		known[p.Name] = true
	}
	figures := f.Limits
	for _, s := range f.Sizes {
		if len(s.Row) != len(f.Columns) {
			say("the row of", s.Size, "has another length")
			continue
		}
		figures = append(figures[:len(figures):len(figures)], f.row(s)...)
	}
	for _, v := range figures {
		what := string(v.Limit) + v.Says
		unit, _, err := unitOf(v.Unit)
		switch {
		case err != nil:
			say(what, "has no unit:", err.Error())
		case v.Limit != "" && unit != v.Limit.Unit():
			say(what, "is in", v.Unit, "instead of", v.Limit.Unit())
		}
		if _, ok := f.Sources[v.Source]; !ok {
			say(what, "has no source", v.Source)
		}
		if (v.Limit == "") == (v.Says == "") || v.Limit != "" && !slices.Contains(scenario.LimitNames(), string(v.Limit)) {
			say(what, "is no limit")
		}
		if (v.Value > 0) == (v.Parameter != "") || !known[v.Parameter] || !known[v.Times] {
			say(what, "has no value, or one of an unknown parameter", v.Parameter, v.Times)
		}
	}
	return missing
}

// TestProfileValues holds values that follow from parameters, rows and units
// against what the sources print.
func TestProfileValues(t *testing.T) {
	for name, want := range map[string]struct {
		profile string
		brokers int
		values  map[Name]float64
	}{
		"none": {"none", 0, map[Name]float64{}},
		"msk-serverless": {"msk-serverless", 0, map[Name]float64{
			PartitionIngress: 5e6, PartitionEgress: 10e6, ClusterIngress: 200e6, ClusterEgress: 400e6,
			ClusterRequests: 15000, ClusterConnections: 3000, ClusterAttempts: 100,
			ClusterMessage: 8388608, ClusterFetch: 57671680, ClusterPartitions: 2400,
			ClusterPartitionChanges: 250.0 / 300, ClusterTopicRequests: 2, ClusterGroups: 500,
		}},
		"msk-express-m7g.large": {"msk-express-m7g.large:3", 3, map[Name]float64{
			PartitionIngress: 15e6, BrokerIngress: 23.4e6, BrokerEgress: 58.5e6,
			BrokerPartitions: 1500, BrokerConnections: 3000, BrokerAttempts: 100,
		}},
		"msk-express-m7g.16xlarge:6": {"msk-express-m7g.16xlarge:6", 6, map[Name]float64{
			PartitionIngress: 15e6, BrokerIngress: 750e6, BrokerEgress: 1875e6,
			BrokerPartitions: 32000, BrokerConnections: 3000, BrokerAttempts: 100,
		}},
		"msk-standard-t3.small:2": {"msk-standard-t3.small:2", 2, map[Name]float64{
			BrokerPartitions: 300, BrokerConnections: 3000, BrokerAttempts: 4,
		}},
		"msk-standard-m5.24xlarge": {"msk-standard-m5.24xlarge:3", 3, map[Name]float64{
			BrokerIngress: 230.7e6, BrokerEgress: 576.9e6, BrokerPartitions: 6000, BrokerConnections: 3000, BrokerAttempts: 100,
		}},
		"kafka-client-quota:5MB/s:10MiB/s": {"kafka-client-quota:5MB/s:10MiB/s:3", 3, map[Name]float64{
			ClientIngress: 5e6, ClientEgress: 10485760,
		}},
		"kafka-client-quota:5MB/s:10MB/s:1": {"kafka-client-quota:5MB/s:10MB/s:1", 1, map[Name]float64{
			ClientIngress: 5e6, ClientEgress: 10e6,
		}},
		"kinesis:12": {"kinesis:12", 0, map[Name]float64{
			PartitionIngress: 1e6, PartitionEgress: 2e6, PartitionRecords: 1000, ClusterIngress: 12e6, ClusterEgress: 24e6, ClusterPartitions: 12,
		}},
	} {
		l, err := Resolve(scenario.Limits{Extends: name})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if l.Profile != want.profile || l.Brokers != want.brokers || len(l.Values) != len(want.values) {
			t.Errorf("%s: %q with %d brokers and %v", name, l.Profile, l.Brokers, l.Values)
		}
		for n, v := range want.values {
			if math.Abs(l.Of(n)/v-1) > 1e-15 {
				t.Errorf("%s: %s is %v, want %v", name, n, l.Of(n), v)
			}
		}
	}
}

// TestEveryProfileResolves walks through Profiles: each resolves with examples
// of the parameters that it must have.
func TestEveryProfileResolves(t *testing.T) {
	names := Profiles()
	if len(names) != 1+1+7+16+1+1 {
		t.Errorf("%d profiles: %q", len(names), names)
	}
	for _, name := range names {
		switch name {
		case "kinesis":
			name += ":1"
		case "kafka-client-quota":
			name += ":1MB/s:2MB/s"
		}
		l, err := Resolve(scenario.Limits{Extends: name, Values: map[string]float64{"cluster.groups": 7}})
		if err != nil || l.Of(ClusterGroups) != 7 {
			t.Errorf("%s: %v, %v", name, l.Values, err)
		}
		if CheckProfile(name) != nil || (ProfileValues(name) == nil) {
			t.Errorf("%s is not accepted in a scenario", name)
		}
	}
}

// TestProfileMistakes holds what is said of wrong names and parameters.
func TestProfileMistakes(t *testing.T) {
	for name, want := range map[string]string{
		"msk-severless":                     `did you mean "msk-serverless"?`,
		"msk-expres-m7g.large:3":            `did you mean "msk-express-m7g.large"?`,
		"gcp":                               "neither a built-in profile (kafka-client-quota, kinesis, ",
		"none:3":                            "takes no parameters",
		"msk-serverless:3":                  "msk-serverless takes no parameters, got \"3\"",
		"msk-express-m7g.large:2":           "brokers must be a whole number from 3 to 60, is \"2\"",
		"msk-express-m7g.large:many":        "such as msk-express-m7g.large:3",
		"msk-express-m7g.large:":            "takes brokers (3 if left out), such as msk-express-m7g.large:3; brokers is missing",
		"msk-express-m7g.large:3:4":         "got \"3:4\"",
		"kafka-client-quota":                "producer_byte_rate is missing",
		"kafka-client-quota:5MB/s":          "consumer_byte_rate is missing",
		"kafka-client-quota:5MB:10MB/s":     "write 5MB/s",
		"kafka-client-quota:0B/s:10MB/s":    "at least 1B/s",
		"kafka-client-quota:5MB/s:10MB/s:0": "from 1 to 1000",
		"kinesis":                           "kinesis takes shards, such as kinesis:12; shards is missing",
		"kinesis:99999999999999999999":      "from 1 to 20000",
		"msk-express-m7g.large:" + strings.Repeat("9", 10_000): "from 3 to 60",
	} {
		_, err := Resolve(scenario.Limits{Extends: name})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: %v, want %q", name, err, want)
		} else if len(err.Error()) > 1500 {
			t.Errorf("%.40s: %d characters", name, len(err.Error()))
		}
	}
}

// TestLimitsFileOnProfile holds that a limits file may extend a built-in profile
// with its parameters, and that its own values win.
func TestLimitsFileOnProfile(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	path := write("mine.yaml", "extends: msk-express-m7g.large:6\nbroker: {ingress: 1MB/s}\n")
	l, err := Resolve(scenario.Limits{Extends: path})
	if err != nil || l.Of(BrokerIngress) != 1e6 || l.Of(BrokerEgress) != 58.5e6 || l.Brokers != 6 || l.Profile != path {
		t.Errorf("%+v, %v", l, err)
	}
	chain := write("chain.yaml", "extends: mine.yaml\n")
	if _, err := Resolve(scenario.Limits{Extends: chain}); err == nil || !strings.Contains(err.Error(), "no built-in profile") {
		t.Errorf("a file that extends a file: %v", err)
	}
	wrong := write("wrong.yaml", "extends: msk-express-m7g.large:x\n")
	if _, err := Resolve(scenario.Limits{Extends: wrong}); err == nil || !strings.Contains(err.Error(), wrong) {
		t.Errorf("a file with wrong parameters: %v", err)
	}
}

// TestLimitsForIAMOnly: limits of MSK Provisioned on connections are those of IAM's
// listeners; what somebody declares holds for any login.
func TestLimitsForIAMOnly(t *testing.T) {
	for name, c := range map[string]struct {
		declared  scenario.Limits
		mechanism string
		want      map[Name]float64 // 0 for not declared
		note      string
	}{
		"IAM":           {scenario.Limits{Extends: "msk-express-m7g.large"}, scenario.MSKIAM, map[Name]float64{BrokerConnections: 3000, BrokerAttempts: 100}, ""},
		"SCRAM":         {scenario.Limits{Extends: "msk-express-m7g.large"}, scenario.SCRAM512, map[Name]float64{BrokerConnections: 0, BrokerAttempts: 0, PartitionIngress: 15e6}, "broker.connections and broker.connection_attempts do not count"},
		"no login":      {scenario.Limits{Extends: "msk-standard-t3.small"}, scenario.NoAuth, map[Name]float64{BrokerConnections: 0, BrokerAttempts: 0}, "do not count"},
		"declared":      {scenario.Limits{Extends: "msk-express-m7g.large", Values: map[string]float64{"broker.connections": 50}}, scenario.NoAuth, map[Name]float64{BrokerConnections: 50, BrokerAttempts: 0}, "so that broker.connection_attempts do not count"},
		"of Serverless": {scenario.Limits{Extends: "msk-serverless"}, scenario.NoAuth, map[Name]float64{ClusterConnections: 3000, ClusterAttempts: 100}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			all, err := Resolve(c.declared)
			if err != nil {
				t.Fatal(err)
			}
			l := all.Under(c.mechanism)
			for n, want := range c.want {
				if l.Of(n) != want {
					t.Errorf("%s is %v, want %v", n, l.Of(n), want)
				}
			}
			told := strings.Contains(strings.Join(l.Notes, " "), c.note)
			if !told || c.note == "" && len(l.Notes) != len(all.Notes) {
				t.Errorf("notes %q", l.Notes)
			}
			if all.Of(BrokerConnections) == 0 && c.declared.Extends != "msk-serverless" {
				t.Error("the profile was changed")
			}
		})
	}
}
