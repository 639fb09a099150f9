package generator_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"msklt/generator"
	"msklt/internal/embedded"
	"msklt/internal/limits"
	"msklt/report"
)

// A quota that binds throttles each client that loads it. The embedded cluster mutes
// a connection for as long as it says, so that on paper the throttles of one
// connection never overlap: their union is their sum. The truth has, for every
// second, their number, sum and longest. Requests here carry 0.8 s worth of a quota
// (48 KiB at 60 kB/s), so that there are hardly more than two in a second, and the
// truth gives the duration of each.
const throttled = `
version: 1
name: quota
topics: {t: {partitions: %d}}
producers:
  p: {topic: t, clients: %d, rate: %s, value: {size: 1000B}, partition: round-robin, settings: {linger: 1s, batch: %s, buffer: 1MiB}}
%s
phases: [{name: steady, duration: 120s}]
`

const quotaPhase = 120 // seconds

// pair is one client id at one broker with one kind of request.
type pair struct {
	client string
	broker int32
	api    string
}

// throttleTruth is what the cluster says of its throttles.
type throttleTruth struct {
	durations map[string][]time.Duration // of each kind of request
	atMost    map[string][]time.Duration // the same, those that are not known as long as can be
	sum       time.Duration              // of the whole run
	measured  map[pair]known
}

// known is for how long a pair was throttled in the phase: all throttles that began in
// it, less what the last one reached beyond it at most.
type known struct{ began, beyond time.Duration }

// holds tells whether a share of the phase agrees: within the rounding to
// milliseconds, for which half a percent is plenty.
func (k known) holds(share float64) bool {
	throttled := time.Duration(share * float64(quotaPhase*time.Second))
	return throttled >= k.began-k.beyond-k.began/200 && throttled <= k.began+k.began/200
}

func throttlesOf(t *testing.T, r *report.Result, truth []embedded.Row) throttleTruth {
	t.Helper()
	out := throttleTruth{map[string][]time.Duration{}, map[string][]time.Duration{}, 0, map[pair]known{}}
	for _, row := range truth {
		if row.Scope != "throttle" {
			continue
		}
		longest, total := time.Duration(row.MaxMillis)*time.Millisecond, time.Duration(row.TotalMillis)*time.Millisecond
		out.sum += total
		low, high := []time.Duration{longest}, []time.Duration{longest}
		for others := row.Count - 1; others > 0; others-- {
			if rest := total - longest; others == 1 && row.Count == 2 {
				low, high = append(low, rest), append(high, rest)
			} else {
				low, high = append(low, 0), append(high, min(rest, longest))
			}
		}
		out.durations[row.API] = append(out.durations[row.API], low...)
		out.atMost[row.API] = append(out.atMost[row.API], high...)
		if s := row.Second - r.StartedAt.Unix(); s >= 0 && s < quotaPhase {
			k := out.measured[pair{row.Client, row.Broker, row.API}]
			k.began += total
			k.beyond = max(k.beyond, time.Duration(s+1-quotaPhase)*time.Second+longest)
			out.measured[pair{row.Client, row.Broker, row.API}] = k
		}
	}
	return out
}

// TestVirtualKnownQuota overloads quotas and holds every figure on throttling
// against the truth: count and sum exactly, durations to the histogram's 0.1 %,
// throttled time and shares within half a percent. A share ends with the phase, in the
// midst of a throttle that the truth counts whole: it may be lower by what that
// reaches beyond.
func TestVirtualKnownQuota(t *testing.T) {
	t.Parallel()
	const group = "consumers: {g: {topics: [t], clients: %d, settings: {fetch_max_bytes: 48KiB}}}"
	for name, c := range map[string]struct {
		partitions, producers int
		rate, batch           string
		consumers             string
		limit                 limits.Name
		value                 float64
		api                   string
		throttled, loaded     int     // client-broker pairs with throttles, and with load
		least                 float64 // share of each throttled pair
	}{
		// Of one client three times its quota: it is throttled all the time, but for the
		// credit in the beginning.
		"produce, one client": {1, 1, "180KB/s", "48KiB", "", limits.ClientIngress, 60e3, "produce", 1, 1, 0.9},
		// Of each client at each of two brokers 1.5 times its quota, in two batches.
		"produce, three clients": {4, 3, "540KB/s", "24KiB", "", limits.ClientIngress, 60e3, "produce", 6, 6, 0.6},
		// A partition's, into which each client runs.
		"produce, one partition": {1, 3, "270KB/s", "48KiB", "", limits.PartitionIngress, 120e3, "produce", 3, 3, 0.6},
		// The producer loads one pair or two without a throttle.
		"fetch, one client":   {1, 1, "72KB/s", "48KiB", fmt.Sprintf(group, 1), limits.ClientEgress, 60e3, "fetch", 1, 2, 0.4},
		"fetch, four clients": {4, 1, "288KB/s", "48KiB", fmt.Sprintf(group, 4), limits.ClientEgress, 60e3, "fetch", 4, 6, 0.4},
	} {
		t.Run(name, func(t *testing.T) {
			text := fmt.Sprintf(throttled, c.partitions, c.producers, c.rate, c.batch, c.consumers)
			inVirtualTime(t, text, map[limits.Name]float64{c.limit: c.value}, 0, func(t *testing.T, out *generator.Output, truth []embedded.Row) {
				r := out.Result.Throttle
				checkCounts(t, out.Result, truth)
				checkThrottles(t, out.Result, truth)
				want := throttlesOf(t, out.Result, truth)
				if math.Abs(r.UnionSeconds/want.sum.Seconds()-1) > 0.005 {
					t.Errorf("throttled for %.3f s in all, the cluster says %.3f", r.UnionSeconds, want.sum.Seconds())
				}
				if len(r.ByAPI) != 1 {
					t.Errorf("throttles of %v", r.ByAPI)
				}
				checkDurations(t, r.ByAPI[c.api], want.durations[c.api], want.atMost[c.api])

				// Each pair's share, and their mean over all that carry load.
				if len(r.ByClient) != c.throttled || len(want.measured) != c.throttled {
					t.Errorf("throttled pairs: %d, the cluster says %d, want %d", len(r.ByClient), len(want.measured), c.throttled)
				}
				var all known
				for _, l := range r.ByClient {
					k := want.measured[pair{l.Client, l.Broker, l.API}]
					all.began, all.beyond = all.began+k.began, all.beyond+k.beyond
					if !k.holds(l.Share) || l.Share < c.least || l.Share > 1 {
						t.Errorf("share of %s at broker %d is %.4f, the cluster says %v of %d s; want at least %g", l.Client, l.Broker, l.Share, k, quotaPhase, c.least)
					}
				}
				if mean := r.ByAPI[c.api].Share; mean > 1 || !all.holds(mean*float64(c.throttled)) {
					t.Errorf("%s: share %.4f of %d pairs, the cluster says %v", c.api, mean, c.throttled, all)
				}
				if r.Share > 1 || !all.holds(r.Share*float64(c.loaded)) {
					t.Errorf("share %.4f of %d pairs, the cluster says %v", r.Share, c.loaded, all)
				}
			})
		})
	}
}

// checkDurations holds the durations of one kind of request against the known ones,
// by rank.
func checkDurations(t *testing.T, got report.APIShare, least, most []time.Duration) {
	t.Helper()
	least, most = slices.Sorted(slices.Values(least)), slices.Sorted(slices.Values(most))
	if int(got.Responses) != len(least) || len(least) < 50 {
		t.Fatalf("%d throttles, the cluster gave %d; want at least 50", got.Responses, len(least))
	}
	for _, p := range []struct{ quantile, got float64 }{{0.5, got.P50}, {0.99, got.P99}, {1, got.Max}} {
		rank := int(math.Ceil(p.quantile*float64(len(least)))) - 1
		low, high := least[rank].Seconds()*1000, most[rank].Seconds()*1000
		if p.got < low-resolution(low) || p.got > high+resolution(high) {
			t.Errorf("quantile %g of the throttles is %.1f ms, the cluster says %.1f to %.1f", p.quantile, p.got, low, high)
		}
	}
}
