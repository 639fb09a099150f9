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
		if _, err := ProduceRecords(version, parsed.Body, func(_ Topic, _ int32, records []byte) { total += len(records) }); err != nil {
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
		if _, err := ProduceRecords(version, body[:cut], func(Topic, int32, []byte) {}); !errors.Is(err, ErrTruncated) {
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
	count := func(_ Topic, _ int32, records []byte) { total += len(records) }
	if n := testing.AllocsPerRun(100, func() {
		parsed, _ := ParseRequest(frame)
		_, _ = ProduceRecords(parsed.Version, parsed.Body, count)
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
