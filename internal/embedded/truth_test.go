package embedded

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"msklt/internal/limits"
)

// What the truth says is what clients counted and where the logs end.
func TestTruthEqualsWhatClientsCounted(t *testing.T) {
	c := start(t, Config{Brokers: 2, Topics: map[string]int32{"orders": 4}})
	producer := client(t, c, kgo.ClientID("producer"), kgo.ProducerLinger(time.Millisecond))
	acked, _ := offer(t.Context(), producer, stream{"orders", []int32{0, 0, 0, 1, 3}, 500, 5000, time.Second})
	consumer := client(t, c, kgo.ClientID("consumer"), kgo.ConsumeTopics("orders"),
		kgo.FetchMaxPartitionBytes(50<<20)) // or batches are cut and sent again
	consumed := make(map[int32]int64)
	var total, wanted int64
	for _, n := range acked {
		wanted += n
	}
	for total < wanted {
		consumer.PollFetches(t.Context()).EachRecord(func(r *kgo.Record) { consumed[r.Partition]++; total++ })
	}
	ends, err := kadm.NewClient(producer).ListEndOffsets(t.Context(), "orders")
	if err != nil {
		t.Fatal(err)
	}
	rows := c.Truth().Rows()
	for _, log := range only(rows, "log", nil) {
		end, _ := ends.Lookup("orders", log.Partition)
		if log.LogEnd != end.Offset || log.RecordsIn != end.Offset || acked[log.Partition] != end.Offset || consumed[log.Partition] != end.Offset {
			t.Errorf("partition %d: acked %d, consumed %d, log end %d, truth %+v",
				log.Partition, acked[log.Partition], consumed[log.Partition], end.Offset, log)
		}
		of := only(rows, "partition", func(r Row) bool { return r.Partition == log.Partition })
		if sum(of, recordsIn) != log.RecordsIn || sum(of, bytesIn) != log.BytesIn || sum(of, bytesOut) != log.BytesOut {
			t.Errorf("partition %d: the seconds do not sum up to %+v", log.Partition, log)
		}
		if log.BytesOut != log.BytesIn { // all was read once, whole
			t.Errorf("partition %d: %d bytes in, %d out", log.Partition, log.BytesIn, log.BytesOut)
		}
		for _, r := range of {
			if r.Broker != log.Partition%2 {
				t.Errorf("partition %d on broker %d", log.Partition, r.Broker)
			}
		}
	}
	if in := sum(only(rows, "client", func(r Row) bool { return r.Client == "consumer" }), bytesIn); in != 0 {
		t.Errorf("the consumer sent %d bytes of records", in)
	}
	for _, field := range []func(Row) int64{bytesIn, bytesOut, requests} {
		cluster := sum(only(rows, "cluster", nil), field)
		if clients, brokers := sum(only(rows, "client", nil), field), sum(only(rows, "broker", nil), field); clients != cluster || brokers != cluster {
			t.Errorf("cluster %d, brokers %d, clients %d", cluster, brokers, clients)
		}
	}
}

// A topic that is deleted keeps its last words; one of the same name begins anew.
func TestTruthKeepsDeletedTopics(t *testing.T) {
	c := start(t, Config{Brokers: 1})
	cl := client(t, c)
	admin := kadm.NewClient(cl)
	for _, records := range []int{3, 5} {
		if _, err := admin.CreateTopic(t.Context(), 1, 1, nil, "orders"); err != nil {
			t.Fatal(err)
		}
		fresh := client(t, c) // no metadata of the old topic
		produceSync(t, fresh, "orders", 0, records, 100)
		if _, err := admin.DeleteTopic(t.Context(), "orders"); err != nil {
			t.Fatal(err)
		}
	}
	var ends []int64
	for _, log := range only(c.Truth().Rows(), "log", nil) {
		ends = append(ends, log.LogEnd)
		if log.RecordsIn != log.LogEnd || log.Topic != "orders" {
			t.Errorf("truth %+v", log)
		}
	}
	if slices.Sort(ends); !slices.Equal(ends, []int64{3, 5}) {
		t.Errorf("logs ended at %v, want 3 and 5", ends)
	}
	if n := c.retention.memory; n != 0 {
		t.Errorf("%d bytes still counted for deleted topics", n)
	}
}

func TestTruthAsJSONLines(t *testing.T) {
	c := start(t, Config{
		Brokers: 1, Topics: map[string]int32{"orders": 1},
		Limits: declared(map[limits.Name]float64{limits.PartitionIngress: overLimit}),
	})
	before := time.Now().Unix()
	r := dialRaw(t, c.Bootstrap()[0], "me")
	r.produce(produceRequest(9, -1, c.directory.named("orders"), map[int32][]byte{0: batch(10, overSize, -1, 0)}))
	if err := c.MoveLeader("orders", 0, 0); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	n, err := c.Truth().WriteTo(&out)
	if err != nil || n != int64(out.Len()) {
		t.Fatalf("%d of %d bytes: %v", n, out.Len(), err)
	}
	fields := map[string]string{
		"partition": "broker bytes_in bytes_out partition records_in scope second topic",
		"client":    "broker bytes_in bytes_out client requests scope second",
		"broker":    "broker bytes_in bytes_out connection_attempts connections refused requests scope second",
		"cluster":   "bytes_in bytes_out connection_attempts connections refused requests scope second",
		"throttle":  "api broker client count limit max_ms partition scope second topic total_ms",
		"fault":     "at_ms broker count fault partition scope second topic total_ms",
		"log":       "broker bytes_in bytes_out log_end log_start partition records_in scope topic",
	}
	rows := c.Truth().Rows()
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != len(rows) {
		t.Fatalf("%d lines, %d rows", len(lines), len(rows))
	}
	seen := make(map[string]bool)
	for i, line := range lines {
		var row Row
		var raw map[string]any
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(line), &raw); err != nil {
			t.Fatal(err)
		}
		seen[row.Scope] = true
		var names []string
		for name := range raw {
			names = append(names, name)
		}
		slices.Sort(names)
		if got := strings.Join(names, " "); got != fields[row.Scope] {
			t.Errorf("%s has %s, want %s", row.Scope, got, fields[row.Scope])
		}
		if row.Scope != "log" && (row.Second < before || row.Second > time.Now().Unix()) {
			t.Errorf("second %d", row.Second)
		}
		if row.Scope == "partition" || row.Scope == "log" || row.Scope == "throttle" || row.Scope == "fault" {
			if row != rows[i] {
				t.Errorf("line %+v, row %+v", row, rows[i])
			}
		}
	}
	if len(seen) != len(fields) {
		t.Errorf("scopes %v", seen)
	}
	if last := rows[len(rows)-1]; last.Scope != "log" || last.LogEnd != 10 {
		t.Errorf("last row %+v", last)
	}
}

// Rows are cut at whole seconds of the wall clock.
func TestTruthSeconds(t *testing.T) {
	var log truthLog
	log.anchor = time.Unix(1000, 700_000_000)
	s := &scope{kind: "partition", topic: "orders"}
	for _, at := range []time.Duration{0, 299 * time.Millisecond, 300 * time.Millisecond, 5 * time.Second} {
		log.tally(s, at).bytesIn += 10
	}
	got := make(map[int64]int64)
	for _, r := range log.rows() {
		got[r.Second] += r.BytesIn
	}
	if len(got) != 3 || got[1000] != 20 || got[1001] != 10 || got[1005] != 10 {
		t.Errorf("bytes by second: %v", got)
	}
}

// A run without end does not fill the memory, and says what is missing.
func TestTruthIsBounded(t *testing.T) {
	var log truthLog
	log.anchor = time.Unix(0, 0)
	scopes := make([]*scope, 1000)
	for i := range scopes {
		scopes[i] = &scope{kind: "partition", topic: "orders", partition: int32(i)}
	}
	seconds := 2 * maxCells / len(scopes)
	for i := range seconds {
		for _, s := range scopes {
			log.tally(s, time.Duration(i)*time.Second).bytesIn++
		}
	}
	if len(log.cells) > maxCells {
		t.Errorf("%d cells", len(log.cells))
	}
	rows := log.rows()
	if rows[0].Scope != "dropped" || rows[0].Count+int64(len(rows))-1 != int64(seconds*len(scopes)) {
		t.Errorf("first row %+v, %d rows of %d", rows[0], len(rows), seconds*len(scopes))
	}
	for _, r := range rows[1:] {
		if r.Second < rows[0].Second {
			t.Fatalf("second %d is there, but all before %d are said to be gone", r.Second, rows[0].Second)
		}
	}
	var total int64
	for _, s := range scopes {
		total += s.total.bytesIn + s.second.bytesIn
	}
	if total != int64(seconds*len(scopes)) {
		t.Errorf("totals %d, want %d", total, seconds*len(scopes))
	}
}
