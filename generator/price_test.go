package generator_test

import (
	"math"
	"os"
	"testing"

	"msklt/generator"
	"msklt/internal/embedded"
	"msklt/internal/limits"
)

// TestVirtualPriceExample runs the scenario that is Amazon's price example: what it
// is billed by is what the cluster took, 4,096 bytes for each of 8,192 records.
func TestVirtualPriceExample(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../scenarios/aws-price-example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	values := map[limits.Name]float64{limits.PartitionIngress: 5e6}
	inVirtualTime(t, string(text), values, 0, func(t *testing.T, out *generator.Output, truth []embedded.Row) {
		n, want := out.Result.Totals, int64(8192*4096)
		if n.Acked != 8192 || n.BytesAcked != want || n.BytesConsumed != 2*want {
			t.Errorf("%d records acknowledged with %d bytes, %d read; want 8,192 with %d, read twice", n.Acked, n.BytesAcked, n.BytesConsumed, want)
		}
		if p := out.Result.Plan; p == nil || math.Abs(p.Totals.RunBytesIn-float64(want)) > 1 || math.Abs(p.Totals.RunBytesOut-float64(2*want)) > 1 {
			t.Errorf("the plan says %+v, want %d bytes in", p.Totals, want)
		}
		var in int64
		for _, row := range truth {
			if row.Scope == "partition" {
				in += row.BytesIn
			}
		}
		if in != want {
			t.Errorf("the cluster took %d bytes, want %d", in, want)
		}
	})
}
