package wire

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// FuzzRequest holds that no frame makes the readers panic, and that a produce
// request that kmsg can read is read alike.
func FuzzRequest(f *testing.F) {
	for version := range int16(14) {
		req := kmsg.NewPtrProduceRequest()
		req.Version = version
		rt := kmsg.NewProduceRequestTopic()
		rt.Partitions = append(rt.Partitions, kmsg.ProduceRequestTopicPartition{Records: []byte("records")})
		req.Topics = append(req.Topics, rt)
		f.Add(requestFrame(req, "fuzz"))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		req, err := ParseRequest(frame)
		if err != nil {
			return
		}
		var got []int
		_, err = ProduceRecords(req.Version, req.Body, func(_ Topic, _ int32, records []byte) { got = append(got, len(records)) })
		_ = FetchPartitions(req.Version, req.Body, func(FetchWanted) {}, func(Topic, int32) {})
		if err != nil || req.Key != Produce {
			return
		}
		decoded := kmsg.NewPtrProduceRequest()
		decoded.Version = req.Version
		if decoded.ReadFrom(req.Body) != nil {
			return
		}
		i := 0
		for _, topic := range decoded.Topics {
			for _, p := range topic.Partitions {
				if i >= len(got) || got[i] != len(p.Records) {
					t.Fatalf("partition %d: got %v, want %d bytes", i, got, len(p.Records))
				}
				i++
			}
		}
	})
}

// FuzzFetchResponse holds that the scanner gives the same answer whatever the
// chunks are, and never panics.
func FuzzFetchResponse(f *testing.F) {
	for version := int16(4); version <= 18; version++ {
		resp := kmsg.NewPtrFetchResponse()
		resp.Version = version
		rt := kmsg.NewFetchResponseTopic()
		rt.Partitions = append(rt.Partitions, kmsg.FetchResponseTopicPartition{RecordBatches: []byte("records")})
		resp.Topics = append(resp.Topics, rt)
		f.Add(version, responseFrame(resp), 5)
	}
	f.Fuzz(func(t *testing.T, version int16, frame []byte, cut int) {
		scan := func(chunk int) (sum int, done, failed bool) {
			var s FetchScanner
			if s.Reset(version) != nil {
				return 0, false, true
			}
			for rest := frame; len(rest) > 0; {
				n := min(len(rest), chunk)
				if s.Feed(rest[:n], func(p FetchPartition) { sum += p.RecordBytes + p.RecordsAt }) != nil {
					return 0, false, true
				}
				rest = rest[n:]
			}
			return sum, s.Done(), false
		}
		sum, done, failed := scan(max(1, len(frame)))
		sum2, done2, failed2 := scan(max(1, cut%1000))
		if sum != sum2 || done != done2 || failed != failed2 {
			t.Fatalf("whole: %d %v %v; in pieces: %d %v %v", sum, done, failed, sum2, done2, failed2)
		}
	})
}
