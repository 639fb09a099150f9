package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
	"pgregory.net/rapid"
)

// part is one partition as a test sees it: what went in and what came out.
type part struct {
	topic     string // name, or the id's bytes
	partition int32
	code      int16
	records   string
}

func topicKey(t Topic) string {
	if t.ID != [16]byte{} {
		return string(t.ID[:])
	}
	return string(t.Name)
}

func drawTopic(t *rapid.T) (name string, id [16]byte) {
	name = rapid.StringMatching(`[a-z]{1,20}`).Draw(t, "name")
	copy(id[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
	id[0] |= 1 // never the zero id, which means a name
	return name, id
}

func drawTags(t *rapid.T) kmsg.Tags {
	var tags kmsg.Tags
	for i := range rapid.IntRange(0, 2).Draw(t, "tags") {
		tags.Set(uint32(40+i), rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "tag"))
	}
	return tags
}

func drawRecords(t *rapid.T) []byte {
	n := rapid.OneOf(rapid.IntRange(0, 70), rapid.IntRange(0, 20_000)).Draw(t, "records")
	if n == 0 && rapid.Bool().Draw(t, "null") {
		return nil
	}
	return bytes.Repeat([]byte{byte(n), 0xff}, n/2+1)[:n]
}

// requestFrame makes a request's frame as a client would.
func requestFrame(req kmsg.Request, client string) []byte {
	frame := kmsg.NewRequestFormatter(kmsg.FormatterClientID(client)).AppendRequest(nil, req, 77)
	return frame[4:]
}

func responseFrame(resp kmsg.Response) []byte {
	frame := binary.BigEndian.AppendUint32(nil, 77)
	if resp.IsFlexible() && resp.Key() != ApiVersions {
		frame = append(frame, 1, 99, 2, 5, 6) // one tag of two bytes
	}
	return resp.AppendTo(frame)
}

func drawProduceRequest(t *rapid.T, version int16) (req *kmsg.ProduceRequest, want []part) {
	req = kmsg.NewPtrProduceRequest()
	req.Version = version
	req.Acks = rapid.SampledFrom([]int16{-1, 0, 1}).Draw(t, "acks")
	req.UnknownTags = drawTags(t)
	if rapid.Bool().Draw(t, "transactional") {
		req.TransactionID = kmsg.StringPtr("tx")
	}
	for range rapid.IntRange(0, 3).Draw(t, "topics") {
		rt := kmsg.NewProduceRequestTopic()
		rt.Topic, rt.TopicID = drawTopic(t)
		rt.UnknownTags = drawTags(t)
		key := rt.Topic
		if version >= 13 {
			key = string(rt.TopicID[:])
		}
		for range rapid.IntRange(0, 3).Draw(t, "partitions") {
			rp := kmsg.NewProduceRequestTopicPartition()
			rp.Partition = rapid.Int32().Draw(t, "partition")
			rp.Records = drawRecords(t)
			rp.UnknownTags = drawTags(t)
			rt.Partitions = append(rt.Partitions, rp)
			want = append(want, part{topic: key, partition: rp.Partition, records: string(rp.Records)})
		}
		req.Topics = append(req.Topics, rt)
	}
	return req, want
}

func TestProduceRequest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		version := rapid.Int16Range(3, 13).Draw(t, "version")
		req, want := drawProduceRequest(t, version)
		parsed, err := ParseRequest(requestFrame(req, "client-é"))
		if err != nil {
			t.Fatal(err)
		}
		if parsed.Key != 0 || parsed.Version != version || parsed.Correlation != 77 || string(parsed.ClientID) != "client-é" {
			t.Fatalf("header %+v", parsed)
		}
		var got []part
		acks, err := ProduceRecords(version, parsed.Body, func(topic Topic, partition int32, records []byte) {
			got = append(got, part{topic: topicKey(topic), partition: partition, records: string(records)})
		})
		if err != nil || acks != req.Acks || !slices.Equal(got, want) {
			t.Fatalf("acks %d, want %d; %v, want %v; %v", acks, req.Acks, got, want, err)
		}
		total, wantTotal := 0, 0
		if _, err := ProducePartitions(version, parsed.Body, func(_ Topic, _ int32, n int) { total += n }); err != nil {
			t.Fatal(err)
		}
		for _, p := range want {
			wantTotal += len(p.records)
		}
		if total != wantTotal {
			t.Fatalf("%d record bytes, want %d", total, wantTotal)
		}
		at, err := ProduceAcksAt(version, parsed.Body)
		if err != nil || int16(binary.BigEndian.Uint16(parsed.Body[at:])) != req.Acks {
			t.Fatalf("acks at %d: %v", at, err)
		}
	})
}

func TestTruncatedProduceRequestIsAnError(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		version := rapid.Int16Range(3, 13).Draw(t, "version")
		req, _ := drawProduceRequest(t, version)
		body := req.AppendTo(nil)
		cut := rapid.IntRange(0, len(body)-1).Draw(t, "cut")
		if _, err := ProducePartitions(version, body[:cut], func(Topic, int32, int) {}); !errors.Is(err, ErrTruncated) {
			t.Fatalf("%d of %d bytes: %v", cut, len(body), err)
		}
	})
}

func TestProduceResponse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		version := rapid.Int16Range(3, 13).Draw(t, "version")
		resp := kmsg.NewPtrProduceResponse()
		resp.Version = version
		resp.ThrottleMillis = rapid.Int32Min(0).Draw(t, "throttle")
		resp.UnknownTags = drawTags(t)
		var want []string
		for range rapid.IntRange(0, 3).Draw(t, "topics") {
			rt := kmsg.NewProduceResponseTopic()
			rt.Topic, rt.TopicID = drawTopic(t)
			key := rt.Topic
			if version >= 13 {
				key = string(rt.TopicID[:])
			}
			for range rapid.IntRange(0, 3).Draw(t, "partitions") {
				rp := kmsg.NewProduceResponseTopicPartition()
				rp.Partition, rp.ErrorCode = rapid.Int32().Draw(t, "p"), rapid.Int16().Draw(t, "code")
				rp.BaseOffset = rapid.Int64().Draw(t, "base")
				rp.UnknownTags = drawTags(t)
				for range rapid.IntRange(0, 2).Draw(t, "bad records") {
					rp.ErrorRecords = append(rp.ErrorRecords, kmsg.NewProduceResponseTopicPartitionErrorRecord())
				}
				if rapid.Bool().Draw(t, "message") {
					rp.ErrorMessage = kmsg.StringPtr("no")
					rp.CurrentLeader.LeaderID = 2
				}
				rt.Partitions = append(rt.Partitions, rp)
				want = append(want, fmt.Sprint(key, rp.Partition, rp.ErrorCode, rp.BaseOffset))
			}
			resp.Topics = append(resp.Topics, rt)
		}
		frame := responseFrame(resp)
		n, err := ResponseHeaderLen(Produce, version, frame)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		if _, err := ProduceResults(version, frame[n:], func(r ProduceResult) {
			got = append(got, fmt.Sprint(topicKey(r.Topic), r.Partition, r.ErrorCode, r.BaseOffset))
		}); err != nil || !slices.Equal(got, want) {
			t.Fatalf("%v, want %v; %v", got, want, err)
		}
		if ms, err := Throttle(Produce, version, frame[n:]); err != nil || ms != resp.ThrottleMillis {
			t.Fatalf("throttle %d, want %d; %v", ms, resp.ThrottleMillis, err)
		}
	})
}

func drawFetchResponse(t *rapid.T, version int16) (resp *kmsg.FetchResponse, want []part) {
	resp = kmsg.NewPtrFetchResponse()
	resp.Version = version
	resp.ThrottleMillis = rapid.Int32Min(0).Draw(t, "throttle")
	resp.SessionID = rapid.Int32().Draw(t, "session")
	resp.ErrorCode = rapid.Int16().Draw(t, "error")
	if rapid.Bool().Draw(t, "brokers") {
		resp.Brokers = append(resp.Brokers, kmsg.FetchResponseBroker{NodeID: 1, Host: "broker", Port: 9092})
	}
	for range rapid.IntRange(0, 3).Draw(t, "topics") {
		rt := kmsg.NewFetchResponseTopic()
		rt.Topic, rt.TopicID = drawTopic(t)
		rt.UnknownTags = drawTags(t)
		key := rt.Topic
		if version >= 13 {
			key = string(rt.TopicID[:])
		}
		for range rapid.IntRange(0, 3).Draw(t, "partitions") {
			rp := kmsg.NewFetchResponseTopicPartition()
			rp.Partition, rp.ErrorCode = rapid.Int32().Draw(t, "p"), rapid.Int16().Draw(t, "code")
			rp.RecordBatches = drawRecords(t)
			rp.UnknownTags = drawTags(t)
			if rapid.Bool().Draw(t, "leader") {
				rp.CurrentLeader.LeaderID = 1
			}
			for range rapid.IntRange(0, 20).Draw(t, "aborted") {
				rp.AbortedTransactions = append(rp.AbortedTransactions, kmsg.NewFetchResponseTopicPartitionAbortedTransaction())
			}
			rt.Partitions = append(rt.Partitions, rp)
			want = append(want, part{key, rp.Partition, rp.ErrorCode, string(rp.RecordBatches)})
		}
		resp.Topics = append(resp.Topics, rt)
	}
	return resp, want
}

// scanInChunks feeds a frame cut at random places and returns what was yielded.
func scanInChunks(t *rapid.T, s *FetchScanner, frame []byte) (got []part) {
	size := rapid.SampledFrom([]int{1, 7, 100, 5000, 1 << 20}).Draw(t, "chunk")
	for rest := frame; len(rest) > 0; {
		n := min(len(rest), rapid.IntRange(0, size).Draw(t, "n")+1)
		chunk := bytes.Clone(rest[:n])
		if err := s.Feed(chunk, func(p FetchPartition) {
			got = append(got, part{
				topicKey(p.Topic), p.Partition, p.ErrorCode,
				string(frame[p.RecordsAt : p.RecordsAt+p.RecordBytes]),
			})
			c := cursor{src: frame, at: p.LengthAt}
			if n := c.size(s.version >= fetchFlexible); n != p.RecordBytes || c.at != p.RecordsAt {
				t.Fatalf("length field at %d says %d and ends at %d, want %d and %d", p.LengthAt, n, c.at, p.RecordBytes, p.RecordsAt)
			}
		}); err != nil {
			t.Fatal(err)
		}
		for i := range chunk {
			chunk[i] = 0xaa // whoever kept a chunk sees garbage
		}
		rest = rest[n:]
	}
	return got
}

func TestFetchResponseInChunks(t *testing.T) {
	var s FetchScanner // reused, as a connection does
	rapid.Check(t, func(t *rapid.T) {
		version := rapid.Int16Range(4, 18).Draw(t, "version")
		resp, want := drawFetchResponse(t, version)
		frame := responseFrame(resp)
		if err := s.Reset(version); err != nil {
			t.Fatal(err)
		}
		if got := scanInChunks(t, &s, frame); !slices.Equal(got, want) {
			t.Fatalf("got %v\nwant %v", got, want)
		}
		if ms, ok := s.Throttle(); !ok || ms != resp.ThrottleMillis || !s.Done() {
			t.Fatalf("throttle %d %v, done %v", ms, ok, s.Done())
		}
		code, session := s.Session()
		if version >= 7 && (code != resp.ErrorCode || session != resp.SessionID) {
			t.Fatalf("error %d, session %d", code, session)
		}
		n, err := ResponseHeaderLen(Fetch, version, frame)
		if err != nil {
			t.Fatal(err)
		}
		if ms, err := Throttle(Fetch, version, frame[n:]); err != nil || ms != resp.ThrottleMillis {
			t.Fatalf("throttle %d: %v", ms, err)
		}
	})
}

func TestFetchScannerKeepsLittle(t *testing.T) {
	resp := kmsg.NewPtrFetchResponse()
	resp.Version = 16
	rt := kmsg.NewFetchResponseTopic()
	for p := range int32(8) {
		rp := kmsg.NewFetchResponseTopicPartition()
		rp.Partition, rp.RecordBatches = p, make([]byte, 1<<20)
		rt.Partitions = append(rt.Partitions, rp)
	}
	resp.Topics = append(resp.Topics, rt)
	frame := responseFrame(resp)
	var s FetchScanner
	if err := s.Reset(16); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(frame); i += 1000 {
		if err := s.Feed(frame[i:min(i+1000, len(frame))], func(FetchPartition) {}); err != nil {
			t.Fatal(err)
		}
		if len(s.carry) > 200 { // a partition's fields before its records are 40 bytes
			t.Fatalf("holds %d bytes after %d", len(s.carry), i)
		}
	}
	if !s.Done() {
		t.Fatal("not done")
	}
}

func TestFetchRequest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		version := rapid.Int16Range(4, 18).Draw(t, "version")
		req := kmsg.NewPtrFetchRequest()
		req.Version = version
		req.MaxBytes = rapid.Int32().Draw(t, "max")
		req.SessionID, req.SessionEpoch = rapid.Int32().Draw(t, "session"), rapid.Int32().Draw(t, "epoch")
		req.UnknownTags = drawTags(t)
		var want, wantForgotten []string
		for range rapid.IntRange(0, 3).Draw(t, "topics") {
			rt := kmsg.NewFetchRequestTopic()
			rt.Topic, rt.TopicID = drawTopic(t)
			ft := kmsg.NewFetchRequestForgottenTopic()
			ft.Topic, ft.TopicID = rt.Topic, rt.TopicID
			key := rt.Topic
			if version >= 13 {
				key = string(rt.TopicID[:])
			}
			for p := range rapid.Int32Range(0, 4).Draw(t, "partitions") {
				rp := kmsg.NewFetchRequestTopicPartition()
				rp.Partition, rp.PartitionMaxBytes = p, rapid.Int32().Draw(t, "partition max")
				rp.UnknownTags = drawTags(t)
				rt.Partitions = append(rt.Partitions, rp)
				want = append(want, fmt.Sprint(key, p, rp.PartitionMaxBytes))
				ft.Partitions = append(ft.Partitions, p+100)
				if version >= 7 {
					wantForgotten = append(wantForgotten, fmt.Sprint(key, p+100))
				}
			}
			req.Topics = append(req.Topics, rt)
			req.ForgottenTopics = append(req.ForgottenTopics, ft)
		}
		parsed, err := ParseRequest(requestFrame(req, "c"))
		if err != nil {
			t.Fatal(err)
		}
		var got, forgotten []string
		r, err := ParseFetchHeader(version, parsed.Body)
		if err != nil {
			t.Fatal(err)
		}
		err = FetchPartitions(version, parsed.Body, func(w FetchWanted) {
			at := int32(binary.BigEndian.Uint32(parsed.Body[w.MaxBytesAt:]))
			if at != w.MaxBytes {
				t.Fatalf("%d at the field's place, want %d", at, w.MaxBytes)
			}
			got = append(got, fmt.Sprint(topicKey(w.Topic), w.Partition, w.MaxBytes))
		}, func(topic Topic, p int32) { forgotten = append(forgotten, fmt.Sprint(topicKey(topic), p)) })
		if err != nil || !slices.Equal(got, want) || !slices.Equal(forgotten, wantForgotten) {
			t.Fatalf("got %v %v, want %v %v; %v", got, forgotten, want, wantForgotten, err)
		}
		if version >= 7 && (r.SessionID != req.SessionID || r.SessionEpoch != req.SessionEpoch) {
			t.Fatalf("session %d epoch %d", r.SessionID, r.SessionEpoch)
		}
		if r.MaxBytes != req.MaxBytes || int32(binary.BigEndian.Uint32(parsed.Body[r.MaxBytesAt:])) != req.MaxBytes {
			t.Fatalf("max bytes %d, want %d", r.MaxBytes, req.MaxBytes)
		}
	})
}

// Every request kind and version that kmsg knows has its header read, and every
// response's throttle.
func TestAllKinds(t *testing.T) {
	checked := 0
	for key := range int16(kmsg.MaxKey + 1) {
		req := kmsg.RequestForKey(key)
		if req == nil {
			continue
		}
		for version := range req.MaxVersion() + 1 {
			if key == 7 && version == 0 {
				continue // ControlledShutdown v0 has no client id; only brokers send it
			}
			req.SetVersion(version)
			parsed, err := ParseRequest(requestFrame(req, "me"))
			if err != nil || parsed.Key != key || parsed.Version != version || string(parsed.ClientID) != "me" {
				t.Fatalf("%s v%d: %+v %v", kmsg.NameForKey(key), version, parsed, err)
			}
			if !bytes.Equal(parsed.Body, req.AppendTo(nil)) {
				t.Fatalf("%s v%d: body does not start where it should", kmsg.NameForKey(key), version)
			}
			if key == Produce && version < 3 || key == Fetch && version < 4 {
				continue
			}
			resp := req.ResponseKind()
			resp.SetVersion(version)
			want := int32(0)
			if settable, ok := resp.(kmsg.SetThrottleResponse); ok {
				settable.SetThrottle(4321)
				decoded := req.ResponseKind()
				decoded.SetVersion(version)
				if err := decoded.ReadFrom(resp.AppendTo(nil)); err != nil {
					t.Fatal(err)
				}
				want, _ = decoded.(kmsg.ThrottleResponse).Throttle() // 0 in versions without the field
				checked++
			}
			frame := responseFrame(resp)
			n, err := ResponseHeaderLen(key, version, frame)
			if err != nil {
				t.Fatal(err)
			}
			if ms, err := Throttle(key, version, frame[n:]); err != nil || ms != want {
				t.Fatalf("%s v%d: throttle %d, want %d: %v", kmsg.NameForKey(key), version, ms, want, err)
			}
		}
	}
	if checked < 100 {
		t.Fatalf("only %d responses with a throttle", checked)
	}
}

func TestGarbageIsAnError(t *testing.T) {
	for _, tc := range []struct {
		name  string
		frame []byte
		want  error
	}{
		{"empty", nil, ErrTruncated},
		{"HTTP", []byte("GET / HTTP/1.1\r\n\r\n"), ErrTruncated}, // "P/" would be a 20,527-byte client id
		{"unknown kind", []byte{1, 0xff, 0, 0, 0, 0, 0, 1, 0, 0}, ErrUnknown},
		{"negative client id", []byte{0, 3, 0, 0, 0, 0, 0, 1, 0x80, 0}, ErrMalformed},
	} {
		if _, err := ParseRequest(tc.frame); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", tc.name, err, tc.want)
		}
	}
}

func TestNoAllocations(t *testing.T) {
	req := kmsg.NewPtrProduceRequest()
	req.Version = 12
	rt := kmsg.NewProduceRequestTopic()
	rt.Topic = "orders"
	rt.Partitions = append(rt.Partitions, kmsg.ProduceRequestTopicPartition{Records: make([]byte, 1000)})
	req.Topics = append(req.Topics, rt)
	frame := requestFrame(req, "client")
	total := 0
	count := func(_ Topic, _ int32, n int) { total += n }
	if n := testing.AllocsPerRun(100, func() {
		parsed, _ := ParseRequest(frame)
		_, _ = ProducePartitions(parsed.Version, parsed.Body, count)
	}); n > 0 {
		t.Errorf("%.0f allocations for a produce request", n)
	}

	resp := kmsg.NewPtrFetchResponse()
	resp.Version = 12
	ft := kmsg.NewFetchResponseTopic()
	ft.Topic = "orders"
	ft.Partitions = append(ft.Partitions, kmsg.FetchResponseTopicPartition{RecordBatches: make([]byte, 1000)})
	resp.Topics = append(resp.Topics, ft)
	answer := responseFrame(resp)
	var s FetchScanner
	yield := func(p FetchPartition) { total += p.RecordBytes }
	if n := testing.AllocsPerRun(100, func() {
		_ = s.Reset(12)
		_ = s.Feed(answer[:30], yield)
		_ = s.Feed(answer[30:], yield)
	}); n > 0 {
		t.Errorf("%.0f allocations for a fetch response", n)
	}
	if total != 101*2*1000 {
		t.Fatalf("counted %d", total)
	}
}
