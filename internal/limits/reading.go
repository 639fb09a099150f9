package limits

import (
	"math"
	"slices"
	"time"

	"msklt/scenario"
)

// A group reads what is written as it is written, unless its scenario says
// otherwise: pauses and the time that its members take hold it back, and it catches
// up as fast as it may. What a fetch takes is not counted: a group that resumes has
// its backlog at once, so that a limit is predicted to throttle when it resumes.

// ownPace tells whether a group reads at another time than records are written.
func (g *groupDemand) ownPace() bool {
	return len(g.Pauses) > 0 || g.Processing != scenario.Processing{}
}

// capacity is how many records per second the group can take at a time, at most:
// batches are taken to be as large as they may be.
func (g *groupDemand) capacity(at time.Duration) float64 {
	members := g.Clients
	for _, c := range g.Members {
		if c.At <= at {
			members += c.Join - c.Leave
		}
	}
	n := g.Settings.MaxPollRecords
	if g.Batches.Records > 0 {
		n = g.Batches.Records
	}
	takes := g.Processing.Of(n).Seconds()
	if takes == 0 {
		return math.Inf(1)
	}
	return float64(min(members, len(g.places))) * float64(n) / takes
}

// reading is who reads a part of a load. The zero group is one that reads as
// records are written; for what is written it stands for the fleet itself.
type reading struct {
	group *groupDemand // with a pace of its own
	keeps float64      // the part of the records that is read at the highest load
}

// reading is how a group reads.
func (d *demand) reading(g *groupDemand) reading {
	if !g.ownPace() {
		return reading{keeps: 1}
	}
	return reading{g, d.keeps(g)}
}

// readings are how all groups read a topic: those without a pace of their own
// count as one.
func (d *demand) readings(topic string) []reading {
	alike := reading{}
	var out []reading
	for _, g := range d.groups {
		switch {
		case !slices.Contains(g.Topics, topic):
		case g.ownPace():
			out = append(out, d.reading(g))
		default:
			alike.keeps++
		}
	}
	if alike.keeps > 0 {
		out = append(out, alike)
	}
	return out
}

// timesRead is how many times a topic's records are read at the highest load.
func (d *demand) timesRead(topic string) (times float64) {
	for _, r := range d.readings(topic) {
		times += r.keeps
	}
	return times
}

// keeps is the part of what is written to its topics that a group keeps up with at
// the highest load: 1, or less where its members take too long.
func (d *demand) keeps(g *groupDemand) float64 {
	written := 0.0
	for _, f := range d.fleets {
		if slices.Contains(g.Topics, f.Topic) {
			written += f.peak
		}
	}
	most := g.capacity(0)
	for _, c := range g.Members {
		most = max(most, g.capacity(c.At))
	}
	if written <= most {
		return 1
	}
	return most / written
}

// paused tells whether a group does not read at a time.
func (g *groupDemand) paused(at time.Duration) bool {
	return slices.ContainsFunc(g.Pauses, func(p scenario.Pause) bool { return at >= p.At && at < p.At+p.For })
}

// read turns what each fleet writes in each step into what a group reads of it. A
// group that falls behind is taken to read evenly, at its capacity; in truth it
// fetches ahead, by up to one fetch of each partition.
func (t *timeline) read(d *demand, g *groupDemand) [][]int64 {
	out := make([][]int64, len(t.counts))
	behind := make([]float64, len(t.counts)) // thousandths of records, as the counts
	for f := range t.counts {
		out[f] = make([]int64, len(t.counts[f]))
	}
	for i := range int(d.end / t.step) {
		at, sum := time.Duration(i)*t.step, 0.0
		for f, counts := range t.counts {
			if slices.Contains(g.Topics, d.fleets[f].Topic) {
				behind[f] += float64(counts[i])
				sum += behind[f]
			}
		}
		if sum == 0 || g.paused(at) {
			continue
		}
		part := min(1, scale*g.capacity(at)*t.step.Seconds()/sum)
		for f := range behind {
			n := math.Round(part * behind[f])
			out[f][i] = int64(n)
			behind[f] -= n
		}
	}
	return out
}
