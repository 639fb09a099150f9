package report

import "fmt"

// balance is one equation between record counts, and whether it holds.
type balance struct {
	Name     string // what is counted
	Equation string // in words and numbers
	Holds    bool
	Note     string // what a difference means; empty when there is none
}

// balances reconciles the counts of a run: what was scheduled, sent and acked,
// what the log holds, and what each group read.
func balances(r *Result) []balance {
	t := r.Totals
	list := []balance{
		newBalance("scheduled", t.Scheduled, part{"sent", t.Sent}, part{"unsent", t.Unsent}),
		newBalance("sent", t.Sent, part{"acked", t.Acked}, part{"failed", t.Failed}),
		logBalance(r),
	}
	for _, g := range r.Groups {
		if n := unknownEnds(g); n > 0 {
			list = append(list, balance{
				Name:     "group " + clip(g.Name, 40),
				Equation: count(g.Consumed) + " consumed",
				Note:     fmt.Sprintf("partitions whose log end is not known: %d", n),
			})
			continue
		}
		parts := []part{{"consumed", g.Consumed}}
		if g.Skipped > 0 {
			parts = append(parts, part{"skipped", g.Skipped})
		}
		b := newBalance("log-end delta", g.LogEndDelta, append(parts, part{"expired", g.Expired}, part{"unread", g.Unread})...)
		b.Name = "group " + clip(g.Name, 40)
		list = append(list, b)
	}
	return list
}

type part struct {
	name string
	n    int64
}

func newBalance(name string, whole int64, parts ...part) balance {
	b := balance{Name: name, Equation: count(whole) + " " + name + " ="}
	sum := int64(0)
	for i, p := range parts {
		if i > 0 {
			b.Equation += " +"
		}
		b.Equation += " " + count(p.n) + " " + p.name
		sum += p.n
	}
	b.Holds = sum == whole
	if !b.Holds {
		b.Note = "off by " + count(whole-sum)
	}
	return b
}

// unknownEnds is on how many partitions of a group the log's end is not known.
func unknownEnds(g Group) (n int) {
	for _, p := range g.Partitions {
		if p.LogEndUnknown {
			n++
		}
	}
	return n
}

// logBalance compares acks with the log, partition by partition: the log may
// hold more than was acked, never less.
func logBalance(r *Result) balance {
	b := balance{
		Name:     "log-end delta",
		Equation: fmt.Sprintf("%s acked, log ends moved by %s", count(r.Totals.Acked), count(r.Totals.LogEndDelta)),
		Holds:    true,
		Note:     "equal on every partition",
	}
	if r.Totals.Markers > 0 {
		b.Equation = fmt.Sprintf("%s acked and %s markers of transactions, log ends moved by %s", count(r.Totals.Acked), count(r.Totals.Markers), count(r.Totals.LogEndDelta))
	}
	short, more, unknown := 0, 0, 0
	for _, p := range r.Partitions {
		switch explained := p.AckedRecords + p.Markers; {
		case p.LogEndUnknown:
			unknown++
		case explained > p.LogEndDelta:
			short++
		case explained < p.LogEndDelta:
			more++
		}
	}
	switch {
	case short > 0:
		b.Holds = false
		b.Note = fmt.Sprintf("partitions whose log holds fewer records than were acked: %d", short)
	case unknown > 0:
		b.Holds = false
		if unknown == len(r.Partitions) {
			b.Equation = count(r.Totals.Acked) + " acked"
		}
		b.Note = fmt.Sprintf("partitions whose log end is not known: %d", unknown)
	case r.Totals.Acked+r.Totals.Markers > r.Totals.LogEndDelta:
		b.Holds = false
		b.Note = "the log holds fewer records than were acked"
	case more > 0:
		b.Note = fmt.Sprintf("partitions whose log holds more than was acked: %d (retries, failed records that arrived, or another writer)", more)
	}
	return b
}
