package access

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"msklt/internal/embedded"
	"msklt/internal/limits"
	"msklt/scenario"
)

// TestEnterWaitsForOthers: a broker that lets nobody in for a limit on connections is
// waited for, for ten seconds, and is not said to refuse the credentials.
func TestEnterWaitsForOthers(t *testing.T) {
	for name, c := range map[string]struct {
		leave, took time.Duration // by when the other one leaves, and how long it took
	}{
		"for a while": {3200 * time.Millisecond, 3500 * time.Millisecond},
		"for good":    {time.Hour, 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network, iam := new(kfake.VirtualNetwork), embedded.NewIAM()
				cluster, err := embedded.Start(t.Context(), embedded.Config{
					As: embedded.MSKServerless, IAM: iam, Brokers: 1, Listen: "127.0.0.1:9092", OnNetwork: network.Listen,
					Limits: limits.Limits{Values: map[limits.Name]float64{limits.BrokerConnections: 1}},
				})
				if err != nil {
					t.Fatal(err)
				}
				defer cluster.Close()
				a := &Access{Bootstrap: cluster.Bootstrap(), Dial: network.DialContext, Auth: iam.Mechanism(), Mechanism: scenario.MSKIAM}
				other, err := kgo.NewClient(a.Options()...)
				if err != nil {
					t.Fatal(err)
				}
				defer other.Close()
				if err := other.Ping(t.Context()); err != nil {
					t.Fatal(err)
				}
				time.AfterFunc(c.leave, other.Close)
				began := time.Now()
				_, err = a.Enter(t.Context())
				if took := time.Since(began); took != c.took {
					t.Errorf("it took %s, want %s", took, c.took)
				}
				var p *Problem
				if errors.As(err, &p) != (c.leave == time.Hour) {
					t.Fatal(err)
				}
				if p != nil {
					checkProblem(t, err, Login, "lets nobody in for its limits on connections, whoever logs in", "wait until others connect less")
				}
			})
		})
	}
}

// TestEnterAfterToken: what a token takes is not taken off the time that a cluster has.
func TestEnterAfterToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := new(kfake.VirtualNetwork)
		cluster, err := embedded.Start(t.Context(), embedded.Config{Brokers: 1, Listen: "127.0.0.1:9092", OnNetwork: network.Listen})
		if err != nil {
			t.Fatal(err)
		}
		defer cluster.Close()
		a := &Access{Bootstrap: cluster.Bootstrap(), Dial: network.DialContext, ready: func(context.Context) error {
			time.Sleep(commandTimeout - time.Second)
			return nil
		}}
		if _, err := a.Enter(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
