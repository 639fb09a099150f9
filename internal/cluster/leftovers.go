package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Leftover is what one run has on a cluster.
type Leftover struct {
	Prefix string      `json:"prefix"` // of the names
	Begun  time.Time   `json:"begun"`  // by the clock of the run's machine
	Topics []LeftTopic `json:"topics"`
	Groups []LeftGroup `json:"groups"`
	// InUse says why the run may be alive; "" where nothing says so.
	InUse string `json:"in_use,omitempty"`
	// Dead says that its process is known to have ended, so that nothing else counts.
	Dead bool `json:"dead,omitempty"`

	wrote bool // its topics have or had records
}

// LeftTopic is a topic of a run.
type LeftTopic struct {
	Name       string `json:"name"`
	Partitions int    `json:"partitions"`
	Records    *int64 `json:"records"` // offsets in its logs; nil where not all can be read
	Bytes      *int64 `json:"bytes"`   // on disk, of all replicas; nil where the cluster does not tell
}

// LeftGroup is a consumer group of a run.
type LeftGroup struct {
	Name    string `json:"name"`
	State   string `json:"state"` // as the cluster calls it
	Members int    `json:"members"`

	ids []string // of the members
}

// startTime is how long a run may take until it writes: MSK Serverless lets 2,400
// partitions be created in 46 minutes.
const startTime = time.Hour

// Leftovers finds what runs have on the cluster and the client may describe, the oldest
// first, and changes nothing. What else there is, clusters leave out of their lists
// without a word; one that says so is an error. With the prefix of a run, "" for all, it
// is about that one, which is said to have ended: just members of its groups and what
// happens at this moment speak against that. The dead are prefixes of runs that are known
// to have ended. It takes two seconds in which it looks whether topics are written to.
func (c *Cluster) Leftovers(ctx context.Context, only string, dead []string) ([]*Leftover, error) {
	now := time.Now()
	found := map[string]*Leftover{}
	of := func(name string) *Leftover {
		prefix, begun, ok := RunOf(name, now)
		if only != "" && prefix != only {
			return nil
		}
		if ok && found[prefix] == nil {
			found[prefix] = &Leftover{Prefix: prefix, Begun: begun, Topics: []LeftTopic{}, Groups: []LeftGroup{}}
		}
		return found[prefix]
	}
	topics, err := c.admin.ListTopics(ctx)
	if err != nil {
		return nil, c.refused("listing topics", unnamed, err)
	}
	for _, t := range topics.Sorted() {
		if l := of(t.Topic); l != nil {
			l.Topics = append(l.Topics, LeftTopic{Name: t.Topic, Partitions: len(t.Partitions)})
		}
	}
	groups, err := c.admin.ListGroups(ctx)
	if err != nil {
		return nil, c.refused("listing groups", unnamed, err)
	}
	for _, name := range groups.Groups() {
		if l := of(name); l != nil {
			l.Groups = append(l.Groups, LeftGroup{Name: name})
		}
	}
	all := slices.SortedFunc(maps.Values(found), func(a, b *Leftover) int { return a.Begun.Compare(b.Begun) })
	if len(all) == 0 {
		return nil, nil
	}
	if err := c.describeGroups(ctx, all); err != nil {
		return nil, err
	}
	c.readSizes(ctx, all)
	if err := c.watch(ctx, all, only != ""); err != nil {
		return nil, err
	}
	if all, err = c.withoutGone(ctx, all); err != nil {
		return nil, err
	}
	if only == "" {
		awaitStarts(all, now)
	}
	for _, l := range all {
		if l.Dead = slices.Contains(dead, l.Prefix); l.Dead {
			l.InUse = ""
		}
	}
	return all, nil
}

func (c *Cluster) describeGroups(ctx context.Context, all []*Leftover) error {
	var names []string
	for _, l := range all {
		for _, g := range l.Groups {
			names = append(names, g.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	described, err := c.admin.DescribeGroups(ctx, names...)
	for _, g := range described {
		if err == nil && !errors.Is(g.Err, kerr.GroupIDNotFound) {
			err = g.Err
		}
	}
	if err != nil {
		return c.refused("describing groups", describeGroup, err)
	}
	for _, l := range all {
		l.Groups = slices.DeleteFunc(l.Groups, func(g LeftGroup) bool {
			d := described[g.Name]
			return d.State == "Dead" || errors.Is(d.Err, kerr.GroupIDNotFound) // as others have deleted it meanwhile
		})
		for i := range l.Groups {
			g := &l.Groups[i]
			g.State = described[g.Name].State
			for _, m := range described[g.Name].Members {
				g.ids = append(g.ids, m.MemberID)
			}
			if g.Members = len(g.ids); g.Members > 0 && l.InUse == "" {
				members := fmt.Sprintf("%d members", g.Members)
				if g.Members == 1 {
					members = "1 member"
				}
				l.InUse = fmt.Sprintf("group %s has %s; those of a run that was killed are forgotten within 45 s", g.Name, members)
			}
		}
	}
	return nil
}

// readSizes fills in what topics take on disk. Not all clusters tell, and not everybody.
func (c *Cluster) readSizes(ctx context.Context, all []*Leftover) {
	set := kadm.TopicsSet{}
	for _, l := range all {
		for _, t := range l.Topics {
			for p := range t.Partitions {
				set.Add(t.Name, int32(p))
			}
		}
	}
	if _, offered := c.versions[kmsg.DescribeLogDirs]; !offered || len(set) == 0 {
		return
	}
	dirs, err := c.admin.DescribeAllLogDirs(ctx, set)
	if err != nil {
		return
	}
	sizes := map[string]int64{}
	for _, of := range dirs {
		if of.Error() != nil {
			return
		}
		of.EachPartition(func(p kadm.DescribedLogDirPartition) { sizes[p.Topic] += p.Size })
	}
	for _, l := range all {
		for i := range l.Topics {
			if size, ok := sizes[l.Topics[i].Name]; ok {
				l.Topics[i].Bytes = &size
			}
		}
	}
}

// watch counts the records of topics, and looks for runs that write; where they are said
// to have ended, at this moment.
func (c *Cluster) watch(ctx context.Context, all []*Leftover, ended bool) error {
	names := topicsOf(all)
	if len(names) == 0 {
		return nil
	}
	starts, err := c.admin.ListStartOffsets(ctx, names...)
	if err = unlessGone(err); err != nil {
		return c.refused("reading offsets", describeTopic, err)
	}
	ends, writing, err := c.written(ctx, names)
	if err != nil {
		return err
	}
	for _, l := range all {
		for i := range l.Topics {
			t := &l.Topics[i]
			if n, known := between(starts[t.Name], ends[t.Name], t.Partitions); known {
				t.Records = &n
			}
			for _, end := range ends[t.Name] {
				l.wrote = l.wrote || end.Offset > 0
			}
			if w := writing[t.Name]; w != nil && l.InUse == "" && (w.Grown > 0 || !ended) {
				l.InUse = fmt.Sprintf("topic %s %s; a run that was killed looks alive until %.0f min after its last record", t.Name, w, recentTime.Minutes())
			}
		}
	}
	return nil
}

// unlessGone is nil where all that failed is that topics are gone: others remove what
// runs have left, too.
func unlessGone(err error) error {
	var some *kadm.ShardErrors
	if !errors.As(err, &some) || slices.ContainsFunc(some.Errs, func(e kadm.ShardError) bool { return !errors.Is(e.Err, kerr.UnknownTopicOrPartition) }) {
		return err
	}
	return nil
}

// withoutGone leaves out the topics that are gone by now, and the runs that have nothing
// any more.
func (c *Cluster) withoutGone(ctx context.Context, all []*Leftover) ([]*Leftover, error) {
	if names := topicsOf(all); len(names) > 0 {
		found, err := c.admin.ListTopics(ctx, names...)
		if err != nil {
			return nil, c.refused("reading topic "+names[0], describeTopic, err)
		}
		for _, l := range all {
			l.Topics = slices.DeleteFunc(l.Topics, func(t LeftTopic) bool {
				return errors.Is(found[t.Name].Err, kerr.UnknownTopicOrPartition)
			})
		}
	}
	return slices.DeleteFunc(all, func(l *Leftover) bool { return len(l.Topics)+len(l.Groups) == 0 }), nil
}

func topicsOf(all []*Leftover) (names []string) {
	for _, l := range all {
		for _, t := range l.Topics {
			names = append(names, t.Name)
		}
	}
	return names
}

// awaitStarts takes runs that may still be creating their topics for alive.
func awaitStarts(all []*Leftover, now time.Time) {
	for _, l := range all {
		if age := now.Sub(l.Begun); !l.wrote && len(l.Topics) > 0 && age < startTime && l.InUse == "" {
			l.InUse = fmt.Sprintf("it began %.0f min ago and has written nothing yet; it may still be creating its topics. If you know that it has ended: --run %s", max(0, age.Minutes()), RunID(l.Prefix))
		}
	}
}

// between is how many offsets a topic's logs hold, where all are known.
func between(starts, ends map[int32]kadm.ListedOffset, partitions int) (sum int64, known bool) {
	for p := range int32(partitions) {
		start, begun := starts[p]
		end, ended := ends[p]
		if !begun || !ended || start.Err != nil || end.Err != nil {
			return 0, false
		}
		sum += end.Offset - start.Offset
	}
	return sum, true
}

// RemoveLeftovers removes what it is given and nothing else. With force, and of the
// dead, members that are in a group leave it first.
func (c *Cluster) RemoveLeftovers(ctx context.Context, all []*Leftover, force bool, tell func(Progress)) Removal {
	var topics []*Topic
	var groups []string
	for _, l := range all {
		for _, t := range l.Topics {
			topics = append(topics, &Topic{Name: t.Name, Actual: t.Name, Created: true, Leaders: make([]int32, t.Partitions)})
		}
		for _, g := range l.Groups {
			groups = append(groups, g.Name)
			if (force || l.Dead) && len(g.ids) > 0 {
				c.dismiss(ctx, g)
			}
		}
	}
	return c.Remove(ctx, topics, groups, tell)
}

// dismiss has all members leave a group. If that fails, so does the group's deletion,
// which tells why.
func (c *Cluster) dismiss(ctx context.Context, g LeftGroup) {
	ctx, cancel := context.WithTimeout(ctx, changeTimeout)
	defer cancel()
	req := kmsg.NewPtrLeaveGroupRequest()
	req.Group, req.MemberID = g.Name, g.ids[0]
	for _, id := range g.ids {
		m := kmsg.NewLeaveGroupRequestMember()
		m.MemberID = id
		req.Members = append(req.Members, m)
	}
	_, _ = req.RequestWith(ctx, c.client)
}
