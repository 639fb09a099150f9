package scenario

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// FuzzParse holds that no file and no edit makes Parse panic, that every mistake
// has a place, and that what is accepted survives being resolved. Run it with
// -fuzzminimizetime=10x: the default spends a minute on shrinking each find.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	broken, err := filepath.Glob("testdata/broken/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range append(files, broken...) {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, "")
		f.Add(data, "topics.orders.partitions=24")
	}
	f.Add([]byte("extends: base.yaml\nname: over\nproducers: {checkout: {rate: 5/s, key: {hot: null}}}\nphases: [{name: a, duration: 1s}]\n"), "")
	readFile := func(name string) ([]byte, error) {
		if name == "base.yaml" {
			return []byte(extended), nil
		}
		return readPayload(name)
	}
	f.Fuzz(func(t *testing.T, data []byte, edit string) {
		o := Options{Profiles: profiles(), ReadFile: readFile, Getenv: func(name string) (string, bool) { return "7", name == "PARTITIONS" }}
		if edit != "" {
			o.Set = []string{edit}
		}
		s, err := Parse("f.yaml", data, o)
		if err != nil {
			checkProblems(t, err)
			if !regexp.MustCompile(`(?m)^(f\.yaml|base\.yaml|--set):\d+:\d+: `).MatchString(err.Error()) {
				t.Errorf("no position: %v", err)
			}
			return
		}
		checkRoundTrip(t, s)
	})
}

// checkRoundTrip fails unless the resolved scenario reads as the same scenario.
func checkRoundTrip(t interface{ Fatalf(string, ...any) }, s *Scenario) {
	data := s.YAML()
	again, err := Parse("resolved.yaml", data, Options{ReadFile: readPayload})
	if err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	if !reflect.DeepEqual(withoutPositions(again), withoutPositions(s)) {
		t.Fatalf("got  %+v\nwant %+v\n%s", again, s, data)
	}
}

// TestRoundTrip holds that any scenario survives being written and read.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkRoundTrip(t, drawScenario(t)) })
}

// drawText draws any text, with a liking for what YAML or the format treat apart.
func drawText() *rapid.Generator[string] {
	return rapid.OneOf(rapid.String(), rapid.StringOf(rapid.RuneFrom([]rune("a :#'\"{}[],&*!|>%@-?~$\\/\t\n\r\x00\x7f\u0085\u2028\u2029\ufeff\U0001F600"))),
		rapid.SampledFrom([]string{"null", "true", "1", "1.0", "~", "<<", "${A}", "$${A}", "2001-01-01", "---"}))
}

func drawScenario(t *rapid.T) *Scenario {
	name := rapid.StringMatching(`[a-zA-Z0-9_-][a-zA-Z0-9._-]{0,30}`)
	s := &Scenario{
		Version:     1,
		Name:        name.Draw(t, "name"),
		Description: drawText().Draw(t, "description"),
		Seed:        rapid.Uint64().Draw(t, "seed"),
		Limits:      drawLimits(t),
	}
	names := func(label string) []string { return rapid.SliceOfNDistinct(name, 1, 3, rapid.ID).Draw(t, label) }
	for _, n := range names("topics") {
		s.Topics = append(s.Topics, drawTopic(t, n))
	}
	withoutCollisions(s.Topics)
	taken := map[string]bool{}
	apart := func(n string) string { // no fleet and no group have one name
		for taken[n] {
			n += "_"
		}
		taken[n] = true
		return n
	}
	for _, n := range names("producers") {
		s.Producers = append(s.Producers, drawProducer(t, apart(n), s.Topics))
	}
	for _, n := range names("idle") {
		s.Idle = append(s.Idle, Idle{Name: apart(n), Connections: rapid.IntRange(1, 10_000).Draw(t, "connections")})
	}
	for _, n := range names("phases") {
		s.Phases = append(s.Phases, Phase{n, time.Duration(rapid.Int64Range(1e6, 1e15).Draw(t, "duration")),
			rapid.OneOf(rapid.Just(Always(0)), rapid.Custom(func(t *rapid.T) Curve { return drawSlowCurve(t, 10) })).Draw(t, "load"), len(s.Phases) == 0 || rapid.Bool().Draw(t, "measure")})
	}
	for _, n := range names("consumers") {
		s.Consumers = append(s.Consumers, drawConsumer(t, apart(n), s.Producers[0].Topic, s))
	}
	drawConnectRates(t, s)
	for i, p := range s.Producers {
		if _, beyond := outpaced(p, s); beyond {
			s.Producers[i].Settings.Linger = 0
		}
	}
	for range rapid.IntRange(0, 3).Draw(t, "thresholds") {
		s.Thresholds = append(s.Thresholds, drawThreshold(t, s))
	}
	return s
}

func drawLimits(t *rapid.T) Limits {
	l := Limits{Extends: rapid.OneOf(rapid.Just(""), rapid.SampledFrom([]string{"msk-serverless", "msk-express-m7g.large:3", "kafka-client-quota:5MB/s:10MB/s"}), rapid.StringMatching(`[a-z]{1,5}/.{1,10}`)).Draw(t, "extends")}
	for _, name := range LimitNames() {
		if !rapid.Bool().Draw(t, name) {
			continue
		}
		// Above all sizes of records, batches and fetches that are drawn.
		value := rapid.Float64Range(1<<30, 1e12).Draw(t, "value")
		_, dimension, _ := strings.Cut(name, ".")
		if u := unitOf(dimension); u.count || u.want == wantSize {
			value = float64(int64(value))
		}
		l.set(name, value)
	}
	return l
}

func drawProducer(t *rapid.T, name string, topics []Topic) Producer {
	topic := topics[rapid.IntRange(0, len(topics)-1).Draw(t, "topic")]
	p := Producer{
		Name:      name,
		Topic:     topic.Name,
		Partition: drawPartition(t, topic),
		Clients:   rapid.IntRange(1, 10_000).Draw(t, "clients"),
		Key:       drawKey(t),
		Value:     drawValue(t),
		Headers:   drawHeaders(t),
		Settings: ProducerSettings{
			Acks:        rapid.SampledFrom([]string{"all", "1", "0"}).Draw(t, "acks"),
			Compression: rapid.SampledFrom([]string{"none", "gzip", "snappy", "lz4", "zstd"}).Draw(t, "compression"),
			Linger:      time.Duration(rapid.Int64Range(0, 1e10).Draw(t, "linger")),
			BatchBytes:  rapid.IntRange(1, 4000).Draw(t, "batch"),
			BufferBytes: rapid.IntRange(4000, 1<<30).Draw(t, "buffer"),
			ClientID:    drawText().Draw(t, "client id"),
			InFlight:    5, CompressionLevel: DefaultLevel,
		},
	}
	p.Settings.Idempotent = p.Settings.Acks == "all" && rapid.Bool().Draw(t, "idempotent")
	switch rapid.IntRange(0, 3).Draw(t, "rate") {
	case 3:
		p.Rate = Rate{Records: 4000.25, Curve: Curve{Shape: Replay, File: payloadFile("traffic.csv"),
			Steps: []Step{{1200, 60 * time.Second}, {0, 30500 * time.Millisecond}, {4000.25, 0}}}}
	case 0:
		p.Rate.Max = true
	case 1:
		p.Rate.Curve = drawSlowCurve(t, 1e8)
		p.Rate.Records = p.Rate.Curve.Peak()
	case 2:
		p.Rate.Curve = drawSlowCurve(t, 1e7)
		p.Rate.Bytes = p.Rate.Curve.Peak()
	}
	if p.Rate.Curve.Shape == Constant {
		p.Rate.Curve = Curve{} // the rate says it
	}
	p.Poisson = !p.Rate.Max && rapid.Bool().Draw(t, "poisson")
	drawFleetSettings(t, &p)
	return p
}
