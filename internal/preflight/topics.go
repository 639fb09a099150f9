package preflight

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/internal/cluster"
	"msklt/scenario"
)

// busyPause is the least pause after a refusal that holds for now only.
const busyPause = time.Second

// busy is what a cluster says that refuses changes for now; pause is for how long, as
// far as it said.
type busy struct{ pause time.Duration }

func (b busy) Error() string {
	return fmt.Sprintf("busy: the cluster's allowance of changes is used up for %s; a run waits", max(b.pause, busyPause).Round(time.Second))
}

// patiently asks until the cluster is not busy any more or the context ends, which no
// pause is begun for that is longer.
func patiently(ctx context.Context, ask func() error) error {
	for {
		err := ask()
		var b busy
		if !errors.As(err, &b) {
			return err
		}
		pause := max(b.pause, busyPause)
		if end, ok := ctx.Deadline(); ok && time.Until(end) < pause {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

// judged is the cluster's word on a topic, nil where it takes it.
func judged(code int16, message *string, throttle int32) error {
	err := kerr.ErrorForCode(code)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, kerr.ThrottlingQuotaExceeded):
		return busy{time.Duration(throttle) * time.Millisecond}
	case message != nil && *message != "":
		return fmt.Errorf("%w (%s)", err, *message)
	}
	return err
}

// ask asks for topics, or with try whether the cluster would make them. The result is
// its word on each, by name. What was sent is waited for also after an interrupt: what
// the cluster makes must be known, to be removed.
func (l *look) ask(ctx context.Context, try bool, topics ...kmsg.CreateTopicsRequestTopic) (map[string]error, error) {
	req := kmsg.NewPtrCreateTopicsRequest()
	req.TimeoutMillis, req.ValidateOnly, req.Topics = int32(stepTimeout.Milliseconds()), try, topics
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stepTimeout)
	defer cancel()
	answer, err := req.RequestWith(ctx, l.client)
	if err != nil {
		return nil, err
	}
	said := map[string]error{}
	for _, t := range topics {
		said[t.Topic] = errors.New("the cluster does not answer for it")
	}
	for _, t := range answer.Topics {
		said[t.Topic] = judged(t.ErrorCode, t.ErrorMessage, answer.ThrottleMillis)
	}
	return said, nil
}

// form is a topic of one partition, as a request asks for it.
func form(name string, replicas int16, config map[string]string) kmsg.CreateTopicsRequestTopic {
	t := kmsg.NewCreateTopicsRequestTopic()
	t.Topic, t.NumPartitions, t.ReplicationFactor = name, 1, replicas
	for _, k := range slices.Sorted(maps.Keys(config)) {
		c, value := kmsg.NewCreateTopicsRequestTopicConfig(), config[k]
		c.Name, c.Value = k, &value
		t.Configs = append(t.Configs, c)
	}
	return t
}

// create makes the topic. Its records get the time of the broker, where that can be
// had, which tells how far the clocks are apart.
func (l *look) create(whole context.Context, own cluster.TopicUse) bool {
	ctx, cancel := l.meeting.Within(whole, stepTimeout)
	defer cancel()
	p := cluster.Permission{Operation: "create", Resource: "topic", Name: own.Name}
	one := func(config map[string]string) error {
		return patiently(ctx, func() error {
			said, err := l.ask(ctx, false, form(own.Name, -1, config))
			return cmp.Or(err, said[own.Name])
		})
	}
	err := one(map[string]string{"message.timestamp.type": "LogAppendTime"})
	if errors.Is(err, kerr.InvalidConfig) || errors.Is(err, kerr.PolicyViolation) {
		err = one(nil)
	}
	var b busy
	switch {
	case errors.Is(err, kerr.TopicAuthorizationFailed), errors.Is(err, kerr.ClusterAuthorizationFailed), err == nil:
		l.permission(p, err)
	case errors.As(err, &b):
		l.add(Row{Check: "create topic", State: Warning, Found: fmt.Sprintf("%s: %v", l.scope(p), err)})
	default:
		l.failed("create topic", fmt.Errorf("%s: %w", l.scope(p), l.why(err)), "")
	}
	return err == nil
}

// remove deletes the topic, and with it all that this look has made.
func (l *look) remove(ctx context.Context, own cluster.TopicUse) {
	ctx, cancel := l.meeting.Within(ctx, stepTimeout)
	defer cancel()
	p := cluster.Permission{Operation: "delete", Resource: "topic", Name: own.Name}
	err := patiently(ctx, func() error {
		_, err := l.admin.DeleteTopic(ctx, own.Name)
		if errors.Is(err, kerr.ThrottlingQuotaExceeded) {
			return busy{}
		}
		return err
	})
	if err != nil {
		err = fmt.Errorf("%w; the topic %s remains, %s", l.why(err), own.Name, cmp.Or(l.written, "empty"))
	}
	var b busy
	if errors.As(err, &b) {
		l.add(Row{Check: name(p), State: Warning, Found: err.Error(), Fix: "msklt clean with the same target removes it"})
		return
	}
	l.permission(p, err)
}

// firstDefaultReplicas is the version of CreateTopics from which on a topic may have the
// cluster's own replication factor (KIP-464, Apache Kafka 2.4).
const firstDefaultReplicas = 4

// forms asks whether the cluster would make the scenarios' topics with their
// replication factors and settings. Nothing is made, and each is asked for with one
// partition, because a cluster may count also those against its allowance.
func (l *look) forms(whole context.Context) {
	if slices.ContainsFunc(l.lacking, func(p cluster.Permission) bool { return p.Operation == "create" }) {
		return
	}
	ctx, cancel := l.meeting.Within(whole, stepTimeout)
	defer cancel()
	for _, s := range l.Scenarios {
		var asked []kmsg.CreateTopicsRequestTopic
		var topics []scenario.Topic
		for _, t := range s.Topics {
			special := t.ReplicationFactor > 0 || len(t.Config) > 0
			if !t.Existing && special && (t.ReplicationFactor > 0 || l.most(kmsg.CreateTopics) >= firstDefaultReplicas) {
				topics = append(topics, t)
				asked = append(asked, form(l.Prefix+t.Instances()[0].Name, t.ReplicationFactor, t.Config))
			}
		}
		if len(asked) > 0 {
			l.judge(ctx, s.Name, topics, asked)
		}
	}
}

// judge adds the rows of a scenario's topics that ask for more than the standard.
func (l *look) judge(ctx context.Context, of string, topics []scenario.Topic, asked []kmsg.CreateTopicsRequestTopic) {
	var said map[string]error
	err := patiently(ctx, func() (err error) {
		if said, err = l.ask(ctx, true, asked...); err != nil {
			return err
		}
		for _, err := range said {
			if errors.As(err, new(busy)) {
				return err
			}
		}
		return nil
	})
	if err != nil {
		l.unknown("topic settings", "%s: not told: %v", of, err)
		return
	}
	taken := 0
	for i, t := range topics {
		if err := said[asked[i].Topic]; err != nil {
			l.failed("topic settings", fmt.Errorf("%s, topic %s: %w", of, t.Name, err), advice(t, err))
			continue
		}
		taken++
	}
	if taken > 0 {
		l.ok("topic settings", "%s: replication factor and config are taken for %d of %d topics that give some", of, taken, len(topics))
	}
}

// advice is what to change of a topic that the cluster refuses.
func advice(t scenario.Topic, err error) string {
	switch {
	case errors.Is(err, kerr.InvalidReplicationFactor):
		return fmt.Sprintf("leave out topics.%s.replication_factor, for the cluster's own", t.Name)
	case errors.Is(err, kerr.InvalidConfig), errors.Is(err, kerr.PolicyViolation):
		return fmt.Sprintf("change what it names of topics.%s, or leave it out", t.Name)
	}
	return ""
}
