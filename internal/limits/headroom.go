package limits

// HeadroomOf says, for every declared limit that a run observes, how close its
// most loaded instance came.
func HeadroomOf(r *Replay, l Limits) []Headroom {
	out := []Headroom{}
	lasted := r.Lasted()
	for _, n := range l.Names() {
		if !n.Observed() {
			continue
		}
		h := Headroom{Limit: n, Scope: "–", Declared: l.Of(n), Unit: n.Unit()}
		for _, s := range r.Scopes() {
			if s.Limit != n {
				continue
			}
			if u := Used(s.seconds, lasted); u > h.Used || h.Scope == "–" {
				h.Used, h.Scope = u, s.Where()
			}
		}
		h.Headroom = 1 - h.Used/h.Declared
		out = append(out, h)
	}
	return out
}
