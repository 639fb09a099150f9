package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
	"pgregory.net/rapid"
)

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
