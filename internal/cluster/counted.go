package cluster

import (
	"context"
	"slices"

	"msklt/scenario"
)

// Counted is a scenario with the partitions that its existing topics have. What the
// cluster does not tell stays not known.
func (c *Cluster) Counted(ctx context.Context, s *scenario.Scenario) (*scenario.Scenario, error) {
	var names []string
	for _, t := range s.Topics {
		if t.Existing {
			names = append(names, t.Name)
		}
	}
	out := *s
	out.Topics = slices.Clone(s.Topics)
	for some := range slices.Chunk(names, mostAtOnce) {
		found, err := c.admin.ListTopics(ctx, some...)
		if err != nil {
			return nil, c.refused("reading topic "+some[0], describeTopic, err)
		}
		for i := range out.Topics {
			t := &out.Topics[i]
			if d, ok := found[t.Name]; ok && t.Existing && d.Err == nil {
				t.Partitions = int32(len(d.Partitions))
			}
		}
	}
	return &out, nil
}
