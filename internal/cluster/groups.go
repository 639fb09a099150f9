package cluster

import (
	"context"

	"github.com/twmb/franz-go/pkg/kadm"
)

// StartGroup commits where a group begins in each partition of each topic.
func (c *Cluster) StartGroup(ctx context.Context, group string, topics []*Topic, begin [][]int64) error {
	at := kadm.Offsets{}
	for i, t := range topics {
		for p, o := range begin[i] {
			at.AddOffset(t.Actual, int32(p), o, -1)
		}
	}
	answer, err := c.admin.CommitOffsets(ctx, group, at)
	if err == nil {
		err = answer.Error()
	}
	if err != nil {
		return c.refused("committing the start of group "+group, readGroup, err)
	}
	return nil
}

// Committed reads the offset that a group has committed for each partition of each
// topic. It changes nothing; a partition without an offset is an error.
func (c *Cluster) Committed(ctx context.Context, group string, topics []*Topic) ([][]int64, error) {
	found, err := c.admin.FetchOffsets(ctx, group)
	if err == nil {
		err = found.Error()
	}
	if err != nil {
		return nil, c.refused("reading the offsets of group "+group, describeGroup, err)
	}
	var out [][]int64
	for _, t := range topics {
		at := make([]int64, len(t.Leaders))
		for p := range at {
			o, ok := found.Lookup(t.Actual, int32(p))
			if !ok || o.At < 0 {
				return nil, Errorf("group %s has committed no offset for %s/%d", group, t.Actual, p)
			}
			at[p] = o.At
		}
		out = append(out, at)
	}
	return out, nil
}
