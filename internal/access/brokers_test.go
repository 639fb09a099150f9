package access

import (
	"net"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/scenario"
)

// TestEnterEachBroker holds that a cluster is entered by each of its brokers: a problem
// is that of the broker that has it, and what may pass is waited for.
func TestEnterEachBroker(t *testing.T) {
	var asked atomic.Int64
	sound := answers(t, func(r kmsg.Request) kmsg.Response {
		asked.Add(1)
		return r.ResponseKind()
	})
	var starts atomic.Int64
	starting := answers(t, func(r kmsg.Request) kmsg.Response {
		if starts.Add(1) == 1 {
			return nil
		}
		return r.ResponseKind()
	})
	wrong, other := noKafka(t), noKafka(t)
	enter := func(addresses ...string) (*Entered, error) {
		return opened(t, scenario.Target{}, answers(t, func(r kmsg.Request) kmsg.Response {
			answer := r.ResponseKind()
			if m, ok := answer.(*kmsg.MetadataResponse); ok {
				m.Brokers = brokersAt(t, addresses)
			}
			return answer
		})).Enter(t.Context())
	}
	e, err := enter(sound, starting)
	want := []Broker{{ID: 11, Address: sound, Rack: "rack-11"}, {ID: 12, Address: starting, Rack: "rack-12"}}
	if err != nil || !slices.Equal(e.Brokers, want) {
		t.Errorf("entered %+v (%v), want brokers %+v", e, err, want)
	}
	if asked.Load() < 2 || starts.Load() < 3 {
		t.Errorf("the brokers were asked %d and %d times", asked.Load(), starts.Load())
	}
	_, err = enter(sound, wrong, sound)
	checkProblem(t, err, Kafka, "broker 12: "+wrong+" does not answer as a Kafka broker; check the port")
	_, err = enter(sound, wrong, other)
	checkProblem(t, err, Kafka, "broker 12: "+wrong+" does not answer as a Kafka broker (2 of 3 brokers cannot be entered)")
}

// brokersAt are brokers at some addresses, from 11 on, each in a rack of its own.
func brokersAt(t *testing.T, addresses []string) (all []kmsg.MetadataResponseBroker) {
	t.Helper()
	for i, address := range addresses {
		host, text, err := net.SplitHostPort(address)
		if err != nil {
			t.Fatal(err)
		}
		port, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		rack := "rack-" + strconv.Itoa(11+i)
		all = append(all, kmsg.MetadataResponseBroker{NodeID: int32(11 + i), Host: host, Port: int32(port), Rack: &rack})
	}
	return all
}
