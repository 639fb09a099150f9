package generator

import (
	"bytes"
	"context"
	"net"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
	"pgregory.net/rapid"

	"msklt/internal/limits"
)

// script is a connection that takes what is written and answers with bytes made
// beforehand, in pieces of the test's choice.
type script struct {
	net.Conn
	written bytes.Buffer
	answers []byte
	piece   func() int
}

func (s *script) Write(p []byte) (int, error) { return s.written.Write(p) }
func (s *script) Close() error                { return nil }

func (s *script) Read(p []byte) (int, error) {
	n := copy(p, s.answers[:min(s.piece(), len(s.answers))])
	s.answers = s.answers[n:]
	return n, nil
}

// frame puts a response's length and correlation id before it; both kinds used
// here have an old, plain header.
func frame(correlation byte, r kmsg.Response) []byte {
	body := r.AppendTo([]byte{0, 0, 0, correlation})
	return append([]byte{byte(len(body) >> 24), byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body))}, body...)
}

// TestTapReadsInAnyPieces sends a produce and a fetch request and gets their
// answers, cut at arbitrary places: what the scopes hold does not depend on it.
func TestTapReadsInAnyPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := newObserver(time.Now())
		o.setNodes(map[string]int32{"b:1": 7})
		o.addTopic("orders", "run-orders", [16]byte{}, 3)
		piece := func() int { return rapid.IntRange(1, 40).Draw(t, "piece") }
		conn := &script{piece: piece}
		tap := &tap{observer: o, client: 1, clientID: "c", dialer: func(context.Context, string, string) (net.Conn, error) { return conn, nil }}
		c, err := tap.dial(t.Context(), "tcp", "b:1")
		if err != nil {
			t.Fatal(err)
		}

		produce := kmsg.NewPtrProduceRequest()
		produce.Version, produce.Acks = 7, -1
		fetch := kmsg.NewPtrFetchRequest()
		fetch.Version = 11
		format := kmsg.NewRequestFormatter(kmsg.FormatterClientID("c"))
		sent, brought := []int{100, 0, 250}, []int{300, 50, 0}
		rt, ft := kmsg.NewProduceRequestTopic(), kmsg.NewFetchResponseTopic()
		rt.Topic, ft.Topic = "run-orders", "run-orders"
		for p := range 3 {
			if sent[p] > 0 {
				rp := kmsg.NewProduceRequestTopicPartition()
				rp.Partition, rp.Records = int32(p), make([]byte, sent[p])
				rt.Partitions = append(rt.Partitions, rp)
			}
			fp := kmsg.NewFetchResponseTopicPartition()
			fp.Partition, fp.RecordBatches = int32(p), make([]byte, brought[p])
			ft.Partitions = append(ft.Partitions, fp)
		}
		produce.Topics = append(produce.Topics, rt)
		requests := format.AppendRequest(nil, produce, 1)
		size := len(requests) - 4
		requests = append(requests, format.AppendRequest(nil, fetch, 2)...)

		produced, fetched := kmsg.NewPtrProduceResponse(), kmsg.NewPtrFetchResponse()
		produced.Version, produced.ThrottleMillis = 7, 250
		fetched.Version, fetched.Topics = 11, append(fetched.Topics, ft)
		answers := append(frame(1, produced), frame(2, fetched)...)
		answered := len(frame(2, fetched)) - 4
		conn.answers = bytes.Clone(answers)

		for rest := requests; len(rest) > 0; {
			n := min(piece(), len(rest))
			if _, err := c.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		var got []byte
		for buf := make([]byte, 64); len(got) < len(answers); {
			n, _ := c.Read(buf)
			got = append(got, buf[:n]...)
		}
		if !bytes.Equal(conn.written.Bytes(), requests) || !bytes.Equal(got, answers) {
			t.Fatal("the tap changed what passed through it")
		}
		holds := func(limit limits.Name, partition int32, want int) {
			at := limits.Instance{Limit: limit, Partition: partition}
			switch limit {
			case limits.PartitionIngress, limits.PartitionEgress:
				at.Topic = "orders"
			case limits.ClientIngress, limits.ClientEgress:
				at.Client, at.Broker = "c", 7
			}
			sum := 0
			for _, n := range o.replay.Scope(at).Seconds() {
				sum += int(n)
			}
			if sum != want {
				t.Errorf("%s of partition %d holds %d, want %d", limit, partition, sum, want)
			}
		}
		for p := range int32(3) {
			holds(limits.PartitionIngress, p, sent[p])
			holds(limits.PartitionEgress, p, brought[p])
		}
		holds(limits.ClientIngress, 0, size)
		holds(limits.ClientEgress, 0, answered)
		holds(limits.ClusterRequests, 0, 2)
		throttled := o.replay.Throttled()
		if len(throttled) != 1 || throttled[0].Pause != 250*time.Millisecond || throttled[0].API != "produce" {
			t.Errorf("throttle responses %+v", throttled)
		}
	})
}
