package cluster_test

import (
	"context"
	"net"
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

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
