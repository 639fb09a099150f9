package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// mainTag marks the histogram that histograms.hlog lists first.
const mainTag = "response"

// Histogram is one interval of histograms.hlog. Values are nanoseconds (lowest
// 1,000, three digits), because the log's readers scale its maximum from
// nanoseconds to milliseconds.
type Histogram struct {
	Tag        string // what was measured: "response", "service", "response/checkout", …
	Start, End time.Time
	H          *hdrhistogram.Histogram
}

// writeHistograms writes the HdrHistogram log format 1.3: the histogram tagged
// "response" first, then the others in the order given. It does not change
// them. Times are written relative to start, cut to whole seconds because the
// log's head holds no more.
func writeHistograms(w io.Writer, start time.Time, hist []Histogram) error {
	base := start.Truncate(time.Second)
	for _, h := range hist {
		// The log cannot hold a time before its base.
		if h.Start.Before(base) {
			base = h.Start.Truncate(time.Second)
		}
	}
	log := hdrhistogram.NewHistogramLogWriter(w)
	log.SetBaseTime(base.UnixMilli())
	head := []func() error{
		log.OutputLogFormatVersion,
		func() error { return log.OutputComment("[msklt: values in nanoseconds]") },
		func() error { return log.OutputStartTime(base.UnixMilli()) },
		func() error { return log.OutputBaseTime(base.UnixMilli()) },
		log.OutputLegend,
	}
	for _, line := range head {
		if err := line(); err != nil {
			return err
		}
	}
	ordered := slices.Clone(hist)
	slices.SortStableFunc(ordered, func(a, b Histogram) int { return rank(a) - rank(b) })
	for _, h := range ordered {
		if err := writeInterval(log, h); err != nil {
			return fmt.Errorf("histogram %.60q: %w", h.Tag, err)
		}
	}
	return nil
}

func rank(h Histogram) int {
	if h.Tag == mainTag {
		return 0
	}
	return 1
}

func writeInterval(log *hdrhistogram.HistogramLogWriter, h Histogram) error {
	copied := h.H.Clone() // tag and times are fields of the caller's histogram
	copied.SetTag(safeTag(h.Tag))
	copied.SetStartTimeMs(h.Start.UnixMilli())
	copied.SetEndTimeMs(h.End.UnixMilli())
	return log.OutputIntervalHistogram(copied)
}

// safeTag replaces what would end a tag in the log: commas and white space.
func safeTag(tag string) string {
	return strings.Map(func(r rune) rune {
		if r == ',' || r <= ' ' {
			return '_'
		}
		return r
	}, tag)
}
