package cluster_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/internal/cluster"
)

// TestVirtualLeftoversGo: what others delete meanwhile is gone, and the rest is listed
// all the same.
func TestVirtualLeftoversGo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))) // runs have such names
		prefix := func(age time.Duration) string { return cluster.NewPrefix(time.Now().Add(-age)) }
		before, amid, stays := prefix(4*time.Hour), prefix(3*time.Hour), prefix(2*time.Hour)
		network := new(kfake.VirtualNetwork)
		kafka, err := kfake.NewCluster(kfake.Ports(9092, 9093), kfake.ListenFn(network.Listen), kfake.SeedTopics(3, before+"t", amid+"t", stays+"0", stays+"1", stays+"2", stays+"3", stays+"4", stays+"t"))
		if err != nil {
			t.Fatal(err)
		}
		defer kafka.Close()
		client, err := kgo.NewClient(kgo.SeedBrokers(kafka.ListenAddrs()...), kgo.Dialer(network.DialContext))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		others := kadm.NewClient(client)
		at := kadm.Offsets{}
		at.AddOffset(stays+"t", 0, 0, -1)
		for _, group := range []string{before + "g", stays + "g"} {
			if err := others.CommitAllOffsets(t.Context(), group, at); err != nil {
				t.Fatal(err)
			}
		}
		c, err := cluster.Open(t.Context(), kafka.ListenAddrs(), kgo.Dialer(network.DialContext))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		remove := func(group string, topics ...string) func() {
			return func() {
				gone, err := others.DeleteTopics(t.Context(), topics...)
				if err == nil {
					err = gone.Error()
				}
				if err == nil && group != "" {
					_, err = others.DeleteGroup(t.Context(), group)
				}
				if err != nil {
					t.Error(err)
				}
			}
		}
		// Groups are described and offsets listed for a second each, so that something
		// goes between and amid any two of these.
		for _, key := range []kmsg.Key{kmsg.DescribeGroups, kmsg.ListOffsets} {
			kafka.ControlKey(int16(key), func(kmsg.Request) (kmsg.Response, error, bool) {
				kafka.KeepControl()
				kafka.SleepControl(func() { time.Sleep(time.Second) })
				return nil, nil, false
			})
		}
		time.AfterFunc(500*time.Millisecond, remove(before+"g", before+"t"))
		for i := range 5 {
			time.AfterFunc(time.Duration(1500+1000*i)*time.Millisecond, remove("", fmt.Sprint(stays, i)))
		}
		time.AfterFunc(5500*time.Millisecond, remove("", amid+"t"))
		all, err := c.Leftovers(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		if len(all) != 1 || all[0].Prefix != stays || len(all[0].Topics) != 1 || all[0].Topics[0].Name != stays+"t" || len(all[0].Groups) != 1 || all[0].Groups[0].Name != stays+"g" {
			for _, l := range all {
				t.Errorf("listed %+v, want what begins with %s", *l, stays)
			}
		}
		if records := all[0].Topics[0].Records; records == nil || *records != 0 {
			t.Errorf("%v records in a topic that has none", records)
		}
	})
}

// TestRemovalCounts: topics whose creation was interrupted count with the partitions
// that they were to have.
func TestRemovalCounts(t *testing.T) {
	c, _ := start(t)
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	topics, err := c.CreateTopics(ctx, runName, many(2, 6), ignore, nil)
	if err == nil || len(topics) != 2 {
		t.Fatalf("%d topics, %v", len(topics), err)
	}
	var last cluster.Progress
	gone := c.Remove(ctx, topics, nil, func(p cluster.Progress) { last = p })
	if err := gone.Err(); err != nil || last.Of != 12 || last.Done != 12 {
		t.Errorf("told %+v, %v; want 12 of 12 partitions", last, err)
	}
}
