package scenario

func key(o *object) Key {
	if o == nil {
		return Key{}
	}
	const (
		leastZipf, mostZipf = 0.001, 10
		leastShare          = 1e-6
	)
	o.require("keys", "10000")
	k := Key{
		Keys: o.integer("keys", 1, 1, mostKeys),
		Zipf: o.number("zipf", 0, leastZipf, mostZipf),
	}
	if hot := o.child("hot"); hot != nil {
		hot.require("keys", "1")
		hot.require("share", "30%")
		k.HotKeys = hot.integer("keys", 1, 1, mostKeys)
		k.HotShare = hot.share("share", 1, leastShare, 1)
		if hot.sound("keys") && o.sound("keys") && k.HotKeys >= k.Keys {
			hot.fail("keys", "the hot keys count among keys, and the others share the rest",
				"%s of %s keys are hot, which leaves none for the rest", grouped(float64(k.HotKeys)), grouped(float64(k.Keys)))
		}
		hot.done()
	}
	if o.has("hot") && o.has("zipf") {
		o.fail("zipf", "keep one of them", "a key set is either hot or zipf, not both")
	}
	o.done()
	return k
}
