package report

import (
	"strings"
	"testing"
)

// TestNothingFree: what is used beyond a limit leaves nothing, not less.
func TestNothingFree(t *testing.T) {
	r := &Result{Verdict: Verdict{Headroom: []Headroom{{Limit: "cluster.ingress", Scope: "cluster", Declared: 5e6, Used: 5.005e6, Unit: "bytes/s", Headroom: -0.001}}}}
	var b strings.Builder
	Summary(&b, r, false, 80)
	if said := b.String(); !strings.Contains(said, " 0 % free  5.00 of 5.00 MB/s") {
		t.Error(said)
	}
}
