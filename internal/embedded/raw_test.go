package embedded

import (
	"encoding/binary"
	"hash/crc32"
	"io"
	"net"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/internal/wire"
)

// raw is a client that does as it is told: one request at a time, of any version.
type raw struct {
	t      *testing.T
	conn   net.Conn
	client string
}

func dialRaw(t *testing.T, addr, client string) *raw {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return newRaw(t, conn, client)
}

func dialVirtual(t *testing.T, network *kfake.VirtualNetwork, addr, client string) *raw {
	t.Helper()
	conn, err := network.DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return newRaw(t, conn, client)
}

func newRaw(t *testing.T, conn net.Conn, client string) *raw {
	t.Cleanup(func() { _ = conn.Close() })
	return &raw{t, conn, client}
}

func (r *raw) send(req kmsg.Request) {
	r.t.Helper()
	frame := kmsg.NewRequestFormatter(kmsg.FormatterClientID(r.client)).AppendRequest(nil, req, 7)
	if _, err := r.conn.Write(frame); err != nil {
		r.t.Fatal(err)
	}
}

// frame reads one response's frame.
func (r *raw) frame() ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(r.conn, length[:]); err != nil {
		return nil, err
	}
	frame := make([]byte, binary.BigEndian.Uint32(length[:]))
	_, err := io.ReadFull(r.conn, frame)
	return frame, err
}

// receive reads the response to a request.
func (r *raw) receive(req kmsg.Request) kmsg.Response {
	r.t.Helper()
	frame, err := r.frame()
	if err != nil {
		r.t.Fatal(err)
	}
	if corr := binary.BigEndian.Uint32(frame); corr != 7 {
		r.t.Fatalf("correlation id %d", corr)
	}
	n, err := wire.ResponseHeaderLen(req.Key(), req.GetVersion(), frame)
	if err != nil {
		r.t.Fatal(err)
	}
	resp := req.ResponseKind()
	if err := resp.ReadFrom(frame[n:]); err != nil {
		r.t.Fatalf("%s v%d: %v", kmsg.NameForKey(req.Key()), req.GetVersion(), err)
	}
	return resp
}

func (r *raw) ask(req kmsg.Request) kmsg.Response {
	r.t.Helper()
	r.send(req)
	return r.receive(req)
}

func (r *raw) produce(req *kmsg.ProduceRequest) *kmsg.ProduceResponse {
	r.t.Helper()
	return r.ask(req).(*kmsg.ProduceResponse)
}

func (r *raw) fetch(req *kmsg.FetchRequest) *kmsg.FetchResponse {
	r.t.Helper()
	return r.ask(req).(*kmsg.FetchResponse)
}

// batchHead is a record batch without records.
const batchHead = 61

// batch is one record batch of n empty-keyed records, size bytes in all or a little
// less; a producer id below 0 means none.
func batch(n, size int, producerID int64, sequence int32) []byte {
	var records []byte
	for i := range n {
		record := kmsg.Record{OffsetDelta: int32(i), Value: make([]byte, max(0, (size-batchHead)/n-12))}
		record.Length = int32(len(record.AppendTo(nil)) - 1) // of a varint that is one byte
		records = record.AppendTo(records)
	}
	b := kmsg.RecordBatch{
		PartitionLeaderEpoch: -1, Magic: 2, LastOffsetDelta: int32(n - 1), NumRecords: int32(n),
		ProducerID: producerID, ProducerEpoch: 0, FirstSequence: sequence, Records: records,
	}
	if producerID < 0 {
		b.ProducerEpoch, b.FirstSequence = -1, -1
	}
	out := b.AppendTo(nil)
	binary.BigEndian.PutUint32(out[8:], uint32(len(out)-12))
	binary.BigEndian.PutUint32(out[17:], crc32.Checksum(out[21:], crc32.MakeTable(crc32.Castagnoli)))
	return out
}

// produceRequest carries one batch for each of the partitions.
func produceRequest(version, acks int16, topic *topic, batches map[int32][]byte) *kmsg.ProduceRequest {
	req := kmsg.NewPtrProduceRequest()
	req.Version, req.Acks = version, acks
	rt := kmsg.NewProduceRequestTopic()
	rt.Topic, rt.TopicID = topic.name, topic.id
	for p, b := range batches {
		rp := kmsg.NewProduceRequestTopicPartition()
		rp.Partition, rp.Records = p, b
		rt.Partitions = append(rt.Partitions, rp)
	}
	req.Topics = append(req.Topics, rt)
	return req
}

// fetchRequest asks for partitions from their given offsets, in order.
func fetchRequest(version int16, topic *topic, partitionMax, total int32, offsets ...int64) *kmsg.FetchRequest {
	req := kmsg.NewPtrFetchRequest()
	req.Version, req.MaxWaitMillis, req.MinBytes, req.MaxBytes = version, 100, 1, total
	req.SessionEpoch = -1
	rt := kmsg.NewFetchRequestTopic()
	rt.Topic, rt.TopicID = topic.name, topic.id
	for p, offset := range offsets {
		rp := kmsg.NewFetchRequestTopicPartition()
		rp.Partition, rp.FetchOffset, rp.PartitionMaxBytes = int32(p), offset, partitionMax
		rt.Partitions = append(rt.Partitions, rp)
	}
	req.Topics = append(req.Topics, rt)
	return req
}

// received is the record bytes of each partition in a response.
func received(resp *kmsg.FetchResponse) map[int32]int {
	got := make(map[int32]int)
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			if len(p.RecordBatches) > 0 {
				got[p.Partition] = len(p.RecordBatches)
			}
		}
	}
	return got
}
