package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Removal is what came of removing topics and groups.
type Removal struct {
	Topics, Groups []string // gone
	Left           []Left   // still there
}

// Left is a topic or a group that could not be removed.
type Left struct {
	Kind string // "topic", "group"
	Name string
	Why  error
}

// Err says what is left, and why the first of it is; nil when nothing is.
func (r Removal) Err() error {
	if len(r.Left) == 0 {
		return nil
	}
	counts := map[string]int{}
	for _, l := range r.Left {
		counts[l.Kind]++
	}
	first := r.Left[0]
	return fmt.Errorf("%d topic(s) and %d group(s), of which %s %s: %w", counts["topic"], counts["group"], first.Kind, first.Name, first.Why)
}

// Remove deletes what the run created: the topics marked so, and the groups. It goes
// on after a refusal. When the context ends it stops to wait for the cluster's
// allowance, and leaves what that does not cover.
func (c *Cluster) Remove(ctx context.Context, topics []*Topic, groups []string, tell func(Progress)) Removal {
	var r Removal
	err := c.removeGroups(ctx, groups, &r)
	q := &changes{tell: tell}
	for _, t := range created(topics) {
		q.todo = append(q.todo, step{topic: t, partitions: max(1, len(t.Leaders), t.asked)})
	}
	q.send = func(ctx context.Context, some []step) ([]step, time.Duration, error) { return c.delete(ctx, some, &r) }
	if err == nil {
		err = c.carryOut(ctx, q)
	}
	for _, s := range q.todo {
		if err != nil {
			r.Left = append(r.Left, Left{"topic", s.topic.Actual, err})
		}
	}
	return r
}

// Hurry has removals wait no longer for an answer: the cluster gave none lately.
func (c *Cluster) Hurry(patience time.Duration) { c.patience = patience }

// delete asks for the deletion of some topics and notes what came of it. Its error
// says that the cluster did not answer.
func (c *Cluster) delete(ctx context.Context, some []step, r *Removal) (again []step, pause time.Duration, err error) {
	req := kmsg.NewPtrDeleteTopicsRequest()
	req.TimeoutMillis = int32(changeTimeout.Milliseconds())
	for _, s := range some {
		req.TopicNames = append(req.TopicNames, s.topic.Actual) // up to version 5
		t := kmsg.NewDeleteTopicsRequestTopic()
		t.Topic = &s.topic.Actual
		req.Topics = append(req.Topics, t)
	}
	ctx, cancel := c.meeting.Within(context.WithoutCancel(ctx), cmp.Or(c.patience, answerTimeout))
	defer cancel()
	resp, err := req.RequestWith(ctx, c.client)
	if err != nil {
		return nil, 0, c.meeting.Why(err)
	}
	answers := map[string]outcome{}
	for _, t := range resp.Topics {
		if t.Topic != nil {
			answers[*t.Topic] = outcome{t.ErrorCode, t.ErrorMessage}
		}
	}
	for _, s := range some {
		name := s.topic.Actual
		o, told := answers[name]
		switch err := o.err(); {
		case !told:
			r.Left = append(r.Left, Left{"topic", name, errNoAnswer})
		case deferred(err):
			again = append(again, s)
		case err == nil || errors.Is(err, kerr.UnknownTopicOrPartition):
			r.Topics = append(r.Topics, name)
		default:
			r.Left = append(r.Left, Left{"topic", name, c.refused("deleting topic "+name, deleteTopic, err)})
		}
	}
	return again, time.Duration(resp.ThrottleMillis) * time.Millisecond, nil
}

var errNoAnswer = errors.New("the cluster's answer does not mention it")

// removeGroups deletes groups and notes what came of it. Its error says that the
// cluster did not answer.
func (c *Cluster) removeGroups(ctx context.Context, groups []string, r *Removal) error {
	if len(groups) == 0 {
		return nil
	}
	ctx, cancel := c.meeting.Within(context.WithoutCancel(ctx), cmp.Or(c.patience, changeTimeout))
	defer cancel()
	answers, err := c.admin.DeleteGroups(ctx, groups...)
	silent := 0
	for _, g := range groups {
		a, told := answers[g]
		switch {
		case !told:
			silent++
			why := err
			if why == nil {
				why = errNoAnswer
			}
			r.Left = append(r.Left, Left{"group", g, c.refused("deleting group "+g, deleteGroup, why)})
		case a.Err == nil || errors.Is(a.Err, kerr.GroupIDNotFound):
			r.Groups = append(r.Groups, g)
		default:
			r.Left = append(r.Left, Left{"group", g, c.refused("deleting group "+g, deleteGroup, a.Err)})
		}
	}
	if silent == len(groups) {
		return err
	}
	return nil
}

// created are the topics that this run made.
func created(topics []*Topic) []*Topic {
	return slices.DeleteFunc(slices.Clone(topics), func(t *Topic) bool { return !t.Created })
}
