package cluster_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"msklt/internal/cluster"
	"msklt/internal/embedded"
	"msklt/scenario"
)

// TestVirtualNoMoreConnections holds what is said, and how soon, where a broker lets in
// two connections and no more, and leaves those over it waiting or closes them. Nothing is
// told to be left on the cluster by a request that never left.
func TestVirtualNoMoreConnections(t *testing.T) {
	t.Parallel()
	const address = "127.0.0.1:9092"
	for name, c := range map[string]struct {
		closes bool
		says   string
		most   time.Duration
	}{
		// A client waits for an answer for 10 s.
		"waiting": {false, address + " answered before, and leaves new connections without an answer: it may have all that it takes (in Apache Kafka max.connections", 10 * time.Second},
		"closed":  {true, "closes them at once: it may be out of connections (in Apache Kafka max.connections.per.ip", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				network := new(kfake.VirtualNetwork)
				e, err := embedded.Start(t.Context(), embedded.Config{Brokers: 1, Listen: address, OnNetwork: network.Listen})
				if err != nil {
					t.Fatal(err)
				}
				defer e.Close()
				var dials atomic.Int64
				dial := func(ctx context.Context, over, addr string) (net.Conn, error) {
					if dials.Add(1) <= 2 {
						return network.DialContext(ctx, over, addr)
					}
					if ctx.Err() != nil {
						return nil, ctx.Err()
					}
					conn, far := net.Pipe()
					go func() {
						for err := error(nil); err == nil; {
							if _, err = far.Read(make([]byte, 1024)); c.closes {
								_ = far.Close()
							}
						}
					}()
					return conn, nil
				}
				admin, err := cluster.Open(t.Context(), e.Bootstrap(), kgo.Dialer(dial))
				if err != nil {
					t.Fatal(err)
				}
				defer admin.Close()
				began := time.Now()
				left, err := admin.CreateTopics(t.Context(), runName, []scenario.Topic{{Name: "t", Partitions: 1, ReplicationFactor: -1}}, func(cluster.Progress) {}, nil)
				if !errors.Is(err, cluster.ErrEnvironment) || err == nil || !strings.HasPrefix(err.Error(), "creating topic "+runName+"t: ") || !strings.Contains(err.Error(), c.says) {
					t.Errorf("%v, want %q", err, c.says)
				}
				if took := time.Since(began); took > c.most+time.Second {
					t.Errorf("it took %v", took)
				}
				if len(left) > 0 {
					t.Errorf("%d topics are told to be there", len(left))
				}
			})
		})
	}
}
