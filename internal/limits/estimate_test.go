package limits

import (
	"math"
	"testing"
)

func TestUsed(t *testing.T) {
	burst := []int64{0, 110, 220, 0}
	for name, c := range map[string]struct {
		seconds []int64
		lasted  int
		want    float64
	}{
		"nothing":                     {nil, 0, 0},
		"a run of four seconds":       {burst, 4, 330.0 / 4},
		"a long run that was idle":    {burst, 60, 330.0 / 11},
		"the best eleven of thirteen": {[]int64{9, 9, 1, 1, 1, 1, 1, 1, 1, 1, 1, 9, 9}, 13, 27.0 / 11},
	} {
		if got := Used(c.seconds, c.lasted); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestPlateau(t *testing.T) {
	seconds := make([]int64, 40)
	for i := range seconds {
		seconds[i] = int64(i)
	}
	// Two whole windows fit between 10 and 40: the last 22 seconds, 18 to 39.
	if got, ok := Plateau(seconds, 10, 40); !ok || got != 28.5 {
		t.Errorf("%v %v, want 28.5", got, ok)
	}
	if _, ok := Plateau(seconds, 30, 40); ok {
		t.Error("a plateau of ten seconds")
	}
}

func TestEstimateIgnoresTheUpperTail(t *testing.T) {
	values := []float64{5.00, 5.01, 5.00, 4.99, 5.02, 5.4, 6.1, 7.3, 5.01}
	if v, spread := estimate(values); math.Abs(v-5.0) > 0.011 || spread > 0.003 {
		t.Errorf("%v ± %v", v, spread)
	}
}
