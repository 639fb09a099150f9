package cluster_test

import (
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"msklt/internal/cluster"
	"msklt/scenario"
)

// TestUntold holds that a cluster whose metadata do not say what a client may do, as
// before version 8, is not taken to allow it.
func TestUntold(t *testing.T) {
	versions := kversion.V2_8_0()
	versions.SetMaxKeyVersion(int16(kmsg.Metadata), 7)
	k, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "run-t"), kfake.MaxVersions(versions))
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	c, err := cluster.Open(t.Context(), k.ListenAddrs())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s := &scenario.Scenario{
		Topics:    []scenario.Topic{{Name: "t", Partitions: 3}},
		Producers: []scenario.Producer{{Topic: "t"}},
	}
	for atOnce, want := range map[int][]string{0: {"write", "delete"}, 2: {"alter", "write", "delete"}, 3: {"write", "delete"}} {
		missing, untold, err := c.Missing(t.Context(), cluster.UseOf(s, "run-", false, atOnce))
		var operations []string
		for _, p := range untold {
			operations = append(operations, p.Operation)
		}
		if err != nil || len(missing) > 0 || !slices.Equal(operations, want) {
			t.Errorf("%d at once: missing %v, untold %v, %v; want %v untold", atOnce, missing, untold, err, want)
		}
	}
}
