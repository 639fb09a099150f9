package cluster

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	// watchTime is how long topics are watched for somebody who writes to them.
	watchTime = 2 * time.Second
	// recentTime is how long a write says that its writer may come back: who writes at
	// least that often, as most jobs that run by the clock, is always seen. With more,
	// those who come again, or clean up after a kill, would wait for longer.
	recentTime = 5 * time.Minute
)

// firstNewest is the version of ListOffsets from which on it tells the time of a log's
// newest record (KIP-734, Apache Kafka 3.0).
const firstNewest = 7

// Writing is what tells that somebody writes to a topic, or did a moment ago. Times are
// those of records, by the writers' clocks unless the topic has the brokers'.
type Writing struct {
	Topic    string        // on the cluster
	Grown    int64         // offsets that its logs grew by in two seconds
	Written  bool          // it has records of the last five minutes
	Age      time.Duration // of the newest of them, where Aged; 0 for one of the future
	Aged     bool
	Producer int64 // the id of who wrote it; -1 where the cluster does not tell
}

// String continues "it".
func (w Writing) String() string {
	by := ""
	if w.Producer >= 0 {
		by = fmt.Sprintf(" by producer id %d", w.Producer)
	}
	switch {
	case w.Grown > 0:
		if by != "" {
			by = ", the last" + by
		}
		return fmt.Sprintf("grew by %d offset(s) in %.0f s%s", w.Grown, watchTime.Seconds(), by)
	case w.Aged:
		return fmt.Sprintf("was written to %.0f s ago%s", w.Age.Seconds(), by)
	}
	return fmt.Sprintf("was written to within the last %.0f min", recentTime.Minutes())
}

// Written tells which of the topics that existed before somebody writes to, and how
// that is known. With past, those that were written to in the last five minutes count.
// It takes two seconds if any topic existed.
func (c *Cluster) Written(ctx context.Context, topics []*Topic, past bool) ([]Writing, error) {
	existing := slices.DeleteFunc(slices.Clone(topics), func(t *Topic) bool { return t.Created })
	if len(existing) == 0 {
		return nil, nil
	}
	_, found, err := c.written(ctx, actual(existing))
	var all []Writing
	for _, t := range existing {
		if w := found[t.Actual]; w != nil && (past || w.Grown > 0) {
			all = append(all, *w)
		}
	}
	return all, err
}

// written reads the log ends of topics twice, two seconds apart, and finds out who
// wrote to them then or shortly before.
func (c *Cluster) written(ctx context.Context, names []string) (ends kadm.ListedOffsets, found map[string]*Writing, err error) {
	before, err := c.admin.ListEndOffsets(ctx, names...)
	if err = unlessGone(err); err != nil {
		return nil, nil, c.refused("reading offsets", describeTopic, err)
	}
	select {
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	case <-time.After(watchTime):
	}
	ends, err = c.admin.ListEndOffsets(ctx, names...)
	if err = unlessGone(err); err != nil {
		return nil, nil, c.refused("reading offsets", describeTopic, err)
	}
	f := finding{now: time.Now(), all: map[string]*Writing{}}
	ends.Each(func(o kadm.ListedOffset) {
		was, ok := before.Lookup(o.Topic, o.Partition)
		if ok && was.Err == nil && o.Err == nil && o.Offset > was.Offset {
			f.of(o.Topic).Grown += o.Offset - was.Offset
		}
	})
	c.findRecords(ctx, names, &f)
	c.findProducers(ctx, ends, &f)
	return ends, f.all, nil
}

// finding is who writes, as far as it is known.
type finding struct {
	now time.Time
	all map[string]*Writing // by topic
}

func (f *finding) of(topic string) *Writing {
	if f.all[topic] == nil {
		f.all[topic] = &Writing{Topic: topic, Producer: -1}
	}
	return f.all[topic]
}

// at notes that a topic was written to at a time in milliseconds since 1970, which may
// be before the newest of its records where that is not aged. What is far from now
// tells nothing: a record may have any time.
func (f *finding) at(topic string, milliseconds, producer int64, aged bool) {
	age := f.now.Sub(time.UnixMilli(milliseconds))
	if age.Abs() > recentTime {
		return
	}
	w := f.of(topic)
	w.Written = true
	if age = max(0, age); aged && (!w.Aged || age < w.Age || age == w.Age && producer >= 0) {
		w.Aged, w.Age, w.Producer = true, age, producer
	}
}

// findRecords looks for records of the last five minutes. A cluster that does not
// answer has not told.
func (c *Cluster) findRecords(ctx context.Context, names []string, f *finding) {
	aged := c.versions[kmsg.ListOffsets] >= firstNewest
	var listed kadm.ListedOffsets
	if aged {
		listed, _ = c.admin.ListMaxTimestampOffsets(ctx, names...)
	} else { // the first of them, of which the time may be long before the last's
		listed, _ = c.admin.ListOffsetsAfterMilli(ctx, f.now.Add(-recentTime).UnixMilli(), names...)
	}
	listed.Each(func(o kadm.ListedOffset) {
		if o.Err == nil && o.Timestamp >= 0 {
			f.at(o.Topic, o.Timestamp, -1, aged)
		}
	})
}

// findProducers looks who wrote, also what is not in the log any more. The cluster
// forgets those without ids at once; not every cluster tells, and not everybody
// (KIP-664, Apache Kafka 2.8; it takes the permission to read).
func (c *Cluster) findProducers(ctx context.Context, ends kadm.ListedOffsets, f *finding) {
	if _, offered := c.versions[kmsg.DescribeProducers]; !offered {
		return
	}
	set := kadm.TopicsSet{}
	ends.Each(func(o kadm.ListedOffset) {
		if o.Err == nil {
			set.Add(o.Topic, o.Partition)
		}
	})
	if len(set) == 0 {
		return // which would mean all
	}
	described, _ := c.admin.DescribeProducers(ctx, set)
	for _, p := range described.SortedProducers() {
		f.at(p.Topic, p.LastTimestamp, p.ProducerID, true)
	}
}
