package scenario

func rate(o *object) Rate {
	const (
		leastRecords = 0.001
		leastBytes   = 1
	)
	r := read(o, "rate", wantRate, Rate{Max: true}, parseRate)
	if r.Max || !o.sound("rate") {
		return r
	}
	low, high := Rate{Records: leastRecords}, Rate{Records: mostRecords}
	if r.Bytes != 0 {
		low, high = Rate{Bytes: leastBytes}, Rate{Bytes: mostBytes}
	}
	if r.Bytes+r.Records < low.Bytes+low.Records || r.Bytes+r.Records > high.Bytes+high.Records {
		o.fail("rate", "", "must be between %s and %s, is %s", low, high, r)
	}
	return r
}
