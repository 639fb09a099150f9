package cluster_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"msklt/internal/cluster"
)

// producer is what a cluster says of one that wrote to theirs, partition 1.
type producer struct {
	id      int64         // 0 for none
	age     time.Duration // of its last record, when the watching begins
	refused bool          // it says so to those who may read
}

// observed is a cluster whose answer about producers is made up, with what it was asked.
type observed struct {
	*kfake.Cluster
	producer producer
	begun    time.Time // of the watching
	asked    int       // about producers
	newest   int       // about the newest record's time
	version  int16     // of the last ListOffsets
}

func (o *observed) describeProducers(r kmsg.Request) (kmsg.Response, error, bool) {
	o.KeepControl()
	o.asked++
	req := r.(*kmsg.DescribeProducersRequest)
	resp := req.ResponseKind().(*kmsg.DescribeProducersResponse)
	for _, t := range req.Topics {
		topic := kmsg.NewDescribeProducersResponseTopic()
		topic.Topic = t.Topic
		for _, p := range t.Partitions {
			partition := kmsg.NewDescribeProducersResponseTopicPartition()
			partition.Partition = p
			if o.producer.refused {
				partition.ErrorCode = kerr.TopicAuthorizationFailed.Code
			} else if t.Topic == "theirs" && p == 1 && o.producer.id > 0 {
				producer := kmsg.NewDescribeProducersResponseTopicPartitionActiveProducer()
				producer.ProducerID, producer.LastTimestamp = o.producer.id, o.begun.Add(-o.producer.age).UnixMilli()
				partition.ActiveProducers = append(partition.ActiveProducers, producer)
			}
			topic.Partitions = append(topic.Partitions, partition)
		}
		resp.Topics = append(resp.Topics, topic)
	}
	return resp, nil, true
}

func (o *observed) listOffsets(r kmsg.Request) (kmsg.Response, error, bool) {
	o.KeepControl()
	req := r.(*kmsg.ListOffsetsRequest)
	o.version = req.Version
	if req.Topics[0].Partitions[0].Timestamp == -3 {
		o.newest++
	}
	return nil, nil, false
}

// TestWritten: who writes to a topic, or did a moment ago, by what each cluster tells.
// Topics are watched for 2 s, so that ages are those plus 2 s.
func TestWritten(t *testing.T) {
	without := kversion.V3_0_0()
	without.SetMaxKeyVersion(int16(kmsg.DescribeProducers), -1)
	for name, c := range map[string]writtenCase{
		"nobody ever":              {},
		"long ago":                 {stamps: []time.Duration{2 * time.Hour, 299 * time.Second}},
		"a burst before":           {stamps: []time.Duration{2 * time.Hour, 297 * time.Second}, want: "was written to 299 s ago"},
		"two before":               {stamps: []time.Duration{50 * time.Second, 38 * time.Second}, want: "was written to 40 s ago"},
		"before, but that is ours": {stamps: []time.Duration{38 * time.Second}, now: true},
		"told who":                 {stamps: []time.Duration{38 * time.Second}, producer: producer{id: 4001, age: 38 * time.Second}, want: "was written to 40 s ago by producer id 4001"},
		"somebody else since":      {stamps: []time.Duration{38 * time.Second}, producer: producer{id: 4001, age: 60 * time.Second}, want: "was written to 40 s ago"},
		"out of the log":           {producer: producer{id: 4001, age: 38 * time.Second}, want: "was written to 40 s ago by producer id 4001"},
		"gone long ago":            {producer: producer{id: 4001, age: 10 * time.Minute}},
		"who is not for us":        {stamps: []time.Duration{38 * time.Second}, producer: producer{refused: true}, want: "was written to 40 s ago"},
		"nobody, not for us":       {producer: producer{refused: true}},
		"who is not offered":       {versions: without, stamps: []time.Duration{38 * time.Second}, producer: producer{id: 4001, age: 38 * time.Second}, want: "was written to 40 s ago"},
		"from the future":          {stamps: []time.Duration{-time.Minute}, want: "was written to 0 s ago"},
		"from nowhere":             {stamps: []time.Duration{-1000 * time.Hour}},
		"2.7, long ago":            {versions: kversion.V2_7_0(), stamps: []time.Duration{2 * time.Hour, 299 * time.Second}},
		"2.7, before":              {versions: kversion.V2_7_0(), stamps: []time.Duration{2 * time.Hour, 50 * time.Second, 38 * time.Second}, want: "was written to within the last 5 min"},
		"2.7, from nowhere":        {versions: kversion.V2_7_0(), stamps: []time.Duration{-1000 * time.Hour}},
		"2.8, told who":            {versions: kversion.V2_8_0(), stamps: []time.Duration{38 * time.Second}, producer: producer{id: 4001, age: 38 * time.Second}, want: "was written to 40 s ago by producer id 4001"},
		"at the moment":            {grows: time.Nanosecond, now: true, want: "grew by 1 offset(s) in 2 s"},
		"at the moment, who":       {grows: time.Nanosecond, producer: producer{id: 4001, age: -time.Second}, want: "grew by 1 offset(s) in 2 s, the last by producer id 4001"},
		"old records, copied":      {versions: kversion.V2_7_0(), grows: 24 * time.Hour, now: true, want: "grew by 1 offset(s) in 2 s"},
	} {
		t.Run(name, func(t *testing.T) { synctest.Test(t, c.check) })
	}
}

type writtenCase struct {
	versions *kversion.Versions // nil for all
	stamps   []time.Duration    // how old records are when the watching begins, on partitions 1, 0, 1, …
	grows    time.Duration      // how old one looks that comes amid the watching; 0 for none
	producer producer
	now      bool   // only who writes at the moment counts
	want     string // "" for nobody
}

func (c writtenCase) check(t *testing.T) {
	network := new(kfake.VirtualNetwork)
	opts := []kfake.Opt{kfake.Ports(9092, 9093), kfake.ListenFn(network.Listen), kfake.SeedTopics(2, "theirs", "quiet")}
	if c.versions != nil {
		opts = append(opts, kfake.MaxVersions(c.versions))
	}
	kafka, err := kfake.NewCluster(opts...)
	if err != nil {
		t.Fatal(err)
	}
	defer kafka.Close()
	begin := time.Now().Add(time.Minute)
	o := &observed{Cluster: kafka, producer: c.producer, begun: begin}
	kafka.ControlKey(int16(kmsg.DescribeProducers), o.describeProducers)
	kafka.ControlKey(int16(kmsg.ListOffsets), o.listOffsets)
	writer, err := kgo.NewClient(kgo.SeedBrokers(kafka.ListenAddrs()...), kgo.Dialer(network.DialContext), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	write := func(partition int, at time.Time) {
		record := &kgo.Record{Topic: "theirs", Partition: int32(partition), Value: []byte("x"), Timestamp: at}
		if err := writer.ProduceSync(t.Context(), record).FirstErr(); err != nil {
			t.Error(err)
		}
	}
	admin, err := cluster.Open(t.Context(), kafka.ListenAddrs(), kgo.Dialer(network.DialContext))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	for i, age := range c.stamps {
		write((i+1)%2, begin.Add(-age))
	}
	time.Sleep(time.Until(begin))
	if c.grows > 0 {
		time.AfterFunc(time.Second, func() { write(1, time.Now().Add(-c.grows)) })
	}
	found, err := admin.Written(t.Context(), []*cluster.Topic{{Actual: "quiet"}, {Actual: "theirs"}, {Actual: "ours", Created: true}}, !c.now)
	if err != nil {
		t.Fatal(err)
	}
	c.hold(t, o, found)
}

// hold holds what was found, and that nothing was asked that the cluster does not offer.
func (c writtenCase) hold(t *testing.T, o *observed, found []cluster.Writing) {
	var says []string
	for _, w := range found {
		says = append(says, w.Topic+" "+w.String())
	}
	if got := strings.TrimPrefix(strings.Join(says, "; "), "theirs "); got != c.want {
		t.Errorf("%q, want %q", got, c.want)
	}
	offered := c.versions == nil || c.versions.HasKey(int16(kmsg.DescribeProducers))
	if o.asked > 0 != offered || o.newest > 0 != (o.version >= 7) {
		t.Errorf("asked %d times about producers and %d times for the newest record, by ListOffsets version %d", o.asked, o.newest, o.version)
	}
}
