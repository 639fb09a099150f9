package report

// loadLine is a line in the chart of the load.
type loadLine struct {
	name  string
	value func(Second) float64
	mean  func(Rates) float64 // over the measured phases
}

// loadLines are what is drawn of the load, and its unit: of runs that only read what
// was consumed.
func loadLines(reading bool) (lines []loadLine, unit string) {
	if reading {
		return []loadLine{
			{"consumed", consumedBytes, func(r Rates) float64 { return r.ConsumedBytesPerSecond }},
		}, "MB/s, record batches with headers"
	}
	return []loadLine{
		{"offered", offeredBytes, func(r Rates) float64 { return r.OfferedBytesPerSecond }},
		{"acked", ackedBytes, func(r Rates) float64 { return r.AckedBytesPerSecond }},
	}, "MB/s, keys and values"
}

// onlyReads tells that nobody writes in a run.
func onlyReads(r *Result) bool { return len(r.Fleets) == 0 && len(r.Groups) > 0 }
