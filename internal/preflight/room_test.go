package preflight

import "testing"

// TestFits: a scenario that creates nothing needs no room, however full a cluster is.
func TestFits(t *testing.T) {
	for _, c := range []struct {
		wanted, there, most int
		found               string
		ready               bool
	}{
		{3, 7, 10, "seen; s creates 3 of the 3 that are left of 10", true},
		{4, 7, 10, "seen; s creates 4, and the limit is 10: there is room for 3", false},
		{1, 11, 10, "seen; s creates 1, and the limit is 10: there is room for 0", false},
		{0, 11, 10, "seen; s creates 0 of the 0 that are left of 10", true},
	} {
		l := &look{report: &Report{Ready: true}}
		l.fits("s", "seen", c.wanted, c.there, c.most)
		if row := l.report.Checks[0]; row.Found != c.found || l.report.Ready != c.ready {
			t.Errorf("%+v: %+v, ready %v", c, row, l.report.Ready)
		}
	}
}
