package scenario

import (
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// drawConsumer draws any group of a topic of a scenario whose phases are known.
func drawConsumer(t *rapid.T, name, topic string, s *Scenario) Consumer {
	c := Consumer{
		Name: name, Topics: []string{topic}, Clients: rapid.IntRange(1, 5000).Draw(t, "clients"),
		From: rapid.SampledFrom([]Position{FromEnd, FromStart}).Draw(t, "from"),
		Settings: ConsumerSettings{
			ClientID:               drawText().Draw(t, "client id"),
			FetchMaxWait:           time.Duration(rapid.Int64Range(0, 1e10).Draw(t, "wait")),
			FetchMinBytes:          rapid.IntRange(0, 1000).Draw(t, "min"),
			FetchMaxBytes:          rapid.IntRange(1000, 1<<30).Draw(t, "max"),
			FetchMaxPartitionBytes: rapid.IntRange(1, 1<<30).Draw(t, "max partition"),
			MaxPollRecords:         rapid.IntRange(1, 1_000_000).Draw(t, "poll"),
			CommitInterval:         time.Duration(rapid.Int64Range(1e8, 1e11).Draw(t, "commit")),
			ReadCommitted:          rapid.Bool().Draw(t, "committed only"),
		},
	}
	if existing(s, topic) && rapid.Bool().Draw(t, "committed") {
		c.From, c.CommittedBy = FromCommitted, drawText().Filter(func(s string) bool { return s != "" }).Draw(t, "committed by")
	}
	records := c.Settings.MaxPollRecords
	if rapid.Bool().Draw(t, "batches") {
		c.Batches = Batches{
			Records: rapid.IntRange(1, 100_000).Draw(t, "records"),
			Window:  time.Duration(rapid.Int64Range(0, 6e11).Draw(t, "window")),
			Bytes:   rapid.IntRange(1, 1<<30).Draw(t, "bytes"),
		}
		records = c.Batches.Records
	}
	each := rapid.Int64Range(0, int64(pollLimit)/int64(records)).Draw(t, "per record")
	c.Processing.PerRecord = time.Duration(each)
	c.Processing.PerBatch = time.Duration(rapid.Int64Range(0, int64(pollLimit)-each*int64(records)).Draw(t, "per batch"))
	drawTurns(t, &c, runTime(s.Phases))
	return c
}

func drawTurns(t *rapid.T, c *Consumer, end time.Duration) {
	end = min(end, longestPhase)
	var from time.Duration
	for range rapid.IntRange(0, 3).Draw(t, "pauses") {
		if end-from < 2*time.Millisecond {
			break
		}
		p := Pause{At: time.Duration(rapid.Int64Range(int64(from), int64(end-time.Millisecond)).Draw(t, "at"))}
		p.For = time.Duration(rapid.Int64Range(1e6, int64(end-p.At)).Draw(t, "for"))
		c.Pauses = append(c.Pauses, p)
		from = p.At + p.For
	}
	at, members := time.Duration(0), c.Clients
	for range rapid.IntRange(0, 3).Draw(t, "changes") {
		at = time.Duration(rapid.Int64Range(int64(at), int64(end-1)).Draw(t, "at"))
		change := MemberChange{At: at}
		if members > 1 && rapid.Bool().Draw(t, "leave") {
			change.Leave = rapid.IntRange(1, members-1).Draw(t, "leaving")
		} else {
			change.Join = rapid.IntRange(1, 1000).Draw(t, "joining")
		}
		members += change.Join - change.Leave
		c.Members = append(c.Members, change)
	}
}

// TestBatchDefaults holds that batches without fields are what AWS Lambda's event
// source mapping does, and that no batches are none.
func TestBatchDefaults(t *testing.T) {
	data, err := os.ReadFile("testdata/hot-key.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for edit, want := range map[string]Batches{
		"consumers.billing.clients=2":             {},
		"consumers.billing.batches={}":            {Records: 100, Window: 500 * time.Millisecond, Bytes: 6_000_000},
		"consumers.billing.batches={window: 0}":   {Records: 100, Bytes: 6_000_000},
		"consumers.billing.batches={records: 10}": {Records: 10, Window: 500 * time.Millisecond, Bytes: 6_000_000},
	} {
		s, err := Parse("s.yaml", data, Options{Set: []string{edit}})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Consumers[0].Batches; got != want {
			t.Errorf("%s: got %+v, want %+v", edit, got, want)
		}
	}
}

// TestTurnsScale holds that pauses and changes of members keep their place in the
// phases when --duration scales them: hot-key has 5 s that stay and 40 s that are
// scaled, here to 10 s.
func TestTurnsScale(t *testing.T) {
	data, err := os.ReadFile("testdata/hot-key.yaml")
	if err != nil {
		t.Fatal(err)
	}
	turns := []string{
		"consumers.billing.pauses=[{at: 2s, for: 7s}, {at: 25s, for: 20s}]",
		"consumers.billing.members=[{at: 1s, join: 2}, {at: 41s, leave: 1}]",
	}
	s, err := Parse("s.yaml", data, Options{Set: turns, Duration: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	c := s.Consumers[0]
	if want := []Pause{{2 * time.Second, 4 * time.Second}, {10 * time.Second, 5 * time.Second}}; !slices.Equal(c.Pauses, want) {
		t.Errorf("pauses %v, want %v", c.Pauses, want)
	}
	if want := []MemberChange{{At: time.Second, Join: 2}, {At: 14 * time.Second, Leave: 1}}; !reflect.DeepEqual(c.Members, want) {
		t.Errorf("changes %v, want %v", c.Members, want)
	}
	checkRoundTrip(t, s)
	turns[0] = "consumers.billing.pauses=[{at: 20s, for: 3ms}]"
	_, err = Parse("s.yaml", data, Options{Set: turns, Duration: 10 * time.Second})
	if err == nil {
		t.Fatal("a pause of 0.75 ms was accepted")
	}
	checkProblems(t, err)
}
