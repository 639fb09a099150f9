package cluster_test

import (
	"context"
	"errors"
	"math"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"msklt/internal/cluster"
	"msklt/internal/embedded"
)

// TestOpenByAnyAddress holds that one address that answers suffices, wherever it stands
// among those that give no connection, and that clients are told to begin there.
func TestOpenByAnyAddress(t *testing.T) {
	e, err := embedded.Start(t.Context(), embedded.Config{Brokers: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	const hole, other = "127.0.0.1:1", "127.0.0.1:2"
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		if address == hole || address == other {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	all := e.Bootstrap()
	for name, test := range map[string]struct{ bootstrap, seeds []string }{
		"first":     {[]string{hole, other, all[1]}, all[1:]},
		"between":   {[]string{all[0], hole, all[1]}, all},
		"last":      {[]string{all[1], all[0], hole}, []string{all[1], all[0]}},
		"all alive": {all, all},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := cluster.Open(t.Context(), test.bootstrap, kgo.Dialer(dial))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if !slices.Equal(c.Seeds, test.seeds) || len(c.Brokers) != 2 {
				t.Errorf("seeds %q of %q, want %q; brokers %v", c.Seeds, test.bootstrap, test.seeds, c.Brokers)
			}
		})
	}
}

// TestOpenWithoutBrokers: a cluster that names no brokers may be starting; it is waited
// for, and then it is an error.
func TestOpenWithoutBrokers(t *testing.T) {
	for name, empty := range map[string]int64{"for a while": 4, "for good": math.MaxInt64} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k, err := kfake.NewCluster(kfake.NumBrokers(2))
			if err != nil {
				t.Fatal(err)
			}
			defer k.Close()
			var asked atomic.Int64
			k.ControlKey(int16(kmsg.Metadata), func(r kmsg.Request) (kmsg.Response, error, bool) {
				k.KeepControl()
				return r.ResponseKind(), nil, asked.Add(1) <= empty
			})
			ctx := t.Context()
			if empty == math.MaxInt64 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, time.Second)
				defer cancel()
			}
			c, err := cluster.Open(ctx, k.ListenAddrs())
			if empty == math.MaxInt64 {
				if !errors.Is(err, cluster.ErrEnvironment) || !strings.Contains(err.Error(), "name no brokers") {
					t.Errorf("opened: %v", err)
				}
				return
			}
			if err != nil || len(c.Brokers) != 2 {
				t.Fatalf("%v, after %d answers", err, asked.Load())
			}
			c.Close()
		})
	}
}
