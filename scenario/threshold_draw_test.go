package scenario

import (
	"slices"
	"strconv"
	"time"

	"pgregory.net/rapid"
)

// drawThreshold draws a threshold that a scenario could have.
func drawThreshold(t *rapid.T, s *Scenario) Threshold {
	m := rapid.SampledFrom(metrics()).Draw(t, "metric")
	out := Threshold{Metric: m.name, Partition: -1, Operator: rapid.SampledFrom([]string{"<", ">"}).Draw(t, "operator")}
	var bound string
	switch m.unit.name {
	case "ms":
		d := time.Duration(rapid.Int64Range(1, int64(10*time.Minute)-1).Draw(t, "bound"))
		bound, out.Bound = formatDuration(d), float64(d)/1e6
	case "share":
		out.Bound = rapid.Float64Range(1e-9, 0.999999).Draw(t, "bound")
		bound = formatShare(out.Bound)
	case "records":
		n := rapid.IntRange(1, 1e15).Draw(t, "bound")
		bound, out.Bound = strconv.Itoa(n), float64(n)
	default:
		out.Bound = rapid.Float64Range(1e-3, 1e12).Draw(t, "bound")
		bound = formatByteRate(out.Bound)
	}
	out.Expression = m.name + " " + out.Operator + " " + bound
	p := s.Producers[rapid.IntRange(0, len(s.Producers)-1).Draw(t, "producer")]
	switch of := rapid.SampledFrom(append(slices.Clone(m.of), "")).Draw(t, "of"); of {
	case "fleet":
		out.Fleet = p.Name
	case "group":
		out.Group = s.Consumers[rapid.IntRange(0, len(s.Consumers)-1).Draw(t, "group")].Name
	case "topic":
		out.Topic = p.Topic
	case "partition":
		out.Topic, out.Partition = p.Topic, 0
		for _, topic := range s.Topics {
			if topic.Name == p.Topic && topic.Count > 0 {
				out.Topic += "-" + strconv.Itoa(topic.Count-1)
			}
		}
	}
	out.Abort = m.name != "unsent" && rapid.Bool().Draw(t, "abort")
	return out
}
