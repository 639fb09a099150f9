package embedded

import (
	"slices"
	"strconv"
	"sync"

	"github.com/twmb/franz-go/pkg/kfake"

	"msklt/internal/wire"
)

// directory finds topics by name and by id. It learns them from kafka when they
// are first used.
type directory struct {
	cluster *Cluster

	mu      sync.RWMutex
	byName  map[string]*topic
	byID    map[[16]byte]*topic
	deleted []Row // the logs of topics that are gone
}

// topic is one topic; one that is deleted and created again is another.
type topic struct {
	name string
	id   [16]byte

	partitions map[int32]*partition // under the quotas' lock

	retentionBytes int64 // under the retention's lock; below 0: unlimited
}

// partition is one partition's part in quotas, truth and memory.
type partition struct {
	scope
	appends appends
	log     logSize // under the retention's lock
	topic   *topic
}

func newDirectory(c *Cluster) *directory {
	return &directory{cluster: c, byName: make(map[string]*topic), byID: make(map[[16]byte]*topic)}
}

// partition returns one of the topic's partitions. The quotas' lock is held.
func (t *topic) partition(p int32) *partition {
	found := t.partitions[p]
	if found == nil {
		found = &partition{scope: scope{kind: "partition", topic: t.name, partition: p}, topic: t}
		t.partitions[p] = found
	}
	return found
}

// find returns the topic that a request names by name or id, nil if there is none.
func (d *directory) find(t wire.Topic) *topic {
	var found *topic
	d.mu.RLock()
	if t.ID != [16]byte{} {
		found = d.byID[t.ID]
	} else {
		found = d.byName[string(t.Name)]
	}
	d.mu.RUnlock()
	switch {
	case found != nil:
		return found
	case t.ID != [16]byte{}:
		return d.learn(func(k *kfake.Cluster) *kfake.TopicInfo { return k.TopicIDInfo(t.ID) })
	default:
		return d.named(string(t.Name))
	}
}

// named returns a topic by name, nil if there is none.
func (d *directory) named(name string) *topic {
	return d.learn(func(k *kfake.Cluster) *kfake.TopicInfo { return k.TopicInfo(name) })
}

// learn asks kafka for a topic and adds or refreshes it.
func (d *directory) learn(ask func(*kfake.Cluster) *kfake.TopicInfo) *topic {
	var info *kfake.TopicInfo
	d.cluster.ask(func(k *kfake.Cluster) { info = ask(k) })
	if info == nil {
		return nil
	}
	d.mu.Lock()
	t := d.byID[info.TopicID]
	if t == nil {
		t = &topic{name: info.Topic, id: info.TopicID, partitions: make(map[int32]*partition)}
		d.byID[t.id], d.byName[t.name] = t, t
	}
	d.mu.Unlock()
	d.cluster.retention.configure(t, retentionOf(info.Configs))
	return t
}

// retentionOf reads a topic's retention.bytes; a compacted topic has no limit of
// its own.
func retentionOf(configs map[string]*string) int64 {
	if policy := configs["cleanup.policy"]; policy != nil && *policy == "compact" {
		return -1
	}
	if v := configs["retention.bytes"]; v != nil {
		if n, err := strconv.ParseInt(*v, 10, 64); err == nil {
			return n
		}
	}
	return partitionRetention
}

// all returns the topics that are there.
func (d *directory) all() []*topic {
	d.mu.RLock()
	defer d.mu.RUnlock()
	topics := make([]*topic, 0, len(d.byID))
	for _, t := range d.byID {
		topics = append(topics, t)
	}
	return topics
}

// drop removes a deleted topic and keeps how its logs were last.
func (d *directory) drop(t *topic, lastLogs []Row) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.byID[t.id] != t {
		return
	}
	delete(d.byID, t.id)
	if d.byName[t.name] == t {
		delete(d.byName, t.name)
	}
	d.deleted = append(d.deleted, lastLogs...)
}

func (d *directory) deletedLogs() []Row {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return slices.Clone(d.deleted)
}
