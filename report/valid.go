package report

import (
	"errors"
	"fmt"
	"math"
	"reflect"
)

// What a result holds at most. Nobody's run comes near; what is drawn from a result
// then ends in time, and no sum of a few numbers overflows.
const (
	largestNumber   = 1e18
	longestText     = 64 << 10
	longestScenario = 16 << 20
	longestRun      = 1e8 // seconds
	mostEntries     = 10_000
)

// check says what cannot be true of a result that was read.
func (r *Result) check() error {
	scenario := r.Scenario.Resolved
	if len(scenario) > longestScenario {
		return fmt.Errorf("scenario.resolved is %s bytes long", count(int64(len(scenario))))
	}
	r.Scenario.Resolved = ""
	err := bounded(reflect.ValueOf(r).Elem())
	r.Scenario.Resolved = scenario
	for _, check := range []func() error{r.checkLengths, r.checkTimes, r.checkPartitions, r.checkCounts, r.checkLatencies} {
		if err == nil {
			err = check()
		}
	}
	return err
}

// bounded holds that every number and text below v is of a size that occurs.
func bounded(v reflect.Value) error {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return bounded(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				if err := bounded(v.Field(i)); err != nil {
					return fmt.Errorf("%s: %w", jsonName(f), err)
				}
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			if err := bounded(v.Index(i)); err != nil {
				return fmt.Errorf("%d: %w", i, err)
			}
		}
	case reflect.Map:
		for name, of := range v.Seq2() {
			if err := errors.Join(bounded(name), bounded(of)); err != nil {
				return fmt.Errorf("%.60q: %w", name, err)
			}
		}
	case reflect.Int, reflect.Int32, reflect.Int64:
		if n := v.Int(); n > largestNumber || n < -largestNumber {
			return fmt.Errorf("%d is beyond everything", n)
		}
	case reflect.Float64:
		if n := v.Float(); !(math.Abs(n) <= largestNumber) {
			return fmt.Errorf("%g is beyond everything", n)
		}
	case reflect.String:
		if v.Len() > longestText {
			return fmt.Errorf("a text of %s bytes", count(int64(v.Len())))
		}
	}
	return nil
}

// checkLengths bounds the lists that are held against each other.
func (r *Result) checkLengths() error {
	planned := 0
	if r.Plan != nil {
		planned = len(r.Plan.Limits)
	}
	for _, list := range []struct {
		name string
		n    int
	}{
		{"phases", len(r.Phases)}, {"fleets", len(r.Fleets)}, {"groups", len(r.Groups)}, {"thresholds", len(r.Thresholds)}, {"errors", len(r.Errors)},
		{"verdict.binding", len(r.Verdict.Binding)}, {"verdict.headroom", len(r.Verdict.Headroom)}, {"plan.limits", planned},
		{"validity.checks", len(r.Validity.Checks)}, {"validity.reasons", len(r.Validity.Reasons)}, {"throttle.by_api", len(r.Throttle.ByAPI)},
	} {
		if list.n > mostEntries {
			return fmt.Errorf("%s: %s entries are more than any run has", list.name, count(int64(list.n)))
		}
	}
	return nil
}

// checkTimes holds that time goes forward.
func (r *Result) checkTimes() error {
	if d := r.DurationSeconds; d < 0 || d > longestRun {
		return fmt.Errorf("duration_seconds is %g", d)
	}
	last := -1
	for i, s := range r.Timeline {
		if s.Second <= last || s.Second >= longestRun {
			return fmt.Errorf("timeline[%d]: second %d after second %d", i, s.Second, last)
		}
		last = s.Second
	}
	end := 0.0
	for i, p := range r.Phases {
		if p.From < end || p.To < p.From || p.To > longestRun {
			return fmt.Errorf("phases[%d]: from %g to %g s, after one that ends at %g", i, p.From, p.To, end)
		}
		end = p.To
	}
	to := math.Inf(-1)
	for i, t := range r.Throttle.Intervals {
		if t.From < to || t.To < t.From {
			return fmt.Errorf("throttle.intervals[%d]: from %g to %g s, after one that ends at %g", i, t.From, t.To, to)
		}
		to = t.To
	}
	return nil
}

// checkPartitions holds that each partition is there once.
func (r *Result) checkPartitions() error {
	type key struct {
		topic     string
		partition int32
	}
	seen := map[key]bool{}
	for i, p := range r.Partitions {
		k := key{p.Topic, p.Partition}
		switch {
		case !topicName(p.Topic):
			return fmt.Errorf("partitions[%d]: %.60q is not a topic's name", i, p.Topic)
		case p.Partition < 0:
			return fmt.Errorf("partitions[%d]: partition %d", i, p.Partition)
		case seen[k]:
			return fmt.Errorf("partitions[%d]: %s is there twice", i, partitionName(p.Topic, p.Partition, 60))
		}
		seen[k] = true
	}
	return nil
}

// checkCounts holds that nothing is counted less than never. How far a log grew is
// negative where somebody replaced the topic.
func (r *Result) checkCounts() error {
	t := r.Totals
	for _, c := range []struct {
		name string
		n    int64
	}{
		{"scheduled", t.Scheduled}, {"unsent", t.Unsent}, {"sent", t.Sent}, {"acked", t.Acked}, {"failed", t.Failed},
		{"consumed", t.Consumed}, {"bytes_acked", t.BytesAcked}, {"bytes_consumed", t.BytesConsumed},
	} {
		if c.n < 0 {
			return fmt.Errorf("totals.%s is %d", c.name, c.n)
		}
	}
	return nil
}

// checkLatencies holds that the histograms of the run can be drawn.
func (r *Result) checkLatencies() error {
	for _, h := range []struct {
		name string
		l    Latency
	}{
		{"response", r.Latency.Response}, {"service", r.Latency.Service}, {"client_wait", r.Latency.ClientWait},
		{"lag", r.Latency.Lag}, {"end_to_end", r.Latency.EndToEnd},
	} {
		if h.l.Count < 0 || h.l.Censored < 0 || h.l.P50 < 0 || h.l.P99 < 0 || h.l.Max < 0 {
			return fmt.Errorf("latency.%s: something is negative", h.name)
		}
		last := 0.0
		for i, c := range h.l.Curve {
			if c.Quantile < last || c.Quantile > 1 || c.Millis < 0 {
				return fmt.Errorf("latency.%s.curve[%d]: %g ms at %g, after %g", h.name, i, c.Millis, c.Quantile, last)
			}
			last = c.Quantile
		}
	}
	return nil
}
